//! The project's own workflow, as the program that it builds sees it. `cargo xtask test` runs it.

use std::path::Path;

use act_tests::cli::{Project, Ran};

/// Runs the program in the project itself, with a state folder elsewhere.
fn act(project: &Project, args: &[&str]) -> Ran {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().unwrap().display().to_string();
    project.act(["run", "-C", &root, "-W", ".github/workflows/ci.yml", "-j", "check"].iter().chain(args))
}

#[test]
fn it_can_be_run_here() {
    let ran = act(&Project::new(), &["--dryrun"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for step in ["cargo fmt", "cargo clippy", "cargo test"] {
        assert!(ran.stdout.contains(step), "{ran}");
    }
}
