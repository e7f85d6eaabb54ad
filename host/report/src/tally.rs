//! What reporters remember of a run: its jobs, their steps, messages and summaries, and the last lines of
//! what failed. Plain data, changed only by events.

use std::collections::VecDeque;

use act_core::event::{Envelope, Event, FilePlace, JobStamp, Level, LogLine, Mark, RunStarted};
use act_core::ids::{JobKey, Phase, RunId, StepRef};
use act_core::{Attempt, Conclusion, Launch, Loss};
use indexmap::IndexMap;
use jiff::Timestamp;

/// Lines of a step that are kept to be shown again if it fails.
const TAIL_LINES: usize = 20;

/// Bytes of such a line.
const TAIL_LINE: usize = 2000;

/// A run so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) run: Option<RunId>,
    pub(crate) head: Option<RunStarted>,
    pub(crate) started: Option<Timestamp>,
    pub(crate) jobs: IndexMap<JobKey, Job>,
    pub(crate) notices: Vec<Notice>,
    /// Why the run's end was asked for, if it was.
    pub(crate) cancelled: Option<String>,
    pub(crate) end: Option<RunEnd>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunEnd {
    pub(crate) conclusion: Conclusion,
    pub(crate) infrastructure: bool,
    pub(crate) duration_ms: u64,
}

/// A job instance so far.
#[derive(Debug, Default)]
pub(crate) struct Job {
    /// The name people see; empty until a name is known.
    pub(crate) name: String,
    pub(crate) started: Option<Timestamp>,
    pub(crate) waiting: Option<String>,
    pub(crate) end: Option<JobTallyEnd>,
    /// In the order of their beginning, of the latest launch.
    pub(crate) steps: IndexMap<StepRef, Step>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) summaries: Vec<(StepRef, String)>,
    try_of: Option<(Attempt, Launch)>,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(crate) struct JobTallyEnd {
    pub(crate) conclusion: Conclusion,
    /// Why it did not start, or was stopped by the host.
    pub(crate) reason: Option<String>,
    pub(crate) loss: Option<Loss>,
    pub(crate) duration_ms: u64,
}

/// A step so far.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) started: Option<Timestamp>,
    pub(crate) end: Option<StepEnd>,
    pub(crate) tail: Tail,
}

/// How a step ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepEnd {
    pub(crate) outcome: Conclusion,
    pub(crate) conclusion: Conclusion,
    pub(crate) duration_ms: u64,
}

/// A message with a place, of a step.
#[derive(Debug)]
pub(crate) struct Annotation {
    pub(crate) step: StepRef,
    pub(crate) level: Level,
    pub(crate) title: Option<String>,
    pub(crate) message: String,
    pub(crate) place: FilePlace,
}

/// A message of the host.
#[derive(Debug)]
pub(crate) struct Notice {
    /// Of which job; `None` for the run.
    pub(crate) job: Option<JobKey>,
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) place: FilePlace,
}

impl Tally {
    /// Takes one event in.
    pub(crate) fn take(&mut self, envelope: &Envelope) {
        self.run = Some(envelope.run);
        match (&envelope.event, &envelope.job) {
            (Event::RunStarted(head), _) => {
                self.started = Some(envelope.time);
                self.head = Some((**head).clone());
            }
            (Event::Notice { level, message, place }, stamp) => {
                let (level, message, place) = (*level, message.clone(), place.clone());
                let job = stamp.as_ref().map(|stamp| stamp.job.clone());
                self.notices.push(Notice { job, level, message, place });
            }
            (Event::RunCancelled { reason }, _) => self.cancelled = Some(reason.clone()),
            (&Event::RunFinished { conclusion, infrastructure, duration_ms }, _) => {
                self.end = Some(RunEnd { conclusion, infrastructure, duration_ms });
            }
            // Its legs are jobs of their own.
            (Event::JobExpanded { .. }, Some(stamp)) => drop(self.jobs.shift_remove(&stamp.job)),
            (event, Some(stamp)) => self.job_mut(stamp).take(envelope.time, event),
            (_, None) => {}
        }
    }

    fn job_mut(&mut self, stamp: &JobStamp) -> &mut Job {
        if !self.jobs.contains_key(&stamp.job) {
            self.jobs.insert(stamp.job.clone(), Job { name: stamp.job.to_string(), ..Job::default() });
        }
        let job = &mut self.jobs[&stamp.job];
        let try_of = Some((stamp.attempt, stamp.launch));
        if job.try_of != try_of {
            // A new try begins anew, whatever the one before it left.
            let name = std::mem::take(&mut job.name);
            *job = Job { name, try_of, ..Job::default() };
        }
        job
    }

    /// Returns the job that an envelope is of.
    pub(crate) fn job_of(&self, envelope: &Envelope) -> Option<&Job> {
        self.jobs.get(&envelope.job.as_ref()?.job)
    }

    /// Returns the jobs that run.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(|job| job.started.is_some() && job.end.is_none())
    }
}

