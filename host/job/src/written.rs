//! A value as its file says it, for what is shown before, or instead of, its evaluation.
//!
//! Source: `BasicExpressionToken.ToDisplayString`.

use act_expr::Value;
use act_workflow::token::{Token, TokenKind};

/// Returns a scalar as its file says it; nothing for what is no scalar.
pub(crate) fn as_written(token: &Token) -> String {
    match &token.kind {
        TokenKind::Null | TokenKind::Insert | TokenKind::Sequence(_) | TokenKind::Mapping(_) => String::new(),
        TokenKind::Bool(value) => value.to_string(),
        TokenKind::Number(value) => act_expr::coerce::to_text(&Value::Number(*value)).into_owned(),
        TokenKind::String(text) => text.to_string(),
        TokenKind::Expression(expression) => {
            let source = expression.source();
            unfold(source).unwrap_or_else(|| format!("${{{{ {source} }}}}"))
        }
    }
}

/// Turns `format('a {0}', b)`, which reading makes of `a ${{ b }}`, back.
fn unfold(source: &str) -> Option<String> {
    let inner = source.trim().strip_prefix("format(")?.strip_suffix(')')?;
    let mut arguments = arguments(inner)?.into_iter();
    let template = arguments.next()?.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    let arguments: Vec<&str> = arguments.collect();
    if arguments.is_empty() {
        return None;
    }
    let mut out = String::new();
    let mut rest = template.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            out.push_str(&rest[..1]);
            rest = &rest[2..];
        } else {
            let end = rest.find('}')?;
            let argument = arguments.get(rest[1..end].parse::<usize>().ok()?)?;
            out.push_str(&format!("${{{{ {argument} }}}}"));
            rest = &rest[end + 1..];
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Splits at the commas that are in no text and no bracket; `None` if a bracket closes too early.
fn arguments(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let (mut depth, mut quoted, mut start) = (0_usize, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(text[start..].trim());
    (depth == 0 && !quoted).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reading_folded_is_unfolded() {
        for (source, expected) in [
            ("format('a {0}', b)", Some("a ${{ b }}")),
            (
                "format('it''s {{{1}}} {0}', f('x, )', y[0]), 'z''')",
                Some("it's {${{ 'z''' }}} ${{ f('x, )', y[0]) }}"),
            ),
            ("format('{0}', a) == format('{0}', b)", None),
            ("format('{7}', a)", None),
            ("format('{', a)", None),
            ("format(a, b)", None),
            ("format('a')", None),
            ("github.sha", None),
            ("format('', ')", None),
        ] {
            assert_eq!(unfold(source).as_deref(), expected, "{source}");
        }
    }
}
