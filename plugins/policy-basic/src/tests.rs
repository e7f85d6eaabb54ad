use act_host_sdk::mock;

use super::*;

fn place(line: u32) -> CodePlace {
    CodePlace { file: ".github/workflows/ci.yml".into(), line, column: 9 }
}

fn remote(owner: &str, repository: &str, reference: &str) -> Used {
    Used::Remote(RemoteUses {
        owner: owner.into(),
        repository: repository.into(),
        path: String::new(),
        reference: reference.into(),
        pinned: reference.len() == 40,
        commit: None,
    })
}

fn step(line: u32, runs: StepRuns) -> StepContent {
    StepContent { path: line.to_string(), id: None, name: None, place: place(line), runs, attrs: Vec::new() }
}

fn queued(steps: Vec<Used>, secrets: Vec<SecretWanted>) -> Phase {
    let steps = (1..).zip(steps).map(|(line, used)| step(line, StepRuns::Action(used))).collect();
    let secrets = (20..)
        .zip(secrets)
        .map(|(line, wanted)| SecretUse { wanted, place: place(line), step: None })
        .collect();
    Phase::JobQueued(JobQueued { content: JobContent { steps, secrets, ..JobContent::default() } })
}

fn judge(phase: Phase, trust: Trust) -> Verdict {
    let mut ask = PolicyAsk { labels: vec!["linux".into()], ..PolicyAsk::of(phase) };
    ask.facts.trust = trust;
    Basic::judge(&ask).unwrap()
}

fn own(phase: Phase) -> Verdict {
    judge(phase, Trust::SameRepository)
}

fn started(placement: Placement) -> Phase {
    Phase::JobStart(JobStart { content: JobContent::default(), mapper: "m".into(), placement })
}

fn deny(reason: &str) -> Verdict {
    Verdict::deny(reason)
}

#[test]
fn without_settings_only_forks_are_judged() {
    let unpinned = || queued(vec![remote("anybody", "x", "main")], vec![SecretWanted::Whole]);
    assert_eq!(own(unpinned()), Verdict::Abstain);
    assert_eq!(own(started(Placement::new().cpus(1000))), Verdict::Abstain);
    let denied = deny("an event of a fork asks for all secrets (.github/workflows/ci.yml:20:9)");
    assert_eq!(judge(unpinned(), Trust::Fork), denied);
}

#[test]
fn actions_are_of_allowed_owners_and_pinned() {
    mock::settings(
        r#"{"actions": {"allowed": ["actions", "octo/*", "acme/tool"], "pinned": true, "unpinned": ["octo"]}}"#,
    );
    let commit = "08c6903cd8c0fde910a37f88322edcfb5dd907a8";
    let fine = vec![
        remote("Actions", "checkout", commit),
        remote("octo", "any", "v1"),
        remote("acme", "Tool", commit),
        Used::Local("./x".into()),
        Used::Image("alpine".into()),
    ];
    assert_eq!(own(queued(fine, vec![])), Verdict::Abstain);
    let at = "(.github/workflows/ci.yml:1:9)";
    for (used, reason) in [
        (
            remote("evil", "x", commit),
            format!("`evil/x@{commit}`: `evil` is not among the allowed owners {at}"),
        ),
        (
            remote("acme", "other", commit),
            format!("`acme/other@{commit}`: `acme` is not among the allowed owners {at}"),
        ),
        (
            remote("actions", "checkout", "v5"),
            format!("`actions/checkout@v5` is not pinned to a whole commit {at}"),
        ),
        (
            Used::Computed("${{ x }}".into()),
            format!("`${{{{ x }}}}`: what an expression makes cannot be judged before it runs {at}"),
        ),
    ] {
        assert_eq!(own(queued(vec![used.clone()], vec![])), deny(&reason));
        let start = StepStart { part: StepPart::Main, content: step(1, StepRuns::Action(used)) };
        assert_eq!(own(Phase::StepStart(start)), deny(&reason), "also where only the step shows it");
    }
    let two = own(queued(
        vec![remote("a", "x", commit), remote("b", "x", commit), remote("octo", "x", "v1")],
        vec![],
    ));
    assert!(matches!(&two, Verdict::Deny(reason) if reason.ends_with(", and 1 more")), "{two:?}");
}

