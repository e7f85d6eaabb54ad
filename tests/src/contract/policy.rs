//! What every policy promises: see `act_core::decide`.

use std::sync::Arc;

use act_core::control::RemoteUses;
use act_core::decide::{
    CodePlace, JobContent, JobFacts, Policy, PolicyAsk, PolicyPhase, SecretUse, SecretWanted, StepContent,
    StepRuns, Trust, Used, Verdict,
};
use act_core::ids::{StepPath, StepRef};
use act_core::place::Placement;
use act_core::spec::SecretName;
use futures_util::future::join_all;

use crate::place::decision;

/// Makes an ask in every phase: a fork's pull request that runs an action and asks for a secret.
#[must_use]
pub fn asks() -> Vec<PolicyAsk> {
    let place = |line| CodePlace { file: ".github/workflows/ci.yml".to_owned(), line, column: 9 };
    let uses = RemoteUses {
        owner: "acme".to_owned(),
        repository: "deploy".to_owned(),
        path: String::new(),
        reference: "v1".to_owned(),
    };
    let step = StepContent {
        path: StepPath::job().step(0),
        id: None,
        name: None,
        place: place(7),
        runs: StepRuns::Action(Used::Remote { uses, pinned: false, commit: Some("c".repeat(40)) }),
    };
    let name = SecretName("DEPLOY_KEY".to_owned());
    let secret = SecretUse {
        wanted: SecretWanted::Named(name.clone()),
        place: place(9),
        step: Some(step.path.clone()),
    };
    let content =
        Arc::new(JobContent { steps: vec![step.clone()], secrets: vec![secret], ..JobContent::default() });
    let placement = || Placement { pool: Some("small".to_owned()), ..Placement::default() };
    let at = StepRef::main(step.path.clone());
    let phases = [
        PolicyPhase::JobQueued { content: content.clone() },
        PolicyPhase::JobStart { content, mapper: "test".to_owned(), placement: placement() },
        PolicyPhase::Launch { placement: placement(), decision: decision("octo/hello") },
        PolicyPhase::StepStart { step: at.clone(), content: step },
        PolicyPhase::Secret { name, step: Some(at), place: Some(place(9)) },
    ];
    let facts = JobFacts {
        repository: "octo/hello".to_owned(),
        job: Some("build".to_owned()),
        event_name: Some("pull_request".to_owned()),
        trust: Trust::Fork,
        ..JobFacts::default()
    };
    let ask = |phase| PolicyAsk {
        facts: facts.clone(),
        labels: vec!["ubuntu-latest".to_owned()],
        group: None,
        phase,
    };
    phases.into_iter().map(ask).collect()
}

/// Checks a policy with these asks, and returns its verdicts as they count. `make` gives a new one each time.
pub async fn policy(make: impl AsyncFn() -> Arc<dyn Policy>, asks: &[PolicyAsk]) -> Vec<Verdict> {
    let (one, other) = (make().await, make().await);
    assert!(!one.name().is_empty() && one.name() == other.name());
    let mut verdicts = Vec::new();
    for ask in asks {
        let verdict = one.judge(ask).await;
        assert_eq!(verdict, one.judge(ask).await, "the same ask gets the same verdict");
        assert_eq!(verdict, other.judge(ask).await, "whatever was asked before");
        assert_one_line(&verdict);
        verdicts.push(ask.clone().settle(verdict));
    }
    let together = join_all(asks.iter().map(|ask| one.judge(ask))).await;
    let settled = asks.iter().zip(together).map(|(ask, verdict)| ask.clone().settle(verdict));
    assert_eq!(settled.collect::<Vec<_>>(), verdicts, "asks do not disturb each other");
    verdicts
}

/// Checks that a policy changes only what a phase lets it change, and returns the verdicts.
pub async fn amends_in_phase(make: impl AsyncFn() -> Arc<dyn Policy>, asks: &[PolicyAsk]) -> Vec<Verdict> {
    let verdicts = policy(make, asks).await;
    for (ask, verdict) in asks.iter().zip(&verdicts) {
        assert!(!matches!(verdict, Verdict::Failed { .. }), "{}: {verdict:?}", ask.phase.name().as_str());
    }
    verdicts
}

fn assert_one_line(verdict: &Verdict) {
    let reason = match verdict {
        Verdict::Abstain => return,
        Verdict::Allow { reason }
        | Verdict::Deny { reason }
        | Verdict::Amend { reason, .. }
        | Verdict::Failed { reason, .. } => reason,
    };
    assert!(!reason.is_empty() && !reason.contains('\n'), "a reason is one line: {reason:?}");
}
