//! Carries one process from its files to its end, on a thread of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use act_core::environment::{Collected, Ending, ExecEnd, ExecSpec};
use act_files::Found;
use act_process::{Control, End, Finished, LadderTimes, Linger, Marker};
use bytes::Bytes;

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

/// All that is done for it, with real paths.
#[derive(Debug)]
pub(crate) struct Plan {
    files_before: Vec<(PathBuf, Bytes)>,
    process: act_process::Spec,
    collect_after: Vec<(PathBuf, u64)>,
}

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
    pub(crate) fn start(&self, plan: &Plan) -> Result<act_process::Running, Ending> {
        for (path, bytes) in &plan.files_before {
            act_files::write(path, bytes).map_err(|error| Ending::NotStarted {
                reason: format!("cannot write {}: {error}", path.display()),
            })?;
        }
        let running = act_process::start(&plan.process)
            .map_err(|error| Ending::NotStarted { reason: error.to_string() })?;
        self.group.store(running.id(), Ordering::Release);
        Ok(running)
    }

    /// Does the rest; blocks until nobody holds the process's pipes any more, which may be long after its end.
    pub(crate) fn follow(&self, plan: &Plan, started: Result<act_process::Running, Ending>) {
        let (how, leftover) = match started {
            Err(how) => (how, None),
            Ok(running) => {
                let Finished { end, leftover } = running.drive(&self.control, &*self.spool);
                (ending(end), leftover)
            }
        };
        let files = plan.collect_after.iter().map(|(path, limit)| collect(path, *limit)).collect();
        self.spool.end(ExecEnd { how, files });
        if let Some(leftover) = leftover {
            leftover.discard(&self.control);
        }
    }
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

impl Plan {
    pub(crate) fn new(
        spec: ExecSpec,
        layout: &Layout,
        inherited: &[(String, String)],
        marker: &Marker,
    ) -> Self {
        let env = act_files::overlay(inherited, &spec.env, &spec.prepend_path, marker);
        let times = spec.stop_ladder;
        Self {
            files_before: spec
                .files_before
                .into_iter()
                .map(|file| (layout.path(&file.path), file.bytes))
                .collect(),
            collect_after: spec
                .collect_after
                .iter()
                .map(|wish| (layout.path(&wish.path), wish.limit))
                .collect(),
            process: act_process::Spec {
                argv: spec.argv.into_iter().map(OsString::from).collect(),
                env: env.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
                cwd: spec.cwd.0.into(),
                timeout: spec.timeout,
                ladder: LadderTimes { interrupt: times.interrupt, terminate: times.terminate },
                linger: Linger::default(),
            },
        }
    }
}
