//! `run --resume`: takes a run up whose process was killed.
//!
//! What the run was is read from its own folder, whatever became of the files since; how it is shown, its secrets and
//! its machines are found as they were found then, by the flags of then under those of now.

use std::time::Duration;

use act_core::ids::RunId;
use act_engine::{Launched, Past, RunRequest, Secrets};
use act_store::{Entry, RunState, Runs, StoreError};

use super::frozen::{FrozenRun, RUN};
use crate::cli;
use crate::config::{self, Config};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::{EventFlags, RunFlags, SelectionFlags, ValueFlags};
use crate::folders::Folders;
use crate::world::World;

/// The name of a launch among what is frozen of a run.
pub(super) const LAUNCH: &str = "launch";

/// A run to be taken up, before it is.
pub(crate) struct Interrupted {
    pub(super) id: RunId,
    pub(super) frozen: FrozenRun,
}

/// Returns how a run stands. One whose process was killed this moment may look alive a little longer: a child that has
/// not become its own program yet holds what that one held.
fn settled(runs: &Runs, id: RunId) -> Result<Option<RunState>, StoreError> {
    let mut tries = 20;
    loop {
        let state = runs.summary(id)?.map(|summary| summary.state);
        tries -= 1;
        if tries == 0 || !matches!(state, Some(RunState::Running)) {
            return Ok(state);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Interrupted {
    /// Finds the run that the user means, and whether it can be taken up.
    pub(crate) fn find(text: &str, flags: &RunFlags, world: &World) -> Result<Self, CliError> {
        if changes_the_run(flags) {
            let message =
                "`--resume` takes a run up as it was: which workflow, jobs, event and values cannot be given";
            return Err(CliError::invalid(message).hint("secrets, machines, plugins and output can"));
        }
        let runs = Runs::new(&Folders::of(world)?.state);
        let id = runs
            .resolve(text)
            .map_err(|error| CliError::invalid(error).hint("`act-host runs` lists them"))?;
        let failed = |error| CliError::new(Exit::Infrastructure, error);
        match settled(&runs, id).map_err(failed)? {
            Some(RunState::Interrupted) => {}
            Some(RunState::Running) => {
                return Err(CliError::invalid(format!("{id} is still running: its process lives")));
            }
            Some(RunState::Finished(end)) => {
                return Err(CliError::invalid(format!("{id} has ended: {}", end.conclusion)));
            }
            None => return Err(CliError::invalid(format!("{id} is not there any more"))),
        }
        let journal = runs.journal(id).map_err(failed)?;
        for entry in journal {
            let entry = entry.map_err(|error| CliError::new(Exit::Infrastructure, error))?;
            let Entry::Frozen(frozen) = entry else { continue };
            if frozen.name == RUN {
                let frozen = serde_json::from_value(frozen.value).map_err(|error| {
                    let message = format!("{id} was written by another version of act-host: {error}");
                    CliError::new(Exit::Infrastructure, message)
                })?;
                return Ok(Self { id, frozen });
            }
        }
        Err(CliError::invalid(format!("{id} was killed before it had begun")).hint("start it anew"))
    }

    /// Lays the flags of now over those of then.
    pub(crate) fn config(&self, now: RunFlags, world: &World) -> Result<(Config, World), CliError> {
        let then = self.frozen.world(world);
        let mut flags = cli::run_flags(&then)?;
        let given =
            |name: &str| now.values.secret.iter().any(|secret| secret.name.eq_ignore_ascii_case(name));
        flags.values.secret.retain(|secret| !given(&secret.name));
        // What these came to is in the request; where they came from need not be there any more.
        flags.event = EventFlags { remote_name: flags.event.remote_name, ..EventFlags::default() };
        let ValueFlags { secret, secret_file, inherit_env, .. } = flags.values;
        flags.values = ValueFlags { secret, secret_file, inherit_env, ..ValueFlags::default() };
        let config::Layered { flags, yaml, notices } = config::layered(now.over(flags), &then)?;
        crate::commands::notify(&notices);
        Ok((Config { yaml, ..Config::resolve(flags, &then)? }, then))
    }

    /// Makes the request again.
    pub(super) fn request(&self, secrets: Secrets) -> Result<RunRequest, CliError> {
        let file = self.frozen.read().map_err(CliError::invalid)?;
        let names = file.sources.iter().map(|(_, file)| file.name.to_string()).collect();
        let request = self.frozen.request.clone().thaw(self.id, file.workflow.into(), names, secrets);
        request.map_err(|missing| {
            let message = format!("the run had secrets that are not given any more: {}", missing.join(", "));
            CliError::invalid(message).hint("give them with `--secret NAME`, or in the file they were in")
        })
    }
}

/// Reads what a run has told and written down. Its log must be this process's own by now.
pub(super) fn past(runs: &Runs, id: RunId) -> Result<Past, CliError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| CliError::new(Exit::Infrastructure, error);
    let mut past = Past::default();
    for envelope in runs.read(id).map_err(|error| failed(error.into()))? {
        past.told(envelope.map_err(|error| failed(error.into()))?);
    }
    for entry in runs.journal(id).map_err(|error| failed(error.into()))? {
        match entry.map_err(|error| failed(error.into()))? {
            Entry::Records { job: Some(stamp), records, .. } => past.kept(&stamp, records),
            Entry::Frozen(frozen) if frozen.name == LAUNCH => {
                let launched: Launched =
                    serde_json::from_value(frozen.value).map_err(|error| failed(error.into()))?;
                past.launched(launched);
            }
            Entry::Records { job: None, .. } | Entry::Frozen(_) => {}
        }
    }
    Ok(past)
}

/// Whether flags say what to run, which is said already.
fn changes_the_run(flags: &RunFlags) -> bool {
    let values = &flags.values;
    flags.selection != SelectionFlags::default()
        || !flags.matrix.is_empty()
        || flags.no_filters
        || flags.event != EventFlags::default()
        || !values.var.is_empty()
        || values.var_file.is_some()
        || !values.env.is_empty()
        || values.env_file.is_some()
}
