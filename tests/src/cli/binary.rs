//! Where the built program is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the program under test, built once a test process.
///
/// # Panics
/// When it cannot be built: nothing can be tested then.
pub fn act_host() -> &'static Path {
    // A build that fails is not tried again by every test.
    static BINARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let binary = BINARY.get_or_init(|| given("ACT_HOST_BIN").or_else(|| build("act-host")));
    binary.as_deref().expect("act-host could not be built; see above")
}

/// Returns the agent under test, built once a test process.
///
/// # Panics
/// When it cannot be built, or is not where `ACT_HOST_AGENT` says.
pub fn act_agent() -> &'static Path {
    static BINARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let binary = BINARY.get_or_init(|| given("ACT_HOST_AGENT").or_else(|| build("act-agent")));
    binary.as_deref().expect("act-agent could not be built; see above")
}

/// Returns the words that run the agent for arm64: its file, behind `ACT_HOST_QEMU_ARM64` where another processor runs
/// the tests. `None` says why a test is skipped.
///
/// # Panics
/// Where it is missing in CI, or not where `ACT_HOST_AGENT_ARM64` says.
#[expect(clippy::print_stdout, reason = "the reason of a skip is what a test says")]
pub fn act_agent_arm64() -> Option<Vec<PathBuf>> {
    let agent = given("ACT_HOST_AGENT_ARM64");
    if agent.is_none() {
        let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!is_ci, "ACT_HOST_AGENT_ARM64 names no file: `cargo xtask test` builds it");
        println!("skipped: there is no agent for arm64 that could be run (ACT_HOST_AGENT_ARM64)");
    }
    Some(given("ACT_HOST_QEMU_ARM64").into_iter().chain([agent?]).collect())
}

fn given(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    assert!(path.is_file(), "{variable} names {}, which is not there: build it first", path.display());
    Some(path)
}

/// Builds with the profile and into the target folder of this test binary, `<target>/<profile>/deps/it-…`.
fn build(package: &str) -> Option<PathBuf> {
    let test = std::env::current_exe().expect("a process knows its program");
    let folder = test.ancestors().nth(2).expect("test binaries lie two folders deep");
    let target = folder.parent().expect("a profile lies in a target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", package, "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .is_ok_and(|status| status.success());
    built.then(|| folder.join(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}
