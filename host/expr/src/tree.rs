//! A parsed expression: its source and its tree, shared and immutable.
//!
//! Nodes lie in one list and refer to each other by number, so trees of any shape are dropped without recursion.
//! Outside this crate a tree is looked at through [`Node`], which never exposes the numbers.

use crate::error::{EvalError, ParseError};
use crate::lexer::Operator;
use crate::scope::{Evaluation, Scope};
use crate::syntax::{Function, Syntax};
use crate::value::Value;
use crate::{evaluate, parse, render};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A parsed expression. Cloning it shares the tree; two are equal when their sources are.
#[derive(Clone)]
pub struct Expression {
    tree: Arc<Tree>,
}

pub(crate) struct Tree {
    pub(crate) source: Arc<str>,
    pub(crate) nodes: Vec<Stored>,
    /// `None` for a blank source, whose value is null.
    pub(crate) root: Option<NodeId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(pub(crate) u32);

pub(crate) struct Stored {
    pub(crate) span: Span,
    /// The next one of the [`List`] this node is in, if it is in one and not the last.
    pub(crate) next: Option<NodeId>,
    pub(crate) kind: NodeKind,
}

/// Children linked by [`Stored::next`]: most lists are short, and joining two takes no time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List {
    pub(crate) first: Option<NodeId>,
    pub(crate) last: Option<NodeId>,
}

/// Bytes of the source; a source has at most 21,000 UTF-16 units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

pub(crate) enum NodeKind {
    Literal(Value),
    Wildcard,
    Named,
    Index(NodeId, NodeId),
    Not(NodeId),
    Compare(Comparison, NodeId, NodeId),
    And(List),
    Or(List),
    /// `span` starts with the name, which is this long.
    Call {
        function: Function,
        name_length: u32,
        arguments: List,
    },
}

/// A comparison of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl Comparison {
    pub(crate) const fn of(operator: Operator) -> Option<Self> {
        Some(match operator {
            Operator::Equal => Self::Equal,
            Operator::NotEqual => Self::NotEqual,
            Operator::Greater => Self::Greater,
            Operator::GreaterOrEqual => Self::GreaterOrEqual,
            Operator::Less => Self::Less,
            Operator::LessOrEqual => Self::LessOrEqual,
            Operator::Not | Operator::And | Operator::Or => return None,
        })
    }

    /// The operator as written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }
}

impl Tree {
    pub(crate) fn node(&self, id: NodeId) -> &Stored {
        &self.nodes[id.0 as usize]
    }

    /// The nodes of a list, in order.
    pub(crate) fn list(&self, list: List) -> impl Iterator<Item = NodeId> + use<'_> {
        std::iter::successors(list.first, |id| self.node(*id).next)
    }

    pub(crate) fn text(&self, span: Range<usize>) -> &str {
        self.source.get(span).unwrap_or_default()
    }

    /// The name of a context or function as written; empty for other nodes.
    pub(crate) fn name(&self, id: NodeId) -> &str {
        let node = self.node(id);
        let start = node.span.start as usize;
        match node.kind {
            NodeKind::Named => self.text(node.span.range()),
            NodeKind::Call { name_length, .. } => self.text(start..start + name_length as usize),
            _ => "",
        }
    }
}

impl Expression {
    /// Parses what stands between `${{` and `}}`. A blank source is an expression too: its value is null.
    ///
    /// # Errors
    /// What [`ParseError`] lists, in GitHub's words.
    ///
    /// Source: `ExpressionParser.cs`, `CreateTree`.
    pub fn parse(source: &str, syntax: &Syntax) -> Result<Self, ParseError> {
        parse::parse(source, syntax).map(|tree| Self { tree: Arc::new(tree) })
    }

