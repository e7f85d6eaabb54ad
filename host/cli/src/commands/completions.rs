//! `act-host completions SHELL`: a script that makes the shell complete commands and flags.

use std::io::Write;

use clap::Args;
use clap_complete::Shell;

use crate::error::CliError;
use crate::exit::Exit;
use crate::stream;

/// Flags of `completions`.
#[derive(Args, Debug)]
pub(crate) struct Flags {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(flags: &Flags) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut crate::cli::command(), "act-host", &mut script);
    stream::print(|out| out.write_all(&script))?;
    Ok(Exit::Success)
}
