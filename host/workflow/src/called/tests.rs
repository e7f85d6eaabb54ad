use super::*;
use crate::options::ParseOptions;
use crate::read::{ReadWorkflow, read_workflow};
use crate::source::Sources;

/// Files by the path of the target; others of its kind are out of reach.
struct Files(&'static [(&'static str, &'static str)]);

impl WorkflowFiles for Files {
    fn find(&mut self, caller: &str, target: &CallTarget) -> Found {
        let (path, name) = match target {
            CallTarget::Local { path } => (path, format!("{caller}>{path}")),
            CallTarget::Remote { reference, .. } if &**reference == "far" => return Found::OutOfReach,
            CallTarget::Remote { path, .. } => (path, target.to_string()),
        };
        let found = self.0.iter().find(|(known, _)| path.ends_with(known));
        match found {
            Some((_, text)) => {
                Found::Workflow { name: name.into(), bytes: text.as_bytes().to_vec(), trusted: false }
            }
            None => Found::Missing("no such file".to_owned()),
        }
    }
}

const CALLEE: &str = "
on:
  workflow_call:
    inputs: {n: {type: number, required: true}, b: {type: boolean, default: x}}
    secrets: {s: {required: true}}
jobs:
  inner: {runs-on: x, permissions: {contents: write}, steps: [{run: x}]}
";
const LOOP: &str = "on: workflow_call\njobs: {again: {uses: ./.github/workflows/loop.yml}}";
const PLAIN: &str = "on: [push]\njobs: {a: {runs-on: x}}";
const FILES: &[(&str, &str)] = &[("callee.yml", CALLEE), ("loop.yml", LOOP), ("plain.yml", PLAIN)];

fn read(job: &str) -> (ReadWorkflow, Vec<String>) {
    let mut sources = Sources::new();
    let text = format!("on: push\njobs:\n  call: {job}\n");
    let options = ParseOptions { max_nested_reusable_workflows_depth: 3, ..ParseOptions::default() };
    let read = read_workflow(&mut sources, "w.yml", text.as_bytes(), &options, &mut Files(FILES));
    let shown = read.problems.iter().map(|problem| problem.display(&sources).to_string()).collect();
    (read, shown)
}

#[test]
fn call_and_callee_have_to_fit() {
    for (job, expected) in [
        (
            "{uses: ./.github/workflows/none.yml}",
            &[
                "w.yml (Line: 3, Col: 16): error parsing called workflow \"./.github/workflows/none.yml\": workflow was not found.",
            ][..],
        ),
        (
            "{uses: ./.github/workflows/plain.yml}",
            &[
                "In w.yml (Line: 3, Col: 16): Error from called workflow w.yml>.github/workflows/plain.yml (Line: 1, Col: 5): workflow_call key is not defined in the referenced workflow.",
            ],
        ),
        ("{uses: ./.github/workflows/loop.yml}", &["Nested reusable workflow depth exceeded 3."]),
        (
            "{uses: ./callee.yml}",
            &[
                "w.yml (Line: 3, Col: 16): invalid value workflow reference: references to workflows must be rooted in '.github/workflows'",
            ],
        ),
        (
            "{uses: ./.github/workflows/callee.yml, with: {x: 1}, secrets: {t: y}, permissions: {contents: read}}",
            &[
                "w.yml (Line: 3, Col: 16): Input n is required, but not provided while calling.",
                "In w.yml (Line: 3, Col: 16): Error from called workflow w.yml>.github/workflows/callee.yml (Line: 4, Col: 77): Unexpected value 'x'",
                "w.yml (Line: 3, Col: 58): Invalid input, x is not defined in the referenced workflow.",
                "w.yml (Line: 3, Col: 16): Secret s is required, but not provided while calling.",
                "w.yml (Line: 3, Col: 75): Invalid secret, t is not defined in the referenced workflow.",
                "w.yml (Line: 3, Col: 3): Error calling workflow 'w.yml>.github/workflows/callee.yml'. The nested job 'inner' is requesting 'contents: write', but is only allowed 'contents: read'.",
            ],
        ),
    ] {
        let (read, shown) = read(job);
        assert_eq!(shown, expected, "{job}");
        assert!(read.workflow.is_none());
    }
}

#[test]
fn a_callee_out_of_reach_is_left_unloaded() {
    let (read, shown) = read("{uses: o/r/.github/workflows/x.yml@far}");
    assert_eq!(shown, Vec::<String>::new());
    let JobKind::Call(call) = &read.workflow.unwrap().jobs[0].kind else { panic!("a call") };
    assert!(call.called.is_none());
}
