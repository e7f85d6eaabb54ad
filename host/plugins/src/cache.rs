//! Compiled components, kept between runs and authenticated before they are loaded.
//!
//! `<folder>/<engine>/<name>.cwasm` holds machine code, and behind it the digest of the component that it was made of
//! and a keyed BLAKE3 of all of it. The name is a keyed BLAKE3 of the component's bytes: it is as hard to find two
//! components of one name as two of one digest, and three times as fast to make. The keys are this installation's, made
//! of `<folder>/key`, mode 0600: whoever can write it could as well replace this program. Two processes at once write
//! the same bytes under a name of their own and rename; no file is changed once it is there.
//!
//! `<folder>/<engine>/<name>.fits` says that settings fit a component's schema: an empty file whose name only who has
//! the key can make. Making a validator is dearer than all the rest of loading.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::Hash as _;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use blake3::Hasher;
use wasmtime::Engine;

use crate::digest::{Digest, hex};
use crate::error::HostError;

const KEY: &str = "key";
const KEY_LENGTH: usize = 64;
const MAC_LENGTH: usize = blake3::OUT_LEN;
/// What lies behind the code: digest and MAC.
const TRAILER: usize = Digest::LENGTH + MAC_LENGTH;

/// Machine code of this installation's own making.
pub(crate) struct Authentic(Code);

/// Where code is.
pub(crate) enum Code {
    /// Here.
    Bytes(Vec<u8>),
    /// In the cache: this file begins with it.
    File(PathBuf),
}

impl Authentic {
    /// Takes what the compiler returned.
    pub(crate) const fn compiled(bytes: Vec<u8>) -> Self {
        Self(Code::Bytes(bytes))
    }

    /// Returns where it is.
    pub(crate) const fn code(&self) -> &Code {
        &self.0
    }
}

/// What a cache calls a component.
#[derive(Clone, Copy)]
pub(crate) struct Name(blake3::Hash);

/// What the cache has of a component.
pub(crate) enum Found {
    /// Its code, and its digest.
    Code(Authentic, Digest),
    /// Nothing.
    Nothing,
    /// Something that is not what was put there; it is gone now. The file.
    Forged(PathBuf),
}

/// The cache of one engine.
pub(crate) struct Cache {
    folder: PathBuf,
    keys: Keys,
}

/// What each use of the installation's key has, for itself and for one engine. None of them begins a hash with anything
/// else, which would shift what follows against the blocks that BLAKE3 takes side by side.
struct Keys {
    names: [u8; blake3::KEY_LEN],
    code: [u8; blake3::KEY_LEN],
    fits: [u8; blake3::KEY_LEN],
}

impl Keys {
    fn new(installation: &[u8; KEY_LENGTH], engine: &str) -> Self {
        let material = [installation.as_slice(), engine.as_bytes()].concat();
        Self {
            names: blake3::derive_key("act-host 2026-11-21 names of components", &material),
            code: blake3::derive_key("act-host 2026-11-21 compiled components", &material),
            fits: blake3::derive_key("act-host 2026-11-21 settings that fit a component", &material),
        }
    }
}

impl Cache {
    /// Opens the cache, making its folder and its key where they are missing.
    pub(crate) fn open(folder: &Path, engine: &Engine) -> Result<Self, HostError> {
        let failed = |why: String| HostError::Folder { path: folder.to_owned(), why };
        private(folder).map_err(|why| failed(why.to_string()))?;
        let key = key(folder).map_err(|why| failed(format!("its key: {why}")))?;
        let engine = compatibility(engine);
        let folder = folder.join(&engine);
        private(&folder).map_err(|why| failed(why.to_string()))?;
        Ok(Self { folder, keys: Keys::new(&key, &engine) })
    }

    /// Names a component.
    pub(crate) fn name(&self, component: &[u8]) -> Name {
        Name(blake3::keyed_hash(&self.keys.names, component))
    }

    /// Looks a component up.
    pub(crate) fn get(&self, name: Name) -> Found {
        let path = self.path(name);
        match File::open(&path).and_then(|file| self.authenticate(name, file)) {
            Ok(Some(digest)) => Found::Code(Authentic(Code::File(path)), digest),
            Ok(None) => {
                // If it cannot be deleted it is found wrong again, and compiled again.
                let _ = fs::remove_file(&path);
                Found::Forged(path)
            }
            Err(_) => Found::Nothing,
        }
    }

    /// Keeps what was compiled of the component of this name and digest. A full disk is no reason not to run.
    pub(crate) fn put(&self, name: Name, digest: &Digest, compiled: &Authentic) -> io::Result<()> {
        // What lies in a file is kept already.
        let Code::Bytes(code) = compiled.code() else { return Ok(()) };
        let unfinished = format!("{}.{}-{:x}", name.0.to_hex(), std::process::id(), fastrand::u64(..));
        let unfinished = self.folder.join(unfinished);
        let written = self.write(&unfinished, name, digest, code);
        let kept = written.and_then(|()| fs::rename(&unfinished, self.path(name)));
        if kept.is_err() {
            // It may not even be there.
            let _ = fs::remove_file(&unfinished);
        }
        kept
    }

    /// Whether settings were found to fit the schema of a component.
    pub(crate) fn fits(&self, digest: &Digest, settings: &str) -> bool {
        self.proof(digest, settings).exists()
    }

