//! Shows what a file says: text with expressions in it is composed to `format(…)` when it is read, and a condition
//! without a status function is joined with `success()`.
//!
//! Source: `BasicExpressionToken.ToDisplayString`.

use crate::expression::Expression;
use crate::step::If;
use crate::token::Token;
use act_expr::{Node, Value, View, is_status_function};

/// The text of a scalar, its expressions as `${{ … }}`.
#[must_use]
pub fn token(token: &Token) -> String {
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

/// A condition as written; `None` where there is none.
#[must_use]
pub fn condition(condition: &If) -> Option<String> {
    condition.span?;
    let source = condition.expression.source();
    let joined = source.strip_prefix("success() && (").and_then(|rest| rest.strip_suffix(')'));
    let is_whole = |inner: &&str| {
        Expression::parse(inner, condition.expression.allowed())
            .is_ok_and(|inner| !inner.parsed().functions().any(is_status_function))
    };
    Some(joined.filter(is_whole).unwrap_or(source).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Allowed;
    use crate::source::Span;
    use crate::token::TokenKind;

    fn shown(source: &str) -> String {
        let names = ["a", "b", "y", "github"].map(Into::into);
        let expression = Expression::parse(source, &Allowed::new(names)).unwrap();
        token(&Token::new(TokenKind::Expression(expression), Span::nowhere()))
    }

    #[test]
    fn what_reading_composed_is_taken_apart() {
        for (source, expected) in [
            ("format('a {0}', b)", "a ${{ b }}"),
            (
                "format('it''s {{{1}}} {0}', join(y, ', )'), 'z''')",
                "it's {${{ 'z''' }}} ${{ join(y, ', )') }}",
            ),
            ("format('{0}', a) == format('{0}', b)", "${{ format('{0}', a) == format('{0}', b) }}"),
            ("format('{7}', a)", "${{ format('{7}', a) }}"),
            ("format(a, b)", "${{ format(a, b) }}"),
            ("github.sha", "${{ github.sha }}"),
        ] {
            assert_eq!(shown(source), expected, "{source}");
        }
        assert_eq!(token(&Token::string("plain ${{", Span::nowhere())), "plain ${{");
    }
}
