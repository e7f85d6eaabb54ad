//! Jobs in the order in which they may run: conditions, legs, names, places; and the jobs of called workflows.

use act_core::Conclusion;
use act_core::control::RemoteUses;
use act_core::ids::JobKey;
use act_workflow::evaluate;
use act_workflow::ids::JobId;
use act_workflow::matrix::Leg;
use act_workflow::model::{Job, JobKind};
use act_workflow::written;

use super::reasons::{when, why, why_not};
use super::steps::Reader;
use super::truth::{Truth, judge};
use super::unknown::{UnknownInputs, Unknowns, add};
use super::{Around, Fate, JobPreview, Known, LegPreview, Preview, Work};
use crate::cancel::Cancel;
use crate::dispatcher::WorkflowScope;
use crate::legs::{self, Wanted};
use crate::outcome::{Outcome, Outcomes};
use crate::request::RunRequest;
use crate::scope::JobScope;
use crate::secrets::Secrets;

pub(super) struct Previewer<'a> {
    pub(super) request: &'a RunRequest,
    pub(super) around: &'a Around<'a>,
    steps: Reader<'a>,
}

/// One workflow: the run's own, or one that a job calls.
pub(super) struct Level<'a> {
    pub(super) scope: WorkflowScope<'a>,
    pub(super) inputs: UnknownInputs,
    /// Why nobody can say whether its caller runs.
    pub(super) caller: Option<&'a str>,
    /// Where its file lies, if in another repository.
    pub(super) repository: Option<RemoteUses>,
}

/// A job, or a leg, and what its expressions see.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) level: &'a Level<'a>,
    pub(super) job: &'a Job,
    pub(super) expressions: &'a JobScope<'a>,
    pub(super) unknowns: Unknowns<'a>,
    pub(super) fate: &'a Fate,
}

impl<'a> Previewer<'a> {
    pub(super) fn new(request: &'a RunRequest, around: &'a Around<'a>) -> Self {
        Self { request, around, steps: Reader::new(around.manifests) }
    }

    pub(super) async fn run(&self) -> Preview {
        let workflow = &self.request.workflow;
        let scope = WorkflowScope {
            caller: None,
            callers: Vec::new(),
            prefix: String::new(),
            jobs: self.request.selection.of(&workflow.jobs),
            enclosing: &workflow.enclosing,
            inputs: self.request.inputs.clone(),
            secrets: Secrets::default(),
            cancel: Cancel::root(),
            groups: Vec::new(),
        };
        let inputs = UnknownInputs::default();
        let jobs = self.level(&Level { scope, inputs, caller: None, repository: None }).await;
        Preview { jobs, cut: self.steps.is_cut() }
    }

    /// Looks at the jobs of a workflow, each behind those it needs.
    pub(super) async fn level(&self, level: &Level<'_>) -> Vec<JobPreview> {
        let mut outcomes = Outcomes::default();
        let mut seen: Vec<JobId> = Vec::new();
        let mut previews = Vec::new();
        let mut waiting = level.scope.jobs.clone();
        while !waiting.is_empty() {
            let (ready, blocked): (Vec<&Job>, Vec<&Job>) =
                waiting.iter().partition(|job| level.scope.is_ready(job, |id| seen.contains(id)));
            if ready.is_empty() {
                // A workflow that was read has no circles.
                break;
            }
            for job in ready {
                let (preview, outcome) = self.job(level, job, &outcomes).await;
                seen.push(job.id.clone());
                if let Some(outcome) = outcome {
                    outcomes.insert(job.id.clone(), outcome);
                }
                previews.push(preview);
            }
            waiting = blocked;
        }
        previews
    }

    /// Looks at a job; also returns how it ends, where that is certain.
    async fn job(&self, level: &Level<'_>, job: &Job, before: &Outcomes) -> (JobPreview, Option<Outcome>) {
        let scope = &level.scope;
        let ancestors = scope.ancestors(job);
        let needs: Vec<JobId> = job.needs.iter().map(|need| need.value.clone()).collect();
        let expressions = JobScope {
            contexts: scope.contexts(self.request).with("needs", before.needs(job)),
            outcomes: before,
            ancestors: &ancestors,
            cancelled: false,
            secrets: &scope.secrets,
        };
        let unknowns = Unknowns {
            needs: &needs,
            ancestors: &ancestors,
            outcomes: before,
            inputs: &level.inputs,
            matrix: None,
        };
        let fate = self.fate(level, job, &expressions, &unknowns);
        let mut preview = self.empty(level, job, fate.clone());
        if matches!(fate, Fate::Run(_) | Fate::Deferred(_)) {
            let case = Case { level, job, expressions: &expressions, unknowns, fate: &fate };
            self.fill(&mut preview, case).await;
        }
        let end = match &preview.fate {
            Fate::Skip(_) => Some(Conclusion::Skipped),
            Fate::Fail(_) => Some(Conclusion::Failure),
            Fate::Run(_) | Fate::Deferred(_) | Fate::Unknown(_) => None,
        };
        (preview, end.map(Outcome::plain))
    }

    fn empty(&self, level: &Level<'_>, job: &Job, fate: Fate) -> JobPreview {
        let name = job.name.as_ref().map(written::token).filter(|name| !name.is_empty());
        JobPreview {
            key: level.scope.key(job, None),
            id: job.id.to_string(),
            written_name: name.unwrap_or_else(|| job.id.to_string()),
            needs: job.needs.iter().map(|need| need.value.to_string()).collect(),
            condition: written::condition(&job.condition),
            fate,
            uses: match &job.kind {
                JobKind::Call(call) => Some(call.uses.value.to_string()),
                JobKind::Steps(_) => None,
            },
            matrix: None,
            legs: Vec::new(),
            steps: Vec::new(),
        }
    }

