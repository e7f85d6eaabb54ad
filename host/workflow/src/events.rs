//! Decides what an event means to a workflow: which activities and filters it knows, and which ref and commit a
//! run of it is about.
//!
//! [`EventKind`] is the table of triggers; [`EventFacts`] is drawn from an event's payload and from what the caller
//! knows of the local repository, and gives the `github.*` fields that follow; [`resolve_inputs`] turns the inputs
//! of a `workflow_dispatch` into what the workflow sees. Nothing here reads files or asks git, and whether an event
//! starts a workflow is decided in [`crate::filter`].

mod facts;
mod inputs;
mod refs;
mod table;

pub use facts::{EventFacts, GitFacts, Image};
pub use inputs::{InputDefinition, InputError, InputKind, ResolvedInputs, resolve_inputs};
pub use refs::{GitRef, RefKind};
pub use table::{ActivityTypes, EventKind, FilterKey, RunsAt, UnknownEvent};

#[cfg(test)]
mod tests;
