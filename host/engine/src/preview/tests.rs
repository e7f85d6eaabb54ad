use std::collections::HashMap;

use act_core::decide::{Case, Mapped, Ruling, Seen};
use act_core::ids::{Attempt, RunId};
use act_core::place::{Arch, Os, Placement, Shape};
use act_core::spec::SourceRef;
use act_expr::Object;
use act_workflow::called::{Found, WorkflowFiles};
use act_workflow::ids::JobId;
use act_workflow::model::CallTarget;
use act_workflow::options::ParseOptions;
use act_workflow::read::read_workflow;
use act_workflow::source::Sources;
use futures_util::FutureExt as _;

use async_trait::async_trait;

use super::*;
use crate::request::Selection;
use crate::secrets::Secrets;

/// Leaves `cloud` to others, maps `linux` and `mac`, and knows nothing else.
struct Mapper(&'static str, &'static [&'static str]);

#[async_trait]
impl LabelMapper for Mapper {
    fn name(&self) -> &str {
        self.0
    }

    async fn map(&self, ask: &LabelAsk) -> Mapped {
        let label = ask.labels.first().map_or("", String::as_str);
        match self.1.contains(&label) {
            true => Mapped::Mine { placement: Placement::default(), reason: format!("has {label}") },
            false if label == "linx" => {
                Mapped::Malformed { reason: "no such label".into(), nearest: Some("linux".into()) }
            }
            false => Mapped::NotMine { reason: format!("has no {label}"), label: Some(label.to_owned()) },
        }
    }
}

struct Process;

#[async_trait]
impl Scheduler for Process {
    fn name(&self) -> &str {
        "process"
    }

    async fn decide(&self, case: &Case) -> Ruling {
        let shape = Shape::Process { os: Os::Linux, arch: Arch::X64 };
        Ruling::Launch(Decision { shape, bind: case.bind.clone() })
    }

    async fn react(&self, _: &Case, _: &Seen) -> Ruling {
        Ruling::Keep
    }
}

/// Files of the repository, by path: called workflows, and actions by what they are asked for.
#[derive(Default)]
struct Files(HashMap<&'static str, &'static str>);

impl WorkflowFiles for Files {
    fn find(&mut self, _: &str, target: &CallTarget) -> Found {
        let text = match target {
            CallTarget::Local { path } => self.0.get(&**path),
            CallTarget::Remote { .. } => return Found::OutOfReach,
        };
        let name = target.to_string().into();
        text.map_or(Found::OutOfReach, |text| Found::Workflow { name, bytes: (*text).into(), trusted: true })
    }
}

impl Manifests for Files {
    fn find(&self, place: &ActionPlace) -> FoundManifest {
        match (self.0.get(place.to_string().as_str()), place) {
            (Some(text), _) => {
                FoundManifest::File { file: "action.yml".into(), bytes: text.as_bytes().into() }
            }
            (None, ActionPlace::Remote(_)) => FoundManifest::NotFetched,
            (None, _) => FoundManifest::Missing("nothing there".into()),
        }
    }
}

fn look(text: &str, files: Files, selection: Selection) -> Preview {
    let mut files = files;
    let mut sources = Sources::new();
    let read = read_workflow(&mut sources, "ci.yml", text.as_bytes(), &ParseOptions::default(), &mut files);
    let workflow = Arc::new(read.workflow.unwrap_or_else(|| panic!("{:?}", read.problems)));
    let started = serde_json::json!({
        "host": "", "workflow_file": "ci.yml", "workflow": "CI", "title": "", "event_name": "push",
        "repository": "o/r", "reference": "refs/heads/main", "sha": "", "actor": "", "run_number": 1,
    });
    let request = RunRequest {
        run: RunId::from_parts(1, 2),
        attempt: Attempt(1),
        started: serde_json::from_value(started).unwrap(),
        files: vec!["ci.yml".into()],
        github: Object::new().with("ref", "refs/heads/main").with("run_number", "1").into(),
        inputs: Value::Null,
        vars: Value::Null,
        secrets: Secrets::default(),
        env: Vec::new(),
        source: SourceRef { repository: "o/r".into(), reference: String::new(), sha: String::new() },
        selection,
        debug: act_core::spec::Debugging::Off,
        show_secrets: false,
        workflow,
    };
    let mappers: [Arc<dyn LabelMapper>; 2] =
        [Arc::new(Mapper("near", &["linux", "mac"])), Arc::new(Mapper("far", &["cloud"]))];
    let describe = |decision: &Decision| {
        let minutes = decision.bind.deadline.map_or(0, |deadline| deadline.as_secs() / 60);
        vec![Document { title: "a process".into(), text: format!("{minutes} minutes") }]
    };
    let around = Around {
        mappers: &mappers,
        policies: &[],
        scheduler: &Process,
        describe: &describe,
        manifests: &files,
    };
    // Nobody waits here.
    preview(&request, &around).now_or_never().expect("a preview without plugins is ready at once")
}

fn of(text: &str) -> Vec<JobPreview> {
    look(text, Files::default(), Selection::default()).jobs
}

fn told(job: &JobPreview) -> (&str, String) {
    let status = match job.fate {
        Fate::Run(_) => "run",
        Fate::Skip(_) => "skip",
        Fate::Deferred(_) => "deferred",
        Fate::Fail(_) => "fail",
        Fate::Unknown(_) => "unknown",
    };
    (status, job.fate.reason())
}

/// The job under test needs `a` and `off`, and `off` is skipped; `b` needs `a` alone.
fn fate_of(needs: &str, condition: &str) -> (String, String) {
    let condition = if condition.is_empty() { String::new() } else { format!("if: {condition}") };
    let text = format!(
        "on: push
jobs:
  a: {{runs-on: linux, steps: [{{run: a}}]}}
  off: {{if: 'false', runs-on: linux, steps: [{{run: a}}]}}
  far: {{needs: off, runs-on: linux, steps: [{{run: a}}]}}
  wrong: {{runs-on: linux, strategy: {{matrix: '${{{{ fromJSON(''1'') }}}}'}}, steps: [{{run: a}}]}}
  x:
    needs: [{needs}]
    {condition}
    runs-on: linux
    steps: [{{run: a}}]
"
    );
    let jobs = of(&text);
    let x = jobs.iter().find(|job| job.id == "x").unwrap();
    let (status, reason) = told(x);
    (status.to_owned(), reason)
}

#[test]
fn a_condition_is_certain_only_where_no_end_of_a_need_can_change_it() {
    for (needs, condition, status, reason) in [
        ("", "", "run", "needs nothing"),
        ("", "github.ref == 'refs/heads/main'", "run", "its condition is true"),
        ("", "github.ref == 'refs/heads/dev'", "skip", "its condition is false"),
        ("a", "", "deferred", "if a succeeds"),
        ("a", "success()", "deferred", "if a succeeds"),
        ("a", "failure()", "deferred", "only if a fails"),
        ("a", "success() || failure()", "deferred", "depends on needs.a.result"),
        ("a", "'!cancelled()'", "run", "however a ends"),
        ("a", "always()", "run", "however a ends"),
        ("a", "cancelled()", "skip", "its condition is false"),
        ("a, off", "always()", "run", "however a ends"),
        ("a, off", "", "skip", "needs off, which is skipped"),
        ("far", "", "skip", "needs far, which is skipped"),
        ("off", "failure()", "skip", "its condition is false"),
        ("off", "always() && needs.off.result == 'skipped'", "run", "its condition is true"),
        ("wrong", "failure()", "run", "its condition is true"),
        ("wrong", "", "skip", "needs wrong, which cannot start"),
        ("a, wrong", "failure()", "run", "however a ends"),
        // A part that is false decides, whatever the others are.
        ("a", "github.ref == 'x'", "skip", "its condition is false"),
        ("a", "(github.ref) == ('x') && needs.a.outputs.b", "skip", "its condition is false"),
        ("a", "always() && (needs.a.outputs.b || github.ref)", "run", "however a ends"),
        ("a", "needs.a.outputs.b == '1'", "deferred", "depends on needs.a.outputs.b"),
        (
            "a",
            "always() && needs.a.outputs['b'] && needs['a'].result",
            "deferred",
            "depends on needs.a.outputs.b, needs.a.result",
        ),
        (
            "a, off",
            "always() && contains(needs.*.result, 'failure')",
            "deferred",
            "depends on needs.*.result",
        ),
        ("off", "always() && contains(needs.*.result, 'skipped')", "run", "its condition is true"),
        ("a", "always() && contains(toJSON(needs), 'x')", "deferred", "depends on needs"),
        ("a", "always() && needs.off.result == 'x'", "skip", "its condition is false"),
        ("", "github.run_number > 1", "deferred", "depends on github.run_number"),
    ] {
        let found = fate_of(needs, condition);
        assert_eq!((found.0.as_str(), found.1.as_str()), (status, reason), "needs [{needs}] if {condition}");
    }
}

#[test]
fn jobs_stand_behind_those_they_need_else_in_the_order_of_the_file() {
    let jobs = of("on: push
jobs:
  d: {needs: [b, c], runs-on: linux, steps: [{run: a}]}
  b: {needs: a, runs-on: linux, steps: [{run: a}]}
  a: {runs-on: linux, steps: [{run: a}]}
  c: {runs-on: linux, steps: [{run: a}]}
");
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["a", "c", "b", "d"]);
}

const MATRIX: &str = "on: push
jobs:
  a: {runs-on: linux, steps: [{run: a}]}
  test:
    name: Test on ${{ matrix.os }}
    strategy: {matrix: {os: [linux, mac, cloud, moon]}}
    runs-on: ${{ matrix.os }}
    timeout-minutes: ${{ matrix.os == 'mac' && 7 || 5 }}
    steps: [{run: a}]
  later:
    needs: a
    strategy: {matrix: '${{ fromJSON(needs.a.outputs.m) }}'}
    runs-on: ${{ matrix.os }}
    steps: [{run: a}]
  label: {needs: a, name: 'L ${{ needs.a.outputs.n }} ${{ github.ref }}', runs-on: '${{ needs.a.outputs.l }}', steps: [{run: a}]}
";

#[test]
fn legs_are_named_placed_and_decided_each_for_itself() {
    let jobs = of(MATRIX);
    let test = jobs.iter().find(|job| job.id == "test").unwrap();
    let mut shown = Vec::new();
    for leg in &test.legs {
        let Work::Machine(machine) = &leg.work else { panic!("no machine") };
        let asked: Vec<&str> = machine.answers.iter().map(|answer| answer.mapper.as_str()).collect();
        let mapper = machine.placed.as_ref().map_or("nobody", |placed| placed.mapper.as_str());
        let text: Vec<&str> = machine.documents.iter().map(|document| document.text.as_str()).collect();
        shown.push((leg.key.to_string(), leg.name.now().unwrap().as_str(), asked, mapper, text));
    }
    assert_eq!(shown[0], ("test.0".into(), "Test on linux", vec!["near"], "near", vec!["5 minutes"]));
    assert_eq!(shown[1], ("test.1".into(), "Test on mac", vec!["near"], "near", vec!["7 minutes"]));
    assert_eq!(shown[2], ("test.2".into(), "Test on cloud", vec!["near", "far"], "far", vec!["5 minutes"]));
    assert_eq!(shown[3], ("test.3".into(), "Test on moon", vec!["near", "far"], "nobody", vec![]));
    let wrong = test.legs[3].wrong();
    assert_eq!(wrong[0], "nothing here runs `runs-on: moon`: has no moon; has no moon");
    assert_eq!(test.fate, Fate::Run("needs nothing".into()), "three legs run");
}

#[test]
fn only_legs_that_were_asked_for_are_shown_with_their_own_numbers() {
    let selection = Selection {
        jobs: vec![JobId::new("test")],
        matrix: vec![("os".into(), "mac".into()), ("os".into(), "cloud".into())],
    };
    let jobs = look(MATRIX, Files::default(), selection).jobs;
    let keys: Vec<String> = jobs.iter().flat_map(|job| &job.legs).map(|leg| leg.key.to_string()).collect();
    assert_eq!(keys, ["test.1", "test.2"]);
    let selection = Selection { jobs: vec![JobId::new("test")], matrix: vec![("os".into(), "none".into())] };
    let jobs = look(MATRIX, Files::default(), selection).jobs;
    assert_eq!(told(&jobs[0]), ("skip", "none of its matrix legs was asked for".to_owned()));
}

#[test]
fn what_depends_on_needs_is_deferred_and_says_on_what() {
    let jobs = of(MATRIX);
    let later = jobs.iter().find(|job| job.id == "later").unwrap();
    assert_eq!(later.matrix, Some(Deferred(vec!["needs.a.outputs.m".into()])));
    let [leg] = &later.legs[..] else { panic!("one leg stands for all") };
    assert_eq!(leg.key.to_string(), "later");
    let Work::Machine(machine) = &leg.work else { panic!("no machine") };
    assert_eq!(machine.ask, Known::Deferred(Deferred(vec!["needs.a.outputs.m".into()])));
    assert!(machine.answers.is_empty(), "nobody is asked about labels that are not known");
    let label = jobs.iter().find(|job| job.id == "label").unwrap();
    assert_eq!(label.written_name, "L ${{ needs.a.outputs.n }} ${{ github.ref }}");
    assert_eq!(label.legs[0].name, Known::Deferred(Deferred(vec!["needs.a.outputs.n".into()])));
    let Work::Machine(machine) = &label.legs[0].work else { panic!("no machine") };
    assert_eq!(machine.ask, Known::Deferred(Deferred(vec!["needs.a.outputs.l".into()])));
}

#[test]
fn a_malformed_label_ends_the_chain_and_the_job() {
    let jobs = of("on: push\njobs: {a: {runs-on: linx, steps: [{run: a}]}}");
    assert_eq!(told(&jobs[0]).0, "fail");
    let Work::Machine(machine) = &jobs[0].legs[0].work else { panic!("no machine") };
    assert_eq!(machine.answers.len(), 1);
    assert_eq!(jobs[0].legs[0].wrong()[1], "hint: did you mean `linux`?");
}

const CALLEE: &str = "on:
  workflow_call:
    inputs: {os: {type: string, required: true}, mode: {type: string, default: fast}, n: {type: number}}
jobs:
  one: {runs-on: '${{ inputs.os }}', name: 'One ${{ inputs.mode }}', steps: [{run: a}]}
  two: {needs: one, if: inputs.mode == 'slow', runs-on: linux, steps: [{run: a}]}
";

#[test]
fn jobs_of_a_called_workflow_see_the_inputs_that_are_known() {
    let files = || Files(HashMap::from([(".github/workflows/b.yml", CALLEE)]));
    let call = |with: &str, needs: &str| {
        let text = format!(
            "on: push
jobs:
  a: {{runs-on: linux, steps: [{{run: a}}]}}
  call: {{{needs} uses: ./.github/workflows/b.yml, with: {with}}}
"
        );
        let preview = look(&text, files(), Selection::default());
        let job = preview.jobs.into_iter().find(|job| job.id == "call").unwrap();
        let Work::Call(Known::Now(Some(jobs))) = job.legs[0].work.clone() else { panic!("no call: {job:?}") };
        let shown = |job: &JobPreview| {
            let name = job.legs.first().map(|leg| match &leg.name {
                Known::Now(name) => name.clone(),
                Known::Deferred(deferred) => deferred.to_string(),
                Known::Wrong(messages) => messages.join("; "),
            });
            format!("{} {}: {} | {}", job.key, told(job).0, told(job).1, name.unwrap_or_default())
        };
        jobs.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(
        call("{os: linux}", ""),
        ["call/one run: needs nothing | call / One fast", "call/two skip: its condition is false | "]
    );
    assert_eq!(
        call("{os: linux, mode: '${{ needs.a.outputs.mode }}'}", "needs: a,"),
        [
            "call/one deferred: like call: if a succeeds | depends on needs.a.outputs.mode",
            "call/two deferred: like call: if a succeeds, and depends on needs.a.outputs.mode | call / two",
        ]
    );
    assert_eq!(
        call("{os: '${{ needs.a.outputs.os }}', mode: slow}", "needs: a, if: always(),"),
        ["call/one run: needs nothing | call / One slow", "call/two deferred: if one succeeds | call / two"]
    );
}

#[test]
fn a_call_out_of_reach_is_said_to_be_so() {
    let jobs = of("on: push\njobs: {c: {uses: o/r/.github/workflows/x.yml@v1}}");
    assert_eq!(jobs[0].legs[0].work, Work::Call(Known::Now(None)));
    assert_eq!(jobs[0].uses.as_deref(), Some("o/r/.github/workflows/x.yml@v1"));
}

fn steps(text: &str, files: Files) -> Vec<String> {
    fn show(steps: &[StepPreview], depth: usize, shown: &mut Vec<String>) {
        for step in steps {
            let (what, inner): (String, &[StepPreview]) = match &step.kind {
                StepPreviewKind::Run { first_line } => (format!("run {first_line}"), &[]),
                StepPreviewKind::Other { keyword, steps } => ((*keyword).to_owned(), steps),
                StepPreviewKind::Uses { action: ActionPreview::Composite(steps), .. } => {
                    ("composite".into(), steps)
                }
                StepPreviewKind::Uses { action, .. } => (format!("{action:?}"), &[]),
            };
            let condition = step.condition.as_ref().map(|text| format!(" if {text}")).unwrap_or_default();
            shown.push(format!("{}{}: {what}{condition}", " ".repeat(depth), step.name));
            show(inner, depth + 1, shown);
        }
    }
    let indented = text.replace('\n', "\n      ");
    let text = format!("on: push\njobs:\n  a:\n    runs-on: linux\n    steps:{indented}\n");
    let preview = look(&text, files, Selection::default());
    let mut shown = Vec::new();
    show(&preview.jobs[0].steps, 0, &mut shown);
    shown
}

#[test]
fn steps_are_shown_as_written_with_those_of_the_actions_they_use() {
    let files = Files(HashMap::from([
        (
            "./.github/setup",
            "runs:
  using: composite
  steps:
    - {run: \"echo ${{ inputs.a }}\", shell: bash, if: inputs.a}
    - uses: o/deep/sub@v1
    - uses: $/other
",
        ),
        ("o/deep/sub@v1", "runs: {using: composite, steps: [{uses: $/sib}, {uses: ./here}]}"),
        ("o/deep/sib@v1", "runs: {using: node24, main: a.js, post: b.js}"),
        ("./broken", "runs: {using: nonsense}"),
    ]));
    let found = steps(
        "
- uses: actions/checkout@v4
- uses: actions/checkout@v4
  with: {repository: o/other}
- name: Build ${{ github.ref }} {0}
  if: github.ref == 'x' && (matrix.a)
  run: |

    make ${{ github.sha }}
    make install
- {run: b, if: always()}
- {name: Setup, uses: ./.github/setup}
- uses: ./gone
- uses: ./broken",
        files,
    );
    assert_eq!(
        found[..11],
        [
            "Run actions/checkout@v4: OwnCheckout",
            "Run actions/checkout@v4: NotFetched",
            "Build ${{ github.ref }} {0}: run make ${{ github.sha }} if github.ref == 'x' && (matrix.a)",
            "Run b: run b if always()",
            "Setup: composite",
            " Run echo ${{ inputs.a }}: run echo ${{ inputs.a }} if inputs.a",
            " Run o/deep/sub@v1: composite",
            "  Run $/sib: Node { version: \"node24\", pre: false, post: true }",
            "  Run ./here: Wrong([\"nothing there\"])",
            " Run $/other: Wrong([\"nothing there\"])",
            "Run ./gone: Wrong([\"nothing there\"])",
        ]
    );
    assert!(found[11].starts_with("Run ./broken: Wrong([\"./broken/action.yml"), "{}", found[11]);
}

#[test]
fn actions_that_use_themselves_end_at_the_runners_depth() {
    let files = Files(HashMap::from([("./a", "runs: {using: composite, steps: [{uses: ./a}]}")]));
    let found = steps("\n- uses: ./a", files);
    assert_eq!(found.len(), 10);
    assert_eq!(found[9], "         Run ./a: TooDeep");
}

#[test]
fn an_action_that_uses_none_may_stand_in_the_ninth_composite() {
    const NODE: &str = "runs: {using: node24, main: a.js}";
    const CHAIN: [(&str, &str); 9] = [
        ("./1", "runs: {using: composite, steps: [{uses: ./2}]}"),
        ("./2", "runs: {using: composite, steps: [{uses: ./3}]}"),
        ("./3", "runs: {using: composite, steps: [{uses: ./4}]}"),
        ("./4", "runs: {using: composite, steps: [{uses: ./5}]}"),
        ("./5", "runs: {using: composite, steps: [{uses: ./6}]}"),
        ("./6", "runs: {using: composite, steps: [{uses: ./7}]}"),
        ("./7", "runs: {using: composite, steps: [{uses: ./8}]}"),
        ("./8", "runs: {using: composite, steps: [{uses: ./9}]}"),
        ("./9", "runs: {using: composite, steps: [{uses: ./node}]}"),
    ];
    let files = Files(CHAIN.into_iter().chain([("./node", NODE)]).collect());
    let found = steps("\n- uses: ./1", files);
    assert_eq!(found[9], "         Run ./node: Node { version: \"node24\", pre: false, post: false }");
}

#[test]
fn actions_that_multiply_are_cut_off() {
    let inner =
        "runs: {using: composite, steps: [{uses: ./a}, {uses: ./a}, {uses: ./a}, {uses: ./a}, {uses: ./a}]}";
    let text = "on: push\njobs: {a: {runs-on: linux, steps: [{uses: ./a}]}}";
    let preview = look(text, Files(HashMap::from([("./a", inner)])), Selection::default());
    assert!(preview.cut);
}
