//! One `[[plugin]]` of `act-host.toml`, as its file has it.

use std::path::PathBuf;

use act_plugins::limits::LimitSettings;
use act_plugins::{Digest, Grants, Limits, OnError, PluginSpec};
use act_workflow::source::{Span, Spanned};

/// What the operator says of one plugin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PluginEntry {
    /// Its name.
    pub(crate) name: Spanned<String>,
    /// Where the component is, absolute; `None` for the one that is installed under the name.
    pub(crate) source: Option<PathBuf>,
    /// What its bytes must hash to.
    pub(crate) pin: Option<Spanned<Digest>>,
    /// Whether the next mapper is asked when this one fails.
    pub(crate) on_error: OnError,
    /// What the plugin is told: a JSON object.
    pub(crate) settings: serde_json::Value,
    /// What one call may use.
    pub(crate) limits: LimitSettings,
    /// What the repository lowers that to, defaults as well.
    pub(crate) ceilings: LimitSettings,
    /// What it may do.
    pub(crate) grants: Grants,
}

impl PluginEntry {
    /// Makes an entry of a plugin that no file names.
    pub(crate) fn unnamed(name: String) -> Self {
        Self {
            name: Spanned::new(name, Span::nowhere()),
            source: None,
            pin: None,
            on_error: OnError::default(),
            settings: serde_json::json!({}),
            limits: LimitSettings::default(),
            ceilings: LimitSettings::default(),
            grants: Grants::default(),
        }
    }

    /// Makes what the plugin host wants of it.
    pub(crate) fn spec(&self, source: PathBuf) -> PluginSpec {
        PluginSpec {
            name: self.name.value.clone(),
            source,
            pin: self.pin.as_ref().map(|pin| pin.value),
            grants: self.grants.clone(),
            limits: Limits::default().set(&self.limits).lowered(&self.ceilings),
            settings: self.settings.clone(),
            on_error: self.on_error,
        }
    }
}

/// What a file in the repository says of a plugin: only less.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Narrowing {
    /// Which plugin.
    pub(crate) name: Spanned<String>,
    /// What its bytes must hash to.
    pub(crate) pin: Option<Spanned<Digest>>,
    /// At most this.
    pub(crate) limits: LimitSettings,
    /// Grants that it goes without.
    pub(crate) revoked: Vec<GrantKind>,
}

/// A kind of grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantKind {
    /// `http`.
    Http,
    /// `kv`.
    Kv,
    /// `decisions`.
    Decisions,
}
