//! One JSON object a job instance: those of a dry run, told from the side of those who decide.
//!
//! | field | value |
//! |---|---|
//! | `workflow`, `file` | name and file of the run's workflow |
//! | `job`, `key`, `name` | the id; the path of ids through called workflows, with legs: `caller/build.0`; the name |
//! | `status`, `reason` | `run`, `deferred`, `skip`, `unknown`, `denied`, `unplaced`, `fail` or `plugin-failed`, and why |
//! | `hints` | what may help; absent where nothing is known to |
//! | `matrix` | the values of the leg; absent without a matrix |
//! | `place` | what is denied, where it is written: `file`, `line`, `column`; absent where nothing is |
//! | `runs_on` | where it is written, in the same form; absent for a call |
//! | `written` | the labels as written, where policies amended them |
//! | `verdicts` | what each policy said in each phase, in order |
//! | `labels`, `group`, `mapper`, `placement`, `answers`, `scheduler`, `documents` | as in a dry run |
//! | `decision` | what the scheduler decides; absent where it is not asked |
//! | `deferred` | by field, what it depends on; absent where all is known |

use std::collections::BTreeMap;

use act_core::decide::CodePlace;
use act_core::event::{JobJudged, RunStarted};
use act_core::place::Decision;
use act_engine::preview::{Known, MachinePreview};
use act_expr::Value;
use serde::Serialize;

use super::instance::{Instance, Status};
use crate::running::dry::json::{Machine, as_json, deferred, machine};

#[derive(Serialize)]
struct Line<'a> {
    workflow: &'a str,
    file: &'a str,
    job: &'a str,
    key: String,
    name: &'a str,
    status: Status,
    reason: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    hints: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a CodePlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs_on: Option<&'a CodePlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdicts: Option<&'a [JobJudged]>,
    #[serde(flatten)]
    machine: Option<Machine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'a Decision>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    deferred: BTreeMap<&'static str, String>,
}

/// Writes the lines of a workflow.
pub(super) fn lines(started: &RunStarted, instances: &[Instance<'_>], shown: &mut String) {
    for instance in instances {
        // Text and numbers under text keys: nothing here can fail to be JSON.
        shown.push_str(&serde_json::to_string(&line(started, instance)).unwrap_or_default());
        shown.push('\n');
    }
}

fn line<'a>(started: &'a RunStarted, instance: &'a Instance<'a>) -> Line<'a> {
    let Instance { job, leg, end } = instance;
    let matrix = leg.map(|leg| &leg.matrix).filter(|matrix| **matrix != Value::Null);
    let on = instance.machine();
    Line {
        workflow: &started.workflow,
        file: &started.workflow_file,
        job: &job.id,
        key: instance.key(),
        name: leg.and_then(|leg| leg.name.now()).unwrap_or(&job.written_name),
        status: end.status,
        reason: &end.reason,
        hints: &end.hints,
        matrix: matrix.map(as_json),
        place: end.place.as_ref(),
        runs_on: on.map(|on| &on.place),
        written: on.and_then(amended),
        verdicts: on.map(|on| &*on.verdicts),
        machine: leg.and_then(machine),
        decision: on.and_then(|on| on.decision.as_ref().and_then(Known::now)),
        deferred: deferred(job, *leg),
    }
}

/// The labels as written, where policies made others of them.
pub(super) fn amended(machine: &MachinePreview) -> Option<&[String]> {
    machine.ask.now().filter(|ask| ask.labels != machine.labels).map(|_| &*machine.labels)
}
