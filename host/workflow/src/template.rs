//! Reads a file as the tree of tokens its schema allows.
//!
//! Finds every mistake of form, in GitHub's words, and goes on; stops at limits and at broken YAML. What the values
//! mean is [`crate::convert`]'s. Port of `ObjectTemplating/TemplateReader.cs`.

mod text;

use crate::caseless::CaselessSet;
use crate::context::Context;
use crate::expression::Allowed;
use crate::memory::LimitExceeded;
use crate::schema::{self, DefinitionId, Loose, Mapping, Schema};
use crate::source::{FileId, Problem, Span};
use crate::token::{Token, TokenKind};
use crate::yaml::YamlReader;
use std::sync::Arc;

/// Keys of steps that are refused while background steps are off.
const BACKGROUND_KEYS: [&str; 4] = ["background", "wait", "wait-all", "cancel"];
/// Reads `text` as a value of the definition named `root`; problems go to the context.
pub(crate) fn read(
    context: &mut Context<'_>,
    schema: &'static Schema,
    root: &str,
    file: FileId,
    text: &str,
) -> Option<Token> {
    let root = schema.named(root);
    let place = Place { definition: root, allowed: schema.get(root).allowed.clone() };
    let result = YamlReader::start(file, text).and_then(|yaml| {
        let mut reader = TemplateReader { context, schema, yaml, file, unions: Vec::new() };
        let value = reader.value(&place)?;
        reader.yaml.end()?;
        Ok(value)
    });
    match result {
        Ok(value) => Some(value),
        Err(problem) => {
            context.problem(problem);
            None
        }
    }
}

/// A position in the schema: a definition and what expressions may name there, inherited names included.
#[derive(Clone, Debug)]
struct Place {
    definition: DefinitionId,
    allowed: Allowed,
}

struct TemplateReader<'c, 'o> {
    context: &'c mut Context<'o>,
    schema: &'static Schema,
    yaml: YamlReader,
    file: FileId,
    /// Unions of allowed names made so far; a file needs a handful.
    unions: Vec<(Allowed, DefinitionId, Allowed)>,
}

impl TemplateReader<'_, '_> {
    fn value(&mut self, place: &Place) -> Result<Token, Problem> {
        self.limit(|context| context.memory.event())?;
        if let Some(literal) = self.yaml.scalar()? {
            let scalar = text::parse(self.context, literal, &place.allowed);
            let scalar = self.validate(scalar, place);
            self.count(&scalar)?;
            return Ok(scalar);
        }
        if let Some(span) = self.yaml.sequence_start()? {
            return self.sequence(place, span);
        }
        if let Some(span) = self.yaml.mapping_start()? {
            return self.mapping(place, span);
        }
        Err(Problem::new(self.yaml.span(), "Expected a scalar value, a sequence, or a mapping"))
    }

    fn sequence(&mut self, place: &Place, span: Span) -> Result<Token, Problem> {
        self.limit(|context| context.memory.enter())?;
        let mut sequence = Token::new(TokenKind::Sequence(Vec::new()), span);
        self.count(&sequence)?;
        let mut items = Vec::new();
        let end = if let Some(item) = self.schema.sequence_item(place.definition) {
            let item_place = self.place(place, item);
            loop {
                match self.yaml.sequence_end()? {
                    Some(end) => break end,
                    None => items.push(self.value(&item_place)?),
                }
            }
        } else {
            self.context.error(span, "A sequence was not expected");
            self.skip_sequence()?
        };
        self.context.memory.leave();
        sequence.span = enclose(span, items.last().map(|item| item.span), end);
        sequence.kind = TokenKind::Sequence(items);
        Ok(sequence)
    }

