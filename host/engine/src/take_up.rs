//! A run that is taken up again: which of its jobs have ended, and where those that had begun go on.

use std::collections::HashSet;
use std::time::Duration;

use act_core::decide::Seen;
use act_core::environment::EnvironmentError;
use act_core::ids::{JobKey, MachineId};
use act_core::place::Decision;
use act_core::provisioner::{Creation, Machine, Release, Reveal};
use act_core::record::Record;
use act_workflow::model::{Job, JobKind};
use jiff::Timestamp;

use crate::dispatcher::Run;
use crate::job::LegEnd;
use crate::machine::since;
use crate::scope::JobScope;
use crate::settings::Settings;

/// Why a job that had begun on this machine does not go on.
pub(crate) const NOT_SURVIVED: &str =
    "the machine ends what it runs together with the act-host that started it, so the job cannot go on";

/// Why there is no machine.
pub(crate) enum Unmade {
    /// It was not made.
    Refused(Seen),
    /// The job had begun on one that is not there any more.
    Gone(String),
}

impl Run {
    /// Returns how a leg ended before the run was cut, if it did. A job that calls a workflow ends by the jobs of that.
    pub(crate) fn ended_before(&self, job: &Job, key: &JobKey, expressions: &JobScope<'_>) -> Option<LegEnd> {
        let outcome = self.past.end(key)?;
        let forgiven = match &job.kind {
            JobKind::Call(_) if self.past.has_below(key) => return None,
            JobKind::Call(_) => false,
            JobKind::Steps(steps) => {
                let settings = Settings::of(steps, expressions, &self.request.files);
                settings.is_ok_and(|settings| settings.forgiven) && !outcome.lost
            }
        };
        Some(LegEnd { outcome, forgiven })
    }

    /// Whether a job had begun, in the launch that goes on.
    pub(crate) fn has_begun(&self, key: &JobKey) -> bool {
        !self.past.records(key, self.stamp(key).launch).is_empty()
    }

    /// Makes a launch's machine, or finds it made. A job that had `begun` goes on where it began, or not at all.
    pub(crate) async fn machine(
        &self,
        id: &MachineId,
        decision: &Decision,
        secrets: &dyn Reveal,
        begun: bool,
    ) -> Result<Machine, Unmade> {
        let gone = || Unmade::Gone("its machine was gone when the run was taken up again".to_owned());
        if begun && !self.found().await?.contains(id) {
            return Err(gone());
        }
        match self.host.provisioner.create(id, decision, secrets).await {
            Creation::Created(machine) if begun => {
                // It went away in between; what is new has seen nothing of the job.
                self.host.provisioner.release(&machine, Release::Done).await;
                Err(gone())
            }
            Creation::Created(machine) | Creation::Adopted(machine) => Ok(machine),
            Creation::Refused(seen) if begun => Err(Unmade::Gone(crate::machine::text(&seen))),
            Creation::Refused(seen) => Err(Unmade::Refused(seen)),
        }
    }

    async fn found(&self) -> Result<&HashSet<MachineId>, Unmade> {
        let list = async || {
            let owned = self.host.provisioner.owned().await?;
            Ok(owned.into_iter().map(|machine| machine.id).collect())
        };
        let listed: Result<_, EnvironmentError> = self.found.get_or_try_init(list).await;
        listed.map_err(|error| Unmade::Gone(error.to_string()))
    }
}

/// Returns when a job began, as it wrote down.
pub(crate) fn began_at(past: &[Record]) -> Option<Timestamp> {
    past.iter().find_map(|record| match record {
        Record::JobBegan { at } => Some(*at),
        _ => None,
    })
}

/// Returns for how long a job had been running.
pub(crate) fn time_run(past: &[Record], now: Timestamp) -> Duration {
    began_at(past).map_or(Duration::ZERO, |began| since(began, now))
}
