//! What a job runs and asks for, found in its files without running anything: what policies judge.
//!
//! What a composite action brings is not looked at here: its steps are judged as they start, with their commits.

use std::collections::HashSet;

use act_core::decide::{ImageRole, ImageUse, JobContent, SecretUse, SecretWanted, StepContent, WorkflowUse};
use act_core::ids::StepPath;
use act_core::spec::SecretName;
use act_expr::{Property, PropertyUse};
use act_job::content;
use act_workflow::expression::Expression;
use act_workflow::model::{CallSecrets, Enclosing, Job, JobKind, StepsJob};
use act_workflow::source::Span;
use act_workflow::step::{Step, StepKind};
use act_workflow::token::Token;
use act_workflow::uses::{DOCKER_PREFIX, UsesRef};
use act_workflow::written;

/// The name of `github.token` among the secrets.
const TOKEN: &str = "GITHUB_TOKEN";

/// Where a job stands.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// Names by `FileId`.
    pub(crate) files: &'a [String],
    /// The jobs that call its workflow, outermost first.
    pub(crate) callers: &'a [&'a Job],
    /// What its file gives to all jobs.
    pub(crate) enclosing: &'a Enclosing,
    /// What a text comes to, where that is known by now.
    pub(crate) text: &'a dyn Fn(&Token) -> Option<String>,
}

/// Finds what a job runs.
pub(crate) fn of_job(job: &Job, steps: &StepsJob, around: Surroundings<'_>) -> JobContent {
    let permissions = std::iter::once(job).chain(around.callers.iter().rev().copied());
    let environment = steps.environment.as_ref().and_then(|token| token.get("name").or(Some(token)));
    let mut contents = Vec::new();
    each_step(&steps.steps, &StepPath::job(), &mut |step, path| {
        contents.push(content::of_step(step, path, around.files));
    });
    JobContent {
        workflows: around.callers.iter().filter_map(|caller| workflow_use(caller, around)).collect(),
        secrets: secrets(job, steps, around),
        permissions: permissions
            .filter_map(|job| job.permissions.as_ref())
            .map(|given| given.value.clone())
            .next(),
        environment: environment.map(|token| around.text(token)),
        images: images(steps, &contents, around),
        steps: contents,
    }
}

fn each_step<'s>(steps: &'s [Step], scope: &StepPath, visit: &mut dyn FnMut(&'s Step, StepPath)) {
    for (index, step) in (0..).zip(steps) {
        let path = scope.step(index);
        visit(step, path.clone());
        if let StepKind::Parallel { steps } = &step.kind {
            each_step(steps, &path, visit);
        }
    }
}

fn workflow_use(caller: &Job, around: Surroundings<'_>) -> Option<WorkflowUse> {
    let JobKind::Call(call) = &caller.kind else { return None };
    let place = content::place(call.uses.span, around.files);
    Some(WorkflowUse { what: content::of_call(&call.target), place })
}

fn images(steps: &StepsJob, contents: &[StepContent], around: Surroundings<'_>) -> Vec<ImageUse> {
    let image = |token: &Token, role: ImageRole| {
        let image = token.get("image").unwrap_or(token);
        let place = content::place(image.span, around.files);
        let image = around.text(image);
        ImageUse {
            image: image.strip_prefix(DOCKER_PREFIX).map_or(image.clone(), str::to_owned),
            role,
            place,
        }
    };
    let job = steps.container.iter().map(|token| image(token, ImageRole::Job));
    let services = steps.services.iter().flat_map(|token| token.as_mapping().unwrap_or_default());
    let services =
        services.map(|(name, token)| image(token, ImageRole::Service(name.literal_text().to_string())));
    let mut found: Vec<ImageUse> = job.chain(services).filter(|found| !found.image.is_empty()).collect();
    let mut contents = contents.iter();
    each_step(&steps.steps, &StepPath::job(), &mut |step, path| {
        // Both walk the same steps in the same order.
        let place = contents.next().map(|content| content.place.clone()).unwrap_or_default();
        if let Some(UsesRef::Docker { image }) = step.uses().map(|uses| &uses.value) {
            found.push(ImageUse { image: image.to_string(), role: ImageRole::Step(path), place });
        }
    });
    found
}

