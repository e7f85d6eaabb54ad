//! Figures of plugins: what loading and calling one costs, and what a run pays for two of them.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use super::measure::{millis, paired, time};
use super::{Bench, Figure};
use crate::cargo::{cargo, listen};
use crate::plugins;

/// The plugins that a run is given: a mapper and a policy.
const CHAIN: [&str; 2] = ["labels-github", "policy-basic"];
/// Jobs of the workflow `many`.
const JOBS: u32 = 200;

/// What one figure came to in each round, in microseconds, the fastest first.
pub(super) type Rounds = Vec<f64>;

/// Runs the measurements inside of the room of plugins: by name.
fn calls(runs: usize) -> Result<BTreeMap<String, Rounds>, String> {
    plugins::build(false)?;
    let mut calls = BTreeMap::<String, Rounds>::new();
    // One that does not count, as it may build.
    round()?;
    for _ in 0..runs {
        for (name, micros) in round()? {
            calls.entry(name).or_default().push(micros);
        }
    }
    calls.values_mut().for_each(|rounds| rounds.sort_by(f64::total_cmp));
    Ok(calls)
}

/// Takes each figure once.
fn round() -> Result<Vec<(String, f64)>, String> {
    let arguments = [
        "test",
        "--release",
        "-p",
        "act-plugins",
        "--lib",
        "what_a_plugin_costs",
        "--",
        "--ignored",
        "--nocapture",
        // On the main thread, as the program does it: the heap of another one grows page by page.
        "--test-threads=1",
    ];
    let mut command = cargo(&arguments);
    // A trace at each of the engine's own errors is for those who look for one.
    command.env(plugins::VARIABLE, plugins::folder()).env("RUST_BACKTRACE", "0");
    let said = listen(&mut command)?;
    if !said.success {
        return Err(said.text);
    }
    let figures = said.text.lines().filter_map(|line| line.strip_prefix("speed ")?.split_once(' '));
    Ok(figures.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
}

/// Returns the rounds of one figure, measured once for all of them.
fn rounds<'a>(bench: &'a Bench, name: &str) -> Result<&'a Rounds, String> {
    if bench.calls.get().is_none() {
        let _ = bench.calls.set(calls(bench.runs)?);
    }
    let rounds = bench.calls.get().and_then(|calls| calls.get(name)).filter(|rounds| !rounds.is_empty());
    rounds.ok_or_else(|| format!("nothing was measured under `{name}`"))
}

fn call(
    bench: &Bench,
    name: &str,
    what: &'static str,
    most: f64,
    target: &'static str,
) -> Result<Figure, String> {
    let rounds = rounds(bench, name)?;
    let (value, fastest, slowest) = (rounds[rounds.len() / 2], rounds[0], rounds[rounds.len() - 1]);
    Ok(Figure {
        what,
        value: format!("{value:.1} µs ({fastest:.1}–{slowest:.1})"),
        target,
        met: Some(value <= most),
        beside: String::new(),
    })
}

pub(super) fn load(bench: &Bench) -> Result<Figure, String> {
    let figure =
        call(bench, "load", "a Rust plugin loaded from the cache, read and checked", 150.0, "≤ 150 µs")?;
    let median = |name| rounds(bench, name).map(|rounds| rounds[rounds.len() / 2]);
    let (engine, fresh) = (median("engines-load")?, median("fresh-load")?);
    let beside = format!(
        "wasmtime's part alone {engine:.1} µs; where all stay loaded, so that memory is new, {fresh:.1} µs"
    );
    Ok(Figure { beside, ..figure })
}

pub(super) fn instantiate(bench: &Bench) -> Result<Figure, String> {
    call(bench, "instantiate", "its store and instance", 15.0, "≤ 15 µs")
}

pub(super) fn warm_call(bench: &Bench) -> Result<Figure, String> {
    call(bench, "warm-call", "a further call of one instance", 5.0, "≤ 5 µs")
}

pub(super) fn fresh_call(bench: &Bench) -> Result<Figure, String> {
    call(bench, "map", "a label mapper asked: fresh instance, call, answer checked", 40.0, "≤ 40 µs")
}

pub(super) fn judged(bench: &Bench) -> Result<Figure, String> {
    call(bench, "judge", "a policy asked (10,000 a second are 100 µs each)", 100.0, "≤ 100 µs")
}

/// A run with the chain, beside one without. The first of each is not counted, so what is compiled is in the cache.
fn beside_none(bench: &Bench, workflow: &str) -> Result<(Duration, Duration), String> {
    plugins::build(false)?;
    let with = |command: &mut Command| {
        for name in CHAIN {
            command.arg("--plugin").arg(plugins::folder().join(format!("{name}.wasm")));
        }
    };
    let host = || bench.host(&bench.fixtures.clean, workflow);
    let chained = || {
        let mut command = host();
        with(&mut command);
        time(&mut command)
    };
    let (chained, plain) = paired(bench.runs, chained, || time(&mut host()))?;
    Ok((chained.median(), plain.median()))
}

pub(super) fn run(bench: &Bench) -> Result<Figure, String> {
    let (chained, plain) = beside_none(bench, "empty")?;
    let more = chained.saturating_sub(plain);
    Ok(Figure {
        what: "what a run of one job takes more with a mapper and a policy, from a warm cache",
        value: millis(more),
        target: "≤ 15 ms",
        met: Some(more <= Duration::from_millis(15)),
        beside: format!("with {}, without {}", millis(chained), millis(plain)),
    })
}

pub(super) fn jobs(bench: &Bench) -> Result<Figure, String> {
    let (chained, plain) = beside_none(bench, "many")?;
    let more = chained.saturating_sub(plain) / JOBS;
    Ok(Figure {
        what: "what each of 200 jobs takes more with them",
        value: format!("{:.2} ms", more.as_secs_f64() * 1e3),
        target: "≤ 1 ms",
        met: Some(more <= Duration::from_millis(1)),
        beside: format!("with {}, without {}", millis(chained), millis(plain)),
    })
}
