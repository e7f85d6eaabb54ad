//! `act-host run [EVENT]`: runs workflows.

use crate::config::{self, Config};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::RunFlags;
use crate::stream;
use crate::world::World;

/// Runs what the flags, over those of configuration files, select.
pub(crate) fn run(flags: RunFlags, world: &World) -> Result<Exit, CliError> {
    let (flags, notices) = config::layered(flags, world)?;
    for notice in notices {
        stream::complain(&format!("notice: {notice}\n"));
    }
    let config = Config::resolve(flags, world)?;
    stream::print_text(&format!("{config:#?}\n"))?;
    Ok(Exit::Success)
}
