//! Values of a job that can be judged when the file is read, or once their expressions are evaluated.
//!
//! The same rules serve both times: with [`When::Reading`] an expression is passed over, with [`When::Evaluated`] there
//! are none. Port of the `ConvertTo…` methods of `WorkflowTemplateConverter.cs` that take `isEarlyValidation`.

mod container;

pub(crate) use container::{container, services};

use crate::source::Problem;
use crate::token::{Token, TokenKind};
use crate::values::{Concurrency, Environment, RunsOn, Variables};
use act_expr::text::utf16_len;
use indexmap::IndexMap;

/// When a value is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// The file is being read: expressions are still there.
    Reading,
    /// Expressions are evaluated.
    Evaluated,
}

impl When {
    /// Whether this token has to wait for its evaluation.
    pub(crate) const fn passes_over(self, token: &Token) -> bool {
        matches!(self, Self::Reading) && token.is_expression()
    }
}

/// Reads a literal of some kind, or nothing while it is an expression.
pub(crate) fn literal<T>(
    token: &Token,
    when: When,
    read: impl FnOnce(&Token) -> Result<T, Problem>,
) -> Result<Option<T>, Problem> {
    if when.passes_over(token) { Ok(None) } else { read(token).map(Some) }
}

/// `runs-on`.
pub(crate) fn runs_on(token: &Token, when: When, problems: &mut Vec<Problem>) -> Result<RunsOn, Problem> {
    let mut result = RunsOn::default();
    labels(token, when, &mut result)?;
    let TokenKind::Mapping(entries) = &token.kind else { return Ok(result) };
    for (key, value) in entries {
        match &**key.expect_string("job runs-on property name")? {
            "group" if when.passes_over(value) => {}
            "group" => match group(value.expect_string("job runs-on group name")?) {
                Ok(group) => result.group = Some(group),
                Err(message) => problems.push(Problem::new(value.span, message)),
            },
            "labels" => labels(value, when, &mut result)?,
            _ => {}
        }
    }
    Ok(result)
}

fn labels(token: &Token, when: When, result: &mut RunsOn) -> Result<(), Problem> {
    match &token.kind {
        TokenKind::String(label) => result.labels.push(label.to_string()),
        TokenKind::Sequence(items) => {
            for item in items.iter().filter(|item| !when.passes_over(item)) {
                result.labels.push(item.expect_string("job runs-on labels sequence item")?.to_string());
            }
        }
        _ => {}
    }
    Ok(())
}

fn group(name: &str) -> Result<String, String> {
    let advice = "Please use 'organization/' or 'enterprise/' prefix to target a single runner group.";
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [_] => Ok(name.to_owned()),
        [_, ""] => Err(format!("Invalid runs-on group name '{name}'.")),
        ["org" | "organization" | "ent" | "enterprise", _] => Ok(name.to_owned()),
        _ => Err(format!("Invalid runs-on group name '{name}'. {advice}")),
    }
}

/// `concurrency` of a workflow or a job.
pub(crate) fn concurrency(
    token: &Token,
    when: When,
    problems: &mut Vec<Problem>,
) -> Result<Concurrency, Problem> {
    let mut result = Concurrency::default();
    match &token.kind {
        TokenKind::String(group) => result.group = group.to_string(),
        _ if when.passes_over(token) => return Ok(result),
        _ => {
            for (key, value) in token.expect_mapping("concurrency")? {
                if when.passes_over(key) || when.passes_over(value) {
                    continue;
                }
                match &**key.expect_string("concurrency key")? {
                    "group" => result.group = value.expect_string("group key")?.to_string(),
                    "cancel-in-progress" => {
                        result.cancel_in_progress = value.expect_bool("cancel-in-progress key")?
                    }
                    "queue" => result.queue_max = queue_max(value)?,
                    _ => return Err(key.unexpected_value("concurrency key")),
                }
            }
        }
    }
    if when == When::Evaluated && result.group.is_empty() {
        problems.push(Problem::new(token.span, "Concurrency group name cannot be empty"));
    }
    if utf16_len(&result.group) > 400 {
        problems.push(Problem::new(token.span, "Concurrency group name must be less than 400 characters"));
    }
    if result.queue_max && result.cancel_in_progress {
        let problem =
            Problem::new(token.span, "`queue: max` cannot be combined with `cancel-in-progress: true`");
        problems.push(problem.with_hint("a queue that keeps every run has nothing to cancel"));
    }
    Ok(result)
}

fn queue_max(token: &Token) -> Result<bool, Problem> {
    match &**token.expect_string("queue key")? {
        "single" => Ok(false),
        "max" => Ok(true),
        _ => Err(token.unexpected_value("queue key")),
    }
}

/// `environment`; nothing for an empty name. Its `url` stays a token: the runner evaluates it at the end of the job.
pub(crate) fn environment(token: &Token, when: When) -> Result<Option<Environment>, Problem> {
    if when.passes_over(token) {
        return Ok(None);
    }
    let mut result = Environment { name: String::new(), url: None, deployment: true };
    if let TokenKind::String(name) = &token.kind {
        result.name = name.to_string();
    } else {
        let entries = token.expect_mapping("job environment")?;
        if when == When::Reading
            && entries.iter().any(|(key, value)| key.as_str() != Some("url") && value.has_expression())
        {
            return Ok(None);
        }
        for (key, value) in entries {
            match &**key.expect_string("job environment key")? {
                "name" => result.name = value.expect_string("job environment name")?.to_string(),
                "url" => result.url = Some(value.clone()),
                "deployment" => result.deployment = value.expect_bool("job environment deployment")?,
                _ => return Err(key.unexpected_value("job environment key")),
            }
        }
    }
    Ok((!result.name.is_empty()).then_some(result))
}

/// A mapping of texts: `env`, `with`, `outputs`, `defaults.run`. `what` names it in messages.
pub(crate) fn texts(token: &Token, when: When, what: &str) -> Result<Variables, Problem> {
    let mut result = IndexMap::new();
    if when.passes_over(token) {
        return Ok(Variables::new());
    }
    for (key, value) in token.expect_mapping(what)? {
        if when.passes_over(key) {
            continue;
        }
        let key = key.expect_string(&format!("{what} key"))?;
        if when.passes_over(value) {
            continue;
        }
        result.insert(key.to_string(), value.expect_string(&format!("{what} value"))?.to_string());
    }
    Ok(result.into_iter().collect())
}
