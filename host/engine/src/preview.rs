//! What a run would do, as far as it is known before anything runs: which jobs, why, where, with which steps.
//!
//! Pure: nothing is made, fetched or asked of a clock; a dry run shows it, an explanation quotes its traces.
//! No job has ended here, so what depends on one is [`Deferred`] and says on what; it is never guessed. So are
//! `github.run_id` and `github.run_number`, which a run is given when it starts. That nobody cancels is assumed.
//!
//! ```text
//! jobs      order ▶ condition ▶ legs ▶ names ─┬▶ machines   place ▶ decide ▶ documents
//! truth     conditions in three values        └▶ calls      jobs of the called workflow
//! unknown   what an expression depends on        reasons    why, why not and when, in words
//! steps     steps, and those of composite actions
//! ```

mod calls;
mod jobs;
mod machines;
mod reasons;
mod steps;
#[cfg(test)]
mod tests;
mod truth;
mod unknown;

use std::fmt;
use std::sync::Arc;

use act_core::control::RemoteUses;
use act_core::decide::{CodePlace, LabelAsk, LabelMapper, MapperAnswer, Policy, Scheduler};
use act_core::event::JobJudged;
use act_core::ids::JobKey;
use act_core::place::Decision;
use act_core::provisioner::Document;
use act_expr::Value;
use serde::Serialize;

use crate::hearing::Denial;
use crate::place::{Placed, Unplaced};
use crate::request::RunRequest;

/// What a preview asks besides the run itself.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Asked in this order.
    pub mappers: &'a [Arc<dyn LabelMapper>],
    /// All asked, in this order, until one denies.
    pub policies: &'a [Arc<dyn Policy>],
    /// Decides on every placed job.
    pub scheduler: &'a dyn Scheduler,
    /// `Provisioner::describe` of the one that would make the machines.
    pub describe: &'a dyn Fn(&Decision) -> Vec<Document>,
    /// Where the manifests of actions come from.
    pub manifests: &'a dyn Manifests,
}

/// Finds the manifests of actions, among what is at hand.
pub trait Manifests {
    /// Finds one. The same place gets the same answer.
    fn find(&self, place: &ActionPlace) -> FoundManifest;
}

/// Where an action lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ActionPlace {
    /// `./path`: in the workspace, at the time its step runs.
    Workspace(String),
    /// `$/path`: in the run's own repository.
    Repository(String),
    /// In another repository, or in one's own by its name.
    Remote(RemoteUses),
}

/// The answer of [`Manifests::find`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundManifest {
    /// A manifest.
    File {
        /// Its name: `action.yml`, `action.yaml` or `Dockerfile`.
        file: String,
        /// Its text.
        bytes: Vec<u8>,
    },
    /// There is none, for this reason.
    Missing(String),
    /// Nobody can say before the action is fetched.
    NotFetched,
}

/// What something depends on that is not known yet: `needs.build.outputs.v`, `github.run_number`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deferred(pub Vec<String>);

impl fmt::Display for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "depends on {}", self.0.join(", "))
    }
}

/// A value, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// This.
    Now(T),
    /// Not yet.
    Deferred(Deferred),
    /// It cannot be had: GitHub's texts, and ours.
    Wrong(Vec<String>),
}

/// Whether a job runs, and why; one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It runs.
    Run(String),
    /// It does not.
    Skip(String),
    /// Nobody can say yet: `if build succeeds`, `depends on needs.build.outputs.v`.
    Deferred(String),
    /// It fails before it starts.
    Fail(Vec<String>),
    /// Nobody can say here: who was asked needs a capability that is not there.
    Unknown(String),
}

/// One workflow's run.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Each behind those it needs.
    pub jobs: Vec<JobPreview>,
    /// Whether there is more than is shown: see [`MAX_ITEMS`].
    pub cut: bool,
}

/// Legs and steps that one preview holds at the most: matrices in called workflows, and actions that use
/// actions, multiply.
pub const MAX_ITEMS: usize = 20_000;

