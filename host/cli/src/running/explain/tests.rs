use std::sync::Arc;

use act_core::decide::{
    Changes, LabelAsk, LabelMapper, Mapped, PhaseName, Policy, PolicyAsk, PolicyPhase, Verdict,
};
use act_core::place::Placement;

use super::*;
use crate::running::dry::tests::{Near, looked_at};

/// Answers every ask alike.
struct Says(Mapped);

#[async_trait::async_trait]
impl LabelMapper for Says {
    fn name(&self) -> &str {
        "acme"
    }

    async fn map(&self, _: &LabelAsk) -> Mapped {
        self.0.clone()
    }
}

fn not_mine() -> Mapped {
    Mapped::NotMine { reason: "no pool of that name".to_owned(), label: None }
}

fn explained(workflow: &str, first: Mapped, named: &[&str]) -> (String, String, Exit) {
    judged(workflow, first, named, Vec::new())
}

fn judged(
    workflow: &str,
    first: Mapped,
    named: &[&str],
    policies: Vec<Arc<dyn Policy>>,
) -> (String, String, Exit) {
    let (request, found) = looked_at(workflow, vec![Arc::new(Says(first)), Arc::new(Near)], policies);
    let instances = instances(&found);
    let (mut shown, mut lines) = (String::new(), String::new());
    text::workflow(&request.started, &instances, found.cut, &mut shown);
    json::lines(&request.started, &instances, &mut lines);
    let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
    // The machine that the tests run on.
    let anywhere = |text: String| text.replace("X64", "ARCH").replace("ARM64", "ARCH");
    (anywhere(shown), anywhere(lines), exit_of(&instances, &named))
}

const WORKFLOW: &str = "
on: push
jobs:
  build:
    strategy: {matrix: {os: [linux, mac]}}
    name: Build on ${{ matrix.os }}
    runs-on: ${{ matrix.os }}
    steps: [{run: a}]
  off: {if: github.ref == 'refs/heads/dev', runs-on: linux, steps: [{run: a}]}
  later:
    needs: build
    runs-on: ${{ needs.build.outputs.os }}
    steps: [{run: a}]
  call: {needs: build, if: always(), uses: ./.github/workflows/called.yml}
";

