//! Port: whether a job, a step, a secret may be; and what must be different about it.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{CodePlace, JobContent, JobFacts, StepContent};
use crate::ids::StepRef;
use crate::place::{Decision, Placement};
use crate::spec::SecretName;

/// What a policy is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAsk {
    /// What is known of the job.
    pub facts: JobFacts,
    /// The labels of `runs-on`, as policies before this one left them.
    pub labels: Vec<String>,
    /// `runs-on.group`.
    pub group: Option<String>,
    /// What is about to happen.
    pub phase: PolicyPhase,
}

/// What is about to happen, with what only this phase knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase")]
pub enum PolicyPhase {
    /// Labels will be mapped. May amend the labels.
    JobQueued {
        /// What the job runs.
        content: Arc<JobContent>,
    },
    /// The job was placed. May amend the placement.
    JobStart {
        /// What the job runs.
        content: Arc<JobContent>,
        /// Which mapper placed it.
        mapper: String,
        /// Where, as policies before this one left it.
        placement: Placement,
    },
    /// The scheduler decided. May deny, and amend nothing.
    Launch {
        /// Where the job is placed.
        placement: Placement,
        /// What will be made.
        decision: Decision,
    },
    /// A step will run, its action fetched. May amend nothing.
    StepStart {
        /// Which part of which step.
        step: StepRef,
        /// What it runs, with the commit.
        content: StepContent,
    },
    /// A secret will be used. May amend nothing.
    Secret {
        /// Which.
        name: SecretName,
        /// By which step; `None` for the job's own `env` and outputs.
        step: Option<StepRef>,
        /// Where it is written, where that is known.
        place: Option<CodePlace>,
    },
}

/// The name of a [`PolicyPhase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseName {
    /// `job-queued`.
    JobQueued,
    /// `job-start`.
    JobStart,
    /// `launch`.
    Launch,
    /// `step-start`.
    StepStart,
    /// `secret`.
    Secret,
}

impl PhaseName {
    /// Returns the word that logs and settings use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JobQueued => "job-queued",
            Self::JobStart => "job-start",
            Self::Launch => "launch",
            Self::StepStart => "step-start",
            Self::Secret => "secret",
        }
    }
}

/// What a policy answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Not this policy's matter.
    Abstain,
    /// It may be. Overrules nobody's denial.
    Allow {
        /// Why, in one line.
        reason: String,
    },
    /// It may not be. One denial is enough.
    Deny {
        /// Why, in one line.
        reason: String,
    },
    /// It may be, so changed.
    Amend {
        /// What changes.
        changes: Changes,
        /// Why, in one line.
        reason: String,
    },
    /// The policy itself failed: a trap, a limit, an amend out of phase. Denies, always; ends the job as an
    /// infrastructure failure.
    Failed {
        /// What happened.
        reason: String,
        /// The capability that it asked for and does not have here, as in an explanation: `http`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needs: Option<String>,
    },
}

/// What an amend changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what", content = "to")]
pub enum Changes {
    /// All labels, new. In [`PolicyPhase::JobQueued`] only.
    Labels(Vec<String>),
    /// What is set here replaces what the placement says: see [`Placement::amend`]. In
    /// [`PolicyPhase::JobStart`] only.
    Placement(Placement),
}

impl PolicyPhase {
    /// Returns the phase's name.
    #[must_use]
    pub const fn name(&self) -> PhaseName {
        match self {
            Self::JobQueued { .. } => PhaseName::JobQueued,
            Self::JobStart { .. } => PhaseName::JobStart,
            Self::Launch { .. } => PhaseName::Launch,
            Self::StepStart { .. } => PhaseName::StepStart,
            Self::Secret { .. } => PhaseName::Secret,
        }
    }
}

