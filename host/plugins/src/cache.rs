//! Compiled components, kept between runs and authenticated before they are loaded.
//!
//! `<folder>/<engine>/<digest>.cwasm` holds an HMAC-SHA-256 and the machine code it is of. The key is this
//! installation's, in `<folder>/key`, mode 0600: whoever can write it could as well replace this program. Two
//! processes at once write the same bytes under a name of their own and rename.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash as _, Hasher};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use crate::digest::{Digest, hex};
use crate::error::HostError;

const KEY: &str = "key";
/// A block of SHA-256.
const KEY_LENGTH: usize = 64;
const MAC_LENGTH: usize = 32;
/// The largest compiled component that is read: compiled code is a few times its component.
const LARGEST: u64 = 1 << 30;

/// Machine code of this installation's own making.
pub(crate) struct Authentic {
    bytes: Vec<u8>,
    start: usize,
}

impl Authentic {
    /// Takes what the compiler returned.
    pub(crate) const fn compiled(bytes: Vec<u8>) -> Self {
        Self { bytes, start: 0 }
    }

    /// Returns the machine code.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// What the cache has of a component.
pub(crate) enum Found {
    /// Its code.
    Code(Authentic),
    /// Nothing.
    Nothing,
    /// Something that is not what was put there; it is gone now. The file.
    Forged(PathBuf),
}

/// The cache of one engine.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; KEY_LENGTH],
}

impl Cache {
    /// Opens the cache, making its folder and its key where they are missing.
    pub(crate) fn open(folder: &Path, engine: &Engine) -> Result<Self, HostError> {
        let failed = |why: String| HostError::Folder { path: folder.to_owned(), why };
        private(folder).map_err(|why| failed(why.to_string()))?;
        let key = key(folder).map_err(|why| failed(format!("its key: {why}")))?;
        let folder = folder.join(compatibility(engine));
        private(&folder).map_err(|why| failed(why.to_string()))?;
        Ok(Self { folder, key })
    }

    /// Looks a component up.
    pub(crate) fn get(&self, digest: &Digest) -> Found {
        let path = self.path(digest);
        let Ok(bytes) = read(&path) else { return Found::Nothing };
        if self.is_ours(digest, &bytes) {
            return Found::Code(Authentic { bytes, start: MAC_LENGTH });
        }
        self.discard(digest);
        Found::Forged(path)
    }

    /// Keeps a component. A full disk is no reason not to run.
    pub(crate) fn put(&self, digest: &Digest, code: &Authentic) -> io::Result<()> {
        let unfinished = self.folder.join(format!("{digest}.{}-{:x}", std::process::id(), fastrand::u64(..)));
        let written = self.write(&unfinished, digest, code.bytes());
        let kept = written.and_then(|()| fs::rename(&unfinished, self.path(digest)));
        if kept.is_err() {
            // It may not even be there.
            let _ = fs::remove_file(&unfinished);
        }
        kept
    }

    /// Forgets a component.
    pub(crate) fn discard(&self, digest: &Digest) {
        // If it cannot be deleted it is found wrong again, and compiled again.
        let _ = fs::remove_file(self.path(digest));
    }

    fn write(&self, path: &Path, digest: &Digest, code: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&self.mac(digest, code).finalize().into_bytes())?;
        file.write_all(code)
    }

    fn is_ours(&self, digest: &Digest, bytes: &[u8]) -> bool {
        let Some((mac, code)) = bytes.split_at_checked(MAC_LENGTH) else { return false };
        self.mac(digest, code).verify_slice(mac).is_ok()
    }

    /// Authenticates code together with what it was made of and for: one file cannot stand in for another.
    fn mac(&self, digest: &Digest, code: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(&self.key.into());
        mac.update(self.folder.file_name().unwrap_or_default().as_encoded_bytes());
        mac.update(digest.to_string().as_bytes());
        mac.update(code);
        mac
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{digest}.cwasm"))
    }
}

