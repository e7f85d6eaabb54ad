//! What the host does for a job, as a process of the job is: a cancellation stops it half way.
//!
//! A fetch, a checkout, a file on its way leave nothing in the journal before they are done. That they were stopped is
//! kept, so a resumed walk stops where the first one did.

use act_core::control::CancelStage;
use act_core::ids::{Phase, StepRef};
use act_core::record::Record;
use futures_util::future::{Either, select};
use futures_util::pin_mut;

use crate::executor::{Executor, Halt, job_part};
use crate::step::Running;

/// What the host works for.
pub(crate) enum Purpose<'r> {
    /// The job's set-up.
    SetUp,
    /// A step that runs.
    Step(&'r mut Running),
}

impl Purpose<'_> {
    /// Returns the step whose log tells of it.
    pub(crate) fn at(&self) -> StepRef {
        match self {
            Self::SetUp => job_part(Phase::Pre),
            Self::Step(running) => running.at.clone(),
        }
    }
}

impl Executor<'_> {
    /// Waits for `work`.
    ///
    /// # Errors
    /// [`Halt::Stopped`] when the job was cancelled meanwhile and the step does not go on nevertheless, as one with
    /// `always()` does until it is killed.
    pub(crate) async fn unless_stopped<T>(
        &mut self,
        purpose: &mut Purpose<'_>,
        work: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        self.relive_stop(purpose).await?;
        let control = self.control;
        let mut seen = if self.state.cancel_seen { CancelStage::Cancel } else { CancelStage::None };
        pin_mut!(work);
        loop {
            match select(work.as_mut(), control.cancelled_beyond(seen)).await {
                Either::Left((done, _)) => return Ok(done),
                Either::Right((stage, _)) => seen = stage,
            }
            // What has a past was not stopped here.
            if self.journal.next_past().is_none() {
                self.stop(purpose, seen).await?;
            }
        }
    }

    /// Takes a cancellation, or a kill, in: that it came during this work is kept.
    async fn stop(&mut self, purpose: &mut Purpose<'_>, stage: CancelStage) -> Result<(), Halt> {
        if !self.state.cancel_seen {
            let record = Record::Cancelled { at: self.control.now(), during: Some(purpose.at()) };
            self.journal.keep(record).await?;
            self.state.cancel();
            self.go_on(purpose).await?;
        }
        if stage >= CancelStage::Kill {
            self.journal.keep(Record::Stopped { step: purpose.at() }).await?;
            return Err(Halt::Stopped);
        }
        Ok(())
    }

    /// Takes in what the past says of this work's end.
    ///
    /// # Errors
    /// [`Halt::Stopped`] when it was stopped.
    pub(crate) async fn relive_stop(&mut self, purpose: &mut Purpose<'_>) -> Result<(), Halt> {
        let at = purpose.at();
        let is_cancel =
            |record: &Record| matches!(record, Record::Cancelled { during: Some(step), .. } if *step == at);
        if self.journal.next_past().is_some_and(is_cancel) {
            self.journal.recall("a cancellation", is_cancel)?;
            self.state.cancel();
            self.go_on(purpose).await?;
        }
        let is_stop = |record: &Record| matches!(record, Record::Stopped { step } if *step == at);
        if self.journal.next_past().is_some_and(is_stop) {
            self.journal.recall("a stop", is_stop)?;
            return Err(Halt::Stopped);
        }
        Ok(())
    }

    /// Goes on with what is cancelled if its condition still holds. A set-up has none.
    async fn go_on(&mut self, purpose: &mut Purpose<'_>) -> Result<(), Halt> {
        let goes_on = match purpose {
            Purpose::SetUp => false,
            Purpose::Step(running) => self.holds(running).await?,
        };
        if goes_on { Ok(()) } else { Err(Halt::Stopped) }
    }
}
