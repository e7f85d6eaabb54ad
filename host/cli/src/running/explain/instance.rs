//! Job instances of a preview, each with its end: what becomes of it, and why.

use act_core::decide::CodePlace;
use act_engine::preview::{Fate, JobPreview, Known, LegPreview, MachinePreview, Preview, Work, Would};
use serde::Serialize;

/// A leg, or a job without legs because it is skipped or fails before.
pub(super) struct Instance<'a> {
    pub(super) job: &'a JobPreview,
    pub(super) leg: Option<&'a LegPreview>,
    pub(super) end: End,
}

/// What becomes of an instance.
pub(super) struct End {
    pub(super) status: Status,
    /// Why, in one line.
    pub(super) reason: String,
    /// Where that which is denied is written.
    pub(super) place: Option<CodePlace>,
    /// What may help.
    pub(super) hints: Vec<String>,
}

/// A word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    /// It would run.
    Run,
    /// It would, if jobs that have not run end so that it does.
    Deferred,
    /// Its condition, or what it needs, keeps it from running.
    Skip,
    /// Somebody who is asked needs a capability that an explanation does not give.
    Unknown,
    /// A policy denies it.
    Denied,
    /// Nobody here runs its labels.
    Unplaced,
    /// It cannot start for another reason.
    Fail,
    /// A plugin failed.
    PluginFailed,
}

/// Returns the instances of a preview, those of called workflows behind their callers.
pub(super) fn instances(preview: &Preview) -> Vec<Instance<'_>> {
    let mut found = Vec::new();
    preview.jobs.iter().for_each(|job| collect(job, &mut found));
    found
}

fn collect<'a>(job: &'a JobPreview, found: &mut Vec<Instance<'a>>) {
    if job.legs.is_empty() {
        found.push(Instance { job, leg: None, end: of_fate(&job.fate) });
    }
    for leg in &job.legs {
        found.push(Instance { job, leg: Some(leg), end: of_leg(&job.fate, leg) });
        if let Work::Call(Known::Now(Some(called))) = &leg.work {
            called.iter().for_each(|job| collect(job, found));
        }
    }
}

impl<'a> Instance<'a> {
    /// The key of the leg, or of the job.
    pub(super) fn key(&self) -> String {
        self.leg.map_or(&self.job.key, |leg| &leg.key).to_string()
    }

    /// Where it runs; `None` for a call, and for what does not come so far.
    pub(super) fn machine(&self) -> Option<&'a MachinePreview> {
        match self.leg.map(|leg| &leg.work) {
            Some(Work::Machine(machine)) => Some(machine),
            _ => None,
        }
    }
}

fn of_fate(fate: &Fate) -> End {
    let status = match fate {
        Fate::Run(_) => Status::Run,
        Fate::Skip(_) => Status::Skip,
        Fate::Deferred(_) => Status::Deferred,
        Fate::Fail(_) => Status::Fail,
        Fate::Unknown(_) => Status::Unknown,
    };
    End { status, reason: fate.reason(), place: None, hints: Vec::new() }
}

fn of_leg(fate: &Fate, leg: &LegPreview) -> End {
    match leg.would() {
        Would::Run => of_fate(fate),
        Would::Deferred(on) => {
            let Fate::Run(_) = fate else { return of_fate(fate) };
            End { status: Status::Deferred, reason: on.to_string(), place: None, hints: Vec::new() }
        }
        Would::Wait(reason) => {
            let Fate::Run(_) = fate else { return of_fate(fate) };
            let reason = format!("when there is a machine: {reason}");
            End { status: Status::Run, reason, place: None, hints: Vec::new() }
        }
        Would::Wrong(messages) => End::of(Status::Fail, messages),
        Would::Unplaced(messages) => End::of(Status::Unplaced, messages),
        Would::Failed(messages) => End::of(Status::PluginFailed, messages),
        Would::Unknown { .. } => {
            let reason = leg.unknown().unwrap_or_default();
            End { status: Status::Unknown, reason, place: None, hints: Vec::new() }
        }
        Would::Denied(denial) => {
            let secret = denial.secret.as_ref().map(|name| format!("`secrets.{}` ", name.0));
            let reason = format!("{}by {}: {}", secret.unwrap_or_default(), denial.policy, denial.reason);
            let place = Some(denial.place.clone());
            End { status: Status::Denied, reason, place, hints: Vec::new() }
        }
    }
}

impl End {
    /// Tells messages and what may help apart.
    fn of(status: Status, messages: Vec<String>) -> Self {
        let (hints, messages): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|line| line.starts_with("hint: "));
        let hints = hints.iter().filter_map(|line| line.strip_prefix("hint: ")).map(str::to_owned).collect();
        Self { status, reason: messages.join("; "), place: None, hints }
    }
}
