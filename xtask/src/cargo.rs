//! Calls cargo: the same one that started this program.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// How a command ended, with what it said on both streams, in order.
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// Returns the project's root.
pub(crate) fn root() -> PathBuf {
    // As `cargo run` says it now: folders of builds may be shared by several checkouts.
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().unwrap_or(&here).to_path_buf()
}

/// Makes a command of cargo, in the project's root, without standard input.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a command to its end, both of its streams in one text.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn listen(command: &mut Command) -> Result<Said, String> {
    let said = |error: std::io::Error| format!("cannot run {}: {error}", command_name(command));
    // One file for both streams keeps their order, which two pipes lose.
    let mut output = tempfile::tempfile().map_err(said)?;
    let name = command_name(command);
    let clone = |file: &File| file.try_clone().map_err(|error| format!("cannot run {name}: {error}"));
    let (stdout, stderr) = (clone(&output)?, clone(&output)?);
    let status = command.stdout(stdout).stderr(stderr).status();
    let status = status.map_err(|error| format!("cannot run {name}: {error}"))?;
    let mut bytes = Vec::new();
    output
        .seek(SeekFrom::Start(0))
        .and_then(|_| output.read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read what {name} said: {error}"))?;
    Ok(Said { success: status.success(), text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// Returns what `cargo metadata` says of the workspace's own packages.
///
/// # Errors
/// When cargo fails or says no JSON.
pub(crate) fn metadata() -> Result<Value, String> {
    let output = cargo(&["metadata", "--format-version=1", "--no-deps"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata says no JSON: {error}"))
}

/// Builds the program and returns where it lies.
///
/// # Errors
/// The compiler's output.
pub(crate) fn build_program(release: bool) -> Result<PathBuf, String> {
    let mut arguments = vec!["build", "--package=act-host", "--message-format=json-render-diagnostics"];
    if release {
        arguments.push("--release");
    }
    let output = cargo(&arguments).output().map_err(|error| format!("cannot run cargo build: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut built = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    built.next_back().ok_or_else(|| "cargo built no act-host".to_owned())
}

/// Returns the folder for what is built, wherever cargo is called.
pub(crate) fn target_folder() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    std::path::absolute(&folder).unwrap_or(folder)
}

/// Adds a target where the toolchain has not got it.
///
/// # Errors
/// What rustup said, or that there is none.
pub(crate) fn add_target(target: &str) -> Result<(), String> {
    let said = listen(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root()))?;
    let library = Path::new(said.text.trim()).join("lib/rustlib").join(target).join("lib");
    if said.success && library.exists() {
        return Ok(());
    }
    let added = listen(Command::new("rustup").args(["target", "add", target]).current_dir(root()))
        .map_err(|error| format!("the target {target} is missing, and {error}: add it to the toolchain"))?;
    if added.success { Ok(()) } else { Err(added.text) }
}

fn command_name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
