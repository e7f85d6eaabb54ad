//! What a step's work is, found before the step is announced, and done after.

use std::sync::Arc;

use act_core::control::Wanted;
use act_core::event::StepWhat;
use act_core::ids::Phase;
use act_expr::Value;
use act_workflow::action::ActionRuns;
use act_workflow::evaluate;
use act_workflow::step::StepKind;
use act_workflow::written;
use indexmap::IndexMap;

use crate::action::Action;
use crate::checkout::CheckoutPlan;
use crate::content;
use crate::executor::{Executor, Halt};
use crate::scope::StepScope;
use crate::script::Script;
use crate::step::{Frame, Running, Unit};

/// What a step will do, all expressions evaluated.
pub(crate) struct Work {
    /// For its log's head.
    pub(crate) what: StepWhat,
    /// Warnings found on the way.
    pub(crate) remarks: Vec<String>,
    pub(crate) kind: WorkKind,
}

pub(crate) enum WorkKind {
    Script(Script),
    Checkout(CheckoutPlan),
    Action { action: Arc<Action>, inputs: IndexMap<String, String> },
}

impl Executor<'_> {
    /// Finds what a step will do.
    ///
    /// # Errors
    /// [`Halt::Failed`] with what is wrong with it.
    pub(crate) async fn plan_work(
        &mut self,
        frame: &Frame,
        unit: &Unit<'_>,
        running: &mut Running,
    ) -> Result<Work, Halt> {
        match &unit.step.kind {
            StepKind::Run { .. } => self.plan_script(frame, unit, running).await,
            StepKind::Uses { with, .. } => {
                let mut inputs = IndexMap::new();
                if let Some(token) = with {
                    let evaluate = |scope: &StepScope| evaluate::step_inputs(token, scope);
                    inputs =
                        self.evaluate(&unit.at, &mut running.scope, evaluate).await?.into_iter().collect();
                }
                match self.plan_checkout(unit.step, &inputs)? {
                    Some(plan) => Ok(plan),
                    None => self.plan_action(unit, running, inputs).await,
                }
            }
            StepKind::Wait { .. }
            | StepKind::WaitAll
            | StepKind::Cancel { .. }
            | StepKind::Parallel { .. } => Err(Halt::failed(format!(
                "`{}` steps are not built yet: this step cannot run here",
                unit.step.keyword()
            ))),
        }
    }

    async fn plan_action(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        mut inputs: IndexMap<String, String>,
    ) -> Result<Work, Halt> {
        self.journal.write_down().await?;
        let action = self.load(unit.step, running).await?;
        name_repository(action.repository.as_ref(), running);
        let mut remarks = match unit.at.phase {
            Phase::Main => self.input_remarks(&action, &inputs),
            // Said once is enough.
            Phase::Pre | Phase::Post => Vec::new(),
        };
        if action.repository.is_none() && has_pre(&action) && unit.at.phase == Phase::Main {
            remarks.push(format!("`pre` execution is not supported for local action from '{}'", action.uses));
        }
        for (name, input) in &action.manifest.inputs {
            if inputs.keys().any(|given| given.eq_ignore_ascii_case(name.as_str())) {
                continue;
            }
            let default = match &input.default {
                Some(token) => {
                    let evaluate = |scope: &StepScope| evaluate::input_default(token, scope);
                    self.evaluate(&unit.at, &mut running.scope, evaluate).await?
                }
                None => String::new(),
            };
            inputs.insert(name.as_str().to_owned(), default);
        }
        let with = inputs.iter().filter(|(_, value)| !value.is_empty());
        let what = StepWhat::Uses {
            uses: action.uses.clone(),
            with: with.map(|(name, value)| (name.clone(), value.clone())).collect(),
        };
        Ok(Work { what, remarks, kind: WorkKind::Action { action, inputs } })
    }

    /// Source: `ActionRunner.RunAsync`.
    fn input_remarks(&self, action: &Action, given: &IndexMap<String, String>) -> Vec<String> {
        let known = &action.manifest.inputs;
        let find = |name: &str| known.iter().find(|(known, _)| known.same_as(name));
        let mut remarks = Vec::new();
        for name in given.keys() {
            if let Some(message) = find(name).and_then(|(_, input)| input.deprecation_message.as_ref()) {
                remarks.push(format!("Input '{name}' has been deprecated with message: {message}"));
            }
        }
        let unexpected: Vec<&str> =
            given.keys().map(String::as_str).filter(|name| find(name).is_none()).collect();
        if !unexpected.is_empty() {
            let valid: Vec<&str> = known.keys().map(|name| name.as_str()).collect();
            remarks.push(format!(
                "Unexpected input(s) '{}', valid inputs are ['{}']",
                unexpected.join("', '"),
                valid.join("', '")
            ));
        }
        remarks
    }

    /// Does a step's work.
    ///
    /// # Errors
    /// [`Halt::Failed`] when the step fails; its messages may be empty where all is said already.
    pub(crate) async fn work(
        &mut self,
        frame: &Frame,
        unit: &Unit<'_>,
        running: &mut Running,
        work: Work,
    ) -> Result<(), Halt> {
        for remark in &work.remarks {
            self.warn(&unit.at, remark);
        }
        self.admit(unit, &work.kind).await?;
        match work.kind {
            WorkKind::Script(script) => self.run_script(running, script).await,
            WorkKind::Checkout(plan) => self.run_checkout(unit, running, plan).await,
            WorkKind::Action { action, inputs } => {
                self.owe_post(&action, unit);
                match &action.manifest.runs {
                    ActionRuns::Node(node) => self.run_node(unit, running, &action, node, &inputs).await,
                    ActionRuns::Composite { steps, .. } => {
                        Box::pin(self.run_composite(frame, unit, running, &action, steps, &inputs)).await
                    }
                    ActionRuns::Docker(_) => {
                        Err(Halt::failed("Docker actions are not built yet: this step cannot run here"))
                    }
                }
            }
        }
    }

    async fn admit(&mut self, unit: &Unit<'_>, kind: &WorkKind) -> Result<(), Halt> {
        // What a step runs is looked for only where somebody is told, or was.
        if !self.control.may_refuse() && self.journal.next_past().is_none() {
            return Ok(());
        }
        let commit = match kind {
            WorkKind::Action { action, .. } => action.commit.as_ref(),
            WorkKind::Checkout(_) | WorkKind::Script(_) => None,
        };
        let (step, home) = (unit.at.clone(), self.home_of(unit.step.span));
        let content = content::of_step_at(unit.step, step.path.clone(), &self.files, &home, commit);
        let place = content.place.clone();
        let content = Box::new(content);
        match self.refusal(&unit.at, None, Wanted::Step { step, content }).await? {
            None => Ok(()),
            Some(reason) => {
                self.error_at(&unit.at, &reason, place.into());
                Err(Halt::Failed(Vec::new()))
            }
        }
    }

    /// Registers a step's post part when its pre or main part begins.
    fn owe_post(&mut self, action: &Arc<Action>, unit: &Unit<'_>) {
        self.loaded.insert(unit.at.path.clone(), action.clone());
        if unit.at.phase == Phase::Post || self.post_condition(&unit.at.path).is_none() {
            return;
        }
        let path = unit.at.path.clone();
        // Local actions inside of composite ones never get one (`ActionManager.PrepareActionsRecursiveAsync`).
        if path.depth() > 0 && action.repository.is_none() {
            return;
        }
        let owed = match path.depth() {
            0 => &mut self.state.posts,
            _ => self.state.inner_posts.entry(path.scope()).or_default(),
        };
        if !owed.contains(&path) {
            owed.push(path);
        }
    }

    /// Returns what a step does as its file says it, for a step that does not come to do it.
    pub(crate) fn what_as_written(&self, unit: &Unit<'_>) -> StepWhat {
        let written = |token| self.masker.mask(&written::token(token)).into_owned();
        match &unit.step.kind {
            StepKind::Run { run, shell, .. } => {
                StepWhat::Run { script: written(run), shell: shell.as_ref().map(written).unwrap_or_default() }
            }
            StepKind::Uses { uses, .. } => {
                let uses = self.masker.mask(&uses.value.to_string()).into_owned();
                StepWhat::Uses { uses, with: IndexMap::new() }
            }
            StepKind::Wait { .. }
            | StepKind::WaitAll
            | StepKind::Cancel { .. }
            | StepKind::Parallel { .. } => {
                StepWhat::Uses { uses: unit.step.keyword().to_owned(), with: IndexMap::new() }
            }
        }
    }
}

/// Sets `github.action_repository` and `action_ref`: of this very action, nothing for a local one or a script,
/// also within a remote composite action.
///
/// Source: `ActionRunner.RunAsync`.
pub(crate) fn name_repository(repository: Option<&(String, String)>, running: &mut Running) {
    let mut github = running.scope.get("github").to_object();
    let (repository, reference) = repository.cloned().unzip();
    github.insert("action_repository", repository);
    github.insert("action_ref", reference);
    running.scope.set("github", Value::from(github));
}

fn has_pre(action: &Action) -> bool {
    match &action.manifest.runs {
        ActionRuns::Node(node) => node.pre.is_some(),
        ActionRuns::Composite { .. } | ActionRuns::Docker(_) => false,
    }
}