/// Names what an engine's code fits: version, target and settings.
fn compatibility(engine: &Engine) -> String {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex(&hasher.0.finalize()[..8])
}

/// Makes a folder that only this user reads and writes, or makes sure that it is one.
fn private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() {
        return Err(io::Error::other("it is not a folder"));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Reads the installation's key, making one if there is none.
fn key(folder: &Path) -> io::Result<[u8; KEY_LENGTH]> {
    let path = folder.join(KEY);
    match read_key(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let mut fresh = [0; KEY_LENGTH];
    File::open("/dev/urandom")?.read_exact(&mut fresh)?;
    let unfinished = folder.join(format!("{KEY}.{}-{:x}", std::process::id(), fastrand::u64(..)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(&fresh)?;
    drop(file);
    // A link fails where another process was first, whose key then counts for both.
    let linked = fs::hard_link(&unfinished, &path);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_key(&path),
    }
}

fn read_key(path: &Path) -> io::Result<[u8; KEY_LENGTH]> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o077 != 0 {
        return Err(io::Error::other(format!("{} must be readable by its owner alone", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(KEY_LENGTH as u64 + 1).read_to_end(&mut bytes)?;
    bytes.try_into().map_err(|_| io::Error::other(format!("{} is not a key; delete it", path.display())))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(LARGEST)).unwrap_or_default());
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> Cache {
        Cache::open(folder, &Engine::new(&crate::engine::config()).unwrap()).unwrap()
    }

    fn code(found: &Found) -> Option<&[u8]> {
        match found {
            Found::Code(code) => Some(code.bytes()),
            Found::Nothing | Found::Forged(_) => None,
        }
    }

    #[test]
    fn what_is_put_is_got_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"component");
        let cache = open(folder.path());
        assert!(matches!(cache.get(&digest), Found::Nothing));
        cache.put(&digest, &Authentic::compiled(b"code".to_vec())).unwrap();
        assert_eq!(code(&open(folder.path()).get(&digest)), Some(&b"code"[..]));
        let mode = fs::metadata(folder.path().join(KEY)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_changed_a_cut_and_a_swapped_file_are_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        let (digest, other) = (Digest::of(b"component"), Digest::of(b"other"));
        for spoil in [
            &(|path: &Path| {
                let mut bytes = fs::read(path).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                fs::write(path, bytes).unwrap();
            }) as &dyn Fn(&Path),
            &|path| fs::write(path, [0; 10]).unwrap(),
            &|path| fs::write(path, []).unwrap(),
            &|path| {
                cache.put(&other, &Authentic::compiled(b"evil".to_vec())).unwrap();
                fs::rename(cache.path(&other), path).unwrap();
            },
        ] {
            cache.put(&digest, &Authentic::compiled(b"code".to_vec())).unwrap();
            spoil(&cache.path(&digest));
            assert!(matches!(cache.get(&digest), Found::Forged(_)));
            assert!(matches!(cache.get(&digest), Found::Nothing), "it is gone");
        }
    }

    #[test]
    fn another_installations_file_is_not_believed() {
        let (mine, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mine, theirs) = (open(mine.path()), open(theirs.path()));
        let digest = Digest::of(b"component");
        theirs.put(&digest, &Authentic::compiled(b"code".to_vec())).unwrap();
        fs::copy(theirs.path(&digest), mine.path(&digest)).unwrap();
        assert!(matches!(mine.get(&digest), Found::Forged(_)));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path());
        fs::set_permissions(folder.path().join(KEY), fs::Permissions::from_mode(0o644)).unwrap();
        let engine = Engine::new(&crate::engine::config()).unwrap();
        let error = Cache::open(folder.path(), &engine).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("owner alone"), "{error}");
    }

    #[test]
    fn all_who_start_at_once_agree_on_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys: Vec<_> = std::thread::scope(|scope| {
            let open = || scope.spawn(|| key(folder.path()).unwrap());
            let all: Vec<_> = std::iter::repeat_with(open).take(8).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
