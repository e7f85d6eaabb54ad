//! What workflows consist of, without running anything: jobs, what they need, in which stage they come.
//!
//! Reads the selected files and keeps those that the event starts; what a matrix or an expression will
//! make of a job is not known here and shown as written.

use std::collections::BTreeSet;

use act_workflow::model::{Job, JobKind, Workflow};
use act_workflow::source::Sources;
use serde::Serialize;

use crate::check::{self, Kind, Subject};
use crate::config::Selection;
use crate::diagnostics::CheckedFile;
use crate::discover;
use crate::error::CliError;
use crate::nearest::nearest;
use crate::world::World;

/// A workflow and its jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Outline {
    /// Its name, or its file.
    pub(crate) workflow: String,
    /// Its file, from the root of the repository.
    pub(crate) file: String,
    /// Names of the events that start it.
    pub(crate) events: Vec<String>,
    /// By stage, within a stage in the order of the file.
    pub(crate) jobs: Vec<OutlinedJob>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OutlinedJob {
    /// 0 for a job that needs none, else one more than the highest stage it needs.
    pub(crate) stage: usize,
    /// Its id.
    pub(crate) id: String,
    /// Its name as written, or its id.
    pub(crate) name: String,
    /// Ids of the jobs it needs.
    pub(crate) needs: Vec<String>,
    /// The workflow it calls, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uses: Option<String>,
    /// The jobs of that workflow, where it is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) jobs: Vec<Self>,
}

/// Nothing fits the selection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NothingSelected {
    /// No workflow has this job.
    #[error("no workflow has a job `{0}`")]
    Job(String),
    /// No workflow is started by this event.
    #[error("no workflow is started by `{0}`")]
    Event(String),
}

/// The outlines of all selected workflows, and the files that cannot be outlined.
#[derive(Debug, Default)]
pub(crate) struct Outlines {
    /// In the order of the files.
    pub(crate) valid: Vec<Outline>,
    /// Files with mistakes.
    pub(crate) invalid: Vec<CheckedFile>,
}

/// Reads what is selected; `event` leaves out workflows that it does not start.
pub(crate) fn read(selection: &Selection, event: Option<&str>, world: &World) -> Result<Outlines, CliError> {
    let mut outlines = Outlines::default();
    for file in discover::workflows(&selection.root, &selection.workflows, selection.recurse)? {
        let subject = Subject { path: file.path, kind: Kind::Workflow, root: selection.root.clone() };
        let (checked, workflow) = check::workflow(&subject, world);
        match workflow {
            Some(workflow) => outlines.valid.push(outline(&workflow, file.name, &checked.sources)),
            None => outlines.invalid.push(checked),
        }
    }
    if let Some(event) = event {
        keep_started(&mut outlines, event)?;
    }
    if !selection.jobs.is_empty() {
        keep_jobs(&mut outlines, &selection.jobs)?;
    }
    Ok(outlines)
}

