//! The order of a job's steps: pre parts, the steps, post parts from the last registered to the first.

use act_core::ids::{Phase, StepPath, StepRef};
use act_core::{Conclusion, Loss};
use act_workflow::step::{If, Step};

use crate::executor::Executor;
use crate::step::{Frame, Unit};

impl Executor<'_> {
    /// Runs the pre parts of remote actions, in the order of their steps.
    ///
    /// # Errors
    /// Only when the job cannot go on; so with the others here.
    pub(crate) async fn pre_steps(&mut self) -> Result<(), Loss> {
        for (path, step) in top_level(&self.spec.steps) {
            let Some(condition) = self.pre_condition(&path, step) else { continue };
            self.top_step(step, StepRef { path, phase: Phase::Pre }, &condition).await?;
        }
        Ok(())
    }

    /// Runs the steps.
    pub(crate) async fn main_steps(&mut self) -> Result<(), Loss> {
        for (path, step) in top_level(&self.spec.steps) {
            self.top_step(step, StepRef::main(path), &step.condition).await?;
        }
        Ok(())
    }

    /// Runs the post parts that are owed.
    pub(crate) async fn post_steps(&mut self) -> Result<(), Loss> {
        let spec = self.spec;
        while let Some(path) = self.state.posts.pop() {
            let index = path.indices().first().copied().unwrap_or_default();
            let Some(step) = spec.steps.get(index as usize) else { continue };
            let Some(condition) = self.post_condition(&path) else { continue };
            self.top_step(step, StepRef { path, phase: Phase::Post }, &condition).await?;
        }
        Ok(())
    }

    async fn top_step(&mut self, step: &Step, at: StepRef, condition: &If) -> Result<(), Loss> {
        if self.killed() {
            self.notice_cancel().await?;
            return Ok(());
        }
        let unit = Unit { step, at, condition, action_status: None };
        let end = self.step(&Frame::job(), &unit).await?;
        // Only a failed conclusion counts: a cancelled step's job is cancelled by the cancellation itself.
        if end.conclusion == Conclusion::Failure {
            self.state.status = self.state.status.merge(end.conclusion);
        }
        Ok(())
    }
}

fn top_level(steps: &[Step]) -> impl Iterator<Item = (StepPath, &Step)> {
    (0..).zip(steps).map(|(index, step)| (StepPath::job().step(index), step))
}
