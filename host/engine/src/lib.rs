//! Runs a workflow that was read, checked and selected: the dispatcher of jobs, and what surrounds one.
//!
//! The engine decides order, conditions, legs, groups and cancellation. It executes nothing itself
//! (`act-job` does), reads no clock, disk or environment (see [`ports`]), and keeps all state of a run in
//! the run: the model of the workflow is never changed.
//!
//! ```text
//! select::triggered     does the event start the workflow?
//! preview               what would a run do? (no effects: a dry run, an explanation)
//! prepare(Ask) ─▶ RunRequest ─▶ run(request, host, cancel)
//!     run ─▶ run_jobs ─▶ job ─▶ legs ─▶ leg ─┬▶ launch: admit ▶ place ▶ admit ▶ decide ▶ provision ▶ execute
//!             (DAG)     (if)   (matrix)      └▶ call: run_jobs of the called workflow
//! ```
//! The composition root (the CLI) reads workflows, gathers facts of event and repository, makes an
//! [`Ask`], and names the [`Host`]: log, sources, groups, mappers, policies, scheduler, provisioner, clock.
#![warn(missing_docs)]

pub mod cancel;
pub mod check;
pub mod github;
pub mod place;
pub mod ports;
pub mod prepare;
pub mod preview;
pub mod refuse;
pub mod request;
pub mod secrets;
pub mod select;

mod call;
mod containers;
mod content;
mod control;
mod dispatcher;
mod facts;
mod group;
mod hearing;
mod job;
mod launch;
mod launches;
mod legs;
mod machine;
mod origin;
mod outcome;
mod past;
mod placing;
mod scope;
mod settings;
mod take_up;
mod why;

pub use cancel::Cancel;
pub use dispatcher::{RunEnd, run};
pub use hearing::Denial;
pub use past::{Launched, Past};
pub use ports::Host;
pub use prepare::{Ask, Prepared, prepare};
pub use request::{FrozenRequest, RunRequest, Selection};
pub use secrets::Secrets;
