//! Runs a workflow: which job starts when, and what becomes of those that depend on it.
//!
//! One future owns the run; jobs are futures inside it, so nothing is left behind when it ends. A job
//! starts as soon as all it needs has ended: there are no stages. State lives in the run, never on the model.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use act_core::control::{CancelStage, Emission};
use act_core::event::{Event, FilePlace, JobStamp, Level};
use act_core::ids::{Epoch, JobKey, Launch, MachineId};
use act_core::{Conclusion, Loss};
use act_expr::{Object, Value};
use act_workflow::ids::JobId;
use act_workflow::model::{Enclosing, Job};
use act_workflow::source::Span;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::OnceCell;

use crate::cancel::Cancel;
use crate::launches::FIRST;
use crate::outcome::Outcomes;
use crate::past::Past;
use crate::ports::Host;
use crate::request::RunRequest;
use crate::secrets::Secrets;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// Whether a job was lost.
    pub infrastructure: bool,
}

/// A run, while it goes on.
pub(crate) struct Run {
    pub(crate) request: RunRequest,
    pub(crate) host: Host,
    pub(crate) cancel: Arc<Cancel>,
    /// Of a run that is taken up again.
    pub(crate) past: Past,
    /// Machines that were there when it was taken up again: listed once, for all jobs that had begun.
    pub(crate) found: OnceCell<HashSet<MachineId>>,
    /// Who speaks for its jobs.
    pub(crate) epoch: Epoch,
    /// Of jobs that are beyond their first.
    launches: Mutex<HashMap<JobKey, Launch>>,
    /// Whether the log failed: nothing more can be said, so nothing more is started.
    log_lost: AtomicBool,
}

/// One workflow of a run: its own, or one that a job calls.
pub(crate) struct WorkflowScope<'a> {
    /// The job that calls it.
    pub(crate) caller: Option<&'a JobKey>,
    /// That job and those that call its workflow, outermost first.
    pub(crate) callers: Vec<&'a Job>,
    /// What stands before the names of its jobs: `caller / `.
    pub(crate) prefix: String,
    pub(crate) jobs: Vec<&'a Job>,
    pub(crate) enclosing: &'a Enclosing,
    pub(crate) inputs: Value,
    pub(crate) secrets: Secrets,
    pub(crate) cancel: Arc<Cancel>,
    /// The concurrency groups that the run and the callers hold.
    pub(crate) groups: Vec<String>,
}

/// Runs a request to its end, or takes it up where its `past` ends; a new run has none.
///
/// # Errors
/// [`Loss::Log`] when the log cannot be kept.
pub async fn run(request: RunRequest, host: Host, cancel: Arc<Cancel>, past: Past) -> Result<RunEnd, Loss> {
    let (found, launches, log_lost) = (OnceCell::new(), Mutex::default(), AtomicBool::new(false));
    let epoch = past.next_epoch();
    let run = Run { request, host, cancel, past, found, epoch, launches, log_lost };
    let began = run.past.began().unwrap_or_else(|| run.host.clock.now());
    run.tell(None, Event::RunStarted(Box::new(run.request.started.clone())))?;
    let workflow = run.request.workflow.clone();
    let end = match run.enter_run_group(&workflow).await {
        Ok(seat) => {
            let scope = WorkflowScope {
                caller: None,
                callers: Vec::new(),
                prefix: String::new(),
                jobs: run.request.selection.of(&workflow.jobs),
                enclosing: &workflow.enclosing,
                inputs: run.request.inputs.clone(),
                secrets: run.request.secrets.clone(),
                cancel: run.cancel.clone(),
                groups: seat.iter().map(|taken| taken.group.clone()).collect(),
            };
            let outcomes = run.while_seated(seat, run.run_jobs(&scope)).await;
            end_of(&outcomes)
        }
        Err(end) => end,
    };
    let duration_ms = run.millis_since(began);
    let RunEnd { conclusion, infrastructure } = end;
    run.tell(None, Event::RunFinished { conclusion, infrastructure, duration_ms })?;
    Ok(end)
}

