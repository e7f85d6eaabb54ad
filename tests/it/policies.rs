//! What policies do to a run: they see it at every phase, change it or deny it.

use std::sync::Arc;

use act_core::Conclusion;
use act_core::Loss;
use act_core::control::CancelStage;
use act_core::decide::{
    Changes, LabelAsk, LabelMapper, Mapped, PhaseName, Policy, PolicyAsk, PolicyPhase, SecretWanted,
    StepRuns, Trust, Used, Verdict,
};
use act_core::event::Event;
use act_core::place::Placement;
use act_engine::Cancel;
use act_engine::preview::{
    ActionPlace, Around, Fate, FoundManifest, JobPreview, LegPreview, MachinePreview, Manifests, Work, Would,
    preview,
};
use act_local::LocalLabels;
use act_tests::contract::policy;
use act_tests::decide::{Judges, Silent, deny};
use act_tests::engine::{FILE, Project};
use async_trait::async_trait;

const DEPLOY: &str = "
on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo built
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: echo start
      - run: echo $KEY
        env:
          KEY: ${{ secrets.DEPLOY_KEY }}
";

fn no_secrets_for_forks(ask: &PolicyAsk) -> Verdict {
    match (&ask.phase, ask.facts.trust) {
        (PolicyPhase::Secret { .. }, Trust::Fork) => deny("forks get no secrets"),
        _ => Verdict::Abstain,
    }
}

#[tokio::test]
async fn a_fork_that_asks_for_a_secret_is_denied_with_file_and_line_before_anything_runs() {
    let told = Project::new(DEPLOY)
        .from_a_fork()
        .secret("DEPLOY_KEY", "s3cret")
        .policy(Judges("no-secrets", no_secrets_for_forks))
        .run()
        .await;
    let denied = "`secrets.DEPLOY_KEY` is denied by policy no-secrets: forks get no secrets";
    assert_eq!(told.errors(), [format!("{FILE}:14: {denied}")]);
    assert_eq!(told.step_ends(), ["0-main success"], "only the other job runs");
    assert_eq!((told.end.conclusion, told.end.infrastructure), (Conclusion::Failure, false));
    assert!(!told.has(|event| matches!(event, Event::JobStarted { name, .. } if name == "deploy")));
    let own = Project::new(DEPLOY).secret("DEPLOY_KEY", "s3cret");
    let told = own.policy(Judges("no-secrets", no_secrets_for_forks)).run().await;
    assert_eq!((told.end.conclusion, told.errors()), (Conclusion::Success, vec![]));
}

#[tokio::test]
async fn a_called_workflow_is_denied_what_is_handed_to_it() {
    let caller = "
on: pull_request
jobs:
  call:
    uses: ./.github/workflows/called.yml
    secrets: inherit
";
    let called = "
on: workflow_call
jobs:
  inner: { runs-on: ubuntu-latest, steps: [{ run: echo }] }
";
    let told = Project::new(caller)
        .called("./.github/workflows/called.yml", called)
        .from_a_fork()
        .policy(Judges("no-secrets", no_secrets_for_forks))
        .run()
        .await;
    let denied = "`secrets.*` is denied by policy no-secrets: forks get no secrets";
    assert_eq!(told.errors(), [format!("{FILE}:6: {denied}")]);
}

const ONE: &str = "
on: push
jobs:
  build:
    runs-on: anything
    steps:
      - run: echo 1
      - run: echo 2
      - run: echo 3
        if: always()
";

/// Maps `anything`, and nothing else.
struct Anything;

#[async_trait]
impl LabelMapper for Anything {
    fn name(&self) -> &str {
        "anything"
    }

    async fn map(&self, ask: &LabelAsk) -> Mapped {
        let reason = ask.labels.join(", ");
        if reason != "anything" {
            return Mapped::NotMine { reason, label: None };
        }
        let placement = Placement { pool: Some("small".to_owned()), ..Placement::default() };
        Mapped::Mine { placement, reason }
    }
}

