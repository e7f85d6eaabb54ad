//! A run of a workflow by the engine, in this process and on this machine; what it tells is kept in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use act_core::Loss;
use act_core::control::{
    ActionError, Checkout, CheckoutAsk, Control, Emission, FetchedAction, RemoteUses, Secret,
};
use act_core::decide::{LabelMapper, Policy, Scheduler};
use act_core::event::{Event, JobJudged, JobStamp, Level};
use act_core::ids::{Attempt, RunId};
use act_core::provisioner::Provisioner;
use act_core::spec::Debugging;
use act_engine::github::{RepositoryFacts, RunFacts};
use act_engine::ports::{Clock, RunLog, Sources as ActionSources};
use act_engine::{Ask, Cancel, Host, Launched, Past, RunEnd, RunRequest, Secrets, prepare, run};
use act_local::{LocalLabels, LocalScheduler};
use act_store::FileGroups;
use act_workflow::called::{Found, WorkflowFiles};
use act_workflow::events::{EventFacts, EventKind, GitFacts};
use act_workflow::model::CallTarget;
use act_workflow::options::ParseOptions;
use act_workflow::read::read_workflow;
use act_workflow::source::Sources;
use async_trait::async_trait;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::control::MemoryControl;
use crate::place::local_provisioner;

/// The name of the workflow's file.
pub const FILE: &str = ".github/workflows/ci.yml";

/// A run to be.
pub struct Project {
    workflow: String,
    called: HashMap<String, String>,
    event: EventKind,
    payload: serde_json::Value,
    secrets: Vec<(String, Secret)>,
    actions: MemoryControl,
    /// Asked before this machine's own mapper.
    pub mappers: Vec<Arc<dyn LabelMapper>>,
    /// Asked in this order.
    pub policies: Vec<Arc<dyn Policy>>,
    /// This machine's, unless another one is given.
    pub scheduler: Arc<dyn Scheduler>,
    /// This machine's, unless another one is given.
    pub provisioner: Arc<dyn Provisioner>,
    root: TempDir,
}

/// What a run told.
pub struct Told {
    /// How it ended.
    pub end: RunEnd,
    /// Events, those of a job with its stamp.
    pub events: Vec<(Option<JobStamp>, Event)>,
}

#[derive(Default)]
struct Log(Mutex<Vec<(Option<JobStamp>, Event)>>);

struct Now;

struct Actions(MemoryControl);

struct Files<'a>(&'a HashMap<String, String>);

impl Project {
    /// Makes a run of a workflow that a push starts.
    #[must_use]
    pub fn new(workflow: &str) -> Self {
        let root = TempDir::new().unwrap();
        Self {
            workflow: workflow.to_owned(),
            called: HashMap::new(),
            event: EventKind::Push,
            payload: serde_json::json!({}),
            secrets: Vec::new(),
            actions: MemoryControl::default(),
            mappers: Vec::new(),
            policies: Vec::new(),
            scheduler: Arc::new(LocalScheduler),
            provisioner: Arc::new(local_provisioner(root.path())),
            root,
        }
    }

    /// Has a pull request from a fork start it.
    #[must_use]
    pub fn from_a_fork(mut self) -> Self {
        self.event = EventKind::PullRequest;
        self.payload = serde_json::json!({
            "pull_request": { "head": { "repo": { "full_name": "eve/hello" } }, "base": { "ref": "main" } },
        });
        self
    }

    /// Adds a workflow that can be called, by its path.
    #[must_use]
    pub fn called(mut self, path: &str, text: &str) -> Self {
        self.called.insert(path.to_owned(), text.to_owned());
        self
    }

