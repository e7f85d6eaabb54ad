//! One step in one of its phases: environment, condition, name, work, conclusion.
//!
//! Order and texts follow actions/runner `StepsRunner.cs` for steps of the job and
//! `CompositeActionHandler.cs` for steps inside composite actions.

use std::sync::Arc;
use std::time::Duration;

use act_core::event::{Event, StepStarted, StepWhat};
use act_core::ids::{Phase, StepPath, StepRef};
use act_core::record::Record;
use act_core::spec::Debugging;
use act_core::{Conclusion, Loss};
use act_expr::{Object, Value};
use act_workflow::evaluate;
use act_workflow::step::{If, Step, StepKind};
use act_workflow::token::Token;
use act_workflow::written;
use indexmap::IndexMap;
use jiff::Timestamp;

use crate::contexts;
use crate::display::{self, Doing};
use crate::executor::{Executor, Halt};
use crate::scope::StepScope;
use crate::state::Status;
use crate::variables;

/// What surrounds a step: the job, or a composite action.
#[derive(Clone)]
pub(crate) struct Frame {
    /// Whose `steps` its steps see: the path of the composite's step, or the job's.
    pub(crate) scope: StepPath,
    /// The composite action; `None` for the job.
    pub(crate) action: Option<Arc<ActionFrame>>,
    /// Variables of the composite step's own `env`, which steps inside see too.
    pub(crate) overrides: IndexMap<String, String>,
    /// When the composite step's time is over.
    pub(crate) deadline: Option<Timestamp>,
}

/// A composite action as its steps see it.
pub(crate) struct ActionFrame {
    /// `github.action`: the id of the job's own step, however deep the action is.
    pub(crate) step_id: String,
    /// `github.action_path`.
    pub(crate) folder: String,
    /// `github.action_repository` and `action_ref`, of a remote action.
    pub(crate) repository: Option<(String, String)>,
    /// The `inputs` context.
    pub(crate) inputs: Value,
}

impl Frame {
    pub(crate) fn job() -> Self {
        Self { scope: StepPath::job(), action: None, overrides: IndexMap::new(), deadline: None }
    }
}

/// What GitHub says of a step that was stopped for a cancellation.
pub(crate) const CANCELED: &str = "The operation was canceled.";

/// One step in one phase, with what is special about it there.
pub(crate) struct Unit<'s> {
    pub(crate) step: &'s Step,
    pub(crate) at: StepRef,
    pub(crate) condition: &'s If,
    /// The composite action's status so far, for a main step inside one.
    pub(crate) action_status: Option<Status>,
}

/// A step that runs: what its processes have done so far.
pub(crate) struct Running {
    pub(crate) at: StepRef,
    pub(crate) name: String,
    pub(crate) scope: StepScope,
    /// The `env` context: the job's variables, those around the step, its own.
    pub(crate) env: IndexMap<String, String>,
    /// Names that the step's own `env`, or one around it, set.
    pub(crate) overrides: IndexMap<String, String>,
    pub(crate) outputs: Object,
    /// Whether a command was wrong: the step fails whatever its process says.
    pub(crate) failed: bool,
    pub(crate) cancelled: bool,
    pub(crate) timed_out: bool,
    /// Whether its time was over while a step inside it ran, which has told so.
    pub(crate) is_late_inside: bool,
    /// Whether its process is to be stopped as soon as it is followed again.
    pub(crate) stop_asked: bool,
    /// When its time is over, and the minutes it had, if the limit is its own.
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) minutes: Option<u64>,
    pub(crate) condition: If,
    pub(crate) commands: crate::console::CommandState,
    pub(crate) repositories: crate::problem_file::Repositories,
    pub(crate) parts: u32,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StepEnd {
    pub(crate) outcome: Conclusion,
    pub(crate) conclusion: Conclusion,
    /// Whether its condition could not be evaluated: a composite action ends with that.
    pub(crate) is_undecided: bool,
    /// Whether its time was over: then so is that of the composite action around it.
    pub(crate) is_late: bool,
}

impl StepEnd {
    const fn plain(conclusion: Conclusion) -> Self {
        Self { outcome: conclusion, conclusion, is_undecided: false, is_late: false }
    }
}

