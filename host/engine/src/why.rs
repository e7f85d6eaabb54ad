//! Why a job did not start, in one line for people. Decides nothing: the dispatcher has decided already.

use act_core::Conclusion;
use act_core::control::CancelStage;
use act_workflow::model::Job;
use act_workflow::step::If;

use crate::dispatcher::WorkflowScope;
use crate::outcome::Outcomes;

/// What a condition without a status function is read as.
///
/// Source: `WorkflowTemplateConverter.ConvertToIfCondition`.
const IMPLIED: &str = "success()";

/// Returns why the condition of a job came to false.
pub(crate) fn skipped(scope: &WorkflowScope<'_>, job: &Job, before: &Outcomes) -> String {
    let wants_success = job.condition.expression.source().trim_start().starts_with(IMPLIED);
    let unmet = if wants_success { unmet(scope, job, before) } else { None };
    unmet.unwrap_or_else(|| format!("its `if` is false: {}", written(&job.condition)))
}

/// Returns why a job was cancelled before it started.
pub(crate) fn cancelled(scope: &WorkflowScope<'_>) -> &'static str {
    match (scope.cancel.stage(), scope.caller) {
        (CancelStage::None, _) => "another job of its matrix failed",
        (_, None) => "the run was cancelled",
        (_, Some(_)) => "the job that calls its workflow was cancelled",
    }
}

/// Names a job that had to succeed and did not; what the job needs itself comes before what that needs.
fn unmet(scope: &WorkflowScope<'_>, job: &Job, before: &Outcomes) -> Option<String> {
    let how = |result| match result {
        Conclusion::Success => None,
        Conclusion::Failure => Some("failed"),
        Conclusion::Cancelled => Some("was cancelled"),
        Conclusion::Skipped => Some("was skipped"),
    };
    scope.ancestors(job).iter().find_map(|id| {
        Some(match before.get(id) {
            Some(outcome) => format!("it needs `{id}`, which {}", how(outcome.result)?),
            None => format!("it needs `{id}`, which is not part of this run"),
        })
    })
}

/// Returns a condition as the workflow has it, in one line.
fn written(condition: &If) -> String {
    let source = condition.expression.source().trim();
    let inner = source.strip_prefix("success() && (").and_then(|rest| rest.strip_suffix(')'));
    // `success() && (a) && (b)` was written so: there the first bracket is not closed by the last.
    let source = inner.filter(|inner| closes_what_it_opens(inner)).unwrap_or(source);
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn closes_what_it_opens(expression: &str) -> bool {
    let mut depth = 0_usize;
    // Within quotes, which are every second piece, brackets are text.
    for bracket in expression.split('\'').step_by(2).flat_map(str::chars) {
        depth = match bracket {
            '(' => depth + 1,
            ')' if depth == 0 => return false,
            ')' => depth - 1,
            _ => depth,
        };
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_are_text() {
        for (expression, expected) in [
            ("github.ref_type == 'tag'", true),
            ("contains('):', github.ref)", true),
            ("'it''s )' == inputs.x", true),
            ("a) && (b", false),
        ] {
            assert_eq!(closes_what_it_opens(expression), expected, "{expression}");
        }
    }
}
