//! The core's types as the interfaces have them, and back. What comes back from a guest is made fit on the way.

pub(crate) mod content;
pub(crate) mod decision;
pub(crate) mod placement;
pub(crate) mod pod;

use std::collections::BTreeMap;

use act_bindings::types::{common, job};
use act_core::decide::{CodePlace, JobFacts, Trust};
use jiff::Timestamp;

use crate::text;

/// The longest value of a field that a guest fills, in bytes.
const LONGEST_VALUE: usize = 1000;

/// Makes one line of a value that a guest filled.
pub(crate) fn value(text: &str) -> String {
    text::line(text, LONGEST_VALUE)
}

/// Makes the core's attributes.
///
/// # Errors
/// A key that comes twice: which of the two was meant is anybody's guess.
pub(crate) fn attrs(attrs: &[(String, String)]) -> Result<BTreeMap<String, String>, String> {
    let mut made = BTreeMap::new();
    for (key, text) in attrs {
        let key = value(key);
        if made.contains_key(&key) {
            return Err(format!("`{key}` comes twice among its attrs"));
        }
        made.insert(key, value(text));
    }
    Ok(made)
}

/// Makes the interface's attributes.
pub(crate) fn to_attrs(attrs: &BTreeMap<String, String>) -> common::Attrs {
    attrs.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Makes milliseconds since 1970; a time before is 1970.
pub(crate) fn to_millis(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or_default()
}

/// Makes a time of milliseconds since 1970; `None` beyond the year 9999.
pub(crate) fn time(millis: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()
}

/// Says an error that a guest returned in one line.
pub(crate) fn told(error: &common::Error) -> String {
    let message = text::reason(&error.message);
    let code = text::line(&error.code, 100);
    match (message.as_str(), code.as_str()) {
        ("", "") => "it failed without saying why".to_owned(),
        ("", code) => code.to_owned(),
        (message, "") => message.to_owned(),
        (message, code) => format!("{message} ({code})"),
    }
}

pub(crate) fn to_facts(facts: &JobFacts) -> job::JobFacts {
    let JobFacts {
        repository,
        workflow_file,
        workflow,
        key,
        job,
        name,
        matrix,
        event_name,
        reference,
        sha,
        actor,
        trust,
        attempt,
    } = facts.clone();
    job::JobFacts {
        repository,
        workflow_file,
        workflow,
        key: key.map(|key| key.to_string()),
        job,
        name,
        matrix: matrix.into_iter().collect(),
        event_name,
        reference,
        sha,
        actor,
        trust: match trust {
            Trust::Own => job::Trust::SameRepository,
            Trust::Fork => job::Trust::Fork,
            Trust::Unknown => job::Trust::Unknown,
        },
        attempt: attempt.map(|attempt| attempt.0),
        attrs: Vec::new(),
    }
}

pub(crate) fn to_place(place: &CodePlace) -> job::CodePlace {
    job::CodePlace { file: place.file.clone(), line: place.line, column: place.column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_in_one_line_with_its_code() {
        let error = |message: &str, code: &str| common::Error {
            kind: common::ErrorKind::Internal,
            code: code.to_owned(),
            message: message.to_owned(),
            retry_after_ms: None,
            attrs: Vec::new(),
        };
        assert_eq!(told(&error("no\nway", "x-y")), "no way (x-y)");
        assert_eq!(told(&error("\u{1b}[0m", "x-y")), "x-y");
        assert_eq!(told(&error("", "")), "it failed without saying why");
    }

    #[test]
    fn a_key_that_comes_twice_is_refused() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let made = attrs(&[pair("a", "1"), pair("b", "2")]);
        assert_eq!(made, Ok([pair("a", "1"), pair("b", "2")].into()));
        // What differs in escape codes alone is one key to whoever reads it.
        for again in ["a", "\u{1b}[31ma"] {
            let error = attrs(&[pair("a", "1"), pair(again, "1")]).unwrap_err();
            assert!(error.contains("`a` comes twice"), "{error}");
        }
    }

    #[test]
    fn times_survive_both_ways() {
        let now = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        assert_eq!(time(to_millis(now)), Some(now));
        assert_eq!(time(u64::MAX), None);
    }
}
