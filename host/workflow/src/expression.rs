//! An expression inside a file: its text, its tree, and what its place allows it to name.
//!
//! Does not evaluate; that is `act_expr` through [`crate::evaluate`].

use act_expr::{ParseError, Syntax};
use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// Names a place of the schema allows: contexts (`github`) and functions (`hashFiles(1,255)`), in schema order.
#[derive(Clone, Debug)]
pub struct Allowed(Arc<Names>);

#[derive(Debug)]
struct Names {
    entries: Vec<Arc<str>>,
    syntax: Syntax,
    /// `success()` as it parses here, once it was asked for: what most jobs and steps have for a condition.
    success: OnceLock<Option<act_expr::Expression>>,
}

impl Allowed {
    /// A list of the schema's `context` entries.
    pub fn new(entries: impl IntoIterator<Item = Arc<str>>) -> Self {
        let entries: Vec<Arc<str>> = entries.into_iter().collect();
        let syntax = entries.iter().fold(Syntax::new(), |syntax, entry| match function(entry) {
            Some((name, min, max)) => syntax.function(name, min, max),
            None => syntax.context(entry.clone()),
        });
        Self(Arc::new(Names { entries, syntax, success: OnceLock::new() }))
    }

    /// The entries, as written in the schema.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.entries.iter()
    }

    /// Whether no expression is allowed at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// The same for the expression parser.
    #[must_use]
    pub fn syntax(&self) -> &Syntax {
        &self.0.syntax
    }

    /// What both allow.
    pub(crate) fn union(&self, other: &Self) -> Self {
        if other.is_empty() || Arc::ptr_eq(&self.0, &other.0) {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        let added = other.iter().filter(|entry| !self.iter().any(|known| known.eq_ignore_ascii_case(entry)));
        Self::new(self.iter().chain(added).cloned())
    }
}

/// `hashFiles(1,255)`, `success(0,MAX)`.
fn function(entry: &str) -> Option<(&str, usize, usize)> {
    let (name, arity) = entry.strip_suffix(')')?.split_once('(')?;
    let (min, max) = arity.split_once(',')?;
    let max = if max == "MAX" { usize::MAX } else { max.parse().ok()? };
    Some((name, min.parse().ok()?, max))
}

impl Default for Allowed {
    fn default() -> Self {
        Self::new([])
    }
}

impl PartialEq for Allowed {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.entries == other.0.entries
    }
}

impl Eq for Allowed {}

impl Hash for Allowed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.entries.hash(state);
    }
}

impl Serialize for Allowed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.entries.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Allowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Arc<str>>::deserialize(deserializer).map(Self::new)
    }
}

/// A checked expression: it parses under what its place allows.
///
/// Over the wire it is `{source, allowed}` and is parsed again when read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expression {
    parsed: act_expr::Expression,
    allowed: Allowed,
}

impl Expression {
    /// Parses the text between `${{` and `}}`.
    ///
    /// # Errors
    /// GitHub's texts, from the expression parser.
    pub fn parse(source: &str, allowed: &Allowed) -> Result<Self, ParseError> {
        Ok(Self { parsed: act_expr::Expression::parse(source, allowed.syntax())?, allowed: allowed.clone() })
    }

    /// `success()`; `None` where it may not stand.
    pub(crate) fn success(allowed: &Allowed) -> Option<Self> {
        let parse = || act_expr::Expression::parse("success()", allowed.syntax()).ok();
        let parsed = allowed.0.success.get_or_init(parse).clone()?;
        Some(Self { parsed, allowed: allowed.clone() })
    }

    /// The text between `${{` and `}}`, trimmed; or the `format(…)` composed from text with expressions.
    #[must_use]
    pub fn source(&self) -> &str {
        self.parsed.source()
    }

    /// The tree.
    #[must_use]
    pub const fn parsed(&self) -> &act_expr::Expression {
        &self.parsed
    }

    /// What the place of the expression allows it to name.
    #[must_use]
    pub const fn allowed(&self) -> &Allowed {
        &self.allowed
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    source: String,
    allowed: Allowed,
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { source: self.source().to_owned(), allowed: self.allowed.clone() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Self::parse(&wire.source, &wire.allowed).map_err(D::Error::custom)
    }
}
