//! Who may write the actions and workflows that a job uses, and whether they are pinned.

use act_host_sdk::prelude::*;

use crate::at;

/// Finds what is wrong with what a job uses, as far as its files say.
pub(crate) fn check_job(content: &JobContent, rules: &Json, wrong: &mut Vec<String>) {
    for used in &content.workflows {
        check(&used.what, &used.place, rules, wrong);
    }
    for step in &content.steps {
        check_step(step, rules, wrong);
    }
}

/// Finds what is wrong with what a step uses.
pub(crate) fn check_step(step: &StepContent, rules: &Json, wrong: &mut Vec<String>) {
    match &step.runs {
        StepRuns::Action(used) => check(used, &step.place, rules, wrong),
        StepRuns::Script(_) | StepRuns::Nothing => {}
    }
}

fn check(used: &Used, place: &CodePlace, rules: &Json, wrong: &mut Vec<String>) {
    if let Some(reason) = judge(used, rules) {
        wrong.push(format!("{reason} ({})", at(place)));
    }
}

fn judge(used: &Used, rules: &Json) -> Option<String> {
    let is_limited = !rules.get("allowed").is_null();
    let must_be_pinned = rules.get("pinned").as_bool() == Some(true);
    match used {
        Used::Local(_) => None,
        Used::Image(image) => {
            let is_denied = rules.get("docker").as_bool() == Some(false);
            is_denied.then(|| format!("`docker://{image}`: images are not allowed as actions"))
        }
        Used::Computed(written) => (is_limited || must_be_pinned)
            .then(|| format!("`{written}`: what an expression makes cannot be judged before it runs")),
        Used::Remote(remote) if is_limited && !lists(rules.get("allowed"), remote) => {
            Some(format!("`{}`: `{}` is not among the allowed owners", written(remote), remote.owner))
        }
        Used::Remote(remote) => (must_be_pinned && !remote.pinned && !lists(rules.get("unpinned"), remote))
            .then(|| format!("`{}` is not pinned to a whole commit", written(remote))),
    }
}

/// Whether a list of `owner`, `owner/*` and `owner/repository` has an action.
fn lists(list: &Json, remote: &RemoteUses) -> bool {
    list.strings().any(|entry| {
        let (owner, repository) = entry.split_once('/').unwrap_or((entry, "*"));
        owner.eq_ignore_ascii_case(&remote.owner)
            && (repository == "*" || repository.eq_ignore_ascii_case(&remote.repository))
    })
}

/// Writes an action as a workflow does.
fn written(remote: &RemoteUses) -> String {
    let RemoteUses { owner, repository, path, reference, .. } = remote;
    let slash = if path.is_empty() { "" } else { "/" };
    format!("{owner}/{repository}{slash}{path}@{reference}")
}