    /// Remembers that settings fit the schema of a component.
    pub(crate) fn remember(&self, digest: &Digest, settings: &str) -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.proof(digest, settings))?;
        Ok(())
    }

    fn proof(&self, digest: &Digest, settings: &str) -> PathBuf {
        let mut hasher = Hasher::new_keyed(&self.keys.fits);
        hasher.update(digest.bytes());
        // Another version of this program may know more mistakes.
        let version = env!("CARGO_PKG_VERSION");
        // With its length: where it ends is authenticated, too.
        hasher.update(&version.len().to_le_bytes()).update(version.as_bytes());
        let proof = hasher.update(settings.as_bytes()).finalize();
        self.folder.join(format!("{}.fits", proof.to_hex()))
    }

    fn write(&self, path: &Path, name: Name, digest: &Digest, code: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut hasher = self.code_hasher();
        file.write_all(code)?;
        file.write_all(digest.bytes())?;
        file.write_all(finish(hasher.update(code), digest.bytes(), name).as_bytes())
    }

    /// Returns the digest in a file that is as this installation wrote it for the component of this name.
    fn authenticate(&self, name: Name, mut file: File) -> io::Result<Option<Digest>> {
        let Some(length) = file.metadata()?.len().checked_sub(TRAILER as u64) else { return Ok(None) };
        let mut hasher = self.code_hasher();
        hasher.update_reader((&mut file).take(length))?;
        let mut digest = [0; Digest::LENGTH];
        file.read_exact(&mut digest)?;
        let mut mac = [0; MAC_LENGTH];
        file.read_exact(&mut mac)?;
        // This comparison takes the same time for all that differ.
        Ok((finish(&mut hasher, &digest, name) == mac).then(|| Digest::from(digest)))
    }

    fn code_hasher(&self) -> Hasher {
        Hasher::new_keyed(&self.keys.code)
    }

    fn path(&self, name: Name) -> PathBuf {
        self.folder.join(format!("{}.cwasm", name.0.to_hex()))
    }
}

/// Authenticates code together with what it was made of: one file cannot stand in for another. What follows the code
/// has one length.
fn finish(hasher: &mut Hasher, digest: &[u8; Digest::LENGTH], name: Name) -> blake3::Hash {
    hasher.update(digest).update(name.0.as_bytes()).finalize()
}

/// Names what an engine's code fits: version, target and settings.
fn compatibility(engine: &Engine) -> String {
    struct Fingerprint(Hasher);
    impl std::hash::Hasher for Fingerprint {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Fingerprint(Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex(&hasher.0.finalize().as_bytes()[..8])
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

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> Cache {
        Cache::open(folder, &Engine::new(&crate::engine::config()).unwrap()).unwrap()
    }

    fn code(found: Found) -> Option<Vec<u8>> {
        match found {
            Found::Code(Authentic(Code::File(path)), _) => fs::read(path).ok(),
            Found::Code(..) | Found::Nothing | Found::Forged(_) => None,
        }
    }

    fn both(cache: &Cache, component: &[u8]) -> (Name, Digest) {
        (cache.name(component), Digest::of(component))
    }

    #[test]
    fn what_is_put_is_got_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        let (name, digest) = both(&cache, b"component");
        assert!(matches!(cache.get(name), Found::Nothing));
        cache.put(name, &digest, &Authentic::compiled(b"code".to_vec())).unwrap();
        let next = open(folder.path());
        assert!(matches!(next.get(next.name(b"component")), Found::Code(_, found) if found == digest));
        assert!(code(next.get(name)).unwrap().starts_with(b"code"));
        let mode = fs::metadata(folder.path().join(KEY)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_changed_a_cut_and_a_swapped_file_are_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        let (name, digest) = both(&cache, b"component");
        let (other, others) = both(&cache, b"other");
        let flip = |path: &Path, from_the_end: usize| {
            let mut bytes = fs::read(path).unwrap();
            let at = bytes.len() - from_the_end;
            bytes[at] ^= 1;
            fs::write(path, bytes).unwrap();
        };
        for spoil in [
            &(|path: &Path| flip(path, 1)) as &dyn Fn(&Path),
            &|path| flip(path, MAC_LENGTH + 1),
            &|path| flip(path, TRAILER + 1),
            &|path| fs::write(path, [0; 10]).unwrap(),
            &|path| fs::write(path, []).unwrap(),
            &|path| {
                cache.put(other, &others, &Authentic::compiled(b"evil".to_vec())).unwrap();
                fs::rename(cache.path(other), path).unwrap();
            },
        ] {
            cache.put(name, &digest, &Authentic::compiled(b"code".to_vec())).unwrap();
            spoil(&cache.path(name));
            assert!(matches!(cache.get(name), Found::Forged(_)));
            assert!(matches!(cache.get(name), Found::Nothing), "it is gone");
        }
    }

    #[test]
    fn settings_that_fit_are_remembered_for_this_component_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(folder.path());
        let (digest, other) = (Digest::of(b"component"), Digest::of(b"other"));
        cache.remember(&digest, "{}").unwrap();
        cache.remember(&digest, "{}").unwrap();
        assert!(open(folder.path()).fits(&digest, "{}"));
        assert!(!cache.fits(&other, "{}") && !cache.fits(&digest, "{\"a\":1}"));
    }

    #[test]
    fn another_installations_file_is_not_believed() {
        let (mine, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mine, theirs) = (open(mine.path()), open(theirs.path()));
        let (name, digest) = both(&theirs, b"component");
        theirs.put(name, &digest, &Authentic::compiled(b"code".to_vec())).unwrap();
        let mine_of_it = mine.name(b"component");
        assert_ne!(mine_of_it.0, name.0);
        for other in [name, mine_of_it] {
            fs::copy(theirs.path(name), mine.path(other)).unwrap();
            assert!(matches!(mine.get(other), Found::Forged(_)));
        }
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