    fn mapping(&mut self, place: &Place, span: Span) -> Result<Token, Problem> {
        self.limit(|context| context.memory.enter())?;
        let mut mapping = Token::new(TokenKind::Mapping(Vec::new()), span);
        self.count(&mapping)?;
        let mappings = self.schema.mappings(place.definition);
        let mut entries = Entries::default();
        match (mappings.as_slice(), mappings.first().and_then(|only| only.loose)) {
            ([], _) => {
                self.context.error(span, "A mapping was not expected");
                self.skip_mapping()?;
            }
            ([only], Some(loose)) if only.properties.is_empty() => {
                self.loose_entries(place, loose, &mut entries)?
            }
            _ => self.known_entries(place, mappings, span, &mut entries)?,
        }
        let Some(end) = self.yaml.mapping_end()? else {
            return Err(Problem::new(self.yaml.span(), "Expected mapping end")
                .with_hint("a key has to be a plain or quoted text"));
        };
        self.context.memory.leave();
        mapping.span = enclose(span, entries.list.last().map(|(_, value)| value.span), end);
        mapping.kind = TokenKind::Mapping(entries.list);
        Ok(mapping)
    }

    /// Entries of a mapping whose keys are the author's (`HandleMappingWithAllLooseProperties`).
    fn loose_entries(&mut self, place: &Place, loose: Loose, entries: &mut Entries) -> Result<(), Problem> {
        let key_place = self.place(place, loose.key);
        let value_place = self.place(place, loose.value);
        loop {
            let (key, text) = match self.key(place, &value_place, entries)? {
                NextKey::Text(key, text) => (key, text),
                NextKey::Done => continue,
                NextKey::None => break,
            };
            self.validate_key(&key, &text, &key_place);
            self.count(&key)?;
            let value = self.value(&value_place)?;
            entries.list.push((key, value));
        }
        Ok(())
    }

    /// Entries of a mapping whose keys the schema knows (`HandleMappingWithWellKnownProperties`).
    fn known_entries(
        &mut self,
        place: &Place,
        mut mappings: Vec<&'static Mapping>,
        span: Span,
        entries: &mut Entries,
    ) -> Result<(), Problem> {
        let loose = mappings[0].loose;
        let any = self.place(place, self.schema.any());
        loop {
            let (key, text) = match self.key(place, &any, entries)? {
                NextKey::Text(key, text) => (key, text),
                NextKey::Done => continue,
                NextKey::None => break,
            };
            if let Some(definition) = schema::match_key(&mut mappings, &text) {
                if !self.context.options.background_steps && BACKGROUND_KEYS.contains(&&*text) {
                    self.unexpected_key(&key, &text)?;
                    continue;
                }
                self.count(&key)?;
                let value_place = self.place(place, definition);
                let value = self.value(&value_place)?;
                entries.list.push((key, value));
            } else if let Some(loose) = loose {
                let key_place = self.place(place, loose.key);
                self.validate_key(&key, &text, &key_place);
                self.count(&key)?;
                let value_place = self.place(place, loose.value);
                let value = self.value(&value_place)?;
                entries.list.push((key, value));
            } else {
                self.unexpected_key(&key, &text)?;
            }
        }
        for message in
            schema::check_shape(&mappings, entries.has_expression, |name| entries.names.contains(name))
        {
            self.context.error(span, message);
        }
        Ok(())
    }

    fn unexpected_key(&mut self, key: &Token, text: &str) -> Result<(), Problem> {
        self.context.error(key.span, format!("Unexpected value '{text}'"));
        self.skip_value()
    }

    /// Takes the next key of a mapping; entries that need no more are done with here.
    fn key(
        &mut self,
        place: &Place,
        expression_value: &Place,
        entries: &mut Entries,
    ) -> Result<NextKey, Problem> {
        let Some(literal) = self.yaml.scalar()? else { return Ok(NextKey::None) };
        let scalar = text::parse(self.context, literal, &place.allowed);
        if scalar.is_expression() {
            entries.has_expression = true;
            if place.allowed.is_empty() {
                self.context.error(scalar.span, "A template expression is not allowed in this context");
                self.skip_value()?;
            } else {
                self.count(&scalar)?;
                let value = self.value(expression_value)?;
                entries.list.push((scalar, value));
            }
            return Ok(NextKey::Done);
        }
        let text = scalar.literal_text();
        let key = Token::string(text.clone(), scalar.span);
        if !entries.names.insert(&text) {
            self.context.error(key.span, format!("'{text}' is already defined"));
            self.skip_value()?;
            return Ok(NextKey::Done);
        }
        Ok(NextKey::Text(key, text))
    }

