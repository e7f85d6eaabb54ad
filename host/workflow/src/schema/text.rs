//! Reads the text form of a schema; the form is described at the top of `data/workflow.schema`.

use super::{Definition, DefinitionId, Kind, Loose, Mapping, Names, Property, Schema};
use crate::expression::Allowed;
use std::collections::HashMap;
use std::sync::Arc;

/// Definitions every schema has (`TemplateSchema` constructor).
const BUILT_IN: &str = "\
null null
boolean boolean
number number
string string
sequence sequence any
mapping mapping *string:any
any one-of null boolean number string sequence mapping";

/// Reads a schema. The data are our own, so a mistake in them is a bug.
pub(super) fn parse(data: &'static str) -> Schema {
    let own = data.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<_> = BUILT_IN.lines().chain(own).filter_map(|line| line.split_once(' ')).collect();
    let names = Names::new(lines.iter().map(|(name, _)| *name));
    let mut reader = Reader { names: &names, interned: HashMap::new(), lists: HashMap::new() };
    let mut definitions: Vec<Definition> = lines.iter().map(|(_, rest)| reader.definition(rest)).collect();
    flatten(&mut definitions);
    let any = reader.id("any");
    Schema { definitions, names, any }
}

/// Puts the alternatives of nested `one-of` definitions into those that name them. The data nest two levels deep.
fn flatten(definitions: &mut [Definition]) {
    for index in 0..definitions.len() {
        let Kind::OneOf(ids) = &definitions[index].kind else { continue };
        let nested = |id: &DefinitionId| match &definitions[usize::from(id.0)].kind {
            Kind::OneOf(inner) => inner.clone(),
            _ => vec![*id],
        };
        definitions[index].kind = Kind::OneOf(ids.iter().flat_map(nested).collect());
    }
}

struct Reader<'a> {
    names: &'a Names,
    interned: HashMap<&'static str, Arc<str>>,
    lists: HashMap<&'static str, Allowed>,
}

impl Reader<'_> {
    fn definition(&mut self, line: &'static str) -> Definition {
        let (line, context) = line.split_once('@').unwrap_or((line, ""));
        Definition { kind: self.kind(line), allowed: self.allowed(context) }
    }

    /// Equal lists share one value: expressions keep it, and there are thousands of them.
    fn allowed(&mut self, context: &'static str) -> Allowed {
        if let Some(known) = self.lists.get(context) {
            return known.clone();
        }
        let names = context
            .split_ascii_whitespace()
            .map(|name| self.interned.entry(name).or_insert_with(|| name.into()).clone());
        let allowed = Allowed::new(names.collect::<Vec<_>>());
        self.lists.insert(context, allowed.clone());
        allowed
    }

    fn kind(&self, line: &'static str) -> Kind {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("null") => Kind::Null,
            Some("boolean") => Kind::Boolean,
            Some("number") => Kind::Number,
            Some("string") => Kind::String { non_empty: words.next() == Some("!") },
            Some("=") => Kind::Constant(words.next().unwrap_or_default()),
            Some("values") => Kind::Values(words.collect()),
            Some("sequence") => Kind::Sequence { item: self.id(words.next().unwrap_or_default()) },
            Some("one-of") => Kind::OneOf(words.map(|name| self.id(name)).collect()),
            Some("mapping") => Kind::Mapping(self.mapping(words)),
            other => unreachable!("the schema has no kind {other:?}"),
        }
    }

    fn mapping(&self, words: impl Iterator<Item = &'static str>) -> Mapping {
        let mut mapping = Mapping::default();
        for word in words {
            let (name, definition) = word.split_once(':').unwrap_or((word, "any"));
            let definition = self.id(definition);
            if let Some(key) = name.strip_prefix('*') {
                mapping.loose = Some(Loose { key: self.id(key), value: definition });
                continue;
            }
            let (name, required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
            mapping.properties.push(Property { name, definition, required });
        }
        mapping
    }

    fn id(&self, name: &str) -> DefinitionId {
        match self.names.get(name) {
            Some(id) => id,
            None => unreachable!("the schema refers to `{name}`, which it does not define"),
        }
    }
}
