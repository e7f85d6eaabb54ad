//! `cargo xtask bench`: the figures that the project promises, beside its peers, in one run.
//!
//! Every figure is of whole processes, by paired runs in turn, and is told as the median with its spread. A
//! missed target is said, and nothing fails: what else the machine does is not known here.

mod cluster;
mod expressions;
mod fixtures;
mod jobs;
mod measure;
mod peers;
mod plugins;
mod workflows;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cargo::build_program;
use fixtures::Fixtures;
use peers::Peers;

/// What all figures are measured with.
struct Bench {
    /// The release build.
    program: PathBuf,
    fixtures: Fixtures,
    peers: Peers,
    /// Measurements of each side.
    runs: usize,
    /// What calls of plugins cost, by name; measured once.
    calls: OnceCell<BTreeMap<String, plugins::Rounds>>,
}

/// One measured figure.
struct Figure {
    /// What was measured.
    what: &'static str,
    /// The value, with its unit.
    value: String,
    /// What it should be.
    target: &'static str,
    /// Whether it is; `None` where the peer is missing.
    met: Option<bool>,
    /// What else is worth knowing: the peer's value, the spread.
    beside: String,
}

type Measure = fn(&Bench) -> Result<Figure, String>;

/// All figures, by name. The one that makes and removes the most files comes first: for a minute and more,
/// ext4 looks at every inode that was freed before it gives one out.
const FIGURES: &[(&str, Measure)] = &[
    ("many-jobs", jobs::many_jobs),
    ("empty-step", jobs::empty_step),
    ("beside-act", jobs::beside_act),
    ("hundred-steps", jobs::hundred_steps),
    ("many-tags", jobs::many_tags),
    ("matrix", jobs::matrix),
    ("javascript", jobs::javascript),
    ("validate", workflows::validate),
    ("expressions", expressions::once),
    ("expressions-sustained", expressions::over_and_over),
    ("memory", jobs::memory),
    ("output", jobs::output),
    ("plugin-load", plugins::load),
    ("plugin-instance", plugins::instantiate),
    ("plugin-warm-call", plugins::warm_call),
    ("plugin-call", plugins::fresh_call),
    ("plugin-policy", plugins::judged),
    ("plugin-run", plugins::run),
    ("plugin-jobs", plugins::jobs),
    ("cluster-step", cluster::step),
    ("cluster-start", cluster::start),
    ("cluster-output", cluster::output),
    ("cluster-memory", cluster::memory),
];

/// Measures all figures, or those whose name contains `part`.
///
/// # Errors
/// When the program cannot be built, or a run that should succeed does not.
pub(crate) fn run(part: Option<&str>) -> Result<(), String> {
    let wanted: Vec<_> =
        FIGURES.iter().filter(|(name, _)| part.is_none_or(|part| name.contains(part))).collect();
    if wanted.is_empty() {
        let names = FIGURES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        return Err(format!("no figure is named so; there are {names}"));
    }
    println!("building act-host (release)");
    let program = build_program(true)?;
    let folder = folder()?;
    let (fixtures, peers) = (Fixtures::make(&folder)?, Peers::install(&folder));
    let bench = Bench { program, fixtures, peers, runs: runs(), calls: OnceCell::new() };
    bench.peers.tell();
    println!("{} measurements of each side, {}\n", bench.runs, machine());
    println!("| figure | measured | target | | beside |");
    println!("| --- | ---: | ---: | --- | --- |");
    for (_, measure) in wanted {
        let Figure { what, value, target, met, beside } = measure(&bench)?;
        let verdict = match met {
            Some(true) => "PASS",
            Some(false) => "MISS",
            None => "SKIP",
        };
        println!("| {what} | {value} | {target} | {verdict} | {beside} |");
    }
    Ok(())
}

/// Returns the folder that outlives the bench, so that peers are fetched once.
fn folder() -> Result<PathBuf, String> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let folder = set("ACT_HOST_BENCH_DIR").or_else(|| Some(cache()?.join("act-host/bench")));
    let folder = folder.ok_or("neither ACT_HOST_BENCH_DIR nor HOME is set")?;
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

fn runs() -> usize {
    std::env::var("ACT_HOST_BENCH_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(15).max(3)
}

fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    format!("{processors} processors, load {load} at the start")
}

/// Returns the folder of GitHub's test vectors.
fn vectors(kind: &str) -> PathBuf {
    let shared = std::env::var_os("ACT_HOST_SHARED").map(PathBuf::from);
    shared.unwrap_or_else(|| crate::cargo::root().join("../shared")).join("vectors").join(kind)
}

/// Returns a folder's files with an extension, sorted.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}
