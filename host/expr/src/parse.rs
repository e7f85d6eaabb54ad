//! Puts tokens together into a tree, by the shunting-yard algorithm of `ExpressionParser.cs`.
//!
//! Nothing here recurses with the source, so 21,000 opening parentheses are an error and not a crash. Tokens are
//! used as they are read: of two mistakes the first in the source is reported, whichever stage finds it.

use crate::error::{ParseError, ParseErrorKind};
use crate::lexer::{Lexer, Operator, Token, TokenKind};
use crate::syntax::{Function, Syntax};
use crate::text::utf16_len;
use crate::tree::{Comparison, List, NodeId, NodeKind, Span, Stored, Tree};
use crate::value::Value;
use smallvec::SmallVec;
use std::sync::Arc;

/// The deepest tree there may be (`ExpressionConstants.MaxDepth`).
pub(crate) const MAX_DEPTH: usize = 50;
/// The longest source, in UTF-16 units (`ExpressionConstants.MaxLength`).
const MAX_LENGTH: usize = 21_000;

/// Parses a source.
pub(crate) fn parse(source: &str, syntax: &Syntax) -> Result<Tree, ParseError> {
    if source.len() > MAX_LENGTH && utf16_len(source) > MAX_LENGTH {
        return Err(ParseError::whole(ParseErrorKind::ExceededMaxLength, source));
    }
    Parser::new(source, syntax).run()
}

