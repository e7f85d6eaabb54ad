//! Ids of jobs, steps and matrix legs: which are valid, and how GitHub makes one up.
//!
//! Port of `Conversion/IdBuilder.cs`.

use crate::caseless::CaselessSet;
use std::collections::HashMap;
use std::sync::Arc;

/// UTF-16 units an id may hold, and one more.
pub(crate) const MAX_LENGTH: usize = 100;
const MAX_ATTEMPTS: usize = 1000;

/// The ids of one scope.
#[derive(Debug, Default)]
pub(crate) struct IdBuilder {
    name: String,
    known: CaselessSet,
    /// The attempts that made an id, by all that an attempt depends on: those up to there are taken for good.
    made: HashMap<(String, bool, usize), usize>,
}

/// Why an id is refused; the texts are GitHub's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidId {
    // "and and" is GitHub's.
    #[error(
        "The identifier '{0}' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' \
         and and must be less than {MAX_LENGTH} characters."
    )]
    Grammar(String),
    #[error("The identifier '{0}' is invalid. IDs starting with '__' are reserved.")]
    Reserved(String),
    #[error("The identifier '{0}' may not be used more than once within the same scope.")]
    Taken(String),
}

impl IdBuilder {
    /// Takes an id the author wrote.
    pub(crate) fn add_known(&mut self, id: &str) -> Result<(), InvalidId> {
        if !is_valid(id) {
            return Err(InvalidId::Grammar(id.to_owned()));
        }
        if id.starts_with("__") {
            return Err(InvalidId::Reserved(id.to_owned()));
        }
        if self.known.insert(&id.into()) { Ok(()) } else { Err(InvalidId::Taken(id.to_owned())) }
    }

    /// Adds a part to the id being made; illegal characters become `_`.
    pub(crate) fn append_segment(&mut self, segment: &str) {
        let Some(first) = segment.chars().next() else { return };
        if !self.name.is_empty() || first.is_ascii_digit() || first == '-' {
            self.name.push('_');
        }
        // GitHub replaces UTF-16 units, so a character outside the basic plane gives two.
        let legal = |c: char| std::iter::repeat_n(if is_legal(c) { c } else { '_' }, c.len_utf16());
        self.name.extend(segment.chars().flat_map(legal));
    }

    /// Ends the id being made: unique in its scope by a suffix `_2`, `_3`, …
    ///
    /// `None` when a thousand are taken.
    pub(crate) fn build(&mut self, allow_reserved: bool, max_length: usize) -> Option<Arc<str>> {
        let mut original = std::mem::take(&mut self.name);
        if original.is_empty() {
            original.push_str("job");
        }
        if !allow_reserved && original.starts_with("__") {
            original = format!("_{}", original.trim_start_matches('_'));
        }
        let made = self.made.entry((original.clone(), allow_reserved, max_length)).or_default();
        (*made + 1..MAX_ATTEMPTS).find_map(|attempt| {
            let suffix = match attempt {
                1 => String::new(),
                _ if !allow_reserved && original == "_" => attempt.to_string(),
                _ => format!("_{attempt}"),
            };
            // The id is ASCII by now, so bytes are characters.
            let room = original.len().min(max_length.saturating_sub(suffix.len()));
            let candidate: Arc<str> = format!("{}{suffix}", &original[..room]).into();
            *made = attempt;
            self.known.insert(&candidate).then_some(candidate)
        })
    }
}

const fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn is_valid(id: &str) -> bool {
    let starts_well = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && id.len() < MAX_LENGTH && id.chars().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_ids_are_legal_and_unique() {
        let mut ids = IdBuilder::default();
        ids.add_known("run").unwrap();
        for (segments, reserved, expected) in [
            (&["__run"][..], true, "__run"),
            (&["__run"], true, "__run_2"),
            (&["__actions/checkout"], true, "__actions_checkout"),
            (&["16", "ubuntu 22.04"], false, "_16_ubuntu_22_04"),
            (&["__x"], false, "_x"),
            (&["RUN"], false, "RUN_2"),
            (&["ä😀"], false, "_"),
            (&["ä"], false, "_2"),
            (&[""], false, "job"),
            (&["a-very-long-value-that-goes-on"], false, "a-very-long-value-that-go"),
            (&["a-very-long-value-that-goes-on"], false, "a-very-long-value-that-_2"),
        ] {
            segments.iter().for_each(|segment| ids.append_segment(segment));
            let max = if reserved { MAX_LENGTH } else { 25 };
            assert_eq!(ids.build(reserved, max).as_deref(), Some(expected), "{segments:?}");
        }
    }

    #[test]
    fn written_ids_have_a_grammar() {
        let mut ids = IdBuilder::default();
        for good in ["a", "_", "_a", "A-b_1"] {
            ids.add_known(good).unwrap();
        }
        for bad in ["", "-a", "1a", "a.b", "ä", &"a".repeat(100)] {
            assert_eq!(ids.add_known(bad), Err(InvalidId::Grammar(bad.to_owned())));
        }
        assert_eq!(ids.add_known("__a"), Err(InvalidId::Reserved("__a".to_owned())));
        assert_eq!(ids.add_known("a-B_1"), Err(InvalidId::Taken("a-B_1".to_owned())));
    }
}
