//! `run`, from a complete configuration to an exit code: the composition root of a run.
//!
//! ```text
//! read    workflow files, with the workflows they call, near and far
//! facts   the repository, the event, who runs it
//! plugins  found and loaded, and what they log
//! deciders who says where jobs go, and whether they may
//! plan    which workflows and jobs; what is refused; the request
//! dry     shows the plan instead of going on
//! explain shows who decided what instead of going on
//! machines  who makes them, each by its decision: this machine, a cluster
//! cluster   how that is connected         around   what it says against a pod
//! frozen  the run as it is written down      resume  and taken up again
//! host    log, sources, groups, mappers, provisioner: the ports, named
//! trouble what is said of an action that cannot be had
//! signals who may cancel it from outside
//! ```

mod around;
mod cluster;
mod deciders;
mod dry;
mod explain;
mod facts;
mod frozen;
mod host;
mod machines;
mod plan;
mod plugin_log;
mod plugins;
mod read;
mod resume;
mod signals;
mod sources;
mod trouble;

use std::collections::HashSet;
use std::sync::Arc;

use act_core::control::CancelStage;
use act_core::ids::MachineId;
use act_core::{Conclusion, Loss};
use act_engine::ports::Host;
use act_engine::{Cancel, Past, Prepared, RunEnd, RunRequest};
use act_git::ActionStore;
use act_store::{KeepRuns, LogError, RunLog, Runs};
use futures_util::future::join_all;

use self::deciders::Deciders;
use self::facts::Facts;
use self::frozen::FrozenRun;
use self::host::{RunHost, Shared, ToldLog};
use self::machines::{Machines, sweep};
use self::plugin_log::{PluginLog, heard_by};
use self::signals::StopSignals;
use crate::config::{self, Config, Mode};
use crate::diagnostics::CheckedFile;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::RunFlags;
use crate::flags::value::Named;
use crate::stream;
use crate::world::World;

pub(crate) use self::plugins::{COMPILE, installed, installed_names, name_of, plugin_host};
pub(crate) use self::resume::Interrupted;

/// Runs what the configuration selects. `secrets` are those of the command line, which is written down without them.
pub(crate) fn run(config: Config, secrets: &[Named], world: &World) -> Result<Exit, CliError> {
    block_on(run_all(config, secrets, world))
}

/// Takes a run up whose process was killed.
pub(crate) fn resume(interrupted: &Interrupted, flags: RunFlags, world: &World) -> Result<Exit, CliError> {
    let (config, world) = interrupted.config(flags, world)?;
    block_on(run_again(interrupted, config, &world))
}

fn block_on(work: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Internal, error))?;
    runtime.block_on(work)
}

/// What runs stand on, whatever they are.
struct Ground {
    config: Config,
    facts: Facts,
    deciders: Deciders,
    store: Arc<ActionStore>,
}

impl Ground {
    /// Looks around and loads plugins; the inner error holds files that are wrong.
    async fn find(mut config: Config, world: &World) -> Result<Result<Self, Vec<CheckedFile>>, CliError> {
        // The processor is free while git looks around.
        let (facts, ()) =
            tokio::join!(facts::gather(&config, world), async { act_workflow::read::prepare() });
        let facts = facts?;
        let file = config.plugins.file.as_deref();
        let files = match config::plugins::read(file, &config.selection.root, &config.yaml, world)? {
            Ok(files) => files,
            Err(invalid) => return Ok(Err(invalid)),
        };
        config.settle(&files);
        let log = Arc::new(PluginLog { verbose: config.output.verbose });
        let plugins = plugins::load(&config, &files, log, world).await?;
        let deciders = Deciders::new(&config, &plugins);
        for line in files.notices.iter().chain(&deciders.notices) {
            stream::complain(&format!("notice: {line}\n"));
        }
        let store = Arc::new(host::action_store(&config, &facts)?);
        Ok(Ok(Self { config, facts, deciders, store }))
    }
}

/// A run that is about to begin, or to go on.
struct Opened {
    request: RunRequest,
    log: RunLog,
    label: Option<String>,
    past: Past,
}

