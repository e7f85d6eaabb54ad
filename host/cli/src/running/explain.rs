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
use super::dry::look;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::LogFormat;
use crate::stream;

/// Explains all workflows of a plan. `store` must be offline.
pub(super) async fn show(
    prepared: &[Prepared],
    config: &Config,
    deciders: &Deciders,
    store: &ActionStore,
) -> Result<Exit, CliError> {
    let mut shown = String::new();
    let mut exit = Exit::Success;
    for (index, prepared) in prepared.iter().enumerate() {
        let found = look(prepared, config, deciders, store).await;
        let instances = instances(&found);
        if config.output.format == LogFormat::Json {
            json::lines(&prepared.request.started, &instances, &mut shown);
        } else {
            shown.push_str(if index == 0 { "" } else { "\n" });
            text::workflow(&prepared.request.started, &instances, found.cut, &mut shown);
        }
        exit = graver(exit, exit_of(&instances, &config.selection.jobs));
    }
    stream::print_text(&stream::harmless(&shown))?;
    Ok(exit)
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
    instances.iter().map(code).fold(Exit::Success, graver)
}

fn graver(a: Exit, b: Exit) -> Exit {
    if (a as u8) < (b as u8) { b } else { a }
}
