//! Control groups: the one thing of a bed that lies neither in its folder nor in its namespaces.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Makes the group in every hierarchy of the machine.
///
/// # Errors
/// When one cannot be made.
pub(super) fn make(name: &str) -> Result<(), String> {
    for hierarchy in own_of(hierarchies()?) {
        let group = hierarchy.join(name);
        fs::create_dir_all(&group).map_err(|error| format!("{}: {error}", group.display()))?;
        // Where a group has none of its own, no process can be put into it.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(all) = fs::read_to_string(hierarchy.join(file)) {
                fs::write(group.join(file), all).map_err(|error| format!("{}: {error}", group.display()))?;
            }
        }
    }
    Ok(())
}

/// Removes the group and those below it, once their last processes are gone.
///
/// # Errors
/// What is still in use.
pub(super) fn remove(name: &str) -> Result<(), String> {
    let mut left = String::new();
    for _ in 0..100 {
        left = String::new();
        for group in present(name)? {
            if let Err(error) = remove_folder(&group) {
                left = format!("{}: {error}", group.display());
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(left)
}

/// Returns where the group exists.
///
/// # Errors
/// When the machine does not tell its mounts.
pub(super) fn present(name: &str) -> Result<Vec<PathBuf>, String> {
    let groups = hierarchies()?.into_iter().map(|hierarchy| hierarchy.place.join(name));
    Ok(groups.filter(|path| path.exists()).collect())
}

fn remove_folder(group: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(group)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_folder(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

/// A mounted hierarchy of control groups.
#[derive(Debug, PartialEq, Eq)]
struct Hierarchy {
    is_second: bool,
    place: PathBuf,
}

fn hierarchies() -> Result<Vec<Hierarchy>, String> {
    let text = fs::read_to_string("/proc/mounts").map_err(|error| format!("/proc/mounts: {error}"))?;
    Ok(of_mounts(&text))
}

fn of_mounts(text: &str) -> Vec<Hierarchy> {
    let of = |line: &str| {
        let parts: Vec<&str> = line.split(' ').collect();
        let (place, kind) = (parts.get(1)?, parts.get(2)?);
        let is_known = ["cgroup", "cgroup2"].contains(kind) && place.starts_with("/sys/fs/cgroup");
        is_known.then(|| Hierarchy { is_second: *kind == "cgroup2", place: PathBuf::from(place) })
    };
    text.lines().filter_map(of).collect()
}

/// The second version is used by itself only; beside the first, programs keep books in it as they like.
fn own_of(all: Vec<Hierarchy>) -> Vec<PathBuf> {
    let is_mixed = all.iter().any(|hierarchy| !hierarchy.is_second);
    all.into_iter().filter(|one| !(is_mixed && one.is_second)).map(|one| one.place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_known() {
        let mixed =
            "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(of_mounts(mixed).len(), 2, "what is removed");
        assert_eq!(own_of(of_mounts(mixed)), [Path::new("/sys/fs/cgroup/cpu")], "what is made");
        assert_eq!(
            own_of(of_mounts("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n")),
            [Path::new("/sys/fs/cgroup")]
        );
    }
}
