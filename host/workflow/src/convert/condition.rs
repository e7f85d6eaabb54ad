//! `if` of jobs, steps, snapshots and actions: what GitHub runs for what the author wrote.
//!
//! Port of `WorkflowTemplateConverter.ConvertToIfCondition`.

use crate::expression::{Allowed, Expression};
use crate::source::Problem;
use crate::step::If;
use crate::token::{Token, TokenKind};
use act_expr::View;

const STATUS_FUNCTIONS: [&str; 4] = ["always", "cancelled", "failure", "success"];

/// The condition of `token`: `success()` when there is none, `success() && (…)` when it calls no status function.
pub(crate) fn condition(token: Option<&Token>, allowed: &Allowed, what: &str) -> Result<If, Problem> {
    let Some(token) = token else { return Ok(If { expression: success(allowed), span: None }) };
    let span = Some(token.span);
    let written = match &token.kind {
        TokenKind::Expression(expression) => expression.source(),
        _ => token.expect_string(what)?,
    };
    let refused = |error: act_expr::ParseError| Problem::new(token.span, error.to_string());
    let expression = Expression::parse(written, allowed).map_err(refused)?;
    if expression.parsed().root().is_none() {
        return Ok(If { expression: success(allowed), span });
    }
    let expression = if calls_status_function(&expression) {
        expression
    } else {
        Expression::parse(&format!("success() && ({written})"), allowed).map_err(refused)?
    };
    Ok(If { expression, span })
}

/// A condition that is written nowhere. `source` has to be our own, and allowed.
pub(crate) fn implied(source: &str, allowed: &Allowed) -> If {
    let Ok(expression) = Expression::parse(source, allowed) else {
        unreachable!("`{source}` is allowed wherever a condition is")
    };
    If { expression, span: None }
}

fn success(allowed: &Allowed) -> Expression {
    let Some(expression) = Expression::success(allowed) else {
        unreachable!("`success()` is allowed wherever a condition is")
    };
    expression
}

fn calls_status_function(expression: &Expression) -> bool {
    expression.parsed().walk().any(|node| match node.view() {
        View::Call { name, .. } => {
            STATUS_FUNCTIONS.iter().any(|function| function.eq_ignore_ascii_case(name))
        }
        _ => false,
    })
}
