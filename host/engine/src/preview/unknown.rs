//! What an expression depends on that nobody knows before the run.

use act_core::Conclusion;
use act_expr::{Node, Value, View, is_status_function};
use act_workflow::expression::Expression;
use act_workflow::ids::JobId;
use act_workflow::token::Token;
use indexmap::IndexMap;

use crate::outcome::Outcomes;

use super::Deferred;

/// Given to a run when it starts. Source: GitHub docs, "Contexts reference", `github`.
const GIVEN_AT_START: [&str; 2] = ["run_id", "run_number"];

/// Inputs of a called workflow that are not known, by name, with what they depend on.
#[derive(Clone, Debug, Default)]
pub(super) struct UnknownInputs {
    pub(super) named: IndexMap<String, Vec<String>>,
    /// What the others depend on, where not even their names are known.
    pub(super) rest: Vec<String>,
}

/// What is not known where a job, or a leg, is looked at.
#[derive(Clone, Copy)]
pub(super) struct Unknowns<'a> {
    /// Jobs that it needs itself.
    pub(super) needs: &'a [JobId],
    /// Those, and those they need.
    pub(super) ancestors: &'a [JobId],
    /// How some ended for certain.
    pub(super) outcomes: &'a Outcomes,
    pub(super) inputs: &'a UnknownInputs,
    /// What the leg's matrix depends on.
    pub(super) matrix: Option<&'a Deferred>,
}

/// What an expression depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dependencies {
    /// Values: `needs.a.outputs.b`.
    pub(super) values: Vec<String>,
    /// Jobs whose end a status function asks for.
    pub(super) ends: Vec<String>,
}

impl Dependencies {
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.ends.is_empty()
    }

    pub(super) fn merge(&mut self, other: Self) {
        add(&mut self.values, other.values);
        add(&mut self.ends, other.ends);
    }
}

pub(super) fn add(known: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

impl Unknowns<'_> {
    /// Returns what a token depends on; `None` where all of it is known.
    pub(super) fn in_token(&self, token: &Token) -> Option<Deferred> {
        let mut found = Vec::new();
        token.each_expression(&mut |expression, _| add(&mut found, self.of(expression).values));
        if found.is_empty() { None } else { Some(Deferred(found)) }
    }

    /// Returns what an expression depends on.
    pub(super) fn of(&self, expression: &Expression) -> Dependencies {
        let mut found = Dependencies::default();
        if let Some(root) = expression.parsed().root() {
            self.look(root, &mut found);
        }
        found
    }

    /// Recursion is bounded: trees are at most 50 deep.
    fn look(&self, node: Node<'_>, found: &mut Dependencies) {
        match node.view() {
            View::Named(_) | View::Index { .. } => {
                let mut path = Vec::new();
                let is_path = follow(node, &mut path, &mut |computed| self.look(computed, found));
                match is_path {
                    Some(context) => add(&mut found.values, self.value(context, &path)),
                    None => node.children().for_each(|child| self.look(child, found)),
                }
            }
            View::Call { name, .. } => {
                if is_status_function(name) {
                    add(&mut found.ends, self.ends(name, node));
                }
                node.children().for_each(|child| self.look(child, found));
            }
            View::Not(_) | View::Compare { .. } | View::And | View::Or => {
                node.children().for_each(|child| self.look(child, found));
            }
            View::Literal(_) | View::Wildcard => {}
        }
    }

    fn value(&self, context: &str, path: &[String]) -> Vec<String> {
        let whole = || std::iter::once(context).chain(path.iter().map(String::as_str)).collect::<Vec<_>>();
        let itself = |is_unknown: bool| if is_unknown { vec![whole().join(".")] } else { Vec::new() };
        let first = path.first().map(String::as_str);
        match context.to_ascii_lowercase().as_str() {
            "needs" => itself(match first {
                Some("*") | None => self.needs.iter().any(|need| !self.outcomes.contains(need)),
                Some(id) => self.needs.iter().any(|need| need.same_as(id) && !self.outcomes.contains(need)),
            }),
            "matrix" | "strategy" => self.matrix.map(|matrix| matrix.0.clone()).unwrap_or_default(),
            "inputs" => self.inputs.of(first),
            "github" => itself(first.is_none_or(|key| key == "*" || is_given_at_start(key))),
            _ => Vec::new(),
        }
    }

    /// Returns the jobs whose end decides what a status function says.
    fn ends(&self, name: &str, node: Node<'_>) -> Vec<String> {
        let named: Vec<_> = node.children().filter_map(literal).collect();
        let counts = |id: &&JobId| named.is_empty() || named.iter().any(|name| id.same_as(name));
        let considered: Vec<&JobId> = self.ancestors.iter().filter(counts).collect();
        let decided = |is: fn(Conclusion) -> bool| {
            considered.iter().any(|id| self.outcomes.get(id).is_some_and(|outcome| is(outcome.result)))
        };
        let settled = match name.to_ascii_lowercase().as_str() {
            "success" => decided(|result| result != Conclusion::Success),
            "failure" => decided(|result| result == Conclusion::Failure),
            _ => true,
        };
        let unknown = considered.iter().filter(|id| !self.outcomes.contains(id));
        let (direct, far): (Vec<&JobId>, Vec<&JobId>) = unknown.partition(|id| self.needs.contains(id));
        let told = if settled {
            Vec::new()
        } else if direct.is_empty() {
            far
        } else {
            direct
        };
        told.into_iter().map(|id| id.as_str().to_owned()).collect()
    }
}

impl UnknownInputs {
    fn of(&self, name: Option<&str>) -> Vec<String> {
        let Some(name) = name.filter(|name| *name != "*") else {
            let mut all = self.rest.clone();
            self.named.values().for_each(|values| add(&mut all, values.iter().cloned()));
            return all;
        };
        let known = self.named.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map_or_else(|| self.rest.clone(), |(_, values)| values.clone())
    }
}

fn is_given_at_start(key: &str) -> bool {
    GIVEN_AT_START.iter().any(|given| given.eq_ignore_ascii_case(key))
}

/// Follows `a.b['c']` to its context; a key that is computed is `*`, and handed to `computed`.
fn follow<'a>(node: Node<'a>, path: &mut Vec<String>, computed: &mut dyn FnMut(Node<'a>)) -> Option<&'a str> {
    match node.view() {
        View::Named(name) => Some(name),
        View::Index { base, key } => {
            let context = follow(base, path, computed)?;
            match key.view() {
                View::Literal(value) => path.push(act_expr::coerce::to_text(value).into_owned()),
                View::Wildcard => path.push("*".to_owned()),
                _ => {
                    path.push("*".to_owned());
                    computed(key);
                }
            }
            Some(context)
        }
        _ => None,
    }
}

fn literal(node: Node<'_>) -> Option<&str> {
    if let View::Literal(Value::String(text)) = node.view() { Some(text) } else { None }
}