struct Parser<'a> {
    source: &'a str,
    syntax: &'a Syntax,
    nodes: Vec<Stored>,
    operands: SmallVec<[NodeId; 16]>,
    operators: SmallVec<[Token; 16]>,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, syntax: &'a Syntax) -> Self {
        // A node takes three characters and more; a long source is more likely a long text than many nodes.
        let nodes = Vec::with_capacity((source.len() / 3 + 1).min(16));
        Self { source, syntax, nodes, operands: SmallVec::new(), operators: SmallVec::new() }
    }

    fn run(mut self) -> Result<Tree, ParseError> {
        let mut lexer = Lexer::new(self.source);
        let mut last = None;
        while let Some(token) = lexer.next() {
            match token.kind {
                TokenKind::Unexpected(kind) => return Err(self.error(kind, token)),
                _ if precedence(token.kind) > 0 => self.push_operator(token, last)?,
                _ => self.push_operand(token)?,
            }
            last = Some(token);
        }
        let Some(last) = last else { return Ok(self.finish(None)) };
        if !self.operators.is_empty() && (lexer.has_open() || leaves_open(last.kind)) {
            return Err(self.error(ParseErrorKind::UnexpectedEndOfExpression, last));
        }
        while let Some(operator) = self.operators.pop() {
            self.reduce(operator)?;
        }
        let root = self.pop_operand(last)?;
        self.check_depth(root)?;
        Ok(self.finish(Some(root)))
    }

    fn finish(self, root: Option<NodeId>) -> Tree {
        Tree { source: Arc::from(self.source), nodes: self.nodes, root }
    }

    fn push_operand(&mut self, token: Token) -> Result<(), ParseError> {
        let text = &self.source[token.span()];
        let kind = match token.kind {
            TokenKind::Function => self.call(token, text)?,
            TokenKind::NamedValue if self.syntax.allows_context(text) => NodeKind::Named,
            TokenKind::NamedValue => return Err(self.error(ParseErrorKind::UnrecognizedNamedValue, token)),
            TokenKind::Wildcard => NodeKind::Wildcard,
            TokenKind::Boolean(bool) => NodeKind::Literal(Value::Bool(bool)),
            TokenKind::Number(number) => NodeKind::Literal(Value::Number(number)),
            TokenKind::String => NodeKind::Literal(unquote(text)),
            TokenKind::PropertyName => NodeKind::Literal(Value::from(text)),
            _ => NodeKind::Literal(Value::Null),
        };
        let span = Span { start: token.start, end: token.end };
        self.push_node(kind, span);
        Ok(())
    }

    fn call(&self, token: Token, name: &str) -> Result<NodeKind, ParseError> {
        let function = Function::named(name);
        if self.syntax.arity(function, name).is_none() {
            return Err(self.error(ParseErrorKind::UnrecognizedFunction, token));
        }
        Ok(NodeKind::Call { function, name_length: narrow(name.len()), arguments: List::default() })
    }

    fn push_operator(&mut self, token: Token, last: Option<Token>) -> Result<(), ParseError> {
        if is_left_associative(token.kind) {
            while let Some(&top) = self.operators.last() {
                if precedence(token.kind) > precedence(top.kind) || opens(top.kind) {
                    break;
                }
                self.operators.pop();
                self.reduce(top)?;
            }
        }
        match token.kind {
            TokenKind::EndGroup => drop(self.operators.pop()),
            TokenKind::EndIndex => self.end_index(token)?,
            TokenKind::EndParameters => self.end_parameters(token, last)?,
            _ => self.operators.push(token),
        }
        Ok(())
    }

    /// `]`: the bracket and its two operands become an index.
    fn end_index(&mut self, token: Token) -> Result<(), ParseError> {
        self.operators.pop();
        let key = self.pop_operand(token)?;
        let base = self.pop_operand(token)?;
        let span = Span { end: token.end, ..self.span_of(base) };
        self.push_node(NodeKind::Index(base, key), span);
        Ok(())
    }

    /// `)` of a function: the operands behind its name become its arguments, and their number is checked.
    fn end_parameters(&mut self, token: Token, last: Option<Token>) -> Result<(), ParseError> {
        let mut count = usize::from(last.is_none_or(|last| last.kind != TokenKind::StartParameters));
        let mut start = token;
        while let Some(operator) = self.operators.pop() {
            start = operator;
            if operator.kind != TokenKind::Separator {
                break;
            }
            count += 1;
        }
        let first = self.operands.len().saturating_sub(count);
        let given = self.link(first);
        let call = *self.operands.last().ok_or_else(|| self.error(ParseErrorKind::MisplacedToken, token))?;
        let stored = &mut self.nodes[call.0 as usize];
        stored.span.end = token.end;
        if let NodeKind::Call { arguments, .. } = &mut stored.kind {
            *arguments = given;
        }
        self.check_arity(call, count, start)
    }

    /// GitHub points at the parenthesis when the count is off, but at the name when `case` has an even one.
    fn check_arity(&self, call: NodeId, count: usize, parenthesis: Token) -> Result<(), ParseError> {
        let stored = &self.nodes[call.0 as usize];
        let NodeKind::Call { function, name_length, .. } = stored.kind else { return Ok(()) };
        let start = stored.span.start as usize;
        let name = start..start + name_length as usize;
        let (min, max) = self.syntax.arity(function, &self.source[name.clone()]).unwrap_or((0, usize::MAX));
        if count < min {
            Err(self.error(ParseErrorKind::TooFewParameters, parenthesis))
        } else if count > max {
            Err(self.error(ParseErrorKind::TooManyParameters, parenthesis))
        } else if function == Function::Case && count.is_multiple_of(2) {
            Err(ParseError::at(ParseErrorKind::EvenParameters, self.source, name))
        } else {
            Ok(())
        }
    }

    /// Turns an operator and its operands into a node.
    fn reduce(&mut self, token: Token) -> Result<(), ParseError> {
        let right = self.pop_operand(token)?;
        if token.kind == TokenKind::Operator(Operator::Not) {
            let span = Span { start: token.start, ..self.span_of(right) };
            self.push_node(NodeKind::Not(right), span);
            return Ok(());
        }
        let left = self.pop_operand(token)?;
        let span = Span { end: self.span_of(right).end, ..self.span_of(left) };
        match token.kind {
            TokenKind::Operator(Operator::And) => self.chain(left, right, span, NodeKind::And, and_operands),
            TokenKind::Operator(Operator::Or) => self.chain(left, right, span, NodeKind::Or, or_operands),
            TokenKind::Operator(operator) => {
                let comparison = Comparison::of(operator)
                    .ok_or_else(|| self.error(ParseErrorKind::UnexpectedEndOfExpression, token))?;
                self.push_node(NodeKind::Compare(comparison, left, right), span);
            }
            _ => self.push_node(NodeKind::Index(left, right), span),
        }
        Ok(())
    }

    /// Joins two operands of `&&` or `||`. A chain on either side is flattened, so it costs one level of depth
    /// however long it is.
    fn chain(
        &mut self,
        left: NodeId,
        right: NodeId,
        span: Span,
        make: fn(List) -> NodeKind,
        operands: fn(&mut NodeKind) -> Option<&mut List>,
    ) {
        let single = |id| List { first: Some(id), last: Some(id) };
        let tail = operands(&mut self.stored(right).kind).map_or_else(|| single(right), |list| *list);
        let existing = operands(&mut self.stored(left).kind).copied();
        let head = existing.unwrap_or_else(|| single(left));
        if let Some(last) = head.last {
            self.stored(last).next = tail.first;
        }
        let all = List { first: head.first, last: tail.last };
        if let Some(list) = operands(&mut self.stored(left).kind) {
            *list = all;
            self.stored(left).span = span;
            self.operands.push(left);
        } else {
            self.push_node(make(all), span);
        }
    }

    /// Takes the operands from `first` on and makes them a list.
    fn link(&mut self, first: usize) -> List {
        let mut list = List::default();
        for id in self.operands.drain(first..) {
            match list.last {
                Some(last) => self.nodes[last.0 as usize].next = Some(id),
                None => list.first = Some(id),
            }
            list.last = Some(id);
        }
        list
    }

    fn stored(&mut self, id: NodeId) -> &mut Stored {
        &mut self.nodes[id.0 as usize]
    }

    fn push_node(&mut self, kind: NodeKind, span: Span) {
        self.operands.push(NodeId(narrow(self.nodes.len())));
        self.nodes.push(Stored { span, next: None, kind });
    }

    /// The lexer lets no operator through without its operands; should it ever, that is an error, not a crash.
    fn pop_operand(&mut self, token: Token) -> Result<NodeId, ParseError> {
        self.operands.pop().ok_or_else(|| self.error(ParseErrorKind::UnexpectedEndOfExpression, token))
    }

    fn span_of(&self, id: NodeId) -> Span {
        self.nodes[id.0 as usize].span
    }

    /// Walks the tree without recursion, so that a deep one is refused and does no harm.
    fn check_depth(&self, root: NodeId) -> Result<(), ParseError> {
        if self.nodes.len() <= MAX_DEPTH {
            return Ok(());
        }
        let mut pending = vec![(root, 1)];
        while let Some((id, depth)) = pending.pop() {
            if depth > MAX_DEPTH {
                return Err(ParseError::whole(ParseErrorKind::ExceededMaxDepth, self.source));
            }
            let below = depth + 1;
            match self.nodes[id.0 as usize].kind {
                NodeKind::Literal(_) | NodeKind::Wildcard | NodeKind::Named => {}
                NodeKind::Not(operand) => pending.push((operand, below)),
                NodeKind::Index(left, right) | NodeKind::Compare(_, left, right) => {
                    pending.extend([(left, below), (right, below)]);
                }
                NodeKind::And(list) | NodeKind::Or(list) | NodeKind::Call { arguments: list, .. } => {
                    let next = |id: &NodeId| self.nodes[id.0 as usize].next;
                    pending.extend(std::iter::successors(list.first, next).map(|id| (id, below)));
                }
            }
        }
        Ok(())
    }

    fn error(&self, kind: ParseErrorKind, token: Token) -> ParseError {
        ParseError::at(kind, self.source, token.span())
    }
}

