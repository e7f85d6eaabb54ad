//! What a workflow or action file may hold, definition by definition.
//!
//! The facts are data (`data/*.schema`), read once on first use; this file knows their form and answers the reader's
//! questions. It does not look at files. Port of `ObjectTemplating/Schema/*.cs`.

mod text;

use crate::expression::Allowed;
use crate::token::{Token, TokenKind};
use std::sync::OnceLock;

/// Index of a definition in its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DefinitionId(u16);

/// One definition of the schema.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) kind: Kind,
    /// Names its expressions may use besides those of the enclosing definitions.
    pub(crate) allowed: Allowed,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    /// Any text, or any text that is not empty.
    String {
        non_empty: bool,
    },
    Constant(&'static str),
    /// One of some texts.
    Values(Vec<&'static str>),
    Sequence {
        item: DefinitionId,
    },
    Mapping(Mapping),
    /// Alternatives, none of them a `one-of` itself.
    OneOf(Vec<DefinitionId>),
}

#[derive(Debug, Default)]
pub(crate) struct Mapping {
    pub(crate) properties: Vec<Property>,
    pub(crate) loose: Option<Loose>,
}

#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) definition: DefinitionId,
    pub(crate) required: bool,
}

/// Definitions of the keys that are not properties, and of their values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loose {
    pub(crate) key: DefinitionId,
    pub(crate) value: DefinitionId,
}

impl Mapping {
    pub(crate) fn property(&self, name: &str) -> Option<DefinitionId> {
        self.properties.iter().find(|property| property.name == name).map(|property| property.definition)
    }
}

/// The definitions by their names, in the order of these: quicker to make than a hash table, and made in each process.
#[derive(Debug)]
struct Names(Vec<(&'static str, DefinitionId)>);

impl Names {
    /// Numbers the names as they come.
    fn new(names: impl Iterator<Item = &'static str>) -> Self {
        let mut names: Vec<_> = names.zip((0..).map(DefinitionId)).collect();
        names.sort_unstable_by_key(|(name, _)| *name);
        Self(names)
    }

    fn get(&self, name: &str) -> Option<DefinitionId> {
        let found = self.0.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        Some(self.0[found].1)
    }
}

/// A set of definitions that refer to each other.
#[derive(Debug)]
pub(crate) struct Schema {
    definitions: Vec<Definition>,
    names: Names,
    any: DefinitionId,
}

impl Schema {
    /// The schema of workflow files.
    pub(crate) fn workflow() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| text::parse(include_str!("../data/workflow.schema")))
    }

    /// The schema of action files.
    pub(crate) fn action() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| text::parse(include_str!("../data/action.schema")))
    }

    pub(crate) fn get(&self, id: DefinitionId) -> &Definition {
        &self.definitions[usize::from(id.0)]
    }

    /// The definition of this name, which our own code asks for.
    ///
    /// # Panics
    /// When the data lacks it; a test asks for every name the crate uses.
    pub(crate) fn named(&self, name: &str) -> DefinitionId {
        match self.names.get(name) {
            Some(id) => id,
            None => unreachable!("the schema has no definition `{name}`"),
        }
    }

    /// What expressions may name in a definition our own code asks for.
    pub(crate) fn allowed(&self, name: &str) -> Allowed {
        self.get(self.named(name)).allowed.clone()
    }

    /// The definition everything matches.
    pub(crate) const fn any(&self) -> DefinitionId {
        self.any
    }

    /// The definition itself, or the alternatives of a `one-of` (`TemplateSchema.Get`).
    pub(crate) fn alternatives(&self, id: DefinitionId) -> impl Iterator<Item = &Kind> {
        let kind = &self.get(id).kind;
        let (own, nested): (Option<&Kind>, &[DefinitionId]) = match kind {
            Kind::OneOf(ids) => (None, ids),
            other => (Some(other), &[]),
        };
        own.into_iter().chain(nested.iter().map(|id| &self.get(*id).kind))
    }

    /// What the items of a sequence are, when a sequence may stand here.
    pub(crate) fn sequence_item(&self, id: DefinitionId) -> Option<DefinitionId> {
        self.alternatives(id).find_map(|kind| match kind {
            Kind::Sequence { item } => Some(*item),
            _ => None,
        })
    }

    /// The mappings that may stand here.
    pub(crate) fn mappings(&self, id: DefinitionId) -> Vec<&Mapping> {
        let mut mappings = Vec::new();
        for kind in self.alternatives(id) {
            if let Kind::Mapping(mapping) = kind {
                mappings.push(mapping);
            }
        }
        mappings
    }

    /// Whether this text may stand here.
    pub(crate) fn matches_text(&self, id: DefinitionId, text: &str) -> bool {
        self.alternatives(id).any(|kind| match kind {
            Kind::String { non_empty } => !(*non_empty && text.is_empty()),
            Kind::Constant(constant) => *constant == text,
            Kind::Values(values) => values.contains(&text),
            Kind::Null
            | Kind::Boolean
            | Kind::Number
            | Kind::Sequence { .. }
            | Kind::Mapping(_)
            | Kind::OneOf(_) => false,
        })
    }

    fn matches_kind(&self, id: DefinitionId, matches: fn(&Kind) -> bool) -> bool {
        self.alternatives(id).any(matches)
    }

    /// Checks a literal, and makes a number, boolean or null text where only text may stand.
    ///
    /// # Errors
    /// GitHub's text for a literal that may not stand here.
    pub(crate) fn check_literal(&self, id: DefinitionId, literal: Token) -> Result<Token, (Token, String)> {
        let fits = match &literal.kind {
            TokenKind::String(text) => self.matches_text(id, text),
            TokenKind::Null => self.matches_kind(id, |kind| matches!(kind, Kind::Null)),
            TokenKind::Bool(_) => self.matches_kind(id, |kind| matches!(kind, Kind::Boolean)),
            TokenKind::Number(_) => self.matches_kind(id, |kind| matches!(kind, Kind::Number)),
            TokenKind::Expression(_) | TokenKind::Insert | TokenKind::Sequence(_) | TokenKind::Mapping(_) => {
                false
            }
        };
        if fits {
            return Ok(literal);
        }
        let text = literal.literal_text();
        let convertible = matches!(literal.kind, TokenKind::Null | TokenKind::Bool(_) | TokenKind::Number(_));
        if convertible && self.matches_text(id, &text) {
            return Ok(Token::string(text, literal.span));
        }
        Err((literal, format!("Unexpected value '{text}'")))
    }
}

