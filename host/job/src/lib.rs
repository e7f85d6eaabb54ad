//! Executes one job: steps, actions, commands, file commands, contexts, posts.
//!
//! [`run_job`] knows a job's spec, an environment and a control, and nothing else: it runs the same over
//! this machine, a pod or a double in a test, and it can be cut anywhere and taken up again by its records.
//!
//! ```text
//! executor   set up ─▶ pre steps ─▶ steps ─▶ post steps ─▶ outputs          journal   records, and the events with them
//! step       environment ─▶ condition ─▶ work ─▶ conclusion                 process   one process, followed to its end
//! work       script · node · composite · checkout                           console   its output: lines, commands, masks
//! ```
#![warn(missing_docs)]

pub mod command;
pub mod content;
pub mod display;
pub mod file_command;
pub mod matcher;
pub mod remark;
pub mod shell;

mod action;
mod annotations;
mod answers;
mod checkout;
mod complete;
mod composite;
mod console;
mod contexts;
mod executor;
mod files;
mod home;
mod job_steps;
mod journal;
mod node;
mod patient;
mod prepare;
mod problem_file;
mod process;
mod scope;
mod script;
mod state;
mod step;
mod unless_stopped;
mod variables;
mod work;

use act_core::control::Control;
use act_core::environment::Environment;
use act_core::record::Record;
use act_core::{JobEnd, JobSpec};

/// Runs a job to its end, or takes it up where its `past` ends.
///
/// `past` holds the records that [`Control::emit`] kept for this launch, in order; empty for a new job.
/// The environment must be the one they were made in.
pub async fn run_job(
    spec: &JobSpec,
    env: &dyn Environment,
    control: &dyn Control,
    past: &[Record],
) -> JobEnd {
    let env = patient::Patient(env);
    match executor::Executor::new(spec, &env, control, past).run().await {
        Ok(result) => JobEnd::Concluded(result),
        Err(loss) => JobEnd::Interrupted(loss),
    }
}
