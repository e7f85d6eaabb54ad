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
    let binary = BINARY.get_or_init(|| match std::env::var_os("ACT_HOST_BIN") {
        Some(named) => Some(named.into()),
        None => build(),
    });
    binary.as_deref().expect("act-host could not be built; see above")
}

/// Builds with the profile and into the target folder of this test binary, `<target>/<profile>/deps/it-…`.
fn build() -> Option<PathBuf> {
    let test = std::env::current_exe().expect("a process knows its program");
    let folder = test.ancestors().nth(2).expect("test binaries lie two folders deep");
    let target = folder.parent().expect("a profile lies in a target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "act-host", "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .is_ok_and(|status| status.success());
    built.then(|| folder.join(format!("act-host{}", std::env::consts::EXE_SUFFIX)))
}
