//! `container` and `services` of a leg, evaluated: secrets stay names.
//!
//! Expressions are evaluated twice: with marks in place of secrets, which shows where a secret goes, and with the
//! secrets themselves. Where the one, its marks replaced, is not the other, something was computed from a secret, and it
//! cannot be handed on by name.

use act_core::place::Bind;
use act_core::place::container::{ContainerError, JobContainer, SecretMarks, Service};
use act_core::spec::SecretName;
use act_expr::{Called, Named, Reply, Scope, Value};
use act_workflow::evaluate::{self, EvaluateError};
use act_workflow::model::{Enclosing, StepsJob};
use act_workflow::source::Span;
use act_workflow::token::{Token, TokenKind};
use act_workflow::values::Container;

use crate::scope::JobScope;

/// Evaluates them; `around` are the `env` mappings around the job, outermost first.
///
/// # Errors
/// GitHub's texts of expressions, and ours of what makes no sense.
pub(crate) fn containers(
    job: &StepsJob,
    around: &[Token],
    scope: &JobScope<'_>,
    files: &[String],
) -> Result<Bind, Vec<String>> {
    if job.container.is_none() && job.services.is_none() {
        return Ok(Bind::default());
    }
    let marks = SecretMarks::new(scope.secrets.names().cloned());
    let marked = Seen::new(job, around, scope, Some(&marks), files)?;
    let real = Seen::new(job, around, scope, None, files)?;
    let read = |marked: &Container, real: &Container, key: &str| {
        let said = |error: ContainerError| vec![format!("{key}: {error}")];
        if opened(marked, &marks, scope) != *real {
            return Err(vec![format!(
                "{key}: something is computed from a secret, and only a secret as it is can be handed to a container"
            )]);
        }
        JobContainer::read(marked, &marks).map_err(said)
    };
    let container = match (&marked.container, &real.container) {
        (Some(marked), Some(real)) => Some(Box::new(read(marked, real, "`container`")?)),
        _ => None,
    };
    let mut services = Vec::new();
    for ((name, marked), (_, real)) in marked.services.iter().zip(&real.services) {
        if let (Some(marked), Some(real)) = (marked, real) {
            let container = read(marked, real, &format!("`services.{name}`"))?;
            services.push(Service { name: name.clone(), container });
        }
    }
    Ok(Bind { container, services, ..Bind::default() })
}

/// Returns the `env` mappings around a job's own, outermost first: `given` by the user, then those of its file.
pub(crate) fn env_around(given: &[(String, String)], enclosing: &Enclosing) -> Vec<Token> {
    let text = |text: &str| Token::string(text, Span::nowhere());
    let entries = given.iter().map(|(name, value)| (text(name), text(value)));
    let given = Token::new(TokenKind::Mapping(entries.collect()), Span::nowhere());
    std::iter::once(given).chain(enclosing.env.clone()).collect()
}

/// What the keys come to, seen with secrets or with marks in their place.
struct Seen {
    container: Option<Container>,
    services: Vec<(String, Option<Container>)>,
}

impl Seen {
    fn new(
        job: &StepsJob,
        around: &[Token],
        scope: &JobScope<'_>,
        marks: Option<&SecretMarks>,
        files: &[String],
    ) -> Result<Self, Vec<String>> {
        let said = |error: EvaluateError| error.messages(files);
        let mut scope = Marked { scope, marks, env: Vec::new() };
        for token in around.iter().chain(&job.env) {
            let more = evaluate::now(evaluate::step_env(token, &scope)).map_err(said)?;
            scope.env.extend(more.into_iter().map(|(name, text)| (name, Value::from(text))));
        }
        let container = match &job.container {
            Some(token) => evaluate::now(evaluate::container(token, &scope)).map_err(said)?,
            None => None,
        };
        let services = match &job.services {
            Some(token) => evaluate::now(evaluate::services(token, &scope)).map_err(said)?,
            None => Vec::new(),
        };
        Ok(Self { container, services })
    }
}

/// Puts secrets in the place of their marks.
fn opened(container: &Container, marks: &SecretMarks, scope: &JobScope<'_>) -> Container {
    let secret = |name: &SecretName| scope.secrets.get(&name.0).map(|secret| secret.reveal());
    let open = |text: &String| marks.seal(text).open(secret);
    let mut opened = container.clone();
    opened.image = open(&opened.image);
    opened.env.iter_mut().for_each(|(_, text)| *text = open(text));
    let lists = opened.volumes.iter_mut().chain(&mut opened.ports);
    let singles = [&mut opened.options, &mut opened.entrypoint, &mut opened.command];
    lists.chain(singles.into_iter().flatten()).for_each(|text| *text = open(text));
    if let Some(login) = &mut opened.credentials {
        [&mut login.username, &mut login.password].into_iter().flatten().for_each(|text| *text = open(text));
    }
    opened
}

/// A job's scope with its `env`, and with marks for secrets where there are some.
struct Marked<'a> {
    scope: &'a JobScope<'a>,
    marks: Option<&'a SecretMarks>,
    env: Vec<(String, Value)>,
}

impl Scope for Marked<'_> {
    fn context(&self, name: &str) -> Named {
        if name.eq_ignore_ascii_case("env") {
            return Named::Value(Value::object(
                self.env.iter().map(|(name, value)| (name.as_str(), value.clone())),
            ));
        }
        self.scope.context(name)
    }

    fn lookup(&self, context: &str, key: &str) -> Reply {
        // What is empty counts as false, and so does what does not exist: a mark never does.
        let is_empty = self.scope.secrets.get(key).is_none_or(|secret| secret.reveal().is_empty());
        match self.marks.filter(|_| !is_empty).and_then(|marks| marks.mark(key)) {
            Some(mark) => Reply::Value(mark.into()),
            None => self.scope.lookup(context, key),
        }
    }

    fn whole(&self, context: &str) -> Reply {
        match self.marks {
            Some(marks) => {
                Reply::Value(Value::object(marks.all().map(|(name, mark)| (name.0.as_str(), mark))))
            }
            None => self.scope.whole(context),
        }
    }

    fn call(&self, function: &str, args: &[Value]) -> Called {
        self.scope.call(function, args)
    }
}
