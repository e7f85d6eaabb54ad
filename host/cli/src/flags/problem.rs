//! What is wrong with a flag, in one line, taken from clap's own report.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::act_only::absence;
use crate::nearest::nearest;

/// A flag or an argument that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct FlagProblem {
    message: String,
    /// The flag, when it is no flag of this program.
    unknown: Option<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl FlagProblem {
    /// Takes what matters out of clap's error.
    pub(crate) fn of(error: &clap::Error, command: &Command) -> Self {
        let unknown = unknown_flag(error);
        if let Some(absence) = unknown.as_deref().and_then(absence) {
            let flag = unknown.as_deref().unwrap_or_default();
            let message = format!("`{flag}` is a flag of act that is not here: {}", absence.sentence());
            return Self { message, unknown, hint: None };
        }
        let meant = match unknown.as_deref() {
            Some(flag) => similar(flag, command),
            None => similar_command(error, command),
        };
        Self {
            message: first_line(error),
            hint: meant.map(|word| format!("did you mean `{word}`?")),
            unknown,
        }
    }

    /// A line of a file that holds more than a flag and its value.
    pub(crate) fn not_a_flag(line: &str) -> Self {
        Self { message: format!("`{line}` is not one flag and its value"), unknown: None, hint: None }
    }

    /// The flag that is none of this program, as it was written.
    pub(crate) fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }
}

fn unknown_flag(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(flag) if flag.starts_with('-') => {
            Some(flag.split('=').next().unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

fn similar(flag: &str, command: &Command) -> Option<String> {
    let known: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    nearest(flag.strip_prefix("--")?, known).map(|name| format!("--{name}"))
}

fn similar_command(error: &clap::Error, command: &Command) -> Option<String> {
    match error.get(ContextKind::InvalidSubcommand)? {
        ContextValue::String(word) => {
            nearest(word, command.get_subcommands().map(Command::get_name)).map(str::to_owned)
        }
        _ => None,
    }
}

/// Clap's report without its `error: ` and without what follows the first paragraph.
fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line = paragraph.trim().trim_start_matches("error: ").replace('\n', " ");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
