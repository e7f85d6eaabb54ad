use std::fs;

use super::*;

/// Checks `ci.yml` of a repository with these files; returns the messages with line and column.
fn checked(workflow: &str, files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    for (name, text) in files {
        write(name, text);
    }
    let path = write(".github/workflows/ci.yml", workflow);
    let world = World { cwd: Some(folder.path().to_owned()), ..World::default() };
    let file = check(&Subject { path, kind: Kind::Workflow, root: folder.path().to_owned() }, &world);
    let line = |problem: &Problem| {
        let span = problem.span;
        let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let name = Path::new(file.sources.name(span.file)).file_name().unwrap_or_default().to_string_lossy();
        format!("{name}:{}:{}: {}{hint}", span.line, span.column, problem.message)
    };
    file.problems.iter().map(line).collect()
}

const ACTION: &str = "\
inputs:
  name: {required: true}
  size: {required: true, default: 1}
  colour: {description: c}
runs: {using: composite, steps: [{run: a, shell: bash}]}
";

fn steps(steps: &str) -> String {
    format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}")
}

#[test]
fn what_is_given_to_a_local_action_is_held_against_its_inputs() {
    let action = [(".github/actions/a/action.yml", ACTION)];
    for (given, expected) in [
        ("      - uses: ./.github/actions/a\n        with: {NAME: x}\n", vec![]),
        ("      - uses: $/.github/actions/a\n        with: {name: x, size: 2}\n", vec![]),
        (
            "      - uses: ./.github/actions/a\n        with: {name: x, color: red, zzz: 1}\n",
            vec![
                "ci.yml:7:25: Invalid action input 'color' (did you mean `colour`?)",
                "ci.yml:7:37: Invalid action input 'zzz' (the action takes name, size, colour)",
            ],
        ),
        ("      - uses: ./.github/actions/a\n", vec!["ci.yml:6:15: Missing required input `name`"]),
        ("      - uses: owner/other@v1\n        with: {any: 1}\n", vec![]),
        ("      - uses: ./built-by-a-step\n", vec![]),
    ] {
        assert_eq!(checked(&steps(given), &action), expected, "{given}");
    }
}

#[test]
fn an_action_below_github_that_is_not_there_is_a_mistake_unless_another_tree_may_hold_it() {
    let action = [(".github/actions/a/action.yml", ACTION)];
    let uses = "      - uses: ./.github/actions/b\n";
    let found = checked(&steps(uses), &action);
    assert!(found.len() == 1 && found[0].starts_with("ci.yml:6:15: Can't find 'action.yml'"), "{found:?}");
    let other = format!("      - uses: actions/checkout@v4\n        with: {{repository: o/r}}\n{uses}");
    assert_eq!(checked(&steps(&other), &action), Vec::<String>::new());
    let own = format!("      - uses: actions/checkout@v4\n        with: {{fetch-depth: 0}}\n{uses}");
    assert_eq!(checked(&steps(&own), &action).len(), 1);
    let docker = [(".github/actions/b/Dockerfile", "FROM x")];
    assert_eq!(checked(&steps(uses), &docker), Vec::<String>::new());
}

#[test]
fn a_wrong_manifest_is_shown_in_its_own_file_also_behind_another_action() {
    let outer = "runs: {using: composite, steps: [{uses: ./inner}, {uses: ./inner}, {uses: ./outer}]}";
    let inner = "runs: {using: composite, steps: [{run: a}]}";
    let found = checked(
        &steps("      - uses: ./outer\n"),
        &[("outer/action.yml", outer), ("inner/action.yaml", inner)],
    );
    assert_eq!(found, ["action.yaml:1:34: Required property is missing: shell"]);
}

#[test]
fn calls_into_other_repositories_are_left_and_near_ones_checked() {
    let callee = "on: {workflow_call: {inputs: {n: {type: number, required: true}}}}\njobs: {a: {runs-on: x, steps: [{run: a}]}}";
    let files = [(".github/workflows/callee.yml", callee)];
    let workflow = "on: push\njobs:\n  far: {uses: o/r/.github/workflows/x.yml@v1}\n  near: {uses: ./.github/workflows/callee.yml}\n";
    assert_eq!(
        checked(workflow, &files),
        ["ci.yml:4:16: Input n is required, but not provided while calling."]
    );
    let workflow = "on: push\njobs:\n  near: {uses: ./.github/workflows/calee.yml}\n";
    let found = checked(workflow, &files);
    assert!(found.len() == 1 && found[0].contains("did you mean `callee.yml`?"), "{found:?}");
    let workflow = "on: push\njobs:\n  near: {uses: ./.github/workflows/../../../x.yml}\n";
    assert_eq!(checked(workflow, &files).len(), 1);
}

#[test]
fn files_that_are_no_text_are_problems_of_their_own() {
    for (text, expected) in [
        ("\u{feff}on: push\r\njobs:\r\n  a:\r\n    runs-on: x\r\n    steps: [{run: a}]\r\n", None),
        ("a\0b", Some("ci.yml:1:2: the file is not text: it has a NUL character")),
        ("", Some("ci.yml:0:0: ")),
    ] {
        let found = checked(text, &[]);
        match expected {
            None => assert_eq!(found, Vec::<String>::new()),
            Some(start) => assert!(found.len() == 1 && found[0].starts_with(start), "{found:?}"),
        }
    }
    let large = format!("on: push\n# {}\n", "x".repeat(10 * 1024 * 1024));
    let found = checked(&large, &[]);
    assert!(found.len() == 1 && found[0].contains("maximum file size"), "{found:?}");
}

#[test]
fn a_file_that_cannot_be_read_does_not_keep_others_from_being_checked() {
    let folder = tempfile::tempdir().unwrap();
    let world = World { cwd: Some(folder.path().to_owned()), ..World::default() };
    let subject = Subject {
        path: folder.path().join("gone.yml"),
        kind: Kind::Workflow,
        root: folder.path().to_owned(),
    };
    let file = check(&subject, &world);
    assert_eq!(file.name, "gone.yml");
    assert!(file.problems[0].message.starts_with("the file cannot be read: No such file"));
}
