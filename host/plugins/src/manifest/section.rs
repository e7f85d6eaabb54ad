//! The custom section that holds a manifest: found and replaced at the top of a component, never inside it.

use std::ops::Range;

use wasmparser::{Chunk, Encoding, Parser, Payload};

use super::{ManifestError, SECTION};

/// Where a section lies in the bytes of a component.
#[derive(Debug)]
pub(super) struct Found {
    /// Header and all.
    whole: Range<usize>,
    /// Its JSON.
    pub(super) data: Range<usize>,
}

/// Finds the sections of the component itself that hold a manifest. What is nested in it is stepped over.
pub(super) fn find(component: &[u8]) -> Result<Vec<Found>, ManifestError> {
    let broken = |why: String| ManifestError::NotAComponent(format!("it is not a component: {why}"));
    if !component.starts_with(b"\0asm") {
        return Err(broken("it is not WebAssembly".into()));
    }
    let mut parser = Parser::new(0);
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let cut_off = || broken("it is cut off".into());
        let rest = component.get(at..).ok_or_else(cut_off)?;
        let chunk = parser.parse(rest, true).map_err(|error| broken(error.to_string()))?;
        let Chunk::Parsed { consumed, payload } = chunk else { return Err(cut_off()) };
        let start = at;
        at += consumed;
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } => {
                return Err(broken("it is a core module; build it for `wasm32-wasip2`".into()));
            }
            Payload::ModuleSection { unchecked_range, .. }
            | Payload::ComponentSection { unchecked_range, .. } => at = unchecked_range.end,
            Payload::CustomSection(section) if section.name() == SECTION => {
                let data = section.data_offset()..section.data_offset() + section.data().len();
                found.push(Found { whole: start..at, data });
            }
            Payload::End(_) => return Ok(found),
            _ => {}
        }
    }
}

/// Returns the component with one manifest, at its end.
pub(super) fn replace(component: &[u8], json: &str) -> Result<Vec<u8>, ManifestError> {
    let mut bytes = Vec::with_capacity(component.len() + json.len() + 32);
    let mut at = 0;
    for found in find(component)? {
        bytes.extend_from_slice(&component[at..found.whole.start]);
        at = found.whole.end;
    }
    bytes.extend_from_slice(&component[at..]);
    let mut content = leb(SECTION.len());
    content.extend_from_slice(SECTION.as_bytes());
    content.extend_from_slice(json.as_bytes());
    bytes.push(0);
    bytes.extend(leb(content.len()));
    bytes.extend(content);
    Ok(bytes)
}

/// Writes a length as wasm does: seven bits a byte, lowest first.
fn leb(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        if length == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
