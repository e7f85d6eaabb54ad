//! What the executor of one launch may ask: answered from the run.

use std::sync::{Arc, OnceLock};

use act_core::Loss;
use act_core::control::{
    ActionError, Admission, CancelStage, Checkout, CheckoutAsk, Control, Emission, FetchedAction, RemoteUses,
    Secret, SecretAnswer, SecretAsk, StepAsk,
};
use act_core::event::{Event, JobStamp};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::cancel::Cancel;
use crate::hearing::{Hearing, Judged};
use crate::ports::Host;
use crate::secrets::Secrets;

pub(crate) struct LaunchControl {
    pub(crate) host: Host,
    pub(crate) stamp: JobStamp,
    /// What the job's workflow may ask for.
    pub(crate) secrets: Secrets,
    /// What must never be shown: all of the run's.
    pub(crate) masks: Secrets,
    /// Whether the user wants to see them all the same.
    pub(crate) show_secrets: bool,
    pub(crate) cancel: Arc<Cancel>,
    /// Where there are policies.
    pub(crate) hearing: Option<Arc<Hearing>>,
    /// The first failure of a policy.
    pub(crate) failed: OnceLock<String>,
}

impl LaunchControl {
    /// Waits for what policies say, tells it, and returns why not, if not. Who is cancelled waits no longer.
    async fn judged(&self, judging: impl Future<Output = Judged>) -> Result<(), String> {
        let judged = tokio::select! {
            biased;
            judged = judging => judged,
            _ = self.cancel.beyond(self.cancel.stage()) => {
                return Err("cancelled before the policies had answered".to_owned());
            }
        };
        let events =
            judged.verdicts.into_iter().map(|said| Event::JobJudged(Box::new(said))).collect::<Vec<_>>();
        if !events.is_empty() {
            // A log that is lost ends the job at the next thing that must be kept.
            let _ = self.host.log.append(Some(&self.stamp), Emission { records: Vec::new(), events });
        }
        let Some(denial) = judged.denial else { return Ok(()) };
        if let Some(failure) = denial.failure() {
            self.failed.get_or_init(|| failure);
        }
        Err(denial.message())
    }
}

#[async_trait]
impl Control for LaunchControl {
    async fn emit(&self, emission: Emission) -> Result<(), Loss> {
        self.host.log.append(Some(&self.stamp), emission)
    }

    fn now(&self) -> Timestamp {
        self.host.clock.now()
    }

    fn masks(&self) -> Vec<Secret> {
        if self.show_secrets {
            return Vec::new();
        }
        self.masks.values().chain(self.secrets.values()).cloned().collect()
    }

    async fn secret(&self, ask: &SecretAsk) -> SecretAnswer {
        let Some(secret) = self.secrets.get(&ask.name.0) else { return SecretAnswer::Missing };
        if let Some(hearing) = &self.hearing
            && let Err(reason) = self.judged(hearing.secret(&ask.name, ask.step.as_ref())).await
        {
            return SecretAnswer::Denied(reason);
        }
        SecretAnswer::Value(secret.clone())
    }

    fn judges_steps(&self) -> bool {
        self.hearing.is_some()
    }

    async fn admit(&self, ask: &StepAsk) -> Admission {
        let Some(hearing) = &self.hearing else { return Admission::Allowed };
        match self.judged(hearing.step(ask)).await {
            Ok(()) => Admission::Allowed,
            Err(reason) => Admission::Denied(reason),
        }
    }

    async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, ActionError> {
        self.host.sources.action(uses).await
    }

    async fn checkout(&self, ask: &CheckoutAsk) -> Result<Checkout, ActionError> {
        self.host.sources.checkout(ask).await
    }

    fn cancel_stage(&self) -> CancelStage {
        self.cancel.stage()
    }

    async fn cancelled_beyond(&self, seen: CancelStage) -> CancelStage {
        self.cancel.beyond(seen).await
    }
}
