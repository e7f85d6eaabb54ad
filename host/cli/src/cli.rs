//! From the command line to a command, and from its result to an exit code.
//!
//! Called by the name `act`, through a link, the program takes `act [EVENT] [flags]` and means `act-host run`.

use std::panic::{self, AssertUnwindSafe};

use clap::error::ErrorKind;
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{self, completions, expr};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::RunFlags;
use crate::flags::problem::FlagProblem;
use crate::stream;
use crate::world::World;

/// Runs GitHub Actions workflows anywhere.
#[derive(Debug, Parser)]
#[command(name = "act-host", version, after_help = Exit::TABLE, args_override_self = true)]
#[command(disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Evaluate expressions
    Expr(expr::Flags),
    /// Print a completion script for a shell
    Completions(completions::Flags),
}

/// What is to be known beyond the flags of `run`.
const RUN_HELP: &str = "\
Flags are also read, one a line, from ~/.config/act/actrc, ~/.actrc, ~/.config/act-host/actrc and
./.actrc; the last may pin and narrow, not grant. Files of values are dotenv, or flat maps if they end
in .yml or .yaml. Exit codes: see `act-host --help`.";

/// `act`, for those who call it by this name.
fn act_command() -> Command {
    let command = Command::new("act").version(env!("CARGO_PKG_VERSION")).args_override_self(true);
    RunFlags::augment_args(command)
        .about("Runs GitHub Actions workflows, with the flags of act")
        .after_help(RUN_HELP)
}

/// Returns the whole command line as clap sees it.
pub(crate) fn command() -> Command {
    Cli::command()
}

/// Runs the program and says how it ended.
pub(crate) fn run(world: &World) -> Exit {
    match panic::catch_unwind(AssertUnwindSafe(|| start(world))) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            stream::complain(&error.render(stream::colour_err()));
            error.exit
        }
        Err(_) => {
            // The panic hook has shown message and place already.
            stream::complain("error: this is a mistake in act-host; please report it with the lines above\n");
            Exit::Internal
        }
    }
}

fn start(world: &World) -> Result<Exit, CliError> {
    if world.called_act() {
        return match act_command().try_get_matches_from(&world.args) {
            Ok(matches) => match RunFlags::from_arg_matches(&matches) {
                Ok(flags) => commands::run::run(flags, world),
                Err(error) => refuse(&error, &act_command()),
            },
            Err(error) => refuse(&error, &act_command()),
        };
    }
    match Cli::try_parse_from(&world.args) {
        Ok(Cli { command: Subcommands::Expr(flags) }) => expr::run(&flags),
        Ok(Cli { command: Subcommands::Completions(flags) }) => completions::run(&flags),
        Err(error) => refuse(&error, &command()),
    }
}

/// Shows help or version where they were asked for, and what is wrong with a flag otherwise.
fn refuse(error: &clap::Error, command: &Command) -> Result<Exit, CliError> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render();
            let text = if stream::colour_out() { text.ansi().to_string() } else { text.to_string() };
            stream::print_text(&text)?;
            Ok(Exit::Success)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            stream::complain(&error.render().to_string());
            Ok(Exit::Invalid)
        }
        _ => {
            let problem = FlagProblem::of(error, command);
            let hint = problem.hint.clone();
            Err(CliError::invalid(problem).maybe_hint(hint).hint("see `act-host --help`"))
        }
    }
}

#[cfg(test)]
mod tests;
