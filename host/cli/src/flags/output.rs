//! How a run can be shown.

use clap::ValueEnum;

/// A form of the log on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people, on a terminal: what runs now, moving
    Terminal,
    /// For people, in a file or a pipe: one line after the other
    Plain,
    /// For programs: one JSON object a line
    Json,
    /// As GitHub writes its own logs, with timestamps
    Github,
}
