//! Removes folders, also those that a step made unwritable. Blocks.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Somebody may still be writing when removal begins; then it is tried again.
const TRIES: u32 = 5;

/// Removes a folder with everything in it; links are removed, never followed. `Ok` if there is none.
///
/// # Errors
/// What the system says of what is left.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..TRIES {
        last = match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        };
        match &last {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => open_up(folder),
            Err(_) => {}
        }
    }
    last
}

/// Lets the owner enter and change every folder. What cannot be changed is another user's; the removal will say so.
fn open_up(folder: &Path) {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(metadata) = fs::symlink_metadata(&folder) else { continue };
        let mode = metadata.permissions().mode();
        if mode & 0o700 != 0o700 {
            let _ = fs::set_permissions(&folder, Permissions::from_mode(mode | 0o700));
        }
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let inner = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.extend(inner.map(|entry| entry.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwritable_folders_go_and_what_links_point_to_stays() {
        let root = tempfile::tempdir().unwrap();
        let (kept, gone) = (root.path().join("kept"), root.path().join("gone"));
        fs::create_dir_all(gone.join("a/b/c")).unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "x").unwrap();
        fs::write(gone.join("a/b/file"), "x").unwrap();
        std::os::unix::fs::symlink(&kept, gone.join("a/link")).unwrap();
        for (folder, mode) in [("a/b/c", 0o000), ("a/b", 0o500), ("a", 0o100)] {
            fs::set_permissions(gone.join(folder), Permissions::from_mode(mode)).unwrap();
        }
        remove_folder(&gone).unwrap();
        assert!(!gone.exists());
        assert!(kept.join("file").exists());
        remove_folder(&gone).unwrap();
    }

    #[test]
    fn opening_up_lets_the_owner_in_everywhere() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        for folder in [&inner, &root.path().join("a")] {
            fs::set_permissions(folder, Permissions::from_mode(0o000)).unwrap();
        }
        open_up(root.path());
        for folder in [&inner, &root.path().join("a")] {
            assert_eq!(fs::symlink_metadata(folder).unwrap().permissions().mode() & 0o700, 0o700);
        }
    }
}
