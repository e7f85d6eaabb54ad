//! Why each job would run, where, and who says so: `act-host explain`.
//!
//! The same look ahead as a dry run's, told from the side of those who decide: labels, what each mapper answered,
//! what each policy said, placement, decision, documents. Offline, and no plugin is given a capability: one that
//! needs some leaves the answer open.

mod instance;
mod json;
#[cfg(test)]
mod tests;
mod text;

use act_engine::Prepared;
use act_git::ActionStore;

use self::instance::{Instance, Status, instances};
use super::deciders::Deciders;
use super::dry::show_each;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::LogFormat;

/// Explains all workflows of a plan. `store` must be offline.
pub(super) async fn show(
    prepared: &[Prepared],
    config: &Config,
    deciders: &Deciders,
    store: &ActionStore,
) -> Result<Exit, CliError> {
    show_each(prepared, config, deciders, store, |started, found, shown| {
        let instances = instances(found);
        match config.output.format {
            LogFormat::Json => json::lines(started, &instances, shown),
            _ => text::workflow(started, &instances, found.cut, shown),
        }
        exit_of(&instances, &config.selection.jobs)
    })
    .await
}

/// Returns the code of one workflow. That a job is skipped counts against it only if it was asked for by name.
fn exit_of(instances: &[Instance<'_>], named: &[String]) -> Exit {
    let wanted = |id: &str| named.iter().any(|name| name.eq_ignore_ascii_case(id));
    let code = |instance: &Instance<'_>| match instance.end.status {
        Status::Run | Status::Deferred => Exit::Success,
        Status::Skip if !wanted(&instance.job.id) => Exit::Success,
        Status::Skip | Status::Denied | Status::Unplaced | Status::Fail | Status::Unknown => Exit::JobFailed,
        Status::PluginFailed => Exit::Infrastructure,
    };
    instances.iter().map(code).fold(Exit::Success, Exit::graver)
}
