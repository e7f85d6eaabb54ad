//! The project's own workflow, run by the program that it builds.
//!
//! In place (`--bind`), so that what the stages before have built counts here, too. The workflow's tests leave
//! those out that drive the program, so it does not come back to this.

use std::path::Path;
use std::process::Command;

use crate::cargo::{build_program, listen, root};

/// What a toolchain is found by: jobs get only what they are given by name.
const TOOLCHAIN: [&str; 3] = ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];

/// Runs the job `check` of `ci.yml`; returns its line of the table.
///
/// # Errors
/// All that the program said, when the run fails.
pub(crate) fn run(program: &Path) -> Result<String, String> {
    let state = tempfile::tempdir().map_err(|error| format!("cannot make a folder for the run: {error}"))?;
    let mut command = Command::new(program);
    command.args(["run", "push", "--bind", "--workflows", ".github/workflows/ci.yml", "--job", "check"]);
    for name in TOOLCHAIN.into_iter().filter(|name| std::env::var_os(name).is_some()) {
        command.args(["--env", name]);
    }
    // `<target>/<profile>/act-host`
    if let Some(target) = program.ancestors().nth(2) {
        command.args(["--env", &format!("CARGO_TARGET_DIR={}", target.display())]);
    }
    command.current_dir(root()).env("ACT_HOST_STATE", state.path()).stdin(std::process::Stdio::null());
    let said = listen(&mut command)?;
    let line = said.text.lines().find(|line| line.trim_start().starts_with("✓ check"));
    match line {
        Some(line) if said.success => Ok(line.trim().to_owned()),
        // Nothing that ran is no success either.
        _ => Err(said.text),
    }
}

/// Builds the program, and runs the workflow with it.
///
/// # Errors
/// What the compiler or the program said.
pub(crate) fn built() -> Result<String, String> {
    run(&build_program(false)?)
}
