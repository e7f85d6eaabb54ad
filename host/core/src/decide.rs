//! Ports: pure decisions. Facts and time are arguments; no clock, no environment.
//!
//! They are async for implementors that wait, such as a plugin for an answer from the network; those of this
//! program answer at once. None returns an error: that an implementor failed is one of its answers, so that it is
//! kept and shown like any other.
//!
//! ```text
//! facts      JobFacts: who asks                        content    JobContent: what runs
//! labels     LabelMapper: labels ▶ placement           policy     Policy: may it be, and how
//! schedule   Scheduler: placement ▶ decision
//! ```

mod content;
mod facts;
mod labels;
mod policy;
mod schedule;

pub use content::{
    CodePlace, ImageRole, ImageUse, JobContent, SecretUse, SecretWanted, StepContent, StepRuns, Used,
    WorkflowUse,
};
pub use facts::{JobFacts, Trust};
pub use labels::{LabelAsk, LabelMapper, Mapped, MapperAnswer};
pub use policy::{Changes, PhaseName, Policy, PolicyAsk, PolicyPhase, Verdict};
pub use schedule::{Case, ImageTrouble, PastLaunch, Ruling, Scheduler, Seen, Sighting};
