//! The ports of decision over a component: nobody who asks can tell it from a built-in.

/// Makes what [`Loaded::ask`] runs: one export of the guest of `$indices`, in the store of the call.
macro_rules! guest {
    ($indices:expr, |$guest:ident, $store:ident| $call:expr) => {{
        let indices = $indices.clone();
        let run: $crate::call::Run<_> = Box::new(move |$store, instance| {
            Box::pin(async move {
                let $guest = indices.load(&mut *$store, instance)?;
                $call.await
            })
        });
        run
    }};
}

mod mapper;
mod policy;
mod scheduler;

pub(crate) use mapper::Mapper;
pub(crate) use policy::Judge;
pub(crate) use scheduler::Ruler;

use act_bindings::types::common::Error;
use act_core::decide::JobFacts;
use serde::Serialize;

use crate::call::{Answered, Run, Unanswered};
use crate::plugin::Loaded;
use crate::text;
use crate::wit::told;

/// Names the job that a plugin is asked about, where it is known.
fn job(facts: &JobFacts) -> Option<String> {
    facts.key.as_ref().map(ToString::to_string)
}

/// Says a reason that a guest gave; a reader is owed one.
fn reason(given: &str) -> String {
    let reason = text::reason(given);
    if reason.is_empty() { "it gives no reason".to_owned() } else { reason }
}

impl Loaded {
    /// Asks `export` about a job, and makes an answer of the core of what it returns.
    async fn ask<W: Send, A: Serialize>(
        &self,
        export: &'static str,
        facts: &JobFacts,
        run: Run<Result<W, Error>>,
        translate: impl FnOnce(W) -> Result<A, String>,
    ) -> Result<A, Unanswered> {
        let called = self.call(export, job(facts), run).await;
        self.accept(export, called, translate)
    }

    /// Turns what a guest returned into an answer of the core, or says why it is none: its own error, something that
    /// cannot be taken over, more than it may say, or a capability that was asked for and is not there.
    fn accept<W, A: Serialize>(
        &self,
        export: &str,
        called: Result<Answered<Result<W, Error>>, Unanswered>,
        translate: impl FnOnce(W) -> Result<A, String>,
    ) -> Result<A, Unanswered> {
        let Answered { answer, needs } = called?;
        let blamed = |what: String| format!("{}, `{export}`: {what}", self.blame());
        if let Some(capability) = needs {
            // Whatever it made of the refusal, with the capability it might have answered otherwise.
            let reason = blamed(format!("it needs `{capability}`, which does nothing where nothing runs"));
            return Err(Unanswered { reason, needs });
        }
        let answer = answer.map_err(|error| told(&error)).and_then(translate);
        let answer = answer.map_err(|what| Unanswered { reason: blamed(what), needs })?;
        self.measure(export, &answer)?;
        Ok(answer)
    }
}
