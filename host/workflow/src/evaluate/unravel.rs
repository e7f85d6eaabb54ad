//! Replaces the expressions of a token by their values, and checks the result against the schema.
//!
//! A sequence in a sequence item is spliced in, `${{ insert }}` merges a mapping, a key becomes text. Port of
//! `ObjectTemplating/TemplateEvaluator.cs` and `TemplateUnraveler.cs`.

use super::{EvaluateError, Evaluated, Result};
use crate::caseless::CaselessSet;
use crate::memory::{LimitExceeded, Memory};
use crate::options::ParseOptions;
use crate::schema::{self, DefinitionId, Loose, Mapping, Schema};
use crate::source::Span;
use crate::token::{Token, TokenKind};
use act_expr::{Evaluation, HostCall, Scope, Settings, Value, coerce};
use std::error::Error;
use std::sync::Arc;

/// GitHub shows no more problems of one evaluation.
const MAX_PROBLEMS: usize = 10;

/// Evaluates `token` as a value of `definition`. Expressions under a definition `open` are left as they are.
pub(super) fn evaluate(
    schema: &'static Schema,
    definition: DefinitionId,
    open: Option<DefinitionId>,
    token: &Token,
    scope: &dyn Scope,
) -> Result<Evaluated<Token>> {
    let options = ParseOptions::default();
    let memory = Memory::new(options.max_depth, ParseOptions::MAX_EVENTS, options.max_result_size);
    let mut unraveler = Unraveler { schema, open, scope, memory, problems: Vec::new(), pending: Vec::new() };
    let place = Place { definition, expand: !schema.get(definition).allowed.is_empty() };
    let result = unraveler.value(token, place);
    // What looks wrong may only be unanswered.
    if !unraveler.pending.is_empty() {
        return Ok(Evaluated::Pending(unraveler.pending));
    }
    match result {
        Ok(token) if unraveler.problems.is_empty() => Ok(Evaluated::Done(token)),
        Ok(_) => Err(EvaluateError { problems: unraveler.problems }),
        Err(limit) => {
            unraveler.problems.push((Span::whole(token.span.file), limit.to_string()));
            Err(EvaluateError { problems: unraveler.problems })
        }
    }
}

#[derive(Clone, Copy)]
struct Place {
    definition: DefinitionId,
    /// Expressions are evaluated here: the schema allows some.
    expand: bool,
}

struct Unraveler<'a> {
    schema: &'static Schema,
    open: Option<DefinitionId>,
    scope: &'a dyn Scope,
    memory: Memory,
    problems: Vec<(Span, String)>,
    pending: Vec<HostCall>,
}

type Limited<T> = Result<T, LimitExceeded>;

