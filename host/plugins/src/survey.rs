//! What a component imports and exports, by name: read from its bytes, before anything is compiled.

use std::collections::BTreeSet;

use wasmparser::{Chunk, Parser, Payload};

use crate::error::LoadFault;
use crate::plugin::Kinds;

/// The version of the interfaces that this host speaks.
pub(crate) const HERE: &str = "0.1";

/// An imported interface, by what it means here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Import {
    /// The plugin's log.
    Log,
    /// Its own settings.
    Config,
    /// A store of its own.
    Kv,
    /// Requests over HTTP.
    Http,
    /// Types only.
    Types,
    /// WASI 0.2, which is there with nothing behind it. The package: `wasi:filesystem`.
    Wasi(String),
    /// An interface that is known, of another version. The name with its version.
    OtherVersion(String),
    /// Nothing that this host has. The name.
    Unknown(String),
}

/// Everything a component imports and exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(crate) imports: BTreeSet<Import>,
    pub(crate) kinds: Kinds,
    /// Kinds it exports in another version, with the version.
    pub(crate) other_kinds: Vec<String>,
    /// Names of all its exports.
    pub(crate) exports: Vec<String>,
}

const WASI: &[&str] = &["cli", "clocks", "filesystem", "io", "random", "sockets"];

impl Import {
    fn of(name: &str) -> Self {
        let (path, version) = name.split_once('@').unwrap_or((name, ""));
        let known = match path {
            "act-host:host/log" => Self::Log,
            "act-host:host/config" => Self::Config,
            "act-host:host/kv" => Self::Kv,
            "act-host:host/http" => Self::Http,
            _ if path.starts_with("act-host:types/") => Self::Types,
            _ => return Self::wasi(name, path, version),
        };
        if is_ours(version) { known } else { Self::OtherVersion(name.to_owned()) }
    }

    fn wasi(name: &str, path: &str, version: &str) -> Self {
        let package =
            path.strip_prefix("wasi:").and_then(|path| path.split_once('/')).map(|(package, _)| package);
        match package.filter(|package| WASI.contains(package)) {
            Some(package) if version.starts_with("0.2.") => Self::Wasi(format!("wasi:{package}")),
            Some(_) => Self::OtherVersion(name.to_owned()),
            None => Self::Unknown(name.to_owned()),
        }
    }

    /// Says what it is for, in words people understand.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Log => "writes to its log (needs no grant)".to_owned(),
            Self::Config => "reads its own settings (needs no grant)".to_owned(),
            Self::Kv => "keeps values between runs (kv: needs a grant)".to_owned(),
            Self::Http => "sends requests over the network (http: needs a grant)".to_owned(),
            Self::Types => "uses the types of act-host".to_owned(),
            Self::Wasi(package) => match package.as_str() {
                "wasi:cli" => {
                    "wasi:cli (no arguments, no environment; what it prints goes to its log)".to_owned()
                }
                "wasi:filesystem" => "wasi:filesystem (nothing behind it: no file is visible)".to_owned(),
                "wasi:sockets" => "wasi:sockets (nothing behind it: no connection is possible)".to_owned(),
                other => other.to_owned(),
            },
            Self::OtherVersion(name) => format!("{name}: another version than this act-host has"),
            Self::Unknown(name) => format!("{name}: nothing that this act-host has"),
        }
    }
}

/// Whether a version is one that fits: `0.1.x`.
fn is_ours(version: &str) -> bool {
    version.strip_prefix("0.1.").is_some_and(|patch| patch.parse::<u32>().is_ok())
}

