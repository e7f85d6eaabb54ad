//! What can be wrong with an expression, in GitHub's own words.

use crate::json::JsonError;
use crate::text::utf16_len;
use crate::value::Kind;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Why a source is no expression (`ParseExceptionKind.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParseErrorKind {
    /// More than 50 levels of nesting.
    ExceededMaxDepth,
    /// More than 21,000 UTF-16 units.
    ExceededMaxLength,
    /// A function lacks arguments.
    TooFewParameters,
    /// A function has more arguments than it takes.
    TooManyParameters,
    /// `case` needs an odd number of arguments.
    EvenParameters,
    /// The source stops short.
    UnexpectedEndOfExpression,
    /// Text that is no token of the language.
    IllegalToken,
    /// A token that may not stand where it stands; GitHub's message is that of an illegal token.
    MisplacedToken,
    /// Neither a built-in function nor one this place offers.
    UnrecognizedFunction,
    /// Not a context this place offers.
    UnrecognizedNamedValue,
}

/// The step at which an expression failed, as GitHub's own test suite names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Cutting the source into tokens.
    Lexing,
    /// Putting tokens together.
    Parsing,
    /// Computing the value.
    Evaluation,
}

impl Stage {
    /// `lexing`, `parsing` or `evaluation`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lexing => "lexing",
            Self::Parsing => "parsing",
            Self::Evaluation => "evaluation",
        }
    }
}

impl ParseErrorKind {
    const fn description(self) -> &'static str {
        match self {
            Self::ExceededMaxDepth => "Exceeded max expression depth 50",
            Self::ExceededMaxLength => "Exceeded max expression length 21000",
            Self::TooFewParameters => "Too few parameters supplied",
            Self::TooManyParameters => "Too many parameters supplied",
            Self::EvenParameters => {
                "Even number of parameters supplied, requires an odd number of parameters"
            }
            Self::UnexpectedEndOfExpression => "Unexpected end of expression",
            Self::IllegalToken | Self::MisplacedToken => "Unexpected symbol",
            Self::UnrecognizedFunction => "Unrecognized function",
            Self::UnrecognizedNamedValue => "Unrecognized named-value",
        }
    }

    /// Whether tokens or their order are at fault.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::IllegalToken | Self::ExceededMaxLength => Stage::Lexing,
            Self::ExceededMaxDepth
            | Self::TooFewParameters
            | Self::TooManyParameters
            | Self::EvenParameters
            | Self::UnexpectedEndOfExpression
            | Self::MisplacedToken
            | Self::UnrecognizedFunction
            | Self::UnrecognizedNamedValue => Stage::Parsing,
        }
    }
}

/// A source that is no expression; shown exactly as GitHub shows it (`ParseException.cs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(Box<Mistake>);

/// Boxed, as most expressions have none and every step of the parser may return one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mistake {
    kind: ParseErrorKind,
    expression: Arc<str>,
    /// The token at fault, in bytes.
    token: Option<Range<usize>>,
}

impl ParseError {
    pub(crate) fn at(kind: ParseErrorKind, expression: &str, token: Range<usize>) -> Self {
        Self(Box::new(Mistake { kind, expression: expression.into(), token: Some(token) }))
    }

    pub(crate) fn whole(kind: ParseErrorKind, expression: &str) -> Self {
        Self(Box::new(Mistake { kind, expression: expression.into(), token: None }))
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ParseErrorKind {
        self.0.kind
    }

    /// Where in the source, in bytes; `None` when the source as a whole is at fault.
    #[must_use]
    pub fn span(&self) -> Option<Range<usize>> {
        self.0.token.clone()
    }

    /// The whole source.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.0.expression
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.description())?;
        let expression = self.expression();
        let Some(span) = self.span() else { return Ok(()) };
        let position = utf16_len(expression.get(..span.start).unwrap_or_default()) + 1;
        let token = expression.get(span).unwrap_or_default();
        write!(f, ": '{token}'. Located at position {position} within expression: {expression}")
    }
}

impl std::error::Error for ParseError {}

/// Why an expression has no value, in GitHub's words (`ExpressionResources.resx`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The evaluation held more than it may (see [`crate::Settings::max_memory`]).
    #[error(
        "The maximum allowed memory size was exceeded while evaluating the following expression: {expression}"
    )]
    Memory {
        /// The offending part, rewritten from its tree.
        expression: String,
    },
    /// A stray brace in the text given to `format`.
    #[error("The following format string is invalid: {0}")]
    FormatInvalid(Arc<str>),
    /// `format` was given fewer arguments than its text names.
    #[error("The following format string references more arguments than were supplied: {0}")]
    FormatArguments(Arc<str>),
    /// `{0:x}`: no value of the language takes specifiers.
    #[error("The format specifiers '{specifiers}' are not valid for objects of type '{kind}'")]
    FormatSpecifiers {
        /// What follows the colon.
        specifiers: String,
        /// The kind of the argument.
        kind: Kind,
    },
    /// `fromJson` was given something else.
    #[error("Error parsing fromJson")]
    Json(#[source] JsonError),
    /// `fromJson` was given something else, and strict parsing is on.
    #[error("Error parsing fromJson: {0}")]
    StrictJson(String),
    /// A condition of `case` is no boolean.
    #[error("case predicate must evaluate to a boolean value")]
    CasePredicate,
    /// The host refused a function or a look-up, in its own words.
    #[error("{0}")]
    Host(String),
}

/// An expression that failed at any stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is no expression.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It has no value.
    #[error(transparent)]
    Evaluation(#[from] EvalError),
}

impl ExpressionError {
    /// The step at which it failed.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Parse(error) => error.kind().stage(),
            Self::Evaluation(_) => Stage::Evaluation,
        }
    }
}
