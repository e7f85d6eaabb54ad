//! What is made once and kept outside the checkout: programs, packages, images.
//!
//! A thing is known by a key over all that it is made of. It is made beside its place and then renamed, under a lock, so
//! that two processes make it once and a killed one leaves nothing half made.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// What was not asked for so long is removed when something newer of its name is made.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Returns the folder of everything here: `$ACT_HOST_CACHE/cluster`, else in the user's cache.
///
/// # Errors
/// When the environment names none.
pub(crate) fn folder() -> Result<PathBuf, String> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = of("ACT_HOST_CACHE")
        .or_else(|| of("XDG_CACHE_HOME").map(|cache| cache.join("act-host")))
        .or_else(|| of("HOME").map(|home| home.join(".cache/act-host")))
        .ok_or("there is no folder for a cache: set ACT_HOST_CACHE")?;
    let cache = std::path::absolute(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
    make_folder(&cache.join("cluster"))
}

/// Makes a folder where it is missing, and returns it.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_folder(folder: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder.to_owned())
}

/// Collects what a thing is made of.
#[derive(Default)]
pub(crate) struct Key(Sha256);

impl Key {
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
        self
    }

    /// Adds the contents of a file of the project.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn file(self, path: &Path) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(self.text(&String::from_utf8_lossy(&bytes)))
    }

    /// Adds a program of the machine by place, size and time: it may be large.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn program(self, path: &Path) -> Result<Self, String> {
        let of = |error| format!("{}: {error}", path.display());
        let about = fs::metadata(path).map_err(of)?;
        let changed =
            about.modified().map_err(of)?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(self.text(&format!("{} {} {}", path.display(), about.len(), changed.as_nanos())))
    }

    fn end(self) -> String {
        self.0.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Returns the folder of the thing with this name and key, which `make` fills if there is none.
///
/// # Errors
/// What `make` says; the disk's own.
pub(crate) fn keep(
    name: &str,
    key: Key,
    make: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let all = make_folder(&folder()?.join("made"))?;
    let kept = all.join(format!("{name}-{}", key.end()));
    let _lock = lock(&all.join(format!("{name}.lock")))?;
    if kept.is_dir() {
        touch(&kept);
        return Ok(kept);
    }
    let place = |error: std::io::Error| format!("{}: {error}", all.display());
    let unfinished = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(&all).map_err(place)?;
    make(unfinished.path())?;
    touch(unfinished.path());
    fs::rename(unfinished.path(), &kept).map_err(place)?;
    remove_old(&all, name, &kept);
    Ok(kept)
}

/// Takes the lock that the file stands for, until the answer is dropped.
///
/// # Errors
/// When the file cannot be made or locked.
pub(crate) fn lock(path: &Path) -> Result<File, String> {
    let of = |error| format!("cannot lock {}: {error}", path.display());
    let file = File::create(path).map_err(of)?;
    file.lock().map_err(of)?;
    Ok(file)
}

/// Says when a thing was last asked for: what is old is removed by this.
fn touch(folder: &Path) {
    // Then it is removed sooner than it could be, and made again.
    let _ = File::open(folder).and_then(|folder| folder.set_modified(SystemTime::now()));
}

/// What cannot be removed is in nobody's way.
fn remove_old(all: &Path, name: &str, newest: &Path) {
    for path in fs::read_dir(all).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let is_of_name = file.rsplit_once('-').is_some_and(|(before, _)| before == name);
        let is_old = fs::metadata(&path)
            .and_then(|about| about.modified())
            .is_ok_and(|changed| SystemTime::now().duration_since(changed).is_ok_and(|age| age > KEPT));
        if is_of_name && is_old && path != newest {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_parts_apart() {
        assert_ne!(Key::default().text("ab").text("c").end(), Key::default().text("a").text("bc").end());
        assert_eq!(Key::default().text("ab").end().len(), 16);
    }
}
