//! Kills what outlived its job: by a marker in the environment, by process group, by descent.
//!
//! Source: actions/runner `JobExtension.cs`, which puts `RUNNER_TRACKING_ID` into every step's
//! environment and kills at the job's end who has it. A process that cleared the variable escapes
//! there; here its group and, when no other job runs in this program, its descent give it away.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{getpgrp, getpid};

use crate::{look, reap, table};

/// An environment variable that every process of a job carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// `RUNNER_TRACKING_ID`.
    pub name: String,
    /// Unique to the job.
    pub value: String,
}

/// Whom to kill.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    /// All who carry it, wherever they stand.
    pub marker: Option<&'a Marker>,
    /// Whether the marker was made by this program: where it is a reaper, whoever carries it descends from it, and nobody
    /// else is looked at.
    pub is_own: bool,
    /// Members of the groups of these processes (started here; ended or not) that descend from this program.
    pub groups: &'a [u32],
    /// Whether also all who descend from this program, are not in its own group, and belong to no process
    /// that is being driven. Right only while no other job runs here; asked again before every round, so
    /// that a job which begins meanwhile loses nobody.
    pub strays: fn() -> bool,
    /// How long it may take.
    pub limit: Duration,
}

/// A process that was killed, or should have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Killed {
    /// Its number.
    pub pid: u32,
    /// The first 15 bytes of its program's name.
    pub name: String,
}

/// What a sweep came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Gone now.
    pub killed: Vec<Killed>,
    /// Still there when time was up: another user's, or stuck in the kernel.
    pub left: Vec<Killed>,
}

/// How often a sweep looks again for the sake of a process whose environment cannot be read yet: some 50 ms.
const DOUBTS: u32 = 8;

/// Kills and collects until a look finds nobody, or time is up. Blocks.
///
/// Never kills the calling process. On systems without `/proc` it finds nobody.
#[must_use]
pub fn sweep(whom: &Sweep<'_>) -> Swept {
    let deadline = Instant::now() + whom.limit;
    let mut hit = BTreeMap::new();
    let mut pause = Duration::from_micros(200);
    let mut doubts = 0;
    loop {
        let found = find(whom, &hit);
        let late = Instant::now() >= deadline;
        let is_done = found.meant.is_empty() && (!found.in_doubt || doubts == DOUBTS);
        if is_done || late {
            reap::collect();
            let left: Vec<Killed> = found.meant.iter().map(shown).collect();
            hit.retain(|(pid, _), _| !found.meant.iter().any(|left| left.pid == *pid));
            return Swept { killed: hit.into_values().collect(), left };
        }
        doubts = if found.meant.is_empty() { doubts + 1 } else { 0 };
        for entry in &found.meant {
            if table::kill(entry) {
                hit.insert(identity(entry), shown(entry));
            }
        }
        reap::collect();
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Looks once, in less than a millisecond. Returns whether nobody is to be killed, and collects the dead then; who may be,
/// or cannot be told yet, is left to [`sweep`].
#[must_use]
pub fn is_swept(whom: &Sweep<'_>) -> bool {
    let found = find(whom, &BTreeMap::new());
    let is_done = found.meant.is_empty() && !found.in_doubt;
    if is_done {
        reap::collect();
    }
    is_done
}

/// A process for good: its number and when it started.
type Identity = (i32, u64);

fn identity(entry: &table::Entry) -> Identity {
    (entry.pid, entry.started)
}

struct Found {
    /// To be killed, or killed and not gone yet: one that is leaving has no environment any more.
    meant: Vec<table::Entry>,
    /// Whether a process may carry the marker, and cannot say so at the moment.
    in_doubt: bool,
}

fn find(whom: &Sweep<'_>, hit: &BTreeMap<Identity, Killed>) -> Found {
    let me = getpid().as_raw_nonzero().get();
    let groups: HashSet<i32> = whom.groups.iter().filter_map(|group| i32::try_from(*group).ok()).collect();
    let table = look_for(whom, &groups, me);
    let mine = table::descendants(&table, me);
    let spared = spared(&table);
    let with_strays = (whom.strays)();
    let is_marked = |entry: &table::Entry, marker: &Marker| {
        table::variable(entry.pid, &marker.name).is_some_and(|value| value == marker.value.as_bytes())
    };
    let is_meant = |entry: &table::Entry| {
        let by_descent = groups.contains(&entry.group) || with_strays && !spared.contains(&entry.pid);
        mine.contains(&entry.pid) && by_descent
            || hit.contains_key(&identity(entry))
            || whom.marker.is_some_and(|marker| is_marked(entry, marker))
    };
    let (meant, others): (Vec<_>, Vec<_>) =
        table.iter().filter(|entry| entry.pid != me && !entry.zombie).cloned().partition(is_meant);
    let is_unread = |entry: &table::Entry| !entry.is_settled && mine.contains(&entry.pid);
    Found { meant, in_doubt: whom.marker.is_some() && others.iter().any(is_unread) }
}

/// Returns who is to be looked at: no more than it takes.
fn look_for(whom: &Sweep<'_>, groups: &HashSet<i32>, me: i32) -> Arc<[table::Entry]> {
    if !(whom.is_own && reap::is_reaper()) {
        table::read().into()
    } else if reap::awaited().iter().any(|driven| groups.contains(driven)) {
        table::below(|| vec![me]).into()
    } else {
        look::unawaited()
    }
}

/// Returns who is no stray: this program's own group, and whoever stands with a process that is driven.
fn spared(table: &[table::Entry]) -> HashSet<i32> {
    let mut groups = reap::awaited();
    let trees: Vec<_> = groups.iter().map(|root| table::descendants(table, *root)).collect();
    groups.insert(getpgrp().as_raw_nonzero().get());
    let in_groups = table.iter().filter(|entry| groups.contains(&entry.group)).map(|entry| entry.pid);
    in_groups.chain(trees.into_iter().flatten()).collect()
}

fn shown(entry: &table::Entry) -> Killed {
    Killed { pid: entry.pid.unsigned_abs(), name: entry.name.clone() }
}
