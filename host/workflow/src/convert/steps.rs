//! Steps of jobs and composite actions.
//!
//! Port of `WorkflowTemplateConverter.ConvertToSteps`; the kinds GitHub's server does not show in its published source
//! (`wait`, `wait-all`, `cancel`, `parallel`) follow `steps.ts` of actions/languageservices.

use super::condition::condition;
use super::early::{self, When, literal};
use crate::context::Context;
use crate::expression::Allowed;
use crate::id_builder::{IdBuilder, MAX_LENGTH};
use crate::ids::StepId;
use crate::source::{Problem, Span, Spanned};
use crate::step::{If, Step, StepKind};
use crate::token::{Token, TokenKind};
use crate::uses::UsesRef;
use std::sync::Arc;

/// Reads the steps of one scope.
pub(crate) struct StepReader<'a, 'c> {
    context: &'a mut Context<'c>,
    /// What the `if` of a step may name.
    condition: &'a Allowed,
    ids: IdBuilder,
    /// Ids that `wait` and `cancel` may name: those of the steps before.
    known: Vec<Arc<str>>,
}

/// The properties of a step that all kinds share, as far as they were read.
#[derive(Default)]
struct Common {
    id: Option<Arc<str>>,
    name: Option<Token>,
    condition: Option<Token>,
    env: Option<Token>,
    continue_on_error: Option<Token>,
    timeout_minutes: Option<Token>,
    background: Option<bool>,
    span: Span,
}

/// The properties that make the kind of a step.
#[derive(Default)]
struct Parts {
    run: Option<Token>,
    shell: Option<Token>,
    working_directory: Option<Token>,
    uses: Option<Token>,
    with: Option<Token>,
    wait: Option<Vec<Spanned<StepId>>>,
    wait_all: bool,
    cancel: Option<Spanned<StepId>>,
    parallel: Option<Vec<Step>>,
}

impl<'a, 'c> StepReader<'a, 'c> {
    pub(crate) fn new(context: &'a mut Context<'c>, condition: &'a Allowed) -> Self {
        Self { context, condition, ids: IdBuilder::default(), known: Vec::new() }
    }

    /// Reads all steps; a step that cannot be read is a problem and is left out.
    pub(crate) fn steps(&mut self, token: Token) -> Vec<Step> {
        let TokenKind::Sequence(items) = token.kind else {
            if let Err(problem) = token.expect_sequence("job steps") {
                self.context.problem(problem);
            }
            return Vec::new();
        };
        let mut steps = Vec::with_capacity(items.len());
        for item in items {
            match self.step(item) {
                Ok(step) => steps.extend(step),
                Err(problem) => self.context.problem(problem),
            }
        }
        self.name_the_nameless(&mut steps);
        steps
    }

    /// Gives ids to the steps without one, after all written ones are known.
    fn name_the_nameless(&mut self, steps: &mut [Step]) {
        for step in steps.iter_mut().filter(|step| step.id_generated) {
            self.ids.append_segment(&format!("__{}", default_id(&step.kind)));
            match self.ids.build(true, MAX_LENGTH) {
                Some(id) => step.id = StepId::new(id),
                None => self.context.error(step.span, "Unable to create a unique name"),
            }
        }
    }

    fn step(&mut self, token: Token) -> Result<Option<Step>, Problem> {
        let span = token.span;
        token.expect_mapping("steps item")?;
        let TokenKind::Mapping(entries) = token.kind else { return Ok(None) };
        let mut common = Common { span, ..Common::default() };
        let mut parts = Parts::default();
        for (key, value) in entries {
            self.property(&key, value, &mut common, &mut parts)?;
        }
        let condition = self.condition(common.condition.as_ref());
        let Some(kind) = self.kind(parts, &common)? else { return Ok(None) };
        let Some(condition) = condition else { return Ok(None) };
        Ok(Some(Step {
            id_generated: common.id.is_none(),
            id: StepId::new(common.id.unwrap_or_else(|| "".into())),
            name: common.name,
            condition,
            env: common.env,
            continue_on_error: common.continue_on_error,
            timeout_minutes: common.timeout_minutes,
            background: common.background.unwrap_or_default(),
            kind,
            span,
        }))
    }

    fn condition(&mut self, token: Option<&Token>) -> Option<If> {
        condition(token, self.condition, "Step if").map_err(|problem| self.context.problem(problem)).ok()
    }

    fn property(
        &mut self,
        key: &Token,
        value: Token,
        common: &mut Common,
        parts: &mut Parts,
    ) -> Result<(), Problem> {
        match &**key.expect_string("steps item key")? {
            "id" => common.id = self.id(&value)?,
            "name" => common.name = Some(value),
            "if" => common.condition = Some(value),
            "env" => {
                early::texts(&value, When::Reading, "environment")?;
                common.env = Some(value);
            }
            "continue-on-error" => {
                literal(&value, When::Reading, |value| value.expect_bool("step continue-on-error"))?;
                common.continue_on_error = Some(value);
            }
            "timeout-minutes" => {
                literal(&value, When::Reading, |value| value.expect_number("step timeout-minutes"))?;
                common.timeout_minutes = Some(value);
            }
            "background" => common.background = Some(value.expect_bool("steps item background")?),
            _ => self.part(key, value, common, parts)?,
        }
        Ok(())
    }

