//! What plugins cost: loading one from the cache, and asking it.
//!
//! Every answer is of an instance of its own, with grants, limits and a log on, through the port that the engine
//! uses. The components are those of `cargo xtask plugins`, in the folder that `ACT_HOST_PLUGINS` names.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use act_core::control::Secret;
use act_core::decide::{JobFacts, LabelAsk, PolicyAsk, PolicyPhase};
use act_plugins::grants::CredentialSource;
use act_plugins::{
    Allocation, Capabilities, Compiler, Credentials, GuestLine, HostConfig, LogSink, PluginHost, PluginSpec,
};

/// How often each is asked.
const ASKED: usize = 5000;

struct Nobody;

impl LogSink for Nobody {
    fn line(&self, line: &GuestLine<'_>) {
        black_box(line.text);
    }
    fn notice(&self, text: &str) {
        println!("{text}");
    }
}

impl Credentials for Nobody {
    fn reveal(&self, _: &CredentialSource) -> Option<Secret> {
        None
    }
}

fn main() {
    let Some(folder) = std::env::var_os("ACT_HOST_PLUGINS").map(PathBuf::from) else {
        println!("ACT_HOST_PLUGINS names no folder of components: nothing to measure");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for allocation in [Allocation::OnDemand, Allocation::Pooled] {
        println!("{allocation:?}");
        runtime.block_on(measure(&folder, allocation));
    }
}

async fn measure(folder: &Path, allocation: Allocation) {
    let kept = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let host = PluginHost::new(HostConfig {
        cache: Some(kept.path().join("cwasm")),
        state: kept.path().join("state"),
        compiler: Compiler::InProcess,
        log: Arc::new(Nobody),
        secrets: Arc::new(Nobody),
        capabilities: Capabilities::Linked,
        allocation,
    })
    .unwrap();
    show("start of the host", start.elapsed());
    for name in ["labels-fleet", "labels-github", "policy-basic", "js-labels", "python"] {
        let path = folder.join(format!("{name}.wasm"));
        if !path.exists() {
            println!("  {name} is not in the folder");
            continue;
        }
        let spec = || PluginSpec::new(name.to_owned(), path.clone());
        let start = Instant::now();
        let plugin = host.load(spec()).await.unwrap();
        show(&format!("{name}: compiled and loaded"), start.elapsed());
        let mut loads = Vec::new();
        for _ in 0..100 {
            let start = Instant::now();
            black_box(host.load(spec()).await.unwrap());
            loads.push(start.elapsed());
        }
        show(&format!("{name}: loaded from the cache"), median(loads));
        let facts = JobFacts { repository: "owner/name".into(), ..JobFacts::default() };
        let labels = vec!["ubuntu-latest".to_owned()];
        let mut calls = Vec::new();
        if let Some(mapper) = plugin.mapper() {
            let ask = LabelAsk { labels: labels.clone(), group: None, facts: facts.clone() };
            for _ in 0..ASKED {
                let start = Instant::now();
                black_box(mapper.map(&ask).await);
                calls.push(start.elapsed());
            }
        }
        if let Some(policy) = plugin.policy() {
            let phase = PolicyPhase::JobQueued { content: Arc::default() };
            let ask = PolicyAsk { facts, labels, group: None, phase };
            for _ in 0..ASKED {
                let start = Instant::now();
                black_box(policy.judge(&ask).await);
                calls.push(start.elapsed());
            }
        }
        let whole: Duration = calls.iter().sum();
        let rate = calls.len() as f64 / whole.as_secs_f64();
        show(&format!("{name}: asked, {rate:.0} times a second"), median(calls));
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn show(what: &str, time: Duration) {
    println!("  {:>10.1} µs  {what}", time.as_secs_f64() * 1e6);
}
