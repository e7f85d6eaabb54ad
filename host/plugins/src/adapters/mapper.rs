//! A component as a label mapper.

use std::sync::Arc;

use act_bindings::label_mapper as wit;
use act_core::decide::{LabelAsk, LabelMapper, Mapped};
use async_trait::async_trait;

use super::reason;
use crate::call::Unanswered;
use crate::plugin::Loaded;
use crate::spec::OnError;
use crate::wit::{placement, to_facts, value};

const EXPORT: &str = "map-labels";

/// A label mapper that is a component.
pub(crate) struct Mapper {
    pub(crate) plugin: Arc<Loaded>,
    pub(crate) indices: wit::GuestIndices,
}

#[async_trait]
impl LabelMapper for Mapper {
    fn name(&self) -> &str {
        &self.plugin.name
    }

    async fn map(&self, ask: &LabelAsk) -> Mapped {
        self.ask(ask).await.unwrap_or_else(|failed| self.failed(failed))
    }
}

impl Mapper {
    async fn ask(&self, ask: &LabelAsk) -> Result<Mapped, Unanswered> {
        let asked = wit::Ask {
            labels: ask.labels.clone(),
            group: ask.group.clone(),
            facts: to_facts(&ask.facts),
            attrs: Vec::new(),
        };
        let run = guest!(self.indices, |guest, store| guest.call_map_labels(store, &asked));
        self.plugin.ask(EXPORT, &ask.facts, run, translate).await
    }

    /// What the operator wants to become of the chain. An explanation shows what is missing in any case.
    fn failed(&self, failed: Unanswered) -> Mapped {
        let Unanswered { reason, needs } = failed;
        match self.plugin.on_error {
            OnError::Next if needs.is_none() => Mapped::NotMine {
                reason: format!("it failed, and the next one is asked: {reason}"),
                label: None,
            },
            OnError::Fail | OnError::Next => Mapped::Failed { reason, needs: needs.map(str::to_owned) },
        }
    }
}

fn translate(mapped: wit::Mapped) -> Result<Mapped, String> {
    Ok(match mapped {
        wit::Mapped::Mine(mine) => {
            Mapped::Mine { placement: placement::from_wit(&mine.placement)?, reason: reason(&mine.reason) }
        }
        wit::Mapped::NotMine(other) => {
            Mapped::NotMine { reason: reason(&other.reason), label: other.label.as_deref().map(value) }
        }
        wit::Mapped::Malformed(wrong) => {
            Mapped::Malformed { reason: reason(&wrong.reason), nearest: wrong.nearest.as_deref().map(value) }
        }
    })
}
