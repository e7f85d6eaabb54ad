//! Takes tokens for what the schema says they are.
//!
//! The schema has been checked before, so these fail only where an expression stands in place of a literal. Port of the
//! `Assert…` methods of `TemplateTokenExtensions.cs`.

use crate::source::Problem;
use crate::token::{Token, TokenKind};
use std::sync::Arc;

impl Token {
    pub(crate) fn expect_string(&self, what: &str) -> Result<&Arc<str>, Problem> {
        match &self.kind {
            TokenKind::String(text) => Ok(text),
            _ => Err(self.unexpected_type(what, "StringToken")),
        }
    }

    pub(crate) fn expect_bool(&self, what: &str) -> Result<bool, Problem> {
        self.as_bool().ok_or_else(|| self.unexpected_type(what, "BooleanToken"))
    }

    pub(crate) fn expect_number(&self, what: &str) -> Result<f64, Problem> {
        self.as_number().ok_or_else(|| self.unexpected_type(what, "NumberToken"))
    }

    pub(crate) fn expect_sequence(&self, what: &str) -> Result<&[Self], Problem> {
        self.as_sequence().ok_or_else(|| self.unexpected_type(what, "SequenceToken"))
    }

    pub(crate) fn expect_mapping(&self, what: &str) -> Result<&[(Self, Self)], Problem> {
        self.as_mapping().ok_or_else(|| self.unexpected_type(what, "MappingToken"))
    }

    /// The problem of a key or value that the schema knows and the converter does not.
    pub(crate) fn unexpected_value(&self, what: &str) -> Problem {
        let value = self.as_str().unwrap_or_default();
        Problem::new(self.span, format!("Error while reading '{what}'. Unexpected value '{value}'"))
    }

    fn unexpected_type(&self, what: &str, expected: &str) -> Problem {
        let actual = match self.kind {
            TokenKind::Null => "NullToken",
            TokenKind::Bool(_) => "BooleanToken",
            TokenKind::Number(_) => "NumberToken",
            TokenKind::String(_) => "StringToken",
            TokenKind::Expression(_) => "BasicExpressionToken",
            TokenKind::Insert => "InsertExpressionToken",
            TokenKind::Sequence(_) => "SequenceToken",
            TokenKind::Mapping(_) => "MappingToken",
        };
        let message = format!(
            "Unexpected type '{actual}' encountered while reading '{what}'. The type '{expected}' was expected."
        );
        Problem::new(self.span, message)
    }
}
