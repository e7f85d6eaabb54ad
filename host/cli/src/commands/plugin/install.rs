//! `plugin install`, `remove` and `list`: a folder of components, each a file that is called by its name.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use act_plugins::manifest::is_name;
use clap::Args;
use serde_json::json;

use super::{Component, folder};
use crate::error::CliError;
use crate::exit::Exit;
use crate::running::{installed, installed_names};
use crate::stream;
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Install {
    /// The component's file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Install it under this name [default: that of its manifest]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Remove {
    /// The plugin's name
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Args, Debug)]
pub(super) struct List {
    /// One JSON object a plugin
    #[arg(long)]
    json: bool,
}

/// Copies a component to where names are looked for.
pub(super) fn install(flags: &Install, world: &World) -> Result<Exit, CliError> {
    let component = Component::read(world.absolute(&flags.file))?;
    let name = flags.name.as_deref().unwrap_or(&component.manifest.name);
    if !is_name(name) {
        return Err(CliError::invalid(format!(
            "`{name}` is not a plugin's name: 1 to 64 of a-z, 0-9 and `-`, with no `-` in front"
        )));
    }
    let folder = folder(world)?;
    let target = folder.join(format!("{name}.wasm"));
    let before = Component::read(target.clone()).ok();
    fs::create_dir_all(&folder).and_then(|()| write_whole(&target, &component.bytes)).map_err(|error| {
        CliError::new(Exit::Infrastructure, format!("cannot write {}: {error}", target.display()))
    })?;
    let mut text = String::new();
    let under = if name == component.manifest.name { String::new() } else { format!(" as {name}") };
    let _ = match before.filter(|before| before.digest != component.digest) {
        Some(before) => {
            writeln!(text, "installed {}{under} in place of {}", component.title(), before.title())
        }
        None => writeln!(text, "installed {}{under}", component.title()),
    };
    let _ = writeln!(text, "  sha256:{}", component.digest);
    if !component.manifest.request.is_empty() {
        let _ = writeln!(text, "  it asks for grants: `act-host plugin grant {name}` shows them");
    }
    stream::print_text(&stream::harmless(&text))?;
    Ok(Exit::Success)
}

/// Writes a file that others see whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&beside);
    })
}

/// Removes a component. What it kept, and what the configuration says of it, stays.
pub(super) fn remove(flags: &Remove, world: &World) -> Result<Exit, CliError> {
    let path = installed(&flags.name, &folder(world)?).map_err(|error| error.of(Exit::Invalid))?;
    fs::remove_file(&path).map_err(|error| {
        CliError::new(Exit::Infrastructure, format!("cannot remove {}: {error}", path.display()))
    })?;
    stream::print_text(&format!("removed {}\n", flags.name))?;
    Ok(Exit::Success)
}

/// Lists what is installed; a file that cannot be used is listed with the reason.
pub(super) fn list(flags: &List, world: &World) -> Result<Exit, CliError> {
    let folder = folder(world)?;
    let mut text = String::new();
    for name in installed_names(&folder) {
        let read = Component::read(folder.join(format!("{name}.wasm")));
        if flags.json {
            let line = match &read {
                Ok(found) => json!({
                    "name": name, "version": found.manifest.version, "description": found.manifest.description,
                    "sha256": found.digest.to_string(), "path": found.path,
                }),
                Err(error) => json!({ "name": name, "error": error.to_string() }),
            };
            let _ = writeln!(text, "{line}");
        } else {
            let _ = match &read {
                Ok(found) => {
                    writeln!(text, "{name}  {}  {}", found.manifest.version, found.manifest.description)
                }
                Err(error) => writeln!(text, "{name}  {error}"),
            };
        }
    }
    if text.is_empty() && !flags.json {
        stream::complain("no plugin is installed; `act-host plugin install FILE` installs one\n");
    }
    stream::print_text(&stream::harmless(&text))?;
    Ok(Exit::Success)
}
