//! The walls between the rooms: what a pure room must not depend on.

use std::process::Command;

/// Crates that do IO, keep time or start tasks.
const OUTSIDE: [&str; 12] = [
    "tokio",
    "mio",
    "async-std",
    "smol",
    "hyper",
    "reqwest",
    "socket2",
    "rustix",
    "nix",
    "tempfile",
    "fs4",
    "ureq",
];

fn dependencies(package: &str) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "-e", "normal", "--prefix", "none", "-f", "{p}", "-p", package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn pure_rooms_depend_on_nothing_that_does_io() {
    for package in ["act-expr", "act-workflow", "act-core", "act-mask", "act-job"] {
        let dependencies = dependencies(package);
        assert!(dependencies.iter().any(|name| name == package), "{dependencies:?}");
        let wrong: Vec<_> = dependencies.iter().filter(|name| OUTSIDE.contains(&name.as_str())).collect();
        assert!(wrong.is_empty(), "{package} depends on {wrong:?}");
    }
}

#[test]
fn the_executor_knows_no_environment_and_no_engine() {
    let dependencies = dependencies("act-job");
    let rooms: Vec<&str> =
        dependencies.iter().map(String::as_str).filter(|name| name.starts_with("act-")).collect();
    for room in rooms {
        let inner = ["act-job", "act-core", "act-expr", "act-mask", "act-workflow"];
        assert!(inner.contains(&room), "act-job depends on {room}");
    }
}
