//! What is seen of a machine, and what a run makes of the scheduler's rulings on it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use act_core::control::CancelStage;
use act_core::decide::{Case, Ruling, Seen};
use act_core::environment::{Environment, EnvironmentError};
use act_core::event::Event;
use act_core::ids::{Epoch, LaunchId, MachineId};
use act_core::place::Decision;
use act_core::place::container::SealedText;
use act_core::provisioner::{Creation, Document, Machine, Provisioner, Release, Released, Reveal};
use act_core::{Conclusion, Loss};
use act_engine::Cancel;
use act_tests::decide::Rules;
use act_tests::engine::{Project, Told};
use act_tests::place::decision;
use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;

const ONE: &str = "
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - run: echo 1
";

/// What is known of a machine, by its id.
type Of<T> = Arc<dyn Fn(&str) -> T + Send + Sync>;

/// Machines of which things are seen, by the end of their id: `-2` is the second launch.
#[derive(Clone)]
struct Watched {
    inner: Arc<dyn Provisioner>,
    seen: Of<Vec<Seen>>,
    /// Machines that never get ready: for ever, or with this error.
    unready: Of<Option<Option<&'static str>>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Watched {
    fn note(&self, what: &str, id: &MachineId) {
        let launch = id.0.rsplit('-').next().unwrap_or_default();
        self.log.lock().unwrap().push(format!("{what} {launch}"));
    }
}

#[async_trait]
impl Provisioner for Watched {
    fn describe(&self, decision: &Decision) -> Vec<Document> {
        self.inner.describe(decision)
    }

    async fn create(&self, id: &MachineId, decision: &Decision, secrets: &dyn Reveal) -> Creation {
        let plain = Decision {
            bind: act_core::place::Bind { container: None, services: Vec::new(), ..decision.bind.clone() },
            ..decision.clone()
        };
        for service in &decision.bind.services {
            for (name, text) in service.container.variables() {
                let mut opened = Vec::new();
                for secret in text.secrets() {
                    let value = secrets.reveal(secret).await;
                    opened.push((
                        secret.clone(),
                        value.map_or_else(|why| why, |value| value.reveal().to_owned()),
                    ));
                }
                let find =
                    |name: &_| opened.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
                self.log.lock().unwrap().push(format!("{}.{name}={}", service.name, text.open(find)));
            }
        }
        self.note("create", id);
        self.inner.create(id, &plain, secrets).await
    }

    fn observe(&self, machine: &Machine) -> BoxStream<'static, Seen> {
        stream::iter((self.seen)(&machine.id.0)).chain(stream::pending()).boxed()
    }

    async fn bind(
        &self,
        machine: &Machine,
        launch: &LaunchId,
        epoch: Epoch,
    ) -> Result<Arc<dyn Environment>, EnvironmentError> {
        match (self.unready)(&machine.id.0) {
            Some(Some(error)) => Err(EnvironmentError::Lost(error.to_owned())),
            Some(None) => std::future::pending().await,
            None => {
                // What was seen before is told before.
                tokio::time::sleep(Duration::from_millis(20)).await;
                self.inner.bind(machine, launch, epoch).await
            }
        }
    }

    async fn owned(&self) -> Result<Vec<Machine>, EnvironmentError> {
        self.inner.owned().await
    }

    async fn release(&self, machine: &Machine, why: Release) -> Released {
        self.note("release", &machine.id);
        self.inner.release(machine, why).await
    }
}

type Log = Arc<Mutex<Vec<String>>>;

fn project(
    workflow: &str,
    rules: impl Fn(&Case, Option<&Seen>) -> Ruling + Send + Sync + 'static,
    seen: impl Fn(&str) -> Vec<Seen> + Send + Sync + 'static,
    unready: impl Fn(&str) -> Option<Option<&'static str>> + Send + Sync + 'static,
) -> (Project, Log) {
    let mut project = Project::new(workflow).scheduler(Rules(rules));
    let log = Log::default();
    project.provisioner = Arc::new(Watched {
        inner: project.provisioner.clone(),
        seen: Arc::new(seen),
        unready: Arc::new(unready),
        log: log.clone(),
    });
    (project, log)
}

