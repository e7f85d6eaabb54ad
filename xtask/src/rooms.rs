//! Checks the walls between rooms: which crate may depend on which, and where heavy crates may appear.
//!
//! Dependencies point inwards, from the program to the pure rooms. Only normal and build dependencies count:
//! a test may use what it likes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cargo::{metadata, root};

/// A room with the rooms it may depend on. A room that is not here does not exist yet: give it its line.
const ALLOWED: &[(&str, &[&str])] = &[
    ("act-expr", &[]),
    ("act-bindings", &[]),
    ("act-mask", &[]),
    ("act-process", &[]),
    ("act-files", &["act-process"]),
    ("act-protocol", &[]),
    ("act-agent", &["act-files", "act-process", "act-protocol"]),
    ("act-workflow", &["act-expr"]),
    ("act-core", &["act-expr", "act-workflow"]),
    ("act-job", &["act-core", "act-expr", "act-mask", "act-workflow"]),
    ("act-plugins", &["act-bindings", "act-core", "act-workflow"]),
    ("act-engine", &["act-core", "act-expr", "act-job", "act-workflow"]),
    ("act-git", &["act-core"]),
    ("act-local", &["act-core", "act-files", "act-process"]),
    ("act-remote", &["act-core", "act-protocol"]),
    ("act-kubernetes", &["act-core", "act-remote"]),
    ("act-store", &["act-core"]),
    ("act-report", &["act-core", "act-store"]),
    (
        "act-host",
        &[
            "act-core",
            "act-engine",
            "act-expr",
            "act-git",
            "act-job",
            "act-kubernetes",
            "act-local",
            "act-mask",
            "act-plugins",
            "act-process",
            "act-report",
            "act-store",
            "act-workflow",
        ],
    ),
];

/// Rooms that do no IO: their tests need no machine, and they run in a server, in a test and behind WASM alike.
const PURE: &[&str] = &["act-expr", "act-workflow", "act-core", "act-mask", "act-job"];

/// What IO looks like in a list of dependencies.
const IO: &[&str] = &[
    "async-std",
    "async-io",
    "fs4",
    "hyper",
    "ignore",
    "mio",
    "nix",
    "libc",
    "reqwest",
    "rustix",
    "smol",
    "socket2",
    "tempfile",
    "tokio",
    "tokio-util",
    "walkdir",
];

/// What a pure room must not reach even through others.
const RUNTIMES: &[&str] = &["async-std", "hyper", "mio", "reqwest", "smol", "tokio", "wasmtime"];

/// Rooms that do IO and have no runtime, nor anything else that would make the agent large.
const LEAN: &[&str] = &["act-process", "act-files", "act-protocol", "act-agent"];

/// Crates that may appear under one family of rooms only, by prefix. Not all of those rooms exist yet.
const CONFINED: &[(&str, &[&str])] = &[
    ("wasmtime", &["act-bindings", "act-plugins"]),
    ("kube", &["act-kubernetes"]),
    ("k8s-openapi", &["act-kubernetes"]),
    ("aws-", &["act-aws"]),
];

/// Outside the walls: they may use any room, and no room may use them.
const OUTSIDE: &[&str] = &["act-cluster-tests", "act-tests", "xtask"];

/// A package with the names of what it depends on.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Checks the workspace.
///
/// # Errors
/// Each forbidden edge, with the reason.
pub(crate) fn check() -> Result<String, String> {
    let rooms = rooms(&metadata()?);
    let lock = std::fs::read_to_string(root().join("Cargo.lock"))
        .map_err(|error| format!("cannot read Cargo.lock: {error}"))?;
    let mut all = locked(&lock);
    all.extend(rooms.clone());
    let mut wrong = violations(&rooms);
    wrong.extend(PURE.iter().filter_map(|room| reach(&all, room, 2)));
    wrong.extend(LEAN.iter().filter_map(|room| reach(&all, room, 1)));
    if wrong.is_empty() {
        Ok(format!("{} rooms, all dependencies point inwards", rooms.len()))
    } else {
        Err(wrong.join("\n"))
    }
}

/// Returns the rooms with their normal and build dependencies.
fn rooms(metadata: &Value) -> Edges {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter_map(|package| {
            let name = package["name"].as_str().filter(|name| !OUTSIDE.contains(name))?;
            let used = package["dependencies"].as_array()?.iter().filter(|used| used["kind"] != "dev");
            let names = used.filter_map(|used| used["name"].as_str().map(str::to_owned));
            Some((name.to_owned(), names.collect()))
        })
        .collect()
}

/// Returns every package of a lock file with what it uses. Versions are left out: two of them count as one.
///
/// The lock knows what is switched on, needs no network, and of registry packages no dev-dependencies.
fn locked(lock: &str) -> Edges {
    let mut edges = Edges::new();
    for package in lock.split("[[package]]").skip(1) {
        let quoted = |line: &str| Some(line.split('"').nth(1)?.split(' ').next()?.to_owned());
        let Some(name) = package.lines().find(|line| line.starts_with("name = ")).and_then(quoted) else {
            continue;
        };
        let used = package.lines().filter(|line| line.starts_with(" \"")).filter_map(quoted);
        edges.entry(name).or_default().extend(used);
    }
    edges
}

