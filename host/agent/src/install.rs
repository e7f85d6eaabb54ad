//! Puts this program somewhere else, and sees whether it runs there.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::exit::Cannot;
use crate::places::is_noexec;

/// Copies this program to `dest`, or into it where that is a folder.
///
/// # Errors
/// It cannot be written there, or not be run.
pub(crate) fn install(dest: &Path) -> Result<(), Cannot> {
    let dest = if dest.is_dir() { dest.join("act-agent") } else { dest.to_owned() };
    let cannot = |error: io::Error| Cannot(format!("cannot install {}: {error}", dest.display()));
    let own = std::env::current_exe().map_err(cannot)?;
    if let Some(parent) = dest.parent() {
        fs::create_dir_all(parent).map_err(cannot)?;
    }
    // Renamed, so that nobody runs half of it, and one that runs may be replaced.
    let fresh = dest.with_extension("new");
    fs::copy(own, &fresh).map_err(cannot)?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o755)).map_err(cannot)?;
    fs::rename(&fresh, &dest).map_err(cannot)?;
    let ran = Command::new(&dest).arg("--version").stdout(Stdio::null()).status();
    match ran {
        Ok(status) if status.success() => Ok(()),
        Err(_) if is_noexec(&dest) => Err(Cannot(format!(
            "{} cannot run: its volume is mounted noexec; mount it without noexec",
            dest.display()
        ))),
        Ok(status) => Err(Cannot(format!("{} does not run: {status}", dest.display()))),
        Err(error) => Err(Cannot(format!("{} does not run: {error}", dest.display()))),
    }
}
