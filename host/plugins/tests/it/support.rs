//! A plugin host for tests: it compiles in this process and keeps what is said.

use std::path::Path;
use std::sync::{Arc, Mutex};

use act_core::control::Secret;
use act_core::decide::{JobFacts, LabelAsk, Mapped, PolicyAsk, PolicyPhase};
use act_plugins::grants::CredentialSource;
use act_plugins::{
    Allocation, Capabilities, Compiler, Credentials, GuestSaid, HostConfig, LoadError, LogSink, Plugin,
    PluginHost, PluginSpec,
};

use crate::guests::Guest;

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
    fn reveal(&self, source: &CredentialSource) -> Option<Secret> {
        (*source == CredentialSource::Env("TOKEN".into())).then(|| Secret::new("s3cret".into()))
    }
}

/// A host with a folder of its own.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) host: PluginHost,
    pub(crate) said: Arc<Said>,
}

/// Returns a host's configuration that compiles in this process.
pub(crate) fn config(folder: &Path, said: &Arc<Said>) -> HostConfig {
    HostConfig {
        cache: None,
        state: folder.join("state"),
        compiler: Compiler::InProcess,
        log: said.clone(),
        secrets: said.clone(),
        capabilities: Capabilities::Linked,
        allocation: Allocation::OnDemand,
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut HostConfig)) -> Self {
        let (folder, said) = (tempfile::tempdir().unwrap(), Arc::<Said>::default());
        let mut config = config(folder.path(), &said);
        change(&mut config);
        Self { host: PluginHost::new(config).unwrap(), folder, said }
    }

    pub(crate) async fn load(&self, name: &str, guest: &Guest) -> Plugin {
        self.load_with(name, guest, |_| {}).await.unwrap()
    }

    pub(crate) async fn load_with(
        &self,
        name: &str,
        guest: &Guest,
        change: impl FnOnce(&mut PluginSpec),
    ) -> Result<Plugin, LoadError> {
        let mut spec = PluginSpec::new(name.to_owned(), guest.write(self.folder.path(), name));
        change(&mut spec);
        self.host.load(spec).await
    }
}

/// Asks a plugin as a mapper.
pub(crate) async fn map(plugin: &Plugin) -> Mapped {
    let facts = JobFacts { repository: "owner/name".into(), ..JobFacts::default() };
    let ask = LabelAsk { labels: vec!["linux".into(), "big".into()], group: None, facts };
    plugin.mapper().unwrap().map(&ask).await
}

/// Asks a plugin as a mapper that must fail; says why.
pub(crate) async fn failure(plugin: &Plugin) -> String {
    match map(plugin).await {
        Mapped::Failed { reason, needs: None } => reason,
        other => panic!("{other:?}"),
    }
}

/// A policy's ask.
pub(crate) fn policy_ask() -> PolicyAsk {
    let phase = PolicyPhase::JobQueued { content: Arc::default() };
    PolicyAsk { facts: JobFacts::default(), labels: vec!["linux".into()], group: None, phase }
}