fn log_of(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

fn waits(told: &Told) -> Vec<String> {
    let wait = |(_, event): &(_, Event)| match event {
        Event::JobWaiting { reason } => Some(reason.clone()),
        _ => None,
    };
    told.events.iter().filter_map(wait).collect()
}

fn go() -> Ruling {
    Ruling::Launch(decision("octo/hello"))
}

fn evicted(text: &str) -> Seen {
    Seen::Evicted { started: false, text: text.to_owned() }
}

fn unschedulable() -> Seen {
    Seen::Unschedulable { text: "0/3 nodes".to_owned() }
}

#[tokio::test]
async fn what_a_machine_waits_for_is_told_once() {
    let pending = |reason: &str| Seen::Pending { reason: reason.to_owned(), since: Timestamp::UNIX_EPOCH };
    let (project, log) = project(
        ONE,
        |_, seen| seen.map_or_else(go, |_| Ruling::Keep),
        move |_| vec![pending("pulling"), unschedulable(), unschedulable()],
        |_| None,
    );
    let told = project.run().await;
    assert_eq!(waits(&told), ["pulling", "no room: 0/3 nodes"]);
    assert_eq!(
        (told.end.conclusion, log_of(&log)),
        (Conclusion::Success, vec!["create 1".into(), "release 1".into()])
    );
}

#[tokio::test]
async fn a_machine_that_is_evicted_before_the_job_began_is_made_again_after_it_was_taken_down() {
    let (project, log) = project(
        ONE,
        |case, seen| match (case.launch.launch.0, seen) {
            (1, Some(Seen::Evicted { started: false, .. })) => go(),
            (_, None) => go(),
            other => Ruling::Fail { reason: format!("{other:?}") },
        },
        |id| if id.ends_with("-1-1") { vec![evicted("drained")] } else { Vec::new() },
        |id| id.ends_with("-1-1").then_some(None),
    );
    let told = project.run().await;
    assert_eq!((told.errors(), told.end.conclusion), (vec![], Conclusion::Success));
    assert_eq!(log_of(&log), ["create 1", "release 1", "create 2", "release 2"]);
}

#[tokio::test]
async fn a_wait_for_a_machine_is_asked_about_again_and_may_end_in_a_failure() {
    let asked = std::sync::atomic::AtomicU32::new(0);
    let (project, log) = project(
        ONE,
        move |case, seen| match (seen, asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            (None, _) => go(),
            (Some(_), 1 | 2) => Ruling::Wait { until: case.now, reason: "no node yet".to_owned() },
            (Some(_), _) => Ruling::Fail { reason: "no node came".to_owned() },
        },
        |_| vec![unschedulable()],
        |_| Some(None),
    );
    let told = project.run().await;
    assert_eq!(
        (waits(&told), told.errors()),
        (vec!["no node yet".to_owned()], vec![".github/workflows/ci.yml:4: no node came".to_owned()])
    );
    assert_eq!(log_of(&log), ["create 1", "release 1"]);
}

#[tokio::test]
async fn a_machine_that_cannot_be_opened_is_an_infrastructure_failure_unless_the_scheduler_rules_otherwise() {
    let (project, log) = project(
        ONE,
        |_, seen| seen.map_or_else(go, |_| Ruling::Keep),
        |_| vec![evicted("spot")],
        |_| Some(Some("closed")),
    );
    let told = project.run().await;
    let (_, Event::JobFinished { loss, .. }) = told.finished("build") else { panic!("no end") };
    assert_eq!(*loss, Some(Loss::NotProvisioned("evicted: spot".to_owned())));
    assert_eq!(log_of(&log), ["create 1", "release 1"]);
}

#[tokio::test]
async fn a_cancellation_takes_down_the_machine_that_is_waited_for() {
    let cancel = Cancel::root();
    let (project, log) = project(
        ONE,
        |_, seen| seen.map_or_else(go, |_| Ruling::Keep),
        |_| vec![unschedulable()],
        |_| Some(None),
    );
    let created = log.clone();
    let (told, ()) = tokio::join!(project.run_until(&cancel), async {
        while log_of(&created).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cancel.raise(CancelStage::Cancel);
    });
    assert_eq!(told.end.conclusion, Conclusion::Cancelled);
    assert_eq!(log_of(&log), ["create 1", "release 1"]);
}

#[tokio::test]
async fn nobody_waits_longer_for_a_machine_that_was_made_than_the_job_may_take() {
    let hasty = ONE.replace("timeout-minutes: 5", "timeout-minutes: 0.002");
    let (project, log) = project(
        &hasty,
        |_, seen| seen.map_or_else(go, |_| Ruling::Keep),
        |_| vec![unschedulable()],
        |_| Some(None),
    );
    let told = project.run().await;
    let (_, Event::JobFinished { loss, .. }) = told.finished("build") else { panic!("no end") };
    let why = "the job's time was over before there was a machine: no room: 0/3 nodes";
    assert_eq!(*loss, Some(Loss::NotProvisioned(why.to_owned())));
    assert_eq!(log_of(&log), ["create 1", "release 1"]);
}

const SERVICES: &str = "
on: push
env: { REGION: eu }
jobs:
  build:
    runs-on: ubuntu-latest
    container: { image: 'node:${{ vars.none || 22 }}', options: --cpus 1 }
    services:
      db:
        image: postgres:17
        env:
          URL: 'pg://${{ secrets.db_user }}:${{ secrets.DB_PASSWORD }}@${{ env.REGION }}'
          NONE: ${{ secrets.NOT_THERE || 'default' }}
        options: --health-cmd pg_isready
        ports: ['5432:5432']
      none:
        image: ${{ github.nothing }}
    steps:
      - run: echo 1
";

#[tokio::test]
async fn containers_are_decided_with_secrets_as_names_and_made_with_what_they_hold() {
    let (project, log) = project(
        SERVICES,
        |case, _| {
            let container = case.bind.container.as_ref().unwrap();
            assert_eq!((container.image.as_str(), container.options.cpu_millis), ("node:22", Some(1000)));
            let [db] = &case.bind.services[..] else { panic!("{:?}", case.bind.services) };
            let env: Vec<String> =
                db.container.env.iter().map(|(name, text)| format!("{name}={text}")).collect();
            assert_eq!(
                (db.name.as_str(), env),
                ("db", vec!["URL=pg://***:***@eu".to_owned(), "NONE=default".to_owned()])
            );
            assert_eq!(db.container.env[1].1, SealedText::of("default"));
            Ruling::Launch(Decision { bind: case.bind.clone(), ..decision("octo/hello") })
        },
        |_| Vec::new(),
        |_| None,
    );
    let told = project.secret("DB_USER", "me").secret("DB_PASSWORD", "pw").run().await;
    assert_eq!(told.errors(), [""; 0]);
    assert_eq!(log_of(&log), ["db.URL=pg://me:pw@eu", "db.NONE=default", "create 1", "release 1"]);
}

#[tokio::test]
async fn what_is_computed_from_a_secret_is_not_handed_to_a_container() {
    let computed = SERVICES.replace("${{ secrets.db_user }}", "${{ contains(secrets.db_user, env.REGION) }}");
    let (project, log) = project(&computed, |_, _| go(), |_| Vec::new(), |_| None);
    let told = project.secret("DB_USER", "euro").run().await;
    let said = ".github/workflows/ci.yml:5: `services.db`: something is computed from a secret, and only a secret as it is can be handed to a container";
    assert_eq!((told.errors(), log_of(&log)), (vec![said.to_owned()], vec![]));
}
