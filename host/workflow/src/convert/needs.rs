//! `needs`: every job must be reached. Port of the graph check of `WorkflowTemplateConverter.ConvertToJobs`.

use crate::ids::JobId;
use crate::model::Job;
use crate::source::{Problem, Span, Spanned};
use act_expr::text::{eq_ignore_case, upper};
use std::collections::{HashMap, HashSet};

/// No more jobs are looked at after this many problems: guessing at typos costs time.
const MAX_PROBLEMS: usize = 50;
/// Edits a typo may have.
const MAX_EDITS: usize = 2;

/// Problems of jobs that would never start. `span` is that of all jobs.
pub(crate) fn check(jobs: &[Job], span: Span) -> Vec<Problem> {
    if jobs.iter().all(|job| !job.needs.is_empty()) {
        return vec![Problem::new(span, "The workflow must contain at least one job with no dependencies.")];
    }
    let indexes: HashMap<String, usize> =
        jobs.iter().enumerate().map(|(index, job)| (folded(job.id.as_str()), index)).collect();
    let reached = reach(jobs, &indexes);
    let mut problems = Vec::new();
    for job in jobs.iter().zip(&reached).filter(|(_, reached)| !**reached).map(|(job, _)| job) {
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        for need in &job.needs {
            match indexes.get(&folded(need.value.as_str())) {
                Some(index) if reached[*index] => {}
                Some(_) => problems.push(cycle(job, need)),
                None => problems.push(unknown(job, need, jobs)),
            }
        }
    }
    problems
}

/// Needs that name no job of the file, where not all of its jobs could be read: `ids` are those of all.
pub(crate) fn strangers<'i>(jobs: &[Job], ids: impl Iterator<Item = &'i str>) -> Vec<Problem> {
    let ids: HashSet<String> = ids.map(folded).collect();
    let needs = jobs.iter().flat_map(|job| job.needs.iter().map(move |need| (job, need)));
    let strange = needs.filter(|(_, need)| !ids.contains(&folded(need.value.as_str())));
    strange.take(MAX_PROBLEMS).map(|(job, need)| unknown(job, need, jobs)).collect()
}

/// An id as GitHub compares it.
fn folded(id: &str) -> String {
    id.chars().map(upper).collect()
}

/// Which jobs start once those they need have ended.
fn reach(jobs: &[Job], indexes: &HashMap<String, usize>) -> Vec<bool> {
    let mut reached = vec![false; jobs.len()];
    let mut missing: Vec<usize> = jobs.iter().map(|job| job.needs.len()).collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); jobs.len()];
    for (index, job) in jobs.iter().enumerate() {
        for need in &job.needs {
            if let Some(needed) = indexes.get(&folded(need.value.as_str())) {
                dependents[*needed].push(index);
            }
        }
    }
    let mut ready: Vec<usize> = (0..jobs.len()).filter(|index| missing[*index] == 0).collect();
    while let Some(index) = ready.pop() {
        reached[index] = true;
        for dependent in &dependents[index] {
            missing[*dependent] -= 1;
            if missing[*dependent] == 0 {
                ready.push(*dependent);
            }
        }
    }
    reached
}

fn cycle(job: &Job, need: &Spanned<JobId>) -> Problem {
    Problem::new(
        need.span,
        format!(
            "Job '{}' depends on job '{}' which creates a cycle in the dependency graph.",
            job.id, need.value
        ),
    )
}

fn unknown(job: &Job, need: &Spanned<JobId>, jobs: &[Job]) -> Problem {
    let problem =
        Problem::new(need.span, format!("Job '{}' depends on unknown job '{}'.", job.id, need.value));
    match similar(need.value.as_str(), jobs) {
        Some(id) => problem.with_hint(format!("a job `{id}` exists")),
        None => problem,
    }
}

/// The job whose id is nearest, if a typo could explain it.
fn similar<'j>(wanted: &str, jobs: &'j [Job]) -> Option<&'j JobId> {
    let distance = |job: &&Job| distance(wanted, job.id.as_str());
    let comparable = |job: &&Job| {
        job.id.as_str().len().abs_diff(wanted.len()) <= MAX_EDITS && !eq_ignore_case(job.id.as_str(), wanted)
    };
    let nearest = jobs.iter().filter(comparable).min_by_key(distance)?;
    (distance(&nearest) <= MAX_EDITS).then_some(&nearest.id)
}

/// Edits between two ids, swaps of neighbours counting once.
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut before = vec![0; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for row in 1..=left.len() {
        let mut current = vec![row; right.len() + 1];
        for column in 1..=right.len() {
            let same = left[row - 1].eq_ignore_ascii_case(&right[column - 1]);
            let mut best =
                (above[column] + 1).min(current[column - 1] + 1).min(above[column - 1] + usize::from(!same));
            if row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1]
            {
                best = best.min(before[column - 2] + 1);
            }
            current[column] = best;
        }
        before = std::mem::replace(&mut above, current);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;
    use crate::called::NoFiles;
    use crate::options::ParseOptions;
    use crate::read::read_workflow;
    use crate::source::Sources;

    #[test]
    fn a_job_that_could_not_be_read_is_no_unknown_job() {
        let text = "\
on: push
jobs:
  broken: {uses: nowhere}
  a: {runs-on: x, needs: [broken, brokn], steps: [{run: y}]}
  b: {runs-on: x, needs: A, steps: [{run: y}]}
";
        let read = read_workflow(
            &mut Sources::new(),
            "w.yml",
            text.as_bytes(),
            &ParseOptions::default(),
            &mut NoFiles,
        );
        let found: Vec<_> =
            read.problems.iter().map(|problem| (problem.span.line, &*problem.message)).collect();
        let reference = "invalid value workflow reference: references to workflows must be prefixed with format \
                         'owner/repository/' or './' for local workflows";
        assert_eq!(found, [(3, reference), (4, "Job 'a' depends on unknown job 'brokn'.")]);
    }

    #[test]
    fn typos_are_near() {
        for (left, right, edits) in [
            ("build", "biuld", 1),
            ("build", "Build", 0),
            ("test", "tests", 1),
            ("a", "deploy", 6),
            ("", "ab", 2),
        ] {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
    }
}
