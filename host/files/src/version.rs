//! What programs say of their version, asked once a file.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use act_process::{Chunk, Control, LadderTimes, Linger, Sink, Spec, Stream};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of each stream that are looked at.
const ENOUGH: usize = 16 * 1024;

/// Which content a file had: its device, inode, size and time of change.
type Stamp = (u64, u64, u64, Option<SystemTime>);

/// The answers so far.
#[derive(Debug, Default)]
pub struct Versions(Mutex<HashMap<PathBuf, (Stamp, Option<String>)>>);

impl Versions {
    /// Returns the first line that `program --version` prints, on standard output or else on standard
    /// error; `None` where it prints none, cannot be started or takes longer than ten seconds. Blocks.
    #[must_use]
    pub fn ask(&self, program: &Path, env: &[(String, String)]) -> Option<String> {
        let stamp = stamp(program).ok()?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(program).cloned();
        if let Some((_, version)) = known.filter(|(of, _)| *of == stamp) {
            return version;
        }
        let version = run(program, env);
        let answer = (stamp, version.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(program.to_owned(), answer);
        version
    }
}

fn stamp(program: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(program)?;
    Ok((metadata.dev(), metadata.ino(), metadata.len(), metadata.modified().ok()))
}

fn run(program: &Path, env: &[(String, String)]) -> Option<String> {
    let spec = Spec {
        argv: vec![program.as_os_str().into(), OsStr::new("--version").into()],
        env: env.iter().map(|(name, value)| (OsStr::new(name).into(), OsStr::new(value).into())).collect(),
        cwd: Path::new("/").into(),
        timeout: Some(TIMEOUT),
        ladder: LadderTimes { interrupt: Duration::ZERO, terminate: Duration::ZERO },
        linger: Linger::default(),
    };
    let printed = Printed::default();
    act_process::start(&spec).ok()?.drive(&Control::default(), &printed);
    let streams = printed.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    streams.iter().find_map(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    })
}

/// The begin of each stream.
#[derive(Default)]
struct Printed(Mutex<[Vec<u8>; 2]>);

impl Sink for Printed {
    fn is_ready(&self) -> bool {
        true
    }

    fn take(&self, chunk: &Chunk) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut streams[usize::from(chunk.stream == Stream::Stderr)];
        let room = ENOUGH.saturating_sub(kept.len()).min(chunk.bytes.len());
        kept.extend_from_slice(&chunk.bytes[..room]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_program_is_asked_again_only_when_it_has_changed() {
        let root = tempfile::tempdir().unwrap();
        let (program, asked) = (root.path().join("tool"), root.path().join("asked"));
        let install = |script: &str| {
            let text = format!("#!/bin/sh\necho x >> {}\n{script}\n", asked.display());
            let fresh = root.path().join("fresh");
            fs::write(&fresh, text).unwrap();
            fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).unwrap();
            fs::rename(&fresh, &program).unwrap();
        };
        let versions = Versions::default();
        let times = || fs::read_to_string(&asked).unwrap().lines().count();
        install("echo; echo tool 1.0; echo more");
        for _ in 0..3 {
            assert_eq!(versions.ask(&program, &[]).as_deref(), Some("tool 1.0"));
        }
        assert_eq!(times(), 1);
        install("echo tool 2.0.0 >&2");
        assert_eq!(versions.ask(&program, &[]).as_deref(), Some("tool 2.0.0"));
        install("exit 1");
        assert_eq!(versions.ask(&program, &[]), None);
        assert_eq!(versions.ask(&program, &[]), None);
        assert_eq!(times(), 3);
        assert_eq!(versions.ask(Path::new("/no/such/tool"), &[]), None);
    }
}