    /// Adds a secret.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.push((name.to_owned(), Secret::new(value.to_owned())));
        self
    }

    /// Adds an action of another repository.
    #[must_use]
    pub fn action(mut self, source: &str, files: &[(&str, &str)]) -> Self {
        self.actions = self.actions.action(source, files);
        self
    }

    /// Adds a mapper behind those before.
    #[must_use]
    pub fn mapper(mut self, mapper: impl LabelMapper + 'static) -> Self {
        self.mappers.push(Arc::new(mapper));
        self
    }

    /// Adds a policy behind those before.
    #[must_use]
    pub fn policy(mut self, policy: impl Policy + 'static) -> Self {
        self.policies.push(Arc::new(policy));
        self
    }

    /// Has another scheduler decide.
    #[must_use]
    pub fn scheduler(mut self, scheduler: impl Scheduler + 'static) -> Self {
        self.scheduler = Arc::new(scheduler);
        self
    }

    /// Returns the request that a run starts from.
    #[must_use]
    pub fn request(&self) -> RunRequest {
        let mut sources = Sources::default();
        let mut files = Files(&self.called);
        let text = self.workflow.as_bytes();
        let read = read_workflow(&mut sources, FILE, text, &ParseOptions::default(), &mut files);
        let workflow = read.workflow.unwrap_or_else(|| panic!("{:#?}", read.problems));
        let ask = Ask {
            host: "test".to_owned(),
            workflow: Arc::new(workflow),
            files: sources.iter().map(|(_, file)| file.name.to_string()).collect(),
            run: RunFacts {
                run: RunId::from_parts(1_790_000_000_000, 7),
                attempt: Attempt(1),
                number: 1,
                workflow: "CI".to_owned(),
                file: FILE.to_owned(),
            },
            repository: RepositoryFacts {
                repository: "octo/hello".to_owned(),
                server_url: "https://github.com".to_owned(),
                actor: "octo".to_owned(),
                default_branch: "main".to_owned(),
            },
            facts: EventFacts::new(self.event, &self.payload, &GitFacts::default()),
            payload: self.payload.clone(),
            vars: act_expr::Value::Null,
            secrets: self.secrets.iter().cloned().collect::<Secrets>(),
            env: Vec::new(),
            jobs: Vec::new(),
            matrix: Vec::new(),
            containers: true,
            debug: Debugging::Off,
            show_secrets: false,
        };
        match prepare(ask) {
            Ok(prepared) => prepared.request,
            Err(findings) => panic!("{findings:#?}"),
        }
    }

    /// Runs it.
    pub async fn run(self) -> Told {
        self.run_until(&Cancel::root()).await
    }

    /// Runs it, until it is cancelled perhaps.
    pub async fn run_until(self, cancel: &Arc<Cancel>) -> Told {
        let request = self.request();
        let log = Arc::new(Log::default());
        let own: Arc<dyn LabelMapper> = Arc::new(LocalLabels::new(Vec::new()));
        let host = Host {
            log: log.clone(),
            sources: Arc::new(Actions(self.actions)),
            groups: Arc::new(FileGroups::new(self.root.path())),
            mappers: self.mappers.into_iter().chain([own]).collect(),
            policies: self.policies,
            scheduler: self.scheduler,
            provisioner: self.provisioner,
            clock: Arc::new(Now),
            places: Arc::new(Semaphore::new(8)),
        };
        let end = run(request, host, cancel.clone(), Past::default()).await.unwrap();
        let events = std::mem::take(&mut *log.0.lock().unwrap());
        Told { end, events }
    }
}

impl Told {
    /// What policies said, in order.
    #[must_use]
    pub fn verdicts(&self) -> Vec<&JobJudged> {
        let judged = self.events.iter().filter_map(|(_, event)| match event {
            Event::JobJudged(said) => Some(&**said),
            _ => None,
        });
        judged.collect()
    }

    /// The errors of jobs and steps: `file:line: message`.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let told = |event: &Event| match event {
            Event::Notice { level: Level::Error, message, place }
            | Event::Annotation { level: Level::Error, message, place, .. } => {
                let file = place.file.as_deref().unwrap_or_default();
                Some(format!("{file}:{}: {message}", place.line.unwrap_or_default()))
            }
            _ => None,
        };
        self.events.iter().filter_map(|(_, event)| told(event)).collect()
    }

    /// How each step of all jobs ended, in order: `0-main success`.
    #[must_use]
    pub fn step_ends(&self) -> Vec<String> {
        let told = |event: &Event| match event {
            Event::StepFinished { step, conclusion, .. } => Some(format!("{step} {conclusion}")),
            _ => None,
        };
        self.events.iter().filter_map(|(_, event)| told(event)).collect()
    }

    /// The last event of a job.
    #[must_use]
    pub fn finished(&self, job: &str) -> (&JobStamp, &Event) {
        let last = self.events.iter().rev().find_map(|(stamp, event)| {
            let stamp = stamp.as_ref().filter(|stamp| stamp.job.to_string() == job)?;
            Some((stamp, event))
        });
        last.unwrap_or_else(|| panic!("nothing was told of {job}"))
    }

    /// Whether something was told.
    #[must_use]
    pub fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(|(_, event)| wanted(event))
    }
}

impl RunLog for Log {
    fn append(&self, job: Option<&JobStamp>, emission: Emission) -> Result<(), Loss> {
        let events = emission.events.into_iter().map(|event| (job.cloned(), event));
        self.0.lock().unwrap().extend(events);
        Ok(())
    }

    fn launched(&self, _: &Launched) -> Result<(), Loss> {
        Ok(())
    }
}

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

#[async_trait]
impl ActionSources for Actions {
    async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, ActionError> {
        Control::action(&self.0, uses).await
    }

    async fn checkout(&self, ask: &CheckoutAsk) -> Result<Checkout, ActionError> {
        Control::checkout(&self.0, ask).await
    }
}

impl WorkflowFiles for Files<'_> {
    fn find(&mut self, _: &str, target: &CallTarget) -> Found {
        let name = target.to_string();
        match self.0.get(&name) {
            Some(text) => Found::Workflow { name: name.into(), bytes: text.as_bytes().into(), trusted: true },
            None => Found::OutOfReach,
        }
    }
}