impl Job {
    fn take(&mut self, time: Timestamp, event: &Event) {
        match event {
            Event::JobQueued { name, .. } => self.name.clone_from(name),
            Event::JobWaiting { reason } => self.waiting = Some(reason.clone()),
            Event::JobStarted { name, .. } => {
                self.name.clone_from(name);
                (self.started, self.waiting) = (Some(time), None);
            }
            Event::StepStarted(started) => {
                let name = shown_name(&started.name, started.step.phase);
                let step = Step { name, id: started.id.clone(), started: Some(time), ..Step::default() };
                self.steps.insert(started.step.clone(), step);
            }
            Event::Output { step, lines } => self.step_mut(step).tail.take(lines),
            Event::Annotation { step, level, message, title, place } => self.annotations.push(Annotation {
                step: step.clone(),
                level: *level,
                title: title.clone(),
                message: message.clone(),
                place: place.clone(),
            }),
            Event::Summary { step, markdown } => self.summaries.push((step.clone(), markdown.clone())),
            &Event::StepFinished { ref step, outcome, conclusion, duration_ms } => {
                let step = self.step_mut(step);
                step.end = Some(StepEnd { outcome, conclusion, duration_ms });
                if conclusion != Conclusion::Failure {
                    step.tail = Tail::default();
                }
            }
            Event::JobFinished { name, conclusion, reason, loss, duration_ms, .. } => {
                self.name.clone_from(name);
                let (conclusion, reason, loss) = (*conclusion, reason.clone(), loss.clone());
                self.end = Some(JobTallyEnd { conclusion, reason, loss, duration_ms: *duration_ms });
            }
            Event::Notice { .. }
            | Event::JobPlaced(_)
            | Event::JobUnplaced { .. }
            | Event::JobJudged(_)
            | Event::PluginLog { .. }
            | Event::ActionResolved { .. }
            | Event::RunStarted(_)
            | Event::JobExpanded { .. }
            | Event::RunCancelled { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    /// Finds a step, also one that never said that it began: the job's own set-up and completion.
    fn step_mut(&mut self, step: &StepRef) -> &mut Step {
        if !self.steps.contains_key(step) {
            let name = if step.path.indices().is_empty() { set_up_name(step.phase) } else { "" };
            self.steps.insert(step.clone(), Step { name: name.to_owned(), ..Step::default() });
        }
        &mut self.steps[step]
    }

    /// Returns the name of a step, or its place in the job where it has none.
    pub(crate) fn step_name(&self, step: &StepRef) -> String {
        match self.steps.get(step) {
            Some(known) if !known.name.is_empty() => known.name.clone(),
            _ if step.path.indices().is_empty() => set_up_name(step.phase).to_owned(),
            _ => format!("step {step}"),
        }
    }

    /// Returns the innermost of the steps that failed, in order: what surrounds them failed because of them.
    pub(crate) fn failed_steps(&self) -> impl Iterator<Item = (&StepRef, &Step)> {
        let failed = |step: &Step| step.end.is_some_and(|end| end.conclusion == Conclusion::Failure);
        let has_failed_inside = move |outer: &StepRef| {
            self.steps.iter().any(|(inner, step)| {
                let (inner_path, outer_path) = (inner.path.indices(), outer.path.indices());
                inner.phase == outer.phase
                    && inner_path.len() > outer_path.len()
                    && inner_path.starts_with(outer_path)
                    && failed(step)
            })
        };
        self.steps
            .iter()
            .filter(move |(at, step)| failed(step) && !at.path.indices().is_empty() && !has_failed_inside(at))
    }

    /// Whether a step was cancelled for a reason that the job's end gives.
    pub(crate) fn was_stopped_in(&self, step: &StepRef) -> bool {
        let end = self.steps.get(step).and_then(|step| step.end);
        let cancelled = end.is_some_and(|end| end.outcome == Conclusion::Cancelled);
        cancelled && self.end.as_ref().is_some_and(|end| end.reason.is_some())
    }

    /// Returns the step that runs, innermost.
    pub(crate) fn current(&self) -> Option<&Step> {
        self.steps.values().rev().find(|step| step.started.is_some() && step.end.is_none())
    }
}

/// What GitHub calls the parts of a job that are no steps of the workflow.
const fn set_up_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Pre | Phase::Main => "Set up job",
        Phase::Post => "Complete job",
    }
}

/// Says with its name which part of a step it is, as GitHub does.
fn shown_name(name: &str, phase: Phase) -> String {
    let word = match phase {
        Phase::Main => return name.to_owned(),
        Phase::Pre => "Pre ",
        Phase::Post => "Post ",
    };
    if name.starts_with(word) { name.to_owned() } else { format!("{word}{name}") }
}

/// The last lines that a step showed.
#[derive(Debug, Default)]
pub(crate) struct Tail(VecDeque<(Option<Mark>, String)>);

impl Tail {
    /// Keeps the last lines. Those that push others out take over their memory.
    fn take(&mut self, lines: &[LogLine]) {
        let shown = |line: &&LogLine| !matches!(line, LogLine::Marked(Mark::Debug | Mark::EndGroup, _));
        let last: Vec<&LogLine> = lines.iter().rev().filter(shown).take(TAIL_LINES).collect();
        for line in last.into_iter().rev() {
            let (mark, text) = match line {
                LogLine::Text(text) => (None, text),
                LogLine::Marked(mark, text) => (Some(*mark), text),
            };
            let spare = if self.0.len() < TAIL_LINES { None } else { self.0.pop_front() };
            let mut kept = spare.map_or_else(String::new, |(_, text)| text);
            kept.clear();
            kept.push_str(&text[..text.floor_char_boundary(TAIL_LINE)]);
            self.0.push_back((mark, kept));
        }
    }

    /// Returns the lines, with what they mean.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (Option<Mark>, &str)> {
        self.0.iter().map(|(mark, text)| (*mark, text.as_str()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
