//! Why a job runs, or does not, or when: in words.

use act_core::Conclusion;
use act_workflow::ids::JobId;
use act_workflow::model::Job;
use act_workflow::step::If;

use super::Deferred;
use super::truth::{Truth, judge};
use super::unknown::{Dependencies, Unknowns};
use crate::outcome::Outcome;
use crate::scope::JobScope;

pub(super) fn why(job: &Job, scope: &JobScope<'_>) -> String {
    let open: Vec<&str> = job
        .needs
        .iter()
        .filter(|need| !scope.outcomes.contains(&need.value))
        .map(|need| need.value.as_str())
        .collect();
    match (&open[..], job.condition.span) {
        ([], None) => "needs nothing".to_owned(),
        ([], Some(_)) => "its condition is true".to_owned(),
        ([one], _) => format!("however {one} ends"),
        (many, _) => format!("however {} end", many.join(", ")),
    }
}

pub(super) fn why_not(job: &Job, scope: &JobScope<'_>) -> String {
    // The nearest tell it best: what they need comes behind them.
    let nearest = |result: Conclusion| {
        let ended = |id: &&JobId| scope.outcomes.get(id).is_some_and(|outcome| outcome.result == result);
        let all: Vec<&JobId> = scope.ancestors.iter().filter(ended).collect();
        let direct: Vec<&JobId> =
            all.iter().copied().filter(|id| job.needs.iter().any(|need| need.value == **id)).collect();
        if direct.is_empty() { all } else { direct }
    };
    let told = |ids: Vec<&JobId>, one: &str, many: &str| {
        let end = if ids.len() == 1 { one } else { many };
        format!("needs {}, which {end}", names(ids.into_iter().map(JobId::as_str)))
    };
    let (skipped, failed) = (nearest(Conclusion::Skipped), nearest(Conclusion::Failure));
    match (job.condition.span, &skipped[..], &failed[..]) {
        (Some(_), ..) | (None, [], []) => "its condition is false".to_owned(),
        (None, _, [_, ..]) => told(failed, "cannot start", "cannot start"),
        (None, [_, ..], []) => told(skipped, "is skipped", "are skipped"),
    }
}

/// Says in words when a job runs.
pub(super) fn when(
    condition: &If,
    scope: &JobScope<'_>,
    unknowns: &Unknowns<'_>,
    on: &Dependencies,
) -> String {
    if !on.values.is_empty() {
        return Deferred(on.values.clone()).to_string();
    }
    // What would be if all that is not known ended like this?
    let tried = |result: Conclusion| {
        let mut outcomes = scope.outcomes.clone();
        for id in scope.ancestors.iter().filter(|id| !scope.outcomes.contains(id)) {
            outcomes.insert(id.clone(), Outcome::plain(result));
        }
        let scope = JobScope { outcomes: &outcomes, ..scope.clone() };
        let unknowns = Unknowns { outcomes: &outcomes, ..*unknowns };
        judge(condition, &scope, &unknowns)
    };
    let needs = names(on.ends.iter().map(String::as_str));
    let one = on.ends.len() == 1;
    match [Conclusion::Success, Conclusion::Failure, Conclusion::Skipped].map(tried) {
        [Ok(Truth::Yes), Ok(Truth::No), Ok(Truth::No)] if one => format!("if {needs} succeeds"),
        [Ok(Truth::Yes), Ok(Truth::No), Ok(Truth::No)] => format!("if {needs} succeed"),
        [Ok(Truth::No), Ok(Truth::Yes), Ok(Truth::No)] if one => format!("only if {needs} fails"),
        [Ok(Truth::No), Ok(Truth::Yes), Ok(Truth::No)] => format!("only if one of {needs} fails"),
        _ => Deferred(on.ends.iter().map(|id| format!("needs.{id}.result")).collect()).to_string(),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
