//! A machine's folder in memory, for the small files of its steps: a script and five command files each.
//!
//! They live for milliseconds, and a disk's file system takes longer to make and remove them than bash
//! takes to run an empty step. Where memory cannot be had they lie with the job's other temporary files.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use act_files::remove_folder;

/// Makes the folder, private to this user. Returns whether it is there and nobody else's.
///
/// Its name can be guessed, and the place may be open to all: what another user put there is not used.
pub(crate) fn make(folder: &Path) -> bool {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::AlreadyExists && is_own(folder),
    }
}

/// Removes the folder, if it is this user's.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    if is_own(folder) { remove_folder(folder) } else { Ok(()) }
}

fn is_own(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| {
        let is_private = found.permissions().mode().trailing_zeros() >= 6;
        found.is_dir() && is_private && found.uid() == rustix::process::geteuid().as_raw()
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn what_others_could_have_made_is_neither_used_nor_removed() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        assert!(make(&at("new")) && make(&at("new")), "one's own is taken up again");
        fs::create_dir(at("open")).unwrap();
        fs::set_permissions(at("open"), Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(at("new"), at("link")).unwrap();
        fs::write(at("file"), "").unwrap();
        for name in ["open", "link", "file"] {
            assert!(!make(&at(name)), "{name}");
            remove(&at(name)).unwrap();
            assert!(fs::symlink_metadata(at(name)).is_ok(), "{name}");
        }
        assert!(!make(&at("missing/below")));
        fs::write(at("new/file"), "").unwrap();
        remove(&at("new")).unwrap();
        remove(&at("new")).unwrap();
        assert!(!at("new").exists());
    }
}
