//! What plugins log, into the log of the run that asked them.
//!
//! A plugin is shared by all runs of a command line; whose question it answers is known by the task that asks.

use std::sync::Arc;

use act_core::control::Emission;
use act_core::event::{Event, JobStamp, PluginLevel};
use act_core::ids::{Attempt, Epoch, Launch};
use act_engine::ports::RunLog;
use act_plugins::{GuestLine, LogLevel, LogSink};

use super::host::ToldLog;
use crate::stream;

tokio::task_local! {
    /// The log of the run whose future is polled.
    static RUN: Arc<ToldLog>;
}

/// Lets what plugins log while `run` goes on end up in its log.
pub(super) async fn heard_by<F: Future>(log: Arc<ToldLog>, run: F) -> F::Output {
    RUN.scope(log, run).await
}

/// Takes lines before there is a run, and hands on those of runs.
pub(super) struct PluginLog {
    /// Whether lines that belong to no run are shown.
    pub(super) verbose: bool,
}

impl LogSink for PluginLog {
    fn line(&self, line: &GuestLine<'_>) {
        let kept = RUN.try_with(|log| {
            let event = Event::PluginLog {
                plugin: line.plugin.to_owned(),
                level: level(line.level),
                message: line.text.to_owned(),
            };
            // A log that cannot be written ends the run elsewhere.
            let of = line.job.and_then(stamp);
            let _ = log.append(of.as_ref(), Emission { records: Vec::new(), events: vec![event] });
        });
        if kept.is_err() && self.verbose {
            stream::complain(&format!("plugin {}: {}\n", line.plugin, line.text));
        }
    }

    fn notice(&self, text: &str) {
        stream::complain(&format!("notice: {}\n", stream::harmless(text)));
    }
}

/// The job that was asked about, as the engine stamps what it says of one itself.
fn stamp(key: &str) -> Option<JobStamp> {
    Some(JobStamp { job: key.parse().ok()?, attempt: Attempt(1), launch: Launch(1), epoch: Epoch(1) })
}

const fn level(level: LogLevel) -> PluginLevel {
    match level {
        LogLevel::Debug => PluginLevel::Debug,
        LogLevel::Info => PluginLevel::Info,
        LogLevel::Warn => PluginLevel::Warn,
        LogLevel::Error => PluginLevel::Error,
    }
}