#[test]
fn each_instance_is_told_with_labels_mappers_placement_and_decision() {
    let (shown, lines, exit) = explained(WORKFLOW, not_mine(), &[]);
    insta::assert_snapshot!(shown, @"
    CI (ci.yml) on push refs/heads/main
      build.0  Build on linux  (would run: needs nothing)
        labels     linux  ci.yml:7
        mapper     acme: not mine: no pool of that name
        mapper     near: mine: here
        placement  anywhere
        decision   this machine: processes on this machine, Linux ARCH
        a process
          folder: /m
      build.1  Build on mac  (would run: needs nothing)
        labels     mac  ci.yml:7
        mapper     acme: not mine: no pool of that name
        mapper     near: mine: here
        placement  anywhere
        decision   this machine: processes on this machine, Linux ARCH
      off  (skipped: its condition is false)
      later  (deferred: if build succeeds)
        labels     depends on needs.build.outputs.os  ci.yml:12
      call  (would run: however build ends)
        calls      ./.github/workflows/called.yml
      call/inner  call / inner  (would run: needs nothing)
        labels     mac  called.yml:3
        mapper     acme: not mine: no pool of that name
        mapper     near: mine: here
        placement  anywhere
        decision   this machine: processes on this machine, Linux ARCH
      call/next  call / next  (deferred: if inner succeeds)
        labels     mac  called.yml:4
        mapper     acme: not mine: no pool of that name
        mapper     near: mine: here
        placement  anywhere
        decision   this machine: processes on this machine, Linux ARCH
    ");
    insta::assert_snapshot!(lines.lines().next().unwrap(), @r#"{"workflow":"CI","file":"ci.yml","job":"build","key":"build.0","name":"Build on linux","status":"run","reason":"needs nothing","matrix":{"os":"linux"},"runs_on":{"file":"ci.yml","line":7,"column":14},"verdicts":[],"labels":["linux"],"mapper":"near","placement":{},"answers":[{"mapper":"acme","answer":"not-mine","reason":"no pool of that name"},{"mapper":"near","answer":"mine","placement":{},"reason":"here"}],"scheduler":"this machine","documents":[{"title":"a process","text":"folder: /m\n"}],"decision":{"shape":{"kind":"process","os":"Linux","arch":"ARCH"},"bind":{"repository":"o/r","deadline":{"secs":21600,"nanos":0},"labels":{"job":"build","key":"build.0","run-id":"00000000010000000000000002","workflow":"CI"}}}}"#);
    assert_eq!(exit, Exit::Success);
}

#[test]
fn the_code_tells_whether_what_was_asked_for_would_run() {
    let code = |first: Mapped, named: &[&str]| explained(WORKFLOW, first, named).2;
    assert_eq!(code(not_mine(), &["build"]), Exit::Success);
    assert_eq!(code(not_mine(), &["OFF"]), Exit::JobFailed);
    let malformed = Mapped::Malformed { reason: "two sizes".to_owned(), nearest: Some("big".to_owned()) };
    assert_eq!(code(malformed, &[]), Exit::JobFailed);
    let failed = |needs: Option<&str>| Mapped::Failed {
        reason: "it trapped".to_owned(),
        needs: needs.map(str::to_owned),
    };
    assert_eq!(code(failed(Some("http")), &[]), Exit::JobFailed);
    assert_eq!(code(failed(None), &[]), Exit::Infrastructure);
}

#[test]
fn what_nobody_places_and_what_nobody_can_say_is_told_apart() {
    let workflow = "on: push\njobs:\n  a: {runs-on: moon, steps: [{run: a}]}\n";
    insta::assert_snapshot!(explained(workflow, not_mine(), &[]).0, @"
    CI (ci.yml) on push refs/heads/main
      a  (unplaced: nothing here runs `runs-on: moon`: no pool of that name; no `moon` here)
        hint: `-P moon=-self-hosted` runs jobs with this label on this machine
        labels     moon  ci.yml:3
        mapper     acme: not mine: no pool of that name
        mapper     near: not mine: no `moon` here
    ");
    let needs = Mapped::Failed { reason: "http is not linked".to_owned(), needs: Some("http".to_owned()) };
    insta::assert_snapshot!(explained(workflow, needs, &[]).0, @"
    CI (ci.yml) on push refs/heads/main
      a  (unknown: it takes http to say, which is not given here)
        labels     moon  ci.yml:3
        mapper     acme: unknown, needs http
    ");
}

/// Amends labels and placement, and keeps secrets away.
struct Careful;

#[async_trait::async_trait]
impl Policy for Careful {
    fn name(&self) -> &str {
        "careful"
    }

    async fn judge(&self, ask: &PolicyAsk) -> Verdict {
        let reason = "no bare metal for forks".to_owned();
        match &ask.phase {
            PolicyPhase::JobQueued { .. } => {
                Verdict::Amend { changes: Changes::Labels(vec!["linux".to_owned()]), reason }
            }
            PolicyPhase::JobStart { .. } => {
                let patch = Placement { pool: Some("guests".to_owned()), ..Placement::default() };
                Verdict::Amend { changes: Changes::Placement(patch), reason }
            }
            phase if phase.name() == PhaseName::Secret => {
                Verdict::Deny { reason: "secrets are not for forks".to_owned() }
            }
            _ => Verdict::Abstain,
        }
    }
}

#[test]
fn what_policies_change_and_deny_is_told_with_its_place() {
    let workflow = "
on: push
jobs:
  plain: {runs-on: bare, steps: [{run: a}]}
  asks:
    runs-on: bare
    steps:
      - run: a
        env: {T: '${{ secrets.TOKEN }}'}
";
    let (shown, lines, exit) = judged(workflow, not_mine(), &[], vec![Arc::new(Careful)]);
    insta::assert_snapshot!(shown, @"
    CI (ci.yml) on push refs/heads/main
      plain  (would run: needs nothing)
        labels     bare  ci.yml:4
        policy     careful (job-queued): amends labels to linux: no bare metal for forks
        mapper     acme: not mine: no pool of that name
        mapper     near: mine: here
        policy     careful (job-start): amends the placement by pool guests: no bare metal for forks
        placement  pool guests
        decision   this machine: processes on this machine, Linux ARCH
        policy     careful (launch): abstains
        a process
          folder: /m
      asks  (denied: `secrets.TOKEN` by careful: secrets are not for forks, ci.yml:9)
        labels     bare  ci.yml:6
        policy     careful (job-queued): amends labels to linux: no bare metal for forks
        policy     careful (secret, secrets.TOKEN): denies: secrets are not for forks  ci.yml:9
    ");
    insta::assert_snapshot!(lines, @r#"
    {"workflow":"CI","file":"ci.yml","job":"plain","key":"plain","name":"plain","status":"run","reason":"needs nothing","runs_on":{"file":"ci.yml","line":4,"column":20},"written":["bare"],"verdicts":[{"phase":"job-queued","policy":"careful","verdict":"amend","changes":{"what":"labels","to":["linux"]},"reason":"no bare metal for forks","place":{"file":"ci.yml","line":4,"column":3}},{"phase":"job-start","policy":"careful","verdict":"amend","changes":{"what":"placement","to":{"pool":"guests"}},"reason":"no bare metal for forks","place":{"file":"ci.yml","line":4,"column":3}},{"phase":"launch","policy":"careful","verdict":"abstain","place":{"file":"ci.yml","line":4,"column":3}}],"labels":["linux"],"mapper":"near","placement":{"pool":"guests"},"answers":[{"mapper":"acme","answer":"not-mine","reason":"no pool of that name"},{"mapper":"near","answer":"mine","placement":{},"reason":"here"}],"scheduler":"this machine","documents":[{"title":"a process","text":"folder: /m\n"}],"decision":{"shape":{"kind":"process","os":"Linux","arch":"ARCH"},"bind":{"repository":"o/r","deadline":{"secs":21600,"nanos":0},"labels":{"job":"plain","key":"plain","run-id":"00000000010000000000000002","workflow":"CI"}}}}
    {"workflow":"CI","file":"ci.yml","job":"asks","key":"asks","name":"asks","status":"denied","reason":"`secrets.TOKEN` by careful: secrets are not for forks","place":{"file":"ci.yml","line":9,"column":18},"runs_on":{"file":"ci.yml","line":6,"column":14},"written":["bare"],"verdicts":[{"phase":"job-queued","policy":"careful","verdict":"amend","changes":{"what":"labels","to":["linux"]},"reason":"no bare metal for forks","place":{"file":"ci.yml","line":5,"column":3}},{"phase":"secret","policy":"careful","verdict":"deny","reason":"secrets are not for forks","step":{"path":"0"},"secret":"TOKEN","place":{"file":"ci.yml","line":9,"column":18}}],"labels":["linux"],"answers":[],"scheduler":"this machine","documents":[]}
    "#);
    assert_eq!(exit, Exit::JobFailed);
}
