//! Counts what reading and evaluating cost, by GitHub's measure, and stops at its limits.
//!
//! The numbers are GitHub's estimate for its own objects; files at the edge pass or fail here as they do there.
//! Port of `TemplateMemory.cs`.

use crate::token::{Token, TokenKind};
use act_expr::text::utf16_len;

const OBJECT: usize = 24;
const STRING: usize = 26;
const CHAR: usize = 2;

/// A limit was passed; the text is GitHub's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitExceeded {
    #[error("Maximum object depth exceeded")]
    Depth,
    #[error("Maximum object size exceeded")]
    Size,
    #[error(
        "Maximum events exceeded while evaluating the template. This may indicate an infinite loop or too many nested loops."
    )]
    Events,
}

/// What was used so far.
#[derive(Debug)]
pub(crate) struct Memory {
    max_depth: u16,
    max_events: u32,
    max_bytes: usize,
    depth: u16,
    events: u32,
    bytes: usize,
}

impl Memory {
    pub(crate) const fn new(max_depth: u16, max_events: u32, max_bytes: usize) -> Self {
        Self { max_depth, max_events, max_bytes, depth: 0, events: 0, bytes: 0 }
    }

    pub(crate) const fn event(&mut self) -> Result<(), LimitExceeded> {
        if self.events >= self.max_events {
            return Err(LimitExceeded::Events);
        }
        self.events += 1;
        Ok(())
    }

    pub(crate) const fn enter(&mut self) -> Result<(), LimitExceeded> {
        if self.depth >= self.max_depth {
            return Err(LimitExceeded::Depth);
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(crate) const fn add(&mut self, bytes: usize) -> Result<(), LimitExceeded> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.max_bytes { Err(LimitExceeded::Size) } else { Ok(()) }
    }

    /// Counts a token without what is inside it.
    pub(crate) fn add_token(&mut self, token: &Token) -> Result<(), LimitExceeded> {
        self.add(token_size(token))
    }

    pub(crate) fn add_text(&mut self, text: &str) -> Result<(), LimitExceeded> {
        self.add(STRING + utf16_len(text) * CHAR)
    }
}

fn token_size(token: &Token) -> usize {
    match &token.kind {
        TokenKind::String(text) => OBJECT + STRING + utf16_len(text) * CHAR,
        TokenKind::Expression(expression) => OBJECT + STRING + utf16_len(expression.source()) * CHAR,
        TokenKind::Null
        | TokenKind::Bool(_)
        | TokenKind::Number(_)
        | TokenKind::Insert
        | TokenKind::Sequence(_)
        | TokenKind::Mapping(_) => OBJECT,
    }
}
