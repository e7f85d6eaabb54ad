//! `plugin build`: a crate to a component with its manifest in it.
//!
//! Cargo does the work; this finds what it made, puts `plugin.toml` into it, and says in plain words what is missing
//! when it cannot. For other languages, whose tools make the component, only the manifest is put into it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use act_plugins::Manifest;
use act_plugins::inspect;
use clap::Args;
use serde_json::Value;

use super::install::write_whole;
use crate::error::CliError;
use crate::exit::Exit;
use crate::stream;
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Flags {
    /// The folder of the plugin: with Cargo.toml and plugin.toml
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,

    /// Put plugin.toml into this component, which another tool made, instead of building with cargo
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,

    /// Write the component here [default: NAME.wasm in the folder]
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Builds it and says where it is.
pub(super) fn run(flags: &Flags, world: &World) -> Result<Exit, CliError> {
    let folder = world.absolute(&flags.folder);
    let output = flags.output.as_ref().map(|path| world.absolute(path));
    let built = match &flags.component {
        Some(component) => finish(&folder, &world.absolute(component), output)?,
        None => build(&folder, output)?,
    };
    stream::print_text(&format!("{}\n", built.display()))?;
    Ok(Exit::Success)
}

/// Builds the plugin in a folder; returns the component's file.
pub(super) fn build(folder: &Path, output: Option<PathBuf>) -> Result<PathBuf, CliError> {
    // Before cargo is asked: a mistake in it is found in no time.
    read_manifest(folder)?;
    has_target(folder)?;
    finish(folder, &cargo(folder)?, output)
}

/// Reads and checks `plugin.toml`; returns it with its text.
fn read_manifest(folder: &Path) -> Result<(Manifest, String), CliError> {
    let text = manifest(folder)?;
    let manifest = Manifest::parse(&text)
        .map_err(|error| CliError::invalid(format!("{}: {error}", folder.join("plugin.toml").display())))?;
    Ok((manifest, text))
}

/// Puts the manifest into a component that was made, and checks that it can be loaded.
fn finish(folder: &Path, made: &Path, output: Option<PathBuf>) -> Result<PathBuf, CliError> {
    let (manifest, text) = read_manifest(folder)?;
    let wrong = |error: &dyn std::fmt::Display| CliError::invalid(format!("{}: {error}", made.display()));
    let bytes = std::fs::read(made).map_err(|error| wrong(&error))?;
    let component = Manifest::embed(&bytes, &text).map_err(|error| wrong(&error))?;
    let found = inspect(&component).map_err(|error| wrong(&error))?;
    if let Some(trouble) = found.trouble {
        return Err(CliError::invalid(format!("what was built cannot be loaded: {trouble}")));
    }
    let output = output.unwrap_or_else(|| folder.join(format!("{}.wasm", manifest.name)));
    write_whole(&output, &component).map_err(|error| {
        CliError::new(Exit::Infrastructure, format!("cannot write {}: {error}", output.display()))
    })?;
    Ok(output)
}

fn manifest(folder: &Path) -> Result<String, CliError> {
    let path = folder.join("plugin.toml");
    std::fs::read_to_string(&path).map_err(|error| {
        CliError::invalid(format!("cannot read {}: {error}", path.display()))
            .hint("a plugin's folder has a plugin.toml; `act-host plugin new` makes one")
    })
}

const TARGET: &str = "wasm32-wasip2";

/// Looks for the target's standard library before cargo does, whose own words send many the wrong way.
fn has_target(folder: &Path) -> Result<(), CliError> {
    let asked = Command::new("rustc").args(["--print", "sysroot"]).current_dir(folder).output();
    let answer = asked.map_err(|error| no_tool("rustc", &error))?;
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr);
        return Err(CliError::invalid(format!("rustc cannot be asked: {}", said.trim())));
    }
    let sysroot = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if Path::new(&sysroot).join("lib/rustlib").join(TARGET).is_dir() {
        return Ok(());
    }
    let error = CliError::invalid(format!("Rust cannot build for {TARGET} yet"));
    Err(error.hint(format!("`rustup target add {TARGET}` adds what is missing")))
}

fn no_tool(tool: &str, error: &io::Error) -> CliError {
    let found = CliError::invalid(format!("cannot run {tool}: {error}"));
    found.hint("plugins in Rust are built with Rust's own tools: https://rustup.rs")
}

/// Runs cargo, whose messages the user sees; returns the file that it made.
fn cargo(folder: &Path) -> Result<PathBuf, CliError> {
    if !folder.join("Cargo.toml").is_file() {
        let message = format!("{} has no Cargo.toml: cargo builds plugins in Rust", folder.display());
        return Err(CliError::invalid(message).hint(
            "a component that other tools made is taken by `plugin build --component FILE` and \
             `plugin test --plugin FILE`",
        ));
    }
    let arguments = ["build", "--release", "--target", TARGET, "--message-format=json-render-diagnostics"];
    let ran = Command::new("cargo")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| no_tool("cargo", &error))?;
    if !ran.status.success() {
        return Err(CliError::new(Exit::JobFailed, "cargo could not build the plugin"));
    }
    let manifest = folder.join("Cargo.toml");
    let own = |line: &str| made(line, &manifest);
    String::from_utf8_lossy(&ran.stdout).lines().find_map(own).ok_or_else(|| {
        CliError::invalid(format!("cargo made no component of {}", folder.display()))
            .hint("Cargo.toml needs `crate-type = [\"cdylib\", \"rlib\"]` in `[lib]`")
    })
}

/// Returns the component of one line of cargo's messages, if it is the crate's own.
///
/// Source: The Cargo Book, "External tools", artifact messages.
fn made(line: &str, manifest: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = Path::new(message.get("manifest_path")?.as_str()?);
    let own = path == manifest || path.canonicalize().ok()? == manifest.canonicalize().ok()?;
    let files = message.get("filenames")?.as_array()?;
    let component = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm"));
    component.filter(|_| own).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_found_among_cargos_messages() {
        let manifest = Path::new("/w/Cargo.toml");
        let line = |path: &str, file: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"{path}","filenames":["/t/x.rlib","{file}"]}}"#
            )
        };
        assert_eq!(made(&line("/w/Cargo.toml", "/t/x.wasm"), manifest), Some("/t/x.wasm".into()));
        assert_eq!(made(&line("/w/Cargo.toml", "/t/x.rmeta"), manifest), None);
        assert_eq!(made(&line("/sdk/Cargo.toml", "/t/x.wasm"), manifest), None);
        assert_eq!(made(r#"{"reason":"build-finished","success":true}"#, manifest), None);
        assert_eq!(made("no json", manifest), None);
    }
}