#[tokio::test]
async fn amends_show_in_what_comes_after_them_and_in_the_log() {
    let labels = |ask: &PolicyAsk| match &ask.phase {
        PolicyPhase::JobQueued { .. } => Verdict::Amend {
            changes: Changes::Labels(vec!["ubuntu-latest".to_owned()]),
            reason: "one size".to_owned(),
        },
        _ => Verdict::Abstain,
    };
    let pool = |ask: &PolicyAsk| match &ask.phase {
        PolicyPhase::JobStart { mapper, .. } => {
            assert_eq!(
                (mapper.as_str(), &ask.labels[..]),
                ("this machine", &["ubuntu-latest".to_owned()][..])
            );
            let patch = Placement { pool: Some("safe".to_owned()), ..Placement::default() };
            Verdict::Amend { changes: Changes::Placement(patch), reason: "safer".to_owned() }
        }
        PolicyPhase::Launch { placement, .. } if placement.pool.as_deref() != Some("safe") => deny("unsafe"),
        _ => Verdict::Abstain,
    };
    let told = Project::new(ONE).policy(Judges("labels", labels)).policy(Judges("pool", pool)).run().await;
    assert_eq!((told.errors(), told.end.conclusion), (vec![], Conclusion::Success));
    let placed = told.events.iter().find_map(|(_, event)| match event {
        Event::JobPlaced(placed) => Some((placed.labels.join(","), placed.placement.pool.clone())),
        _ => None,
    });
    assert_eq!(placed, Some(("ubuntu-latest".to_owned(), Some("safe".to_owned()))));
    let said = |said: &act_core::event::JobJudged| {
        let word = if let Verdict::Amend { .. } = said.verdict { "amends" } else { "abstains" };
        format!("{} {} {word}", said.phase.as_str(), said.policy)
    };
    assert_eq!(
        told.verdicts().into_iter().map(said).collect::<Vec<_>>(),
        [
            "job-queued labels amends",
            "job-queued pool abstains",
            "job-start labels abstains",
            "job-start pool amends",
            "launch labels abstains",
            "launch pool abstains",
            "step-start labels abstains",
            "step-start pool abstains",
        ],
        "three steps, and each abstains once a phase"
    );
}

#[tokio::test]
async fn a_policy_that_fails_denies_and_is_an_infrastructure_failure() {
    let wrong = |ask: &PolicyAsk| match &ask.phase {
        PolicyPhase::Launch { .. } => {
            Verdict::Amend { changes: Changes::Labels(Vec::new()), reason: "too late".to_owned() }
        }
        _ => Verdict::Abstain,
    };
    let after = |_: &PolicyAsk| Verdict::Abstain;
    let project = Project::new(ONE).mapper(Anything).policy(Judges("late", wrong));
    let told = project.policy(Judges("after", after)).run().await;
    let why = "labels cannot be amended in `launch`, only in `job-queued`";
    assert_eq!(told.errors(), [format!("{FILE}:4: denied by policy late, which failed: {why}")]);
    assert!(told.end.infrastructure && told.step_ends().is_empty());
    let (_, Event::JobFinished { loss: Some(Loss::Policy(loss)), .. }) = told.finished("build") else {
        panic!("{:?}", told.finished("build"))
    };
    assert_eq!(*loss, format!("the policy late failed: {why}"));
    let asked = told.verdicts().iter().any(|said| said.phase == PhaseName::Launch && said.policy == "after");
    assert!(!asked, "nobody is asked after a denial");
}

#[tokio::test]
async fn a_step_that_is_denied_fails_where_it_is_written_and_posts_run_all_the_same() {
    let workflow = "
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/guard@v1
      - run: echo 2
      - run: echo 3
      - run: echo 4
        if: always()
";
    let guard = ("action.yml", "{name: g, description: g, runs: {using: node20, main: a.js, post: a.js}}");
    let second = |ask: &PolicyAsk| match &ask.phase {
        PolicyPhase::StepStart { step, content } if step.to_string() == "0-main" => match &content.runs {
            StepRuns::Action(Used::Remote { uses, pinned: false, commit: Some(commit) }) => {
                assert_eq!((uses.to_string().as_str(), commit.len()), ("acme/guard@v1", 40));
                Verdict::Allow { reason: "known".to_owned() }
            }
            other => panic!("{other:?}"),
        },
        PolicyPhase::StepStart { step, .. } if step.to_string() == "1-main" => deny("not this"),
        _ => Verdict::Abstain,
    };
    let project = Project::new(workflow).action("acme/guard@v1", &[guard, ("a.js", "")]);
    let told = project.policy(Judges("steps", second)).run().await;
    assert_eq!(
        told.step_ends(),
        ["0-main success", "1-main failure", "2-main skipped", "3-main success", "0-post success"]
    );
    assert_eq!(told.errors(), [format!("{FILE}:8: denied by policy steps: not this")]);
    assert_eq!((told.end.conclusion, told.end.infrastructure), (Conclusion::Failure, false));
}