    /// Computes the value under default [`Settings`](crate::Settings), as far as the scope can answer.
    ///
    /// # Errors
    /// What [`EvalError`] lists.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Evaluation, EvalError> {
        self.evaluate_with(scope, &crate::Settings::default())
    }

    /// Computes the value, as far as the scope can answer.
    ///
    /// # Errors
    /// What [`EvalError`] lists.
    pub fn evaluate_with(
        &self,
        scope: &dyn Scope,
        settings: &crate::Settings,
    ) -> Result<Evaluation, EvalError> {
        evaluate::evaluate(&self.tree, scope, settings)
    }

    /// The source, as it was parsed.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.tree.source
    }

    /// The top of the tree; `None` when the source is blank.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        self.tree.root.map(|id| Node { tree: &self.tree, id })
    }

    /// Every node, each before its children, in the order of the source.
    pub fn walk(&self) -> impl Iterator<Item = Node<'_>> {
        let mut pending: Vec<_> = self.root().into_iter().collect();
        std::iter::from_fn(move || {
            let node = pending.pop()?;
            let first = pending.len();
            pending.extend(node.children());
            pending[first..].reverse();
            Some(node)
        })
    }

    /// The expression rewritten from its tree, with every operator in parentheses (`ConvertToExpression`).
    #[must_use]
    pub fn to_canonical(&self) -> String {
        self.tree.root.map(|root| render::render(&self.tree, root)).unwrap_or_default()
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source()).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Expression {}

impl std::hash::Hash for Expression {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.source().hash(state);
    }
}

/// A node of a parsed expression.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree,
    id: NodeId,
}

/// What a node is, and its children.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// A value written in the source; also the name behind a `.`.
    Literal(&'a Value),
    /// `*` in brackets or behind a `.`.
    Wildcard,
    /// A context, by the name as written.
    Named(&'a str),
    /// `base.key` or `base[key]`; `key` is a literal for the first form.
    Index {
        /// What is looked into.
        base: Node<'a>,
        /// What is looked for.
        key: Node<'a>,
    },
    /// `!operand`.
    Not(Node<'a>),
    /// `left == right` and its like.
    Compare {
        /// Which one.
        comparison: Comparison,
        /// The left side.
        left: Node<'a>,
        /// The right side.
        right: Node<'a>,
    },
    /// A chain of `&&`; its operands are the node's children.
    And,
    /// A chain of `||`; its operands are the node's children.
    Or,
    /// A function, whose arguments are the node's children.
    Call {
        /// Which one.
        function: Function,
        /// Its name as written.
        name: &'a str,
    },
}

impl<'a> Node<'a> {
    /// What this node is.
    #[must_use]
    pub fn view(self) -> View<'a> {
        let at = |id| Self { tree: self.tree, id };
        match &self.tree.node(self.id).kind {
            NodeKind::Literal(value) => View::Literal(value),
            NodeKind::Wildcard => View::Wildcard,
            NodeKind::Named => View::Named(self.tree.name(self.id)),
            NodeKind::Index(base, key) => View::Index { base: at(*base), key: at(*key) },
            NodeKind::Not(operand) => View::Not(at(*operand)),
            NodeKind::Compare(comparison, left, right) => {
                View::Compare { comparison: *comparison, left: at(*left), right: at(*right) }
            }
            NodeKind::And(_) => View::And,
            NodeKind::Or(_) => View::Or,
            NodeKind::Call { function, .. } => {
                View::Call { function: *function, name: self.tree.name(self.id) }
            }
        }
    }

    /// The parts of this node, in the order of the source.
    pub fn children(self) -> impl Iterator<Item = Self> + use<'a> {
        let (pair, list) = match self.tree.node(self.id).kind {
            NodeKind::Literal(_) | NodeKind::Wildcard | NodeKind::Named => ([None, None], List::default()),
            NodeKind::Not(operand) => ([Some(operand), None], List::default()),
            NodeKind::Index(left, right) | NodeKind::Compare(_, left, right) => {
                ([Some(left), Some(right)], List::default())
            }
            NodeKind::And(list) | NodeKind::Or(list) | NodeKind::Call { arguments: list, .. } => {
                ([None, None], list)
            }
        };
        let tree = self.tree;
        pair.into_iter().flatten().chain(tree.list(list)).map(move |id| Self { tree, id })
    }

    /// The bytes of the source this node comes from; parentheses around it are not counted.
    #[must_use]
    pub fn span(self) -> Range<usize> {
        self.tree.node(self.id).span.range()
    }

    /// The source text of this node.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.tree.text(self.span())
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.text()).finish()
    }
}
