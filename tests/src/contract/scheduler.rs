//! What every scheduler promises: see `act_core::decide`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use act_core::decide::{Case, ImageTrouble, JobFacts, PastLaunch, Ruling, Scheduler, Seen, Sighting};
use act_core::place::{Bind, Decision, Placement};
use jiff::Timestamp;

use crate::place::launch;

/// Makes the case of a first launch.
#[must_use]
pub fn case(placement: Placement) -> Case {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let bind = Bind {
        repository: "octo/hello".to_owned(),
        deadline: Some(Duration::from_secs(3600)),
        labels: BTreeMap::from([("team".to_owned(), "core".to_owned())]),
        ..Bind::default()
    };
    let facts = JobFacts { repository: "octo/hello".to_owned(), ..JobFacts::default() };
    Case { launch: launch(), facts, placement, hop: 0, bind, now, waiting_since: now, history: Vec::new() }
}

/// Everything that may be seen of a launch.
#[must_use]
pub fn sightings(now: Timestamp) -> Vec<Seen> {
    let text = || "what the backend says".to_owned();
    vec![
        Seen::Pending { reason: text(), since: now },
        Seen::Unschedulable { text: text() },
        Seen::Quota { text: text() },
        Seen::Image { kind: ImageTrouble::BackOff, text: text() },
        Seen::Evicted { started: false, text: text() },
        Seen::OutOfMemory { text: text() },
        Seen::Lost { text: text() },
        Seen::Other { code: "refused".to_owned(), text: text() },
    ]
}

/// Checks a scheduler with placements that it launches and some that it cannot. `make` gives a new one each time.
pub async fn scheduler(
    make: impl AsyncFn() -> Arc<dyn Scheduler>,
    launched: &[Placement],
    failed: &[Placement],
) {
    let (one, other) = (make().await, make().await);
    assert!(!one.name().is_empty() && one.name() == other.name());
    for placement in [launched, failed].concat() {
        let case = case(placement);
        let ruling = one.decide(&case).await;
        assert_eq!(ruling, one.decide(&case).await, "the same case gets the same ruling");
        assert_eq!(ruling, other.decide(&case).await, "whatever was asked before");
        assert!(!matches!(ruling, Ruling::Keep), "there is nothing to keep: {case:?}");
        check(&case, &ruling);
    }
    for placement in failed {
        let ruling = one.decide(&case(placement.clone())).await;
        assert!(matches!(ruling, Ruling::Fail { .. }), "{placement:?}: {ruling:?}");
    }
    for placement in launched {
        let case = case(placement.clone());
        let Ruling::Launch(decision) = one.decide(&case).await else { panic!("a launch: {case:?}") };
        reacts(&*one, &*other, case, decision).await;
    }
}

async fn reacts(one: &dyn Scheduler, other: &dyn Scheduler, mut case: Case, decision: Decision) {
    let at = case.now;
    let past =
        PastLaunch { launch: case.launch.launch, hop: 0, at, decision: decision.into(), seen: Vec::new() };
    for seen in sightings(at) {
        let sighting = Sighting { at, seen: seen.clone() };
        case.history = vec![PastLaunch { seen: vec![sighting], ..past.clone() }];
        let ruling = one.react(&case, &seen).await;
        assert_eq!(ruling, other.react(&case, &seen).await, "the same sight gets the same ruling");
        check(&case, &ruling);
    }
}

fn check(case: &Case, ruling: &Ruling) {
    match ruling {
        Ruling::Launch(Decision { bind, .. }) => {
            assert_eq!(bind.repository, case.bind.repository, "what the job brings is taken over");
            assert_eq!(bind.deadline, case.bind.deadline);
            let kept = case.bind.labels.iter().all(|(name, value)| bind.labels.get(name) == Some(value));
            assert!(kept, "labels are only added: {bind:?}");
        }
        Ruling::Wait { until, reason } => {
            assert!(*until > case.now, "a wait ends later");
            one_line(reason);
        }
        Ruling::NextHop { reason } | Ruling::Fail { reason } | Ruling::Failed { reason, .. } => {
            one_line(reason);
        }
        Ruling::Keep => {}
    }
}

fn one_line(reason: &str) {
    assert!(!reason.is_empty() && !reason.contains('\n'), "a reason is one line: {reason:?}");
}