/// Says by which way a pure room reaches a runtime through what it uses; `None` where it reaches none.
///
/// Ways of fewer than `least` edges are judged elsewhere: direct ones of pure rooms in [`judge`].
fn reach(all: &Edges, room: &str, least: usize) -> Option<String> {
    let mut seen = BTreeSet::from([room]);
    let mut ways = vec![vec![room]];
    while let Some(way) = ways.pop() {
        for target in way.last().and_then(|last| all.get(*last)).into_iter().flatten() {
            let way = [&way[..], &[target.as_str()]].concat();
            if RUNTIMES.contains(&target.as_str()) && way.len() > least {
                return Some(format!("{} is forbidden: {room} has no runtime", way.join(" -> ")));
            }
            if seen.insert(target) {
                ways.push(way);
            }
        }
    }
    None
}

fn violations(edges: &Edges) -> Vec<String> {
    let each = edges.iter().flat_map(|(room, targets)| targets.iter().map(move |target| (room, target)));
    let rooms = |name: &str| edges.contains_key(name) || OUTSIDE.contains(&name);
    let unknown = edges.keys().filter(|room| allowed(room).is_none()).map(|room| {
        format!("{room} has no line in the table of rooms (xtask/src/rooms.rs): say what it may depend on")
    });
    unknown.chain(each.filter_map(|(room, target)| judge(room, target, rooms(target)))).collect()
}

/// Says why `room` must not depend on `target`; `None` where it may.
fn judge(room: &str, target: &str, is_room: bool) -> Option<String> {
    let edge = format!("{room} -> {target} is forbidden");
    if is_room {
        let allowed = allowed(room)?;
        if allowed.contains(&target) {
            return None;
        }
        let may = if allowed.is_empty() { "no other room".to_owned() } else { allowed.join(", ") };
        return Some(format!("{edge}: dependencies point inwards; {room} may use {may}"));
    }
    if PURE.contains(&room) && IO.contains(&target) {
        return Some(format!(
            "{edge}: {room} is pure; IO, clocks and tasks belong to adapters and the program"
        ));
    }
    let confined = CONFINED.iter().find(|(prefix, _)| target.starts_with(prefix));
    confined
        .filter(|(_, homes)| !homes.contains(&room))
        .map(|(prefix, homes)| format!("{edge}: `{prefix}…` crates live only under {}", homes.join(", ")))
}

fn allowed(room: &str) -> Option<&'static [&'static str]> {
    ALLOWED.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(room: &str, targets: &[&str]) -> Vec<String> {
        let mut edges: Edges =
            ALLOWED.iter().map(|(name, _)| ((*name).to_owned(), BTreeSet::new())).collect();
        edges.insert(room.to_owned(), targets.iter().map(|&target| target.to_owned()).collect());
        violations(&edges)
    }

    #[test]
    fn each_wall_names_the_edge_and_the_reason() {
        for (room, target, reason) in [
            ("act-expr", "act-workflow", "may use no other room"),
            ("act-job", "act-engine", "point inwards"),
            ("act-local", "act-git", "may use act-core, act-files, act-process"),
            ("act-job", "tokio", "is pure"),
            ("act-core", "rustix", "is pure"),
            ("act-engine", "kube-client", "only under act-kubernetes"),
            ("act-host", "wasmtime", "only under act-bindings, act-plugins"),
            ("act-store", "xtask", "point inwards"),
        ] {
            let wrong = of(room, &[target]);
            assert_eq!(wrong.len(), 1, "{room} -> {target}: {wrong:?}");
            assert!(wrong[0].starts_with(&format!("{room} -> {target} is forbidden")), "{wrong:?}");
            assert!(wrong[0].contains(reason), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_allowed_is_not_named() {
        assert_eq!(of("act-job", &["act-core", "serde"]), [""; 0]);
        assert_eq!(of("act-local", &["act-process", "tokio"]), [""; 0]);
    }

    #[test]
    fn a_runtime_behind_another_crate_is_seen() {
        let all = locked(
            "[[package]]\nname = \"act-job\"\ndependencies = [\n \"helper\",\n \"serde 1.0.1\",\n]\n\n\
             [[package]]\nname = \"helper\"\ndependencies = [\n \"helper\",\n \"tokio\",\n]\n",
        );
        let said = reach(&all, "act-job", 2).unwrap_or_default();
        assert_eq!(said, "act-job -> helper -> tokio is forbidden: act-job has no runtime");
        assert_eq!(reach(&all, "act-expr", 2), None);
        assert!(reach(&all, "helper", 1).is_some() && reach(&all, "helper", 2).is_none());
    }

    #[test]
    fn a_new_room_needs_a_line() {
        let wrong = of("act-cloud", &["serde"]);
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].starts_with("act-cloud has no line"), "{wrong:?}");
    }

    #[test]
    fn the_table_itself_has_no_circle() {
        for (at, (_, allowed)) in ALLOWED.iter().enumerate() {
            for target in *allowed {
                assert!(
                    ALLOWED[..at].iter().any(|(name, _)| name == target),
                    "{target} comes before its users"
                );
            }
        }
    }

    #[test]
    fn dev_dependencies_do_not_count() {
        let metadata = json!({ "packages": [
            { "name": "act-expr", "dependencies": [
                { "name": "tokio", "kind": "dev" }, { "name": "serde", "kind": null } ] },
            { "name": "xtask", "dependencies": [{ "name": "act-expr", "kind": null }] },
        ]});
        let rooms = rooms(&metadata);
        assert_eq!(rooms.len(), 1);
        assert_eq!(rooms["act-expr"].iter().collect::<Vec<_>>(), ["serde"]);
    }
}
