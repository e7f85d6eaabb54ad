//! Jobs in the order in which they may run: conditions, legs, names, places; and the jobs of called workflows.

use act_core::Conclusion;
use act_core::control::RemoteUses;
use act_core::decide::LabelAsk;
use act_core::ids::JobKey;
use act_core::place::{Bind, Decision};
use act_expr::Value;
use act_job::content;
use act_workflow::evaluate;
use act_workflow::ids::JobId;
use act_workflow::matrix::Leg;
use act_workflow::model::{CallJob, CallSecrets, CallTarget, CalledWorkflow, Job, JobKind, StepsJob};
use act_workflow::step::If;
use act_workflow::token::{Token, TokenKind};
use act_workflow::written;

use crate::cancel::Cancel;
use crate::containers::{containers, env_around};
use crate::content::{Surroundings, of_job};
use crate::dispatcher::WorkflowScope;
use crate::facts::job_facts;
use crate::hearing::{Hearing, Judged};
use crate::launches::{Launches, Next, began};
use crate::legs::{self, Wanted};
use crate::outcome::{Outcome, Outcomes};
use crate::place::{Unplaced, answers, label_ask, verdict};
use crate::request::RunRequest;
use crate::scope::JobScope;
use crate::secrets::Secrets;
use crate::settings::Settings;

use super::steps::Reader;
use super::truth::{Truth, judge};
use super::unknown::{Dependencies, UnknownInputs, Unknowns, add};
use super::{Around, Deferred, Fate, JobPreview, Known, LegPreview, MachinePreview, Preview, Work, Would};

pub(super) struct Previewer<'a> {
    request: &'a RunRequest,
    around: &'a Around<'a>,
    steps: Reader<'a>,
}

/// One workflow: the run's own, or one that a job calls.
struct Level<'a> {
    scope: WorkflowScope<'a>,
    inputs: UnknownInputs,
    /// Why nobody can say whether its caller runs.
    caller: Option<&'a str>,
    /// Where its file lies, if in another repository.
    repository: Option<RemoteUses>,
}

