//! What plugins answer reaches the core as they meant it, made fit.

use act_core::decide::{Case, JobFacts, Mapped, Ruling, Seen, Verdict};
use act_core::ids::{Attempt, JobKey, Launch, LaunchId, RunId};
use act_core::place::{Arch, Bind, Os, Placement, Shape};
use act_plugins::OnError;
use act_plugins::grants::{DecisionGrant, DecisionKind};
use jiff::Timestamp;

use crate::guests::{Guest, answer, mapper, not_mine, policy, scheduler};
use crate::support::{Bench, map, policy_ask};

#[tokio::test]
async fn a_mapper_answers_in_each_way() {
    let bench = Bench::new();
    let told = bench.load("not-mine", &not_mine("no label \u{1b}[31mfits")).await;
    assert_eq!(map(&told).await, Mapped::NotMine { reason: "no label fits".into(), label: None });
    let wrong = bench.load("malformed", &answer(mapper(""), &[(8, 2)], 16, "::error::cpu=x")).await;
    assert_eq!(map(&wrong).await, Mapped::Malformed { reason: ": :error::cpu=x".into(), nearest: None });
    // `placement.os` is at 16, the reason behind all of the placement.
    let mine = bench.load("mine", &answer(mapper(""), &[(16, 1), (17, 1)], 176, "a mac")).await;
    let placement = Placement { os: Some(Os::MacOs), ..Placement::default() };
    assert_eq!(map(&mine).await, Mapped::Mine { placement, reason: "a mac".into() });
}

#[tokio::test]
async fn an_error_of_the_guest_is_a_failure_that_names_it_and_uses_up_nothing() {
    let bench = Bench::new();
    let guest = answer(mapper(""), &[(0, 1)], 20, "the catalogue is away");
    let plugin = bench.load("labels", &guest).await;
    for _ in 0..10 {
        let Mapped::Failed { reason, needs: None } = map(&plugin).await else { panic!("an answer") };
        let digest = plugin.digest().short();
        assert_eq!(reason, format!("plugin `labels` 1.2.3 ({digest}), `map-labels`: the catalogue is away"));
    }
    let next = bench.load_with("next", &guest, |spec| spec.on_error = OnError::Next).await.unwrap();
    let Mapped::NotMine { reason, .. } = map(&next).await else { panic!("no way on") };
    assert!(reason.contains("it failed, and the next one is asked") && reason.contains("`next`"), "{reason}");
}

#[tokio::test]
async fn a_policy_answers_and_fails_closed() {
    let bench = Bench::new();
    let ask = policy_ask();
    let abstains = bench.load("abstains", &answer(policy(""), &[], 64, "")).await;
    assert_eq!(abstains.policy().unwrap().judge(&ask).await, Verdict::Abstain);
    let denies = bench.load("denies", &answer(policy(""), &[(8, 2)], 16, "not pinned")).await;
    assert_eq!(denies.policy().unwrap().judge(&ask).await, Verdict::Deny { reason: "not pinned".into() });
    let traps =
        bench.load_with("traps", &policy("unreachable"), |spec| spec.on_error = OnError::Next).await.unwrap();
    for _ in 0..8 {
        let verdict = traps.policy().unwrap().judge(&ask).await;
        assert!(verdict.denial().is_some_and(|why| why.contains("plugin `traps` 1.2.3")), "{verdict:?}");
    }
    assert!(abstains.mapper().is_none() && abstains.scheduler().is_none());
}

fn case() -> Case {
    let job = "build".parse::<JobKey>().unwrap();
    Case {
        launch: LaunchId { run: RunId::from_parts(1, 2), job, attempt: Attempt(1), launch: Launch(1) },
        facts: JobFacts::default(),
        placement: Placement::default(),
        hop: 0,
        bind: Bind { repository: "owner/name".into(), ..Bind::default() },
        now: Timestamp::UNIX_EPOCH,
        waiting_since: Timestamp::UNIX_EPOCH,
        history: Vec::new(),
    }
}

#[tokio::test]
async fn a_scheduler_rules_within_its_grants() {
    let bench = Bench::new();
    let waits = bench.load("waits", &answer(scheduler(""), &[(8, 1), (17, 1)], 24, "no room")).await;
    let wait = Ruling::Wait { until: Timestamp::from_millisecond(256).unwrap(), reason: "no room".into() };
    assert_eq!(waits.scheduler().unwrap().decide(&case()).await, wait);
    let lost = Seen::Lost { text: "gone".into() };
    assert_eq!(waits.scheduler().unwrap().react(&case(), &lost).await, wait);

    let keeps = bench.load("keeps", &answer(scheduler(""), &[(8, 4)], 64, "")).await.scheduler().unwrap();
    assert_eq!(keeps.react(&case(), &lost).await, Ruling::Keep);
    assert!(matches!(keeps.decide(&case()).await, Ruling::Failed { .. }));

    // All zero: a process on Linux, X86, with an empty repository.
    let here = answer(scheduler(""), &[], 4000, "");
    let Ruling::Failed { reason, .. } =
        bench.load("here", &here).await.scheduler().unwrap().decide(&case()).await
    else {
        panic!("decided without a grant")
    };
    assert!(reason.contains("`process`"), "{reason}");
    let request = "[request.decisions]\nwhy = 'runs here'\nkinds = ['process']".to_owned();
    let here = Guest { request, ..here };
    let refused = bench.load_with("asks", &here, |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("[plugin.grant.decisions]") && refused.contains("\"process\""), "{refused}");
    let grant = DecisionGrant { kinds: vec![DecisionKind::Process] };
    let granted =
        bench.load_with("granted", &here, |spec| spec.grants.decisions = Some(grant)).await.unwrap();
    let Ruling::Launch(made) = granted.scheduler().unwrap().decide(&case()).await else {
        panic!("not launched")
    };
    assert_eq!(made.shape, Shape::Process { os: Os::Linux, arch: Arch::X86 });
    assert_eq!(made.bind.repository, "owner/name");
}