/// One job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobPreview {
    /// The key without a leg.
    pub key: JobKey,
    /// The id.
    pub id: String,
    /// The name as written, or the id.
    pub written_name: String,
    /// Ids of the jobs it needs.
    pub needs: Vec<String>,
    /// Its `if` as written.
    pub condition: Option<String>,
    /// Whether it runs.
    pub fate: Fate,
    /// What it calls, as written.
    pub uses: Option<String>,
    /// On what its legs depend, where they are not known; there is one then, which stands for them all.
    pub matrix: Option<Deferred>,
    /// None of a job that is skipped or fails before it has some.
    pub legs: Vec<LegPreview>,
    /// None of a job that calls a workflow.
    pub steps: Vec<StepPreview>,
}

/// One leg; the only one where there is no matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct LegPreview {
    /// The key.
    pub key: JobKey,
    /// The name, with those of the jobs that call its workflow.
    pub name: Known<String>,
    /// The `matrix` context; null without one, or where it is not known.
    pub matrix: Value,
    /// What it does.
    pub work: Work,
}

/// What a leg does.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Steps, on a machine.
    Machine(Box<MachinePreview>),
    /// The jobs of another workflow; `None` where it was not read.
    Call(Known<Option<Vec<JobPreview>>>),
}

/// Where a leg runs.
#[derive(Clone, Debug, PartialEq)]
pub struct MachinePreview {
    /// Where `runs-on` is written.
    pub place: CodePlace,
    /// The labels of `runs-on`, before policies; empty where they are not known.
    pub labels: Vec<String>,
    /// What the mappers are asked, policies' amends counted in.
    pub ask: Known<LabelAsk>,
    /// Every policy's verdict, in order; an abstention once a phase.
    pub verdicts: Vec<JobJudged>,
    /// Every mapper's answer, in order; the last decides.
    pub answers: Vec<MapperAnswer>,
    /// Where it is placed, policies' amends counted in.
    pub placed: Option<Placed>,
    /// The scheduler that decides.
    pub scheduler: String,
    /// What it decides.
    pub decision: Option<Known<Decision>>,
    /// What would be made.
    pub documents: Vec<Document>,
    /// Whether it would run.
    pub would: Would,
}

/// Whether a leg would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Would {
    /// It would, as far as is known before it runs.
    Run,
    /// Not before this: it waits for a machine.
    Wait(String),
    /// Nobody can say yet.
    Deferred(Deferred),
    /// An expression of it is wrong.
    Wrong(Vec<String>),
    /// Nobody has a place, or a machine, for it: a message, and what may help.
    Unplaced(Vec<String>),
    /// A policy denies it.
    Denied(Box<Denial>),
    /// A mapper, a policy or the scheduler failed: an infrastructure failure.
    Failed(Vec<String>),
    /// Nobody can say here: who was asked needs a capability that is not there.
    Unknown {
        /// Which: `http`.
        needs: String,
        /// Who, and what for, a line each.
        messages: Vec<String>,
    },
}

/// One step, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepPreview {
    /// Its id, if it was given one.
    pub id: Option<String>,
    /// Its name: the one written, else what it does.
    pub name: String,
    /// Its `if` as written.
    pub condition: Option<String>,
    /// What it does.
    pub kind: StepPreviewKind,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepPreviewKind {
    /// A script: its first line that is not blank.
    Run {
        /// The line.
        first_line: String,
    },
    /// An action.
    Uses {
        /// As written.
        uses: String,
        /// What it is.
        action: ActionPreview,
    },
    /// Anything else: its keyword, and the steps in it.
    Other {
        /// `wait`, `wait-all`, `cancel` or `parallel`.
        keyword: &'static str,
        /// Those of a parallel group.
        steps: Vec<StepPreview>,
    },
}

/// What an action is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionPreview {
    /// The checkout of the run's own repository, which needs no action.
    OwnCheckout,
    /// Steps.
    Composite(Vec<StepPreview>),
    /// JavaScript.
    Node {
        /// `node24`.
        version: String,
        /// Whether it has a `pre` part.
        pre: bool,
        /// Whether it has a `post` part.
        post: bool,
    },
    /// A container.
    Docker,
    /// Known when it is fetched.
    NotFetched,
    /// It cannot be had, or read.
    Wrong(Vec<String>),
    /// Actions that use actions go no deeper than this.
    TooDeep,
    /// There is more than is shown.
    Cut,
}

