//! `permissions`: what the job's token may do, scope by scope.
//!
//! Holds the scopes and their order of strength; which keys a file may write is the schema's, what a called workflow
//! may ask for is decided in `convert`. Port of `Permissions.cs`, `PermissionLevelExtensions.cs`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much a scope grants; ordered from nothing to everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    #[default]
    None,
    Read,
    Write,
}

impl Level {
    /// The word a file uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Reads the word a file uses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Read, Self::Write].into_iter().find(|level| level.as_str() == text)
    }
}

macro_rules! scopes {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A scope of the job's token, in the order GitHub compares them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Scope {
            $(#[serde(rename = $name)] $variant,)+
        }

        impl Scope {
            /// Every scope, in the order GitHub compares them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The key a file uses.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

scopes! {
    Actions = "actions",
    ArtifactMetadata = "artifact-metadata",
    Attestations = "attestations",
    Checks = "checks",
    Contents = "contents",
    Deployments = "deployments",
    Discussions = "discussions",
    Issues = "issues",
    Packages = "packages",
    Pages = "pages",
    PullRequests = "pull-requests",
    RepositoryProjects = "repository-projects",
    Statuses = "statuses",
    SecurityEvents = "security-events",
    IdToken = "id-token",
    Models = "models",
    VulnerabilityAlerts = "vulnerability-alerts",
    CodeQuality = "code-quality",
    CopilotRequests = "copilot-requests",
    Drives = "drives",
}

impl Scope {
    /// Reads the key a file uses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text)
    }
}

/// The levels of all scopes; one that is not listed is [`Level::None`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(BTreeMap<Scope, Level>);

impl Permissions {
    /// No scope at all.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// The level of a scope.
    #[must_use]
    pub fn level(&self, scope: Scope) -> Level {
        self.0.get(&scope).copied().unwrap_or_default()
    }

    /// Sets the level of a scope.
    pub fn set(&mut self, scope: Scope, level: Level) {
        if level == Level::None {
            self.0.remove(&scope);
        } else {
            self.0.insert(scope, level);
        }
    }

    /// The scopes that grant something.
    pub fn iter(&self) -> impl Iterator<Item = (Scope, Level)> {
        self.0.iter().map(|(scope, level)| (*scope, *level))
    }
}
