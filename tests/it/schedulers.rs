//! What schedulers' rulings do to a run: waits, hops, refusals.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use act_core::control::CancelStage;
use act_core::decide::{Case, LabelAsk, LabelMapper, Mapped, Ruling, Scheduler, Seen};
use act_core::environment::{Environment, EnvironmentError};
use act_core::event::Event;
use act_core::ids::{Epoch, LaunchId, MachineId};
use act_core::place::{Decision, Hop, Placement};
use act_core::provisioner::{Creation, Document, Machine, Provisioner, Release, Released, Reveal};
use act_core::{Conclusion, Loss};
use act_engine::Cancel;
use act_local::LocalScheduler;
use act_tests::contract::scheduler;
use act_tests::decide::Rules;
use act_tests::engine::{Project, Told};
use act_tests::place::decision;
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};

const ONE: &str = "
on: push
jobs:
  build:
    runs-on: hops
    timeout-minutes: 5
    steps:
      - run: echo 1
";

/// Places everything on two backends.
struct Hops;

#[async_trait]
impl LabelMapper for Hops {
    fn name(&self) -> &str {
        "hops"
    }

    async fn map(&self, _: &LabelAsk) -> Mapped {
        let hop = |backend: &str, pool: Option<&str>| Hop {
            backend: backend.to_owned(),
            pool: pool.map(str::to_owned),
            spot: None,
        };
        let hops = vec![hop("near", None), hop("far", Some("big"))];
        let placement = Placement { hops, pool: Some("small".to_owned()), ..Placement::default() };
        Mapped::Mine { placement, reason: "all mine".to_owned() }
    }
}

/// Refuses machines by their launch: `-2` is the second.
struct Refuses {
    inner: Arc<dyn Provisioner>,
    launches: &'static [&'static str],
    retry: bool,
}

#[async_trait]
impl Provisioner for Refuses {
    fn describe(&self, decision: &Decision) -> Vec<Document> {
        self.inner.describe(decision)
    }

    async fn create(&self, id: &MachineId, decision: &Decision, secrets: &dyn Reveal) -> Creation {
        if self.launches.iter().any(|launch| id.0.ends_with(launch)) {
            let text = format!("full {}", self.retry);
            return Creation::Refused(match self.retry {
                true => Seen::Quota { text },
                false => Seen::Other { code: "refused".to_owned(), text },
            });
        }
        self.inner.create(id, decision, secrets).await
    }

    fn observe(&self, machine: &Machine) -> BoxStream<'static, Seen> {
        self.inner.observe(machine)
    }

    async fn bind(
        &self,
        machine: &Machine,
        launch: &LaunchId,
        epoch: Epoch,
    ) -> Result<Arc<dyn Environment>, EnvironmentError> {
        self.inner.bind(machine, launch, epoch).await
    }

    async fn owned(&self) -> Result<Vec<Machine>, EnvironmentError> {
        self.inner.owned().await
    }

    async fn release(&self, machine: &Machine, why: Release) -> Released {
        self.inner.release(machine, why).await
    }
}

fn project(scheduler: impl Scheduler + 'static) -> Project {
    Project::new(ONE).mapper(Hops).scheduler(scheduler)
}

fn refusing(mut project: Project, launches: &'static [&'static str], retry: bool) -> Project {
    project.provisioner = Arc::new(Refuses { inner: project.provisioner.clone(), launches, retry });
    project
}

fn launch_and_loss(told: &Told) -> (u32, Option<Loss>) {
    let (stamp, Event::JobFinished { loss, .. }) = told.finished("build") else { panic!("no end") };
    (stamp.launch.0, loss.clone())
}

fn next_hop(reason: &str) -> Ruling {
    Ruling::NextHop { reason: reason.to_owned() }
}

fn go() -> Ruling {
    Ruling::Launch(decision("octo/hello"))
}

#[tokio::test]
async fn a_wait_is_told_once_and_asked_again_after() {
    let asked = AtomicUsize::new(0);
    let rules = Rules(move |case: &Case, _: Option<&Seen>| match asked.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Ruling::Wait { until: case.now + SignedDuration::from_millis(5), reason: "full".into() },
        _ => go(),
    });
    let told = project(rules).run().await;
    let waits = told
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::JobWaiting { reason } if reason == "full"));
    assert_eq!((waits.count(), told.end.conclusion), (1, Conclusion::Success));
    assert_eq!(launch_and_loss(&told), (1, None));
}

#[tokio::test]
async fn a_hop_that_is_given_up_leads_to_the_next_one_in_a_new_launch() {
    let rules = Rules(|case: &Case, _: Option<&Seen>| {
        let told = (case.hop, case.launch.launch.0, case.placement.pool.as_deref());
        match told {
            (0, 1, Some("small")) => next_hop("no room"),
            (1, 2, Some("big")) if case.history.is_empty() => go(),
            other => Ruling::Fail { reason: format!("{other:?}") },
        }
    });
    let told = project(rules).run().await;
    assert_eq!((told.errors(), launch_and_loss(&told)), (vec![], (2, None)));
    let rules = Rules(|case: &Case, _: Option<&Seen>| next_hop(&format!("no room on {}", case.hop)));
    let told = project(rules).run().await;
    let why = "there is no backend left to try: near: no room on 0; far: no room on 1";
    assert_eq!(launch_and_loss(&told), (2, Some(Loss::NotProvisioned(why.to_owned()))));
    assert!(told.end.infrastructure);
}

