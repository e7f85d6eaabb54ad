use std::fs;
use std::sync::Arc;

use act_core::decide::{LabelAsk, LabelMapper, Mapped, Policy};
use act_core::event::RunStarted;
use act_core::ids::{Attempt, RunId};
use act_core::place::Placement;
use act_core::spec::SourceRef;
use act_engine::request::Selection;
use act_engine::{RunRequest, Secrets};
use act_expr::{Object, Value};
use act_local::LocalScheduler;
use act_workflow::called::{Found, WorkflowFiles};
use act_workflow::model::CallTarget;
use act_workflow::options::ParseOptions;
use act_workflow::read::read_workflow;
use act_workflow::source::Sources;

use act_core::place::Decision;
use act_core::provisioner::Document;

use super::*;

/// Knows linux and mac.
pub(in crate::running) struct Near;

#[async_trait::async_trait]
impl LabelMapper for Near {
    fn name(&self) -> &str {
        "near"
    }

    async fn map(&self, ask: &LabelAsk) -> Mapped {
        match ask.labels.iter().find(|label| !["linux", "mac"].contains(&label.as_str())) {
            None => Mapped::Mine { placement: Placement::default(), reason: "here".to_owned() },
            Some(label) => {
                Mapped::NotMine { reason: format!("no `{label}` here"), label: Some(label.clone()) }
            }
        }
    }
}

/// The only workflow that is called, and the actions of the working tree.
struct Files<'a>(AtHand<'a>);

impl WorkflowFiles for Files<'_> {
    fn find(&mut self, _: &str, target: &CallTarget) -> Found {
        let bytes = b"on: workflow_call
jobs:
  inner: {runs-on: mac, steps: [{run: echo inside}]}
  next: {needs: inner, runs-on: mac, steps: [{run: b}]}
";
        match target {
            CallTarget::Local { .. } => {
                Found::Workflow { name: "called.yml".into(), bytes: bytes.to_vec(), trusted: true }
            }
            CallTarget::Remote { .. } => Found::OutOfReach,
        }
    }
}

fn looked(text: &str) -> (RunStarted, Preview) {
    let (request, found) = looked_at(text, vec![Arc::new(Near)], Vec::new());
    (request.started, found)
}

/// Looks at a workflow with these mappers.
pub(in crate::running) fn looked_at(
    text: &str,
    mappers: Vec<Arc<dyn LabelMapper>>,
    policies: Vec<Arc<dyn Policy>>,
) -> (RunRequest, Preview) {
    let tree = tempfile::tempdir().unwrap();
    let action = |name: &str, text: &str| {
        let folder = tree.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("action.yml"), text).unwrap();
    };
    action("setup", "runs: {using: composite, steps: [{run: 'a ${{ inputs.b }}', shell: sh}, {uses: ./js}]}");
    action("js", "runs: {using: node24, main: a.js, pre: b.js, post: c.js}");
    let at_hand = AtHand { root: tree.path(), remote: HashMap::new(), asked: RefCell::default() };
    let mut files = Files(at_hand);
    let mut sources = Sources::new();
    let read = read_workflow(&mut sources, "ci.yml", text.as_bytes(), &ParseOptions::default(), &mut files);
    let workflow = Arc::new(read.workflow.unwrap_or_else(|| panic!("{:?}", read.problems)));
    let started = serde_json::json!({
        "host": "", "workflow_file": "ci.yml", "workflow": "CI", "title": "", "event_name": "push", "repository": "o/r",
        "reference": "refs/heads/main", "sha": "", "actor": "", "run_number": 1,
    });
    let started: RunStarted = serde_json::from_value(started).unwrap();
    let request = RunRequest {
        run: RunId::from_parts(1, 2),
        attempt: Attempt(1),
        started,
        files: vec!["ci.yml".to_owned(), "called.yml".to_owned()],
        github: Object::new().with("ref", "refs/heads/main").into(),
        inputs: Value::Null,
        vars: Value::Null,
        secrets: Secrets::default(),
        env: Vec::new(),
        source: SourceRef { repository: "o/r".into(), reference: String::new(), sha: String::new() },
        selection: Selection::default(),
        debug: act_core::spec::Debugging::Off,
        show_secrets: false,
        workflow,
    };
    let describe = |_: &Decision| vec![Document { title: "a process".into(), text: "folder: /m\n".into() }];
    let around = Around {
        mappers: &mappers,
        policies: &policies,
        scheduler: &LocalScheduler,
        describe: &describe,
        manifests: &files.0,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let found = runtime.block_on(preview(&request, &around));
    (request, found)
}

