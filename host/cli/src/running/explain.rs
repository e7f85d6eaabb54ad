//! Why each job would run, where, and who says so: `act-host explain`.
//!
//! The same look ahead as a dry run's, told from the side of those who decide: labels, what each mapper answered,
//! what each policy said, placement, decision, documents. Nothing is fetched, and no plugin is given a capability: one that
//! needs some leaves the answer open. Where pods are decided, nodes and quotas of the cluster are looked at.

mod instance;
mod json;
#[cfg(test)]
mod tests;
mod text;

use act_core::place::Decision;
use act_engine::Prepared;
use act_git::ActionStore;

use self::instance::{Instance, Status, instances};
use super::around::Around;
use super::deciders::Deciders;
use super::dry::each;
use super::machines::describe;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::LogFormat;
use crate::stream;

/// Explains all workflows of a plan. `store` must be offline. Where pods may be decided, the cluster is looked at.
pub(super) async fn show(
    prepared: &[Prepared],
    config: &Config,
    deciders: &Deciders,
    store: &ActionStore,
) -> Result<Exit, CliError> {
    let around = Around::look(config, deciders.beyond_this_machine).await;
    let describe = |decision: &Decision| {
        let mut documents = describe(config, decision);
        documents.extend(around.told(config, decision));
        documents
    };
    let (shown, exit) = each(prepared, config, deciders, store, &describe, |started, found, shown| {
        let instances = instances(found);
        match config.output.format {
            LogFormat::Json => json::lines(started, &instances, shown),
            _ => text::workflow(started, &instances, found.cut, shown),
        }
        exit_of(&instances, &config.selection.jobs)
    })
    .await;
    stream::print_text(&stream::harmless(&shown))?;
    Ok(exit)
}

/// Tells before a run why its jobs go where they go, and what of the cluster is in their way.
pub(super) async fn reasons(
    prepared: &[Prepared],
    config: &Config,
    deciders: &Deciders,
    store: &ActionStore,
) -> String {
    let around = Around::look(config, deciders.beyond_this_machine).await;
    let describe = |decision: &Decision| around.told(config, decision).into_iter().collect();
    let told = each(prepared, config, deciders, store, &describe, |started, found, shown| {
        text::workflow(started, &instances(found), found.cut, shown);
        Exit::Success
    });
    stream::harmless(&told.await.0)
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
