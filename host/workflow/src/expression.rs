//! An expression inside a file: its text, what it may refer to, and where that list comes from.
//!
//! Does not evaluate; that is `act_expr` through [`crate::evaluate`].

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names a place of the schema allows: contexts (`github`) and functions (`hashFiles(1,255)`), in schema order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Allowed(Arc<[Arc<str>]>);

impl Allowed {
    /// A list of the schema's `context` entries.
    pub fn new(names: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self(names.into_iter().collect())
    }

    /// The entries, as written in the schema.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    /// Whether no expression is allowed at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A checked expression: it parses under what its place allows.
///
/// Over the wire it is `{source, allowed}` and is parsed again when read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Expression {
    source: Arc<str>,
    allowed: Allowed,
}

impl Expression {
    /// The text between `${{` and `}}`, trimmed; or the `format(…)` composed from text with expressions.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the place of the expression allows it to name.
    #[must_use]
    pub const fn allowed(&self) -> &Allowed {
        &self.allowed
    }
}
