//! Measures what a call of a plugin costs, its limits and traces on: `cargo xtask bench plugin`. Nothing is asserted about time.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use act_bindings::label_mapper as wit;
use act_core::control::Secret;
use act_core::decide::{JobContent, JobFacts, LabelAsk, Mapped, PolicyAsk, PolicyPhase, Trust, Verdict};

use crate::cache::{Cache, Found};
use crate::grants::CredentialSource;
use crate::load_code;
use crate::output::Voice;
use crate::plugin::{Loaded, Plugin};
use crate::state::Call;
use crate::{
    Allocation, Capabilities, Compiler, Credentials, GuestSaid, HostConfig, LogSink, PluginHost, PluginSpec,
};

const ROUNDS: u32 = 5_000;
const LOADS: u32 = 500;

struct Nobody;

impl LogSink for Nobody {
    fn said(&self, _: GuestSaid<'_>) {}
    fn notice(&self, text: &str) {
        panic!("{text}");
    }
}

impl Credentials for Nobody {
    fn reveal(&self, _: &CredentialSource) -> Option<Secret> {
        None
    }
}

/// Listens to all that is traced, as a program does that shows it.
struct Listener;

impl tracing::field::Visit for Listener {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        black_box(format!("{field}={value:?}"));
    }
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Self);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

fn spec(name: &str) -> PluginSpec {
    let folder = std::env::var_os("ACT_HOST_PLUGINS").map(PathBuf::from);
    let folder = folder.expect("ACT_HOST_PLUGINS names the folder of the built plugins");
    PluginSpec::new(name.to_owned(), folder.join(format!("{name}.wasm")))
}

fn ask() -> LabelAsk {
    let facts = JobFacts {
        repository: "octo/hello".to_owned(),
        workflow_file: Some(".github/workflows/ci.yml".to_owned()),
        job: Some("build".to_owned()),
        event_name: Some("push".to_owned()),
        trust: Trust::Own,
        ..JobFacts::default()
    };
    LabelAsk { labels: vec!["ubuntu-24.04".to_owned()], group: None, facts }
}

fn store(loaded: &Loaded) -> wasmtime::Store<Call> {
    let log = loaded.config.log.clone();
    let voice = Voice::new(log, loaded.name.clone(), None, loaded.limits.log_lines);
    Call::store(&loaded.site.engine, loaded.equipment(voice))
}

fn tell(what: &str, spent: Duration, rounds: u32) {
    println!("speed {what} {:.3}", spent.as_secs_f64() * 1e6 / f64::from(rounds));
}

/// Makes the instance that every call has of its own, and calls it more than once, as no call does.
async fn instances(plugin: &Plugin, tell: impl Fn(&str, Duration, u32)) {
    let loaded = plugin.loaded();
    let indices = loaded.exports.mapper.clone().unwrap();
    let asked = || wit::Ask {
        labels: ask().labels,
        group: None,
        facts: crate::wit::to_facts(&ask().facts),
        attrs: Vec::new(),
    };
    let began = Instant::now();
    for _ in 0..ROUNDS {
        let mut store = store(loaded);
        black_box(loaded.pre.instantiate_async(&mut store).await.unwrap());
    }
    tell("instantiate", began.elapsed(), ROUNDS);
    let mut store = store(loaded);
    let instance = loaded.pre.instantiate_async(&mut store).await.unwrap();
    let guest = indices.load(&mut store, &instance).unwrap();
    let _ = guest.call_map_labels(&mut store, &asked()).await.unwrap();
    let began = Instant::now();
    // One instance has the fuel of one call: as many as it is sure to last for.
    let rounds = 200;
    for _ in 0..rounds {
        store.set_hostcall_fuel(1 << 20);
        let _ = black_box(guest.call_map_labels(&mut store, &asked()).await.unwrap());
    }
    tell("warm-call", began.elapsed(), rounds);
}

/// Loads what is in the cache, again and again: each dropped before the next, or all kept, so that each takes memory that
/// nobody had before. To drop it does not count.
async fn loads(host: &PluginHost, are_kept: bool) -> Duration {
    let (mut spent, mut kept) = (Duration::ZERO, Vec::new());
    for _ in 0..LOADS {
        let began = Instant::now();
        let loaded = host.load(spec("labels-github")).await.unwrap();
        spent += began.elapsed();
        kept.extend(are_kept.then_some(loaded));
    }
    spent
}

/// Loads its code alone as often, which is the engine's part of it.
fn engines_loads(cache: &Path, engine: &wasmtime::Engine) -> Duration {
    let cache = Cache::open(cache, engine).unwrap();
    let component = std::fs::read(spec("labels-github").source).unwrap();
    let Found::Code(code, _) = cache.get(cache.name(&component)) else { panic!("it was just put there") };
    let mut spent = Duration::ZERO;
    for _ in 0..LOADS {
        let began = Instant::now();
        let loaded = load_code::load(engine, &code).unwrap();
        spent += began.elapsed();
        drop(loaded);
    }
    spent
}

#[tokio::test]
#[ignore = "measures; wants a release build, built plugins and an idle machine"]
async fn what_a_plugin_costs() {
    let _traced = tracing::subscriber::set_default(Listener);
    measure(Allocation::Pooled { calls: 32 }, "").await;
    measure(Allocation::OnDemand, "unpooled-").await;
}

/// Measures all; names begin with `how`.
async fn measure(allocation: Allocation, how: &str) {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let host = PluginHost::new(HostConfig {
        cache: Some(folder.path().join("cache")),
        state: folder.path().join("state"),
        compiler: Compiler::InProcess,
        log: Arc::new(Nobody),
        secrets: Arc::new(Nobody),
        capabilities: Capabilities::Linked,
        allocation,
    })
    .unwrap();
    let tell = |what: &str, spent, rounds| tell(&format!("{how}{what}"), spent, rounds);
    tell("host", began.elapsed(), 1);
    let plugin = host.load(spec("labels-github")).await.unwrap();
    tell("fresh-load", loads(&host, true).await, LOADS);
    tell("load", loads(&host, false).await, LOADS);
    tell("engines-load", engines_loads(&folder.path().join("cache"), &plugin.loaded().site.engine), LOADS);
    instances(&plugin, tell).await;

    let mapper = plugin.mapper().unwrap();
    let asked = ask();
    assert!(matches!(mapper.map(&asked).await, Mapped::Mine { .. }));
    let began = Instant::now();
    for _ in 0..ROUNDS {
        black_box(mapper.map(&asked).await);
    }
    tell("map", began.elapsed(), ROUNDS);

    let policy = host.load(spec("policy-basic")).await.unwrap().policy().unwrap();
    let phase = PolicyPhase::JobQueued { content: Arc::new(JobContent::default()) };
    let judged = PolicyAsk { facts: asked.facts, labels: asked.labels, group: None, phase };
    let verdict = policy.judge(&judged).await;
    assert!(!matches!(verdict, Verdict::Failed { .. }), "{verdict:?}");
    let began = Instant::now();
    for _ in 0..ROUNDS {
        black_box(policy.judge(&judged).await);
    }
    tell("judge", began.elapsed(), ROUNDS);
}