fn secrets(job: &Job, steps: &StepsJob, around: Surroundings<'_>) -> Vec<SecretUse> {
    let mut found = Found { files: around.files, step: None, known: HashSet::new(), uses: Vec::new() };
    around.callers.iter().for_each(|caller| found.in_call(caller));
    found.tokens([&around.enclosing.env, &around.enclosing.defaults]);
    found.tokens([&job.name, &job.concurrency, &job.strategy]);
    found.condition(&job.condition, job.id_span);
    found.token(&steps.runs_on);
    found.tokens([&steps.env, &steps.environment, &steps.defaults, &steps.outputs]);
    found.tokens([&steps.container, &steps.services, &steps.snapshot]);
    found.tokens([&steps.timeout_minutes, &steps.cancel_timeout_minutes, &steps.continue_on_error]);
    each_step(&steps.steps, &StepPath::job(), &mut |step, path| found.in_step(step, path));
    found.uses
}

/// The places that ask for secrets, each once.
struct Found<'a> {
    files: &'a [String],
    step: Option<StepPath>,
    known: HashSet<(SecretWanted, Span)>,
    uses: Vec<SecretUse>,
}

impl Found<'_> {
    fn in_call(&mut self, caller: &Job) {
        let JobKind::Call(call) = &caller.kind else { return };
        self.tokens([&call.with]);
        match &call.secrets {
            CallSecrets::None => {}
            CallSecrets::Inherit(span) => self.add(SecretWanted::Inherited, *span),
            CallSecrets::Map(token) => self.token(token),
        }
    }

    fn in_step(&mut self, step: &Step, path: StepPath) {
        self.step = Some(path);
        self.tokens([&step.name, &step.env, &step.continue_on_error, &step.timeout_minutes]);
        self.condition(&step.condition, step.span);
        match &step.kind {
            StepKind::Run { run, shell, working_directory } => {
                self.token(run);
                self.tokens([shell, working_directory]);
            }
            StepKind::Uses { with, .. } => self.tokens([with]),
            StepKind::Wait { .. }
            | StepKind::WaitAll
            | StepKind::Cancel { .. }
            | StepKind::Parallel { .. } => {}
        }
    }

    fn tokens<const N: usize>(&mut self, tokens: [&Option<Token>; N]) {
        tokens.into_iter().flatten().for_each(|token| self.token(token));
    }

    fn token(&mut self, token: &Token) {
        token.each_expression(&mut |expression, span| self.expression(expression, span));
    }

    fn condition(&mut self, condition: &act_workflow::step::If, otherwise: Span) {
        self.expression(&condition.expression, condition.span.unwrap_or(otherwise));
    }

    fn expression(&mut self, expression: &Expression, span: Span) {
        for found in expression.parsed().uses() {
            if let Some(wanted) = wanted(&found) {
                self.add(wanted, span);
            }
        }
    }

    fn add(&mut self, wanted: SecretWanted, span: Span) {
        if self.known.insert((wanted.clone(), span)) {
            let place = content::place(span, self.files);
            self.uses.push(SecretUse { wanted, place, step: self.step.clone() });
        }
    }
}

/// Returns which secret a mention of a context asks for. All of `github` holds the token, too.
fn wanted(found: &PropertyUse) -> Option<SecretWanted> {
    let named = |name: &str| SecretWanted::Named(SecretName(name.to_owned()));
    match found.context.to_ascii_lowercase().as_str() {
        "secrets" => Some(match &found.property {
            Property::Literal { key, .. } => named(key),
            Property::Computed { .. } => SecretWanted::Computed,
            Property::Whole => SecretWanted::Whole,
        }),
        "github" => match &found.property {
            Property::Literal { key, .. } if !key.eq_ignore_ascii_case("token") => None,
            Property::Literal { .. } | Property::Computed { .. } | Property::Whole => Some(named(TOKEN)),
        },
        _ => None,
    }
}

impl Surroundings<'_> {
    fn text(&self, token: &Token) -> String {
        let known = if token.is_expression() { (self.text)(token) } else { None };
        known.unwrap_or_else(|| written::token(token))
    }
}

#[cfg(test)]
mod tests;
