//! Text with `${{ … }}` in it: one expression, one text, or a `format(…)` of both.
//!
//! Port of `TemplateReader.ParseScalar`, `ParseExpression` and `MatchesDirective`.

use crate::context::Context;
use crate::expression::{Allowed, Expression};
use crate::token::{Token, TokenKind};
use indexmap::IndexSet;
use std::fmt::Write;

const OPEN: &str = "${{";
const INSERT: &str = "insert";

/// Why a text with `${{` in it is neither text nor expression.
#[derive(Debug, thiserror::Error)]
enum TextError {
    #[error(
        "The expression is not closed. An unescaped ${{{{ sequence was found, but the closing }}}} sequence was not found."
    )]
    NotClosed,
    #[error("An expression was expected")]
    Empty,
    #[error(
        "Exactly 0 parameter(s) were expected following the directive '{INSERT}'. Actual parameter count: {0}"
    )]
    InsertParameters(usize),
    #[error(
        "The directive '{INSERT}' is not allowed in this context. Directives are not supported for expressions that are embedded within \
         a string. Directives are only supported when the entire value is an expression."
    )]
    InsertInline,
    #[error(transparent)]
    Expression(#[from] act_expr::ParseError),
}

enum Segment<'a> {
    Text(&'a str),
    Expression(Expression),
    Insert,
}

/// The token of a scalar. Mistakes are noted and leave the literal as it is.
pub(super) fn parse(context: &mut Context<'_>, literal: Token, allowed: &Allowed) -> Token {
    let TokenKind::String(raw) = &literal.kind else { return literal };
    let Some(first) = raw.find(OPEN) else { return literal };
    match compose(raw, first, allowed) {
        Ok(kind) => Token::new(kind, literal.span),
        Err(errors) => {
            // A script may make the same mistake many times.
            let texts: IndexSet<String> = errors.iter().map(TextError::to_string).collect();
            texts.into_iter().for_each(|text| context.error(literal.span, text));
            literal
        }
    }
}

/// All mistakes are found, as by GitHub's editors; its server stops at the first.
fn compose(raw: &str, first: usize, allowed: &Allowed) -> Result<TokenKind, Vec<TextError>> {
    let (mut segments, mut errors) = (Vec::new(), Vec::new());
    let mut start = 0;
    let mut next = Some(first);
    while let Some(open) = next {
        if start < open {
            segments.push(Segment::Text(&raw[start..open]));
        }
        let inside = open + OPEN.len();
        let Some(close) = closing(&raw[inside..]) else {
            errors.push(TextError::NotClosed);
            break;
        };
        start = inside + close + 2;
        match expression(&raw[inside..inside + close], allowed) {
            Ok(Segment::Insert) if open != 0 || start < raw.len() => errors.push(TextError::InsertInline),
            Ok(segment) => segments.push(segment),
            Err(error) => errors.push(error),
        }
        next = raw[start..].find(OPEN).map(|found| start + found);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if start < raw.len() {
        segments.push(Segment::Text(&raw[start..]));
    }
    match <[Segment<'_>; 1]>::try_from(segments) {
        Ok([Segment::Insert]) => Ok(TokenKind::Insert),
        Ok([Segment::Text(text)]) => Ok(TokenKind::String(text.into())),
        Ok([Segment::Expression(expression)]) => Ok(match quoted_text(expression.source()) {
            Some(text) => TokenKind::String(text.into()),
            None => TokenKind::Expression(expression),
        }),
        Err(segments) => {
            let whole = Expression::parse(&format_call(&segments), allowed);
            whole.map(TokenKind::Expression).map_err(|error| vec![error.into()])
        }
    }
}

/// Offset of the `}}` that ends an expression; quotes hide it.
///
/// GitHub looks at every `}` with a `}` before it, the opening `${{` counted in, so the offset is never negative.
fn closing(text: &str) -> Option<usize> {
    let mut in_string = false;
    let mut before = b'{';
    for (index, byte) in text.bytes().enumerate() {
        if byte == b'\'' {
            in_string = !in_string;
        } else if !in_string && byte == b'}' && before == b'}' {
            return Some(index - 1);
        }
        before = byte;
    }
    None
}

fn expression<'a>(text: &str, allowed: &Allowed) -> Result<Segment<'a>, TextError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(TextError::Empty);
    }
    if let Some(rest) = trimmed.strip_prefix(INSERT)
        && (rest.is_empty() || rest.starts_with(char::is_whitespace))
    {
        return match parameters(rest) {
            0 => Ok(Segment::Insert),
            count => Err(TextError::InsertParameters(count)),
        };
    }
    Ok(Segment::Expression(Expression::parse(trimmed, allowed)?))
}

