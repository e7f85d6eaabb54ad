//! Figures of runs on a real cluster, beside `kubectl exec` on a pod of the same image: the bed of `cargo xtask cluster`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::fixtures::LOG;
use super::measure::{millis, ratio, time};
use super::{Bench, Figure};
use crate::cargo::listen;
use crate::{agent, cluster, plugins};

/// Where pods of the bench are.
const NAMESPACE: &str = "act-host-bench";
/// The pod that `kubectl exec` enters.
const PEER: &str = "peer";
/// Steps of the workflow `cluster-steps`, but for the first.
const STEPS: u32 = 100;
/// Bytes that the step of `cluster-output` prints.
const PRINTED: u32 = 200_000_000;
/// Runs of one figure: each makes a pod.
const RUNS: usize = 5;

/// A user of the bed.
struct User<'a> {
    bench: &'a Bench,
    home: PathBuf,
}

impl<'a> User<'a> {
    /// Makes one, with a namespace, the plugin and a pod to compare with.
    fn make(bench: &'a Bench) -> Result<Self, String> {
        agent::build()?;
        plugins::build(false)?;
        cluster::ensure()?;
        let user = Self { bench, home: bench.fixtures.home.join("cluster") };
        let config = user.home.join(".config/act-host/act-host.toml");
        let text = "[[plugin]]\nname = 'k8s'\n[plugin.settings]\nplatforms.ubuntu-latest.image = 'bed.local/node:1'\n\
                    [plugin.grant.decisions]\nkinds = []\n";
        let folder = config.parent().unwrap_or(&user.home);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&config, text))
            .map_err(|error| format!("{}: {error}", config.display()))?;
        let plugin = plugins::folder().join("k8s.wasm").display().to_string();
        time(&mut user.host(&["plugin", "install", &plugin])?)?;
        let _ = time(&mut kubectl(&["delete", "namespace", NAMESPACE, "--ignore-not-found"])?);
        time(&mut kubectl(&["create", "namespace", NAMESPACE])?)?;
        let account = ["wait", "--for=create", "serviceaccount/default", "--timeout=60s"];
        time(&mut kubectl(&account)?)?;
        let pod = ["run", PEER, "--image=bed.local/node:1", "--command", "--", "sleep", "86400"];
        time(&mut kubectl(&pod)?)?;
        let ready = format!("pod/{PEER}");
        time(&mut kubectl(&["wait", "--for=condition=Ready", &ready, "--timeout=60s"])?)?;
        Ok(user)
    }

    fn host(&self, words: &[&str]) -> Result<Command, String> {
        let program = self.bench.program.display().to_string();
        let words: Vec<&str> = [program.as_str()].into_iter().chain(words.iter().copied()).collect();
        let mut command = cluster::within(&words)?;
        command.current_dir(&self.bench.fixtures.clean).env("HOME", &self.home);
        for name in ["CONFIG", "DATA", "STATE", "CACHE"] {
            command.env_remove(format!("XDG_{name}_HOME"));
        }
        command.envs(agent::native().map(|agent| ("ACT_HOST_AGENT", agent)));
        Ok(command)
    }

    fn run(&self, workflow: &str) -> Result<Command, String> {
        let workflow = format!(".github/workflows/{workflow}.yml");
        self.host(&["run", "--backend", "kubernetes", "--namespace", NAMESPACE, "--json", "-W", &workflow])
    }

    /// Runs a workflow and returns its events.
    fn events(&self, workflow: &str) -> Result<Vec<Value>, String> {
        let said = listen(&mut self.run(workflow)?)?;
        let events: Vec<Value> =
            said.text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if said.success { Ok(events) } else { Err(said.text) }
    }
}

fn kubectl(words: &[&str]) -> Result<Command, String> {
    let program = cluster::kubectl()?.display().to_string();
    let words: Vec<&str> =
        [program.as_str(), "--namespace", NAMESPACE].into_iter().chain(words.iter().copied()).collect();
    cluster::within(&words)
}

