//! GitHub's own form of a log: a time before each line, `##[…]` for what lines mean.
//!
//! Where there are several jobs, the job's and the step's name stand before the time, as `gh run view
//! --log` writes them.
//!
//! Source: `ScriptHandler.cs`, `Handler.cs` (`PrintActionDetails`), `PagingLogger.cs`.

use std::io::{self, Write};

use act_core::Conclusion;
use act_core::event::{Envelope, Event, Level, LogLine, Mark, StepStarted, StepWhat};
use act_core::ids::{JobKey, Phase, StepPath, StepRef};
use indexmap::IndexMap;
use jiff::Timestamp;

use super::Reporter;
use super::clean;
use super::screen::Seat;
use super::tally::Tally;

/// What stands before each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// The time alone.
    Hidden,
    /// The job's name, a tab, the step's name, a tab, the time.
    Shown,
}

/// Writes GitHub's form of a log.
pub struct Github<W: Write> {
    seat: Seat<W>,
    names: Names,
    /// Whether text is made safe for a terminal.
    clean: bool,
    tally: Tally,
    /// Steps that said that they begin, and nothing else yet: GitHub says nothing of those it skips.
    silent: IndexMap<JobKey, (Timestamp, Box<StepStarted>)>,
    begin: Vec<u8>,
    buffer: Vec<u8>,
}

impl<W: Write + Send> Github<W> {
    /// Makes a reporter. `clean` for a terminal: its control sequences are taken out, but for colours.
    pub fn new(seat: Seat<W>, names: Names, clean: bool) -> Self {
        let (begin, buffer) = (Vec::new(), Vec::new());
        Self { seat, names, clean, tally: Tally::default(), silent: IndexMap::new(), begin, buffer }
    }

