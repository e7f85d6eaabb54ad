//! Conditions in three values: a part that is false decides an `&&` whatever the unknown parts are.

use act_expr::{Node, View};
use act_workflow::evaluate;
use act_workflow::expression::Expression;
use act_workflow::step::If;

use crate::scope::JobScope;

use super::unknown::{Dependencies, Unknowns};

/// What a condition comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    Unknown(Dependencies),
}

/// Judges a condition.
///
/// # Errors
/// A failing expression.
pub(super) fn judge(
    condition: &If,
    scope: &JobScope<'_>,
    unknowns: &Unknowns<'_>,
) -> Result<Truth, evaluate::EvaluateError> {
    let all = unknowns.of(&condition.expression);
    if all.is_empty() {
        return holds(condition, scope).map(Truth::of);
    }
    // Rewritten, so that the text of each part is an expression of its own, but for some comparisons.
    let canonical = condition.expression.parsed().to_canonical();
    let allowed = condition.expression.allowed();
    let judge = Judge { condition, scope, unknowns, all };
    let parsed = Expression::parse(&canonical, allowed).ok();
    let root = parsed.as_ref().and_then(|parsed| parsed.parsed().root());
    Ok(root.map_or_else(|| Truth::Unknown(judge.all.clone()), |root| judge.node(root)))
}

fn holds(condition: &If, scope: &JobScope<'_>) -> Result<bool, evaluate::EvaluateError> {
    evaluate::now(evaluate::condition(condition, scope))
}

struct Judge<'a> {
    condition: &'a If,
    scope: &'a JobScope<'a>,
    unknowns: &'a Unknowns<'a>,
    /// What the whole condition depends on: the answer where a part cannot be looked at alone.
    all: Dependencies,
}

impl Judge<'_> {
    /// Recursion is bounded: trees are at most 50 deep.
    fn node(&self, node: Node<'_>) -> Truth {
        match node.view() {
            View::And => self.chain(node, &Truth::No),
            View::Or => self.chain(node, &Truth::Yes),
            View::Not(operand) => match self.node(operand) {
                Truth::Yes => Truth::No,
                Truth::No => Truth::Yes,
                unknown @ Truth::Unknown(_) => unknown,
            },
            View::Literal(_)
            | View::Wildcard
            | View::Named(_)
            | View::Index { .. }
            | View::Compare { .. }
            | View::Call { .. } => self.part(node),
        }
    }

    /// Judges a chain that one `deciding` part decides.
    fn chain(&self, node: Node<'_>, deciding: &Truth) -> Truth {
        let mut unknown = Dependencies::default();
        for child in node.children() {
            match self.node(child) {
                found if found == *deciding => return found,
                Truth::Unknown(found) => unknown.merge(found),
                Truth::Yes | Truth::No => {}
            }
        }
        match deciding {
            _ if !unknown.is_empty() => Truth::Unknown(unknown),
            Truth::No => Truth::Yes,
            Truth::Yes | Truth::Unknown(_) => Truth::No,
        }
    }

    fn part(&self, node: Node<'_>) -> Truth {
        let unknown = || Truth::Unknown(self.all.clone());
        let Ok(expression) = Expression::parse(node.text(), self.condition.expression.allowed()) else {
            return unknown();
        };
        let dependencies = self.unknowns.of(&expression);
        if !dependencies.is_empty() {
            return Truth::Unknown(dependencies);
        }
        // A part that fails may never be reached.
        holds(&If { expression, span: self.condition.span }, self.scope).map_or_else(|_| unknown(), Truth::of)
    }
}

impl Truth {
    const fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}
