//! The workflows of `examples/`, as the README runs them.

use std::path::Path;

use act_tests::cli::{Project, Ran};

fn example(args: &[&str]) -> Ran {
    let project = Project::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").canonicalize().unwrap();
    let ran = project.act(["run", "-C", &folder.display().to_string()].iter().chain(args));
    assert_eq!(project.leftovers(), [""; 0]);
    ran
}

#[test]
fn the_main_workflow_succeeds_and_hides_what_it_masks() {
    let ran = example(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for text in ["Hello, act-host!", "the pass phrase is: ***", "count success, check success, long-enough"] {
        assert!(ran.stdout.contains(text), "`{text}`: {ran}");
    }
}

#[test]
fn the_failing_workflow_fails_and_says_where() {
    let ran = example(&["-W", ".github/workflows/failing.yml"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stdout.contains("notes/todo.txt:2") && ran.stdout.contains("always() runs"), "{ran}");
}
