//! What a plugin says of itself: its name, what it requests and why, and which settings it takes.
//!
//! Its author writes TOML, `plugin.toml`. It travels as JSON of the same keys, which is read many times as fast, in a
//! custom section of the component itself, so that the digest of the component is the digest of its requests as well.
//! What a component exports is read from it and never declared here.

mod section;

use std::fmt::{Display, Write as _};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::amount::Size;
use crate::grants::{DecisionKind, default_quota, only_get};
use crate::origin::{Method, Origin};
use crate::settings::Schema;

/// The name of the custom section.
pub const SECTION: &str = "act-host:manifest";

/// The largest manifest that is read, in bytes.
const LARGEST: usize = 64 << 10;

/// A plugin's manifest, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// 1 to 64 of `a-z 0-9 -`.
    pub name: String,
    /// The author's version: 1 to 64 of `A-Z a-z 0-9 . + -`.
    pub version: String,
    /// One line.
    pub description: String,
    /// A URL, if there is one.
    pub homepage: Option<String>,
    /// What it asks for.
    pub request: Requests,
    /// A JSON Schema (draft 2020-12) of its settings, if it brings one.
    pub schema: Option<Schema>,
}

/// What a plugin asks its operator for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Requests {
    /// Requests over HTTP.
    pub http: Vec<HttpRequest>,
    /// A store of its own.
    pub kv: Option<KvRequest>,
    /// Decisions that reach the host.
    pub decisions: Option<DecisionRequest>,
}

/// Where it wants to send requests.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpRequest {
    /// What for, in one line.
    pub why: String,
    /// Scheme, host and port.
    pub hosts: Vec<Origin>,
    /// `GET` where nothing is said.
    #[serde(default = "only_get")]
    pub methods: Vec<Method>,
}

/// How much it wants to keep.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KvRequest {
    /// What for, in one line.
    pub why: String,
    /// Keys and values together.
    #[serde(default = "default_quota")]
    pub quota: Size,
}

/// Which decisions it wants to make.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DecisionRequest {
    /// What for, in one line.
    pub why: String,
    /// Which.
    pub kinds: Vec<DecisionKind>,
}

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No TOML, or no JSON within a component; or not of the form.
    #[error("the manifest is wrong: {0}")]
    Form(String),
    /// A value that cannot be.
    #[error("the manifest is wrong: {what} {must}")]
    Value {
        /// Which key.
        what: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// The schema of the settings is none.
    #[error("the manifest's [config] is not a JSON Schema: {0}")]
    Schema(String),
    /// There is none.
    #[error("there is no manifest in it (custom section `{SECTION}`): build it with `act-host plugin build`")]
    Missing,
    /// There are several: which one counts would depend on who reads.
    #[error("there are {0} manifests in it (custom section `{SECTION}`): there must be one")]
    Several(usize),
    /// Too large.
    #[error("the manifest is larger than 64 KiB")]
    TooLarge,
    /// The bytes are no component.
    #[error("{0}")]
    NotAComponent(String),
}

/// The keys of a manifest; `C` is what `[config]` is read as.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<C> {
    plugin: About,
    #[serde(default)]
    request: Requests,
    config: Option<C>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    name: String,
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    homepage: Option<String>,
}