fn text_of(workflow: &str, verbose: bool) -> String {
    let (started, found) = looked(workflow);
    let mut shown = String::new();
    text::workflow(&started, &found, verbose, &mut shown);
    shown
}

const WORKFLOW: &str = "
on: push
jobs:
  build:
    strategy: {matrix: {os: [linux, mac]}}
    name: Build on ${{ matrix.os }}
    runs-on: ${{ matrix.os }}
    steps:
      - uses: actions/checkout@v4
      - uses: ./setup
      - name: Make ${{ github.ref }}
        if: matrix.os == 'mac'
        run: |

          make all
          make install
      - {name: Far, uses: o/far@v1}
      - uses: ./gone
  off: {if: github.ref == 'refs/heads/dev', runs-on: linux, steps: [{run: a}]}
  behind: {needs: off, runs-on: linux, steps: [{run: a}]}
  test: {needs: build, runs-on: linux, steps: [{run: a}]}
  later:
    needs: build
    if: needs.build.outputs.x == '1'
    strategy: {matrix: '${{ fromJSON(needs.build.outputs.m) }}'}
    runs-on: ${{ matrix.os }}
    steps: [{run: a}]
  call: {needs: build, if: always(), uses: ./.github/workflows/called.yml}
  far: {uses: o/r/.github/workflows/x.yml@v1}
";