impl Executor<'_> {
    /// Runs a step in a phase, or finds that it is skipped, and keeps how it ended.
    ///
    /// # Errors
    /// Only when the job cannot go on.
    pub(crate) async fn step(&mut self, frame: &Frame, unit: &Unit<'_>) -> Result<StepEnd, Loss> {
        self.notice_cancel().await?;
        if self.state.cancel_seen {
            // However the steps since the cancellation ended.
            self.state.status = Status::Cancelled;
        }
        let mut running = self.prepare(frame, unit);
        let env = self.take_env(unit, &mut running).await;
        let is_env_wrong = env.is_err();
        let wanted = match env {
            Ok(()) => self.wanted(unit, &mut running).await,
            Err(halt) => Err(halt),
        };
        match wanted {
            Ok(true) => {
                let (began, result) = self.begin_and_work(frame, unit, &mut running).await?;
                let end = self.conclude(unit, &mut running, result).await?;
                self.finish(unit, running, Some(began), end).await
            }
            Ok(false) => self.finish(unit, running, None, StepEnd::plain(Conclusion::Skipped)).await,
            Err(halt) => {
                let messages = halt.messages()?;
                // Nothing forgives this, `continue-on-error` neither.
                let began = self.announce(unit, &running, self.what_as_written(unit)).await?;
                messages.iter().for_each(|message| self.error(&unit.at, message));
                let end = StepEnd { is_undecided: !is_env_wrong, ..StepEnd::plain(Conclusion::Failure) };
                self.finish(unit, running, Some(began), end).await
            }
        }
    }

    fn prepare(&self, frame: &Frame, unit: &Unit<'_>) -> Running {
        let mut env = self.state.env.clone();
        variables::extend(&mut env, frame.overrides.clone(), self.env.facts().env_ignores_case);
        Running {
            at: unit.at.clone(),
            name: self.default_name(unit),
            scope: self.scope_of(frame, unit, &env),
            env,
            overrides: frame.overrides.clone(),
            outputs: Object::new(),
            failed: false,
            cancelled: false,
            timed_out: false,
            is_late_inside: false,
            stop_asked: false,
            deadline: frame.deadline,
            minutes: None,
            condition: unit.condition.clone(),
            commands: crate::console::CommandState::new(self.spec.debug == Debugging::Steps),
            repositories: crate::problem_file::Repositories::default(),
            parts: 0,
        }
    }

    fn scope_of(&self, frame: &Frame, unit: &Unit<'_>, env: &IndexMap<String, String>) -> StepScope {
        let mut contexts = self.contexts.clone();
        let mut github = self.contexts.get("github").map_or_else(Object::new, Value::to_object);
        let own_id = || unit.step.id.as_str().to_owned();
        github.insert("action", frame.action.as_ref().map_or_else(own_id, |action| action.step_id.clone()));
        if let Some(action) = &frame.action {
            github.insert("action_path", action.folder.as_str());
            let (repository, reference) = action.repository.clone().unzip();
            github.insert("action_repository", repository);
            github.insert("action_ref", reference);
            let status = unit.action_status.unwrap_or_default();
            github.insert("action_status", status.as_str());
            contexts.insert("inputs", action.inputs.clone());
        }
        contexts.insert("github", github);
        let mut job = self.contexts.get("job").map_or_else(Object::new, Value::to_object);
        job.insert("status", self.state.status.as_str());
        contexts.insert("job", job);
        let steps = self.state.scopes.get(&frame.scope).map_or_else(|| Object::new().into(), |s| s.value());
        contexts.insert("steps", steps);
        contexts.insert("env", contexts::env_context(self.env.facts(), env));
        StepScope::new(contexts, self.state.status, unit.action_status)
    }

    /// Evaluates the step's own environment.
    async fn take_env(&mut self, unit: &Unit<'_>, running: &mut Running) -> Result<(), Halt> {
        if let Some(token) = &unit.step.env {
            let evaluate = |scope: &StepScope| evaluate::step_env(token, scope);
            let own = self.evaluate(&unit.at, &mut running.scope, evaluate).await?;
            for (name, value) in own {
                let ignores_case = self.env.facts().env_ignores_case;
                variables::set(&mut running.env, &name, value.clone(), ignores_case);
                variables::set(&mut running.overrides, &name, value, ignores_case);
            }
            running.scope.set("env", contexts::env_context(self.env.facts(), &running.env));
        }
        Ok(())
    }

    /// Evaluates the step's name as well as may be, and whether it runs at all.
    async fn wanted(&mut self, unit: &Unit<'_>, running: &mut Running) -> Result<bool, Halt> {
        if unit.at.phase == Phase::Main {
            self.evaluate_name(unit, running).await?;
        }
        if unit.at.phase == Phase::Main {
            self.names.insert(unit.at.path.clone(), running.name.clone());
        }
        let condition = unit.condition;
        self.evaluate(&unit.at, &mut running.scope, |scope| evaluate::condition(condition, scope)).await
    }

    /// Returns the name of a step before expressions are evaluated; a post step's is that of its main step.
    fn default_name(&self, unit: &Unit<'_>) -> String {
        let written = |token: &Token| self.masker.mask(&written::token(token)).into_owned();
        let doing = match &unit.step.kind {
            StepKind::Run { run, .. } => written(run),
            StepKind::Uses { uses, .. } => uses.value.to_string(),
            StepKind::Wait { .. }
            | StepKind::WaitAll
            | StepKind::Cancel { .. }
            | StepKind::Parallel { .. } => unit.step.keyword().to_owned(),
        };
        let doing = match &unit.step.kind {
            StepKind::Uses { .. } => Doing::Uses(&doing),
            _ => Doing::Run(&doing),
        };
        let given = unit.step.name.as_ref().map(written);
        let main = || display::step_name(given.as_deref(), doing);
        match unit.at.phase {
            Phase::Main => main(),
            Phase::Pre => display::pre_name(&main()),
            Phase::Post => display::post_name(&self.names.get(&unit.at.path).cloned().unwrap_or_else(main)),
        }
    }

    /// Names the step by what its name, or else its script, comes to; as written where that fails.
    ///
    /// Source: `ActionRunner.GenerateDisplayName`.
    async fn evaluate_name(&mut self, unit: &Unit<'_>, running: &mut Running) -> Result<(), Halt> {
        let (token, given) = match (&unit.step.name, &unit.step.kind) {
            (Some(name), _) => (name, true),
            (None, StepKind::Run { run, .. }) => (run, false),
            (None, _) => return Ok(()),
        };
        let evaluate = |scope: &StepScope| evaluate::step_name(token, scope);
        match self.evaluate(&unit.at, &mut running.scope, evaluate).await {
            Ok(text) if !text.is_empty() => {
                let text = self.masker.mask(&text).into_owned();
                running.name = if given {
                    display::step_name(Some(&text), Doing::Run(""))
                } else {
                    display::step_name(None, Doing::Run(&text))
                };
                Ok(())
            }
            Ok(_) | Err(Halt::Failed(_)) => Ok(()),
            Err(lost) => Err(lost),
        }
    }

    /// Announces the step and does its work.
    async fn begin_and_work(
        &mut self,
        frame: &Frame,
        unit: &Unit<'_>,
        running: &mut Running,
    ) -> Result<(Timestamp, Result<(), Halt>), Loss> {
        let work = match self.plan_work(frame, unit, running).await {
            Ok(work) => work,
            Err(Halt::Lost(loss)) => return Err(loss),
            Err(halt) => {
                let began = self.announce(unit, running, self.what_as_written(unit)).await?;
                return Ok((began, Err(halt)));
            }
        };
        let began = self.announce(unit, running, self.mask_what(&work.what)).await?;
        if let Err(halt) = self.limit_time(unit, running, began).await {
            return Ok((began, Err(halt)));
        }
        let result = self.work(frame, unit, running, work).await;
        Ok((began, result))
    }

    async fn announce(
        &mut self,
        unit: &Unit<'_>,
        running: &Running,
        what: StepWhat,
    ) -> Result<Timestamp, Loss> {
        let mask = |text: &str| self.masker.mask(text).into_owned();
        let env = running.env.iter().map(|(name, value)| (mask(name), mask(value)));
        let started = StepStarted {
            step: unit.at.clone(),
            id: unit.step.id.as_str().to_owned(),
            name: mask(&running.name),
            what,
            env: env.collect(),
        };
        self.journal.tell(Event::StepStarted(Box::new(started)));
        let control = self.control;
        let is_begin = |record: &Record| matches!(record, Record::Began { step, .. } if *step == unit.at);
        let now = || Record::Began { step: unit.at.clone(), at: control.now() };
        match self.journal.settle("a step's beginning", is_begin, now).await? {
            Record::Began { at, .. } => Ok(at),
            _ => Err(Loss::Journal("a step's beginning has no time".to_owned())),
        }
    }

    fn mask_what(&self, what: &StepWhat) -> StepWhat {
        let mask = |text: &str| self.masker.mask(text).into_owned();
        match what {
            StepWhat::Run { script, shell } => StepWhat::Run { script: mask(script), shell: mask(shell) },
            StepWhat::Uses { uses, with } => StepWhat::Uses {
                uses: mask(uses),
                with: with.iter().map(|(name, value)| (name.clone(), mask(value))).collect(),
            },
        }
    }

    async fn limit_time(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        began: Timestamp,
    ) -> Result<(), Halt> {
        let Some(token) = unit.step.timeout_minutes.as_ref().filter(|_| unit.at.phase == Phase::Main) else {
            return Ok(());
        };
        let evaluate = |scope: &StepScope| evaluate::step_timeout(token, scope);
        match self.evaluate(&unit.at, &mut running.scope, evaluate).await {
            Ok(minutes) if minutes > 0 => {
                let own = began + Duration::from_secs(minutes.saturating_mul(60).min(MAX_SECONDS));
                running.minutes = Some(minutes);
                running.deadline = Some(running.deadline.map_or(own, |outer| outer.min(own)));
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(Halt::Failed(messages)) => {
                self.error(&unit.at, "An error occurred when attempting to determine the step timeout.");
                messages.iter().for_each(|message| self.error(&unit.at, message));
                Ok(())
            }
            Err(lost) => Err(lost),
        }
    }

    /// Says what went wrong and weighs `continue-on-error`.
    async fn conclude(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        result: Result<(), Halt>,
    ) -> Result<StepEnd, Loss> {
        let mut outcome = match result {
            Ok(()) => Conclusion::Success,
            Err(Halt::Failed(messages)) => {
                messages.iter().for_each(|message| self.error(&unit.at, message));
                Conclusion::Failure
            }
            Err(Halt::Stopped) => {
                running.cancelled = true;
                Conclusion::Cancelled
            }
            Err(Halt::Lost(loss)) => return Err(loss),
        };
        if running.timed_out {
            let text = match running.minutes {
                Some(minutes) => display::timed_out(&running.name, minutes),
                None => display::TIMED_OUT_INSIDE.to_owned(),
            };
            self.error(&unit.at, &text);
            outcome = Conclusion::Failure;
        } else if running.cancelled {
            self.error(&unit.at, CANCELED);
            outcome = Conclusion::Cancelled;
        }
        if running.failed {
            outcome = outcome.merge(Conclusion::Failure);
        }
        let forgiven = outcome == Conclusion::Failure && self.forgives(unit, running).await?;
        let conclusion = if forgiven { Conclusion::Success } else { outcome };
        let is_late = running.timed_out || running.is_late_inside;
        Ok(StepEnd { outcome, conclusion, is_undecided: false, is_late })
    }

    /// Source: `ExecutionContext.ApplyContinueOnError`.
    async fn forgives(&mut self, unit: &Unit<'_>, running: &mut Running) -> Result<bool, Loss> {
        let Some(token) = &unit.step.continue_on_error else { return Ok(false) };
        let evaluate = |scope: &StepScope| evaluate::step_continue_on_error(token, scope);
        match self.evaluate(&unit.at, &mut running.scope, evaluate).await {
            Ok(forgives) => Ok(forgives),
            Err(halt) => {
                let messages = halt.messages()?;
                self.error(
                    &unit.at,
                    "The step failed and an error occurred when attempting to determine whether to continue on error.",
                );
                messages.iter().for_each(|message| self.error(&unit.at, message));
                Ok(false)
            }
        }
    }

    async fn finish(
        &mut self,
        unit: &Unit<'_>,
        running: Running,
        began: Option<Timestamp>,
        end: StepEnd,
    ) -> Result<StepEnd, Loss> {
        if began.is_none() && unit.at.phase == Phase::Main {
            let what = self.what_as_written(unit);
            let started = StepStarted {
                step: unit.at.clone(),
                id: unit.step.id.as_str().to_owned(),
                name: self.masker.mask(&running.name).into_owned(),
                what,
                env: IndexMap::new(),
            };
            self.journal.tell(Event::StepStarted(Box::new(started)));
        }
        let now = self.control.now();
        let duration = began.map_or(0, |began| now.duration_since(began).as_millis());
        if began.is_some() || unit.at.phase == Phase::Main {
            self.journal.tell(Event::StepFinished {
                step: unit.at.clone(),
                outcome: end.outcome,
                conclusion: end.conclusion,
                duration_ms: u64::try_from(duration).unwrap_or(0),
            });
        }
        let is_end = |record: &Record| matches!(record, Record::Finished { step, .. } if *step == unit.at);
        let record = || Record::Finished {
            step: unit.at.clone(),
            outcome: end.outcome,
            conclusion: end.conclusion,
            at: now,
        };
        self.journal.settle_with_next("a step's end", is_end, record)?;
        if unit.at.phase == Phase::Main {
            let scope = self.state.scopes.entry(unit.at.path.scope()).or_default();
            scope.finish(unit.step.id.as_str(), running.outputs, end.outcome, end.conclusion);
        }
        Ok(end)
    }
}

/// A hundred years: longer limits are none.
const MAX_SECONDS: u64 = 100 * 366 * 86_400;