async fn run_again(interrupted: &Interrupted, config: Config, world: &World) -> Result<Exit, CliError> {
    let ground = match Ground::find(config, world).await? {
        Ok(ground) => ground,
        Err(invalid) => return Ok(crate::commands::show_invalid(&invalid)),
    };
    let request = interrupted.request(plan::secrets(&ground.config))?;
    let runs = Runs::new(&ground.config.state);
    let log = runs.reopen(interrupted.id).map_err(no_log)?;
    let past = resume::past(&runs, interrupted.id)?;
    let begun = past.open_launches().map(|open| &open.decision);
    let machines = Machines::open(&ground.config, begun).await?;
    go(ground, machines, vec![Opened { request, log, label: None, past }]).await
}

fn no_log(error: LogError) -> CliError {
    CliError::new(Exit::Infrastructure, error).hint("`ACT_HOST_STATE` names another folder for runs")
}

async fn run_all(config: Config, secrets: &[Named], world: &World) -> Result<Exit, CliError> {
    let ground = match Ground::find(config, world).await? {
        Ok(ground) => ground,
        Err(invalid) => return Ok(crate::commands::show_invalid(&invalid)),
    };
    let Ground { config, facts, deciders, store } = &ground;
    let workflows = read::read(config, world, store, facts).await?;
    let workflows = match workflows {
        Ok(workflows) => workflows,
        Err(invalid) => {
            return Ok(crate::commands::show_invalid(&invalid));
        }
    };
    let planned = match plan::plan(config, facts, deciders, workflows).await? {
        Ok(planned) => planned,
        Err(invalid) => {
            return Ok(crate::commands::show_invalid(&invalid));
        }
    };
    for line in &planned.notices {
        stream::complain(&format!("notice: {line}\n"));
    }
    match config.mode {
        Mode::DryRun => return dry::show(&planned.prepared, config, deciders, store).await,
        Mode::Explain => return explain::show(&planned.prepared, config, deciders, store).await,
        Mode::Run => {}
    }
    if config.machine.debug_scheduling {
        stream::complain(&explain::reasons(&planned.prepared, config, deciders, store).await);
    }
    let machines = Machines::open(config, std::iter::empty()).await?;
    let mut opened = Vec::new();
    let labels = labels(&planned.prepared);
    for ((prepared, texts), label) in planned.prepared.into_iter().zip(planned.texts).zip(labels) {
        let request = number(prepared.request, config)?;
        let mut log = Runs::new(&config.state).create(request.run).map_err(no_log)?;
        log.freeze(frozen::RUN, &FrozenRun::new(&request, texts, secrets, world)).map_err(no_log)?;
        opened.push(Opened { request, log, label, past: Past::default() });
    }
    go(ground, machines, opened).await
}

/// Runs what was opened, side by side.
async fn go(ground: Ground, machines: Arc<Machines>, opened: Vec<Opened>) -> Result<Exit, CliError> {
    let Ground { config, facts, deciders, store } = ground;
    let config = &config;
    let cancel = Cancel::root();
    let mut signals = StopSignals::listen();
    let shared = Shared::open(config, store, deciders, machines.clone());
    let begun = opened.iter().flat_map(|run| run.past.open_launches());
    let own: HashSet<MachineId> = begun.map(|open| MachineId::of(&open.launch)).collect();
    sweep(&*machines, &own).await;
    let mut runs = Vec::new();
    for Opened { request, log, label, past } in opened {
        let RunHost { host, log } = host::open(config, &facts, &request, log, &shared, label);
        if past.is_known() {
            let told = Runs::new(&config.state).read(request.run);
            let told = told.map_err(|error| CliError::new(Exit::Infrastructure, error))?;
            log.tell_past(told).map_err(|error| CliError::new(Exit::Infrastructure, error))?;
        }
        runs.push((request, host, past, log));
    }
    let logs: Vec<_> = runs.iter().map(|(_, _, _, log)| log.clone()).collect();
    let run = |(request, host, past, log)| heard_by(log, run_one(request, host, past, &cancel));
    let runs = runs.into_iter().map(run);
    let ends = tokio::select! {
        ends = join_all(runs) => ends,
        never = signals.cancel(&cancel) => match never {},
        never = ticks(&logs) => match never {},
    };
    machines.close().await;
    logs.iter().for_each(|log| log.tell_end());
    forget_old_runs(config);
    Ok(exit_of(&ends, cancel.stage()))
}

