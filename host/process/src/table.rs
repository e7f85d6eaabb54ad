//! Reads the table of processes: who is whose child, in which group, with which environment.
//!
//! Linux's `/proc` only; elsewhere the table is empty and callers fall back to process groups.

use std::collections::HashSet;
use std::io::Read;

/// One process as the table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) pid: i32,
    /// At most 15 bytes, as the kernel keeps it.
    pub(crate) name: String,
    pub(crate) zombie: bool,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// The kernel's `PF_` flags.
    pub(crate) flags: u32,
    /// Clock ticks from boot to its start: with the pid, an identity.
    pub(crate) started: u64,
    /// Whether its environment can be looked for: not between two programs of it, nor while it leaves, nor where it may
    /// not be read.
    pub(crate) is_settled: bool,
}

/// `PF_KTHREAD` of the kernel's `sched.h`: a thread of the kernel, no program's process.
#[cfg(target_os = "linux")]
const KERNEL_THREAD: u32 = 0x0020_0000;

/// How many fields of `/proc/<pid>/stat` stand between the time of start (the 22nd) and the end of the environment (the 51st).
const ENVIRONMENT_END: usize = 28;

/// Reads a line of `/proc/<pid>/stat`. The name stands in parentheses and may hold anything, even `)`.
pub(crate) fn parse_stat(stat: &str) -> Option<Entry> {
    let (pid, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split_ascii_whitespace();
    Some(Entry {
        pid: pid.parse().ok()?,
        name: name.to_owned(),
        zombie: matches!(fields.next()?, "Z" | "X"),
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        flags: fields.nth(3)?.parse().ok()?,
        started: fields.nth(12)?.parse().ok()?,
        is_settled: fields.nth(ENVIRONMENT_END)? != "0",
    })
}

/// Returns every process that is visible, threads of the kernel left out. One that ends meanwhile may be missing.
#[cfg(target_os = "linux")]
pub(crate) fn read() -> Vec<Entry> {
    let all = numbers("/proc").into_iter().filter_map(entry);
    all.filter(|entry| entry.flags & KERNEL_THREAD == 0).collect()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn read() -> Vec<Entry> {
    Vec::new()
}

/// Returns the processes that `roots` names and all that descend from them, and perhaps others.
///
/// A kernel that lists children spares the look at everybody, which takes 10 to 20 µs a process. Its list may leave
/// one out while another one dies: then it is asked again.
#[cfg(target_os = "linux")]
pub(crate) fn below(roots: impl Fn() -> Vec<i32>) -> Vec<Entry> {
    use std::sync::LazyLock;
    static LISTS_CHILDREN: LazyLock<bool> =
        LazyLock::new(|| std::fs::exists("/proc/thread-self/children").unwrap_or(false));
    const LOOKS: usize = 4;
    if !*LISTS_CHILDREN {
        return read();
    }
    let mut found = Vec::new();
    let mut known = HashSet::new();
    for _ in 0..LOOKS {
        let mut is_sure = true;
        let mut parents = roots();
        while let Some(parent) = parents.pop() {
            let entry = entry(parent);
            is_sure &= entry.as_ref().is_some_and(|entry| !entry.zombie);
            found.extend(entry.filter(|_| known.insert(parent)));
            let threads = threads(parent);
            parents.extend(threads.iter().flat_map(|thread| children(parent, *thread)));
            // A thread that ends hands its children to another one, which may have been read already.
            is_sure &= are_there(parent, &threads);
        }
        if is_sure {
            break;
        }
    }
    found
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn below(_: impl Fn() -> Vec<i32>) -> Vec<Entry> {
    Vec::new()
}

/// Returns the children of a process's first thread: what it started there, and whatever falls to the process while
/// that thread is alive.
///
/// Source: Linux, `find_new_reaper` in `kernel/exit.c`.
#[cfg(target_os = "linux")]
pub(crate) fn children_of_first_thread(pid: i32) -> Vec<i32> {
    children(pid, pid)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn children_of_first_thread(_: i32) -> Vec<i32> {
    Vec::new()
}

/// Returns the children of a thread. Only kernels with `CONFIG_PROC_CHILDREN` list them.
///
/// Most have none, and a program with many jobs has many threads: nothing but the list is asked for.
#[cfg(target_os = "linux")]
fn children(pid: i32, thread: i32) -> Vec<i32> {
    let (mut list, mut buffer) = (Vec::new(), [0; 1024]);
    if let Ok(mut file) = std::fs::File::open(format!("/proc/{pid}/task/{thread}/children")) {
        while let Ok(length @ 1..) = file.read(&mut buffer) {
            list.extend_from_slice(&buffer[..length]);
        }
    }
    String::from_utf8_lossy(&list).split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Returns the threads of a process.
#[cfg(target_os = "linux")]
fn threads(pid: i32) -> Vec<i32> {
    numbers(&format!("/proc/{pid}/task"))
}

/// Whether these are threads of a process still. To list all takes as long as to ask for a few.
#[cfg(target_os = "linux")]
fn are_there(pid: i32, some: &[i32]) -> bool {
    const FEW: usize = 8;
    if some.len() > FEW {
        let now = threads(pid);
        return some.iter().all(|thread| now.contains(thread));
    }
    some.iter().all(|thread| std::fs::exists(format!("/proc/{pid}/task/{thread}")).unwrap_or(false))
}

/// Returns the entries of a folder whose names are numbers.
#[cfg(target_os = "linux")]
fn numbers(folder: &str) -> Vec<i32> {
    let Ok(folder) = std::fs::read_dir(folder) else { return Vec::new() };
    folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Returns one process, if it is there.
///
/// A sweep reads hundreds of these: one read of a buffer that holds any of them, without asking for its size.
fn entry(pid: i32) -> Option<Entry> {
    let mut buffer = [0; 1024];
    let length = std::fs::File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut buffer).ok()?;
    parse_stat(&String::from_utf8_lossy(buffer.get(..length)?))
}

/// Returns the value of a variable that a process was started with; `None` also where it may not be read.
pub(crate) fn variable(pid: i32, name: &str) -> Option<Vec<u8>> {
    let env = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = |entry: &[u8]| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=").map(<[u8]>::to_vec);
    env.split(|byte| *byte == 0).find_map(value)
}

/// Returns the pids of all that descend from `root`, without it.
pub(crate) fn descendants(table: &[Entry], root: i32) -> HashSet<i32> {
    let mut found = HashSet::new();
    let mut parents = HashSet::from([root]);
    while !parents.is_empty() {
        let of = |entry: &&Entry| parents.contains(&entry.parent) && entry.pid != root;
        let children: HashSet<i32> = table.iter().filter(of).map(|entry| entry.pid).collect();
        parents = children.into_iter().filter(|child| found.insert(*child)).collect();
    }
    found
}

/// Sends SIGKILL to the very process that the table showed, never to a later one with its number.
///
/// Returns whether a signal was sent.
#[cfg(target_os = "linux")]
pub(crate) fn kill(shown: &Entry) -> bool {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    let Some(pid) = Pid::from_raw(shown.pid) else { return false };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    // The handle holds the number, so what is there now stays there.
    let same = entry(shown.pid).is_some_and(|now| now.started == shown.started);
    same && pidfd_send_signal(&handle, Signal::KILL).is_ok()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn kill(_: &Entry) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = |end| {
            format!(
                "42 (a) b (c) S 1 7 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5150{} 1 {end} 0",
                " 0".repeat(27)
            )
        };
        let entry = parse_stat(&stat("2")).unwrap();
        assert!(entry.is_settled && !parse_stat(&stat("0")).unwrap().is_settled);
        assert_eq!((entry.pid, entry.name.as_str(), entry.zombie), (42, "a) b (c", false));
        assert_eq!((entry.parent, entry.group, entry.flags, entry.started), (1, 7, 4_194_560, 5150));
        for broken in ["", "42", "42 (a)", "42 (a) S 1", "x (a) S 1 2 3"] {
            assert_eq!(parse_stat(broken), None, "{broken}");
        }
    }

    #[test]
    fn descendants_are_found_through_generations() {
        let of = |pid, parent| Entry {
            pid,
            parent,
            name: String::new(),
            zombie: false,
            group: 0,
            flags: 0,
            started: 0,
            is_settled: true,
        };
        let table = [of(1, 0), of(2, 1), of(5, 4), of(3, 2), of(4, 3), of(9, 1)];
        assert_eq!(descendants(&table, 2), HashSet::from([3, 4, 5]));
        assert_eq!(descendants(&table, 9), HashSet::new());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_are_there_until_they_end() {
        let own = std::process::id() as i32;
        // The first thread has its process's number; the other one is above all that the kernel gives.
        let none = i32::MAX;
        let many = |last| [vec![own; 20], vec![last]].concat();
        assert!(are_there(own, &[own]) && are_there(own, &many(own)));
        assert!(!are_there(own, &[own, none]) && !are_there(own, &many(none)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_finds_itself_and_its_own() {
        let own = std::process::id() as i32;
        let mut child = std::process::Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let wanted = child.id() as i32;
        let grandchild = || below(|| vec![own]).into_iter().find(|entry| entry.parent == wanted);
        let found = std::iter::repeat_with(grandchild).take(10_000).find_map(|found| found).unwrap();
        for table in [read(), below(|| vec![own])] {
            assert!(table.iter().any(|entry| entry.pid == own && !entry.zombie));
            assert!(descendants(&table, own).is_superset(&HashSet::from([wanted, found.pid])));
        }
        assert!(!below(|| vec![wanted]).iter().any(|entry| entry.pid == own));
        assert!(kill(&found));
        child.wait().unwrap();
    }
}
