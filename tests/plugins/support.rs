//! A host for components that were built, and what they said to it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use act_core::control::Secret;
use act_core::decide::{LabelAsk, Mapped, Policy, PolicyAsk, PolicyPhase, Verdict};
use act_plugins::grants::CredentialSource;
use act_plugins::{
    Allocation, Capabilities, Compiler, Credentials, GuestSaid, HostConfig, LoadError, LogSink, Plugin,
    PluginHost, PluginSpec,
};
use serde_json::Value;

/// Where the components are; `None` says that a test is skipped, which it is nowhere but on a developer's machine.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("ACT_HOST_PLUGINS").map(PathBuf::from);
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(folder.is_some() || !is_ci, "ACT_HOST_PLUGINS names no folder: run `cargo xtask plugins --all`");
    folder
}

/// Returns a component's file. Where there is none the test says so and ends, but in CI.
pub(crate) fn component(name: &str) -> Option<PathBuf> {
    let path = folder().map(|folder| folder.join(name).with_extension("wasm"));
    let found = path.filter(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{name} was not built");
        println!(
            "skipped: {name} was not built; `cargo xtask plugins --all` does, ACT_HOST_PLUGINS says where"
        );
    }
    found
}

/// Keeps lines and notices.
#[derive(Default)]
pub(crate) struct Said(Mutex<Vec<String>>);

impl Said {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl LogSink for Said {
    fn said(&self, said: GuestSaid<'_>) {
        let lines = said.lines.iter().map(|line| format!("{}: {}", said.plugin, line.text));
        self.0.lock().unwrap().extend(lines);
    }

    fn notice(&self, text: &str) {
        self.0.lock().unwrap().push(format!("notice: {text}"));
    }
}

impl Credentials for Said {
    fn reveal(&self, _: &CredentialSource) -> Option<Secret> {
        None
    }
}

/// A host that keeps what it compiles beside the components: CPython alone takes minutes in a debug build.
pub(crate) struct Bench {
    pub(crate) state: tempfile::TempDir,
    pub(crate) said: Arc<Said>,
    host: PluginHost,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let (state, said) = (tempfile::tempdir().unwrap(), Arc::<Said>::default());
        let host = PluginHost::new(HostConfig {
            cache: folder().map(|folder| folder.join("compiled")),
            state: state.path().join("state"),
            compiler: Compiler::InProcess,
            log: said.clone(),
            secrets: said.clone(),
            capabilities: Capabilities::Linked,
            allocation: Allocation::OnDemand,
        });
        Self { host: host.unwrap(), state, said }
    }

    /// Loads a component with settings.
    pub(crate) async fn load(&self, path: &Path, settings: Value) -> Plugin {
        self.load_with(path, |spec| spec.settings = settings).await.unwrap()
    }

    pub(crate) async fn load_with(
        &self,
        path: &Path,
        change: impl FnOnce(&mut PluginSpec),
    ) -> Result<Plugin, LoadError> {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut spec = PluginSpec::new(name, path.to_owned());
        change(&mut spec);
        self.host.load(spec).await
    }
}

/// Asks a plugin for one label.
pub(crate) async fn map(plugin: &Plugin, label: &str) -> Mapped {
    let ask: LabelAsk = act_tests::contract::labels::ask(&[label]);
    plugin.mapper().unwrap().map(&ask).await
}

/// Asks a policy whether a job with one label may be queued.
pub(crate) async fn judge(policy: &dyn Policy, label: &str) -> Verdict {
    let phase = PolicyPhase::JobQueued { content: Arc::default() };
    let ask = PolicyAsk { facts: Default::default(), labels: vec![label.to_owned()], group: None, phase };
    policy.judge(&ask).await
}
