//! What the executor of one launch may ask: answered from the run.

use act_core::Loss;
use act_core::control::{
    ActionError, Admission, CancelStage, Checkout, CheckoutAsk, Control, Emission, FetchedAction, RemoteUses,
    Secret, Wanted,
};
use act_core::event::{Event, JobStamp};
use act_core::provisioner::Reveal;
use act_core::spec::SecretName;
use async_trait::async_trait;
use jiff::Timestamp;

use crate::cancel::Cancel;
use crate::dispatcher::Run;
use crate::hearing::Hearing;
use crate::secrets::Secrets;

pub(crate) struct LaunchControl<'a> {
    pub(crate) run: &'a Run,
    pub(crate) stamp: JobStamp,
    /// What the job's workflow may ask for.
    pub(crate) secrets: &'a Secrets,
    pub(crate) cancel: &'a Cancel,
    /// Where there are policies.
    pub(crate) hearing: Option<&'a Hearing>,
}

#[async_trait]
impl Control for LaunchControl<'_> {
    async fn emit(&self, emission: Emission) -> Result<(), Loss> {
        self.run.host.log.append(Some(&self.stamp), emission)
    }

    fn now(&self) -> Timestamp {
        self.run.host.clock.now()
    }

    /// Returns all of the run's, whatever this job may ask for.
    fn masks(&self) -> Vec<Secret> {
        let request = &self.run.request;
        if request.show_secrets {
            return Vec::new();
        }
        request.secrets.values().chain(self.secrets.values()).cloned().collect()
    }

    async fn secret(&self, name: &SecretName) -> Option<Secret> {
        self.secrets.get(&name.0).cloned()
    }

    fn may_refuse(&self) -> bool {
        self.hearing.is_some()
    }

    async fn admit(&self, wanted: &Wanted) -> Admission {
        let Some(hearing) = self.hearing else { return Admission::Allowed };
        let judging = async {
            match wanted {
                Wanted::Step { step, content } => hearing.step(step, content).await,
                Wanted::Secret { name, step } => hearing.secret(name, step.as_ref()).await,
            }
        };
        let judged = tokio::select! {
            biased;
            judged = judging => judged,
            _ = self.cancel.beyond(self.cancel.stage()) => {
                let reason = "cancelled before the policies had answered".to_owned();
                return Admission::Denied { reason, failure: None };
            }
        };
        for said in judged.verdicts {
            self.run.say(Some(&self.stamp.job), Event::JobJudged(Box::new(said)));
        }
        match judged.denial {
            None => Admission::Allowed,
            Some(denial) => Admission::Denied { reason: denial.message(), failure: denial.failure() },
        }
    }

    async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, ActionError> {
        self.run.host.sources.action(uses).await
    }

    async fn checkout(&self, ask: &CheckoutAsk) -> Result<Checkout, ActionError> {
        self.run.host.sources.checkout(ask).await
    }

    fn cancel_stage(&self) -> CancelStage {
        self.cancel.stage()
    }

    async fn cancelled_beyond(&self, seen: CancelStage) -> CancelStage {
        self.cancel.beyond(seen).await
    }
}

/// What a machine needs to be made is asked for as a step would ask; what a job had begun on was made with it.
#[async_trait]
impl Reveal for LaunchControl<'_> {
    async fn reveal(&self, name: &SecretName) -> Result<Secret, String> {
        let missing = || format!("there is no secret `{}`", name.0);
        let secret = self.secret(name).await.ok_or_else(missing)?;
        if self.run.has_begun(&self.stamp.job) {
            return Ok(secret);
        }
        match self.admit(&Wanted::Secret { name: name.clone(), step: None }).await {
            Admission::Allowed => Ok(secret),
            Admission::Denied { reason, .. } => Err(reason),
        }
    }
}
