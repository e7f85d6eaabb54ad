//! `act-host plugin`: install plugins, look into them, grant them what they ask for, and write them.

mod build;
mod grant;
mod inspect;
mod install;
mod new;
mod test;

use std::path::{Path, PathBuf};

use act_plugins::{Digest, Manifest};
use clap::{Args, Subcommand};

use crate::error::CliError;
use crate::exit::Exit;
use crate::folders::Folders;
use crate::running::{installed, name_of};
use crate::world::World;

/// Flags of `plugin`.
#[derive(Args, Debug)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Flags {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Debug, Subcommand)]
enum Commands {
    /// Install a plugin, so that act-host.toml and --plugin find it by its name
    Install(install::Install),
    /// Remove an installed plugin
    Remove(install::Remove),
    /// List the installed plugins
    List(install::List),
    /// Show what a plugin says of itself, imports and asks for
    Inspect(inspect::Inspect),
    /// Check that this program can load a component
    Check(inspect::Check),
    /// Print the lines of act-host.toml that grant a plugin what it asks for
    Grant(grant::Flags),
    /// Make the folder of a new plugin
    New(new::Flags),
    /// Build the plugin in a folder, with cargo
    Build(build::Flags),
    /// Ask a plugin what its fixtures ask, and compare
    Test(test::Flags),
}

/// Does what the flags ask.
pub(crate) fn run(flags: &Flags, world: &World) -> Result<Exit, CliError> {
    match &flags.command {
        Commands::Install(flags) => install::install(flags, world),
        Commands::Remove(flags) => install::remove(flags, world),
        Commands::List(flags) => install::list(flags, world),
        Commands::Inspect(flags) => inspect::run(flags, world),
        Commands::Check(flags) => inspect::check(flags, world),
        Commands::New(flags) => new::run(flags, world),
        Commands::Build(flags) => build::run(flags, world),
        Commands::Test(flags) => test::run(flags, world),
        Commands::Grant(flags) => grant::run(flags, world),
    }
}

/// A component's file, read.
struct Component {
    path: PathBuf,
    bytes: Vec<u8>,
    digest: Digest,
    manifest: Manifest,
}

impl Component {
    fn read(path: PathBuf) -> Result<Self, CliError> {
        let failed =
            |error: std::io::Error| CliError::invalid(format!("cannot read {}: {error}", path.display()));
        let bytes = std::fs::read(&path).map_err(failed)?;
        let manifest = Manifest::read_from(&bytes).map_err(|error| no_plugin(&path, &error))?;
        Ok(Self { digest: Digest::of(&bytes), path, bytes, manifest })
    }

    /// Its name and version.
    fn title(&self) -> String {
        format!("{} {}", self.manifest.name, self.manifest.version)
    }
}

/// Says in one line why a file is none.
fn no_plugin(path: &Path, error: &dyn std::fmt::Display) -> CliError {
    let reason = error.to_string();
    let reason: Vec<&str> = reason.split_whitespace().collect();
    CliError::invalid(format!("{} is no plugin: {}", path.display(), reason.join(" ")))
}

/// Returns a plugin's file: the one that is named, or the one that is installed under the name.
fn locate(what: &Path, world: &World) -> Result<PathBuf, CliError> {
    match name_of(what) {
        Some(name) => installed(name, &folder(world)?).map_err(|error| error.of(Exit::Invalid)),
        None => Ok(world.absolute(what)),
    }
}

/// Where installed plugins are.
fn folder(world: &World) -> Result<PathBuf, CliError> {
    Ok(Folders::of(world)?.data.join("plugins"))
}
