//! Early checks of `strategy`: what is wrong with a matrix before any of it is evaluated.
//!
//! A strategy without expressions is expanded as far as it can be wrong, and forgotten; with expressions only its shape is looked at. Port of the
//! early half of `WorkflowTemplateConverter.ConvertToStrategy`.

use crate::matrix::{self, MatrixError, Step};
use crate::source::{Problem, Span};
use crate::token::{Token, TokenKind};

/// Checks a strategy as written.
pub(crate) fn check(job: &str, token: &Token, problems: &mut Vec<Problem>) {
    if token.has_expression() {
        if let Some(matrix) = token.get("matrix") {
            check_shape(matrix, problems);
        }
        return;
    }
    if let Some(value) = token.to_value()
        && let Err(errors) = matrix::check(job, &value)
    {
        problems.extend(errors.iter().map(|error| Problem::new(locate(token, error), error.to_string())));
    }
}

/// Where in the strategy a matrix error is.
pub(crate) fn locate(strategy: &Token, error: &MatrixError) -> Span {
    let mut found = strategy;
    for (index, step) in error.at.iter().enumerate() {
        let next = match (step, &found.kind) {
            (Step::Key(key), TokenKind::Mapping(entries)) => {
                let entry = entries
                    .iter()
                    .find(|(name, _)| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(key)));
                match entry {
                    Some((name, _)) if error.is_key && index + 1 == error.at.len() => Some(name),
                    Some((_, value)) => Some(value),
                    None => None,
                }
            }
            (Step::Index(index), TokenKind::Sequence(items)) => items.get(*index),
            _ => None,
        };
        match next {
            Some(token) => found = token,
            // The value came from an expression, which is where it is wrong.
            None => return found.span,
        }
    }
    found.span
}

fn check_shape(matrix: &Token, problems: &mut Vec<Problem>) {
    let TokenKind::Mapping(entries) = &matrix.kind else { return };
    let mut has_vector = false;
    for (key, value) in entries {
        match key.as_str() {
            Some("exclude") => {}
            Some("include") => {
                has_vector |=
                    value.has_expression() || value.as_sequence().is_some_and(|items| !items.is_empty())
            }
            Some(name) => {
                has_vector = true;
                if value.as_sequence().is_some_and(<[Token]>::is_empty) {
                    problems.push(Problem::new(
                        value.span,
                        format!("Matrix vector '{name}' does not contain any values"),
                    ));
                }
            }
            None => has_vector = true,
        }
    }
    if !has_vector {
        problems.push(Problem::new(matrix.span, "Matrix must define at least one vector"));
    }
}