    fn fate(
        &self,
        level: &Level<'_>,
        job: &Job,
        expressions: &JobScope<'_>,
        unknowns: &Unknowns<'_>,
    ) -> Fate {
        match (judge(&job.condition, expressions, unknowns), level.caller) {
            (Err(error), None) => Fate::Fail(error.messages(&self.request.files)),
            (Err(error), Some(_)) => Fate::Deferred(error.messages(&self.request.files).join("; ")),
            (Ok(Truth::No), _) => Fate::Skip(why_not(job, expressions)),
            (Ok(Truth::Yes), None) => Fate::Run(why(job, expressions)),
            (Ok(Truth::Yes), Some(caller)) => Fate::Deferred(caller.to_owned()),
            (Ok(Truth::Unknown(on)), None) => {
                Fate::Deferred(when(&job.condition, expressions, unknowns, &on))
            }
            (Ok(Truth::Unknown(on)), Some(caller)) => {
                let own = when(&job.condition, expressions, unknowns, &on);
                Fate::Deferred(format!("{caller}, and {own}"))
            }
        }
    }

    /// Adds legs and steps.
    async fn fill(&self, preview: &mut JobPreview, case: Case<'_>) {
        let job = case.job;
        if let JobKind::Steps(steps) = &job.kind {
            preview.steps = self.steps.job(&steps.steps, case.level.repository.as_ref());
        }
        if let Some(deferred) = job.strategy.as_ref().and_then(|token| case.unknowns.in_token(token)) {
            let unknowns = Unknowns { matrix: Some(&deferred), ..case.unknowns };
            let key = case.level.scope.key(job, None);
            preview.legs.push(self.leg(Case { unknowns, ..case }, key, None).await);
            preview.matrix = Some(deferred);
            return;
        }
        let strategy = match legs::strategy(job, case.expressions, &self.request.files) {
            Ok(strategy) => strategy,
            Err(messages) => return preview.ends(Fate::Fail(messages)),
        };
        let wanted = Wanted::of(strategy.legs, &self.request.selection);
        if wanted.legs.is_empty() {
            return preview.ends(Fate::Skip("none of its matrix legs was asked for".to_owned()));
        }
        for (index, leg) in wanted.legs.into_iter().take_while(|_| self.steps.take()) {
            let expressions = legs::scope(case.expressions, &leg);
            let key = case.level.scope.key(job, index);
            preview.legs.push(self.leg(Case { expressions: &expressions, ..case }, key, Some(leg)).await);
        }
        if !preview.legs.is_empty() && preview.legs.iter().all(|leg| !leg.wrong().is_empty()) {
            let unknown = preview.legs.iter().map(LegPreview::unknown).collect::<Option<Vec<_>>>();
            if let Some(reason) = unknown.and_then(|reasons| reasons.into_iter().next()) {
                return preview.ends(Fate::Unknown(reason));
            }
            let mut messages = Vec::new();
            preview.legs.iter().for_each(|leg| add(&mut messages, leg.wrong()));
            preview.ends(Fate::Fail(messages));
        }
    }

    /// Looks at a leg; without one, at what stands for all of a matrix that is not known.
    async fn leg(&self, case: Case<'_>, key: JobKey, leg: Option<Leg>) -> LegPreview {
        let name = self.name(case, leg.as_ref());
        let shown = name.now().cloned().unwrap_or_else(|| case.level.scope.name_of(case.job));
        let work = match &case.job.kind {
            JobKind::Steps(steps) => {
                Work::Machine(Box::new(self.machine(case, steps, &key, leg.as_ref(), name.now()).await))
            }
            JobKind::Call(call) => Work::Call(Box::pin(self.call(case, call, &key, &shown)).await),
        };
        LegPreview { key, name, matrix: leg.map(|leg| leg.matrix).unwrap_or_default(), work }
    }

    fn name(&self, case: Case<'_>, leg: Option<&Leg>) -> Known<String> {
        let written = case.job.name.as_ref().filter(|token| token.as_str().is_none());
        if let Some(deferred) = written.and_then(|token| case.unknowns.in_token(token)) {
            return Known::Deferred(deferred);
        }
        let prefix = &case.level.scope.prefix;
        match (leg, written, case.unknowns.matrix) {
            (Some(leg), ..) => {
                Known::of(legs::name(prefix, case.job, leg, case.expressions, &self.request.files))
            }
            // Its own text is all of the name.
            (None, Some(token), _) => {
                let name = evaluate::now(evaluate::job_name(token, case.expressions));
                let name = name.map(|name| format!("{prefix}{name}"));
                Known::of(name.map_err(|error| error.messages(&self.request.files)))
            }
            (None, None, matrix) => Known::Deferred(matrix.cloned().unwrap_or_default()),
        }
    }
}

impl JobPreview {
    /// Takes an end that its legs show. Where it is not certain that the job comes so far, that remains so.
    fn ends(&mut self, fate: Fate) {
        self.fate = match &self.fate {
            Fate::Deferred(reason) => Fate::Deferred(format!("{reason}; then {}", fate.reason())),
            _ => fate,
        };
    }
}
