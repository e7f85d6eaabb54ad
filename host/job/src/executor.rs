//! One job, from its first line to its last: set up, pre steps, steps, posts, outputs.
//!
//! The executor sees nothing but its arguments. Its walk through the job is deterministic; what it
//! learns from outside goes through the [`Journal`], so a walk that was cut anywhere can be taken up.

use std::collections::HashMap;
use std::sync::Arc;

use act_core::control::{CancelStage, Control};
use act_core::environment::{EnvPath, Environment};
use act_core::event::{FilePlace, LogLine, Mark};
use act_core::ids::{Phase, StepPath, StepRef};
use act_core::record::Record;
use act_core::spec::Debugging;
use act_core::{JobResult, JobSpec, Loss};
use act_expr::{HostCall, Object, Value};
use act_mask::Masker;
use act_workflow::evaluate::{EvaluateError, Evaluated};

use crate::action::Action;
use crate::annotations;
use crate::contexts;
use crate::home::{Home, Source};
use crate::journal::Journal;
use crate::scope::StepScope;
use crate::state::{State, Status};
use crate::step::CANCELED;

/// Why something in a job stops short.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The step, or the set-up, fails with these messages.
    Failed(Vec<String>),
    /// A cancellation stopped it.
    Stopped,
    /// The job cannot be brought to an end.
    Lost(Loss),
}

impl Halt {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(vec![message.into()])
    }

    /// Returns what is to be said of it where the job goes on.
    pub(crate) fn messages(self) -> Result<Vec<String>, Loss> {
        match self {
            Self::Failed(messages) => Ok(messages),
            Self::Stopped => Ok(vec![CANCELED.to_owned()]),
            Self::Lost(loss) => Err(loss),
        }
    }
}

impl From<Loss> for Halt {
    fn from(loss: Loss) -> Self {
        Self::Lost(loss)
    }
}

impl From<act_core::environment::EnvironmentError> for Halt {
    fn from(error: act_core::environment::EnvironmentError) -> Self {
        use act_core::environment::EnvironmentError::{Fenced, Lost, Refused};
        match error {
            Lost(why) => Self::Lost(Loss::Machine(why)),
            Fenced => Self::Lost(Loss::Fenced),
            Refused(why) => Self::failed(why),
        }
    }
}

/// `defaults.run`, evaluated.
#[derive(Default)]
pub(crate) struct Defaults {
    pub(crate) shell: Option<String>,
    pub(crate) working_directory: Option<String>,
}

pub(crate) struct Executor<'a> {
    pub(crate) spec: &'a JobSpec,
    pub(crate) env: &'a dyn Environment,
    pub(crate) control: &'a dyn Control,
    /// File names by [`act_workflow::source::FileId`]: the workflow's, then those of actions.
    pub(crate) files: Vec<String>,
    pub(crate) journal: Journal<'a>,
    pub(crate) masker: Masker,
    pub(crate) state: State,
    pub(crate) defaults: Defaults,
    /// Contexts that stay the same for the whole job.
    pub(crate) contexts: Object,
    /// What processes get of them.
    pub(crate) variables: Arc<[(String, String)]>,
    /// The repository that each of the files lies in.
    pub(crate) homes: Vec<Home>,
    /// The actions that are at hand before their steps come.
    pub(crate) prepared: HashMap<Source, Arc<Action>>,
    /// Commits by `owner/repo@ref`.
    pub(crate) commits: HashMap<String, String>,
    /// Where the run's own repository lies for `$/`, once it was asked for.
    pub(crate) own_repository: Option<EnvPath>,
    /// The action each step turned out to use.
    pub(crate) loaded: HashMap<StepPath, Arc<Action>>,
    /// The names under which main steps ran, for their post steps.
    pub(crate) names: HashMap<StepPath, String>,
}

impl<'a> Executor<'a> {
    pub(crate) fn new(
        spec: &'a JobSpec,
        env: &'a dyn Environment,
        control: &'a dyn Control,
        past: &'a [Record],
    ) -> Self {
        let contexts = contexts::of_job(spec, env);
        Self {
            spec,
            env,
            control,
            files: spec.files.clone(),
            journal: Journal::new(control, past),
            masker: Masker::default(),
            state: State::default(),
            defaults: Defaults::default(),
            variables: contexts::variables_of_job(&contexts).into(),
            contexts,
            homes: spec.files.iter().map(|file| Home::of_workflow(file)).collect(),
            prepared: HashMap::new(),
            commits: HashMap::new(),
            own_repository: None,
            loaded: HashMap::new(),
            names: HashMap::new(),
        }
    }

    /// Runs the job to its end. Where that is never reached, what is known of its steps is kept before.
    pub(crate) async fn run(&mut self) -> Result<JobResult, Loss> {
        let result = self.walk().await;
        if result.is_err() {
            // Where it is the journal that fails, there is nothing to write to: the first loss is what counts.
            let _ = self.journal.write_down().await;
        }
        result
    }

