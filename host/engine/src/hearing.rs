//! One job before its policies: asked in order, until one denies; each verdict is kept.
//!
//! Used by the dispatcher and by the preview alike. A run without policies has no hearings.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use act_core::decide::{
    CodePlace, JobContent, JobFacts, LabelAsk, PhaseName, Policy, PolicyAsk, PolicyPhase, SecretUse,
    SecretWanted, StepContent, Verdict,
};
use act_core::event::JobJudged;
use act_core::ids::{StepPath, StepRef};
use act_core::place::{Decision, Placement};
use act_core::spec::SecretName;

use crate::place::Placed;

/// Why something may not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The policy.
    pub policy: String,
    /// When it was asked.
    pub phase: PhaseName,
    /// Why, in one line.
    pub reason: String,
    /// Whether it did not say so, but failed: an infrastructure failure.
    pub failed: bool,
    /// The capability that it asked for and does not have here.
    pub needs: Option<String>,
    /// The secret, where one was asked for.
    pub secret: Option<SecretName>,
    /// Where that which is denied is written.
    pub place: CodePlace,
}

impl Denial {
    /// Returns it in one line, without its place.
    #[must_use]
    pub fn message(&self) -> String {
        let Self { policy, reason, .. } = self;
        let what = self.secret.as_ref().map(|name| format!("`secrets.{}` is ", name.0)).unwrap_or_default();
        let how = if self.failed { ", which failed" } else { "" };
        format!("{what}denied by policy {policy}{how}: {reason}")
    }

    /// Returns what failed, where that is why.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failed.then(|| format!("the policy {} failed: {}", self.policy, self.reason))
    }
}

/// What policies said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// In the order of asking, without what the log knows already.
    pub(crate) verdicts: Vec<JobJudged>,
    /// Why not, if not.
    pub(crate) denial: Option<Denial>,
}

/// What was said by whom of what: an abstention counts once a phase.
type Told = (String, PhaseName, Option<(Option<StepRef>, Option<SecretName>, Option<CodePlace>)>);

/// One job before its policies.
pub(crate) struct Hearing {
    policies: Vec<Arc<dyn Policy>>,
    facts: JobFacts,
    /// As policies left them.
    labels: Vec<String>,
    group: Option<String>,
    content: Arc<JobContent>,
    /// Where the job is written.
    place: CodePlace,
    told: Mutex<HashSet<Told>>,
}

/// What a question is about, besides the job.
#[derive(Default)]
struct About {
    step: Option<StepRef>,
    secret: Option<SecretName>,
    place: Option<CodePlace>,
}

impl Hearing {
    /// Opens the hearing of a job that is written at `place`.
    pub(crate) fn new(
        policies: &[Arc<dyn Policy>],
        ask: &LabelAsk,
        content: JobContent,
        place: CodePlace,
    ) -> Self {
        Self {
            policies: policies.to_vec(),
            facts: ask.facts.clone(),
            labels: ask.labels.clone(),
            group: ask.group.clone(),
            content: Arc::new(content),
            place,
            told: Mutex::default(),
        }
    }

    /// Takes in what was said of the job before its run was cut.
    pub(crate) fn recall(&self, said: &[JobJudged]) {
        for said in said {
            self.is_news(said);
        }
    }

    /// Asks before labels are mapped: may it be at all, with which labels, and may it have its secrets?
    pub(crate) async fn queued(&mut self, ask: &mut LabelAsk) -> Judged {
        let content = self.content.clone();
        let (asked, mut judged) = self.judge(PolicyPhase::JobQueued { content }, About::default()).await;
        self.labels.clone_from(&asked.labels);
        ask.labels = asked.labels;
        for found in &self.content.secrets {
            if judged.denial.is_some() {
                break;
            }
            let next = self.secret_of(found).await;
            judged.verdicts.extend(next.verdicts);
            judged.denial = next.denial;
        }
        judged
    }

    /// Asks about one place that the job's files ask for a secret in.
    async fn secret_of(&self, found: &SecretUse) -> Judged {
        let name = SecretName(found.wanted.name().to_owned());
        let step = found.step.clone().map(StepRef::main);
        let place = Some(found.place.clone());
        let phase = PolicyPhase::Secret { name: name.clone(), step: step.clone(), place: place.clone() };
        self.judge(phase, About { step, secret: Some(name), place }).await.1
    }

