//! The project's own workflow, run by the program that it builds.

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

/// Its unit tests leave this binary out, so it does not run itself.
#[test]
#[ignore = "takes minutes: builds and checks the whole workspace"]
fn it_passes() {
    let mut project = Project::new();
    let mut args = Vec::new();
    // The toolchain lies in the home of whoever develops.
    for name in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        if let Ok(value) = std::env::var(name) {
            project.env(name, value);
            args.extend(["--env", name]);
        }
    }
    let ran = act(&project, &args);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(project.leftovers(), [""; 0]);
}
