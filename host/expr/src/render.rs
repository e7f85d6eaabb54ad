//! Writes expressions: a tree back to text, and values as literals (`ConvertToExpression`, `FormatValue`).

use crate::lexer::is_legal_keyword;
use crate::number;
use crate::tree::{NodeId, NodeKind, Tree};
use crate::value::Value;

/// Writes a text as a literal: in single quotes, those inside doubled.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_quoted(text, &mut out);
    out
}

fn push_quoted(text: &str, out: &mut String) {
    out.push('\'');
    for (at, part) in text.split('\'').enumerate() {
        if at > 0 {
            out.push_str("''");
        }
        out.push_str(part);
    }
    out.push('\'');
}

/// Rewrites the tree below `id`, every operator in parentheses.
pub(crate) fn render(tree: &Tree, id: NodeId) -> String {
    let mut out = String::new();
    push(tree, id, &mut out);
    out
}

/// Recursion is bounded: trees are at most 50 deep.
fn push(tree: &Tree, id: NodeId, out: &mut String) {
    match &tree.node(id).kind {
        NodeKind::Literal(value) => push_literal(value, out),
        NodeKind::Wildcard => out.push('*'),
        NodeKind::Named => out.push_str(tree.name(id)),
        NodeKind::Index(base, key) => push_index(tree, *base, *key, out),
        NodeKind::Not(operand) => {
            out.push('!');
            push(tree, *operand, out);
        }
        NodeKind::Compare(comparison, left, right) => {
            push_list(tree, [*left, *right], &format!(" {} ", comparison.symbol()), out);
        }
        NodeKind::And(operands) => push_list(tree, tree.list(*operands), " && ", out),
        NodeKind::Or(operands) => push_list(tree, tree.list(*operands), " || ", out),
        NodeKind::Call { arguments, .. } => {
            out.push_str(tree.name(id));
            push_list(tree, tree.list(*arguments), ", ", out);
        }
    }
}

fn push_literal(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) if *number == 0.0 && number.is_sign_negative() => out.push_str("-0"),
        Value::Number(number) => number::write(*number, out),
        Value::String(text) => push_quoted(text, out),
        Value::Array(_) | Value::Object(_) => out.push_str(value.kind().name()),
    }
}

fn push_index(tree: &Tree, base: NodeId, key: NodeId, out: &mut String) {
    push(tree, base, out);
    match &tree.node(key).kind {
        NodeKind::Wildcard => out.push_str(".*"),
        NodeKind::Literal(Value::String(name)) if is_legal_keyword(name) => {
            out.push('.');
            out.push_str(name);
        }
        _ => {
            out.push('[');
            push(tree, key, out);
            out.push(']');
        }
    }
}

fn push_list(tree: &Tree, items: impl IntoIterator<Item = NodeId>, separator: &str, out: &mut String) {
    out.push('(');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        push(tree, item, out);
    }
    out.push(')');
}
