//! Computes the value of a tree.
//!
//! Pure: what the scope cannot answer yet is collected and the evaluation ends there. Ported from
//! `ExpressionNode.cs` and `Sdk/Operators`; functions are in [`functions`], `.` and `[]` in [`index`].

mod format;
mod functions;
mod index;

use crate::coerce;
use crate::error::EvalError;
use crate::memory::{self, Counter, Exceeded, Memory};
use crate::render::render;
use crate::scope::{Called, Evaluation, HostCall, Named, Reply, Scope};
use crate::tree::{Comparison, List, NodeId, NodeKind, Tree};
use crate::value::Value;
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::sync::Arc;

/// How to evaluate (`EvaluationOptions.cs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes an evaluation may hold, by GitHub's measure; 1 MiB unless told otherwise.
    pub max_memory: u64,
    /// Whether `fromJson` takes standard JSON only.
    pub strict_json: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_memory: 1024 * 1024, strict_json: false }
    }
}

impl Settings {
    /// What expressions in workflows and actions are given: 10 MiB (`WorkflowTemplateEvaluator.cs`).
    #[must_use]
    pub fn workflow() -> Self {
        Self { max_memory: 10 * 1024 * 1024, ..Self::default() }
    }
}

/// Computes the value of a tree.
pub(crate) fn evaluate(tree: &Tree, scope: &dyn Scope, settings: &Settings) -> Result<Evaluation, EvalError> {
    let Some(root) = tree.root else { return Ok(Evaluation::Done(Value::Null)) };
    let memory = Memory::new(settings.max_memory);
    let mut evaluator = Evaluator { tree, scope, settings, memory, pending: Vec::new() };
    match evaluator.node(root, 0) {
        Ok(value) => Ok(Evaluation::Done(value)),
        Err(Stop::Pending) => Ok(Evaluation::Pending(evaluator.pending)),
        Err(Stop::Failed(error)) => Err(*error),
    }
}

/// Why an evaluation ends without a value.
enum Stop {
    /// `Evaluator::pending` says what is missing.
    Pending,
    /// Boxed to keep the result of every node small.
    Failed(Box<EvalError>),
}

impl From<EvalError> for Stop {
    fn from(error: EvalError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// A value just computed, and how it counts as memory.
struct Computed {
    value: Value,
    cost: Cost,
}

enum Cost {
    /// By its kind.
    Plain,
    /// It comes from a context or `fromJson`, where GitHub keeps primitives boxed: those cost a box as well.
    Data,
    /// This many bytes.
    Bytes(u64),
}

impl Computed {
    const fn plain(value: Value) -> Self {
        Self { value, cost: Cost::Plain }
    }

    const fn data(value: Value) -> Self {
        Self { value, cost: Cost::Data }
    }
}

struct Evaluator<'a> {
    tree: &'a Tree,
    scope: &'a dyn Scope,
    settings: &'a Settings,
    memory: Memory,
    pending: Vec<HostCall>,
}

impl<'a> Evaluator<'a> {
    /// Computes a node and accounts for its result. Recursion is bounded: trees are at most 50 deep.
    fn node(&mut self, id: NodeId, level: usize) -> Result<Value, Stop> {
        let Computed { value, cost } = self.compute(id, level)?;
        let primitive = value.is_primitive();
        let bytes = memory::value_bytes(&value);
        let (bytes, released) = match cost {
            Cost::Bytes(bytes) => (bytes, primitive),
            Cost::Data if primitive && !matches!(value, Value::Null) => (bytes + memory::OBJECT, false),
            Cost::Plain | Cost::Data => (bytes, primitive),
        };
        self.account(bytes, level, released)?;
        Ok(value)
    }

    fn account(&mut self, bytes: u64, level: usize, released: bool) -> Result<(), Stop> {
        self.memory.add(level, bytes, released).map_err(|exceeded| match self.tree.root {
            Some(root) => self.exceeded(exceeded, root),
            None => Stop::Pending,
        })
    }

