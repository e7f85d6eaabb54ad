//! `act-host run [EVENT]`: runs workflows.

use crate::commands::validate;
use crate::commands::{graph, list};
use crate::config::{self, Config};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::RunFlags;
use crate::running::{self, Interrupted};
use crate::world::World;

/// Runs what the flags, over those of configuration files, select; or shows it, where a flag says so.
pub(crate) fn run(flags: RunFlags, world: &World) -> Result<Exit, CliError> {
    if let Some(text) = &flags.resume {
        return running::resume(&Interrupted::find(text, &flags, world)?, flags, world);
    }
    let secrets = flags.values.secret.clone();
    let config::Layered { flags, yaml, notices } = config::layered(flags, world)?;
    super::notify(&notices);
    let instead = flags.instead;
    if instead.list {
        return list::list(flags.selection, list::Format::of_run(flags.output.json), world);
    }
    if instead.graph {
        return graph::graph(flags.selection, graph::Format::of_run(flags.output.json), world);
    }
    if instead.validate {
        return validate::selected(flags.selection, flags.output.json, world);
    }
    running::run(Config { yaml, ..Config::resolve(flags, world)? }, &secrets, world)
}
