//! Where a leg would run: settings, labels, policies, mappers and the scheduler, asked as a run asks them.

use std::sync::Arc;

use act_core::decide::LabelAsk;
use act_core::ids::JobKey;
use act_core::place::{Bind, Decision};
use act_job::content;
use act_workflow::evaluate;
use act_workflow::matrix::Leg;
use act_workflow::model::StepsJob;
use act_workflow::token::Token;

use super::jobs::{Case, Previewer};
use super::unknown::add;
use super::{Deferred, Known, MachinePreview, Would};
use crate::containers::{containers, env_around};
use crate::content::{Surroundings, of_job};
use crate::facts::job_facts;
use crate::hearing::{Hearing, Judged};
use crate::launches::{Launches, Next, began};
use crate::place::{Unplaced, answers, label_ask, verdict};
use crate::settings::Settings;

impl Previewer<'_> {
    pub(super) async fn machine(
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
                Next::Launch(decision) => return Ok(Ahead::Decided(Arc::unwrap_or_clone(decision))),
                Next::Wait { reason, .. } => return Ok(Ahead::Waits(reason)),
                Next::Ask => {}
            }
        }
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