impl PolicyAsk {
    /// Takes a verdict into the ask, so that the next policy sees what this one left. Returns the verdict as it
    /// counts: an amend that this phase does not allow is a failure.
    #[must_use]
    pub fn settle(&mut self, verdict: Verdict) -> Verdict {
        let Verdict::Amend { changes, .. } = &verdict else { return verdict };
        let phase = self.phase.name().as_str();
        match (changes, &mut self.phase) {
            (Changes::Labels(labels), PolicyPhase::JobQueued { .. }) => self.labels.clone_from(labels),
            (Changes::Placement(patch), PolicyPhase::JobStart { placement, .. }) => placement.amend(patch),
            (Changes::Labels(_), _) => {
                return Verdict::failed(format!(
                    "labels cannot be amended in `{phase}`, only in `job-queued`"
                ));
            }
            (Changes::Placement(_), _) => {
                return Verdict::failed(format!(
                    "a placement cannot be amended in `{phase}`, only in `job-start`"
                ));
            }
        }
        verdict
    }
}

impl Verdict {
    /// Makes a failure that no missing capability explains.
    #[must_use]
    pub const fn failed(reason: String) -> Self {
        Self::Failed { reason, needs: None }
    }

    /// Returns why it may not be, if it may not: a failure denies.
    #[must_use]
    pub fn denial(&self) -> Option<&str> {
        match self {
            Self::Deny { reason } | Self::Failed { reason, .. } => Some(reason),
            Self::Abstain | Self::Allow { .. } | Self::Amend { .. } => None,
        }
    }
}

/// Judges what is about to happen.
#[async_trait]
pub trait Policy: Send + Sync {
    /// Returns the name that traces and messages use.
    fn name(&self) -> &str;

    /// Judges. The same ask gets the same verdict; a failure is a verdict as well.
    async fn judge(&self, ask: &PolicyAsk) -> Verdict;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(phase: PolicyPhase) -> PolicyAsk {
        PolicyAsk { facts: JobFacts::default(), labels: vec!["linux".into()], group: None, phase }
    }

    fn amend(changes: Changes) -> Verdict {
        Verdict::Amend { changes, reason: "so".into() }
    }

    fn placed() -> PolicyPhase {
        let placement = Placement { image: Some("a".into()), pool: Some("p".into()), ..Placement::default() };
        PolicyPhase::JobStart { content: Arc::default(), mapper: "m".into(), placement }
    }

    #[test]
    fn an_amend_shows_in_the_ask_that_the_next_policy_gets() {
        let mut queued = ask(PolicyPhase::JobQueued { content: Arc::default() });
        let verdict = queued.settle(amend(Changes::Labels(vec!["big".into()])));
        assert_eq!((verdict.denial(), &queued.labels[..]), (None, &["big".to_owned()][..]));
        let mut start = ask(placed());
        let patch = Placement { image: Some("b".into()), ..Placement::default() };
        assert_eq!(start.settle(amend(Changes::Placement(patch))).denial(), None);
        let PolicyPhase::JobStart { placement, .. } = start.phase else { panic!("another phase") };
        assert_eq!((placement.image.as_deref(), placement.pool.as_deref()), (Some("b"), Some("p")));
    }

    #[test]
    fn an_amend_out_of_phase_denies_and_changes_nothing() {
        let secret = PolicyPhase::Secret { name: SecretName("T".into()), step: None, place: None };
        let placement = || Changes::Placement(Placement { pool: Some("x".into()), ..Placement::default() });
        let labels = || Changes::Labels(Vec::new());
        let queued = PolicyPhase::JobQueued { content: Arc::default() };
        for (phase, changes) in [(placed(), labels()), (queued, placement()), (secret, placement())] {
            let mut asked = ask(phase.clone());
            let verdict = asked.settle(amend(changes));
            assert!(verdict.denial().is_some_and(|why| why.contains("cannot be amended")), "{verdict:?}");
            assert_eq!(asked, ask(phase));
        }
    }

    #[test]
    fn a_failure_denies_as_a_denial_does() {
        assert_eq!(Verdict::failed("trap".into()).denial(), Some("trap"));
        assert_eq!(Verdict::Deny { reason: "no".into() }.denial(), Some("no"));
        assert_eq!(Verdict::Allow { reason: "yes".into() }.denial(), None);
        assert_eq!(Verdict::Abstain.denial(), None);
    }
}
