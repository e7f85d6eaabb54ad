//! A component as a policy. What fails denies, always.

use std::sync::Arc;

use act_bindings::policy as wit;
use act_core::decide::{Changes, Policy, PolicyAsk, PolicyPhase, Verdict};
use act_core::ids::{Phase, StepRef};
use async_trait::async_trait;

use super::reason;
use crate::call::Unanswered;
use crate::plugin::Loaded;
use crate::wit::{content, decision, placement, to_facts, to_place, value};

const EXPORT: &str = "judge";

/// A policy that is a component.
pub(crate) struct Judge {
    pub(crate) plugin: Arc<Loaded>,
    pub(crate) indices: wit::GuestIndices,
}

#[async_trait]
impl Policy for Judge {
    fn name(&self) -> &str {
        &self.plugin.name
    }

    async fn judge(&self, ask: &PolicyAsk) -> Verdict {
        self.ask(ask).await.unwrap_or_else(|Unanswered { reason, needs }| Verdict::Failed {
            reason,
            needs: needs.map(str::to_owned),
        })
    }
}

impl Judge {
    async fn ask(&self, ask: &PolicyAsk) -> Result<Verdict, Unanswered> {
        let asked = wit::Ask {
            facts: to_facts(&ask.facts),
            labels: ask.labels.clone(),
            group: ask.group.clone(),
            phase: to_phase(&ask.phase),
            attrs: Vec::new(),
        };
        let run = guest!(self.indices, |guest, store| guest.call_judge(store, &asked));
        self.plugin.ask(EXPORT, &ask.facts, run, translate).await
    }
}

fn to_phase(phase: &PolicyPhase) -> wit::Phase {
    match phase {
        PolicyPhase::JobQueued { content } => {
            wit::Phase::JobQueued(wit::JobQueued { content: content::to_content(content) })
        }
        PolicyPhase::JobStart { content, mapper, placement } => wit::Phase::JobStart(wit::JobStart {
            content: content::to_content(content),
            mapper: mapper.clone(),
            placement: placement::to_wit(placement),
        }),
        PolicyPhase::Launch { placement, decision } => wit::Phase::Launch(wit::Launch {
            placement: placement::to_wit(placement),
            decision: decision::to_wit(decision),
        }),
        PolicyPhase::StepStart { step, content } => wit::Phase::StepStart(wit::StepStart {
            part: match step.phase {
                Phase::Pre => wit::StepPart::Pre,
                Phase::Main => wit::StepPart::Main,
                Phase::Post => wit::StepPart::Post,
            },
            content: content::to_step(content),
        }),
        PolicyPhase::Secret { name, step, place } => wit::Phase::Secret(wit::Secret {
            name: name.0.clone(),
            step: step.as_ref().map(|step: &StepRef| step.path.to_string()),
            place: place.as_ref().map(to_place),
        }),
    }
}

fn translate(verdict: wit::Verdict) -> Result<Verdict, String> {
    Ok(match verdict {
        wit::Verdict::Abstain => Verdict::Abstain,
        wit::Verdict::Allow(why) => Verdict::Allow { reason: reason(&why) },
        wit::Verdict::Deny(why) => Verdict::Deny { reason: reason(&why) },
        wit::Verdict::Amend(amend) => Verdict::Amend {
            changes: match &amend.changes {
                wit::Changes::Labels(labels) => {
                    Changes::Labels(labels.iter().map(|label| value(label)).collect())
                }
                wit::Changes::Placement(patch) => Changes::Placement(placement::from_wit(patch)?),
            },
            reason: reason(&amend.reason),
        },
    })
}
