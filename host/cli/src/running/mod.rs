//! `run`, from a complete configuration to an exit code: the composition root of a run.
//!
//! ```text
//! read    workflow files, with the workflows they call, near and far
//! facts   the repository, the event, who runs it
//! plan    which workflows and jobs; what is refused; the request
//! dry     shows the plan instead of going on
//! host    log, sources, groups, mappers, provisioner: the ports, named
//! ```

mod dry;
mod facts;
mod host;
mod plan;
mod read;

use std::sync::Arc;

use act_core::control::CancelStage;
use act_core::provisioner::{Provisioner, Release, Released};
use act_core::{Conclusion, Loss};
use act_engine::{Cancel, RunEnd, RunRequest};
use act_store::{KeepRuns, Runs};

use self::host::{RunHost, ToldLog};
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::stream;
use crate::world::World;

/// Runs what the configuration selects.
pub(crate) fn run(config: &Config, world: &World) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Internal, error))?;
    runtime.block_on(run_all(config, world))
}

async fn run_all(config: &Config, world: &World) -> Result<Exit, CliError> {
    let facts = facts::gather(config, world).await?;
    let store = Arc::new(host::action_store(config, &facts)?);
    let workflows = read::read(config, world, &store, &facts).await?;
    let workflows = match workflows {
        Ok(workflows) => workflows,
        Err(invalid) => {
            return Ok(crate::commands::show_invalid(&invalid));
        }
    };
    let planned = match plan::plan(config, &facts, workflows)? {
        Ok(planned) => planned,
        Err(invalid) => {
            return Ok(crate::commands::show_invalid(&invalid));
        }
    };
    for line in &planned.notices {
        stream::complain(&format!("notice: {line}\n"));
    }
    if config.dry_run {
        return dry::show(&planned.prepared, config, &store).await;
    }
    let cancel = Cancel::root();
    let provisioner = host::provisioner(config)?;
    sweep(&*provisioner).await;
    let mut ends = Vec::new();
    for prepared in planned.prepared {
        if cancel.stage() > CancelStage::None {
            break;
        }
        let request = number(prepared.request, config)?;
        let RunHost { host, log } = host::open(config, &facts, &request, &store, &provisioner)?;
        let run = act_engine::run(request, host, cancel.clone());
        let end = tokio::select! {
            end = run => end,
            never = signals(&cancel) => match never {},
            never = ticks(&log) => match never {},
        };
        ends.push(end);
    }
    forget_old_runs(config);
    Ok(exit_of(&ends, cancel.stage()))
}

/// Takes down what a killed host process left behind.
async fn sweep(provisioner: &dyn Provisioner) {
    // A folder that cannot be listed will be said by the first machine that is to be made in it.
    let owned = provisioner.owned().await.unwrap_or_default();
    for machine in owned.iter().filter(|machine| machine.abandoned) {
        let id = &machine.id;
        match provisioner.release(machine, Release::Abandoned).await {
            Released::Gone => {
                stream::complain(&format!("notice: removed {id}, which a killed run had left behind\n"));
            }
            Released::Unconfirmed(what) => {
                stream::complain(&format!("warning: {id} was left behind by a killed run: {what}\n"));
            }
        }
    }
}

/// Keeps the state folder from growing without end.
fn forget_old_runs(config: &Config) {
    let keep = KeepRuns { runs: Some(KEPT_RUNS), bytes: Some(KEPT_BYTES) };
    if let Err(error) = Runs::new(&config.state).prune(&keep) {
        stream::complain(&format!("warning: old runs could not be removed: {error}\n"));
    }
}

/// Runs whose logs are kept, and how many bytes of them; older ones are forgotten.
const KEPT_RUNS: usize = 500;
const KEPT_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Gives the run its number, one more than the last of its workflow.
fn number(mut request: RunRequest, config: &Config) -> Result<RunRequest, CliError> {
    let file = request.started.workflow_file.clone();
    let number = act_store::next_run_number(&config.state, &request.source.repository, &file)
        .map_err(|error| CliError::new(Exit::Infrastructure, error))?;
    request.started.run_number = number;
    request.github.insert("run_number", number.to_string());
    Ok(request)
}

async fn ticks(log: &ToldLog) -> std::convert::Infallible {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        ticks.tick().await;
        log.tick();
    }
}

/// First Ctrl-C cancels as GitHub does, the second kills. A polite end from outside counts as a Ctrl-C.
async fn signals(cancel: &Cancel) -> std::convert::Infallible {
    let mut stage = cancel.stage();
    loop {
        stop_signal().await;
        stage = if stage == CancelStage::None { CancelStage::Cancel } else { CancelStage::Kill };
        cancel.raise(stage);
    }
}

#[cfg(unix)]
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        // Without handlers the signal does what it does to every program.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// The gravest end of several runs decides.
fn exit_of(ends: &[Result<RunEnd, Loss>], stage: CancelStage) -> Exit {
    let lost = |end: &Result<RunEnd, Loss>| end.as_ref().map_or(true, |end| end.infrastructure);
    let good = |end: &Result<RunEnd, Loss>| {
        matches!(end, Ok(RunEnd { conclusion: Conclusion::Success | Conclusion::Skipped, .. }))
    };
    if ends.iter().any(lost) {
        Exit::Infrastructure
    } else if stage > CancelStage::None {
        Exit::Cancelled
    } else if ends.iter().all(good) {
        Exit::Success
    } else {
        Exit::JobFailed
    }
}
