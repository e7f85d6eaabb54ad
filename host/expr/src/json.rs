//! `fromJson` and `toJson`, as GitHub's runner does them with Newtonsoft.Json.

mod lenient;
mod write;

pub(crate) use write::try_to_json;
pub use write::{escape, to_json};

use crate::plain;
use crate::value::Value;

/// Text that is no JSON, in Newtonsoft's words, with the path, line and position where it stops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(pub(crate) String);

/// Reads JSON as `fromJson` does by default: with comments, single quotes, bare keys and trailing commas.
///
/// Reads one value and ignores what follows it. A key written twice keeps its first place and its last value;
/// keys that differ in case only are one key, in its first spelling.
///
/// # Errors
/// [`JsonError`] when the text is no JSON even so, or nests deeper than 64.
///
/// Source: `FromJson.cs`, `JTokenExtensions.cs`; `JsonTextReader.cs` of Newtonsoft.Json.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    lenient::parse(text)
}

/// Reads JSON as `fromJson` does under strict parsing: standard JSON only, at most 100 levels deep.
///
/// Of keys that are written twice, or differ in case only, the first one counts.
///
/// # Errors
/// [`JsonError`] for anything else; the wording is this project's, not GitHub's.
///
/// Source: `JsonParser.cs`.
pub fn parse_strict(text: &str) -> Result<Value, JsonError> {
    plain::read_strict(text).map_err(|error| JsonError(error.to_string()))
}

#[cfg(test)]
mod tests;
