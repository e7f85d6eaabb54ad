//! One job of a workflow: whether it runs, its legs, and what they come to together.

use std::sync::{Arc, OnceLock};

use act_core::Conclusion;
use act_core::control::CancelStage;
use act_core::event::{Event, Level};
use act_core::ids::JobKey;
use act_expr::Value;
use act_workflow::evaluate;
use act_workflow::ids::JobId;
use act_workflow::matrix::{Leg, Strategy};
use act_workflow::model::{Job, JobKind};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;

use crate::cancel::Cancel;
use crate::dispatcher::{Run, WorkflowScope};
use crate::group::{NoSeat, hold};
use crate::legs::{self, Wanted};
use crate::outcome::{Outcome, Outcomes};
use crate::scope::JobScope;
use crate::why;

/// One leg of a job, ready to run.
#[derive(Clone)]
pub(crate) struct LegCase<'a> {
    pub(crate) scope: &'a WorkflowScope<'a>,
    pub(crate) job: &'a Job,
    pub(crate) key: JobKey,
    pub(crate) name: String,
    pub(crate) expressions: JobScope<'a>,
    pub(crate) needs: Value,
    pub(crate) cancel: Arc<Cancel>,
    /// What was said when its time was up, if it was.
    pub(crate) time_up: OnceLock<String>,
}

/// How one leg ended, and whether its failure is forgiven.
pub(crate) struct LegEnd {
    pub(crate) outcome: Outcome,
    pub(crate) forgiven: bool,
}

impl Run {
    /// Runs a job whose needs have ended.
    pub(crate) async fn job(&self, scope: &WorkflowScope<'_>, job: &Job, before: &Outcomes) -> Outcome {
        let key = scope.key(job, None);
        let ancestors = scope.ancestors(job);
        let expressions = JobScope {
            contexts: self.contexts(scope).with("needs", before.needs(job)),
            outcomes: before,
            ancestors: &ancestors,
            cancelled: scope.cancel.stage() >= CancelStage::Cancel,
            secrets: &scope.secrets,
        };
        let had_legs = self.past.has_legs(&key);
        if let Some(outcome) = self.past.end(&key).filter(|_| !had_legs) {
            return outcome;
        }
        let condition = match had_legs {
            // It was true, and need not be any more: a cancellation may have been forgotten.
            true => Ok(true),
            false => evaluate::now(evaluate::condition(&job.condition, &expressions)),
        };
        match condition {
            Ok(true) if scope.cancel.stage() < CancelStage::Kill => {}
            Ok(_) => {
                let (end, reason) = if scope.cancel.stage() >= CancelStage::Cancel {
                    (Conclusion::Cancelled, why::cancelled(scope).to_owned())
                } else {
                    (Conclusion::Skipped, why::skipped(scope, job, before))
                };
                return self.end_unstarted(&key, &scope.name_of(job), end, Some(reason));
            }
            Err(error) => {
                let messages = error.messages(&self.request.files);
                return self.end_wrong(&key, &scope.name_of(job), job, messages);
            }
        }
        let strategy = match legs::strategy(job, &expressions, &self.request.files) {
            Ok(strategy) => strategy,
            Err(messages) => return self.end_wrong(&key, &scope.name_of(job), job, messages),
        };
        self.legs(scope, job, &expressions, strategy).await
    }

    /// Says that a job ended without having started, and why unless a message has said so.
    pub(crate) fn end_unstarted(
        &self,
        key: &JobKey,
        name: &str,
        conclusion: Conclusion,
        reason: Option<String>,
    ) -> Outcome {
        self.say(
            Some(key),
            Event::JobFinished {
                name: name.to_owned(),
                conclusion,
                outputs: indexmap::IndexMap::new(),
                reason,
                loss: None,
                duration_ms: 0,
            },
        );
        Outcome::plain(conclusion)
    }

    pub(crate) fn end_wrong(&self, key: &JobKey, name: &str, job: &Job, messages: Vec<String>) -> Outcome {
        for message in messages {
            self.notice(Some(key), Level::Error, Some(job.id_span), message);
        }
        self.end_unstarted(key, name, Conclusion::Failure, None)
    }

    async fn legs(
        &self,
        scope: &WorkflowScope<'_>,
        job: &Job,
        expressions: &JobScope<'_>,
        strategy: Strategy,
    ) -> Outcome {
        let Strategy { fail_fast, max_parallel, legs } = strategy;
        let Wanted { many, legs: wanted } = Wanted::of(legs, &self.request.selection);
        if wanted.is_empty() {
            let key = scope.key(job, None);
            let reason = Some("`--matrix` takes none of its jobs".to_owned());
            return self.end_unstarted(&key, &scope.name_of(job), Conclusion::Skipped, reason);
        }
        // What runs although the run is cancelled is a job like any other, until it is cancelled itself.
        let cancel = scope.cancel.survivor();
        if many {
            let legs = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
            self.say(Some(&scope.key(job, None)), Event::JobExpanded { legs });
        }
        let turns = Semaphore::new(max_parallel.map_or(wanted.len(), |max| max as usize).max(1));
        let mut running: FuturesUnordered<_> = wanted
            .into_iter()
            .map(|(index, leg)| {
                let key = scope.key(job, index);
                let (turns, cancel) = (&turns, cancel.child());
                async move {
                    // The semaphore lives as long as the legs: it cannot be closed.
                    let _turn = turns.acquire().await;
                    self.leg(scope, job, key, expressions, leg, cancel).await
                }
            })
            .collect();
        let mut outcome = Outcome::plain(Conclusion::Skipped);
        while let Some(end) = running.next().await {
            if end.outcome.result == Conclusion::Failure && fail_fast && !end.forgiven {
                cancel.raise(CancelStage::Cancel);
            }
            let mut leg = end.outcome;
            if end.forgiven && leg.result == Conclusion::Failure {
                leg.result = Conclusion::Success;
            }
            outcome.add_leg(leg);
        }
        outcome
    }

