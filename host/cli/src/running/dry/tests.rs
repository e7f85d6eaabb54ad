use act_core::decide::Mapped;
use act_core::ids::{Attempt, RunId};
use act_core::spec::SourceRef;
use act_engine::Secrets;
use act_engine::request::Selection;
use act_workflow::called::NoFiles;
use act_workflow::options::ParseOptions;
use act_workflow::read::read_workflow;

use super::*;

struct Anywhere;

impl LabelMapper for Anywhere {
    fn name(&self) -> &str {
        "test"
    }

    fn map(&self, _ask: &LabelAsk) -> Mapped {
        Mapped::Mine { placement: Default::default(), reason: "any".to_owned() }
    }
}

fn shown(text: &str) -> String {
    let mut sources = Sources::new();
    let read = read_workflow(&mut sources, "ci.yml", text.as_bytes(), &ParseOptions::default(), &mut NoFiles);
    let workflow = Arc::new(read.workflow.unwrap_or_else(|| panic!("{:?}", read.problems)));
    let started = serde_json::json!({
        "host": "", "workflow_file": "ci.yml", "workflow": "CI", "title": "", "event_name": "push", "repository": "o/r",
        "reference": "refs/heads/main", "sha": "", "actor": "", "run_number": 1,
    });
    let request = RunRequest {
        run: RunId::from_parts(1, 2),
        attempt: Attempt(1),
        started: serde_json::from_value(started).unwrap(),
        files: Vec::new(),
        github: Object::new().with("ref", "refs/heads/main"),
        inputs: Value::Null,
        vars: Value::Null,
        secrets: Secrets::default(),
        env: Vec::new(),
        source: SourceRef { repository: "o/r".into(), reference: String::new(), sha: String::new() },
        selection: Selection::default(),
        concurrent_jobs: 1,
        debug: false,
        show_secrets: false,
        workflow: workflow.clone(),
    };
    let mappers: [Arc<dyn LabelMapper>; 1] = [Arc::new(Anywhere)];
    let view = View { request: &request, sources: &sources, mappers: &mappers };
    let jobs: Vec<&Job> = workflow.jobs.iter().collect();
    let mut shown = String::new();
    show::text(&view.level(&jobs, "", Some(&Value::Null)), 0, &mut shown);
    shown
}

#[test]
fn conditions_are_certain_only_where_needs_cannot_change_them() {
    insta::assert_snapshot!(shown("
on: push
jobs:
  a: {runs-on: x, steps: [{run: a}]}
  off: {if: github.ref == 'refs/heads/dev', runs-on: x, steps: [{run: a}]}
  behind-off: {needs: off, runs-on: x, steps: [{run: a}]}
  far-behind-off: {needs: behind-off, runs-on: x, steps: [{run: a}]}
  always-behind-off: {needs: off, if: always(), runs-on: x, steps: [{run: a}]}
  b: {needs: a, runs-on: x, steps: [{run: a}]}
  on-failure: {needs: a, if: failure(), runs-on: x, steps: [{run: a}]}
  cleanup: {needs: [a, b], if: always(), runs-on: x, steps: [{run: a}]}
  by-output: {needs: a, if: needs.a.outputs.x == '1', runs-on: x, steps: [{run: a}]}
"), @"
    a
      [x]  test: any
        run  a
    off  (skipped: its condition is false)
    behind-off  (skipped: a job that it needs is skipped)
    always-behind-off  (after off, however it has ended)
      [x]  test: any
        run  a
    b  (if a succeeds)
      [x]  test: any
        run  a
    on-failure  (only if a fails)
      [x]  test: any
        run  a
    by-output  (decided later: the condition depends on `needs`)
      [x]  test: any
        run  a
    far-behind-off  (skipped: a job that it needs is skipped)
    cleanup  (after a, b, however they have ended)
      [x]  test: any
        run  a
    ");
}

#[test]
fn legs_are_named_and_placed_and_steps_shown_as_written() {
    insta::assert_snapshot!(shown("
on: push
jobs:
  test:
    strategy: {matrix: {os: [linux, mac], v: [1, 2], exclude: [{os: mac, v: 1}]}}
    name: Test ${{ matrix.os }}
    runs-on: [\"${{ matrix.os }}\", big]
    steps:
      - uses: actions/checkout@v4
      - name: Build ${{ github.ref }}
        run: make
      - run: |

          npm ci
          npm test
  later:
    needs: test
    strategy: {matrix: \"${{ fromJSON(needs.test.outputs.m) }}\"}
    runs-on: x
    steps: [{run: a}]
  later-label:
    needs: test
    runs-on: ${{ needs.test.outputs.label }}
    steps: [{run: a}]
"), @"
    test
      Test linux  [linux, big]  test: any
      Test linux  [linux, big]  test: any
      Test mac  [mac, big]  test: any
        uses actions/checkout@v4
        run  Build ${{ github.ref }}
        run  npm ci
    later  (if test succeeds; decided later: the matrix depends on `needs`)
        run  a
    later-label  (if test succeeds)
      runs-on depends on `needs`
        run  a
    ");
}