/// A word for a fate, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It runs.
    Run,
    /// It does not.
    Skip,
    /// Nobody can say yet.
    Deferred,
    /// It fails before it starts.
    Fail,
    /// Nobody can say here.
    Unknown,
}

impl Fate {
    /// Returns the word.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::Run(_) => Status::Run,
            Self::Skip(_) => Status::Skip,
            Self::Deferred(_) => Status::Deferred,
            Self::Fail(_) => Status::Fail,
            Self::Unknown(_) => Status::Unknown,
        }
    }

    /// Returns the reason, in one line.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Run(reason) | Self::Skip(reason) | Self::Deferred(reason) | Self::Unknown(reason) => {
                reason.clone()
            }
            Self::Fail(messages) => messages.join("; "),
        }
    }
}

impl Would {
    /// Whether nothing that is known keeps it from running.
    #[must_use]
    pub const fn runs(&self) -> bool {
        matches!(self, Self::Run | Self::Wait(_) | Self::Deferred(_))
    }

    /// Returns why not, a line each; empty where it would run.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Self::Run | Self::Wait(_) | Self::Deferred(_) => Vec::new(),
            Self::Denied(denial) => vec![format!("{} ({})", denial.message(), denial.place)],
            Self::Wrong(lines) | Self::Unplaced(lines) | Self::Failed(lines) => lines.clone(),
            Self::Unknown { messages, .. } => messages.clone(),
        }
    }

    fn denied(denial: Denial) -> Self {
        let message = || vec![format!("{} ({})", denial.message(), denial.place)];
        match (&denial.needs, denial.failed) {
            (Some(needs), _) => Self::Unknown { needs: needs.clone(), messages: message() },
            (None, true) => Self::Failed(message()),
            (None, false) => Self::Denied(Box::new(denial)),
        }
    }

    fn unplaced(unplaced: Unplaced) -> Self {
        match (unplaced.needs.clone(), unplaced.failed) {
            (Some(needs), _) => Self::Unknown { needs, messages: unplaced.lines() },
            (None, true) => Self::Failed(unplaced.lines()),
            (None, false) => Self::Unplaced(unplaced.lines()),
        }
    }
}

impl LegPreview {
    /// Returns whether it would run; a call runs where its inputs are right, and its jobs say for themselves.
    #[must_use]
    pub fn would(&self) -> Would {
        match (&self.name, &self.work) {
            (Known::Wrong(messages), _) | (_, Work::Call(Known::Wrong(messages))) => {
                Would::Wrong(messages.clone())
            }
            (_, Work::Machine(machine)) => machine.would.clone(),
            (_, Work::Call(Known::Deferred(deferred))) => Would::Deferred(deferred.clone()),
            (_, Work::Call(Known::Now(_))) => Would::Run,
        }
    }

    /// Returns why nobody can say here whether it would run, if so.
    #[must_use]
    pub fn unknown(&self) -> Option<String> {
        match self.would() {
            Would::Unknown { needs, .. } => Some(format!("it takes {needs} to say, which is not given here")),
            _ => None,
        }
    }

    /// Returns what keeps the leg from starting; empty where nothing known does.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        match &self.work {
            Work::Call(called) => [self.name.wrong(), called.wrong()].concat(),
            Work::Machine(machine) => [self.name.wrong(), &machine.would.reasons()].concat(),
        }
    }
}

impl<T> Known<T> {
    /// Returns the value, if it is known.
    pub const fn now(&self) -> Option<&T> {
        if let Self::Now(value) = self { Some(value) } else { None }
    }

    /// Returns on what it depends, if it does.
    pub const fn deferred(&self) -> Option<&Deferred> {
        if let Self::Deferred(deferred) = self { Some(deferred) } else { None }
    }

    /// Returns what is wrong.
    pub fn wrong(&self) -> &[String] {
        if let Self::Wrong(messages) = self { messages } else { &[] }
    }

    fn of(result: Result<T, Vec<String>>) -> Self {
        result.map_or_else(Self::Wrong, Self::Now)
    }
}

/// Looks ahead on a run.
pub async fn preview(request: &RunRequest, around: &Around<'_>) -> Preview {
    jobs::Previewer::new(request, around).run().await
}