/// Counts what follows a directive: words, with quotes and parentheses holding blanks together.
fn parameters(text: &str) -> usize {
    let (mut count, mut in_word, mut in_string, mut parentheses) = (0, false, false, 0_i64);
    for c in text.chars() {
        match c {
            '\'' => in_string = !in_string,
            '(' if !in_string => parentheses += 1,
            ')' if !in_string => parentheses -= 1,
            _ => {}
        }
        let separates = c.is_whitespace() && !in_string && parentheses == 0;
        count += usize::from(!separates && !in_word);
        in_word = !separates;
    }
    count
}

/// The text of an expression that is one quoted text and nothing else (`IsExpressionString`).
fn quoted_text(source: &str) -> Option<String> {
    let mut text = String::new();
    let mut in_string = false;
    for (index, c) in source.char_indices() {
        if c == '\'' {
            in_string = !in_string;
            if in_string && index != 0 {
                text.push(c);
            }
        } else if in_string {
            text.push(c);
        } else {
            return None;
        }
    }
    Some(text)
}

fn format_call(segments: &[Segment<'_>]) -> String {
    let mut format = String::from("format('");
    let mut arguments = String::new();
    let mut count = 0;
    for segment in segments {
        match segment {
            Segment::Text(text) => escape(text, &mut format),
            Segment::Expression(expression) => {
                // Writing to a string does not fail.
                let _ = write!(format, "{{{count}}}");
                arguments.push_str(", ");
                arguments.push_str(expression.source());
                count += 1;
            }
            Segment::Insert => {}
        }
    }
    format.push('\'');
    format + &arguments + ")"
}

fn escape(text: &str, format: &mut String) {
    for c in text.chars() {
        if matches!(c, '\'' | '{' | '}') {
            format.push(c);
        }
        format.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> String {
        let allowed = Allowed::new(["github".into(), "env".into()]);
        match raw.find(OPEN).map(|first| compose(raw, first, &allowed)) {
            None => format!("text {raw}"),
            Some(Err(errors)) => {
                let texts: Vec<_> = errors.iter().map(TextError::to_string).collect();
                format!("error {}", texts.join(" / "))
            }
            Some(Ok(TokenKind::String(text))) => format!("text {text}"),
            Some(Ok(TokenKind::Expression(expression))) => format!("expression {}", expression.source()),
            Some(Ok(TokenKind::Insert)) => "insert".to_owned(),
            Some(Ok(other)) => format!("{other:?}"),
        }
    }

    #[test]
    fn text_and_expressions_become_one_token() {
        for (raw, expected) in [
            ("${{ github.ref }}", "expression github.ref"),
            ("a ${{ github.ref }} b", "expression format('a {0} b', github.ref)"),
            ("${{ github.ref }}${{env.X}}", "expression format('{0}{1}', github.ref, env.X)"),
            ("it's {x} ${{ github.ref }}", "expression format('it''s {{x}} {0}', github.ref)"),
            ("${{ '{{ literal }}' }}", "text {{ literal }}"),
            ("${{ 'it''s' }}", "text it's"),
            ("${{ '}}' == github.ref }}", "expression '}}' == github.ref"),
            ("${{ insert }}", "insert"),
            (
                "${{ insert x }}",
                "error Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: 1",
            ),
            ("${{ }}", "error An expression was expected"),
            ("${{}}", "error An expression was expected"),
            (
                "a ${{ b",
                "error The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.",
            ),
            (
                "${{ inserted }}",
                "error Unrecognized named-value: 'inserted'. Located at position 1 within expression: inserted",
            ),
            (
                "${{ }} ${{ github.ref }} ${{ insert }} ${{ x",
                "error An expression was expected / The directive 'insert' is not allowed in this context. Directives are not \
                 supported for expressions that are embedded within a string. Directives are only supported when the entire \
                 value is an expression. / The expression is not closed. An unescaped ${{ sequence was found, but the closing }} \
                 sequence was not found.",
            ),
            ("ä ${{ github.ref }} ü", "expression format('ä {0} ü', github.ref)"),
        ] {
            assert_eq!(shown(raw), expected, "{raw}");
        }
    }
}
