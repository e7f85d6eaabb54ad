//! The tree every file becomes: literals, expressions, sequences and mappings, each with its span.
//!
//! A `Token` is a value that may still hold expressions; [`crate::evaluate`] turns it into one that does not.
//! Port of `ObjectTemplating/Tokens/*.cs`.

mod wire;

use crate::expression::Expression;
use crate::source::Span;
use act_expr::Value;
use std::sync::Arc;

/// A value of a workflow or action file and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

/// What a [`Token`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    Null,
    Bool(bool),
    Number(f64),
    String(Arc<str>),
    /// `${{ … }}`, or text with expressions in it, already composed to `format(…)`.
    Expression(Expression),
    /// `${{ insert }}` as the key of a mapping: the value's entries are merged in.
    Insert,
    Sequence(Vec<Token>),
    /// Entries in the order of the file; keys are strings, expressions or `Insert`.
    Mapping(Vec<(Token, Token)>),
}

impl Token {
    /// A token of this kind and place.
    #[must_use]
    pub const fn new(kind: TokenKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// A string literal.
    pub fn string(text: impl Into<Arc<str>>, span: Span) -> Self {
        Self::new(TokenKind::String(text.into()), span)
    }

    /// The text of a string literal.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            TokenKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean literal.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self.kind {
            TokenKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a number literal.
    #[must_use]
    pub const fn as_number(&self) -> Option<f64> {
        match self.kind {
            TokenKind::Number(value) => Some(value),
            _ => None,
        }
    }

    /// The expression, for a scalar that is one.
    #[must_use]
    pub const fn as_expression(&self) -> Option<&Expression> {
        match &self.kind {
            TokenKind::Expression(expression) => Some(expression),
            _ => None,
        }
    }

    /// The items of a sequence.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.kind {
            TokenKind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    #[must_use]
    pub fn as_mapping(&self) -> Option<&[(Self, Self)]> {
        match &self.kind {
            TokenKind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of the first entry whose literal key is exactly `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// The text GitHub shows a scalar as, and converts it to; empty for collections.
    #[must_use]
    pub fn literal_text(&self) -> Arc<str> {
        match &self.kind {
            TokenKind::String(text) => text.clone(),
            TokenKind::Bool(true) => "true".into(),
            TokenKind::Bool(false) => "false".into(),
            TokenKind::Number(value) => act_expr::number::to_string(*value).into(),
            TokenKind::Expression(expression) => format!("${{{{ {} }}}}", expression.source()).into(),
            TokenKind::Insert => "${{ insert }}".into(),
            TokenKind::Null | TokenKind::Sequence(_) | TokenKind::Mapping(_) => "".into(),
        }
    }

    /// The value of a token without expressions; `None` when it has some.
    #[must_use]
    pub fn to_value(&self) -> Option<Value> {
        Some(match &self.kind {
            TokenKind::Null => Value::Null,
            TokenKind::Bool(value) => Value::Bool(*value),
            TokenKind::Number(value) => Value::Number(*value),
            TokenKind::String(text) => Value::String(text.clone()),
            TokenKind::Expression(_) | TokenKind::Insert => return None,
            TokenKind::Sequence(items) => {
                Value::array(items.iter().map(Self::to_value).collect::<Option<Vec<_>>>()?)
            }
            TokenKind::Mapping(entries) => {
                let pair = |(key, value): &(Self, Self)| Some((key.literal_text(), value.to_value()?));
                Value::object(entries.iter().map(pair).collect::<Option<Vec<_>>>()?)
            }
        })
    }

    /// Whether the token is an expression or `insert` itself (`is ExpressionToken`).
    #[must_use]
    pub const fn is_expression(&self) -> bool {
        matches!(self.kind, TokenKind::Expression(_) | TokenKind::Insert)
    }

    /// Whether an expression stands anywhere in the token, keys included.
    #[must_use]
    pub fn has_expression(&self) -> bool {
        match &self.kind {
            TokenKind::Expression(_) | TokenKind::Insert => true,
            TokenKind::Sequence(items) => items.iter().any(Self::has_expression),
            TokenKind::Mapping(entries) => {
                entries.iter().any(|(key, value)| key.has_expression() || value.has_expression())
            }
            TokenKind::Null | TokenKind::Bool(_) | TokenKind::Number(_) | TokenKind::String(_) => false,
        }
    }

    /// Calls `visit` for every expression of the token, keys included, in the order of the file.
    pub fn each_expression<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression, Span)) {
        match &self.kind {
            TokenKind::Expression(expression) => visit(expression, self.span),
            TokenKind::Sequence(items) => items.iter().for_each(|item| item.each_expression(visit)),
            TokenKind::Mapping(entries) => {
                for (key, value) in entries {
                    key.each_expression(visit);
                    value.each_expression(visit);
                }
            }
            TokenKind::Null
            | TokenKind::Bool(_)
            | TokenKind::Number(_)
            | TokenKind::String(_)
            | TokenKind::Insert => {}
        }
    }
}