#[test]
fn called_workflows_are_judged_as_actions_are() {
    mock::settings(r#"{"actions": {"allowed": [], "docker": false}}"#);
    let what = Used::Remote(RemoteUses {
        path: ".github/workflows/w.yml".into(),
        ..match remote("o", "r", "v1") {
            Used::Remote(remote) => remote,
            _ => unreachable!("made as such"),
        }
    });
    let workflows = vec![act_host_sdk::job::WorkflowUse { what, place: place(3) }];
    let content = JobContent { workflows, ..JobContent::default() };
    let denied = "`o/r/.github/workflows/w.yml@v1`: `o` is not among the allowed owners (.github/workflows/ci.yml:3:9)";
    assert_eq!(own(Phase::JobQueued(JobQueued { content })), deny(denied));
    let image = own(queued(vec![Used::Image("alpine".into())], vec![]));
    assert_eq!(
        image,
        deny("`docker://alpine`: images are not allowed as actions (.github/workflows/ci.yml:1:9)")
    );
}

#[test]
fn forks_get_only_the_secrets_that_are_allowed() {
    let named = |name: &str| SecretWanted::Named(name.into());
    let asks = |trust| {
        judge(queued(vec![], vec![named("github_token"), SecretWanted::Inherited, named("KEY")]), trust)
    };
    let at = "(.github/workflows/ci.yml:22:9)";
    assert_eq!(asks(Trust::Fork), deny(&format!("an event of a fork asks for the secret `KEY` {at}")));
    assert_eq!(
        asks(Trust::Unknown),
        deny(&format!("an event that may be a fork's asks for the secret `KEY` {at}"))
    );
    assert_eq!(asks(Trust::SameRepository), Verdict::Abstain);
    let used = |place| Phase::Secret(Secret { name: "KEY".into(), step: None, place });
    assert_eq!(judge(used(None), Trust::Fork), deny("an event of a fork asks for the secret `KEY`"));
    assert_eq!(
        judge(used(Some(place(7))), Trust::Fork),
        deny("an event of a fork asks for the secret `KEY` (.github/workflows/ci.yml:7:9)")
    );
    mock::settings(r#"{"forks": {"secrets": ["key"], "unknown": "own"}}"#);
    assert_eq!(judge(used(None), Trust::Fork), Verdict::Abstain);
    assert!(matches!(asks(Trust::Fork), Verdict::Deny(_)), "the list is the whole list: no GITHUB_TOKEN");
    assert_eq!(asks(Trust::Unknown), Verdict::Abstain);
    let computed = judge(queued(vec![], vec![SecretWanted::Computed]), Trust::Fork);
    assert!(matches!(computed, Verdict::Deny(_)), "any may be meant");
}

#[test]
fn labels_that_are_missing_are_denied_or_added() {
    mock::settings(r#"{"labels": {"required": ["LINUX", "audited"]}}"#);
    assert_eq!(own(queued(vec![], vec![])), deny("`runs-on` must have the labels `audited`"));
    mock::settings(r#"{"labels": {"required": ["LINUX", "audited"], "missing": "add"}}"#);
    let amended =
        Verdict::amend_labels(vec!["linux".into(), "audited".into()], "each job has the labels `audited`");
    assert_eq!(own(queued(vec![], vec![])), amended);
    mock::settings(r#"{"labels": {"required": ["linux"]}}"#);
    assert_eq!(own(queued(vec![], vec![])), Verdict::Abstain);
}

#[test]
fn resources_are_capped_or_denied() {
    let caps = r#""cpus": 8, "memory-gib": 32, "disk-gib": 100, "gpus": 0"#;
    mock::settings(&format!("{{\"resources\": {{{caps}}}}}"));
    let small = Placement::new().cpus(8).memory_gib(32).disk_gib(100);
    assert_eq!(own(started(small)), Verdict::Abstain);
    let large =
        Placement::new().cpu_millis(Amount::between(16_000, 64_000)).memory_gib(64).disk_gib(500).gpus(2);
    let patch = Placement::new().cpu_millis(Amount::between(8000, 8000)).memory_gib(32).disk_gib(100).gpus(0);
    let reason =
        "a job gets no more than 8 processors, 32 GiB of memory, 100 GiB of disk, 0 graphics processors";
    assert_eq!(own(started(large.clone())), Verdict::amend_placement(patch, reason));
    let range = Placement::new().cpu_millis(Amount::between(4000, 16_000));
    let patch = Placement::new().cpu_millis(Amount::between(4000, 8000));
    let bounded = Verdict::amend_placement(patch, "the machine is no larger than a job may ask for");
    assert_eq!(own(started(range.clone())), bounded);
    mock::settings(&format!("{{\"resources\": {{{caps}, \"over\": \"deny\"}}}}"));
    assert_eq!(own(started(large)), deny(reason));
    assert_eq!(own(started(range)), bounded, "what it needs at least is within the cap");
}
