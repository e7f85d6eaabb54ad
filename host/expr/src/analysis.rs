//! What an expression would use, found without evaluating it.

use crate::coerce;
use crate::text::eq_ignore_case;
use crate::tree::{Expression, Node, View};
use std::ops::Range;
use std::sync::Arc;

/// One mention of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyUse {
    /// The context as written.
    pub context: String,
    /// Where the context is named, in bytes of the source.
    pub context_span: Range<usize>,
    /// The property taken from it.
    pub property: Property,
}

/// What is taken from a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// One property, known from the source: `secrets.TOKEN`, `secrets['TOKEN']`.
    Literal {
        /// Its name, coerced to text.
        key: Arc<str>,
        /// Where it is written, quotes included.
        span: Range<usize>,
    },
    /// One property, known only when evaluated: `secrets[matrix.name]`.
    Computed {
        /// Where the key is written.
        span: Range<usize>,
    },
    /// All of it: `secrets.*`, or `secrets` given to a function.
    Whole,
}

impl PropertyUse {
    /// The name of the property, when it is known from the source.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        if let Property::Literal { key, .. } = &self.property { Some(key) } else { None }
    }
}

impl Expression {
    /// Every mention of a context, in the order of the source, with the property taken from it.
    #[must_use]
    pub fn uses(&self) -> Vec<PropertyUse> {
        let mut uses = Vec::new();
        let mut pending: Vec<_> = self.root().into_iter().collect();
        while let Some(node) = pending.pop() {
            let first = pending.len();
            match node.view() {
                View::Named(name) => uses.push(mention(node, name, Property::Whole)),
                View::Index { base, key } => match base.view() {
                    View::Named(name) => {
                        uses.push(mention(base, name, property(key)));
                        pending.push(key);
                    }
                    _ => pending.extend(node.children()),
                },
                _ => pending.extend(node.children()),
            }
            pending[first..].reverse();
        }
        uses
    }

    /// The names of all functions, built in or not, as written and in the order of the source.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.walk()
            .filter_map(|node| if let View::Call { name, .. } = node.view() { Some(name) } else { None })
    }

    /// Whether `success`, `failure`, `always` or `cancelled` is called anywhere, even where it is never reached.
    /// A condition without one is joined with `success()`.
    #[must_use]
    pub fn has_status_function(&self) -> bool {
        self.functions().any(is_status_function)
    }
}

/// Whether a function tells how the job or its needs fared.
#[must_use]
pub fn is_status_function(name: &str) -> bool {
    ["success", "failure", "always", "cancelled"].iter().any(|status| eq_ignore_case(status, name))
}

fn mention(node: Node<'_>, name: &str, property: Property) -> PropertyUse {
    PropertyUse { context: name.to_owned(), context_span: node.span(), property }
}

fn property(key: Node<'_>) -> Property {
    match key.view() {
        View::Literal(value) => Property::Literal { key: coerce::to_shared_text(value), span: key.span() },
        View::Wildcard => Property::Whole,
        _ => Property::Computed { span: key.span() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Syntax;

    fn parse(source: &str) -> Expression {
        Expression::parse(source, &Syntax::any().any_function()).unwrap()
    }

    #[test]
    fn uses_name_context_and_property() {
        let source =
            "secrets.A == 'x' && f(secrets['B'], secrets[matrix.c]) || toJson(secrets) || secrets.*.d";
        let expression = parse(source);
        let uses = expression.uses();
        let shown: Vec<_> = uses
            .iter()
            .map(|found| {
                let property = match &found.property {
                    Property::Literal { span, .. } => &source[span.clone()],
                    Property::Computed { span } => &source[span.clone()],
                    Property::Whole => "*",
                };
                (&source[found.context_span.clone()], found.literal(), property)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("secrets", Some("A"), "A"),
                ("secrets", Some("B"), "'B'"),
                ("secrets", None, "matrix.c"),
                ("matrix", Some("c"), "c"),
                ("secrets", None, "*"),
                ("secrets", None, "*"),
            ]
        );
    }

    #[test]
    fn status_functions_are_found_anywhere() {
        assert!(parse("false && contains('x', ALWAYS())").has_status_function());
        assert!(parse("!Cancelled()").has_status_function());
        assert!(!parse("contains('success()', success)").has_status_function());
        assert_eq!(parse("f(g(), a[H()])").functions().collect::<Vec<_>>(), ["f", "g", "H"]);
    }
}