    fn write(&mut self, envelope: &Envelope) {
        if let Some(stamp) = &envelope.job {
            self.begin_step(&stamp.job, &envelope.event);
        }
        let top = |step: &StepRef| envelope.job.as_ref().map(|stamp| (stamp.job.clone(), top_step(step)));
        let job = || envelope.job.as_ref().map(|stamp| (stamp.job.clone(), StepRef::main(StepPath::job())));
        match &envelope.event {
            Event::Output { step, lines } => {
                self.set_begin(envelope.time, top(step));
                lines.iter().for_each(|line| self.log_line(line));
            }
            Event::StepStarted(started) => {
                if let Some(stamp) = &envelope.job {
                    self.silent.insert(stamp.job.clone(), (envelope.time, started.clone()));
                }
            }
            Event::Notice { level, message, .. } => {
                self.set_begin(envelope.time, job());
                self.message(*level, message);
            }
            Event::JobFinished { loss: Some(loss), .. } => {
                self.set_begin(envelope.time, job());
                self.message(Level::Error, &loss.to_string());
            }
            Event::RunStarted(_)
            | Event::JobExpanded { .. }
            | Event::JobQueued { .. }
            | Event::JobWaiting { .. }
            | Event::JobPlaced(_)
            | Event::JobUnplaced { .. }
            | Event::JobJudged(_)
            | Event::PluginLog { .. }
            | Event::JobStarted { .. }
            | Event::ActionResolved { .. }
            | Event::Annotation { .. }
            | Event::Summary { .. }
            | Event::StepFinished { .. }
            | Event::JobFinished { loss: None, .. }
            | Event::RunCancelled { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    /// Begins the log of a step that said that it begins, unless it is skipped.
    fn begin_step(&mut self, job: &JobKey, next: &Event) {
        let Some((time, started)) = self.silent.swap_remove(job) else { return };
        let skipped = Conclusion::Skipped;
        if matches!(next, Event::StepFinished { step, conclusion, .. } if *step == started.step && *conclusion == skipped)
        {
            return;
        }
        self.set_begin(time, Some((job.clone(), top_step(&started.step))));
        self.head(&started);
    }

    /// Sets what the next lines begin with.
    fn set_begin(&mut self, time: Timestamp, of: Option<(JobKey, StepRef)>) {
        self.begin.clear();
        if let (Names::Shown, Some((key, step))) = (self.names, of)
            && let Some(job) = self.tally.jobs.get(&key)
        {
            for name in [&job.name, &job.step_name(&step)] {
                clean::push(&mut self.begin, &name.replace('\t', " "), false);
                self.begin.push(b'\t');
            }
        }
        // Seven digits, as .NET's `o` and the runner's logs have them.
        let time = time.strftime("%Y-%m-%dT%H:%M:%S.%9f").to_string();
        self.begin.extend_from_slice(&time.as_bytes()[..time.len() - 2]);
        self.begin.extend_from_slice(b"Z ");
    }

    fn line(&mut self, before: &str, text: &str, after: &str) {
        self.buffer.extend_from_slice(&self.begin);
        self.buffer.extend_from_slice(before.as_bytes());
        if self.clean {
            clean::push(&mut self.buffer, text, true);
        } else {
            self.buffer.extend_from_slice(text.as_bytes());
        }
        self.buffer.extend_from_slice(after.as_bytes());
        self.buffer.push(b'\n');
    }

    fn log_line(&mut self, line: &LogLine) {
        match line {
            LogLine::Text(text) | LogLine::Marked(Mark::Continued, text) => self.line("", text, ""),
            LogLine::Marked(mark, text) => self.line(&format!("##[{}]", mark.as_str()), text, ""),
        }
    }

    fn message(&mut self, level: Level, message: &str) {
        let mark = format!("##[{}]", level.as_str());
        message.lines().for_each(|line| self.line(&mark, line, ""));
    }

    /// Writes what a step begins its log with.
    fn head(&mut self, started: &StepStarted) {
        if started.step.phase == Phase::Post {
            return self.line("", "Post job cleanup.", "");
        }
        match &started.what {
            StepWhat::Run { script, shell } => {
                let first =
                    script.trim_start_matches([' ', '\t', '\r', '\n']).lines().next().unwrap_or_default();
                self.line("##[group]Run ", first, "");
                let script = script.replace("\r\n", "\n");
                for line in script.trim_end_matches('\n').split('\n') {
                    self.line("\x1b[36;1m", line, "\x1b[0m");
                }
                self.line("shell: ", shell, "");
            }
            StepWhat::Uses { uses, with } => {
                self.line("##[group]Run ", uses, "");
                self.entries("with:", with);
            }
        }
        self.entries("env:", &started.env);
        self.line("##[endgroup]", "", "");
    }

    fn entries(&mut self, title: &str, entries: &IndexMap<String, String>) {
        if entries.is_empty() {
            return;
        }
        self.line(title, "", "");
        // GitHub leaves inputs without a value out, and an `env` entry in.
        let shown = entries.iter().filter(|(_, value)| title != "with:" || !value.is_empty());
        for (name, value) in shown {
            let mut lines = value.split('\n');
            self.line(&format!("  {name}: "), lines.next().unwrap_or_default(), "");
            lines.for_each(|line| self.line("", line, ""));
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let shown = self.seat.show(&self.buffer, b"");
        self.buffer.clear();
        shown
    }
}

/// Returns the step of the job that a step belongs to: what runs in a composite action is part of its log.
fn top_step(step: &StepRef) -> StepRef {
    let path = step.path.indices().first().map_or_else(StepPath::job, |first| StepPath::job().step(*first));
    StepRef { path, phase: step.phase }
}

impl<W: Write + Send> Reporter for Github<W> {
    fn event(&mut self, envelope: &Envelope) -> io::Result<()> {
        if !matches!(envelope.event, Event::Output { .. }) {
            self.tally.take(envelope);
        }
        self.write(envelope);
        self.flush()
    }

    /// Begins the logs of steps that run and say nothing.
    fn tick(&mut self, _now: Timestamp) -> io::Result<()> {
        for (job, (time, started)) in std::mem::take(&mut self.silent) {
            self.set_begin(time, Some((job, top_step(&started.step))));
            self.head(&started);
        }
        self.flush()
    }
}