    fn skip_value(&mut self) -> Result<(), Problem> {
        self.limit(|context| context.memory.event())?;
        if self.yaml.scalar()?.is_some() {
            return Ok(());
        }
        if self.yaml.sequence_start()?.is_some() {
            self.limit(|context| context.memory.enter())?;
            self.skip_sequence()?;
        } else if self.yaml.mapping_start()?.is_some() {
            self.limit(|context| context.memory.enter())?;
            self.skip_mapping()?;
            self.yaml.mapping_end()?;
        } else {
            return Err(Problem::new(self.yaml.span(), "Expected a scalar value, a sequence, or a mapping"));
        }
        self.context.memory.leave();
        Ok(())
    }

    fn skip_sequence(&mut self) -> Result<Span, Problem> {
        loop {
            if let Some(end) = self.yaml.sequence_end()? {
                return Ok(end);
            }
            self.skip_value()?;
        }
    }

    /// Skips up to the end of the mapping, which is left to the caller.
    fn skip_mapping(&mut self) -> Result<(), Problem> {
        while !self.yaml.is_at_mapping_end() {
            self.skip_value()?;
            self.skip_value()?;
        }
        Ok(())
    }

    /// Checks a scalar, and makes a number or boolean text where only text may stand.
    fn validate(&mut self, scalar: Token, place: &Place) -> Token {
        if let TokenKind::Expression(_) = scalar.kind {
            if place.allowed.is_empty() {
                self.context.error(scalar.span, "A template expression is not allowed in this context");
            }
            return scalar;
        }
        self.schema.check_literal(place.definition, scalar).unwrap_or_else(|(scalar, message)| {
            self.context.error(scalar.span, message);
            scalar
        })
    }

    fn validate_key(&mut self, key: &Token, text: &str, place: &Place) {
        if !self.schema.matches_text(place.definition, text) {
            self.context.error(key.span, format!("Unexpected value '{text}'"));
        }
    }

    /// The place of a definition inside another place.
    fn place(&mut self, parent: &Place, definition: DefinitionId) -> Place {
        let own = &self.schema.get(definition).allowed;
        if own.is_empty() {
            return Place { definition, allowed: parent.allowed.clone() };
        }
        if parent.allowed.is_empty() {
            return Place { definition, allowed: own.clone() };
        }
        let known =
            self.unions.iter().find(|(outer, inner, _)| *inner == definition && *outer == parent.allowed);
        if let Some((_, _, union)) = known {
            return Place { definition, allowed: union.clone() };
        }
        let union = parent.allowed.union(own);
        self.unions.push((parent.allowed.clone(), definition, union.clone()));
        Place { definition, allowed: union }
    }

    fn count(&mut self, token: &Token) -> Result<(), Problem> {
        self.limit(|context| context.memory.add_token(token))
    }

    fn limit(
        &mut self,
        charge: impl FnOnce(&mut Context<'_>) -> Result<(), LimitExceeded>,
    ) -> Result<(), Problem> {
        charge(self.context).map_err(|error| Problem::new(Span::whole(self.file), error.to_string()))
    }
}

/// Entries of a mapping being read.
#[derive(Debug, Default)]
struct Entries {
    list: Vec<(Token, Token)>,
    names: CaselessSet,
    has_expression: bool,
}

/// What stands where the next key of a mapping may stand.
enum NextKey {
    Text(Token, Arc<str>),
    /// The key is an expression, not allowed, or there already; its entry is done with.
    Done,
    None,
}

/// The span of a collection: flow collections end at their bracket, block collections with their last value.
fn enclose(start: Span, last: Option<Span>, end: Span) -> Span {
    let bracket = (end.line, end.column) != (end.end_line, end.end_column);
    let last = if bracket { Some(end) } else { last };
    // The events of an alias stand elsewhere in the file, maybe before the start.
    match last {
        Some(last) if (last.end_line, last.end_column) >= (start.line, start.column) => {
            Span { end_line: last.end_line, end_column: last.end_column, ..start }
        }
        _ => start,
    }
}
