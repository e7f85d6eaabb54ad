//! The words every room shares: who is who, what a job is, how it ended, and what the ports promise.
//!
//! Nothing here does IO, reads a clock or starts a task. The ports are traits beside their types; each
//! is to have one contract suite that every implementor passes (`act-tests`, module `contract`, has them so far
//! for environments, provisioners and label mappers; `act-store` for concurrency groups).
//!
//! ```text
//! ids        RunId · JobKey · Attempt · Launch · Epoch · ExecId
//! spec       JobSpec: a job, ready to cross a wire            end      JobEnd, JobResult, Loss
//! place      Placement, Decision, Shape, Bind                 decide   LabelMapper, Policy, Scheduler; JobFacts, JobContent
//! event      what a run tells everyone, masked                record   what a job needs to be resumed, private
//! control    what the executor may ask of whoever runs it     environment, provisioner, tree
//! ```
#![warn(missing_docs)]

pub mod concurrency;
pub mod control;
pub mod decide;
pub mod end;
pub mod environment;
pub mod event;
pub mod ids;
pub mod place;
pub mod provisioner;
pub mod record;
pub mod spec;
pub mod tree;

pub use end::{Conclusion, JobEnd, JobResult, Loss};
pub use ids::{Attempt, Epoch, ExecId, JobKey, Launch, LaunchId, Phase, RunId, StepPath};
pub use spec::JobSpec;