impl Manifest {
    /// Reads a `plugin.toml` and checks it.
    ///
    /// # Errors
    /// What is wrong, with its place in the text where there is one.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > LARGEST {
            return Err(ManifestError::TooLarge);
        }
        let File::<Value> { plugin, request, config } =
            toml::from_str(text).map_err(|error| wrong_form(&error))?;
        let config = config.as_ref().map(to_raw_value).transpose().map_err(|error| wrong_form(&error))?;
        let manifest = Self::of(File { plugin, request, config })?;
        if let Some(schema) = &manifest.schema {
            schema.compile().map_err(ManifestError::Schema)?;
        }
        Ok(manifest)
    }

    /// Checks all but the schema, which is looked at when settings are checked against it: that is dear.
    fn of(file: File<Box<RawValue>>) -> Result<Self, ManifestError> {
        let File { plugin, request, config } = file;
        let About { name, version, description, homepage } = plugin;
        let schema = config.map(Schema::of_config).transpose().map_err(ManifestError::Schema)?;
        let manifest = Self { name, version, description, homepage, request, schema };
        manifest.check()?;
        Ok(manifest)
    }

    /// Reads the manifest that a component brings along.
    ///
    /// Only sections of the component itself count: one of a component or module inside it is another's.
    ///
    /// # Errors
    /// The bytes are no component, or have no manifest, several or a wrong one.
    pub fn read_from(component: &[u8]) -> Result<Self, ManifestError> {
        let found = section::find(component)?;
        let [content] = found.as_slice() else {
            return Err(match found.len() {
                0 => ManifestError::Missing,
                count => ManifestError::Several(count),
            });
        };
        let json = &component[content.data.clone()];
        if json.len() > LARGEST {
            return Err(ManifestError::TooLarge);
        }
        Self::of(serde_json::from_slice(json).map_err(|error| wrong_form(&error))?)
    }

    /// Returns the component with a `plugin.toml` as its manifest, in place of those it has.
    ///
    /// # Errors
    /// The bytes are no component, or the text is no manifest.
    pub fn embed(component: &[u8], text: &str) -> Result<Vec<u8>, ManifestError> {
        Self::parse(text)?;
        let keys: Value = toml::from_str(text).map_err(|error| wrong_form(&error))?;
        section::replace(component, &keys.to_string())
    }

    fn check(&self) -> Result<(), ManifestError> {
        let wrong = |what, must| Err(ManifestError::Value { what, must });
        if !is_name(&self.name) {
            return wrong("plugin.name", "must be 1 to 64 of `a-z`, `0-9` and `-`, with no `-` in front");
        }
        let version = |c: char| c.is_ascii_alphanumeric() || ".+-".contains(c);
        if !(1..=64).contains(&self.version.len()) || !self.version.chars().all(version) {
            return wrong("plugin.version", "must be 1 to 64 of `A-Z`, `a-z`, `0-9`, `.`, `+` and `-`");
        }
        if !is_line(&self.description) {
            return wrong("plugin.description", "must be one line of at most 500 characters");
        }
        if self.homepage.as_ref().is_some_and(|url| !is_url(url)) {
            return wrong("plugin.homepage", "must be a URL of http or https");
        }
        self.request.check()
    }
}

impl Requests {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the lines of `act-host.toml` that grant all of it, to be put below the `[[plugin]]`.
    #[must_use]
    pub fn grant_lines(&self) -> String {
        let mut lines = self.http_lines();
        lines.push_str(&self.kv_lines());
        if let Some(asked) = &self.decisions {
            let kinds = quoted(asked.kinds.iter().map(|kind| kind.as_str()));
            let _ = write!(lines, "[plugin.grant.decisions]  # {}\nkinds = [{kinds}]\n", asked.why);
        }
        lines
    }

    /// Returns the lines that grant the requests over HTTP.
    pub(crate) fn http_lines(&self) -> String {
        let line = |asked: &HttpRequest| {
            let hosts = quoted(asked.hosts.iter().map(ToString::to_string));
            let methods = quoted(asked.methods.iter().map(Method::as_str));
            format!("[[plugin.grant.http]]  # {}\nhosts = [{hosts}]\nmethods = [{methods}]\n", asked.why)
        };
        self.http.iter().map(line).collect()
    }

    /// Returns the lines that grant the store.
    pub(crate) fn kv_lines(&self) -> String {
        let line =
            |asked: &KvRequest| format!("[plugin.grant.kv]  # {}\nquota = \"{}\"\n", asked.why, asked.quota);
        self.kv.as_ref().map(line).unwrap_or_default()
    }

    fn check(&self) -> Result<(), ManifestError> {
        let whys = self.http.iter().map(|asked| &asked.why);
        let whys = whys.chain(self.kv.iter().map(|asked| &asked.why));
        let mut whys = whys.chain(self.decisions.iter().map(|asked| &asked.why));
        if whys.any(|why| why.is_empty() || !is_line(why)) {
            return Err(ManifestError::Value {
                what: "request.….why",
                must: "must say in one line of at most 500 characters what for",
            });
        }
        Ok(())
    }
}

fn wrong_form(error: &dyn Display) -> ManifestError {
    ManifestError::Form(error.to_string())
}

/// Whether a text is the name of a plugin: it names folders and keys as well.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&name.len()) && name.chars().all(fine) && !name.starts_with('-')
}

fn is_line(text: &str) -> bool {
    text.chars().count() <= 500 && crate::text::is_clean(text)
}

fn is_url(url: &str) -> bool {
    let scheme = url.starts_with("https://") || url.starts_with("http://");
    scheme && url.len() <= 500 && url.chars().all(|c| c.is_ascii_graphic())
}

fn quoted<T: AsRef<str>>(words: impl Iterator<Item = T>) -> String {
    words.map(|word| format!("\"{}\"", word.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