    async fn walk(&mut self) -> Result<JobResult, Loss> {
        for secret in self.control.masks() {
            self.masker.add(secret.reveal());
        }
        let control = self.control;
        let began = |record: &Record| matches!(record, Record::JobBegan { .. });
        self.journal.settle("the job's beginning", began, || Record::JobBegan { at: control.now() }).await?;
        match self.set_up().await {
            Ok(()) => {
                self.pre_steps().await?;
                self.main_steps().await?;
                self.post_steps().await?;
            }
            Err(Halt::Lost(loss)) => return Err(loss),
            Err(Halt::Failed(messages)) => {
                let at = job_part(Phase::Pre);
                messages.iter().for_each(|message| self.error(&at, message));
                self.state.status = Status::Failure;
            }
            // No step runs any more, whatever its condition. Source: `JobRunner.RunAsync`.
            Err(Halt::Stopped) => self.error(&job_part(Phase::Pre), CANCELED),
        }
        self.complete().await
    }

    /// Says an error in a step's log, and keeps it as an annotation.
    pub(crate) fn error(&mut self, step: &StepRef, message: &str) {
        self.annotate(step, act_core::event::Level::Error, message, FilePlace::default());
    }

    /// Says a warning in a step's log, and keeps it as an annotation.
    pub(crate) fn warn(&mut self, step: &StepRef, message: &str) {
        self.annotate(step, act_core::event::Level::Warning, message, FilePlace::default());
    }

    /// Says an error about a place of a file in a step's log, and keeps it as an annotation.
    pub(crate) fn error_at(&mut self, step: &StepRef, message: &str, place: FilePlace) {
        self.annotate(step, act_core::event::Level::Error, message, place);
    }

    fn annotate(&mut self, step: &StepRef, level: act_core::event::Level, message: &str, place: FilePlace) {
        let message = annotations::cut(self.masker.mask(message).into_owned());
        self.journal.say_marked(step, level.into(), &message);
        if self.state.annotations.count(step, level) {
            self.journal.tell(act_core::event::Event::Annotation {
                step: step.clone(),
                level,
                message,
                title: None,
                place,
            });
        }
    }

    /// Says a line in a step's log.
    pub(crate) fn say(&mut self, step: &StepRef, text: &str) {
        let text = self.masker.mask(text).into_owned();
        self.journal.say(step, LogLine::Text(text));
    }

    /// Says a line that only debugging shows.
    pub(crate) fn debug(&mut self, step: &StepRef, text: &str) {
        if self.spec.debug != Debugging::Off {
            let text = self.masker.mask(text).into_owned();
            self.journal.say(step, LogLine::Marked(Mark::Debug, text));
        }
    }

    /// Takes a cancellation in, if there is one that is not known yet.
    pub(crate) async fn notice_cancel(&mut self) -> Result<(), Loss> {
        if self.state.cancel_seen {
            return Ok(());
        }
        let control = self.control;
        let is_cancel = |record: &Record| matches!(record, Record::Cancelled { during: None, .. });
        let wanted = match self.journal.next_past() {
            Some(past) => is_cancel(past),
            None => control.cancel_stage() >= CancelStage::Cancel,
        };
        if wanted {
            let now = || Record::Cancelled { at: control.now(), during: None };
            self.journal.settle("a cancellation", is_cancel, now).await?;
            self.state.cancel();
        }
        Ok(())
    }

    /// Whether nothing more may be started.
    pub(crate) fn killed(&self) -> bool {
        self.journal.next_past().is_none() && self.control.cancel_stage() >= CancelStage::Kill
    }

    /// Evaluates something of the workflow, finding the answers only others have as it goes.
    ///
    /// # Errors
    /// [`Halt::Failed`] with GitHub's text when the expression fails.
    pub(crate) async fn evaluate<T>(
        &mut self,
        step: &StepRef,
        scope: &mut StepScope,
        evaluate: impl Fn(&StepScope) -> Result<Evaluated<T>, EvaluateError>,
    ) -> Result<T, Halt> {
        loop {
            match evaluate(scope) {
                Ok(Evaluated::Done(value)) => return Ok(value),
                Ok(Evaluated::Pending(calls)) => {
                    for call in calls {
                        // On the heap: few wait for one, and everything that evaluates would have the room.
                        Box::pin(self.find_answer(step, scope, call)).await?;
                    }
                }
                Err(error) => return Err(Halt::Failed(error.messages(&self.files))),
            }
        }
    }

    async fn find_answer(
        &mut self,
        step: &StepRef,
        scope: &mut StepScope,
        call: HostCall,
    ) -> Result<(), Halt> {
        self.journal.write_down().await?;
        let answer = match &call {
            HostCall::Lookup { key, .. } => self.secret(step, key).await,
            HostCall::Whole { .. } => self.all_secrets(step).await,
            HostCall::Function { name, args } if name.eq_ignore_ascii_case("hashFiles") => {
                self.hash_files(step, args).await.map(Value::from)
            }
            HostCall::Function { name, .. } => Err(Halt::failed(format!("Unrecognized function: '{name}'"))),
        };
        match answer {
            Ok(value) => scope.answer(call, value),
            Err(Halt::Failed(messages)) => scope.refuse(call, messages.join("\n")),
            Err(lost) => return Err(lost),
        }
        Ok(())
    }
}

/// Names the job's own set-up and completion in its log.
pub(crate) fn job_part(phase: Phase) -> StepRef {
    StepRef { path: StepPath::job(), phase }
}

/// Returns a text value, or nothing.
pub(crate) fn text_of(value: &Value) -> String {
    act_expr::coerce::to_text(value).into_owned()
}