    fn part(&mut self, key: &Token, value: Token, common: &Common, parts: &mut Parts) -> Result<(), Problem> {
        match key.as_str().unwrap_or_default() {
            "run" => parts.run = Some(value),
            "shell" => parts.shell = Some(value),
            "working-directory" => parts.working_directory = Some(value),
            "uses" => parts.uses = Some(value),
            "with" => {
                early::texts(&value, When::Reading, "inputs")?;
                parts.with = Some(value);
            }
            "wait" => parts.wait = Some(self.targets(&value, common.id.as_deref())?),
            "wait-all" => {
                if value.as_bool() == Some(false) {
                    self.context.error(value.span, "The value of 'wait-all' must be true or omitted");
                }
                parts.wait_all = true;
            }
            "cancel" => parts.cancel = Some(self.target(&value, common.id.as_deref())?),
            "parallel" => parts.parallel = Some(self.parallel(value, common.span)),
            _ => return Err(key.unexpected_value("steps item key")),
        }
        Ok(())
    }

    fn id(&mut self, token: &Token) -> Result<Option<Arc<str>>, Problem> {
        let id = token.expect_string("steps item id")?;
        if id.is_empty() {
            return Ok(None);
        }
        match self.ids.add_known(id) {
            Ok(()) => self.known.push(id.clone()),
            Err(error) => self.context.error(token.span, error.to_string()),
        }
        Ok(Some(id.clone()))
    }

    fn kind(&mut self, parts: Parts, common: &Common) -> Result<Option<StepKind>, Problem> {
        let Parts { run, shell, working_directory, uses, with, wait, wait_all, cancel, parallel } = parts;
        if let Some(run) = run {
            return Ok(Some(StepKind::Run { run, shell, working_directory }));
        }
        if let Some(uses) = uses {
            return Ok(self.uses(&uses)?.map(|uses| StepKind::Uses { uses, with }));
        }
        let kind = match (wait, wait_all, cancel, parallel) {
            (Some(steps), ..) => StepKind::Wait { steps },
            (None, true, ..) => StepKind::WaitAll,
            (None, false, Some(step), _) => StepKind::Cancel { step },
            (None, false, None, Some(steps)) => StepKind::Parallel { steps },
            (None, false, None, None) => {
                self.context.error(
                    common.span,
                    "Expected one of uses, run, wait, wait-all, cancel, or parallel to be defined",
                );
                return Ok(None);
            }
        };
        Ok(Some(kind))
    }

    fn uses(&mut self, token: &Token) -> Result<Option<Spanned<UsesRef>>, Problem> {
        let text = token.expect_string("steps item uses")?;
        let uses = UsesRef::parse(text);
        if uses.is_none() {
            self.context
                .error(token.span, format!("Expected format {{org}}/{{repo}}[/path]@ref. Actual '{text}'"));
        }
        Ok(uses.map(|uses| Spanned::new(uses, token.span)))
    }

    fn targets(&mut self, token: &Token, own: Option<&str>) -> Result<Vec<Spanned<StepId>>, Problem> {
        match token.as_sequence() {
            Some(items) => items.iter().map(|item| self.target(item, own)).collect(),
            None => Ok(vec![self.target(token, own)?]),
        }
    }

    fn target(&mut self, token: &Token, own: Option<&str>) -> Result<Spanned<StepId>, Problem> {
        let id = token.expect_string("steps item wait")?;
        if id.starts_with("__") {
            self.context.error(
                token.span,
                format!("The identifier '{id}' is invalid. IDs starting with '__' are reserved."),
            );
        } else if own.is_some_and(|own| own.eq_ignore_ascii_case(id)) {
            self.context.error(token.span, format!("Step '{id}' cannot reference itself"));
        } else if !self.known.iter().any(|known| known.eq_ignore_ascii_case(id)) {
            self.context.error(token.span, format!("Step references unknown step ID '{id}'"));
        }
        Ok(Spanned::new(StepId::new(id.clone()), token.span))
    }

    /// Reads a parallel group. Its ids belong to the job's scope, as its outputs do.
    fn parallel(&mut self, token: Token, span: Span) -> Vec<Step> {
        let has_background =
            token.as_sequence().unwrap_or_default().iter().any(|step| step.get("background").is_some());
        let steps = self.steps(token);
        if has_background {
            let message = "'background' is not allowed inside a parallel block. Steps in a parallel block are automatically run as background steps.";
            self.context.error(span, message);
        }
        for step in &steps {
            match step.kind {
                StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => {
                    self.context
                        .error(span, format!("'{}' is not allowed inside a parallel block.", step.keyword()));
                }
                StepKind::Parallel { .. } => {
                    self.context.error(span, "Nested 'parallel' blocks are not allowed.")
                }
                StepKind::Run { .. } | StepKind::Uses { .. } => {}
            }
        }
        steps
    }
}

/// What the id of a step without one begins with, after `__`.
fn default_id(kind: &StepKind) -> String {
    match kind {
        StepKind::Uses { uses, .. } => match &uses.value {
            UsesRef::Docker { image } if !image.is_empty() => image.to_string(),
            UsesRef::Docker { .. } => "run".to_owned(),
            UsesRef::Local { .. } => "self".to_owned(),
            UsesRef::SelfRepository { .. } => "selfRepository".to_owned(),
            UsesRef::Remote { owner, repository, .. } => format!("{owner}/{repository}"),
        },
        StepKind::Run { .. } => "run".to_owned(),
        StepKind::Wait { .. } => "wait".to_owned(),
        StepKind::WaitAll => "wait-all".to_owned(),
        StepKind::Cancel { .. } => "cancel".to_owned(),
        StepKind::Parallel { .. } => "parallel".to_owned(),
    }
}
