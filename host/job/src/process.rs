//! One process of a step: started once, followed to its end, through lost streams and cancellations.

use act_core::Loss;
use act_core::control::CancelStage;
use act_core::environment::{Cursor, Ending, EnvironmentError, ExecEnd, ExecSpec, Followed, Stop, Stream};
use act_core::ids::ExecId;
use act_core::record::{Matching, Record, StreamPoint};
use act_workflow::evaluate;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{Either, select};

use crate::console::Console;
use crate::executor::{Executor, Halt};
use crate::scope::StepScope;
use crate::step::Running;

/// How often a stream may break in a row without bringing a byte.
const MAX_BREAKS: u32 = 20;

impl Executor<'_> {
    /// Runs a process of the step to its end.
    ///
    /// # Errors
    /// [`Halt::Lost`] when its end cannot be known; [`Halt::Failed`] when it could not begin.
    pub(crate) async fn process(&mut self, running: &mut Running, spec: ExecSpec) -> Result<ExecEnd, Halt> {
        let exec = ExecId { launch: self.spec.launch.clone(), step: running.at.clone(), part: running.parts };
        running.parts += 1;
        let (mut console, end) = self.relive(running, &exec).await?;
        let end = match end {
            Some(end) => end,
            None => {
                self.journal.write_down().await?;
                self.env.start(&exec, &spec).await?;
                if running.stop_asked {
                    self.env.stop(&exec, Stop::Ask).await?;
                }
                let end = self.follow(running, &exec, &mut console).await?;
                self.drain(running, &exec, &mut console).await?;
                self.journal.note(Record::Ended { exec, end: end.clone() });
                end
            }
        };
        match &end.how {
            Ending::Lost { why } => {
                self.journal.write_down().await?;
                return Err(Halt::Lost(Loss::Exit(why.clone())));
            }
            Ending::NotStarted { reason } => return Err(Halt::failed(reason.clone())),
            Ending::TimedOut => running.timed_out = true,
            Ending::Stopped => running.cancelled = true,
            Ending::Exited { .. } => {}
        }
        Ok(end)
    }

    /// Takes in what the past says of this process.
    async fn relive(
        &mut self,
        running: &mut Running,
        exec: &ExecId,
    ) -> Result<(Console, Option<ExecEnd>), Halt> {
        let mut points = [StreamPoint::default(); 2];
        let mut reached = Matching::default();
        loop {
            let of_this = |record: &Record| match record {
                Record::Progress { exec: past, .. } | Record::Ended { exec: past, .. } => past == exec,
                Record::Cancelled { during: None, .. } => true,
                _ => false,
            };
            match self.journal.recall("output", of_this)? {
                Some(Record::Progress { stdout, stderr, matching, effects, .. }) => {
                    for effect in &effects {
                        // What there was to tell of it has been told.
                        let _ = self.apply(running, effect);
                    }
                    (points, reached) = ([stdout, stderr], matching);
                }
                Some(Record::Ended { end, .. }) => {
                    return Ok((Console::resume(&self.state.matchers, points, &reached), Some(end)));
                }
                Some(_) => {
                    self.state.cancel();
                    running.stop_asked = !self.holds(running).await?;
                }
                None => return Ok((Console::resume(&self.state.matchers, points, &reached), None)),
            }
        }
    }

    async fn follow(
        &mut self,
        running: &mut Running,
        exec: &ExecId,
        console: &mut Console,
    ) -> Result<ExecEnd, Halt> {
        let (env, control) = (self.env, self.control);
        let mut seen = if self.state.cancel_seen { CancelStage::Cancel } else { CancelStage::None };
        let mut breaks = 0;
        loop {
            let mut stream = match env.follow(exec, console.received()).await {
                Ok(stream) => stream,
                Err(error) => {
                    note_break(&mut breaks, &error)?;
                    continue;
                }
            };
            let mut cancelled = control.cancelled_beyond(seen);
            loop {
                match select(stream.next(), &mut cancelled).await {
                    Either::Left((Some(Ok(Followed::Output { stream, offset, bytes })), _)) => {
                        breaks = 0;
                        self.take_chunk(running, exec, console, (stream, offset, bytes)).await?;
                    }
                    Either::Left((Some(Ok(Followed::Ended(end))), _)) => return Ok(end),
                    Either::Left((Some(Err(error)), _)) => {
                        note_break(&mut breaks, &error)?;
                        break;
                    }
                    Either::Left((None, _)) => {
                        let error = EnvironmentError::Lost("the output ended before the process".to_owned());
                        note_break(&mut breaks, &error)?;
                        break;
                    }
                    Either::Right((stage, _)) => {
                        seen = stage;
                        self.take_cancel(running, exec, stage).await?;
                        cancelled = control.cancelled_beyond(seen);
                    }
                }
            }
        }
    }

    async fn take_chunk(
        &mut self,
        running: &mut Running,
        exec: &ExecId,
        console: &mut Console,
        (stream, offset, bytes): (Stream, u64, Bytes),
    ) -> Result<(), Halt> {
        let received = console.received().of(stream);
        if offset > received {
            let why = format!("bytes {received} to {offset} of the output are missing");
            return Err(Halt::Lost(Loss::Machine(why)));
        }
        let known = usize::try_from(received - offset).unwrap_or(usize::MAX).min(bytes.len());
        let news = bytes.slice(known..);
        if news.is_empty() {
            return Ok(());
        }
        let before = console.points();
        let effects = self.take_output(running, console, stream, Some(&news)).await?;
        // A line that is not over yet is nothing to write down.
        if console.points() == before { Ok(()) } else { self.keep_progress(exec, console, effects).await }
    }

    /// Gives out the last lines, which nothing ended.
    async fn drain(
        &mut self,
        running: &mut Running,
        exec: &ExecId,
        console: &mut Console,
    ) -> Result<(), Halt> {
        let before = console.points();
        let mut effects = self.take_output(running, console, Stream::Stdout, None).await?;
        effects.extend(self.take_output(running, console, Stream::Stderr, None).await?);
        if console.points() != before {
            self.keep_progress(exec, console, effects).await?;
        }
        Ok(())
    }

    async fn keep_progress(
        &mut self,
        exec: &ExecId,
        console: &Console,
        effects: Vec<act_core::record::Effect>,
    ) -> Result<(), Halt> {
        let [stdout, stderr] = console.points();
        let matching = console.matching(&self.state.matchers);
        self.journal.keep(Record::Progress { exec: exec.clone(), stdout, stderr, matching, effects }).await?;
        let cursor = Cursor { stdout: stdout.offset, stderr: stderr.offset };
        Ok(self.env.ack(exec, cursor).await?)
    }

    async fn take_cancel(
        &mut self,
        running: &mut Running,
        exec: &ExecId,
        stage: CancelStage,
    ) -> Result<(), Halt> {
        if !self.state.cancel_seen {
            let at = self.control.now();
            self.journal.keep(Record::Cancelled { at, during: None }).await?;
            self.state.cancel();
        }
        let holds = self.holds(running).await?;
        if stage >= CancelStage::Kill {
            self.env.stop(exec, Stop::Kill).await?;
        } else if !holds {
            self.env.stop(exec, Stop::Ask).await?;
        }
        Ok(())
    }

    /// Whether the step's condition still holds now that the job is cancelled, as `always()` does.
    ///
    /// Source: `StepsRunner.RunAsync`, the callback on the job's cancellation.
    pub(crate) async fn holds(&mut self, running: &mut Running) -> Result<bool, Halt> {
        running.scope.cancel();
        let condition = running.condition.clone();
        let at = running.at.clone();
        let test = |scope: &StepScope| evaluate::condition(&condition, scope);
        match self.evaluate(&at, &mut running.scope, test).await {
            Ok(holds) => Ok(holds),
            Err(Halt::Failed(messages)) => {
                messages.iter().for_each(|message| self.error(&at, message));
                Ok(false)
            }
            Err(lost) => Err(lost),
        }
    }
}

/// Counts a broken stream; too many in a row, or one that cannot be mended, lose the machine.
fn note_break(breaks: &mut u32, error: &EnvironmentError) -> Result<(), Halt> {
    *breaks += 1;
    match error {
        EnvironmentError::Fenced => Err(Halt::Lost(Loss::Fenced)),
        EnvironmentError::Lost(why) | EnvironmentError::Refused(why) if *breaks > MAX_BREAKS => {
            Err(Halt::Lost(Loss::Machine(why.clone())))
        }
        EnvironmentError::Lost(_) | EnvironmentError::Refused(_) => Ok(()),
    }
}
