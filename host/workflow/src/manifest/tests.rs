use super::*;
use crate::action::{ActionRuns, DockerImage};
use crate::step::StepKind;

fn read(text: &str) -> ReadAction {
    read_action(&mut Sources::new(), "a/action.yml", text.as_bytes(), &ParseOptions::default())
}

fn action(text: &str) -> ActionManifest {
    let read = read(text);
    read.action.unwrap_or_else(|| panic!("{:?}", read.problems))
}

#[test]
fn a_node_action_has_a_main_and_conditions() {
    let text = "
name: Hello
description: Greets
author: me
branding: {icon: bell, color: blue}
inputs:
  greeting: {description: x, required: true, default: Hello}
  token: {default: '${{ github.token }}', deprecationMessage: gone}
  plain: {required: 'true'}
outputs:
  out: {description: y}
runs: {using: NODE20, main: main.js, post: post.js, post-if: success()}
";
    let action = action(text);
    assert_eq!(action.name.as_deref(), Some("Hello"));
    assert_eq!(action.branding.unwrap().color.as_deref(), Some("blue"));
    let inputs = &action.inputs;
    assert!(inputs["greeting"].required && inputs["plain"].required && !inputs["token"].required);
    assert_eq!(inputs["token"].deprecation_message.as_deref(), Some("gone"));
    assert!(inputs["token"].default.as_ref().unwrap().is_expression());
    assert_eq!(action.outputs["out"].description.as_deref(), Some("y"));
    let ActionRuns::Node(node) = action.runs else { panic!("not a node action") };
    assert_eq!((&*node.version.value, &*node.main, node.pre), ("node20", "main.js", None));
    assert_eq!(node.pre_if.expression.source(), "always()");
    assert_eq!(node.post_if.expression.source(), "success()");
}

#[test]
fn a_docker_action_builds_or_pulls_its_image() {
    let text = "runs: {using: docker, image: 'docker://alpine:3', args: [a, '${{ inputs.x }}'], env: {A: b}, entrypoint: /e.sh}";
    let ActionRuns::Docker(docker) = action(text).runs else { panic!("not a docker action") };
    assert_eq!(docker.image.value, DockerImage::Registry("alpine:3".into()));
    assert_eq!(docker.args.unwrap().as_sequence().unwrap().len(), 2);
    let ActionRuns::Docker(docker) = action("runs: {using: docker, image: ./x/Dockerfile}").runs else {
        panic!("not a docker action")
    };
    assert_eq!(docker.image.value, DockerImage::Dockerfile("./x/Dockerfile".into()));
}

#[test]
fn a_composite_action_has_steps_and_computed_outputs() {
    let text = "
outputs: {o: {value: '${{ steps.a.outputs.x }}'}}
runs:
  using: composite
  steps:
    - {id: a, run: echo, shell: bash}
    - {uses: actions/checkout@v4, if: inputs.x, with: {path: '${{ inputs.p }}'}}
";
    let action = action(text);
    assert!(action.outputs["o"].value.as_ref().unwrap().is_expression());
    let ActionRuns::Composite { steps, .. } = action.runs else { panic!("not composite") };
    assert!(matches!(steps[0].kind, StepKind::Run { .. }));
    assert_eq!(steps[1].id.as_str(), "__actions_checkout");
    assert_eq!(steps[1].condition.expression.source(), "success() && (inputs.x)");
}

#[test]
fn mistakes_have_the_runners_texts() {
    for (text, expected) in [
        ("name: x", "Top level 'runs:' section is required for a/action.yml"),
        (
            "runs: {using: node20}",
            "There's not enough info to determine what you meant. Add one of these properties: args, entrypoint, env, image, main, post, post-entrypoint, pre, pre-entrypoint, steps",
        ),
        (
            "runs: {using: node20, pre: x}",
            "You are using a JavaScript Action but there is not an entry JavaScript file provided in a/action.yml.",
        ),
        (
            "runs: {using: docker, entrypoint: x}",
            "You are using a Container Action but an image is not provided in a/action.yml.",
        ),
        (
            "runs: {using: node8, main: x}",
            "'using: node8' is not supported, use 'docker', 'node12', 'node16', 'node20' or 'node24' instead.",
        ),
        (
            "runs: {main: x}",
            "Missing 'using' value. 'using' requires 'composite', 'docker', 'node12', 'node16', 'node20' or 'node24'.",
        ),
        ("runs: {plugin: x}", "'plugin' actions belong to GitHub's runner and are not supported"),
        (
            "runs: {using: docker, image: alpine}",
            "'alpine' should be either '[path]/Dockerfile' or 'docker://image[:tag]'.",
        ),
        ("runs: {using: composite, steps: [{run: x}]}", "Required property is missing: shell"),
        (
            "runs: {using: docker, image: Dockerfile, env: {A: '${{ github.x }}'}}",
            "Unrecognized named-value: 'github'. Located at position 1 within expression: github.x",
        ),
        (
            "runs: {using: node20, main: x, post-if: nope()}",
            "Unrecognized function: 'nope'. Located at position 1 within expression: nope()",
        ),
        ("inputs: {a: }\nruns: {using: node20, main: x}", "Unexpected value ''"),
    ] {
        let problems = read(text).problems;
        assert_eq!(problems.first().map(|problem| &*problem.message), Some(expected), "{text}");
    }
}

#[test]
fn an_author_hears_of_what_the_runner_passes_over() {
    let check = |text: &str| {
        let read =
            lint_action(&mut Sources::new(), "a/action.yml", text.as_bytes(), &ParseOptions::default());
        let shown =
            |problem: &Problem| format!("{}:{} {}", problem.span.line, problem.span.column, problem.message);
        (read.action.is_some(), read.problems.iter().map(shown).collect::<Vec<_>>())
    };
    let runs = "runs: {using: node20, main: m.js}";
    assert_eq!(check(runs), (true, vec![]));
    let found = check(&format!("name: n\nnputs: {{a: {{}}}}\n{runs}"));
    assert_eq!(found, (true, vec!["2:1 Unexpected value 'nputs'".to_owned()]));
    // What keeps it from running is said once, in the runner's words.
    let found = check("runs: {using: node2, main: m.js}");
    assert!(
        !found.0 && found.1.len() == 1 && found.1[0].contains("'using: node2' is not supported"),
        "{found:?}"
    );
    let found = check(
        "name: n\ndescription: d\nruns: {using: node20, main: m.js, post: p.js, post-if: '${{ always() }}'}",
    );
    assert!(!found.0 && found.1.len() == 1 && found.1[0].contains("Unrecognized function"), "{found:?}");
}
