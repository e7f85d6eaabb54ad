//! Policies and schedulers that are one function: doubles of what plugins will be.

use act_core::decide::{Case, PhaseName, Policy, PolicyAsk, Ruling, Scheduler, Seen, Verdict};
use async_trait::async_trait;

/// A policy that is a function.
pub struct Judges<F>(pub &'static str, pub F);

#[async_trait]
impl<F: Fn(&PolicyAsk) -> Verdict + Send + Sync> Policy for Judges<F> {
    fn name(&self) -> &str {
        self.0
    }

    async fn judge(&self, ask: &PolicyAsk) -> Verdict {
        (self.1)(ask)
    }
}

/// A scheduler that is a function: what was seen is there in a reaction.
pub struct Rules<F>(pub F);

#[async_trait]
impl<F: Fn(&Case, Option<&Seen>) -> Ruling + Send + Sync> Scheduler for Rules<F> {
    fn name(&self) -> &str {
        "rules"
    }

    async fn decide(&self, case: &Case) -> Ruling {
        (self.0)(case, None)
    }

    async fn react(&self, case: &Case, seen: &Seen) -> Ruling {
        (self.0)(case, Some(seen))
    }
}

/// A policy that never answers in one phase, and abstains in all others.
pub struct Silent(pub PhaseName);

#[async_trait]
impl Policy for Silent {
    fn name(&self) -> &str {
        "silent"
    }

    async fn judge(&self, ask: &PolicyAsk) -> Verdict {
        if ask.phase.name() == self.0 {
            std::future::pending::<()>().await;
        }
        Verdict::Abstain
    }
}

/// Denies, for a reason.
#[must_use]
pub fn deny(reason: &str) -> Verdict {
    Verdict::Deny { reason: reason.to_owned() }
}
