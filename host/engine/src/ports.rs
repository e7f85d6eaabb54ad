//! What the engine needs of the program around it, besides the ports of `act-core`.

use std::sync::Arc;

use act_core::Loss;
use act_core::concurrency::ConcurrencyGroups;
use act_core::control::{ActionError, Checkout, CheckoutAsk, Emission, FetchedAction, RemoteUses};
use act_core::decide::{LabelMapper, Policy, Scheduler};
use act_core::event::JobStamp;
use act_core::provisioner::Provisioner;
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::past::Launched;

/// Where events and records go: kept first, then told to whoever listens.
pub trait RunLog: Send + Sync {
    /// Keeps an emission of the run, or of the job in `job`; durable when it returns, all or nothing.
    ///
    /// # Errors
    /// [`Loss::Log`] when it cannot be kept, [`Loss::Fenced`] when a higher epoch was seen.
    fn append(&self, job: Option<&JobStamp>, emission: Emission) -> Result<(), Loss>;

    /// Keeps a launch before its machine is asked for, for whoever takes the run up again; told to nobody.
    ///
    /// # Errors
    /// As [`RunLog::append`].
    fn launched(&self, launched: &Launched) -> Result<(), Loss>;
}

/// Where actions and the run's own repository come from.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Gets an action. The same reference gets the same commit for the whole run.
    async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, ActionError>;

    /// Gets the run's own repository.
    async fn checkout(&self, ask: &CheckoutAsk) -> Result<Checkout, ActionError>;
}

/// What time it is.
pub trait Clock: Send + Sync {
    /// Returns the time.
    fn now(&self) -> Timestamp;
}

/// Everything around a run, named by the composition root.
#[derive(Clone)]
pub struct Host {
    /// The run's log.
    pub log: Arc<dyn RunLog>,
    /// Actions and the repository.
    pub sources: Arc<dyn Sources>,
    /// Groups of the runs that share a state folder.
    pub groups: Arc<dyn ConcurrencyGroups>,
    /// Asked in this order.
    pub mappers: Vec<Arc<dyn LabelMapper>>,
    /// All asked, in this order, until one denies. Without any, nothing is asked and nothing is looked for.
    pub policies: Vec<Arc<dyn Policy>>,
    /// Decides on every placed job.
    pub scheduler: Arc<dyn Scheduler>,
    /// Makes the machines.
    pub provisioner: Arc<dyn Provisioner>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Places for jobs that run; runs side by side share them.
    pub places: Arc<Semaphore>,
}
