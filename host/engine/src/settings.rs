//! What a leg's own keys come to, besides where it runs: its time, and whether its failure is forgiven.

use std::time::Duration;

use act_workflow::evaluate;
use act_workflow::model::StepsJob;
use act_workflow::token::Token;

use crate::scope::JobScope;

/// Minutes a job may run, and may go on after a cancellation, where the workflow does not say.
///
/// Source: GitHub docs, `jobs.<job_id>.timeout-minutes`; actions/runner `JobRunner.cs`.
const TIMEOUT_MINUTES: f64 = 360.0;
const CANCEL_TIMEOUT_MINUTES: f64 = 5.0;

pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    /// As shown.
    pub(crate) timeout_minutes: f64,
    pub(crate) cancel_timeout: Duration,
    pub(crate) forgiven: bool,
}

impl Settings {
    /// Evaluates them.
    ///
    /// # Errors
    /// GitHub's texts.
    pub(crate) fn of(job: &StepsJob, scope: &JobScope<'_>, files: &[String]) -> Result<Self, Vec<String>> {
        let messages = |error: evaluate::EvaluateError| error.messages(files);
        let timeout_minutes =
            minutes(job.timeout_minutes.as_ref(), TIMEOUT_MINUTES, scope).map_err(messages)?;
        let forgiven = match &job.continue_on_error {
            None => false,
            Some(token) => evaluate::now(evaluate::job_continue_on_error(token, scope)).map_err(messages)?,
        };
        let cancel =
            minutes(job.cancel_timeout_minutes.as_ref(), CANCEL_TIMEOUT_MINUTES, scope).map_err(messages)?;
        Ok(Self {
            timeout: of_minutes(timeout_minutes),
            timeout_minutes,
            cancel_timeout: of_minutes(cancel),
            forgiven,
        })
    }
}

fn minutes(token: Option<&Token>, default: f64, scope: &JobScope<'_>) -> evaluate::Result<f64> {
    token.map_or(Ok(default), |token| evaluate::now(evaluate::job_minutes(token, scope)))
}

/// A hundred years: longer limits are none.
const MAX_MINUTES: f64 = 100.0 * 366.0 * 24.0 * 60.0;

/// Minutes may be fractions; nonsense is no time at all.
fn of_minutes(minutes: f64) -> Duration {
    let minutes = if minutes.is_nan() { 0.0 } else { minutes.clamp(0.0, MAX_MINUTES) };
    Duration::from_secs_f64(minutes * 60.0)
}
