//! Makes the places of a job, and finds out whether the machine is fit for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use act_protocol::{Machine, Roots};
use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};

use crate::exit::Cannot;
use crate::flags::Flags;

/// Makes every place and says where it lies, links resolved: patterns and processes must see one spelling.
///
/// # Errors
/// A place that cannot be made or written, or is mounted so that nothing in it can be executed.
pub(crate) fn make(flags: &Flags) -> Result<Machine, Cannot> {
    let roots = Roots {
        work: place(&flags.work, "--work", false)?,
        workspace: place(&flags.workspace, "--workspace", true)?,
        temp: place(&flags.temp, "--temp", false)?,
        scratch: place(&flags.scratch, "--scratch", false)?,
        actions: place(&flags.actions, "--actions", true)?,
        tools: place(&flags.tools, "--tools", true)?,
    };
    let name = flags.name.clone().unwrap_or_else(host_name);
    let (os, arch) = (std::env::consts::OS.to_owned(), std::env::consts::ARCH.to_owned());
    Ok(Machine { os, arch, name, roots })
}

fn place(folder: &Path, flag: &str, has_programs: bool) -> Result<String, Cannot> {
    let cannot = |error: io::Error| {
        Cannot(format!(
            "{} ({flag}) cannot be used: {error}; it must be on a volume that can be written",
            folder.display()
        ))
    };
    fs::create_dir_all(folder).map_err(cannot)?;
    let folder = folder.canonicalize().map_err(cannot)?;
    access(&folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|errno| cannot(errno.into()))?;
    if has_programs && is_noexec(&folder) {
        let text = "is mounted noexec, so no program in it can run: mount that volume without noexec";
        return Err(Cannot(format!("{} ({flag}) {text}", folder.display())));
    }
    let text = |folder: PathBuf| Cannot(format!("{} ({flag}) is no UTF-8", folder.display()));
    folder.into_os_string().into_string().map_err(|folder| text(folder.into()))
}

pub(crate) fn is_noexec(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

/// Returns what processes inherit: this process's own variables, with a `HOME` that can be written.
///
/// A user that the image does not know (a cluster's arbitrary uid) is given `/` as its home.
pub(crate) fn inherited(home: &Path) -> Vec<(String, String)> {
    let own = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut all: Vec<(String, String)> = own.collect();
    let known = all.iter().find(|(name, _)| name == "HOME").map(|(_, value)| value.as_str());
    if !known.is_some_and(|home| is_home(Path::new(home))) && fs::create_dir_all(home).is_ok() {
        all.retain(|(name, _)| name != "HOME");
        all.push(("HOME".to_owned(), home.to_string_lossy().into_owned()));
    }
    all
}

fn is_home(folder: &Path) -> bool {
    folder.is_absolute() && folder.is_dir() && access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "agent".to_owned() } else { name.trim().to_owned() }
}