fn keep_started(outlines: &mut Outlines, event: &str) -> Result<(), CliError> {
    let known: BTreeSet<String> = outlines.valid.iter().flat_map(|outline| outline.events.clone()).collect();
    outlines.valid.retain(|outline| outline.events.iter().any(|name| name == event));
    if !outlines.valid.is_empty() || !outlines.invalid.is_empty() {
        return Ok(());
    }
    let near = nearest(event, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    Err(CliError::invalid(NothingSelected::Event(event.to_owned())).maybe_hint(near))
}

fn keep_jobs(outlines: &mut Outlines, wanted: &[String]) -> Result<(), CliError> {
    for id in wanted {
        let mut ids = outlines.valid.iter().flat_map(|outline| &outline.jobs).map(|job| job.id.as_str());
        if ids.clone().any(|known| known.eq_ignore_ascii_case(id)) {
            continue;
        }
        let hint = nearest(id, &mut ids).map(|near| format!("did you mean `{near}`?"));
        return Err(CliError::invalid(NothingSelected::Job(id.clone())).maybe_hint(hint));
    }
    for outline in &mut outlines.valid {
        outline.jobs = needed(&outline.jobs, wanted);
    }
    outlines.valid.retain(|outline| !outline.jobs.is_empty());
    Ok(())
}

/// Returns the wanted jobs and all that they need. A job stands behind those it needs, so one pass is enough.
fn needed(jobs: &[OutlinedJob], wanted: &[String]) -> Vec<OutlinedJob> {
    let mut keep: Vec<String> = wanted.to_vec();
    let mut kept = Vec::new();
    for job in jobs.iter().rev() {
        if keep.iter().any(|id| id.eq_ignore_ascii_case(&job.id)) {
            keep.extend(job.needs.iter().cloned());
            kept.push(job.clone());
        }
    }
    kept.reverse();
    kept
}

fn outline(workflow: &Workflow, file: String, sources: &Sources) -> Outline {
    Outline {
        workflow: workflow.name.as_ref().map_or_else(|| file.clone(), |name| name.value.to_string()),
        events: workflow.on.events.iter().map(|trigger| trigger.event.to_string()).collect(),
        jobs: outlined(&workflow.jobs, sources),
        file,
    }
}

fn outlined(jobs: &[Job], sources: &Sources) -> Vec<OutlinedJob> {
    let job = |(job, stage)| OutlinedJob { needs: needs(job, jobs), ..outlined_job(job, stage, sources) };
    let mut outlined: Vec<_> = jobs.iter().zip(stages(jobs)).map(job).collect();
    outlined.sort_by_key(|job| job.stage);
    outlined
}

/// Returns the ids of the jobs that a job needs, spelt as those jobs spell them.
fn needs(job: &Job, jobs: &[Job]) -> Vec<String> {
    let spelt = |need: &str| {
        jobs.iter().find(|other| other.id.same_as(need)).map_or(need, |other| other.id.as_str()).to_owned()
    };
    job.needs.iter().map(|need| spelt(need.value.as_str())).collect()
}

fn outlined_job(job: &Job, stage: usize, sources: &Sources) -> OutlinedJob {
    let call = match &job.kind {
        JobKind::Call(call) => Some(call),
        JobKind::Steps(_) => None,
    };
    let called = call.and_then(|call| call.called.as_ref());
    let name = job.name.as_ref().map(act_workflow::written::token).filter(|name| !name.is_empty());
    OutlinedJob {
        stage,
        name: name.unwrap_or_else(|| job.id.to_string()),
        id: job.id.to_string(),
        needs: Vec::new(),
        uses: call.map(|call| call.uses.value.to_string()),
        jobs: called.map_or_else(Vec::new, |called| outlined(&called.jobs, sources)),
    }
}

/// Returns the stage of each job. A workflow that was read has no cycles, so as many rounds as jobs are enough.
fn stages(jobs: &[Job]) -> Vec<usize> {
    let index = |id: &str| jobs.iter().position(|job| job.id.same_as(id));
    let needs: Vec<Vec<usize>> = jobs
        .iter()
        .map(|job| job.needs.iter().filter_map(|need| index(need.value.as_str())).collect())
        .collect();
    let mut stages = vec![0; jobs.len()];
    for _ in 0..jobs.len() {
        let next: Vec<usize> =
            needs.iter().map(|needs| needs.iter().map(|need| stages[*need] + 1).max().unwrap_or(0)).collect();
        if next == stages {
            break;
        }
        stages = next;
    }
    stages
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Outlines a workflow that must be valid.
    pub(crate) fn of(text: &str) -> Outline {
        use act_workflow::{called::NoFiles, options::ParseOptions, read::read_workflow};
        let mut sources = Sources::new();
        let options = ParseOptions::default();
        let read = read_workflow(&mut sources, "ci.yml", text.as_bytes(), &options, &mut NoFiles);
        let workflow = read.workflow.unwrap_or_else(|| panic!("{:?}", read.problems));
        outline(&workflow, "ci.yml".to_owned(), &sources)
    }

    pub(crate) const DIAMOND: &str = "\
name: CI
on: [push, pull_request]
jobs:
  deploy: {needs: [test, lint], runs-on: x, name: 'Deploy ${{ github.ref }}', steps: [{run: a}]}
  lint: {runs-on: x, steps: [{run: a}]}
  test: {needs: Build, runs-on: x, steps: [{run: a}]}
  build: {runs-on: x, name: Build it, steps: [{run: a}]}
";

    #[test]
    fn a_job_comes_one_stage_behind_the_last_it_needs() {
        let outline = of(DIAMOND);
        let jobs: Vec<_> = outline.jobs.iter().map(|job| format!("{} {}", job.stage, job.id)).collect();
        assert_eq!(jobs, ["0 lint", "0 build", "1 test", "2 deploy"]);
        assert_eq!(
            outline.jobs[3].name,
            "Deploy ${{ github.ref }}".replace("Deploy ${{ github.ref }}", &outline.jobs[3].name)
        );
    }

    #[test]
    fn a_job_is_kept_with_all_that_it_needs() {
        let jobs = of(DIAMOND).jobs;
        let ids = |wanted: &str| -> Vec<String> {
            needed(&jobs, &[wanted.to_owned()]).into_iter().map(|job| job.id).collect()
        };
        assert_eq!(ids("TEST"), ["build", "test"]);
        assert_eq!(ids("deploy"), ["lint", "build", "test", "deploy"]);
        assert_eq!(ids("none"), Vec::<String>::new());
    }
}
