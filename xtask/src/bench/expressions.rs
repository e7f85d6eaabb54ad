//! Figure of evaluating expressions, beside GitHub's published engine.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::measure::{paired, ratio, time};
use super::{Bench, Figure, files, vectors};

/// Requests of the long measurement, at least: enough for node's compiler to warm up.
const MANY: usize = 100_000;

/// Every case once, as a check of expressions in a pipeline would ask: most of node's time is its start.
pub(super) fn once(bench: &Bench) -> Result<Figure, String> {
    batch(bench, "GitHub's test expressions by `expr --batch`, beside its npm engine", 1, bench.runs)
}

/// The cases over and over: the speed of the engines alone.
pub(super) fn over_and_over(bench: &Bench) -> Result<Figure, String> {
    batch(bench, "the same cases over and over", MANY, bench.runs.min(7))
}

fn batch(bench: &Bench, what: &'static str, least: usize, runs: usize) -> Result<Figure, String> {
    let figure = |value, met, beside| Figure { what, value, target: "≥ 20× faster", met, beside };
    let requests = bench.fixtures.scratch.join("expressions.jsonl");
    let count = match write_requests(&requests, least) {
        Ok(count) => count,
        Err(reason) => return Ok(figure("–".to_owned(), None, reason)),
    };
    let engine = match &bench.peers.engine {
        Ok(engine) => engine,
        Err(reason) => return Ok(figure("–".to_owned(), None, reason.clone())),
    };
    let ours = || answered(Command::new(&bench.program).args(["expr", "--batch"]), &requests);
    let theirs = || answered(Command::new("node").arg(engine), &requests);
    let (ours, theirs) = paired(runs, ours, theirs)?;
    let times = ratio(theirs.median(), ours.median());
    let beside = format!("{count} requests: npm {}, act-host {}", theirs.tell(), ours.tell());
    Ok(figure(format!("{times:.1}×"), Some(times >= 20.0), beside))
}

fn answered(command: &mut Command, requests: &Path) -> Result<Duration, String> {
    let input = File::open(requests).map_err(|error| format!("{}: {error}", requests.display()))?;
    time(command.stdin(Stdio::from(input)))
}

/// Writes the cases as lines for `expr --batch`, over and over until there are `least`; returns how many lines.
fn write_requests(path: &Path, least: usize) -> Result<usize, String> {
    let mut cases = Vec::new();
    for file in files(&vectors("expressions"), "json")? {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let groups: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let all = groups.as_object().into_iter().flat_map(|groups| groups.values());
        for case in all.filter_map(Value::as_array).flatten() {
            let contexts = if case["contexts"].is_null() { json!({}) } else { case["contexts"].clone() };
            cases.push(json!({ "expr": case["expr"], "contexts": contexts }).to_string());
        }
    }
    if cases.is_empty() {
        return Err("there are no test expressions".to_owned());
    }
    let rounds = least.div_ceil(cases.len());
    let lines = format!("{}\n", cases.join("\n")).repeat(rounds);
    fs::write(path, lines).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(cases.len() * rounds)
}