#[tokio::test]
async fn a_policy_that_fails_at_a_step_makes_the_job_a_loss_whoever_forgives_the_step() {
    let workflow = "
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo 1
        continue-on-error: true
      - run: echo 2
";
    let traps = |ask: &PolicyAsk| match &ask.phase {
        PolicyPhase::StepStart { step, .. } if step.to_string() == "0-main" => Verdict::failed("trap".into()),
        _ => Verdict::Abstain,
    };
    let told = Project::new(workflow).policy(Judges("traps", traps)).run().await;
    assert_eq!(told.step_ends(), ["0-main success", "1-main success"]);
    assert_eq!((told.end.conclusion, told.end.infrastructure), (Conclusion::Failure, true));
}

#[tokio::test]
async fn a_secret_whose_name_is_computed_is_judged_when_it_is_used() {
    let workflow = "
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo $KEY
        env:
          KEY: ${{ secrets[format('{0}_KEY', github.ref_name)] || secrets[format('{0}_KEY', 'PROD')] }}
";
    let no_prod = |ask: &PolicyAsk| match &ask.phase {
        PolicyPhase::Secret { name, .. } if name.0 == "*" => Verdict::Allow { reason: "we shall see".into() },
        PolicyPhase::Secret { name, place, .. } if name.0 == "PROD_KEY" => {
            deny(&format!("line {}", place.as_ref().unwrap().line))
        }
        PolicyPhase::JobQueued { content } => {
            assert_eq!(content.secrets[0].wanted, SecretWanted::Computed);
            Verdict::Abstain
        }
        _ => Verdict::Abstain,
    };
    let told = Project::new(workflow).secret("PROD_KEY", "x1y2").policy(Judges("prod", no_prod)).run().await;
    assert_eq!(told.step_ends(), ["0-main failure"]);
    let [error] = &told.errors()[..] else { panic!("{:?}", told.errors()) };
    assert!(error.contains("denied by policy prod: line 9"), "{error}");
}

#[tokio::test]
async fn a_cancellation_does_not_wait_for_a_policy() {
    let hasty = ONE.replace("if: always()", "if: success()");
    for phase in [PhaseName::JobQueued, PhaseName::JobStart, PhaseName::Launch, PhaseName::StepStart] {
        let cancel = Cancel::root();
        let mut running =
            Box::pin(Project::new(&hasty).mapper(Anything).policy(Silent(phase)).run_until(&cancel));
        let silent = tokio::time::timeout(std::time::Duration::from_millis(300), &mut running).await;
        assert!(silent.is_err(), "{}", phase.as_str());
        cancel.raise(CancelStage::Cancel);
        let told = running.await;
        assert_eq!(told.end.conclusion, Conclusion::Cancelled, "{}", phase.as_str());
        let ran = told.step_ends().iter().any(|end| end == "0-main success");
        assert!(!ran, "{}", phase.as_str());
    }
}

#[tokio::test]
async fn a_run_without_policies_tells_nothing_of_them() {
    let told = Project::new(DEPLOY).secret("DEPLOY_KEY", "s3cret").run().await;
    assert!(told.verdicts().is_empty() && told.end.conclusion == Conclusion::Success);
}

#[tokio::test]
async fn a_policy_keeps_its_promises() {
    let make = async || Arc::new(Judges("no-secrets", no_secrets_for_forks)) as Arc<dyn Policy>;
    let verdicts = policy::amends_in_phase(make, &policy::asks()).await;
    let denied: Vec<_> = verdicts.iter().map(|verdict| verdict.denial().is_some()).collect();
    assert_eq!(denied, [false, false, false, false, true]);
}

#[tokio::test]
async fn an_amend_counts_in_its_own_phase_only() {
    let labels = |_: &PolicyAsk| Verdict::Amend { changes: Changes::Labels(vec![]), reason: "so".into() };
    let make = async || Arc::new(Judges("labels", labels)) as Arc<dyn Policy>;
    let verdicts = policy::policy(make, &policy::asks()).await;
    let failed: Vec<_> = verdicts.iter().map(|verdict| matches!(verdict, Verdict::Failed { .. })).collect();
    assert_eq!(failed, [false, true, true, true, true]);
}

