//! What the program hands to the plugin host: how plugins run here, and which plugin with what.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use act_core::control::Secret;
use serde::Deserialize;
use serde_json::Value;

use crate::digest::Digest;
use crate::grants::{CredentialSource, Grants};
use crate::limits::Limits;

/// One plugin, as its operator wants it.
#[derive(Clone, Debug)]
pub struct PluginSpec {
    /// What traces, messages and its store call it: the `name` of its `[[plugin]]`, else that of its manifest.
    pub name: String,
    /// The component's file.
    pub source: PathBuf,
    /// The digest that it must have.
    pub pin: Option<Digest>,
    /// What it may do.
    pub grants: Grants,
    /// What one call may use.
    pub limits: Limits,
    /// Its settings: an object.
    pub settings: Value,
    /// What becomes of the chain when it fails as a mapper.
    pub on_error: OnError,
}

impl PluginSpec {
    /// Makes a spec with no grants, the default limits and no settings.
    #[must_use]
    pub fn new(name: String, source: PathBuf) -> Self {
        Self {
            name,
            source,
            pin: None,
            grants: Grants::default(),
            limits: Limits::default(),
            settings: Value::Object(serde_json::Map::new()),
            on_error: OnError::default(),
        }
    }
}

/// What becomes of the chain of mappers when one fails. Policies know no choice: they deny.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// The job ends as an infrastructure failure.
    #[default]
    Fail,
    /// The next mapper is asked.
    Next,
}

/// How plugins run in this process.
pub struct HostConfig {
    /// Where compiled components are kept; `None` compiles them every time.
    pub cache: Option<PathBuf>,
    /// Where plugins' stores are kept: a folder for each.
    pub state: PathBuf,
    /// Who compiles.
    pub compiler: Compiler,
    /// Where plugins' logs go.
    pub log: Arc<dyn LogSink>,
    /// Who knows the credentials that grants name.
    pub secrets: Arc<dyn Credentials>,
    /// Whether capabilities do anything.
    pub capabilities: Capabilities,
    /// Where instances get their memory.
    pub allocation: Allocation,
}

/// Who compiles a component to machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// A process of its own, bounded in memory and time, that runs [`compile_child`](crate::compile_child): the
    /// program and its arguments.
    Child(Vec<OsString>),
    /// This process, without bounds: for tests, with components of one's own.
    InProcess,
}

/// Whether capabilities do anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Capabilities {
    /// What is granted works.
    #[default]
    Linked,
    /// `kv` and `http` refuse every call, and an answer that needed one is [`Failed`](act_core::decide::Mapped::Failed)
    /// with its name: an explanation touches nothing.
    NoneLinked,
}

/// Where instances get their memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allocation {
    /// Mapped when needed: nothing is reserved, and each call is a third dearer.
    #[default]
    OnDemand,
    /// From a pool that is reserved at the start, in address space alone. Falls back to [`Allocation::OnDemand`]: for
    /// a component that is larger than its places, and with a notice where the machine has no such room.
    Pooled {
        /// How many calls it has places for, of 256 at the most; more wait for their turn.
        calls: u32,
    },
}

/// How grave a line of a plugin's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// For whoever wonders.
    Info,
    /// Something is odd.
    Warn,
    /// Something is wrong.
    Error,
}

/// One line of a plugin's log, made fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestLine {
    /// How grave.
    pub level: LogLevel,
    /// One line.
    pub text: String,
}

/// What a plugin said in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestSaid<'a> {
    /// Which plugin.
    pub plugin: &'a str,
    /// The key of the job it was asked for, where that is known.
    pub job: Option<&'a str>,
    /// What: at least a line.
    pub lines: Vec<GuestLine>,
}

/// Takes plugins' logs, and what the plugin host itself has to say.
pub trait LogSink: Send + Sync {
    /// Takes what a plugin said: when its call ends, and before that where it is much. It must not wait.
    fn said(&self, said: GuestSaid<'_>);

    /// Takes a notice of the host: a compiled component that had to be thrown away, a pool that found no room.
    fn notice(&self, text: &str);
}

/// Knows the credentials that grants name.
pub trait Credentials: Send + Sync {
    /// Returns the value; `None` where there is none of this name.
    fn reveal(&self, source: &CredentialSource) -> Option<Secret>;
}
