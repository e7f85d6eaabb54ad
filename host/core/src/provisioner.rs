//! Port: makes machines of decisions, binds jobs to them, and takes them down.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::environment::{Environment, EnvironmentError};
use crate::ids::{Epoch, LaunchId, MachineId};
use crate::place::Decision;

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
    /// It was not made.
    Refused {
        /// Why, for people.
        reason: String,
        /// Whether the same ask may succeed later.
        retry: bool,
    },
}

/// Why a machine is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// Its job has ended.
    Done,
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
}

/// Makes machines, and takes them down.
///
/// Calls may be repeated after a lost reply; a machine's id makes them idempotent.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Returns what [`Provisioner::create`] would make. Pure.
    fn describe(&self, decision: &Decision) -> Vec<Document>;

    /// Makes the machine named `id`, or finds it made.
    async fn create(&self, id: &MachineId, decision: &Decision) -> Creation;

    /// Opens the machine for one launch. A higher epoch takes over from a lower one; a lower one is
    /// [`EnvironmentError::Fenced`].
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
