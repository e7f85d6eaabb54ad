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
