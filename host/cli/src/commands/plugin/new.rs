//! `plugin new`: a folder that builds, with a plugin of the wanted kind, its fixtures and the SDK.
//!
//! The SDK lies in the folder itself, since it is in no registry: what was made by one version of this program keeps
//! building, whatever becomes of the program.

use std::fs;
use std::path::{Path, PathBuf};

use act_plugins::manifest::is_name;
use clap::{Args, ValueEnum};

use crate::error::CliError;
use crate::exit::Exit;
use crate::stream;
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Flags {
    /// What it decides
    #[arg(long, value_name = "KIND")]
    kind: Kind,

    /// What it is written in
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    lang: Language,

    /// Its name, and the folder's
    #[arg(value_name = "NAME")]
    name: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Where labels belong
    LabelMapper,
    /// Whether a job, a step or a secret may be
    Policy,
    /// What is made for a placed job
    Scheduler,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Rust, with the SDK
    Rust,
}

/// What the program brings along: templates, the SDK, the interfaces; by `/`-separated names.
const VENDORED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/vendored.rs"));

/// Where the SDK goes, below the plugin's folder.
const SDK: &str = "act-host-sdk";

/// Makes the folder.
pub(super) fn run(flags: &Flags, world: &World) -> Result<Exit, CliError> {
    let Language::Rust = flags.lang;
    let folder = world.absolute(&flags.name);
    let name = folder.file_name().and_then(|name| name.to_str()).filter(|name| is_name(name));
    let Some(name) = name else {
        let name = stream::harmless(&flags.name.to_string_lossy());
        let message =
            format!("`{name}` is not a plugin's name: 1 to 64 of a-z, 0-9 and `-`, with no `-` in front");
        return Err(CliError::invalid(message));
    };
    if folder.exists() {
        return Err(CliError::invalid(format!("{} exists already", folder.display())));
    }
    for (path, text) in files(flags.kind, name) {
        write(&folder.join(path), &text)?;
    }
    let shown = flags.name.display();
    let built = folder.join(format!("{name}.wasm"));
    let kind = word(flags.kind);
    stream::print_text(&format!(
        "made {shown}, a {kind} in Rust\n\n  \
         cd {shown}\n  \
         act-host plugin test     builds {name}.wasm and asks it what tests/fixtures ask\n  \
         cargo test               runs the tests in src/lib.rs\n  \
         act-host explain --plugin {} -C REPOSITORY\n",
        built.display()
    ))?;
    Ok(Exit::Success)
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::LabelMapper => "label-mapper",
        Kind::Policy => "policy",
        Kind::Scheduler => "scheduler",
    }
}

/// Lists the files of a new plugin, by their paths in its folder.
fn files(kind: Kind, name: &str) -> Vec<(PathBuf, String)> {
    let named = |text: &str| text.replace("NAME", name);
    let of_kind = format!("template/{}/", word(kind));
    let file = |(path, text): &(&str, &str)| {
        let (path, text) = match *path {
            "template/Cargo.toml.in" => (PathBuf::from("Cargo.toml"), named(text)),
            "template/rust-toolchain.toml" => (PathBuf::from("rust-toolchain.toml"), (*text).to_owned()),
            "template/gitignore" => (PathBuf::from(".gitignore"), (*text).to_owned()),
            "sdk/Cargo.toml" => (Path::new(SDK).join("Cargo.toml"), alone(text)),
            _ => {
                let (base, rest) = path
                    .strip_prefix(&*of_kind)
                    .map(|rest| ("", rest))
                    .or_else(|| path.strip_prefix("sdk/").map(|rest| (SDK, rest)))
                    .or_else(|| path.strip_prefix("wit/").map(|_| (SDK, *path)))?;
                let text =
                    if base.is_empty() { named(text) } else { text.replace("\"../../wit\"", "\"wit\"") };
                (Path::new(base).join(rest), text)
            }
        };
        Some((path, text))
    };
    // Whoever formats the plugin leaves the SDK as it is.
    let quiet = (Path::new(SDK).join("rustfmt.toml"), "disable_all_formatting = true\n".to_owned());
    VENDORED.iter().filter_map(file).chain([quiet]).collect()
}

/// Takes out of a manifest what ties it to the workspace it is written in.
fn alone(manifest: &str) -> String {
    let mut lines = Vec::new();
    for line in manifest.lines().filter(|line| !line.starts_with("workspace = \"")) {
        match line {
            "workspace = true" => drop(lines.pop()),
            line => lines.push(line),
        }
    }
    lines.join("\n") + "\n"
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    made.map_err(|error| {
        CliError::new(Exit::Infrastructure, format!("cannot write {}: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use act_plugins::Manifest;

    use super::*;

    #[test]
    fn a_new_plugin_brings_all_it_is_built_of() {
        for kind in Kind::value_variants() {
            let files = files(*kind, "labels-acme");
            let text = |path: &str| {
                let found = files.iter().find(|(known, _)| known == Path::new(path));
                &*found.unwrap_or_else(|| panic!("{kind:?} has no {path}")).1
            };
            for path in ["Cargo.toml", ".gitignore", "rust-toolchain.toml", "src/lib.rs"] {
                assert!(!text(path).is_empty());
            }
            let manifest = Manifest::parse(text("plugin.toml")).unwrap();
            assert_eq!(manifest.name, "labels-acme");
            assert!(files.iter().any(|(path, _)| path.starts_with("tests/fixtures")));
            assert!(!text("act-host-sdk/Cargo.toml").contains("workspace"));
            assert!(text("act-host-sdk/wit/plugin.wit").contains("world"));
            assert!(!files.iter().any(|(_, text)| text.contains("../../wit") || text.contains("NAME-")));
        }
    }
}
