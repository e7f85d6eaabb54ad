//! Decides which jobs a `strategy` makes of one: the legs of its matrix, their names, ids and contexts.
//!
//! A port of `MatrixBuilder.cs`, of `ConvertToStrategy` in `WorkflowTemplateConverter.cs` and of `EvaluateStrategy` in
//! `WorkflowTemplateEvaluator.cs`. It works on the evaluated strategy; evaluating expressions, and telling where in
//! the file a value stands, is the caller's ([`MatrixError::at`] leads there). When legs run, and what fail-fast does,
//! is the engine's.

mod build;
mod filter;
mod name;

use std::fmt;
use std::sync::Arc;

use act_expr::{Object, Value};

/// The most legs one matrix may have.
pub const MAX_LEGS: usize = 256;

/// An expanded strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// Whether the failure of one leg cancels the others; `true` unless the workflow says otherwise.
    pub fail_fast: bool,
    /// How many legs may run at once; `None` for all of them.
    pub max_parallel: Option<u32>,
    /// The jobs to run, at least one, in GitHub's order.
    pub legs: Vec<Leg>,
}

/// One job made by a strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// Unique within the job, in the alphabet of job ids; `__default` if there is no matrix.
    pub id: String,
    /// The `matrix` context: an object, or null if there is no matrix or everything is excluded.
    pub matrix: Value,
    /// The `strategy` context: `fail-fast`, `job-index`, `job-total`, `max-parallel`.
    pub strategy: Value,
    /// What tells the leg from its siblings, in order: the values of the axes as text.
    segments: Vec<String>,
}

/// Something wrong with a strategy; displays as GitHub's text.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct MatrixError {
    /// The way from the strategy to what is wrong.
    pub at: Vec<Step>,
    /// Whether it is the last key of the way that is wrong, not its value.
    pub is_key: bool,
    /// What is wrong.
    pub problem: MatrixProblem,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To the value of a key.
    Key(Arc<str>),
    /// To an item of a sequence.
    Index(usize),
}

/// What is wrong with a strategy, in GitHub's words.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MatrixProblem {
    /// A value of the wrong type.
    #[error(
        "Unexpected type '{found}' encountered while reading '{reading}'. The type '{expected}' was expected."
    )]
    UnexpectedType {
        /// GitHub's name for what was read.
        reading: &'static str,
        /// GitHub's name for the type found.
        found: &'static str,
        /// GitHub's name for the type wanted.
        expected: &'static str,
    },
    /// An unknown key of the strategy.
    #[error("Error while reading 'strategy key'. Unexpected value '{0}'")]
    UnexpectedKey(Arc<str>),
    /// An axis without values.
    #[error("Matrix vector '{0}' does not contain any values")]
    EmptyVector(Arc<str>),
    /// Neither an axis nor an include.
    #[error("Matrix must define at least one vector")]
    NoVector,
    /// An exclude by a key that is no axis.
    #[error("Matrix exclude key '{0}' does not match any key within the matrix")]
    UnknownExcludeKey(Arc<str>),
    /// An exclude without keys.
    #[error("Matrix exclude filter must not be empty")]
    EmptyExclude,
    /// An include without keys.
    #[error("Matrix include mapping does not contain any values")]
    EmptyInclude,
    /// More legs than [`MAX_LEGS`].
    #[error(
        "Strategy for job '{job}' produced {count} configurations which exceeds the maximum of {MAX_LEGS} configurations"
    )]
    TooManyLegs {
        /// Id of the job.
        job: String,
        /// How many legs there are.
        count: usize,
    },
    /// A matrix so large that it isn't tried, even though excludes might leave few legs.
    #[error("Maximum object size exceeded")]
    TooLarge,
}

/// Expands an evaluated `strategy` of the job `job`; null stands for no strategy.
///
/// Without a matrix, or if everything is excluded, there is one leg whose matrix is null.
///
/// # Errors
/// Everything that is wrong, in the order in which GitHub reports it.
pub fn expand(job: &str, strategy: &Value) -> Result<Strategy, Vec<MatrixError>> {
    let (settings, combinations) = read(job, strategy)?;
    Ok(settings.into_strategy(combinations))
}

/// Says what [`expand`] would find wrong, without making legs.
pub(crate) fn check(job: &str, strategy: &Value) -> Result<(), Vec<MatrixError>> {
    read(job, strategy).map(drop)
}

fn read(job: &str, strategy: &Value) -> Result<(build::Settings, Vec<Combination>), Vec<MatrixError>> {
    let settings = match strategy {
        Value::Null => build::Settings::default(),
        given => build::read(given)?,
    };
    let combinations = match &settings.matrix {
        None => Vec::new(),
        Some(matrix) => build::combinations(job, matrix)?,
    };
    Ok((settings, combinations))
}

impl Leg {
    /// The name to show: `base (a, b)`, cut to 97 characters and `...` if it is longer than 100.
    ///
    /// `base` is the job's name if that is a literal, else its id. A name with an expression is used as it comes out,
    /// without the suffix. Source: `JobNameBuilder.cs`.
    #[must_use]
    pub fn display_name(&self, base: &str) -> String {
        name::display(base, &self.segments)
    }

    /// The values that tell the leg from its siblings, as text: those of its axes, or all of an added include.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.segments
    }
}

impl MatrixError {
    fn new(at: Vec<Step>, problem: MatrixProblem) -> Self {
        Self { at, is_key: false, problem }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, ".{key}"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A combination of values with what was added to it, on the way to becoming a [`Leg`].
struct Combination {
    /// What names the leg.
    named: Object,
    /// What an include added to it.
    extra: Object,
}

#[cfg(test)]
mod tests;
