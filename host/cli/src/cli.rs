//! From the command line to a command, and from its result to an exit code.
//!
//! Called by the name `act`, through a link, the program takes `act [EVENT] [flags]` and means `act-host run`.

use std::panic::{self, AssertUnwindSafe};

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, Parser, Subcommand};

use crate::commands::{completions, explain, expr, graph, kubernetes, list, plugin, run, runs, validate};
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
    /// Run workflows
    #[command(after_help = RUN_HELP)]
    Run(Box<RunFlags>),
    /// Explain why each job would run, where, and who says so
    #[command(after_help = explain::HELP)]
    Explain(Box<explain::Flags>),
    /// List the jobs of workflows
    List(list::Flags),
    /// Draw the jobs of workflows and what they need
    Graph(graph::Flags),
    /// Check workflows and actions
    Validate(validate::Flags),
    /// List earlier runs, show one, print its log
    Runs(runs::Flags),
    /// Install plugins, look into them, grant what they ask for, write new ones
    Plugin(plugin::Flags),
    /// Prepare a cluster
    Kubernetes(kubernetes::Flags),
    /// Evaluate expressions
    Expr(expr::Flags),
    /// Print a completion script for a shell
    Completions(completions::Flags),
}

/// What is to be known beyond the flags of `run`.
const RUN_HELP: &str = "\
Flags are also read, one a line, from ~/.config/act/actrc, ~/.actrc, ~/.config/act-host/actrc and ./.actrc \
(which may pin and narrow, not grant); one that is YAML says how jobs run on a cluster. Files of values are dotenv; those that end in .yml or .yaml are flat maps.";

/// Runs GitHub Actions workflows, with the flags of act.
#[derive(Debug, Parser)]
#[command(name = "act", version, after_help = RUN_HELP, args_override_self = true)]
struct Act {
    #[command(flatten)]
    flags: RunFlags,
}

/// Returns the whole command line as clap sees it.
pub(crate) fn command() -> Command {
    Cli::command()
}

/// Runs the program and says how it ended.
pub(crate) fn main(world: &World) -> Exit {
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
        return match Act::try_parse_from(&world.args) {
            Ok(Act { flags }) => run::run(flags, world),
            Err(error) => refuse(&error, &Act::command(), "act"),
        };
    }
    match Cli::try_parse_from(&world.args) {
        Ok(Cli { command: Subcommands::Run(flags) }) => run::run(*flags, world),
        Ok(Cli { command: Subcommands::Explain(flags) }) => explain::run(*flags, world),
        Ok(Cli { command: Subcommands::List(flags) }) => list::run(flags, world),
        Ok(Cli { command: Subcommands::Graph(flags) }) => graph::run(flags, world),
        Ok(Cli { command: Subcommands::Validate(flags) }) => validate::run(&flags, world),
        Ok(Cli { command: Subcommands::Runs(flags) }) => runs::run(&flags, world),
        Ok(Cli { command: Subcommands::Plugin(flags) }) => plugin::run(&flags, world),
        Ok(Cli { command: Subcommands::Kubernetes(flags) }) => kubernetes::run(&flags),
        Ok(Cli { command: Subcommands::Expr(flags) }) => expr::run(&flags),
        Ok(Cli { command: Subcommands::Completions(flags) }) => completions::run(&flags),
        Err(error) => refuse_in(&error, world),
    }
}

/// Reads the flags of `run` from a command line of earlier.
pub(crate) fn run_flags(world: &World) -> Result<RunFlags, CliError> {
    let other = || CliError::invalid("the run was started by another version of act-host");
    if world.called_act() {
        return Act::try_parse_from(&world.args).map(|act| act.flags).map_err(|_| other());
    }
    match Cli::try_parse_from(&world.args) {
        Ok(Cli { command: Subcommands::Run(flags) }) => Ok(*flags),
        _ => Err(other()),
    }
}

/// Finds the command that was meant, so that advice is about its flags.
fn refuse_in(error: &clap::Error, world: &World) -> Result<Exit, CliError> {
    let all = command();
    let word = world.args.get(1).and_then(|word| word.to_str()).unwrap_or_default();
    match all.find_subcommand(word) {
        Some(meant) => refuse(error, meant, &format!("act-host {word}")),
        None => refuse(error, &all, "act-host"),
    }
}

/// Shows help or version where they were asked for, and what is wrong with a flag otherwise.
fn refuse(error: &clap::Error, command: &Command, name: &str) -> Result<Exit, CliError> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render();
            let text = if stream::colour_out() { text.ansi().to_string() } else { text.to_string() };
            stream::print_text(&format!("{}\n", text.trim_end()))?;
            Ok(Exit::Success)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            stream::complain(&format!("{}\n", error.render().to_string().trim_end()));
            Ok(Exit::Invalid)
        }
        _ => {
            let problem = FlagProblem::of(error, command);
            let hint = problem.hint.clone().unwrap_or_else(|| format!("see `{name} --help`"));
            Err(CliError::invalid(problem).hint(hint))
        }
    }
}

#[cfg(test)]
mod tests;
