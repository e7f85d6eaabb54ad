//! One JSON object a job instance, that is: a leg, or a job without legs because it is skipped or fails before.
//!
//! | field | value |
//! |---|---|
//! | `workflow`, `file` | name and file of the run's workflow |
//! | `job`, `key` | the id; the path of ids through called workflows, with legs: `caller/build.0` |
//! | `name` | the name, with those of callers; as written where it is not known |
//! | `needs` | ids |
//! | `status`, `reason` | `run`, `skip`, `deferred` (nobody can say yet), `fail` (it cannot start) or `unknown` (a plugin needs a capability to say, and has none here), and why |
//! | `if` | the condition as written; absent without one |
//! | `uses` | the workflow it calls; absent otherwise |
//! | `matrix` | the values of the leg; absent without a matrix |
//! | `labels`, `group` | what `runs-on` came to; absent for a call, and where it is not known |
//! | `mapper`, `placement` | who placed it, and how; absent where nobody did |
//! | `answers` | what each mapper said, in order |
//! | `scheduler`, `documents` | who decides, and what would be made: `title` and `text` |
//! | `deferred` | by field, what it depends on; absent where all is known |
//! | `steps` | `name`, `id`, `if`, then `run` (first line) or `uses` with `action`, `note` and the inner `steps` |
//!
//! `action` is `checkout` (of this repository), `composite`, `docker`, `node24` and its like, `not-fetched`, `wrong`
//! or `cut`.

use std::collections::BTreeMap;

use act_core::decide::MapperAnswer;
use act_core::event::RunStarted;
use act_core::place::Placement;
use act_core::provisioner::Document;
use act_engine::preview::{
    ActionPreview, JobPreview, Known, LegPreview, Preview, Status, StepPreview, StepPreviewKind, Work,
};
use act_expr::Value;
use serde::Serialize;

use super::text::note;

#[derive(Serialize)]
struct Line<'a> {
    workflow: &'a str,
    file: &'a str,
    job: &'a str,
    name: &'a str,
    key: String,
    needs: &'a [String],
    status: Status,
    reason: String,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<serde_json::Value>,
    #[serde(flatten)]
    machine: Option<Machine<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    deferred: BTreeMap<&'static str, String>,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
pub(in crate::running) struct Machine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapper: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placement: Option<&'a Placement>,
    answers: &'a [MapperAnswer],
    scheduler: &'a str,
    documents: &'a [Document],
}

#[derive(Serialize)]
struct Step<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Another kind of step: its keyword.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Self>,
}

/// Writes the lines of a workflow.
pub(super) fn lines(started: &RunStarted, preview: &Preview, shown: &mut String) {
    preview.jobs.iter().for_each(|job| lines_of(started, job, shown));
}

fn lines_of(started: &RunStarted, job: &JobPreview, shown: &mut String) {
    if job.legs.is_empty() {
        push(&line(started, job, None), shown);
    }
    for leg in &job.legs {
        push(&line(started, job, Some(leg)), shown);
        if let Work::Call(Known::Now(Some(jobs))) = &leg.work {
            jobs.iter().for_each(|job| lines_of(started, job, shown));
        }
    }
}

fn push(line: &Line<'_>, shown: &mut String) {
    // Text and numbers under text keys: nothing here can fail to be JSON.
    shown.push_str(&serde_json::to_string(line).unwrap_or_default());
    shown.push('\n');
}

fn line<'a>(started: &'a RunStarted, job: &'a JobPreview, leg: Option<&'a LegPreview>) -> Line<'a> {
    let wrong = leg.map(LegPreview::wrong).unwrap_or_default();
    let (status, reason) = match job.fate.status() {
        Status::Run if !wrong.is_empty() => match leg.and_then(LegPreview::unknown) {
            Some(reason) => (Status::Unknown, reason),
            None => (Status::Fail, wrong.join("; ")),
        },
        Status::Deferred if !wrong.is_empty() => {
            (Status::Deferred, format!("{}; then {}", job.fate.reason(), wrong.join("; ")))
        }
        status => (status, job.fate.reason()),
    };
    Line {
        workflow: &started.workflow,
        file: &started.workflow_file,
        job: &job.id,
        name: leg.and_then(|leg| leg.name.now()).unwrap_or(&job.written_name),
        key: leg.map_or(&job.key, |leg| &leg.key).to_string(),
        needs: &job.needs,
        status,
        reason,
        condition: job.condition.as_deref(),
        uses: job.uses.as_deref(),
        matrix: leg.map(|leg| &leg.matrix).filter(|matrix| **matrix != Value::Null).map(as_json),
        machine: leg.and_then(machine),
        deferred: deferred(job, leg),
        steps: job.steps.iter().map(step).collect(),
    }
}

pub(in crate::running) fn as_json(value: &Value) -> serde_json::Value {
    serde_json::from_str(&act_expr::json::to_json(value)).unwrap_or_default()
}

pub(in crate::running) fn machine(leg: &LegPreview) -> Option<Machine<'_>> {
    let Work::Machine(machine) = &leg.work else { return None };
    let ask = machine.ask.now();
    Some(Machine {
        labels: ask.map(|ask| &ask.labels[..]),
        group: ask.and_then(|ask| ask.group.as_deref()),
        mapper: machine.placed.as_ref().map(|placed| &*placed.mapper),
        placement: machine.placed.as_ref().map(|placed| &placed.placement),
        answers: &machine.answers,
        scheduler: &machine.scheduler,
        documents: &machine.documents,
    })
}

pub(in crate::running) fn deferred(
    job: &JobPreview,
    leg: Option<&LegPreview>,
) -> BTreeMap<&'static str, String> {
    let mut found = BTreeMap::new();
    let mut note = |field, on: Option<&act_engine::preview::Deferred>| {
        if let Some(on) = on {
            found.insert(field, on.to_string());
        }
    };
    note("matrix", job.matrix.as_ref());
    if let Some(leg) = leg {
        note("name", leg.name.deferred());
        if let Work::Machine(machine) = &leg.work {
            note("labels", machine.ask.deferred());
            note("documents", machine.decision.as_ref().and_then(Known::deferred));
        }
    }
    found
}

fn step(preview: &StepPreview) -> Step<'_> {
    let plain = Step {
        name: &preview.name,
        id: preview.id.as_deref(),
        condition: preview.condition.as_deref(),
        run: None,
        uses: None,
        action: None,
        note: None,
        kind: None,
        steps: Vec::new(),
    };
    match &preview.kind {
        StepPreviewKind::Run { first_line } => Step { run: Some(first_line), ..plain },
        StepPreviewKind::Uses { uses, action } => {
            let steps = if let ActionPreview::Composite(steps) = action { &steps[..] } else { &[] };
            let (uses, word, note) = (Some(&**uses), Some(word(action)), note(action));
            Step { uses, action: word, note, steps: steps.iter().map(step).collect(), ..plain }
        }
        StepPreviewKind::Other { keyword, steps } => {
            Step { kind: Some(keyword), steps: steps.iter().map(step).collect(), ..plain }
        }
    }
}

fn word(action: &ActionPreview) -> &str {
    match action {
        ActionPreview::OwnCheckout => "checkout",
        ActionPreview::Composite(_) => "composite",
        ActionPreview::Node { version, .. } => version,
        ActionPreview::Docker => "docker",
        ActionPreview::NotFetched => "not-fetched",
        ActionPreview::Wrong(_) | ActionPreview::TooDeep => "wrong",
        ActionPreview::Cut => "cut",
    }
}