fn end_of(outcomes: &Outcomes) -> RunEnd {
    let conclusion =
        outcomes.values().map(|outcome| outcome.result).fold(Conclusion::Skipped, Conclusion::merge);
    RunEnd { conclusion, infrastructure: outcomes.values().any(|outcome| outcome.lost) }
}

impl Run {
    /// Runs the jobs of a workflow, each as soon as what it needs has ended.
    pub(crate) async fn run_jobs(&self, scope: &WorkflowScope<'_>) -> Outcomes {
        let mut outcomes = Outcomes::default();
        let mut waiting = scope.jobs.clone();
        let mut running = FuturesUnordered::new();
        loop {
            let (ready, blocked): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|job| scope.is_ready(job, |id| outcomes.contains(id)));
            waiting = blocked;
            for job in ready {
                let before = outcomes.clone();
                running.push(async move { (job.id.clone(), self.job(scope, job, &before).await) });
            }
            let Some((id, outcome)) = running.next().await else { break };
            outcomes.insert(id, outcome);
        }
        outcomes
    }

    /// Says something of the run, or of a job.
    pub(crate) fn tell(&self, key: Option<&JobKey>, event: Event) -> Result<(), Loss> {
        let stamp = key.map(|key| self.stamp(key));
        if self.past.has_told(stamp.as_ref(), &event) {
            return Ok(());
        }
        let kept =
            self.host.log.append(stamp.as_ref(), Emission { records: Vec::new(), events: vec![event] });
        if kept.is_err() && !self.log_lost.swap(true, Ordering::Relaxed) {
            self.cancel.raise(CancelStage::Kill);
        }
        kept
    }

    /// Says something whose loss the next word will show.
    pub(crate) fn say(&self, key: Option<&JobKey>, event: Event) {
        // A log that is lost ends the run at the next thing that must be kept.
        let _ = self.tell(key, event);
    }

    pub(crate) fn notice(&self, key: Option<&JobKey>, level: Level, span: Option<Span>, message: String) {
        let place = span.map(|span| self.file_place(span)).unwrap_or_default();
        self.say(key, Event::Notice { level, message, place });
    }

    fn file_place(&self, span: Span) -> FilePlace {
        FilePlace {
            file: self.request.files.get(usize::from(span.file.0)).cloned(),
            line: Some(span.line),
            column: Some(span.column),
            ..FilePlace::default()
        }
    }

    pub(crate) fn stamp(&self, key: &JobKey) -> JobStamp {
        let launches = self.launches.lock().unwrap_or_else(PoisonError::into_inner);
        let launch = launches.get(key).copied().unwrap_or(FIRST);
        JobStamp { job: key.clone(), attempt: self.request.attempt, launch, epoch: self.epoch }
    }

    /// Notes which launch of a job goes on: whatever is said of the job from now on is said of that one.
    pub(crate) fn note_launch(&self, key: &JobKey, launch: Launch) {
        if launch != FIRST {
            self.launches.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), launch);
        }
    }

    pub(crate) fn millis_since(&self, began: jiff::Timestamp) -> u64 {
        u64::try_from(self.host.clock.now().duration_since(began).as_millis()).unwrap_or(0)
    }

    /// Returns the contexts every job of a workflow starts from.
    pub(crate) fn contexts(&self, scope: &WorkflowScope<'_>) -> Object {
        scope.contexts(&self.request)
    }
}

impl WorkflowScope<'_> {
    /// Returns the contexts every job of the workflow starts from.
    pub(crate) fn contexts(&self, request: &RunRequest) -> Object {
        Object::new()
            .with("github", Value::Object(request.github.clone()))
            .with("inputs", self.inputs.clone())
            .with("vars", request.vars.clone())
    }

    /// Whether all that a job needs has ended. A need that was not selected cannot be waited for.
    pub(crate) fn is_ready(&self, job: &Job, ended: impl Fn(&JobId) -> bool) -> bool {
        let selected = |id: &JobId| self.jobs.iter().any(|job| job.id == *id);
        job.needs.iter().all(|need| ended(&need.value) || !selected(&need.value))
    }
}