    async fn leg(
        &self,
        scope: &WorkflowScope<'_>,
        job: &Job,
        key: JobKey,
        expressions: &JobScope<'_>,
        leg: Leg,
        cancel: Arc<Cancel>,
    ) -> LegEnd {
        let expressions = legs::scope(expressions, &leg);
        let unforgiven = |outcome| LegEnd { outcome, forgiven: false };
        let name = match legs::name(&scope.prefix, job, &leg, &expressions, &self.request.files) {
            Ok(name) => name,
            Err(messages) => return unforgiven(self.end_wrong(&key, &scope.name_of(job), job, messages)),
        };
        let needs = expressions.contexts.get("needs").cloned().unwrap_or_default();
        let ids = job.needs.iter().map(|need| need.value.as_str().to_owned()).collect();
        self.say(Some(&key), Event::JobQueued { name: name.clone(), needs: ids });
        if let Some(end) = self.ended_before(job, &key, &expressions) {
            return end;
        }
        if let Some(last) = self.past.launches(&key).last() {
            self.note_launch(&key, last.launch.launch);
        }
        let time_up = OnceLock::new();
        if self.has_begun(&key) {
            // What is cancelled by now is to be cancelled in it.
            let case = LegCase { scope, job, key, name, expressions, needs, cancel, time_up };
            return self.seated_leg(case).await;
        }
        let stays_out = match cancel.stage() {
            CancelStage::None => false,
            CancelStage::Cancel => !self.survives_cancel(job, &expressions),
            CancelStage::Kill => true,
        };
        if stays_out {
            let reason = Some(why::cancelled(scope).to_owned());
            return unforgiven(self.end_unstarted(&key, &name, Conclusion::Cancelled, reason));
        }
        let cancel = cancel.survivor();
        let case = LegCase { scope, job, key, name, expressions, needs, cancel, time_up };
        self.seated_leg(case).await
    }

    /// Waits until a leg that does not run yet is cancelled, and will not run all the same. One that had begun goes on,
    /// to be cancelled in its steps.
    pub(crate) async fn stays_out(&self, case: &LegCase<'_>) {
        let stage = case.cancel.beyond(CancelStage::None).await;
        let goes_on = self.has_begun(&case.key) || self.survives_cancel(case.job, &case.expressions);
        if stage < CancelStage::Kill && goes_on {
            case.cancel.beyond(stage).await;
        }
    }

    /// Whether a job's condition holds although it is cancelled, as `always()` does.
    fn survives_cancel(&self, job: &Job, expressions: &JobScope<'_>) -> bool {
        let cancelled = JobScope { cancelled: true, ..expressions.clone() };
        evaluate::now(evaluate::condition(&job.condition, &cancelled)).unwrap_or(false)
    }

    /// Waits for the job's own concurrency group, then runs the leg.
    async fn seated_leg(&self, case: LegCase<'_>) -> LegEnd {
        let unforgiven = |outcome| LegEnd { outcome, forgiven: false };
        let seat = match &case.job.concurrency {
            None => None,
            Some(token) => {
                let (key, groups) = (Some(&case.key), &case.scope.groups);
                match self.enter_group(key, token, &case.expressions, &case.cancel, groups).await {
                    Ok(seat) => seat,
                    Err(NoSeat::Cancelled(reason)) => {
                        self.notice(Some(&case.key), Level::Error, Some(token.span), reason);
                        let end = Conclusion::Cancelled;
                        return unforgiven(self.end_unstarted(&case.key, &case.name, end, None));
                    }
                    Err(NoSeat::Failed(messages)) => {
                        return unforgiven(self.end_wrong(&case.key, &case.name, case.job, messages));
                    }
                }
            }
        };
        let (key, cancel) = (case.key.clone(), case.cancel.clone());
        let mut groups = case.scope.groups.clone();
        groups.extend(seat.iter().map(|taken| taken.group.clone()));
        let work = async {
            match &case.job.kind {
                JobKind::Steps(steps) => self.launch(&case, steps).await,
                JobKind::Call(call) => unforgiven(Box::pin(self.call(&case, call, groups)).await),
            }
        };
        // On the heap, and so held once: the legs of a large matrix are many.
        hold(seat, Box::pin(work), |by| {
            let message = format!("Canceling since its concurrency group was asked for by {by}");
            self.notice(Some(&key), Level::Error, None, message);
            cancel.raise(CancelStage::Cancel);
        })
        .await
    }
}

impl WorkflowScope<'_> {
    pub(crate) fn key(&self, job: &Job, leg: Option<u32>) -> JobKey {
        match self.caller {
            None => JobKey::top(job.id.clone(), leg),
            Some(caller) => caller.child(job.id.clone(), leg),
        }
    }

    /// Returns the name of a job before it has legs.
    pub(crate) fn name_of(&self, job: &Job) -> String {
        let literal = job.name.as_ref().and_then(|name| name.as_str());
        format!("{}{}", self.prefix, literal.unwrap_or(job.id.as_str()))
    }

    /// Returns all jobs that a job depends on, the needs of needs as well.
    pub(crate) fn ancestors(&self, job: &Job) -> Vec<JobId> {
        let mut found: Vec<JobId> = job.needs.iter().map(|need| need.value.clone()).collect();
        let mut index = 0;
        while let Some(id) = found.get(index).cloned() {
            let needs = self.jobs.iter().filter(|job| job.id == id).flat_map(|job| &job.needs);
            for need in needs {
                if !found.contains(&need.value) {
                    found.push(need.value.clone());
                }
            }
            index += 1;
        }
        found
    }
}