impl Unraveler<'_> {
    fn value(&mut self, token: &Token, place: Place) -> Limited<Token> {
        self.memory.event()?;
        match &token.kind {
            TokenKind::Expression(_) if place.expand => {
                let value = self.expression(token)?.unwrap_or_else(|| Token::string("", token.span));
                self.literal_or_collection(&value, place)
            }
            TokenKind::Expression(_) => Ok(token.clone()),
            _ => self.literal_or_collection(token, place),
        }
    }

    fn literal_or_collection(&mut self, token: &Token, place: Place) -> Limited<Token> {
        self.memory.add_token(token)?;
        match &token.kind {
            TokenKind::Sequence(items) => self.sequence(items, token.span, place),
            TokenKind::Mapping(entries) => self.mapping(entries, token.span, place),
            TokenKind::Insert => {
                self.problem(
                    token.span,
                    "The expression directive 'insert' is not supported in this context",
                );
                Ok(Token::string(token.literal_text(), token.span))
            }
            _ => Ok(self.validate(token.clone(), place.definition)),
        }
    }

    fn sequence(&mut self, items: &[Token], span: Span, place: Place) -> Limited<Token> {
        self.memory.enter()?;
        let mut result = Vec::with_capacity(items.len());
        if let Some(item) = self.schema.sequence_item(place.definition) {
            let item_place = self.place(place, item);
            for item in items {
                self.item(item, item_place, &mut result)?;
            }
        } else {
            self.problem(span, "A sequence was not expected");
        }
        self.memory.leave();
        Ok(Token::new(TokenKind::Sequence(result), span))
    }

    /// An item; when it is an expression for a sequence, the items of that.
    fn item(&mut self, item: &Token, place: Place, result: &mut Vec<Token>) -> Limited<()> {
        if !matches!(item.kind, TokenKind::Expression(_)) || !place.expand {
            result.push(self.value(item, place)?);
            return Ok(());
        }
        // A failed item is left out: its problem is noted.
        let Some(value) = self.expression(item)? else { return Ok(()) };
        if let TokenKind::Sequence(spliced) = &value.kind {
            for item in spliced {
                result.push(self.literal_or_collection(item, place)?);
            }
        } else {
            result.push(self.literal_or_collection(&value, place)?);
        }
        Ok(())
    }

    fn mapping(&mut self, entries: &[(Token, Token)], span: Span, place: Place) -> Limited<Token> {
        self.memory.enter()?;
        let mut mappings = self.schema.mappings(place.definition);
        let mut target = Target::default();
        if mappings.is_empty() {
            self.problem(span, "A mapping was not expected");
        } else {
            self.entries(entries, place, &mut mappings, &mut target)?;
            if mappings.len() > 1 || !mappings[0].properties.is_empty() {
                for message in
                    schema::check_shape(&mappings, target.has_expression, |name| target.names.contains(name))
                {
                    self.problem(span, message);
                }
            }
        }
        self.memory.leave();
        Ok(Token::new(TokenKind::Mapping(target.entries), span))
    }

    fn entries(
        &mut self,
        entries: &[(Token, Token)],
        place: Place,
        mappings: &mut Vec<&'static Mapping>,
        target: &mut Target,
    ) -> Limited<()> {
        for (key, value) in entries {
            self.memory.event()?;
            match &key.kind {
                TokenKind::Insert if place.expand => self.insertion(value, place, mappings, target)?,
                TokenKind::Expression(_) if place.expand => {
                    if let Some(text) = self.key(key)? {
                        self.entry(text, key.span, value, place, mappings, target)?;
                    }
                }
                TokenKind::Insert | TokenKind::Expression(_) => {
                    target.has_expression = true;
                    let any = self.place(place, self.schema.any());
                    let value = self.value(value, any)?;
                    target.entries.push((key.clone(), value));
                }
                _ => self.entry(key.literal_text(), key.span, value, place, mappings, target)?,
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        name: Arc<str>,
        span: Span,
        value: &Token,
        place: Place,
        mappings: &mut Vec<&'static Mapping>,
        target: &mut Target,
    ) -> Limited<()> {
        if !target.names.insert(&name) {
            self.problem(span, format!("'{name}' is already defined"));
            return Ok(());
        }
        let loose = mappings.first().and_then(|mapping| mapping.loose);
        let definition = match (schema::match_key(mappings, &name), loose) {
            (Some(definition), _) => definition,
            (None, Some(Loose { key, value })) => {
                if !self.schema.matches_text(key, &name) {
                    self.problem(span, format!("Unexpected value '{name}'"));
                }
                value
            }
            (None, None) => {
                self.problem(span, format!("Unexpected value '{name}'"));
                return Ok(());
            }
        };
        let key = Token::string(name, span);
        self.memory.add_token(&key)?;
        let value_place = self.place(place, definition);
        let value = self.value(value, value_place)?;
        target.entries.push((key, value));
        Ok(())
    }

    /// `${{ insert }}`: the entries of the value become entries of the mapping.
    fn insertion(
        &mut self,
        value: &Token,
        place: Place,
        mappings: &mut Vec<&'static Mapping>,
        target: &mut Target,
    ) -> Limited<()> {
        let evaluated = match &value.kind {
            TokenKind::Expression(_) => match self.expression(value)? {
                Some(evaluated) => evaluated,
                None => return Ok(()),
            },
            _ => value.clone(),
        };
        match &evaluated.kind {
            TokenKind::Mapping(entries) => {
                self.memory.enter()?;
                self.entries(entries, place, mappings, target)?;
                self.memory.leave();
            }
            _ => self.problem(value.span, "Expected a mapping"),
        }
        Ok(())
    }

    /// The text of a key that is an expression.
    fn key(&mut self, key: &Token) -> Limited<Option<Arc<str>>> {
        Ok(match self.raw(key) {
            Some(value) if value.is_primitive() => Some(coerce::to_shared_text(&value)),
            Some(_) => {
                self.problem(key.span, "Expected a string");
                key.as_expression().map(|expression| expression.source().into())
            }
            None => None,
        })
    }

    /// The value of an expression as a token; nothing when it fails or waits, which is noted.
    fn expression(&mut self, token: &Token) -> Limited<Option<Token>> {
        match self.raw(token) {
            Some(value) => self.token(&value, token.span, 0).map(Some),
            None => Ok(None),
        }
    }

    fn raw(&mut self, token: &Token) -> Option<Value> {
        let expression = token.as_expression()?;
        match expression.parsed().evaluate_with(self.scope, &Settings::workflow()) {
            Ok(Evaluation::Done(value)) => Some(value),
            Ok(Evaluation::Pending(calls)) => {
                self.pending.extend(calls);
                None
            }
            Err(error) => {
                // GitHub notes an error and what caused it as two problems.
                let mut cause: Option<&dyn Error> = Some(&error);
                while let Some(error) = cause {
                    self.problem(token.span, error.to_string());
                    cause = error.source();
                }
                None
            }
        }
    }

    fn token(&mut self, value: &Value, span: Span, depth: u16) -> Limited<Token> {
        if depth > ParseOptions::DEPTH_CEILING {
            return Err(LimitExceeded::Depth);
        }
        self.memory.event()?;
        let kind = match value {
            Value::Null => TokenKind::Null,
            Value::Bool(value) => TokenKind::Bool(*value),
            Value::Number(value) => TokenKind::Number(*value),
            Value::String(text) => TokenKind::String(text.clone()),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.token(item, span, depth + 1));
                TokenKind::Sequence(items.collect::<Limited<_>>()?)
            }
            Value::Object(object) => {
                let entries = object.iter().map(|(key, value)| {
                    Ok((Token::string(key.clone(), span), self.token(value, span, depth + 1)?))
                });
                TokenKind::Mapping(entries.collect::<Limited<_>>()?)
            }
        };
        Ok(Token::new(kind, span))
    }

    fn validate(&mut self, literal: Token, definition: DefinitionId) -> Token {
        self.schema.check_literal(definition, literal).unwrap_or_else(|(literal, message)| {
            self.problem(literal.span, message);
            literal
        })
    }

    fn place(&self, parent: Place, definition: DefinitionId) -> Place {
        let opens = !self.schema.get(definition).allowed.is_empty();
        Place { definition, expand: (parent.expand || opens) && self.open != Some(definition) }
    }

    fn problem(&mut self, span: Span, message: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push((span, message.into()));
        }
    }
}

/// A mapping being made.
#[derive(Default)]
struct Target {
    entries: Vec<(Token, Token)>,
    names: CaselessSet,
    has_expression: bool,
}