/// How long steps took by the log, from the end of one to the end of another.
fn between(events: &[Value], from: &str, to: &str) -> Result<Duration, String> {
    let end_of = |path: &str| {
        let is_end = |event: &&Value| {
            event["type"] == "step-finished"
                && event["step"]["path"] == path
                && event["step"]["phase"].is_null()
        };
        let time = events.iter().find(is_end).and_then(|event| event["time"].as_str()?.parse().ok());
        time.ok_or_else(|| format!("the log has no end of step {path}"))
    };
    let (from, to): (jiff::Timestamp, jiff::Timestamp) = (end_of(from)?, end_of(to)?);
    Duration::try_from(to.duration_since(from)).map_err(|error| error.to_string())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(super) fn step(bench: &Bench) -> Result<Figure, String> {
    let user = User::make(bench)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let events = user.events("cluster-steps")?;
        ours.push(between(&events, "0", &STEPS.to_string())? / STEPS);
        for _ in 0..RUNS {
            theirs.push(time(&mut kubectl(&["exec", PEER, "--", "bash", "-e", "-c", ":"])?)?);
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let times = ratio(theirs, ours);
    Ok(Figure {
        what: "a step in a pod, its shell counted in",
        value: millis(ours),
        target: "≤ 10 ms, 10× less than kubectl exec",
        met: Some(ours <= Duration::from_millis(10) && times >= 10.0),
        beside: format!("kubectl exec {}: {times:.1}×", millis(theirs)),
    })
}

/// What the program itself adds to a cold start: until the pod is asked for, and from its running to the first process.
pub(super) fn start(bench: &Bench) -> Result<Figure, String> {
    let user = User::make(bench)?;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    // The first one brings the agent to the cluster.
    for turn in 0..=RUNS {
        let (asked, first) = cold_start(&user)?;
        if turn > 0 {
            before.push(asked);
            after.push(first);
        }
    }
    let (before, after) = (median(before), median(after));
    Ok(Figure {
        what: "our part of a job's start in a pod",
        value: millis(before + after),
        target: "≤ 300 ms",
        met: Some(before + after <= Duration::from_millis(300)),
        beside: format!(
            "{} until the pod is asked for, {} from its running on",
            millis(before),
            millis(after)
        ),
    })
}

/// Starts a job; returns both parts.
fn cold_start(user: &User<'_>) -> Result<(Duration, Duration), String> {
    let mut command = user.run("cluster-start")?;
    command.env("ACT_HOST_TRACE", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("cannot start the program: {error}"))?;
    let trace = child.stderr.take().ok_or("no standard error")?;
    let (mut asked, mut runs) = (None, None);
    for line in BufReader::new(trace).lines() {
        let line = line.map_err(|error| error.to_string())?;
        if line.contains("call=CreatePod") {
            asked.get_or_insert(began.elapsed());
        } else if line.contains("act_host::kubernetes the pod runs") {
            runs.get_or_insert(SystemTime::now());
        }
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Also the script says it, without a number.
    let first = text.split("first process at ").skip(1).find_map(|rest| rest.split('"').next()?.parse().ok());
    let first = UNIX_EPOCH + Duration::from_secs_f64(first.ok_or_else(|| format!("no process ran: {text}"))?);
    let runs = runs.ok_or("the trace does not say when the pod ran")?;
    let after = first.duration_since(runs).unwrap_or_default();
    Ok((asked.ok_or("the trace does not say when the pod was asked for")?, after))
}

pub(super) fn output(bench: &Bench) -> Result<Figure, String> {
    let user = User::make(bench)?;
    let make = format!("{LOG} | head -c {PRINTED} > /tmp/printed");
    time(&mut kubectl(&["exec", PEER, "--", "bash", "-c", &make])?)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(between(&user.events_of_output()?, "0", "1")?);
        theirs.push(time(&mut kubectl(&["exec", PEER, "--", "cat", "/tmp/printed"])?)?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let rate = |took: Duration| f64::from(PRINTED) / 1e6 / took.as_secs_f64();
    let times = ratio(theirs, ours);
    Ok(Figure {
        what: "200 MB printed by a step in a pod",
        value: format!("{:.0} MB/s", rate(ours)),
        target: "≥ 0.8× of kubectl exec cat",
        met: Some(times >= 0.8),
        beside: format!("kubectl exec cat {:.0} MB/s: {times:.2}×", rate(theirs)),
    })
}

/// Memory beside so many jobs that no machine of a bench could run them: on a node without containers, as tests have it.
pub(super) fn memory(bench: &Bench) -> Result<Figure, String> {
    agent::build()?;
    plugins::build(false)?;
    cluster::ensure()?;
    let said = cluster::check::one("scale", "memory::five_hundred_jobs_run_at_once", &bench.program)?;
    let line = said.lines().find_map(|line| line.strip_prefix("memory of act-host while 500 jobs run: "));
    let size = line.and_then(|line| line.strip_suffix(" KB")?.parse::<f64>().ok());
    let size = size.ok_or_else(|| format!("the test says no size: {said}"))? * 1024.0 / 1e6;
    Ok(Figure {
        what: "memory while 500 jobs run in pods",
        value: format!("{size:.0} MB"),
        target: "≤ 80 MB",
        met: Some(size <= 80.0),
        beside: String::new(),
    })
}

impl User<'_> {
    /// Runs the workflow that prints, unheard as the peer, and reads the log that every run keeps.
    fn events_of_output(&self) -> Result<Vec<Value>, String> {
        time(&mut self.run("cluster-output")?)?;
        let runs = self.home.join(".local/state/act-host/runs");
        let io = |error: std::io::Error| format!("{}: {error}", runs.display());
        let all = std::fs::read_dir(&runs).map_err(io)?.flatten().map(|run| run.path());
        // Named by time.
        let last = all.max().ok_or("the run kept no log")?;
        let text = std::fs::read_to_string(last.join("events.jsonl")).map_err(io)?;
        let ends = text.lines().filter(|line| line.contains("\"step-finished\""));
        let ends = ends.filter_map(|line| serde_json::from_str(line).ok());
        Ok(ends.collect())
    }
}