fn and_operands(kind: &mut NodeKind) -> Option<&mut List> {
    if let NodeKind::And(operands) = kind { Some(operands) } else { None }
}

fn or_operands(kind: &mut NodeKind) -> Option<&mut List> {
    if let NodeKind::Or(operands) = kind { Some(operands) } else { None }
}

/// The text inside single quotes, with doubled quotes halved.
fn unquote(quoted: &str) -> Value {
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    if inner.contains('\'') { Value::from(inner.replace("''", "'")) } else { Value::from(inner) }
}

/// How strongly a token binds; 0 for tokens that are values (`Token.cs`, `Precedence`).
const fn precedence(kind: TokenKind) -> u8 {
    match kind {
        TokenKind::StartGroup => 20,
        TokenKind::StartIndex | TokenKind::StartParameters | TokenKind::Dereference => 19,
        TokenKind::Operator(operator) => match operator {
            Operator::Not => 16,
            Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual => 11,
            Operator::Equal | Operator::NotEqual => 10,
            Operator::And => 6,
            Operator::Or => 5,
        },
        TokenKind::EndGroup | TokenKind::EndIndex | TokenKind::EndParameters | TokenKind::Separator => 1,
        TokenKind::Wildcard
        | TokenKind::Null
        | TokenKind::Boolean(_)
        | TokenKind::Number(_)
        | TokenKind::String
        | TokenKind::PropertyName
        | TokenKind::Function
        | TokenKind::NamedValue
        | TokenKind::Unexpected(_) => 0,
    }
}

fn is_left_associative(kind: TokenKind) -> bool {
    !matches!(kind, TokenKind::StartGroup | TokenKind::Operator(Operator::Not))
}

/// Whether what is below this operator waits for a closing bracket.
const fn opens(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::StartGroup | TokenKind::StartIndex | TokenKind::StartParameters | TokenKind::Separator
    )
}

/// Whether a source that ends with this token ends too early.
fn leaves_open(kind: TokenKind) -> bool {
    let closes = matches!(kind, TokenKind::EndGroup | TokenKind::EndIndex | TokenKind::EndParameters);
    kind == TokenKind::Function || (precedence(kind) > 0 && !closes)
}

/// Sizes and offsets within a source of at most 21,000 characters.
pub(crate) fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