#[tokio::test]
async fn a_refused_machine_is_seen_and_the_next_launch_has_the_history() {
    let asked = AtomicUsize::new(0);
    let rules = Rules(move |case: &Case, seen: Option<&Seen>| match (case.launch.launch.0, seen) {
        (1, None) => go(),
        (1, Some(Seen::Quota { text })) if text == "full true" => {
            assert_eq!(case.history.len(), 1);
            match asked.fetch_add(1, Ordering::Relaxed) {
                // Nothing was made: what is asked for after the wait is the same launch.
                0 | 1 => Ruling::Wait { until: case.now, reason: "a quota".to_owned() },
                _ => go(),
            }
        }
        (2, Some(_)) => go(),
        (3, Some(_)) => next_hop("twice is enough"),
        (4, None) => {
            let told: Vec<_> =
                case.history.iter().map(|past| (past.launch.0, past.hop, past.seen.len())).collect();
            assert_eq!((case.hop, told), (1, vec![(1, 0, 1), (2, 0, 1), (3, 0, 1)]));
            go()
        }
        other => Ruling::Fail { reason: format!("{other:?}") },
    });
    let told = refusing(project(rules), &["-1-1", "-1-2", "-1-3"], true).run().await;
    assert_eq!((told.errors(), launch_and_loss(&told)), (vec![], (4, None)));
    assert_eq!(told.step_ends(), ["0-main success"]);
}

#[tokio::test]
async fn a_refusal_that_nobody_reacts_to_ends_the_job_as_an_infrastructure_failure() {
    let told = refusing(Project::new(&ONE.replace("hops", "ubuntu-latest")), &["-1-1"], false).run().await;
    assert_eq!(launch_and_loss(&told), (1, Some(Loss::NotProvisioned("full false".to_owned()))));
    let forever = Rules(|_: &Case, _: Option<&Seen>| go());
    let told = refusing(project(forever), &[""], false).run().await;
    let (launch, Some(Loss::NotProvisioned(why))) = launch_and_loss(&told) else { panic!("no loss") };
    assert_eq!((launch, why.as_str()), (100, "given up after 100 launches: full false"));
}

#[tokio::test]
async fn a_cancellation_ends_a_wait_for_a_machine() {
    let cancel = Cancel::root();
    let waits = Rules(|_: &Case, _: Option<&Seen>| Ruling::Wait {
        until: Timestamp::MAX,
        reason: "for ever".to_owned(),
    });
    let running = project(waits).run_until(&cancel);
    let (told, ()) = tokio::join!(running, async {
        tokio::task::yield_now().await;
        cancel.raise(CancelStage::Cancel);
    });
    assert_eq!(told.end.conclusion, Conclusion::Cancelled);
}

#[tokio::test]
async fn nobody_waits_longer_for_a_machine_than_the_job_may_take() {
    let waits = Rules(|_: &Case, _: Option<&Seen>| Ruling::Wait {
        until: Timestamp::MAX,
        reason: "for ever".to_owned(),
    });
    let hasty = ONE.replace("timeout-minutes: 5", "timeout-minutes: 0.002");
    let told = Project::new(&hasty).mapper(Hops).scheduler(waits).run().await;
    let why = "the job's time was over before there was a machine: for ever";
    assert_eq!(launch_and_loss(&told).1, Some(Loss::NotProvisioned(why.to_owned())));
}

#[tokio::test]
async fn the_scheduler_of_this_machine_keeps_its_promises() {
    let make = async || Arc::new(LocalScheduler) as Arc<dyn Scheduler>;
    let boxed = Placement { image: Some("alpine".to_owned()), ..Placement::default() };
    scheduler::scheduler(make, &[Placement::default()], &[boxed]).await;
}

#[tokio::test]
async fn a_scheduler_that_waits_and_hops_keeps_its_promises() {
    let rules = |case: &Case, seen: Option<&Seen>| match seen {
        None => Ruling::Launch(Decision { shape: decision("").shape, bind: case.bind.clone() }),
        Some(Seen::Quota { .. }) => {
            Ruling::Wait { until: case.now + SignedDuration::from_secs(9), reason: "a quota".to_owned() }
        }
        Some(Seen::Unschedulable { .. }) => next_hop("no room"),
        Some(_) => Ruling::Keep,
    };
    let make = async || Arc::new(Rules(rules)) as Arc<dyn Scheduler>;
    scheduler::scheduler(make, &[Placement::default()], &[]).await;
}
