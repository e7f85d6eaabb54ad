//! Carries one process from its files to its end, on a thread of its own unless that comes at once.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use act_core::environment::{Collected, Ending, ExecEnd, ExecSpec};
use act_files::Found;
use act_process::{Control, End, Finished, LadderTimes, Linger, Marker, Running};

use crate::config::LocalConfig;
use crate::layout::Layout;
use crate::spool::Spool;

/// One process, from before its start to after its end.
#[derive(Debug)]
pub(crate) struct Exec {
    pub(crate) control: Control,
    pub(crate) spool: Arc<Spool>,
    /// Its process group; 0 until it is started.
    group: AtomicU32,
}

/// Where processes of one machine start.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) layout: Layout,
    pub(crate) config: Arc<LocalConfig>,
    /// What they all carry.
    pub(crate) marker: Marker,
}

/// Which files come back, and how large they may be.
pub(crate) type Wishes = Vec<(PathBuf, u64)>;

impl Exec {
    pub(crate) fn new(output_buffer: usize) -> Self {
        let spool = Arc::new(Spool::new(output_buffer));
        Self { control: Control::default(), spool, group: AtomicU32::new(0) }
    }

    /// Returns the process group, if there ever was one.
    pub(crate) fn group(&self) -> Option<u32> {
        Some(self.group.load(Ordering::Acquire)).filter(|group| *group != 0)
    }

    /// Writes its files and starts it. [`Self::follow`] must be next.
    pub(crate) fn start(&self, spec: &ExecSpec, site: &Site) -> Result<Running, Ending> {
        for file in &spec.files_before {
            let path = site.layout.path(&file.path);
            act_files::write(&path, &file.bytes).map_err(|error| Ending::NotStarted {
                reason: format!("cannot write {}: {error}", path.display()),
            })?;
        }
        let running = act_process::start(&site.process(spec))
            .map_err(|error| Ending::NotStarted { reason: error.to_string() })?;
        self.group.store(running.id(), Ordering::Release);
        Ok(running)
    }

    /// Does the rest; blocks until nobody holds the process's pipes any more, which may be long after its end.
    pub(crate) fn follow(&self, wishes: &Wishes, started: Result<Running, Ending>) {
        let (how, leftover) = match started {
            Err(how) => (how, None),
            Ok(running) => {
                let Finished { end, leftover } = running.drive(&self.control, &*self.spool);
                (ending(end), leftover)
            }
        };
        let files = wishes.iter().map(|(path, limit)| collect(path, *limit)).collect();
        self.spool.end(ExecEnd { how, files });
        if let Some(leftover) = leftover {
            leftover.discard(&self.control);
        }
    }
}

/// How long a process is waited for where it was started.
const BRIEF: Duration = Duration::from_millis(5);

/// Waits a moment for a process. Returns whether [`Exec::follow`] will not wait for it any more.
pub(crate) fn is_over_at_once(started: &mut Result<Running, Ending>) -> bool {
    started.as_mut().map_or(true, |running| running.is_over_within(BRIEF))
}

fn collect(path: &Path, limit: u64) -> Collected {
    match act_files::collect(path, limit) {
        Found::Bytes(bytes) => Collected::Bytes(bytes),
        Found::TooLarge { size } => Collected::TooLarge { size },
        Found::Nothing => Collected::Missing,
    }
}

fn ending(end: End) -> Ending {
    match end {
        End::Exited { code } => Ending::Exited { code },
        End::TimedOut => Ending::TimedOut,
        End::Stopped => Ending::Stopped,
        End::Lost { why } => Ending::Lost { why },
    }
}

impl Site {
    /// Returns where the files lie that a process is to leave.
    pub(crate) fn wishes(&self, spec: &ExecSpec) -> Wishes {
        spec.collect_after.iter().map(|wish| (self.layout.path(&wish.path), wish.limit)).collect()
    }

    fn process<'a>(&'a self, spec: &'a ExecSpec) -> act_process::Spec<'a> {
        let times = spec.stop_ladder;
        act_process::Spec {
            argv: spec.argv.iter().map(|argument| OsStr::new(argument).into()).collect(),
            env: act_files::overlay(
                &[&self.config.env, &spec.env, &spec.env_of_job],
                &spec.prepend_path,
                &self.marker,
            ),
            cwd: Path::new(spec.cwd.as_str()).into(),
            timeout: spec.timeout,
            ladder: LadderTimes { interrupt: times.interrupt, terminate: times.terminate },
            linger: Linger::default(),
        }
    }
}
