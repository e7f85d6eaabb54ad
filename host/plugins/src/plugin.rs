//! A plugin that was loaded.

use std::fmt;
use std::sync::Arc;

use act_core::decide::{LabelMapper, Policy, Scheduler};

use wasmtime::component::InstancePre;

use crate::adapters::{Judge, Mapper, Ruler};
use crate::caps::http::HttpCall;
use crate::digest::Digest;
use crate::health::Health;
use crate::limits::Limits;
use crate::link::Permitted;
use crate::manifest::Manifest;
use crate::output::Voice;
use crate::site::Site;
use crate::spec::{Capabilities, HostConfig, OnError};
use crate::state::{Call, Equipment};

/// What a component is good for: what it exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// It maps labels.
    pub mapper: bool,
    /// It judges.
    pub policy: bool,
    /// It schedules.
    pub scheduler: bool,
}

impl Kinds {
    /// Whether it is good for nothing here.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !self.mapper && !self.policy && !self.scheduler
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(self.mapper, "label mapper"), (self.policy, "policy"), (self.scheduler, "scheduler")];
        let names: Vec<_> = names.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        f.write_str(&if names.is_empty() { "no kind".to_owned() } else { names.join(", ") })
    }
}

/// A plugin that was loaded: checked, compiled, linked with what it is granted. Cheap to clone.
#[derive(Clone)]
pub struct Plugin(Arc<Loaded>);

/// What all clones share.
pub(crate) struct Loaded {
    pub(crate) config: Arc<HostConfig>,
    pub(crate) site: Arc<Site>,
    pub(crate) name: Arc<str>,
    pub(crate) manifest: Manifest,
    pub(crate) digest: Digest,
    pub(crate) kinds: Kinds,
    pub(crate) pre: InstancePre<Call>,
    pub(crate) exports: Exports,
    pub(crate) permitted: Permitted,
    pub(crate) limits: Limits,
    pub(crate) settings: Arc<str>,
    pub(crate) on_error: OnError,
    pub(crate) health: Health,
}

/// Where the exports of each kind are.
pub(crate) struct Exports {
    pub(crate) mapper: Option<act_bindings::label_mapper::GuestIndices>,
    pub(crate) policy: Option<act_bindings::policy::GuestIndices>,
    pub(crate) scheduler: Option<act_bindings::scheduler::GuestIndices>,
}

impl Loaded {
    /// Gives one call its voice.
    pub(crate) fn voice(&self, job: Option<String>) -> Voice {
        Voice::new(self.config.log.clone(), self.name.clone(), job, self.limits.log_lines)
    }

    /// Equips one call.
    pub(crate) fn equipment(&self, voice: Voice) -> Equipment {
        let limits = self.limits;
        let config = &self.config;
        let http = |rules: &Arc<_>| HttpCall::new(Arc::clone(rules), limits.http_requests, limits.wall.0);
        Equipment {
            limits,
            voice,
            settings: self.settings.clone(),
            kv: self.permitted.kv.clone(),
            http: self.permitted.http.as_ref().map(http),
            refusing: config.capabilities == Capabilities::NoneLinked,
        }
    }
}

impl Plugin {
    pub(crate) fn new(loaded: Loaded) -> Self {
        Self(Arc::new(loaded))
    }

    #[cfg(test)]
    pub(crate) fn loaded(&self) -> &Loaded {
        &self.0
    }

    /// Returns what traces and messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns its author's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.manifest.version
    }

    /// Returns the digest of its component.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// Returns what it says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// Returns what it is good for.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        self.0.kinds
    }

    /// Returns it as a label mapper, if it is one.
    #[must_use]
    pub fn mapper(&self) -> Option<Arc<dyn LabelMapper>> {
        let indices = self.0.exports.mapper.clone()?;
        Some(Arc::new(Mapper { plugin: self.0.clone(), indices }))
    }

    /// Returns it as a policy, if it is one.
    #[must_use]
    pub fn policy(&self) -> Option<Arc<dyn Policy>> {
        let indices = self.0.exports.policy.clone()?;
        Some(Arc::new(Judge { plugin: self.0.clone(), indices }))
    }

    /// Returns it as a scheduler, if it is one.
    #[must_use]
    pub fn scheduler(&self) -> Option<Arc<dyn Scheduler>> {
        let indices = self.0.exports.scheduler.clone()?;
        Some(Arc::new(Ruler { plugin: self.0.clone(), indices }))
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({} {} {})", self.0.name, self.0.manifest.version, self.0.digest.short())
    }
}