#[test]
fn jobs_are_shown_with_why_where_and_what() {
    insta::assert_snapshot!(text_of(WORKFLOW, false), @"
    CI (ci.yml) on push refs/heads/main
      build  (runs: needs nothing)
        Build on linux  [linux]  near: here
          a process
            folder: /m
        Build on mac  [mac]  near: here
        steps
          1. Run actions/checkout@v4  (this repository)
          2. Run ./setup  (composite)
              1. Run a ${{ inputs.b }}
              2. Run ./js  (node24, with pre and post)
          3. Make ${{ github.ref }}  if: matrix.os == 'mac'
             run: make all
          4. Far
             uses: o/far@v1  (not fetched yet)
          5. Run ./gone  (not in the working tree)
      off  (skipped: its condition is false)
        if: github.ref == 'refs/heads/dev'
      far  (runs: needs nothing)
        calls o/r/.github/workflows/x.yml@v1
        not fetched yet
      behind  (skipped: needs off, which is skipped)
      test  (deferred: if build succeeds)
        [linux]  near: here
        steps
          1. Run a
      later  (deferred: depends on needs.build.outputs.x)
        if: needs.build.outputs.x == '1'
        matrix depends on needs.build.outputs.m
        runs-on depends on needs.build.outputs.m
        steps
          1. Run a
      call  (runs: however build ends)
        if: always()
        calls ./.github/workflows/called.yml
          inner  (runs: needs nothing)
            call / inner  [mac]  near: here
            steps
              1. Run echo inside
          next  (deferred: if inner succeeds)
            call / next  [mac]  near: here
            steps
              1. Run b
    ");
}

#[test]
fn a_job_that_has_no_place_fails_and_verbose_shows_what_the_mappers_said() {
    let workflow = "
on: push
jobs:
  a: {runs-on: moon, steps: [{run: a}]}
  b: {strategy: {matrix: {os: [linux, moon]}}, runs-on: '${{ matrix.os }}', steps: [{run: a}]}
";
    insta::assert_snapshot!(text_of(workflow, true), @"
    CI (ci.yml) on push refs/heads/main
      a  (fails: nothing here runs `runs-on: moon`: no `moon` here; hint: `-P moon=-self-hosted` runs jobs with this label on this machine)
        [moon]
          mapper near: not mine: no `moon` here
        steps
          1. Run a
      b  (runs: needs nothing)
        b (linux)  [linux]  near: here
          mapper near: mine: here
          a process
            folder: /m
        b (moon)  [moon]
          nothing here runs `runs-on: moon`: no `moon` here
          hint: `-P moon=-self-hosted` runs jobs with this label on this machine
          mapper near: not mine: no `moon` here
        steps
          1. Run a
    ");
    assert!(looked(workflow).1.jobs.iter().all(fail));
    assert!(!looked(WORKFLOW).1.jobs.iter().any(fail));
}

#[test]
fn json_has_an_object_a_job_instance() {
    let (started, found) = looked(WORKFLOW);
    let mut shown = String::new();
    json::lines(&started, &found, &mut shown);
    let lines: Vec<serde_json::Value> =
        shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<String> = lines
        .iter()
        .map(|line| ["key", "name", "status", "reason"].map(|key| line[key].as_str().unwrap()).join(" | "))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    build.0 | Build on linux | run | needs nothing
    build.1 | Build on mac | run | needs nothing
    off | off | skip | its condition is false
    far | far | run | needs nothing
    behind | behind | skip | needs off, which is skipped
    test | test | deferred | if build succeeds
    later | later | deferred | depends on needs.build.outputs.x
    call | call | run | however build ends
    call/inner | call / inner | run | needs nothing
    call/next | call / next | deferred | if inner succeeds
    ");
    insta::assert_snapshot!(shown.lines().next().unwrap(), @r#"{"workflow":"CI","file":"ci.yml","job":"build","name":"Build on linux","key":"build.0","needs":[],"status":"run","reason":"needs nothing","matrix":{"os":"linux"},"labels":["linux"],"mapper":"near","placement":{},"answers":[{"mapper":"near","answer":"mine","placement":{},"reason":"here"}],"scheduler":"this machine","documents":[{"title":"a process","text":"folder: /m\n"}],"steps":[{"name":"Run actions/checkout@v4","uses":"actions/checkout@v4","action":"checkout","note":"this repository"},{"name":"Run ./setup","uses":"./setup","action":"composite","note":"composite","steps":[{"name":"Run a ${{ inputs.b }}","run":"a ${{ inputs.b }}"},{"name":"Run ./js","uses":"./js","action":"node24","note":"node24, with pre and post"}]},{"name":"Make ${{ github.ref }}","if":"matrix.os == 'mac'","run":"make all"},{"name":"Far","uses":"o/far@v1","action":"not-fetched","note":"not fetched yet"},{"name":"Run ./gone","uses":"./gone","action":"wrong","note":"not in the working tree"}]}"#);
    let later = lines.iter().find(|line| line["key"] == "later").unwrap();
    insta::assert_snapshot!(later, @r#"{"workflow":"CI","file":"ci.yml","job":"later","name":"later","key":"later","needs":["build"],"status":"deferred","reason":"depends on needs.build.outputs.x","if":"needs.build.outputs.x == '1'","answers":[],"scheduler":"this machine","documents":[],"deferred":{"labels":"depends on needs.build.outputs.m","matrix":"depends on needs.build.outputs.m","name":"depends on needs.build.outputs.m"},"steps":[{"name":"Run a","run":"a"}]}"#);
}

#[test]
fn only_manifests_of_the_working_tree_are_read() {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir_all(tree.path().join("docker")).unwrap();
    fs::write(tree.path().join("docker/Dockerfile"), "FROM x").unwrap();
    let missing = |path| match in_tree(tree.path(), path) {
        FoundManifest::Missing(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing("./none"), "not in the working tree");
    assert_eq!(missing("./../../etc"), "the path leads out of the repository");
    let file = FoundManifest::File { file: "Dockerfile".into(), bytes: b"FROM x".to_vec() };
    assert_eq!(in_tree(tree.path(), ".\\docker"), file);
}