    fn compute(&mut self, id: NodeId, level: usize) -> Result<Computed, Stop> {
        let tree = self.tree;
        let below = level + 1;
        match &tree.node(id).kind {
            NodeKind::Literal(value) => Ok(Computed::plain(value.clone())),
            NodeKind::Wildcard => Ok(Computed::plain(Value::from("*"))),
            NodeKind::Named => self.named(tree.name(id)).map(Computed::data),
            NodeKind::Index(base, key) => self.index(id, *base, *key, level),
            NodeKind::Not(operand) => {
                let value = self.node(*operand, below)?;
                Ok(Computed::plain(Value::Bool(coerce::is_falsy(&value))))
            }
            NodeKind::Compare(comparison, left, right) => {
                let [left, right] = self.both(*left, *right, below)?;
                Ok(Computed::plain(Value::Bool(compare(*comparison, &left, &right))))
            }
            NodeKind::And(operands) => self.first(*operands, below, coerce::is_falsy).map(Computed::plain),
            NodeKind::Or(operands) => self.first(*operands, below, coerce::is_truthy).map(Computed::plain),
            NodeKind::Call { function, arguments, .. } => {
                let arguments: SmallVec<[NodeId; 4]> = tree.list(*arguments).collect();
                self.call(id, *function, &arguments, level)
            }
        }
    }

    /// The first operand that `ends` a chain, or the last one.
    fn first(&mut self, operands: List, level: usize, ends: fn(&Value) -> bool) -> Result<Value, Stop> {
        let mut value = Value::Null;
        for operand in self.tree.list(operands) {
            value = self.node(operand, level)?;
            if ends(&value) {
                break;
            }
        }
        Ok(value)
    }

    /// Both operands. When the left one waits for the host the right one is still looked at, so that the host
    /// hears of both at once.
    fn both(&mut self, left: NodeId, right: NodeId, level: usize) -> Result<[Value; 2], Stop> {
        let left = match self.node(left, level) {
            Err(failed @ Stop::Failed(_)) => return Err(failed),
            other => other,
        };
        let right = self.node(right, level);
        Ok([left?, right?])
    }

    fn named(&mut self, name: &str) -> Result<Value, Stop> {
        match self.scope.context(name) {
            Named::Value(value) => Ok(value),
            Named::Unknown => Ok(Value::Null),
            Named::Lazy => {
                let reply = self.scope.whole(name);
                self.reply(reply, || HostCall::Whole { context: name.into() })
            }
        }
    }

    fn reply(&mut self, reply: Reply, question: impl FnOnce() -> HostCall) -> Result<Value, Stop> {
        match reply {
            Reply::Value(value) => Ok(value),
            Reply::Pending => Err(self.wait(question())),
            Reply::Error(text) => Err(EvalError::Host(text).into()),
        }
    }

    fn wait(&mut self, question: HostCall) -> Stop {
        if !self.pending.contains(&question) {
            self.pending.push(question);
        }
        Stop::Pending
    }

    /// A function the scope answers.
    fn host_call(&mut self, name: &str, arguments: &[NodeId], level: usize) -> Result<Computed, Stop> {
        let mut args = Vec::with_capacity(arguments.len());
        let mut waiting = false;
        for &argument in arguments {
            match self.node(argument, level) {
                Ok(value) => args.push(value),
                Err(Stop::Pending) => waiting = true,
                Err(failed @ Stop::Failed(_)) => return Err(failed),
            }
        }
        if waiting {
            return Err(Stop::Pending);
        }
        match self.scope.call(name, &args) {
            Called::Value(value) => Ok(Computed::plain(value)),
            Called::Pending => Err(self.wait(HostCall::Function { name: name.into(), args })),
            Called::Error(text) => Err(EvalError::Host(text).into()),
        }
    }

    fn counter(&self) -> Counter {
        Counter::new(self.settings.max_memory)
    }

    /// The error for a node that holds too much.
    fn exceeded(&self, _: Exceeded, node: NodeId) -> Stop {
        EvalError::Memory { expression: render(self.tree, node) }.into()
    }

    /// Evaluates a node to text.
    fn text(&mut self, id: NodeId, level: usize) -> Result<Arc<str>, Stop> {
        Ok(coerce::to_shared_text(&self.node(id, level)?))
    }
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> bool {
    match comparison {
        Comparison::Equal => coerce::equal(left, right),
        Comparison::NotEqual => !coerce::equal(left, right),
        Comparison::Greater => coerce::order(left, right) == Some(Ordering::Greater),
        Comparison::Less => coerce::order(left, right) == Some(Ordering::Less),
        Comparison::GreaterOrEqual => {
            coerce::equal(left, right) || coerce::order(left, right) == Some(Ordering::Greater)
        }
        Comparison::LessOrEqual => {
            coerce::equal(left, right) || coerce::order(left, right) == Some(Ordering::Less)
        }
    }
}

#[cfg(test)]
mod tests;
