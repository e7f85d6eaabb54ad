//! `cargo xtask plugins`: builds every component of the project: the official plugins, the examples, and the guests of
//! tests.
//!
//! They lie in workspaces of their own, so that nothing of the program is built for WebAssembly, and the other way
//! round. Each component gets the `plugin.toml` of its folder as its manifest.

mod scripts;
mod section;

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cargo::{add_target, cargo, listen, root, target_folder};
use crate::tally::{Tally, without_successes};

/// What tests find the folder of the components by.
pub(crate) const VARIABLE: &str = "ACT_HOST_PLUGINS";

const TARGET: &str = "wasm32-wasip2";

/// An official plugin is no larger, manifest and names of its functions included.
const LARGEST: u64 = 80 << 10;

/// `k8s` reads all that a pod can have, and writes it: two kinds in one component.
const LARGEST_OF_K8S: u64 = 208 << 10;

/// Workspaces of guests in Rust, from the root.
const WORKSPACES: [&str; 2] = ["plugins", "tests/guests/rust"];

/// The official plugins, among what is built.
const OFFICIAL: &str = "plugins";

/// Everything that cargo builds here, apart from the program.
fn workspaces() -> Result<Vec<PathBuf>, String> {
    let root = root();
    let mut all: Vec<PathBuf> = WORKSPACES.iter().map(|name| root.join(name)).collect();
    // An example stands for itself, as a plugin of somebody else's does.
    let examples = root.join("examples/plugins");
    let entries = fs::read_dir(&examples).map_err(|error| format!("{}: {error}", examples.display()))?;
    let mut examples: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    examples.sort();
    all.extend(examples.into_iter().filter(|path| path.join("Cargo.toml").exists()));
    Ok(all)
}

/// Where components are put: `<target>/plugins`.
pub(crate) fn folder() -> PathBuf {
    target_folder().join("plugins")
}

/// Cargo in a workspace of guests, with a folder for what it builds that is not the program's.
fn guest_cargo(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    command.current_dir(workspace).env("CARGO_TARGET_DIR", target_folder().join("guests"));
    command
}

/// Builds everything; `all` with the guests in other languages. Returns a line a component, with its size.
///
/// # Errors
/// What a compiler said; an official plugin that is too large.
pub(crate) fn build(all: bool) -> Result<String, String> {
    add_target(TARGET)?;
    let folder = folder();
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut lines = Vec::new();
    for workspace in workspaces()? {
        for (package, component) in compile(&workspace)? {
            lines.push(place(&package, &component, &folder)?);
        }
    }
    if all {
        lines.extend(scripts::build(&folder)?);
    }
    Ok(lines.join("\n"))
}

/// Runs the tests of the guests' logic, natively, and counts them.
///
/// # Errors
/// What failed.
pub(crate) fn test(tally: &mut Tally) -> Result<String, String> {
    let mut counted = Tally::default();
    for workspace in workspaces()? {
        let said = listen(&mut guest_cargo(&workspace, &["test", "--no-fail-fast"]))?;
        let found = Tally::of(&said.text);
        counted.passed += found.passed;
        counted.failed += found.failed;
        if !said.success {
            tally.failed += counted.failed.max(1);
            return Err(without_successes(&said.text));
        }
    }
    tally.passed += counted.passed;
    Ok(format!("{} passed", counted.passed))
}

/// Checks format and lints of the guests, natively.
///
/// # Errors
/// What they said.
pub(crate) fn lint() -> Result<String, String> {
    for workspace in workspaces()? {
        for arguments in [
            &["fmt", "--all", "--check"][..],
            &["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny=warnings"],
        ] {
            let said = listen(&mut guest_cargo(&workspace, arguments))?;
            if !said.success {
                return Err(said.text);
            }
        }
    }
    Ok(String::new())
}

/// Builds a workspace; returns each package's folder with its component.
fn compile(workspace: &Path) -> Result<Vec<(PathBuf, PathBuf)>, String> {
    let arguments =
        ["build", "--release", "--workspace", "--target", TARGET, "--message-format=json-render-diagnostics"];
    let output = guest_cargo(workspace, &arguments).output();
    let output = output.map_err(|error| format!("cannot run cargo build: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let built = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let package = Path::new(message["manifest_path"].as_str()?).parent()?.to_path_buf();
        let mut files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
        Some((package, PathBuf::from(files.find(|file| file.ends_with(".wasm"))?)))
    });
    Ok(built.collect())
}

/// Puts a component where tests find it, with its manifest; returns its line.
fn place(package: &Path, component: &Path, folder: &Path) -> Result<String, String> {
    let name = component.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
    let size = embed(component, &package.join("plugin.toml"), &folder.join(format!("{name}.wasm")))?;
    let largest = if name == "k8s" { LARGEST_OF_K8S } else { LARGEST };
    if package.parent() == Some(&root().join(OFFICIAL)) && size > largest {
        return Err(format!("{name} has {size} bytes, {largest} at the most: what got into it?"));
    }
    Ok(line(&name, size))
}

fn line(name: &str, size: u64) -> String {
    format!("{name:<24} {:>9.1} KiB", size as f64 / 1024.0)
}

/// Writes a component with a manifest, if there is one; returns how large it is.
fn embed(component: &Path, manifest: &Path, to: &Path) -> Result<u64, String> {
    let mut bytes = fs::read(component).map_err(|error| format!("{}: {error}", component.display()))?;
    if manifest.exists() {
        let wrong = |error: &dyn Display| format!("{}: {error}", manifest.display());
        let text = fs::read_to_string(manifest).map_err(|error| wrong(&error))?;
        let keys: Value = toml::from_str(&text).map_err(|error| wrong(&error))?;
        bytes = section::append(bytes, keys.to_string().as_bytes());
    }
    // What did not change keeps its time, for whoever goes by it.
    if fs::read(to).ok().as_ref() != Some(&bytes) {
        fs::write(to, &bytes).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(bytes.len() as u64)
}