impl Survey {
    /// Reads a component's names. What is nested in it is stepped over.
    pub(crate) fn of(component: &[u8]) -> Result<Self, LoadFault> {
        let invalid = |why: &dyn ToString| LoadFault::Invalid(crate::text::reason(&why.to_string()));
        let mut survey = Self::default();
        let mut parser = Parser::new(0);
        let mut at = 0;
        loop {
            let rest = component.get(at..).ok_or_else(|| invalid(&"it is cut off"))?;
            let Chunk::Parsed { consumed, payload } =
                parser.parse(rest, true).map_err(|error| invalid(&error))?
            else {
                return Err(invalid(&"it is cut off"));
            };
            at += consumed;
            match payload {
                Payload::ModuleSection { unchecked_range, .. }
                | Payload::ComponentSection { unchecked_range, .. } => at = unchecked_range.end,
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        let name = import.map_err(|error| invalid(&error))?.name.name;
                        survey.imports.insert(Import::of(&crate::text::line(name, 200)));
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        survey.export(export.map_err(|error| invalid(&error))?.name.name);
                    }
                }
                Payload::End(_) => return Ok(survey),
                _ => {}
            }
        }
    }

    fn export(&mut self, name: &str) {
        let name = crate::text::line(name, 200);
        let (path, version) = name.split_once('@').unwrap_or((name.as_str(), ""));
        let kind = match path {
            "act-host:label-mapper/label-mapper" => Some(&mut self.kinds.mapper),
            "act-host:policy/policy" => Some(&mut self.kinds.policy),
            "act-host:scheduler/scheduler" => Some(&mut self.kinds.scheduler),
            _ => None,
        };
        match kind {
            Some(kind) if is_ours(version) => *kind = true,
            Some(_) => self.other_kinds.push(name.clone()),
            None => {}
        }
        self.exports.push(name);
    }

    /// Fails a component that this host cannot serve, whatever is granted.
    pub(crate) fn check(&self) -> Result<(), LoadFault> {
        let mut unknown = Vec::new();
        for import in &self.imports {
            match import {
                Import::OtherVersion(name) => return Err(other_version(name)),
                Import::Unknown(name) => unknown.push(format!("`{name}`")),
                _ => {}
            }
        }
        if !unknown.is_empty() {
            return Err(LoadFault::UnknownImports(unknown));
        }
        if let Some(name) = self.other_kinds.first() {
            return Err(other_version(name));
        }
        if self.kinds.is_empty() {
            let names: Vec<_> = self.exports.iter().take(10).map(|name| format!("`{name}`")).collect();
            return Err(LoadFault::NoKind(if names.is_empty() {
                "nothing".to_owned()
            } else {
                names.join(", ")
            }));
        }
        Ok(())
    }

    /// Whether it imports this.
    pub(crate) fn imports(&self, import: &Import) -> bool {
        self.imports.contains(import)
    }
}

fn other_version(name: &str) -> LoadFault {
    if name.starts_with("wasi:") {
        let advice = "build it for the target `wasm32-wasip2`";
        return LoadFault::OtherVersion { wanted: name.to_owned(), here: "0.2", advice };
    }
    let advice = "build it again with the SDK of this version, or use the act-host that it was built for";
    LoadFault::OtherVersion { wanted: name.to_owned(), here: HERE, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(text: &str) -> Survey {
        Survey::of(&wat::parse_str(text).unwrap()).unwrap()
    }

    #[test]
    fn names_are_read_with_their_meaning() {
        let survey = survey(
            r#"(component
                (import "act-host:host/log@0.1.0" (instance))
                (import "act-host:host/kv@0.1.7" (instance))
                (import "wasi:filesystem/types@0.2.6" (instance))
                (import "wasi:filesystem/preopens@0.2.6" (instance))
                (component (import "act-host:host/http@0.1.0" (instance)))
                (instance $i)
                (export "act-host:policy/policy@0.1.0" (instance $i))
                (export "init" (instance $i)))"#,
        );
        let wanted = [Import::Log, Import::Kv, Import::Wasi("wasi:filesystem".into())];
        assert_eq!(survey.imports, BTreeSet::from(wanted));
        assert_eq!(survey.kinds, Kinds { policy: true, ..Kinds::default() });
        assert!(survey.check().is_ok());
    }

    #[test]
    fn what_cannot_be_served_is_named() {
        let kind = r#"(instance $i) (export "act-host:policy/policy@0.1.0" (instance $i))"#;
        for (text, said) in [
            (format!(r#"(import "wasi:http/types@0.2.0" (instance)) {kind}"#), "`wasi:http/types@0.2.0`"),
            (format!(r#"(import "act-host:host/tcp@0.1.0" (instance)) {kind}"#), "`act-host:host/tcp@0.1.0`"),
            (format!(r#"(import "act-host:host/kv@0.2.0" (instance)) {kind}"#), "`act-host:host/kv@0.2.0`"),
            (format!(r#"(import "wasi:cli/run@0.3.0" (instance)) {kind}"#), "wasm32-wasip2"),
            (kind.replace("0.1.0", "0.2.0"), "has version 0.1"),
            (kind.replace("policy/policy@0.1.0", "policy/police@0.1.0"), "`act-host:policy/police@0.1.0`"),
            (String::new(), "exports nothing"),
        ] {
            let error = survey(&format!("(component {text})")).check().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
