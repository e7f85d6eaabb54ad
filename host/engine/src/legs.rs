//! The legs that a job's strategy makes of it: which are wanted, what they are called, what they see.
//!
//! Pure; used by the dispatcher and by the preview alike. Which of them run at once is the dispatcher's.

use act_expr::{Object, Value};
use act_workflow::evaluate;
use act_workflow::matrix::{self, Leg, Strategy};
use act_workflow::model::Job;

use crate::request::Selection;
use crate::scope::JobScope;

/// Expands a job's strategy.
///
/// # Errors
/// GitHub's texts.
pub(crate) fn strategy(job: &Job, scope: &JobScope<'_>, files: &[String]) -> Result<Strategy, Vec<String>> {
    let value = match &job.strategy {
        None => Value::Null,
        Some(token) => {
            evaluate::now(evaluate::strategy(token, scope)).map_err(|error| error.messages(files))?
        }
    };
    matrix::expand(job.id.as_str(), &value).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// The legs of a job that the user asked for.
pub(crate) struct Wanted {
    /// Whether the job has a matrix.
    pub(crate) many: bool,
    /// With their numbers in the matrix; none for a job without one.
    pub(crate) legs: Vec<(Option<u32>, Leg)>,
}

impl Wanted {
    pub(crate) fn of(legs: Vec<Leg>, selection: &Selection) -> Self {
        let many = legs.iter().any(|leg| leg.matrix != Value::Null);
        let numbered = (0..).zip(legs).map(|(index, leg)| (many.then_some(index), leg));
        Self { many, legs: numbered.filter(|(_, leg)| selection.takes(&leg.matrix)).collect() }
    }
}

/// Returns what a leg's own expressions see, made of what its job's see.
pub(crate) fn scope<'a>(job: &JobScope<'a>, leg: &Leg) -> JobScope<'a> {
    let contexts = Object::clone(&job.contexts)
        .with("matrix", leg.matrix.clone())
        .with("strategy", leg.strategy.clone());
    JobScope { contexts, ..job.clone() }
}

/// Returns a leg's name, behind those of the jobs that call its workflow.
///
/// # Errors
/// GitHub's texts.
pub(crate) fn name(
    prefix: &str,
    job: &Job,
    leg: &Leg,
    scope: &JobScope<'_>,
    files: &[String],
) -> Result<String, Vec<String>> {
    let default = || leg.display_name(job.id.as_str());
    let name = match &job.name {
        None => default(),
        Some(token) => match token.as_str() {
            Some(literal) => leg.display_name(literal),
            None => {
                let name =
                    evaluate::now(evaluate::job_name(token, scope)).map_err(|error| error.messages(files))?;
                if name.is_empty() { default() } else { name }
            }
        },
    };
    Ok(format!("{prefix}{name}"))
}
