//! A component as a scheduler. What it decides is held to its grants.

use std::collections::BTreeSet;
use std::sync::Arc;

use act_bindings::scheduler as wit;
use act_core::decide::{Case, ImageTrouble, PastLaunch, Ruling, Scheduler, Seen, Sighting};
use act_core::place::Bind;
use async_trait::async_trait;

use super::reason;
use crate::call::Unanswered;
use crate::grants::DecisionKind;
use crate::plugin::Loaded;
use crate::wit::{decision, placement, time, to_facts, to_millis};

const DECIDE: &str = "decide";
const REACT: &str = "react";

/// A scheduler that is a component.
pub(crate) struct Ruler {
    pub(crate) plugin: Arc<Loaded>,
    pub(crate) indices: wit::GuestIndices,
}

#[async_trait]
impl Scheduler for Ruler {
    fn name(&self) -> &str {
        &self.plugin.name
    }

    async fn decide(&self, case: &Case) -> Ruling {
        self.try_decide(case).await.unwrap_or_else(failed)
    }

    async fn react(&self, case: &Case, seen: &Seen) -> Ruling {
        self.try_react(case, seen).await.unwrap_or_else(failed)
    }
}

fn failed(failed: Unanswered) -> Ruling {
    Ruling::Failed { reason: failed.reason, needs: failed.needs.map(str::to_owned) }
}

impl Ruler {
    async fn try_decide(&self, case: &Case) -> Result<Ruling, Unanswered> {
        let asked = to_case(case);
        let run = guest!(self.indices, |guest, store| guest.call_decide(store, &asked));
        let translate = |ruling| match ruling {
            wit::Ruling::Keep => Err("it rules to keep what was not decided yet".to_owned()),
            ruling => self.translate(ruling, &case.bind),
        };
        self.plugin.ask(DECIDE, &case.facts, run, translate).await
    }

    async fn try_react(&self, case: &Case, seen: &Seen) -> Result<Ruling, Unanswered> {
        let (asked, seen) = (to_case(case), to_seen(seen));
        let run = guest!(self.indices, |guest, store| guest.call_react(store, &asked, &seen));
        self.plugin.ask(REACT, &case.facts, run, |ruling| self.translate(ruling, &case.bind)).await
    }

    fn translate(&self, ruling: wit::Ruling, bind: &Bind) -> Result<Ruling, String> {
        translate(ruling, &self.plugin.permitted.decisions, bind)
    }
}

fn translate(ruling: wit::Ruling, granted: &BTreeSet<DecisionKind>, bind: &Bind) -> Result<Ruling, String> {
    Ok(match ruling {
        wit::Ruling::Launch(decided) => Ruling::Launch(decision::from_wit(&decided, granted, bind)?),
        wit::Ruling::Wait(wait) => Ruling::Wait {
            until: time(wait.until).ok_or("it waits until a time that never comes")?,
            reason: reason(&wait.reason),
        },
        wit::Ruling::NextHop(why) => Ruling::NextHop { reason: reason(&why) },
        wit::Ruling::Fail(why) => Ruling::Fail { reason: reason(&why) },
        wit::Ruling::Keep => Ruling::Keep,
    })
}

fn to_case(case: &Case) -> wit::LaunchCase {
    wit::LaunchCase {
        id: case.launch.to_string(),
        launch: case.launch.launch.0,
        facts: to_facts(&case.facts),
        placement: placement::to_wit(&case.placement),
        hop: case.hop,
        bind: decision::to_bind(&case.bind),
        now: to_millis(case.now),
        waiting_since: to_millis(case.waiting_since),
        history: case.history.iter().map(to_past).collect(),
        attrs: Vec::new(),
    }
}

fn to_past(past: &PastLaunch) -> wit::PastLaunch {
    let sighting = |one: &Sighting| wit::Sighting { at: to_millis(one.at), seen: to_seen(&one.seen) };
    wit::PastLaunch {
        launch: past.launch.0,
        hop: past.hop,
        at: to_millis(past.at),
        decision: decision::to_wit(&past.decision),
        seen: past.seen.iter().map(sighting).collect(),
    }
}

fn to_seen(seen: &Seen) -> wit::Seen {
    match seen.clone() {
        Seen::Pending { reason, since } => {
            wit::Seen::Pending(wit::Pending { reason, since: to_millis(since) })
        }
        Seen::Unschedulable { text } => wit::Seen::Unschedulable(text),
        Seen::Quota { text } => wit::Seen::Quota(text),
        Seen::Image { kind, text } => wit::Seen::Image(wit::Image { kind: to_trouble(kind), text }),
        Seen::Evicted { started, text } => wit::Seen::Evicted(wit::Evicted { started, text }),
        Seen::OutOfMemory { text } => wit::Seen::OutOfMemory(text),
        Seen::Lost { text } => wit::Seen::Lost(text),
        Seen::Other { code, text } => wit::Seen::Other(wit::Other { code, text }),
    }
}

const fn to_trouble(kind: ImageTrouble) -> wit::ImageTrouble {
    match kind {
        ImageTrouble::InvalidName => wit::ImageTrouble::InvalidName,
        ImageTrouble::Pull => wit::ImageTrouble::Pull,
        ImageTrouble::BackOff => wit::ImageTrouble::BackOff,
        ImageTrouble::NeverPull => wit::ImageTrouble::NeverPull,
        ImageTrouble::Inspect => wit::ImageTrouble::Inspect,
        ImageTrouble::Platform => wit::ImageTrouble::Platform,
    }
}
