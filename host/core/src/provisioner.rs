//! Port: makes machines of decisions, binds jobs to them, and takes them down.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::control::Secret;
use crate::decide::Seen;
use crate::environment::{Environment, EnvironmentError};
use crate::ids::{Epoch, LaunchId, MachineId};
use crate::place::Decision;
use crate::spec::SecretName;

/// One thing a decision would make, for people: a dry run, an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What it is, in one line.
    pub title: String,
    /// Its content.
    pub text: String,
}

/// A machine that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The name it was minted with.
    pub id: MachineId,
    /// Whether somebody who lives still answers for it.
    pub abandoned: bool,
}

/// What came of asking for a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It was made.
    Created(Machine),
    /// It was there already, made for the same id.
    Adopted(Machine),
    /// It was not made, and nothing is left of it. Why, as a scheduler is told: [`Seen::Quota`] where the same ask may
    /// succeed later.
    Refused(Seen),
}

/// Why a machine is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// Its job has ended.
    Done,
    /// Its job has ended, and not well: whoever keeps machines to look into them keeps this one.
    Failed,
    /// Its host died and left it behind.
    Abandoned,
}

/// What came of releasing a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// It can run nothing any more, and what it held is removed (unless it is to be kept).
    Gone,
    /// Nobody can say. The text tells what is left.
    Unconfirmed(String),
    /// It is left as it is, because the user wants to look into it. The text tells how.
    Kept(String),
}

/// Hands out what the secrets hold that a decision names.
#[async_trait]
pub trait Reveal: Send + Sync {
    /// Returns what a secret holds, where policies let it be used.
    ///
    /// # Errors
    /// Why not.
    async fn reveal(&self, name: &SecretName) -> Result<Secret, String>;
}

/// Makes machines, and takes them down.
///
/// Calls may be repeated after a lost reply; a machine's id makes them idempotent.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Returns what [`Provisioner::create`] would make. Pure.
    fn describe(&self, decision: &Decision) -> Vec<Document>;

    /// Makes the machine named `id`, or finds it made. It may take long until it is ready: [`Provisioner::bind`] waits.
    async fn create(&self, id: &MachineId, decision: &Decision, secrets: &dyn Reveal) -> Creation;

    /// Tells what is seen of a machine from now on: what it waits for, what is wrong with it, and last why it is gone.
    /// The same thing is told once. Of a machine that says nothing the stream stays silent; it ends when there is
    /// nothing more to come.
    fn observe(&self, machine: &Machine) -> BoxStream<'static, Seen>;

    /// Opens the machine for one launch, as soon as it is ready: whoever drops this waits no longer. A higher epoch takes
    /// over from a lower one; a lower one is [`EnvironmentError::Fenced`]. A machine that can never be ready is
    /// [`EnvironmentError::Lost`].
    async fn bind(
        &self,
        machine: &Machine,
        launch: &LaunchId,
        epoch: Epoch,
    ) -> Result<Arc<dyn Environment>, EnvironmentError>;

    /// Lists the machines that this provisioner made and has not released, also those of host
    /// processes that are gone.
    async fn owned(&self) -> Result<Vec<Machine>, EnvironmentError>;

    /// Ends everything on a machine and takes it down. `Gone` also if there is no such machine.
    async fn release(&self, machine: &Machine, why: Release) -> Released;
}

/// Knows no secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

#[async_trait]
impl Reveal for NoSecrets {
    async fn reveal(&self, name: &SecretName) -> Result<Secret, String> {
        Err(format!("there is no secret `{}` here", name.0))
    }
}
