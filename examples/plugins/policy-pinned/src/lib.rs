//! Denies actions of others that are not pinned to a whole commit: a tag can be moved to other code at any time.

#![cfg_attr(target_arch = "wasm32", no_std)]

use act_host_sdk::prelude::*;

struct Pinned;

policy!(Pinned);

impl Policy for Pinned {
    fn judge(ask: &PolicyAsk) -> Result<Verdict, Error> {
        Ok(match &ask.phase {
            // Before anything runs, all that the files show; step by step what composite actions bring.
            Phase::JobQueued(queued) => {
                queued.content.steps.iter().find_map(denied).unwrap_or(Verdict::Abstain)
            }
            Phase::StepStart(start) => denied(&start.content).unwrap_or(Verdict::Abstain),
            _ => Verdict::Abstain,
        })
    }
}

fn denied(step: &StepContent) -> Option<Verdict> {
    let StepRuns::Action(Used::Remote(action)) = &step.runs else { return None };
    let RemoteUses { owner, repository, reference, .. } = action;
    let CodePlace { file, line, .. } = &step.place;
    let reason = format!("{owner}/{repository}@{reference} is not pinned to a commit ({file}:{line})");
    (!action.pinned).then(|| Verdict::deny(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(reference: &str) -> StepContent {
        let action = RemoteUses {
            owner: "actions".into(),
            repository: "checkout".into(),
            path: String::new(),
            reference: reference.into(),
            pinned: reference.len() == 40,
            commit: None,
        };
        StepContent {
            path: "0".into(),
            id: None,
            name: None,
            place: CodePlace { file: "ci.yml".into(), line: 7, column: 9 },
            runs: StepRuns::Action(Used::Remote(action)),
            attrs: Vec::new(),
        }
    }

    #[test]
    fn what_is_not_pinned_is_denied_with_its_place() {
        let pinned = step("08c6903cd8c0fde910a37f88322edcfb5dd907a8");
        let content = JobContent { steps: vec![pinned, step("v5")], ..JobContent::default() };
        let verdict = Pinned::judge(&PolicyAsk::of(Phase::JobQueued(JobQueued { content }))).unwrap();
        assert_eq!(verdict, Verdict::deny("actions/checkout@v5 is not pinned to a commit (ci.yml:7)"));
    }
}
