//! What the executor of one launch may ask: answered from the run.

use std::sync::Arc;

use act_core::Loss;
use act_core::control::{
    ActionError, Admission, CancelStage, Checkout, CheckoutAsk, Control, Emission, FetchedAction, RemoteUses,
    Secret, SecretAnswer, SecretAsk, StepAsk,
};
use act_core::event::JobStamp;
use async_trait::async_trait;
use jiff::Timestamp;

use crate::cancel::Cancel;
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
        self.secrets
            .get(&ask.name.0)
            .map_or(SecretAnswer::Missing, |secret| SecretAnswer::Value(secret.clone()))
    }

    async fn admit(&self, _ask: &StepAsk) -> Admission {
        Admission::Allowed
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
