//! Policies: whether a job, a step, a secret may be, and what must be different about it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Error;
use crate::bindings::policy::exports::act_host::policy::policy::Guest;
pub use crate::bindings::policy::exports::act_host::policy::policy::{
    Amend, Ask as PolicyAsk, Changes, JobQueued, JobStart, Launch, Phase, Secret, StepPart, StepStart,
    Verdict,
};
use crate::job::JobFacts;
use crate::placement::Placement;

/// Judges what is about to happen. All policies are asked; one denial is enough.
pub trait Policy {
    /// Judges. The same ask gets the same verdict.
    ///
    /// # Errors
    /// The policy itself failed, which denies.
    fn judge(ask: &PolicyAsk) -> Result<Verdict, Error>;
}

impl<T: Policy> Guest for T {
    fn judge(ask: PolicyAsk) -> Result<Verdict, Error> {
        let judged = <T as Policy>::judge(&ask);
        // The instance ends with the call, and code that frees all this is a tenth of a plugin.
        core::mem::forget(ask);
        judged
    }
}

/// Exports a type with [`Policy`]: `policy!(MyType);`
#[macro_export]
macro_rules! policy {
    ($policy:ident) => {
        const _: () = {
            const fn is_one<T: $crate::Policy>() {}
            is_one::<$policy>();
        };
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::policy::export_policy!($policy with_types_in $crate::bindings::policy);
    };
}

impl PolicyAsk {
    /// Makes an ask in a phase, all else unknown: for tests.
    #[must_use]
    pub fn of(phase: Phase) -> Self {
        Self { facts: JobFacts::default(), labels: Vec::new(), group: None, phase, attrs: Vec::new() }
    }
}

impl Verdict {
    /// It may be. Overrules nobody's denial. Why, in one line.
    #[must_use]
    pub fn allow(reason: impl Into<String>) -> Self {
        Self::Allow(reason.into())
    }

    /// It may not be. Why, in one line.
    #[must_use]
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::Deny(reason.into())
    }

    /// It may be, with these labels instead of all others. In [`Phase::JobQueued`] only.
    #[must_use]
    pub fn amend_labels(labels: Vec<String>, reason: impl Into<String>) -> Self {
        Self::Amend(Amend { changes: Changes::Labels(labels), reason: reason.into() })
    }

    /// It may be, with what this placement sets instead of what there was. In [`Phase::JobStart`] only.
    #[must_use]
    pub fn amend_placement(patch: Placement, reason: impl Into<String>) -> Self {
        Self::Amend(Amend { changes: Changes::Placement(patch), reason: reason.into() })
    }
}
