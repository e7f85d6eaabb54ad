//! What an operator lets a plugin do: the `[[plugin.grant.…]]` of `act-host.toml`.
//!
//! A grant alone opens nothing: what counts is what the manifest requests and the operator grants.

use std::fmt;

pub use act_core::place::Reach as DecisionKind;
use serde::Deserialize;

use crate::amount::Size;
use crate::origin::{Method, Origin};

/// All that is granted to one plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Grants {
    /// Requests over HTTP.
    pub http: Vec<HttpGrant>,
    /// A store of its own.
    pub kv: Option<KvGrant>,
    /// Decisions that reach this host.
    pub decisions: Option<DecisionGrant>,
}

/// Where a plugin may send requests, how, and with whose credential.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpGrant {
    /// Scheme, host and port.
    pub hosts: Vec<Origin>,
    /// `GET` where nothing is said.
    #[serde(default = "only_get")]
    pub methods: Vec<Method>,
    /// What the host sends as `authorization: Bearer …` with every request to these hosts.
    #[serde(default)]
    pub bearer: Option<CredentialSource>,
    /// Whether the hosts may have loopback, link-local and private addresses.
    #[serde(default)]
    pub allow_private: bool,
    /// The largest response body: 1 MiB.
    #[serde(default = "one_mib")]
    pub max_response: Size,
}

pub(crate) fn only_get() -> Vec<Method> {
    vec![Method::get()]
}

const fn one_mib() -> Size {
    Size::mib(1)
}

/// Where the operator keeps a credential. Its value is asked for when a request is sent, and never shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialSource {
    /// `{ env = "NAME" }`: a variable of this program's environment.
    Env(String),
    /// `{ secret = "NAME" }`: a secret, as jobs get them.
    Secret(String),
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable `{name}`"),
            Self::Secret(name) => write!(f, "secret `{name}`"),
        }
    }
}

/// How much a plugin may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KvGrant {
    /// Keys and values together.
    #[serde(default = "default_quota")]
    pub quota: Size,
}

pub(crate) const fn default_quota() -> Size {
    Size::kib(64)
}

/// Which decisions that reach this host a plugin may make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DecisionGrant {
    /// Which.
    pub kinds: Vec<DecisionKind>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_with_their_defaults() {
        let text = "
            [[http]]
            hosts = ['https://api.example.com']
            bearer = { env = 'TOKEN' }
            [kv]
            [decisions]
            kinds = ['process', 'host-path']
        ";
        let grants: Grants = toml::from_str(text).unwrap();
        assert_eq!(grants.http[0].methods, [Method::get()]);
        assert_eq!(grants.http[0].bearer, Some(CredentialSource::Env("TOKEN".into())));
        assert!(!grants.http[0].allow_private);
        assert_eq!(grants.kv, Some(KvGrant { quota: Size::kib(64) }));
        let kinds = grants.decisions.unwrap().kinds;
        assert_eq!(kinds, [DecisionKind::Process, DecisionKind::HostPath]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "[tcp]",
            "[[http]]\nmethods = ['GET']",
            "[[http]]\nhosts = ['https://a']\nheader = 'x'",
            "[[http]]\nhosts = ['https://a']\nbearer = { env = 'A', secret = 'B' }",
            "[decisions]\nkinds = ['root']",
        ] {
            assert!(toml::from_str::<Grants>(text).is_err(), "{text}");
        }
    }
}
