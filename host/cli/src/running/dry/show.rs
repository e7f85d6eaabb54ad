//! Shows what would run: for people, or a JSON object a job.

use std::fmt::Write as _;

use serde::Serialize;

use super::{CliError, Config, DryJob, DryLeg, Exit, When, jobs};
use crate::flags::LogFormat;
use crate::running::plan::Ready;
use crate::stream;

/// Shows all workflows of a plan.
pub(crate) fn show(ready: &[Ready], config: &Config) -> Result<Exit, CliError> {
    let mut shown = String::new();
    for (index, ready) in ready.iter().enumerate() {
        let jobs = jobs(ready, config);
        if config.output.format == LogFormat::Json {
            jobs.iter().for_each(|job| json(&ready.prepared.request.started.workflow_file, job, &mut shown));
        } else {
            let separator = if index == 0 { "" } else { "\n" };
            let _ = writeln!(shown, "{separator}{}", head(ready));
            text(&jobs, 1, &mut shown);
        }
    }
    stream::print_text(&stream::harmless(&shown))?;
    Ok(Exit::Success)
}

fn head(ready: &Ready) -> String {
    let started = &ready.prepared.request.started;
    format!(
        "{} ({}) on {} {}",
        started.workflow, started.workflow_file, started.event_name, started.reference
    )
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    #[serde(flatten)]
    job: &'a DryJob,
}

fn json(file: &str, job: &DryJob, shown: &mut String) {
    // Text under text keys: nothing here can fail to be JSON.
    shown.push_str(&serde_json::to_string(&Line { file, job }).unwrap_or_default());
    shown.push('\n');
    job.called.iter().for_each(|called| json(file, called, shown));
}

pub(super) fn text(jobs: &[DryJob], depth: usize, shown: &mut String) {
    let indent = "  ".repeat(depth);
    for job in jobs {
        let id = job.job.rsplit('/').next().unwrap_or_default();
        let _ = writeln!(shown, "{indent}{}", [id, &condition(job)].join("  ").trim_end());
        for leg in &job.legs {
            leg_line(leg, id, &indent, shown);
        }
        if job.when != When::Skipped {
            for step in &job.steps {
                let _ = writeln!(shown, "{indent}    {:<4} {}", step.kind, step.text);
            }
            text(&job.called, depth + 1, shown);
        }
    }
}

fn leg_line(leg: &DryLeg, id: &str, indent: &str, shown: &mut String) {
    let name = if leg.name == id { "" } else { &leg.name };
    let labels = if leg.labels.is_empty() { String::new() } else { format!("[{}]", leg.labels.join(", ")) };
    let place = leg.place.as_deref().unwrap_or_default();
    let parts = [name, &labels, place];
    let line = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    if !line.is_empty() {
        let _ = writeln!(shown, "{indent}  {line}");
    }
}

fn condition(job: &DryJob) -> String {
    let needs = job.needs.join(", ");
    let reason = job.reason.as_deref().unwrap_or_default();
    let one = job.needs.len() == 1;
    let words = match job.when {
        When::Always if needs.is_empty() => String::new(),
        When::Always => format!("after {needs}, however {} ended", if one { "it has" } else { "they have" }),
        When::NeedsSucceed => format!("if {needs} {}", if one { "succeeds" } else { "succeed" }),
        When::ANeedFails if one => format!("only if {needs} fails"),
        When::ANeedFails => format!("only if one of {needs} fails"),
        When::Skipped => return format!("(skipped: {reason})"),
        When::Wrong => return format!("(wrong: {reason})"),
        When::Later => String::new(),
    };
    let later = if reason.is_empty() { String::new() } else { format!("decided later: {reason}") };
    match (words.as_str(), later.as_str()) {
        ("", "") => String::new(),
        (words, "") | ("", words) => format!("({words})"),
        (words, later) => format!("({words}; {later})"),
    }
}
