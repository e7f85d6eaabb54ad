//! Composite actions: steps in a scope of their own.
//!
//! Source: actions/runner `CompositeActionHandler.cs`.

use std::sync::Arc;

use act_core::Conclusion;
use act_core::ids::{Phase, StepRef};
use act_expr::Value;
use act_workflow::evaluate;
use act_workflow::step::{If, Step};
use indexmap::IndexMap;

use crate::action::Action;
use crate::executor::{Executor, Halt};
use crate::scope::StepScope;
use crate::state::Status;
use crate::step::{ActionFrame, Frame, Running, StepEnd, Unit};

impl Executor<'_> {
    /// Runs the steps of a composite action that belong to the unit's phase, then sets its outputs.
    ///
    /// # Errors
    /// [`Halt::Failed`] without messages when a step failed: that step has said why.
    pub(crate) async fn run_composite(
        &mut self,
        around: &Frame,
        unit: &Unit<'_>,
        running: &mut Running,
        action: &Arc<Action>,
        steps: &[Step],
        inputs: &IndexMap<String, String>,
    ) -> Result<(), Halt> {
        let inputs = Value::object(inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let frame = Frame {
            scope: unit.at.path.clone(),
            action: Some(Arc::new(ActionFrame {
                step_id: match &around.action {
                    Some(outer) => outer.step_id.clone(),
                    None => unit.step.id.as_str().to_owned(),
                },
                folder: action.folder.clone(),
                repository: action.repository.clone(),
                inputs: inputs.clone(),
            })),
            overrides: running.overrides.clone(),
            deadline: running.deadline,
        };
        let status = match unit.at.phase {
            Phase::Pre => self.inner_pre(&frame, unit, running, steps).await?,
            Phase::Main => self.inner_main(&frame, unit, running, steps).await?,
            Phase::Post => self.inner_post(&frame, unit, running, steps).await?,
        };
        if unit.at.phase == Phase::Main {
            self.set_outputs(unit, running, action, inputs).await?;
        }
        match status {
            Status::Success => Ok(()),
            Status::Failure => Err(Halt::Failed(Vec::new())),
            Status::Cancelled => {
                running.cancelled = true;
                Ok(())
            }
        }
    }

    async fn inner_pre(
        &mut self,
        frame: &Frame,
        unit: &Unit<'_>,
        running: &mut Running,
        steps: &[Step],
    ) -> Result<Status, Halt> {
        let mut status = Status::Success;
        for (index, step) in (0..).zip(steps) {
            let path = unit.at.path.step(index);
            if let Some(condition) = self.pre_condition(&path, step) {
                let at = StepRef { path, phase: Phase::Pre };
                let end = self.inner_step(frame, running, step, at, &condition, None).await?;
                status = take(status, end);
            }
        }
        Ok(status)
    }

    async fn inner_main(
        &mut self,
        frame: &Frame,
        unit: &Unit<'_>,
        running: &mut Running,
        steps: &[Step],
    ) -> Result<Status, Halt> {
        let mut status = Status::Success;
        for (index, step) in (0..).zip(steps) {
            let at = StepRef::main(unit.at.path.step(index));
            if self.state.cancel_seen {
                status = Status::Cancelled;
            }
            let end = self.inner_step(frame, running, step, at, &step.condition, Some(status)).await?;
            status = take(status, end);
            if end.is_late || end.is_undecided {
                break;
            }
        }
        Ok(status)
    }

    async fn inner_post(
        &mut self,
        frame: &Frame,
        unit: &Unit<'_>,
        running: &mut Running,
        steps: &[Step],
    ) -> Result<Status, Halt> {
        let mut status = Status::Success;
        // From the last step to the first, whichever of them was registered by its pre part.
        let mut owed = self.state.inner_posts.remove(&unit.at.path).unwrap_or_default();
        owed.sort();
        while let Some(path) = owed.pop() {
            let index = path.indices().last().copied().unwrap_or_default();
            let Some(step) = steps.get(index as usize) else { continue };
            let Some(condition) = self.post_condition(&path) else { continue };
            let at = StepRef { path, phase: Phase::Post };
            let end = self.inner_step(frame, running, step, at, &condition, None).await?;
            status = take(status, end);
        }
        Ok(status)
    }

    async fn inner_step(
        &mut self,
        frame: &Frame,
        running: &mut Running,
        step: &Step,
        at: StepRef,
        condition: &If,
        action_status: Option<Status>,
    ) -> Result<StepEnd, Halt> {
        let inner = Unit { step, at, condition, action_status };
        let end = Box::pin(self.step(frame, &inner)).await?;
        // Steps inside have no time of their own.
        running.is_late_inside |= end.is_late;
        Ok(end)
    }

    /// Outputs are set whatever became of the steps.
    async fn set_outputs(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        action: &Action,
        inputs: Value,
    ) -> Result<(), Halt> {
        let steps = self.state.scopes.get(&unit.at.path).map(|scope| scope.value());
        let mut scope = running.scope.clone();
        scope.set("inputs", inputs);
        scope.set("steps", steps.unwrap_or_else(|| Value::from(act_expr::Object::new())));
        for (name, output) in &action.manifest.outputs {
            let Some(token) = &output.value else { continue };
            let evaluate = |scope: &StepScope| evaluate::text(token, scope);
            let value = self.evaluate(&unit.at, &mut scope, evaluate).await?;
            running.outputs.insert(name.as_str(), value);
        }
        Ok(())
    }
}

/// Takes a step's end into the status of its composite action.
const fn take(status: Status, end: StepEnd) -> Status {
    match end.conclusion {
        Conclusion::Failure | Conclusion::Cancelled => status.merge(end.conclusion),
        Conclusion::Success | Conclusion::Skipped => status,
    }
}