/// A job, or a leg, and what its expressions see.
#[derive(Clone, Copy)]
struct Case<'a> {
    level: &'a Level<'a>,
    job: &'a Job,
    expressions: &'a JobScope<'a>,
    unknowns: Unknowns<'a>,
    fate: &'a Fate,
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
    async fn level(&self, level: &Level<'_>) -> Vec<JobPreview> {
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
            Fate::Run(_) | Fate::Deferred(_) => None,
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

    async fn machine(
        &self,
        case: Case<'_>,
        job: &StepsJob,
        key: &JobKey,
        leg: Option<&Leg>,
        name: Option<&String>,
    ) -> MachinePreview {
        let ask = self.ask(case, job, key, leg, name);
        let mut machine = MachinePreview {
            place: content::place(job.runs_on.span, &self.request.files),
            labels: ask.now().map(|ask| ask.labels.clone()).unwrap_or_default(),
            ask,
            verdicts: Vec::new(),
            answers: Vec::new(),
            placed: None,
            scheduler: self.around.scheduler.name().to_owned(),
            decision: None,
            documents: Vec::new(),
            would: Would::Run,
        };
        machine.would = match self.ahead(&mut machine, case, job, key).await {
            Ok(would) | Err(would) => would,
        };
        if machine.decision.is_none() && !machine.would.reasons().is_empty() {
            machine.decision = Some(Known::Wrong(machine.would.reasons()));
        }
        machine
    }

    /// Looks ahead on a leg, up to its start; what keeps it from starting is the error.
    async fn ahead(
        &self,
        machine: &mut MachinePreview,
        case: Case<'_>,
        job: &StepsJob,
        key: &JobKey,
    ) -> Result<Would, Would> {
        let mut ask = match &machine.ask {
            Known::Now(ask) => ask.clone(),
            Known::Deferred(deferred) => return Ok(Would::Deferred(deferred.clone())),
            Known::Wrong(messages) => return Err(Would::Wrong(messages.clone())),
        };
        let mut hearing = self.hearing(case, job, &ask);
        if let Some(hearing) = &mut hearing {
            let judged = hearing.queued(&mut ask).await;
            machine.ask = Known::Now(ask.clone());
            machine.heed(judged)?;
        }
        machine.answers = answers(self.around.mappers, &ask).await;
        let mut placed = verdict(&ask, machine.answers.clone()).map_err(Would::unplaced)?;
        let judged = match &hearing {
            Some(hearing) => hearing.placed(&mut placed).await,
            None => Judged::default(),
        };
        let placement = placed.placement.clone();
        machine.placed = Some(placed);
        machine.heed(judged)?;
        if let Some(deferred) = unknown_settings(case, job) {
            machine.decision = Some(Known::Deferred(deferred.clone()));
            return Ok(Would::Deferred(deferred));
        }
        let settings = Settings::of(job, case.expressions, &self.request.files).map_err(Would::Wrong)?;
        // Nothing is asked of a clock here: the time is the run's.
        let now = began(self.request);
        let around = env_around(&self.request.env, case.level.scope.enclosing);
        let bind = containers(job, &around, case.expressions, &self.request.files).map_err(Would::Wrong)?;
        let bind = Bind { deadline: Some(settings.timeout), ..bind };
        let mut launches = Launches::new(self.request, key, ask.facts, placement, bind, now);
        let decision = match self.decide(&mut launches).await.map_err(Would::unplaced)? {
            Ahead::Decided(decision) => decision,
            Ahead::Waits(reason) => return Ok(Would::Wait(reason)),
        };
        machine.documents = (self.around.describe)(&decision);
        let judged = match &hearing {
            Some(hearing) => hearing.launch(&launches.case.placement, &decision).await,
            None => Judged::default(),
        };
        machine.decision = Some(Known::Now(decision));
        machine.heed(judged)?;
        Ok(Would::Run)
    }

    fn hearing(&self, case: Case<'_>, job: &StepsJob, ask: &LabelAsk) -> Option<Hearing> {
        if self.around.policies.is_empty() {
            return None;
        }
        let text = |token: &Token| match case.unknowns.in_token(token) {
            Some(_) => None,
            None => evaluate::now(evaluate::text(token, case.expressions)).ok(),
        };
        let scope = &case.level.scope;
        let (files, callers) = (&self.request.files, &scope.callers);
        let around = Surroundings { files, callers, enclosing: scope.enclosing, text: &text };
        let place = content::place(case.job.id_span, files);
        Some(Hearing::new(self.around.policies, ask, of_job(case.job, job, around), place))
    }

    fn ask(
        &self,
        case: Case<'_>,
        job: &StepsJob,
        key: &JobKey,
        leg: Option<&Leg>,
        name: Option<&String>,
    ) -> Known<LabelAsk> {
        if let Some(deferred) = case.unknowns.in_token(&job.runs_on) {
            return Known::Deferred(deferred);
        }
        // What stands for the legs that are not known has neither their key nor their values.
        let matrix = leg.map(|leg| leg.matrix.clone()).unwrap_or_default();
        let facts = job_facts(self.request, case.job, leg.map(|_| key), name.map(String::as_str), &matrix);
        let runs_on = evaluate::now(evaluate::runs_on(&job.runs_on, case.expressions));
        let ask = runs_on.map(|runs_on| label_ask(facts, runs_on));
        Known::of(ask.map_err(|error| error.messages(&self.request.files)))
    }

    /// Asks the scheduler, hop by hop.
    async fn decide(&self, launches: &mut Launches) -> Result<Ahead, Unplaced> {
        let scheduler = self.around.scheduler;
        loop {
            let ruling = scheduler.decide(&launches.case).await;
            match launches.follow(scheduler.name(), ruling)? {
                Next::Launch(decision) => return Ok(Ahead::Decided(decision)),
                Next::Wait { reason, .. } => return Ok(Ahead::Waits(reason)),
                Next::Ask => {}
            }
        }
    }

    async fn call(
        &self,
        case: Case<'_>,
        call: &CallJob,
        key: &JobKey,
        name: &str,
    ) -> Known<Option<Vec<JobPreview>>> {
        let Some(called) = &call.called else { return Known::Now(None) };
        let unknown = unknown_inputs(call, called, &case.unknowns);
        let inputs = match self.inputs(call, called, &unknown, case.expressions) {
            Ok(inputs) => inputs,
            Err(messages) => return Known::Wrong(messages),
        };
        let scope = WorkflowScope {
            caller: Some(key),
            callers: case.level.scope.callers.iter().copied().chain([case.job]).collect(),
            prefix: format!("{name} / "),
            jobs: called.jobs.iter().collect(),
            enclosing: &called.enclosing,
            inputs,
            secrets: Secrets::default(),
            cancel: Cancel::root(),
            groups: Vec::new(),
        };
        let caller = match case.fate {
            Fate::Deferred(reason) => Some(format!("like {}: {reason}", case.job.id)),
            _ => case.unknowns.matrix.map(|matrix| format!("like {}: {matrix}", case.job.id)),
        };
        let repository = repository_of(call, case.level.repository.as_ref());
        let level = Level { scope, inputs: unknown, caller: caller.as_deref(), repository };
        Known::Now(Some(self.level(&level).await))
    }

    /// Evaluates the inputs of a call, but for those that are not known.
    fn inputs(
        &self,
        call: &CallJob,
        called: &CalledWorkflow,
        unknown: &UnknownInputs,
        scope: &JobScope<'_>,
    ) -> Result<Value, Vec<String>> {
        let messages = |error: evaluate::EvaluateError| error.messages(&self.request.files);
        if !unknown.rest.is_empty() {
            return Ok(Value::Null);
        }
        if unknown.named.is_empty() {
            return evaluate::now(evaluate::call_inputs(call, called, scope)).map_err(messages);
        }
        let is_known = |name: &str| !unknown.named.keys().any(|known| known.eq_ignore_ascii_case(name));
        let entries = call.with.as_ref().and_then(Token::as_mapping).unwrap_or_default().iter();
        let entries = entries.filter(|(key, _)| is_known(&key.literal_text())).cloned().collect();
        let with = Some(Token::new(TokenKind::Mapping(entries), call.uses.span));
        let mut signature = called.signature.clone();
        signature.inputs.retain(|name, _| is_known(name.as_str()));
        let call = CallJob {
            uses: call.uses.clone(),
            target: call.target.clone(),
            with,
            secrets: CallSecrets::None,
            called: None,
        };
        let called = CalledWorkflow {
            file: called.file,
            name: None,
            signature,
            enclosing: called.enclosing.clone(),
            concurrency: None,
            permissions: None,
            jobs: Vec::new(),
        };
        evaluate::now(evaluate::call_inputs(&call, &called, scope)).map_err(messages)
    }
}

