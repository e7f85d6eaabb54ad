//! What plugins log, into the log of the run that asked them.
//!
//! A plugin is shared by all runs of a command line; whose question it answers is known by the task that asks.

use std::sync::Arc;

use act_core::control::Emission;
use act_core::event::{Event, PluginLevel};
use act_engine::ports::RunLog;
use act_plugins::{GuestLine, GuestSaid, LogLevel, LogSink};

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
    fn said(&self, said: GuestSaid<'_>) {
        let GuestSaid { plugin, job, lines } = said;
        let Ok(log) = RUN.try_with(Arc::clone) else {
            for line in lines.iter().filter(|_| self.verbose) {
                stream::complain(&format!("plugin {plugin}: {}\n", line.text));
            }
            return;
        };
        let event = |GuestLine { level: grave, text }| Event::PluginLog {
            plugin: plugin.to_owned(),
            level: level(grave),
            message: text,
        };
        let events = lines.into_iter().map(event).collect();
        // Of the launch that goes on: the plugin is not told its number.
        let of = job.and_then(|key| key.parse().ok()).and_then(|key| log.speaker(&key));
        // A log that cannot be written ends the run elsewhere.
        let _ = log.append(of.as_ref(), Emission { records: Vec::new(), events });
    }

    fn notice(&self, text: &str) {
        stream::complain(&format!("notice: {}\n", stream::harmless(text)));
    }
}

const fn level(level: LogLevel) -> PluginLevel {
    match level {
        LogLevel::Debug => PluginLevel::Debug,
        LogLevel::Info => PluginLevel::Info,
        LogLevel::Warn => PluginLevel::Warn,
        LogLevel::Error => PluginLevel::Error,
    }
}