/// Looks ahead on a run, with the mapper of this machine behind `mapper`.
async fn ahead(project: &Project) -> Vec<JobPreview> {
    let own: Arc<dyn LabelMapper> = Arc::new(LocalLabels::new(Vec::new()));
    let mappers: Vec<_> = project.mappers.iter().cloned().chain([own]).collect();
    let around = Around {
        mappers: &mappers,
        policies: &project.policies,
        scheduler: &*project.scheduler,
        describe: &|_| Vec::new(),
        manifests: &NoManifests,
    };
    preview(&project.request(), &around).await.jobs
}

struct NoManifests;

impl Manifests for NoManifests {
    fn find(&self, _: &ActionPlace) -> FoundManifest {
        FoundManifest::NotFetched
    }
}

fn machine(job: &JobPreview) -> &MachinePreview {
    let [LegPreview { work: Work::Machine(machine), .. }] = &job.legs[..] else { panic!("{job:?}") };
    machine
}

#[tokio::test]
async fn a_preview_says_who_would_be_denied_and_where() {
    let project = Project::new(DEPLOY).from_a_fork().policy(Judges("no-secrets", no_secrets_for_forks));
    let jobs = ahead(&project).await;
    let [build, deploy] = &jobs[..] else { panic!("{jobs:?}") };
    assert_eq!(build.legs[0].would(), Would::Run);
    let Would::Denied(denial) = deploy.legs[0].would() else { panic!("{deploy:?}") };
    assert_eq!((denial.policy.as_str(), denial.place.line), ("no-secrets", 14));
    let line =
        format!("`secrets.DEPLOY_KEY` is denied by policy no-secrets: forks get no secrets ({FILE}:14:16)");
    assert_eq!(deploy.legs[0].would().reasons(), [line.as_str()]);
    assert_eq!(deploy.fate, Fate::Fail(vec![line]));
    let machine = machine(deploy);
    assert!(machine.answers.is_empty(), "nobody is asked where a denied job belongs");
    let phases: Vec<_> = machine.verdicts.iter().map(|said| (said.phase, said.verdict.denial())).collect();
    assert_eq!(phases, [(PhaseName::JobQueued, None), (PhaseName::Secret, Some("forks get no secrets"))]);
    assert_eq!(machine.verdicts[1].place.as_ref().unwrap().line, 14);
}

#[tokio::test]
async fn a_preview_shows_amends_and_leaves_open_what_is_open() {
    let labels = |ask: &PolicyAsk| match &ask.phase {
        PolicyPhase::JobQueued { .. } => Verdict::Amend {
            changes: Changes::Labels(vec!["ubuntu-latest".to_owned()]),
            reason: "one size".to_owned(),
        },
        _ => Verdict::Abstain,
    };
    let jobs = ahead(&Project::new(ONE).policy(Judges("labels", labels))).await;
    let found = machine(&jobs[0]);
    assert_eq!((&found.labels[..], found.place.line), (&["anything".to_owned()][..], 5));
    assert_eq!(found.ask.now().unwrap().labels, ["ubuntu-latest"]);
    assert_eq!(found.would, Would::Run);
    let open = "
on: push
jobs:
  a: { runs-on: ubuntu-latest, outputs: { l: x }, steps: [{ run: echo }] }
  b: { needs: a, runs-on: '${{ needs.a.outputs.l }}', steps: [{ run: echo }] }
";
    let jobs = ahead(&Project::new(open).policy(Judges("labels", labels))).await;
    let found = machine(&jobs[1]);
    assert!(matches!(found.would, Would::Deferred(_)) && found.verdicts.is_empty(), "{found:?}");
}

#[tokio::test]
async fn a_preview_tells_a_failure_from_a_capability_that_is_missing() {
    let fails = |needs: Option<&'static str>| {
        move |_: &PolicyAsk| Verdict::Failed {
            reason: "no answer".to_owned(),
            needs: needs.map(str::to_owned),
        }
    };
    let jobs = ahead(&Project::new(ONE).policy(Judges("asks", fails(Some("http"))))).await;
    let Would::Unknown { needs, .. } = jobs[0].legs[0].would() else { panic!("{jobs:?}") };
    assert_eq!(needs, "http");
    let jobs = ahead(&Project::new(ONE).policy(Judges("asks", fails(None)))).await;
    assert!(matches!(jobs[0].legs[0].would(), Would::Failed(_)), "{jobs:?}");
    let jobs = ahead(&Project::new(ONE)).await;
    assert!(matches!(jobs[0].legs[0].would(), Would::Unplaced(_)), "{jobs:?}");
}
