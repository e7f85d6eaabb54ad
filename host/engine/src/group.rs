//! `concurrency`: a run, or a job, waits for its group's seat and may lose it to a newcomer.

use std::time::Duration;

use act_core::Conclusion;
use act_core::concurrency::{Granted, GroupAsk, GroupQueue, Holder, Seat};
use act_core::control::CancelStage;
use act_core::event::{Event, Level};
use act_core::ids::JobKey;
use act_workflow::evaluate;
use act_workflow::model::Workflow;
use act_workflow::token::Token;

use crate::cancel::Cancel;
use crate::dispatcher::{Run, RunEnd};
use crate::outcome::Outcomes;
use crate::scope::JobScope;

/// How long a wait must be to be worth a word: taking a free seat takes a moment, too.
const PATIENCE: Duration = Duration::from_millis(50);

/// A group's seat, where there is a group.
pub(crate) type MaybeSeat = Option<Taken>;

/// A seat that was taken.
pub(crate) struct Taken {
    pub(crate) group: String,
    seat: Box<dyn Seat>,
}

/// Why a job does not get its seat.
pub(crate) enum NoSeat {
    /// It is cancelled: by whom, in one line.
    Cancelled(String),
    /// The group is wrong, or cannot be kept.
    Failed(Vec<String>),
}

impl Run {
    /// Waits for the seat of the workflow's own group.
    ///
    /// # Errors
    /// The run's end, when it never gets it.
    pub(crate) async fn enter_run_group(&self, workflow: &Workflow) -> Result<MaybeSeat, RunEnd> {
        let Some(token) = &workflow.concurrency else { return Ok(None) };
        let contexts = act_expr::Object::new()
            .with("github", act_expr::Value::Object(self.request.github.clone()))
            .with("inputs", self.request.inputs.clone())
            .with("vars", self.request.vars.clone());
        let outcomes = Outcomes::default();
        let scope = JobScope {
            contexts,
            outcomes: &outcomes,
            ancestors: &[],
            cancelled: false,
            secrets: &self.request.secrets,
        };
        let end = |conclusion| RunEnd { conclusion, infrastructure: false };
        match self.enter_group(None, token, &scope, &self.cancel, &[]).await {
            Ok(seat) => Ok(seat),
            Err(NoSeat::Cancelled(reason)) => {
                self.say(None, Event::RunCancelled { reason });
                self.cancel.raise(CancelStage::Cancel);
                Err(end(Conclusion::Cancelled))
            }
            Err(NoSeat::Failed(messages)) => {
                for message in messages {
                    self.notice(None, Level::Error, Some(token.span), message);
                }
                Err(end(Conclusion::Failure))
            }
        }
    }

    /// Waits for the seat of a group. `above` are the groups that the run and the callers hold: who asks
    /// for one of those would wait for itself.
    ///
    /// # Errors
    /// Why it is not had.
    pub(crate) async fn enter_group(
        &self,
        key: Option<&JobKey>,
        token: &Token,
        scope: &JobScope<'_>,
        cancel: &Cancel,
        above: &[String],
    ) -> Result<MaybeSeat, NoSeat> {
        let failed = |error: &evaluate::EvaluateError| NoSeat::Failed(error.messages(&self.request.files));
        let group = evaluate::now(evaluate::concurrency(token, scope)).map_err(|error| failed(&error))?;
        if above.iter().any(|held| held.eq_ignore_ascii_case(&group.group)) {
            return Err(NoSeat::Cancelled(format!(
                "Canceling since a deadlock for concurrency group '{}' was detected between a workflow and a job of it",
                group.group
            )));
        }
        let holder = match key {
            None => self.request.run.to_string(),
            Some(key) => format!("{}/{key}", self.request.run),
        };
        let ask = GroupAsk {
            repository: self.request.source.repository.clone(),
            group: group.group.clone(),
            holder: Holder(holder),
            cancel_in_progress: group.cancel_in_progress,
            queue: if group.queue_max { GroupQueue::Max } else { GroupQueue::Single },
        };
        let lost = |error: act_core::concurrency::GroupError| NoSeat::Failed(vec![error.to_string()]);
        let seat = self.host.groups.enter(&ask).await.map_err(lost)?;
        match self.wait_turn(key, &*seat, &group.group, cancel).await? {
            Granted::Seated => Ok(Some(Taken { group: group.group, seat })),
            Granted::Superseded { by } => Err(NoSeat::Cancelled(format!(
                "Canceling since a higher priority waiting request for '{}' exists ({by})",
                group.group
            ))),
        }
    }

    /// Waits in a group's line; says so only when there is something to wait for.
    async fn wait_turn(
        &self,
        key: Option<&JobKey>,
        seat: &dyn Seat,
        group: &str,
        cancel: &Cancel,
    ) -> Result<Granted, NoSeat> {
        let granted = seat.granted();
        futures_util::pin_mut!(granted);
        let answer = match tokio::time::timeout(PATIENCE, &mut granted).await {
            Ok(answer) => answer,
            Err(_) => {
                self.say_waiting(key, format!("waiting for the concurrency group `{group}`"));
                tokio::select! {
                    answer = &mut granted => answer,
                    _ = cancel.beyond(CancelStage::None) => {
                        let reason = "cancelled while it waited for its concurrency group".to_owned();
                        return Err(NoSeat::Cancelled(reason));
                    }
                }
            }
        };
        answer.map_err(|error| NoSeat::Failed(vec![error.to_string()]))
    }

    fn say_waiting(&self, key: Option<&JobKey>, reason: String) {
        match key {
            Some(_) => self.say(key, Event::JobWaiting { reason }),
            None => self.notice(None, Level::Notice, None, reason),
        }
    }

    /// Does the run's work while it holds its seat; cancels the run when a newcomer asks for it.
    pub(crate) async fn while_seated<T>(&self, seat: MaybeSeat, work: impl Future<Output = T>) -> T {
        let on_request = |by: Holder| {
            self.say(
                None,
                Event::RunCancelled { reason: format!("its concurrency group was asked for by {by}") },
            );
            self.cancel.raise(CancelStage::Cancel);
        };
        hold(seat, work, on_request).await
    }
}

/// Does work while holding a seat; `on_request` is called once when a newcomer asks for it.
pub(crate) async fn hold<T>(
    seat: MaybeSeat,
    work: impl Future<Output = T>,
    on_request: impl FnOnce(Holder),
) -> T {
    let Some(Taken { seat, .. }) = seat else { return work.await };
    futures_util::pin_mut!(work);
    let done = tokio::select! {
        done = &mut work => done,
        by = seat.cancel_requested() => {
            on_request(by);
            work.await
        }
    };
    seat.leave().await;
    done
}