async fn run_one(request: RunRequest, host: Host, past: Past, cancel: &Arc<Cancel>) -> Exit {
    // Of its own: what cancels one run, such as its concurrency group, is nothing to the others.
    let own = cancel.child();
    let end = act_engine::run(request, host, own.clone(), past).await;
    if let Err(loss) = &end {
        stream::complain(&format!("error: {loss}\n"));
    }
    end_of(end, own.stage())
}

/// Names each run by its file, all of one width; one that is alone needs no name.
fn labels(prepared: &[Prepared]) -> Vec<Option<String>> {
    let names: Vec<&str> = prepared
        .iter()
        .map(|prepared| prepared.request.started.workflow_file.as_str())
        .map(|file| file.rsplit('/').next().unwrap_or(file))
        .collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let several = names.len() > 1;
    names.iter().map(|name| several.then(|| format!("{name:width$}"))).collect()
}

/// Keeps the state folder from growing without end.
fn forget_old_runs(config: &Config) {
    let keep = KeepRuns { runs: Some(KEPT_RUNS), bytes: Some(KEPT_BYTES) };
    if let Err(error) = Runs::new(&config.state).prune_often(&keep) {
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
    Arc::make_mut(&mut request.github).insert("run_number", number.to_string());
    Ok(request)
}

async fn ticks(logs: &[Arc<ToldLog>]) -> std::convert::Infallible {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        ticks.tick().await;
        logs.iter().for_each(|log| log.tick());
    }
}

/// Returns the code of one run. Cancelled is what somebody cancelled; a job that was stopped because its time
/// was up has failed.
fn end_of(end: Result<RunEnd, Loss>, stage: CancelStage) -> Exit {
    match end {
        Err(_) | Ok(RunEnd { infrastructure: true, .. }) => Exit::Infrastructure,
        Ok(RunEnd { conclusion: Conclusion::Success | Conclusion::Skipped, .. }) => Exit::Success,
        Ok(RunEnd { conclusion: Conclusion::Cancelled, .. }) if stage > CancelStage::None => Exit::Cancelled,
        Ok(RunEnd { conclusion: Conclusion::Cancelled | Conclusion::Failure, .. }) => Exit::JobFailed,
    }
}

/// The gravest end of several runs decides; once the user has cancelled, that does, unless a machine failed.
fn exit_of(ends: &[Exit], stage: CancelStage) -> Exit {
    let cancelled = (stage > CancelStage::None).then_some(Exit::Cancelled);
    let any = |exit| ends.contains(&exit).then_some(exit);
    any(Exit::Infrastructure)
        .or(cancelled)
        .or_else(|| any(Exit::JobFailed))
        .or_else(|| any(Exit::Cancelled))
        .unwrap_or(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_end_decides() {
        use CancelStage::{Cancel, None};
        use Exit::{Cancelled, Infrastructure, JobFailed, Success};
        for (ends, stage, exit) in [
            (&[][..], None, Success),
            (&[Success, Success], None, Success),
            (&[Success, JobFailed, Cancelled], None, JobFailed),
            (&[Cancelled, Success], None, Cancelled),
            (&[JobFailed, Infrastructure], None, Infrastructure),
            (&[JobFailed], Cancel, Cancelled),
            (&[Infrastructure], Cancel, Infrastructure),
            (&[], Cancel, Cancelled),
        ] {
            assert_eq!(exit_of(ends, stage), exit, "{ends:?}");
        }
    }

    #[test]
    fn only_who_is_cancelled_by_somebody_counts_as_cancelled() {
        let cancelled = RunEnd { conclusion: Conclusion::Cancelled, infrastructure: false };
        assert_eq!(end_of(Ok(cancelled), CancelStage::Cancel), Exit::Cancelled);
        assert_eq!(end_of(Ok(cancelled), CancelStage::None), Exit::JobFailed);
        assert_eq!(end_of(Err(Loss::Fenced), CancelStage::None), Exit::Infrastructure);
    }
}
