//! The capability `kv`: a folder a plugin, a file a key, no more than is granted.
//!
//! A file is named by the hash of its key and holds the key before the value, so that no key can name a path and two
//! keys that a file system takes for one stay two. Writers hold a lock and rename; readers need none.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use act_bindings::host::kv::Host;
use act_bindings::types::common::{Error, ErrorKind};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};

use super::{error, refused};
use crate::amount::Size;
use crate::digest::hex;
use crate::state::Call;

/// The most keys, whatever the quota.
const MOST_KEYS: usize = 1000;
/// The longest key, in characters.
const LONGEST_KEY: usize = 200;
/// Name of the file that writers lock.
const LOCK: &str = "lock";
/// What names of files begin with that are being written.
const UNFINISHED: &str = "new-";

/// The store of one plugin.
pub(crate) struct Kv {
    folder: PathBuf,
    quota: u64,
}

/// What can go wrong with a store.
#[derive(Debug)]
enum Fault {
    Told(Error),
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Kv {
    /// Opens nothing yet: the folder is made when the first value is kept.
    pub(crate) fn new(state: &Path, plugin: &str, quota: Size) -> Self {
        Self { folder: state.join(plugin), quota: quota.0 }
    }

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let Some(dir) = self.open()? else { return Ok(None) };
        match dir.open(file_name(key)) {
            Ok(file) => {
                let mut bytes = Vec::new();
                file.take(self.quota.saturating_add(1024)).read_to_end(&mut bytes)?;
                let (stored, value) = split(&bytes)?;
                Ok((stored == key.as_bytes()).then(|| value.to_vec()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), Fault> {
        let size = cost(key.len(), value.len());
        if size > self.quota {
            return Err(self.full("kv-value", "this value is larger than all that is granted"));
        }
        let dir = self.create()?;
        let _lock = lock(&dir)?;
        let name = file_name(key);
        let (mut keys, mut bytes) = (1, size);
        for entry in dir.entries()? {
            let entry = entry?;
            let other = entry.file_name();
            let other = other.to_string_lossy();
            if other.starts_with(UNFINISHED) {
                // Whoever wrote it held this lock, and died.
                dir.remove_file(&*other)?;
            } else if other != LOCK && other != name {
                keys += 1;
                bytes += entry.metadata()?.len();
            }
        }
        if keys > MOST_KEYS {
            return Err(self.full("kv-keys", "there are too many keys"));
        }
        if bytes > self.quota {
            return Err(self.full("kv-bytes", "all values together are larger than is granted"));
        }
        write(&dir, &name, key, value)?;
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), Fault> {
        let Some(dir) = self.open()? else { return Ok(()) };
        let _lock = lock(&dir)?;
        match dir.remove_file(file_name(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, Fault> {
        let Some(dir) = self.open()? else { return Ok(Vec::new()) };
        let mut keys = Vec::new();
        for entry in dir.entries()? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(UNFINISHED) || name == LOCK {
                continue;
            }
            let mut head = Vec::new();
            match dir.open(&*name) {
                Ok(file) => file.take(LONGEST_KEY as u64 + 1).read_to_end(&mut head)?,
                // Deleted since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let (key, _) = split(&head)?;
            let key = String::from_utf8_lossy(key);
            if key.starts_with(prefix) {
                keys.push(key.into_owned());
            }
        }
        keys.sort_unstable();
        Ok(keys)
    }

    fn open(&self) -> io::Result<Option<Dir>> {
        match Dir::open_ambient_dir(&self.folder, ambient_authority()) {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&self) -> io::Result<Dir> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        Dir::open_ambient_dir(&self.folder, ambient_authority())
    }

    fn full(&self, code: &str, what: &str) -> Fault {
        let message = format!("{what}: {} and {MOST_KEYS} keys", Size(self.quota));
        Fault::Told(error(ErrorKind::Quota, code, message))
    }
}

/// What a value costs of the quota: the bytes of its file.
fn cost(key: usize, value: usize) -> u64 {
    (1 + key + value) as u64
}

fn file_name(key: &str) -> String {
    hex(&Sha256::digest(key))
}

/// Splits a file: a byte that tells how long the key is, the key, the value.
fn split(bytes: &[u8]) -> io::Result<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first().ok_or(io::ErrorKind::InvalidData)?;
    rest.split_at_checked(usize::from(*length)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn lock(dir: &Dir) -> io::Result<cap_std::fs::File> {
    let file = dir.open_with(LOCK, OpenOptions::new().create(true).truncate(false).write(true))?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

fn write(dir: &Dir, name: &str, key: &str, value: &[u8]) -> io::Result<()> {
    let unfinished = format!("{UNFINISHED}{name}");
    let mut file = dir.open_with(&unfinished, OpenOptions::new().create_new(true).write(true))?;
    let length = u8::try_from(key.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    file.write_all(&[length])?;
    file.write_all(key.as_bytes())?;
    file.write_all(value)?;
    drop(file);
    dir.rename(&unfinished, dir, name)
}

fn check(key: &str) -> Result<(), Error> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    if (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(fine) {
        return Ok(());
    }
    Err(error(ErrorKind::Invalid, "kv-key", "a key has 1 to 200 characters of `A-Z a-z 0-9 . _ - /`"))
}

/// Does something with the store where waiting for the disk holds nobody up.
async fn work<T: Send + 'static>(
    call: &mut Call,
    work: impl FnOnce(&Kv) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Error> {
    if call.refusing {
        call.refuse("kv");
        return Err(refused("kv"));
    }
    let kv: Arc<Kv> = call.kv.clone().ok_or_else(|| refused("kv"))?;
    let done = tokio::task::spawn_blocking(move || work(&kv)).await;
    match done {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Fault::Told(error))) => Err(error),
        Ok(Err(Fault::Io(source))) => {
            Err(error(ErrorKind::Internal, "kv-io", format!("the store fails: {source}")))
        }
        Err(_) => Err(error(ErrorKind::Internal, "kv-io", "the store fails")),
    }
}

impl Host for Call {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        if let Err(error) = check(&key) {
            return Ok(Err(error));
        }
        Ok(work(self, move |kv| kv.get(&key)).await)
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        if let Err(error) = check(&key) {
            return Ok(Err(error));
        }
        Ok(work(self, move |kv| kv.set(&key, &value)).await)
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        if let Err(error) = check(&key) {
            return Ok(Err(error));
        }
        Ok(work(self, move |kv| kv.delete(&key)).await)
    }

    async fn keys(&mut self, prefix: String) -> wasmtime::Result<Result<Vec<String>, Error>> {
        Ok(work(self, move |kv| kv.keys(&prefix)).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kv(quota: u64) -> (tempfile::TempDir, Kv) {
        let state = tempfile::tempdir().unwrap();
        let kv = Kv::new(state.path(), "plugin", Size(quota));
        (state, kv)
    }

    fn code(result: Result<(), Fault>) -> String {
        match result {
            Err(Fault::Told(error)) => error.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_set_is_there_until_it_is_deleted() {
        let (_state, kv) = kv(1000);
        assert_eq!(kv.get("a").unwrap(), None);
        assert_eq!(kv.keys("").unwrap(), [""; 0]);
        kv.delete("a").unwrap();
        for (key, value) in [("a", "1"), ("a/b", "2"), ("A", "3"), ("..", "4"), ("a", "5")] {
            kv.set(key, value.as_bytes()).unwrap();
        }
        assert_eq!(kv.keys("").unwrap(), ["..", "A", "a", "a/b"]);
        assert_eq!(kv.keys("a").unwrap(), ["a", "a/b"]);
        assert_eq!(kv.get("a").unwrap().as_deref(), Some(&b"5"[..]));
        kv.delete("a").unwrap();
        assert_eq!((kv.get("a").unwrap(), kv.keys("a").unwrap()), (None, vec!["a/b".to_owned()]));
    }

    #[test]
    fn the_quota_holds_for_all_values_together_and_an_old_value_does_not_count() {
        let (_state, kv) = kv(100);
        assert_eq!(code(kv.set("k", &[0; 99])), "kv-value");
        kv.set("k", &[0; 98]).unwrap();
        kv.set("k", &[1; 98]).unwrap();
        assert_eq!(code(kv.set("l", &[])), "kv-bytes");
        kv.set("k", &[0; 50]).unwrap();
        kv.set("l", &[0; 46]).unwrap();
        assert_eq!(kv.get("k").unwrap().map(|value| value.len()), Some(50));
    }

    #[test]
    fn what_a_writer_left_behind_is_swept_and_counts_nothing() {
        let (state, kv) = kv(100);
        kv.set("a", b"1").unwrap();
        let left = state.path().join("plugin/new-0123");
        std::fs::write(&left, [0; 1000]).unwrap();
        assert_eq!(kv.keys("").unwrap(), ["a"]);
        kv.set("b", b"2").unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn a_broken_file_is_an_error_and_no_value() {
        let (state, kv) = kv(100);
        kv.set("a", b"1").unwrap();
        std::fs::write(state.path().join("plugin").join(file_name("a")), [200, 1]).unwrap();
        assert!(matches!(kv.get("a"), Err(Fault::Io(_))));
    }

    #[test]
    fn keys_have_an_alphabet() {
        assert!(check("a-Z_0.9/b").is_ok() && check(&"k".repeat(200)).is_ok());
        for key in ["", "a b", "é", "a\0", &"k".repeat(201)] {
            assert_eq!(check(key).unwrap_err().kind, ErrorKind::Invalid, "{key}");
        }
    }

    #[test]
    fn two_at_once_never_go_beyond_the_quota() {
        let (_state, kv) = kv(400);
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let kv = &kv;
                scope.spawn(move || {
                    for key in 0..20 {
                        let _ = kv.set(&format!("{writer}/{key}"), &[0; 40]);
                    }
                });
            }
        });
        let keys = kv.keys("").unwrap();
        let bytes: u64 = keys.iter().map(|key| cost(key.len(), 40)).sum();
        assert!(bytes <= 400 && keys.len() >= 8, "{keys:?}");
    }
}
