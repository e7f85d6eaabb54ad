//! Shows what a file says: text with expressions in it is composed to `format(…)` when it is read, and a
//! condition without a status function is joined with `success()`.

use act_expr::{Node, Value, View, is_status_function};
use act_workflow::expression::Expression;
use act_workflow::step::If;
use act_workflow::token::Token;

/// Returns the text of a scalar, its expressions as `${{ … }}`.
pub(super) fn token(token: &Token) -> String {
    let composed = token.as_expression().and_then(|expression| expression.parsed().root());
    composed.and_then(text_of).unwrap_or_else(|| token.literal_text().to_string())
}

/// Undoes `format('a {0}', b)`.
fn text_of(node: Node<'_>) -> Option<String> {
    let View::Call { name, .. } = node.view() else { return None };
    let mut children = node.children();
    let View::Literal(Value::String(pattern)) = children.next()?.view() else { return None };
    if !name.eq_ignore_ascii_case("format") {
        return None;
    }
    let args: Vec<&str> = children.map(Node::text).collect();
    let mut text = String::new();
    let mut rest: &str = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            text.push_str(&brace[..1]);
            rest = &brace[2..];
            continue;
        }
        let (number, after) = brace.strip_prefix('{')?.split_once('}')?;
        let arg = args.get(number.parse::<usize>().ok()?)?;
        text.extend(["${{ ", *arg, " }}"]);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

/// Returns a condition as written; `None` where there is none.
pub(super) fn condition(condition: &If) -> Option<String> {
    condition.span?;
    let source = condition.expression.source();
    let joined = source.strip_prefix("success() && (").and_then(|rest| rest.strip_suffix(')'));
    let is_whole = |inner: &&str| {
        Expression::parse(inner, condition.expression.allowed())
            .is_ok_and(|inner| !inner.parsed().functions().any(is_status_function))
    };
    Some(joined.filter(is_whole).unwrap_or(source).trim().to_owned())
}
