//! `act-host kubernetes`: what a cluster needs before jobs can run on it.

use clap::{Args, Subcommand};

use crate::error::CliError;
use crate::exit::Exit;
use crate::stream;

/// Flags of `act-host kubernetes`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Flags {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Clone, Debug, Subcommand)]
enum Subcommands {
    /// Print the account and the Role that act-host needs, to apply with kubectl
    Rbac {
        /// In which namespace
        #[arg(long, value_name = "NAME", default_value = "act-runners")]
        namespace: String,
        /// What the account is called
        #[arg(long, value_name = "NAME", default_value = "act-host")]
        service_account: String,
    },
}

/// Does it.
pub(crate) fn run(flags: &Flags) -> Result<Exit, CliError> {
    let Subcommands::Rbac { namespace, service_account } = &flags.command;
    stream::print_text(&act_kubernetes::role(namespace, service_account))?;
    Ok(Exit::Success)
}
