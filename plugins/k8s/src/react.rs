//! What is done about what is seen of a pod.
//!
//! No room and a full quota are waits with a reason and an end. Images that cannot be pulled get a grace, because
//! registries stumble; a name that can never be right gets none. What was evicted before its job began is made again;
//! afterwards only where the operator says that jobs may run twice.

use act_host_sdk::prelude::*;
use act_host_sdk::seen::{Evicted, Image, ImageTrouble, Other, Pending};
use act_host_sdk::{PastLaunch, Timestamp};

/// How long things are waited for, in milliseconds.
pub(crate) struct Waits {
    pending: u64,
    quota: u64,
    image: u64,
    launches: u64,
    again: bool,
}

/// How often a quota is tried.
const QUOTA_TURN: u64 = 10_000;

impl Waits {
    pub(crate) fn of(settings: &Json) -> Self {
        let waits = settings.get("waits");
        let seconds = |key: &str, default: u64| waits.get(key).as_u64().unwrap_or(default) * 1000;
        Self {
            pending: seconds("pending", 15 * 60),
            quota: seconds("quota", 60 * 60),
            image: seconds("image", 30),
            launches: waits.get("launches").as_u64().unwrap_or(3),
            again: waits.get("startedJobsMayRunAgain").as_bool() == Some(true),
        }
    }
}

pub(crate) fn react(case: &Case, seen: &Seen, waits: &Waits, decide: impl FnOnce() -> Ruling) -> Ruling {
    match seen {
        Seen::Pending(Pending { reason, since }) => wait(case, *since, waits.pending, reason),
        Seen::Unschedulable(text) => {
            let since = first(case, |seen| matches!(seen, Seen::Unschedulable(_)));
            wait(case, since, waits.pending, &format!("no node has room: {text}"))
        }
        Seen::Quota(text) => {
            let since = first(case, |seen| matches!(seen, Seen::Quota(_)));
            match wait(case, since, waits.quota, text) {
                Ruling::Wait(wait) => Ruling::wait(wait.until.min(case.now + QUOTA_TURN), wait.reason),
                over => over,
            }
        }
        Seen::Image(Image { kind: ImageTrouble::InvalidName | ImageTrouble::Platform, text }) => {
            Ruling::fail(text)
        }
        Seen::Image(Image { text, .. }) => {
            let since = first(case, |seen| matches!(seen, Seen::Image(_)));
            grace(case, since, waits.image, text)
        }
        Seen::Evicted(Evicted { started: false, text }) => {
            again(case, waits, &format!("evicted: {text}"), decide)
        }
        Seen::Evicted(Evicted { started: true, text }) if waits.again => {
            again(case, waits, &format!("evicted: {text}"), decide)
        }
        Seen::Evicted(Evicted { text, .. }) => Ruling::fail(format!("evicted while the job ran: {text}")),
        Seen::OutOfMemory(text) => Ruling::fail(format!("out of memory: {text}")),
        Seen::Lost(text) if waits.again => again(case, waits, text, decide),
        Seen::Lost(_) => Ruling::Keep,
        Seen::Other(Other { code, text }) if is_stumble(code) => {
            let since = first(case, |seen| matches!(seen, Seen::Other(_)));
            match grace(case, since, waits.image, &format!("{code}: {text}")) {
                // No fault of the job's.
                Ruling::Fail(_) if code == "unreachable" => Ruling::Keep,
                ruling => ruling,
            }
        }
        Seen::Other(Other { text, .. }) => Ruling::fail(text),
    }
}

/// What may pass: a Secret or a ConfigMap that is not there yet, a runtime that stumbles.
fn is_stumble(code: &str) -> bool {
    matches!(
        code,
        "CreateContainerConfigError"
            | "CreateContainerError"
            | "RunContainerError"
            | "PreStartHookError"
            | "unreachable"
    )
}

/// When something was first seen of this launch.
fn first(case: &Case, is: impl Fn(&Seen) -> bool) -> Timestamp {
    let seen = case.history.last().and_then(|past| past.seen.iter().find(|sighting| is(&sighting.seen)));
    seen.map_or(case.now, |sighting| sighting.at)
}

fn wait(case: &Case, since: Timestamp, limit: u64, reason: &str) -> Ruling {
    let until = since + limit;
    if case.now < until {
        return Ruling::wait(until, reason);
    }
    give_up(case, format!("after {} s: {reason}", limit / 1000))
}

fn grace(case: &Case, since: Timestamp, limit: u64, reason: &str) -> Ruling {
    let until = since + limit;
    if case.now < until { Ruling::wait(until, reason) } else { Ruling::fail(reason) }
}

fn give_up(case: &Case, reason: String) -> Ruling {
    if (case.hop as usize) + 1 < case.placement.hops.len() {
        Ruling::NextHop(reason)
    } else {
        Ruling::fail(reason)
    }
}

fn again(case: &Case, waits: &Waits, reason: &str, decide: impl FnOnce() -> Ruling) -> Ruling {
    let is_gone = |seen: &Seen| matches!(seen, Seen::Evicted(_) | Seen::Lost(_));
    let was_gone =
        |past: &&PastLaunch| past.hop == case.hop && past.seen.iter().any(|sighting| is_gone(&sighting.seen));
    let times = case.history.iter().filter(was_gone).count() as u64;
    if times > waits.launches { give_up(case, format!("for the {times}th time {reason}")) } else { decide() }
}
