//! What can be said of a component without running it: who it says it is, what it is good for, what it asks for.

use std::collections::BTreeMap;

use wasmparser::{Chunk, KnownCustom, Parser, Payload};

use crate::digest::Digest;
use crate::error::LoadFault;
use crate::manifest::{Manifest, ManifestError};
use crate::plugin::Kinds;
use crate::survey::{Import, Survey};
use crate::text;

/// What was found in a component.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// What it says of itself; `None` where it has no manifest.
    pub manifest: Option<Manifest>,
    /// What it is good for.
    pub kinds: Kinds,
    /// What it imports, each once. [`Import::words`] says what it is for.
    pub imports: Vec<Import>,
    /// Names of all its exports.
    pub exports: Vec<String>,
    /// Digest of its bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: usize,
    /// How many bytes its core modules have, which are all that is compiled.
    pub code_size: usize,
    /// What made it, as it says: `language` → `Rust`, `processed-by` → `rustc 1.95.0, wit-component 0.245.1`.
    pub toolchain: BTreeMap<String, String>,
    /// Why this host cannot load it, whatever is granted; `None` where it can.
    pub trouble: Option<String>,
}

/// The bytes are no component at all, or have a manifest that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InspectError(String);

/// Looks at a component's bytes. Compiles and runs nothing.
///
/// # Errors
/// The bytes are no component, or their manifest is wrong.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    let manifest = match Manifest::read_from(bytes) {
        Ok(manifest) => Some(manifest),
        Err(ManifestError::Missing) => None,
        Err(error) => return Err(InspectError(error.to_string())),
    };
    let told = |fault: LoadFault| InspectError(fault.to_string());
    let survey = Survey::of(bytes).map_err(told)?;
    let (code_size, toolchain) = modules(bytes);
    let missing = manifest.is_none().then(|| ManifestError::Missing.to_string());
    let trouble = survey.check().err().map(|fault| fault.to_string()).or(missing);
    Ok(Inspection {
        manifest,
        kinds: survey.kinds,
        imports: survey.imports.into_iter().collect(),
        exports: survey.exports,
        digest: Digest::of(bytes),
        size: bytes.len(),
        code_size,
        toolchain,
        trouble,
    })
}

/// Returns the size of all modules together, and what the producers sections of component and modules say.
fn modules(bytes: &[u8]) -> (usize, BTreeMap<String, String>) {
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut size, mut at, mut outer) = (0, 0, Vec::new());
    let mut parser = Parser::new(0);
    // What cannot be read ends the look: the survey has judged the component itself by now.
    while let Some(rest) = bytes.get(at..) {
        let Ok(Chunk::Parsed { consumed, payload }) = parser.parse(rest, true) else { break };
        at += consumed;
        match payload {
            Payload::ModuleSection { parser: inner, unchecked_range } => {
                size += unchecked_range.len();
                outer.push(std::mem::replace(&mut parser, inner));
            }
            Payload::ComponentSection { parser: inner, .. } => {
                outer.push(std::mem::replace(&mut parser, inner))
            }
            Payload::CodeSectionStart { size: code, .. } => {
                parser.skip_section();
                at += code as usize;
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Producers(fields) = section.as_known() {
                    producers(fields, &mut said);
                }
            }
            Payload::End(_) => match outer.pop() {
                Some(parent) => parser = parent,
                None => break,
            },
            _ => {}
        }
    }
    (size, said.into_iter().map(|(field, values)| (field, values.join(", "))).collect())
}

fn producers(section: wasmparser::ProducersSectionReader<'_>, said: &mut BTreeMap<String, Vec<String>>) {
    for field in section.into_iter().flatten() {
        let values = said.entry(text::line(field.name, 50)).or_default();
        for value in field.values.into_iter().flatten() {
            let value = text::line(format!("{} {}", value.name, value.version).trim(), 100);
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &str = r#"(component
        (import "act-host:host/http@0.1.0" (instance))
        (core module (func) (@producers (language "Rust" "") (processed-by "rustc" "1.95.0")))
        (core module (func) (@producers (language "Rust" "")))
        (instance $i)
        (export "act-host:label-mapper/label-mapper@0.1.0" (instance $i)))"#;

    #[test]
    fn a_component_is_told_without_running_it() {
        let bytes = wat::parse_str(COMPONENT).unwrap();
        let found = inspect(&bytes).unwrap();
        assert!(found.kinds.mapper && found.manifest.is_none());
        assert_eq!(found.imports, [Import::Http]);
        assert!(found.trouble.as_ref().is_some_and(|why| why.contains("no manifest")), "{found:?}");
        assert_eq!(found.toolchain["language"], "Rust");
        assert_eq!(found.toolchain["processed-by"], "rustc 1.95.0");
        assert!(found.code_size > 0 && found.code_size < found.size);
        let named = Manifest::embed(&bytes, "[plugin]\nname = 'x'\nversion = '1'").unwrap();
        let found = inspect(&named).unwrap();
        assert_eq!((found.trouble, found.manifest.unwrap().name), (None, "x".to_owned()));
    }

    #[test]
    fn what_is_no_component_is_an_error() {
        assert!(inspect(b"text").is_err());
    }
}
