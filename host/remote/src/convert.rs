//! Words of the port in words of the session, and back.

use act_core::environment::{
    Collected, Cursor, Ending, EnvironmentError, ExecEnd, FileKind, LogicalPath, Root, Stop, Stream,
};
use act_core::place::{Arch, Os};
use act_protocol::{Failure, Kind, Roots};

pub(crate) const fn cursor_out(cursor: Cursor) -> act_protocol::Cursor {
    act_protocol::Cursor { stdout: cursor.stdout, stderr: cursor.stderr }
}

pub(crate) const fn stream_in(stream: act_protocol::Stream) -> Stream {
    match stream {
        act_protocol::Stream::Stdout => Stream::Stdout,
        act_protocol::Stream::Stderr => Stream::Stderr,
    }
}

pub(crate) const fn stop_out(stop: Stop) -> act_protocol::Stop {
    match stop {
        Stop::Ask => act_protocol::Stop::Ask,
        Stop::Insist => act_protocol::Stop::Insist,
        Stop::Kill => act_protocol::Stop::Kill,
    }
}

pub(crate) const fn kind_in(kind: Kind) -> FileKind {
    match kind {
        Kind::File => FileKind::File,
        Kind::Folder => FileKind::Folder,
    }
}

pub(crate) fn failure_in(failure: Failure) -> EnvironmentError {
    match failure {
        Failure::Refused(why) => EnvironmentError::Refused(why),
        Failure::Lost(why) => EnvironmentError::Lost(why),
    }
}

pub(crate) fn ending_in(ending: act_protocol::Ending) -> Ending {
    match ending {
        act_protocol::Ending::Exited { code } => Ending::Exited { code },
        act_protocol::Ending::TimedOut => Ending::TimedOut,
        act_protocol::Ending::Stopped => Ending::Stopped,
        act_protocol::Ending::NotStarted { reason } => Ending::NotStarted { reason },
        act_protocol::Ending::Lost { why } => Ending::Lost { why },
    }
}

/// Makes a loss of one process.
pub(crate) fn lost(why: String) -> ExecEnd {
    ExecEnd { how: Ending::Lost { why }, files: Vec::new() }
}

/// Returns what is here already of a file; `None` where it must be fetched.
pub(crate) fn collected_in(file: act_protocol::Collected) -> Option<Collected> {
    match file {
        act_protocol::Collected::Bytes(bytes) => Some(Collected::Bytes(bytes)),
        act_protocol::Collected::TooLarge { size } => Some(Collected::TooLarge { size }),
        act_protocol::Collected::Missing => Some(Collected::Missing),
        act_protocol::Collected::Kept { .. } => None,
    }
}

/// Says where a logical path lies. Segments that would lead out of its root are left out.
pub(crate) fn place(roots: &Roots, path: &LogicalPath) -> String {
    let root = match path.root {
        Root::Workspace => &roots.workspace,
        Root::Work => &roots.work,
        Root::Temp => &roots.temp,
        Root::Scratch => &roots.scratch,
        Root::Actions => &roots.actions,
        Root::Tools => &roots.tools,
    };
    let mut place = root.trim_end_matches('/').to_owned();
    for name in path.rest.split('/').filter(|name| !matches!(*name, "" | "." | "..")) {
        place.push('/');
        place.push_str(name);
    }
    if place.is_empty() { "/".to_owned() } else { place }
}

pub(crate) fn os_in(os: &str) -> Option<Os> {
    match os {
        "linux" => Some(Os::Linux),
        "macos" => Some(Os::MacOs),
        "windows" => Some(Os::Windows),
        _ => None,
    }
}

pub(crate) fn arch_in(arch: &str) -> Option<Arch> {
    match arch {
        "x86_64" => Some(Arch::X64),
        "aarch64" => Some(Arch::Arm64),
        "arm" => Some(Arch::Arm),
        "x86" => Some(Arch::X86),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_their_root() {
        let root = |name: &str| format!("/{name}");
        let roots = Roots {
            workspace: root("github/workspace"),
            work: root("github"),
            temp: root("runner/temp"),
            scratch: root("s"),
            actions: root("a"),
            tools: "/".to_owned(),
        };
        for (root, rest, expected) in [
            (Root::Workspace, "", "/github/workspace"),
            (Root::Workspace, "a//b/../c/.", "/github/workspace/a/b/c"),
            (Root::Temp, "x y", "/runner/temp/x y"),
            (Root::Tools, "", "/"),
            (Root::Tools, "node", "/node"),
        ] {
            assert_eq!(place(&roots, &LogicalPath::new(root, rest)), expected);
        }
    }
}