/// Checks that one alternative is left for a mapping, and that it has all it requires. Returns GitHub's texts.
pub(crate) fn check_shape(
    mappings: &[&Mapping],
    has_expression: bool,
    has: impl Fn(&str) -> bool,
) -> Vec<String> {
    let [only] = mappings else {
        let offered = telling_keys(mappings).join(", ");
        return vec![format!(
            "There's not enough info to determine what you meant. Add one of these properties: {offered}"
        )];
    };
    if has_expression {
        return Vec::new();
    }
    let missing = only.properties.iter().filter(|property| property.required && !has(property.name));
    missing.map(|property| format!("Required property is missing: {}", property.name)).collect()
}

/// Keys GitHub does not offer to somebody who wrote none that tells the kind of a step.
const UNOFFERED_KEYS: [&str; 3] = ["wait", "wait-all", "cancel"];

/// Keys that only one of the alternatives has, sorted.
fn telling_keys(mappings: &[&Mapping]) -> Vec<&'static str> {
    let properties = || mappings.iter().flat_map(|mapping| &mapping.properties);
    let is_telling = |name: &str| properties().filter(|property| property.name == name).count() == 1;
    let offered = |name: &&str| is_telling(name) && !UNOFFERED_KEYS.contains(name);
    let mut keys: Vec<&'static str> = properties().map(|property| property.name).filter(offered).collect();
    keys.sort_unstable();
    keys
}

/// Narrows `mappings` to those that know `key`, unless none does, and returns what the key's value is
/// (`TemplateSchema.TryMatchKey`).
pub(crate) fn match_key(mappings: &mut Vec<&Mapping>, key: &str) -> Option<DefinitionId> {
    let found = mappings.iter().find_map(|mapping| mapping.property(key))?;
    if mappings.len() > 1 {
        mappings.retain(|mapping| mapping.property(key).is_some());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemas_are_complete() {
        assert!(Schema::workflow().definitions.len() > 300);
        assert!(Schema::action().definitions.len() > 37);
    }

    #[test]
    fn a_key_narrows_the_mappings_that_know_it() {
        let schema = Schema::workflow();
        let mut mappings = schema.mappings(schema.named("steps-item"));
        assert_eq!(mappings.len(), 6);
        assert!(match_key(&mut mappings, "name").is_some());
        assert_eq!(mappings.len(), 5, "a parallel step has no name");
        assert!(match_key(&mut mappings, "nonsense").is_none());
        assert!(match_key(&mut mappings, "run").is_some());
        assert_eq!(mappings.len(), 1);
    }

    #[test]
    fn texts_match_what_is_listed() {
        let schema = Schema::workflow();
        for (definition, text, matches) in [
            ("permission-level-any", "read", true),
            ("permission-level-any", "all", false),
            ("watch-activity-type", "started", true),
            ("watch-activity", "started", true),
            ("watch-activity", "stopped", false),
            ("job-id", "", false),
            ("workflow-name", "", true),
            ("number-strategy-context", "1", false),
        ] {
            assert_eq!(schema.matches_text(schema.named(definition), text), matches, "{definition} {text}");
        }
    }
}
