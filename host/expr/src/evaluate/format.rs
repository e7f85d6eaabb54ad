//! `format('… {0} …', …)` (`Format.cs`).
//!
//! The text is checked as a whole first, so a wrong brace is reported even when an argument would fail as well;
//! then arguments are evaluated in the order the text names them, those it does not name never.

use super::{Computed, Evaluator, Stop};
use crate::coerce;
use crate::error::EvalError;
use crate::tree::NodeId;
use crate::value::Value;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// A piece of the text.
enum Segment<'t> {
    Plain(&'t str),
    /// `{0}`, or `{0:specifiers}`.
    Argument {
        index: usize,
        specifiers: String,
    },
}

type Segments<'t> = SmallVec<[Segment<'t>; 4]>;

impl Evaluator<'_> {
    pub(super) fn format(
        &mut self,
        id: NodeId,
        text: NodeId,
        arguments: &[NodeId],
        level: usize,
    ) -> Result<Computed, Stop> {
        let text = self.text(text, level)?;
        let segments = split(&text, arguments.len())?;
        let mut counter = self.counter();
        for segment in &segments {
            if let Segment::Plain(plain) = segment {
                counter.add_text(plain).map_err(|exceeded| self.exceeded(exceeded, id))?;
            }
        }
        let mut known: SmallVec<[Option<Value>; 4]> = smallvec![None; arguments.len()];
        let mut formatted = String::with_capacity(text.len());
        for segment in segments {
            let (index, specifiers) = match segment {
                Segment::Plain(plain) => {
                    formatted.push_str(plain);
                    continue;
                }
                Segment::Argument { index, specifiers } => (index, specifiers),
            };
            let value = match &known[index] {
                Some(value) => value,
                None => known[index].insert(self.node(arguments[index], level)?),
            };
            if !specifiers.is_empty() {
                return Err(EvalError::FormatSpecifiers { specifiers, kind: value.kind() }.into());
            }
            let value = coerce::to_text(value);
            if !value.is_empty() {
                counter.add_text(&value).map_err(|exceeded| self.exceeded(exceeded, id))?;
                formatted.push_str(&value);
            }
        }
        Ok(Computed::plain(formatted.into()))
    }
}

/// Cuts a text into pieces.
fn split(text: &Arc<str>, arguments: usize) -> Result<Segments<'_>, EvalError> {
    let invalid = || EvalError::FormatInvalid(Arc::clone(text));
    let mut segments = Segments::new();
    let mut rest: &str = text;
    while let Some(at) = rest.find(['{', '}']) {
        let brace = rest.as_bytes()[at];
        if rest.as_bytes().get(at + 1) == Some(&brace) {
            segments.push(Segment::Plain(&rest[..=at]));
            rest = &rest[at + 2..];
            continue;
        }
        if brace == b'}' {
            return Err(invalid());
        }
        let (index, specifiers, after) = placeholder(&rest[at + 1..]).ok_or_else(invalid)?;
        if index >= arguments {
            return Err(EvalError::FormatArguments(Arc::clone(text)));
        }
        if at > 0 {
            segments.push(Segment::Plain(&rest[..at]));
        }
        segments.push(Segment::Argument { index, specifiers });
        rest = after;
    }
    if !rest.is_empty() {
        segments.push(Segment::Plain(rest));
    }
    Ok(segments)
}

/// Reads what follows an opening brace, up to its closing one: an index up to 255, then perhaps specifiers, in
/// which a brace is doubled. Returns the rest of the text as well.
fn placeholder(text: &str) -> Option<(usize, String, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let index: u8 = text[..digits].parse().ok()?;
    let mut rest = &text[digits..];
    let mut specifiers = String::new();
    if let Some(after_colon) = rest.strip_prefix(':') {
        rest = after_colon;
        loop {
            let brace = rest.find('}')?;
            specifiers.push_str(&rest[..brace]);
            rest = &rest[brace..];
            let Some(doubled) = rest.strip_prefix("}}") else { break };
            specifiers.push('}');
            rest = doubled;
        }
    }
    Some((usize::from(index), specifiers, rest.strip_prefix('}')?))
}
