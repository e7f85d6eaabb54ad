//! Tokens on a wire: a flat list of nodes, each collection before its parts.
//!
//! Nested JSON would pass the depth that readers of JSON bear long before a file passes GitHub's. Numbers JSON has no
//! name for (`.inf`, `.nan`) travel as texts.

use super::{Token, TokenKind};
use crate::expression::Expression;
use crate::options::ParseOptions;
use crate::source::Span;
use serde::de::{Deserializer, Error};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct Node<'a>(Kind<'a>, Span);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Arc<str>),
    Expression(Cow<'a, Expression>),
    Insert,
    /// How many items follow.
    Sequence(usize),
    /// How many pairs follow, each a key and a value.
    Mapping(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Other(String),
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut nodes = serializer.serialize_seq(None)?;
        let mut pending = vec![self];
        while let Some(token) = pending.pop() {
            let kind = match &token.kind {
                TokenKind::Null => Kind::Null,
                TokenKind::Bool(value) => Kind::Bool(*value),
                TokenKind::Number(value) if value.is_finite() => Kind::Number(Number::Finite(*value)),
                TokenKind::Number(value) => Kind::Number(Number::Other(value.to_string())),
                TokenKind::String(text) => Kind::String(text.clone()),
                TokenKind::Expression(expression) => Kind::Expression(Cow::Borrowed(expression)),
                TokenKind::Insert => Kind::Insert,
                TokenKind::Sequence(items) => {
                    pending.extend(items.iter().rev());
                    Kind::Sequence(items.len())
                }
                TokenKind::Mapping(entries) => {
                    pending.extend(entries.iter().rev().flat_map(|(key, value)| [value, key]));
                    Kind::Mapping(entries.len())
                }
            };
            nodes.serialize_element(&Node(kind, token.span))?;
        }
        nodes.end()
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut nodes = Vec::<Node<'static>>::deserialize(deserializer)?.into_iter();
        let token = token(&mut nodes, 0).map_err(D::Error::custom)?;
        if nodes.next().is_some() { Err(D::Error::custom("a token has nodes left over")) } else { Ok(token) }
    }
}

fn token(nodes: &mut impl Iterator<Item = Node<'static>>, depth: u16) -> Result<Token, String> {
    let Node(kind, span) = nodes.next().ok_or("a token lacks nodes")?;
    if depth > ParseOptions::DEPTH_CEILING {
        return Err("a token is nested too deeply".to_owned());
    }
    let kind = match kind {
        Kind::Null => TokenKind::Null,
        Kind::Bool(value) => TokenKind::Bool(value),
        Kind::Number(Number::Finite(value)) => TokenKind::Number(value),
        Kind::Number(Number::Other(text)) => {
            TokenKind::Number(text.parse().map_err(|_| format!("`{text}` is no number"))?)
        }
        Kind::String(text) => TokenKind::String(text),
        Kind::Expression(expression) => TokenKind::Expression(expression.into_owned()),
        Kind::Insert => TokenKind::Insert,
        Kind::Sequence(count) => {
            TokenKind::Sequence((0..count).map(|_| token(nodes, depth + 1)).collect::<Result<_, _>>()?)
        }
        Kind::Mapping(count) => {
            let mut pair = || Ok((token(nodes, depth + 1)?, token(nodes, depth + 1)?));
            TokenKind::Mapping((0..count).map(|_| pair()).collect::<Result<_, String>>()?)
        }
    };
    Ok(Token { kind, span })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Allowed;

    fn nested(levels: usize) -> Token {
        let leaf = Token::new(TokenKind::Number(f64::INFINITY), Span::default());
        (0..levels).fold(leaf, |inner, _| Token::new(TokenKind::Sequence(vec![inner]), Span::default()))
    }

    #[test]
    fn tokens_survive_the_wire_however_deep() {
        let allowed = Allowed::new(["github".into(), "hashFiles(1,255)".into()]);
        let expression = Expression::parse("hashFiles(github.x)", &allowed).unwrap();
        let at = |kind| Token::new(kind, Span { line: 3, column: 4, ..Span::default() });
        let mapping = at(TokenKind::Mapping(vec![
            (at(TokenKind::Insert), at(TokenKind::Expression(expression))),
            (Token::string("k", Span::default()), at(TokenKind::Null)),
            (Token::string("n", Span::default()), at(TokenKind::Number(-0.5))),
            (Token::string("b", Span::default()), at(TokenKind::Bool(true))),
        ]));
        for token in [mapping, nested(100), at(TokenKind::Sequence(Vec::new()))] {
            let json = serde_json::to_string(&token).unwrap();
            assert_eq!(serde_json::from_str::<Token>(&json).unwrap(), token);
        }
    }

    #[test]
    fn a_broken_token_is_an_error() {
        let span = serde_json::to_string(&Span::default()).unwrap();
        for json in [
            "[]".to_owned(),
            format!(r#"[[{{"sequence":2}},{span}],["null",{span}]]"#),
            format!(r#"[["null",{span}],["null",{span}]]"#),
            format!(r#"[[{{"expression":{{"source":"github.x","allowed":[]}}}},{span}]]"#),
            serde_json::to_string(&nested(102)).unwrap(),
        ] {
            assert!(serde_json::from_str::<Token>(&json).is_err(), "{json}");
        }
    }
}