/// What a scheduler rules before anything is made.
enum Ahead {
    Decided(Decision),
    Waits(String),
}

/// Returns what the keys depend on that a decision takes into account.
fn unknown_settings(case: Case<'_>, job: &StepsJob) -> Option<Deferred> {
    let tokens = [&job.timeout_minutes, &job.cancel_timeout_minutes, &job.continue_on_error];
    // What containers are given may be in the variables around them.
    let containers = [&job.container, &job.services, &job.env];
    let has_containers = job.container.is_some() || job.services.is_some();
    let tokens = tokens.into_iter().chain(containers.into_iter().filter(|_| has_containers));
    let mut unknown = Vec::new();
    for deferred in tokens.flatten().filter_map(|token| case.unknowns.in_token(token)) {
        add(&mut unknown, deferred.0);
    }
    if unknown.is_empty() { None } else { Some(Deferred(unknown)) }
}

impl MachinePreview {
    /// Keeps what policies said.
    fn heed(&mut self, judged: Judged) -> Result<(), Would> {
        self.verdicts.extend(judged.verdicts);
        judged.denial.map_or(Ok(()), |denial| Err(Would::denied(denial)))
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

fn why(job: &Job, scope: &JobScope<'_>) -> String {
    let open: Vec<&str> = job
        .needs
        .iter()
        .filter(|need| !scope.outcomes.contains(&need.value))
        .map(|need| need.value.as_str())
        .collect();
    match (&open[..], job.condition.span) {
        ([], None) => "needs nothing".to_owned(),
        ([], Some(_)) => "its condition is true".to_owned(),
        ([one], _) => format!("however {one} ends"),
        (many, _) => format!("however {} end", many.join(", ")),
    }
}

fn why_not(job: &Job, scope: &JobScope<'_>) -> String {
    // The nearest tell it best: what they need comes behind them.
    let nearest = |result: Conclusion| {
        let ended = |id: &&JobId| scope.outcomes.get(id).is_some_and(|outcome| outcome.result == result);
        let all: Vec<&JobId> = scope.ancestors.iter().filter(ended).collect();
        let direct: Vec<&JobId> =
            all.iter().copied().filter(|id| job.needs.iter().any(|need| need.value == **id)).collect();
        if direct.is_empty() { all } else { direct }
    };
    let told = |ids: Vec<&JobId>, one: &str, many: &str| {
        let end = if ids.len() == 1 { one } else { many };
        format!("needs {}, which {end}", names(ids.into_iter().map(JobId::as_str)))
    };
    let (skipped, failed) = (nearest(Conclusion::Skipped), nearest(Conclusion::Failure));
    match (job.condition.span, &skipped[..], &failed[..]) {
        (Some(_), ..) | (None, [], []) => "its condition is false".to_owned(),
        (None, _, [_, ..]) => told(failed, "cannot start", "cannot start"),
        (None, [_, ..], []) => told(skipped, "is skipped", "are skipped"),
    }
}

/// Says in words when a job runs.
fn when(condition: &If, scope: &JobScope<'_>, unknowns: &Unknowns<'_>, on: &Dependencies) -> String {
    if !on.values.is_empty() {
        return Deferred(on.values.clone()).to_string();
    }
    // What would be if all that is not known ended like this?
    let tried = |result: Conclusion| {
        let mut outcomes = scope.outcomes.clone();
        for id in scope.ancestors.iter().filter(|id| !scope.outcomes.contains(id)) {
            outcomes.insert(id.clone(), Outcome::plain(result));
        }
        let scope = JobScope { outcomes: &outcomes, ..scope.clone() };
        let unknowns = Unknowns { outcomes: &outcomes, ..*unknowns };
        judge(condition, &scope, &unknowns)
    };
    let needs = names(on.ends.iter().map(String::as_str));
    let one = on.ends.len() == 1;
    match [Conclusion::Success, Conclusion::Failure, Conclusion::Skipped].map(tried) {
        [Ok(Truth::Yes), Ok(Truth::No), Ok(Truth::No)] if one => format!("if {needs} succeeds"),
        [Ok(Truth::Yes), Ok(Truth::No), Ok(Truth::No)] => format!("if {needs} succeed"),
        [Ok(Truth::No), Ok(Truth::Yes), Ok(Truth::No)] if one => format!("only if {needs} fails"),
        [Ok(Truth::No), Ok(Truth::Yes), Ok(Truth::No)] => format!("only if one of {needs} fails"),
        _ => Deferred(on.ends.iter().map(|id| format!("needs.{id}.result")).collect()).to_string(),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn unknown_inputs(call: &CallJob, called: &CalledWorkflow, unknowns: &Unknowns<'_>) -> UnknownInputs {
    let mut unknown = UnknownInputs::default();
    let given = call.with.as_ref().and_then(Token::as_mapping).unwrap_or_default();
    let literal = given.iter().all(|(key, _)| !key.is_expression())
        && call.with.as_ref().is_none_or(|with| !with.is_expression());
    if !literal {
        let whole = call.with.as_ref().and_then(|with| unknowns.in_token(with));
        unknown.rest = whole.map(|deferred| deferred.0).unwrap_or_default();
        return unknown;
    }
    for (name, input) in &called.signature.inputs {
        let written = given.iter().find(|(key, _)| name.same_as(&key.literal_text())).map(|(_, value)| value);
        let token = written.or(input.default.as_ref());
        if let Some(deferred) = token.and_then(|token| unknowns.in_token(token)) {
            unknown.named.insert(name.as_str().to_owned(), deferred.0);
        }
    }
    unknown
}

/// Returns where the file of a callee lies, if in another repository than the run's.
fn repository_of(call: &CallJob, caller: Option<&RemoteUses>) -> Option<RemoteUses> {
    match &call.target {
        CallTarget::Local { .. } => caller.cloned(),
        CallTarget::Remote { owner, repository, path, reference } => Some(RemoteUses {
            owner: owner.to_string(),
            repository: repository.to_string(),
            path: path.to_string(),
            reference: reference.to_string(),
        }),
    }
}
