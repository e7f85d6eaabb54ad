//! Puts tokens together into a tree, by the shunting-yard algorithm of `ExpressionParser.cs`.
//!
//! Nothing here recurses with the source, so 21,000 opening parentheses are an error and not a crash. Tokens are
//! used as they are read: of two mistakes the first in the source is reported, whichever stage finds it.

use crate::error::{ParseError, ParseErrorKind};
use crate::lexer::{Lexer, Operator, Token, TokenKind};
use crate::syntax::{Function, Syntax};
use crate::text::utf16_len;
use crate::tree::{Comparison, NodeId, NodeKind, Span, Stored, Tree};
use crate::value::Value;
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
    operands: Vec<NodeId>,
    operators: Vec<Token>,
}

impl<'a> Parser<'a> {
    const fn new(source: &'a str, syntax: &'a Syntax) -> Self {
        Self { source, syntax, nodes: Vec::new(), operands: Vec::new(), operators: Vec::new() }
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
        let span = span(token.start, token.end);
        self.push_node(kind, span);
        Ok(())
    }

    fn call(&self, token: Token, name: &str) -> Result<NodeKind, ParseError> {
        let function = Function::named(name);
        if self.syntax.arity(function, name).is_none() {
            return Err(self.error(ParseErrorKind::UnrecognizedFunction, token));
        }
        Ok(NodeKind::Call { function, name_length: narrow(name.len()), arguments: Vec::new() })
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
        let span = Span { end: narrow(token.end), ..self.span_of(base) };
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
        let given = self.operands.split_off(first);
        let call = *self.operands.last().ok_or_else(|| self.error(ParseErrorKind::MisplacedToken, token))?;
        let stored = &mut self.nodes[call.0 as usize];
        stored.span.end = narrow(token.end);
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
            let span = Span { start: narrow(token.start), ..self.span_of(right) };
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
    /// however long it is; the left one is extended in place, as copying it would take quadratic time.
    fn chain(
        &mut self,
        left: NodeId,
        right: NodeId,
        span: Span,
        make: fn(Vec<NodeId>) -> NodeKind,
        operands: fn(&mut NodeKind) -> Option<&mut Vec<NodeId>>,
    ) {
        let tail =
            operands(&mut self.nodes[right.0 as usize].kind).map_or_else(|| vec![right], std::mem::take);
        let stored = &mut self.nodes[left.0 as usize];
        if let Some(head) = operands(&mut stored.kind) {
            head.extend(tail);
            stored.span = span;
            self.operands.push(left);
        } else {
            let mut all = vec![left];
            all.extend(tail);
            self.push_node(make(all), span);
        }
    }

    fn push_node(&mut self, kind: NodeKind, span: Span) {
        self.operands.push(NodeId(narrow(self.nodes.len())));
        self.nodes.push(Stored { span, kind });
    }

    /// The lexer lets no operator through without its operands; should it ever, that is an error, not a crash.
    fn pop_operand(&mut self, token: Token) -> Result<NodeId, ParseError> {
        self.operands.pop().ok_or_else(|| self.error(ParseErrorKind::UnexpectedEndOfExpression, token))
    }

    fn span_of(&self, id: NodeId) -> Span {
        self.nodes[id.0 as usize].span
    }

    /// Walks the tree a level at a time, so that a deep one is refused without recursion.
    fn check_depth(&self, root: NodeId) -> Result<(), ParseError> {
        let mut pending = vec![(root, 1)];
        while let Some((id, depth)) = pending.pop() {
            if depth > MAX_DEPTH {
                return Err(ParseError::whole(ParseErrorKind::ExceededMaxDepth, self.source));
            }
            let below = depth + 1;
            match &self.nodes[id.0 as usize].kind {
                NodeKind::Literal(_) | NodeKind::Wildcard | NodeKind::Named => {}
                NodeKind::Not(operand) => pending.push((*operand, below)),
                NodeKind::Index(left, right) | NodeKind::Compare(_, left, right) => {
                    pending.extend([(*left, below), (*right, below)]);
                }
                NodeKind::And(list) | NodeKind::Or(list) | NodeKind::Call { arguments: list, .. } => {
                    pending.extend(list.iter().map(|&id| (id, below)));
                }
            }
        }
        Ok(())
    }

    fn error(&self, kind: ParseErrorKind, token: Token) -> ParseError {
        ParseError::at(kind, self.source, token.span())
    }
}

fn and_operands(kind: &mut NodeKind) -> Option<&mut Vec<NodeId>> {
    if let NodeKind::And(operands) = kind { Some(operands) } else { None }
}

fn or_operands(kind: &mut NodeKind) -> Option<&mut Vec<NodeId>> {
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

fn span(start: usize, end: usize) -> Span {
    Span { start: narrow(start), end: narrow(end) }
}

/// Sizes and offsets within a source of at most 21,000 characters.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
