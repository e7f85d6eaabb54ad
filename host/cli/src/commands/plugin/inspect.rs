//! `plugin inspect` and `plugin check`: what a component says of itself, and whether this program can load it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use act_plugins::manifest::Requests;
use act_plugins::{Inspection, Kinds, Manifest, inspect};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{locate, no_plugin};
use crate::error::CliError;
use crate::exit::Exit;
use crate::stream;
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Inspect {
    /// The plugin: the name of one that is installed, or a file
    #[arg(value_name = "NAME|FILE")]
    plugin: PathBuf,

    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Args, Debug)]
pub(super) struct Check {
    /// The component's file, or the name of an installed plugin
    #[arg(value_name = "FILE|NAME")]
    plugin: PathBuf,
}

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// Shows everything that can be known without running it.
pub(super) fn run(flags: &Inspect, world: &World) -> Result<Exit, CliError> {
    let found = look(&flags.plugin, world)?;
    let shown = match flags.format {
        Format::Text => text(&found, &flags.plugin),
        Format::Json => format!("{}\n", as_json(&found)),
    };
    stream::print_text(&stream::harmless(&shown))?;
    Ok(Exit::Success)
}

/// Tells whether this program can load it, and what it would be let do.
pub(super) fn check(flags: &Check, world: &World) -> Result<Exit, CliError> {
    let found = look(&flags.plugin, world)?;
    if let Some(trouble) = &found.trouble {
        return Err(CliError::invalid(format!("this plugin cannot be loaded: {trouble}")));
    }
    let mut shown = format!("{}: {}, for act-host:plugin 0.1\n", title(&found), kinds(found.kinds));
    imports(&found, &mut shown);
    requests(&found, &flags.plugin, &mut shown);
    stream::print_text(&stream::harmless(&shown))?;
    Ok(Exit::Success)
}

fn look(plugin: &Path, world: &World) -> Result<Inspection, CliError> {
    let path = locate(plugin, world)?;
    let bytes = std::fs::read(&path)
        .map_err(|error| CliError::invalid(format!("cannot read {}: {error}", path.display())))?;
    inspect(&bytes).map_err(|error| no_plugin(&path, &error))
}

fn title(found: &Inspection) -> String {
    let named = |manifest: &Manifest| format!("{} {}", manifest.name, manifest.version);
    found.manifest.as_ref().map_or_else(|| "without a name".to_owned(), named)
}

fn kinds(kinds: Kinds) -> String {
    kinds.to_string()
}

fn text(found: &Inspection, asked: &Path) -> String {
    let mut shown = format!("{}\n", title(found));
    if let Some(manifest) = &found.manifest {
        for line in [Some(&manifest.description), manifest.homepage.as_ref()].into_iter().flatten() {
            if !line.is_empty() {
                let _ = writeln!(shown, "  {line}");
            }
        }
    }
    let _ = writeln!(shown, "  kind    {}", kinds(found.kinds));
    let _ = writeln!(shown, "  sha256  {}", found.digest);
    let _ = writeln!(shown, "  size    {} bytes, {} of them code", found.size, found.code_size);
    for (what, which) in &found.toolchain {
        let _ = writeln!(shown, "  {what}: {which}");
    }
    imports(found, &mut shown);
    requests(found, asked, &mut shown);
    if let Some(trouble) = &found.trouble {
        let _ = writeln!(shown, "cannot be loaded: {trouble}");
    }
    shown
}

fn imports(found: &Inspection, shown: &mut String) {
    if !found.imports.is_empty() {
        shown.push_str("imports\n");
    }
    for import in &found.imports {
        let _ = writeln!(shown, "  {}", import.words());
    }
}

/// Writes what it asks for and why, with the command that grants it.
fn requests(found: &Inspection, asked: &Path, shown: &mut String) {
    let Some(Manifest { request, .. }) = &found.manifest else { return };
    let Requests { http, kv, decisions } = request;
    if request.is_empty() {
        return;
    }
    let asked = asked.display();
    let _ = writeln!(shown, "asks for (`act-host plugin grant {asked}` shows the lines that grant it)");
    for asked in http {
        let hosts: Vec<String> = asked.hosts.iter().map(ToString::to_string).collect();
        let methods: Vec<&str> = asked.methods.iter().map(|method| method.as_str()).collect();
        let _ = writeln!(shown, "  http: {} of {}: {}", methods.join(", "), hosts.join(", "), asked.why);
    }
    if let Some(asked) = kv {
        let _ = writeln!(shown, "  kv: {}: {}", asked.quota, asked.why);
    }
    if let Some(asked) = decisions {
        let kinds: Vec<&str> = asked.kinds.iter().map(|kind| kind.as_str()).collect();
        let _ = writeln!(shown, "  decisions: {}: {}", kinds.join(", "), asked.why);
    }
}

fn as_json(found: &Inspection) -> Value {
    let manifest = found.manifest.as_ref();
    json!({
        "name": manifest.map(|manifest| &manifest.name),
        "version": manifest.map(|manifest| &manifest.version),
        "description": manifest.map(|manifest| &manifest.description),
        "homepage": manifest.and_then(|manifest| manifest.homepage.as_ref()),
        "kinds": kind_words(found.kinds),
        "imports": found.imports.iter().map(act_plugins::Import::words).collect::<Vec<_>>(),
        "exports": found.exports,
        "request": manifest.map(|manifest| request_json(&manifest.request)),
        "settings_schema": manifest.and_then(|manifest| manifest.schema.as_ref()),
        "sha256": found.digest.to_string(),
        "size": found.size,
        "code_size": found.code_size,
        "toolchain": found.toolchain,
        "trouble": found.trouble,
    })
}

/// The words that `--kind` takes.
pub(super) fn kind_words(kinds: Kinds) -> Vec<&'static str> {
    let all = [(kinds.mapper, "label-mapper"), (kinds.policy, "policy"), (kinds.scheduler, "scheduler")];
    all.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect()
}

fn request_json(request: &Requests) -> Value {
    let http = request.http.iter().map(|asked| {
        let hosts: Vec<String> = asked.hosts.iter().map(ToString::to_string).collect();
        let methods: Vec<&str> = asked.methods.iter().map(|method| method.as_str()).collect();
        json!({ "why": asked.why, "hosts": hosts, "methods": methods })
    });
    json!({
        "http": http.collect::<Vec<_>>(),
        "kv": request.kv.as_ref().map(|asked| json!({ "why": asked.why, "quota": asked.quota.0 })),
        "decisions": request.decisions.as_ref().map(|asked| {
            let kinds: Vec<&str> = asked.kinds.iter().map(|kind| kind.as_str()).collect();
            json!({ "why": asked.why, "kinds": kinds })
        }),
    })
}