    /// Asks when a job is placed; the placement may change.
    pub(crate) async fn placed(&self, placed: &mut Placed) -> Judged {
        let phase = PolicyPhase::JobStart {
            content: self.content.clone(),
            mapper: placed.mapper.clone(),
            placement: placed.placement.clone(),
        };
        let (asked, judged) = self.judge(phase, About::default()).await;
        if let PolicyPhase::JobStart { placement, .. } = asked.phase {
            placed.placement = placement;
        }
        judged
    }

    /// Asks when a machine was decided on.
    pub(crate) async fn launch(&self, placement: &Placement, decision: &Decision) -> Judged {
        let phase = PolicyPhase::Launch { placement: placement.clone(), decision: decision.clone() };
        self.judge(phase, About::default()).await.1
    }

    /// Asks when a step begins.
    pub(crate) async fn step(&self, step: &StepRef, content: &StepContent) -> Judged {
        let phase = PolicyPhase::StepStart { step: step.clone(), content: content.clone() };
        let place = Some(content.place.clone());
        self.judge(phase, About { step: Some(step.clone()), secret: None, place }).await.1
    }

    /// Asks when a secret is used.
    pub(crate) async fn secret(&self, name: &SecretName, step: Option<&StepRef>) -> Judged {
        let step = step.filter(|step| step.path != StepPath::job()).cloned();
        let place = self.place_of(name, step.as_ref());
        let phase = PolicyPhase::Secret { name: name.clone(), step: step.clone(), place: place.clone() };
        self.judge(phase, About { step, secret: Some(name.clone()), place }).await.1
    }

    /// Finds where a step asks for a secret, by its name or by what may mean any.
    fn place_of(&self, name: &SecretName, step: Option<&StepRef>) -> Option<CodePlace> {
        let path = step.map(|step| &step.path);
        let here = || self.content.secrets.iter().filter(|found| found.step.as_ref() == path);
        let is_named = |found: &&SecretUse| found.wanted.name().eq_ignore_ascii_case(&name.0);
        let is_any = |found: &&SecretUse| {
            matches!(found.wanted, SecretWanted::Computed | SecretWanted::Whole | SecretWanted::Inherited)
        };
        here().find(is_named).or_else(|| here().find(is_any)).map(|found| found.place.clone())
    }

    /// Asks all policies in order until one denies; each sees what those before it left.
    async fn judge(&self, phase: PolicyPhase, about: About) -> (PolicyAsk, Judged) {
        let name = phase.name();
        let mut ask = PolicyAsk {
            facts: self.facts.clone(),
            labels: self.labels.clone(),
            group: self.group.clone(),
            phase,
        };
        let mut judged = Judged::default();
        for policy in &self.policies {
            let verdict = policy.judge(&ask).await;
            let verdict = ask.settle(verdict);
            judged.denial = self.denial(policy.name(), name, &verdict, &about);
            let said = JobJudged {
                phase: name,
                policy: policy.name().to_owned(),
                verdict,
                step: about.step.clone(),
                secret: about.secret.clone(),
                place: Some(about.place.as_ref().unwrap_or(&self.place).clone()),
            };
            if self.is_news(&said) {
                judged.verdicts.push(said);
            }
            if judged.denial.is_some() {
                break;
            }
        }
        (ask, judged)
    }

    fn denial(&self, policy: &str, phase: PhaseName, verdict: &Verdict, about: &About) -> Option<Denial> {
        let reason = verdict.denial()?.to_owned();
        let needs = if let Verdict::Failed { needs, .. } = verdict { needs.clone() } else { None };
        Some(Denial {
            policy: policy.to_owned(),
            phase,
            reason,
            failed: matches!(verdict, Verdict::Failed { .. }),
            needs,
            secret: about.secret.clone(),
            place: about.place.as_ref().unwrap_or(&self.place).clone(),
        })
    }

    /// Whether the log does not know it yet. A denial is always told.
    fn is_news(&self, said: &JobJudged) -> bool {
        let of = match said.verdict {
            Verdict::Deny { .. } | Verdict::Failed { .. } => return true,
            Verdict::Abstain => None,
            Verdict::Allow { .. } | Verdict::Amend { .. } => {
                Some((said.step.clone(), said.secret.clone(), said.place.clone()))
            }
        };
        // What a panic of another thread left is still a set of what was told.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert((said.policy.clone(), said.phase, of))
    }
}
