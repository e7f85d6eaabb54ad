//! For people, while a run goes on: what each step says as it says it, calmly, and at the end what counts.
//!
//! With a live part (on a terminal) running steps stand below the lines, and a step that says nothing takes
//! one line in all. A group whose end is seen may be folded to its title; nothing is lost, the log has it.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use act_core::decide::Verdict;
use act_core::event::{
    Envelope, Event, FilePlace, JobJudged, Level, LogLine, Mark, RunStarted, StepStarted, StepWhat,
};
use act_core::ids::{JobKey, StepPath, StepRef};
use act_core::{Conclusion, Loss};
use jiff::Timestamp;

use super::end::{self, Limits};
use super::live::Live;
use super::paint::{self, Canvas, Paint, RESET};
use super::screen::Seat;
use super::tally::Tally;
use super::{Reporter, duration};
use crate::words;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// How steps and jobs end, not what they say.
    Quiet,
    /// What steps say, too.
    Normal,
    /// Also debug lines, what a step is given, what the host decides.
    Verbose,
}

/// What the output is written to, and what is wanted of it.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Whether colours are wanted.
    pub color: bool,
    /// Columns of the terminal, where there is one and a live part is wanted.
    pub live: Option<u16>,
    /// How much.
    pub volume: Volume,
    /// Whether groups are shown by their titles alone.
    pub fold_groups: bool,
}

/// Job names wider than this do not widen the column of names.
const WIDEST_NAME: usize = 30;

/// The colours of job names, in turn.
const JOB_COLORS: [Paint; 5] = [Paint::Cyan, Paint::Magenta, Paint::Blue, Paint::Yellow, Paint::Green];

/// Writes for people.
pub struct Terminal<W: Write> {
    seat: Seat<W>,
    view: View,
    live: Option<Live>,
    tally: Tally,
    jobs: HashMap<JobKey, Told>,
    placements: HashSet<String>,
    names: usize,
    /// What each line of the present event begins with.
    begin: String,
    canvas: Canvas,
    /// What stands below the lines.
    part: Canvas,
}

/// What was told of a job.
#[derive(Debug, Default)]
struct Told {
    announced: HashSet<StepRef>,
    waiting: Option<String>,
    group: Option<Group>,
}

/// A group of lines whose end was not seen yet.
#[derive(Debug)]
struct Group {
    step: StepRef,
    title: String,
    lines: usize,
}

impl<W: Write> Terminal<W> {
    /// Tells what `seat` is on, which looks like `view`.
    pub fn new(seat: Seat<W>, view: View) -> Self {
        let live = view.live.map(|columns| Live::new(usize::from(columns).saturating_sub(seat.margin())));
        Self {
            seat,
            view,
            live,
            tally: Tally::default(),
            jobs: HashMap::new(),
            placements: HashSet::new(),
            names: 0,
            begin: String::new(),
            canvas: Canvas::new(view.color),
            part: Canvas::new(view.color),
        }
    }

    fn is(&self, volume: Volume) -> bool {
        self.view.volume == volume
    }

    fn tell(&mut self, envelope: &Envelope) {
        self.set_begin(envelope.job.as_ref().map(|stamp| &stamp.job));
        match (&envelope.event, &envelope.job) {
            (Event::RunStarted(head), _) => self.run_started(head, envelope),
            (Event::Notice { level, message, place }, _) => self.notice(*level, message, place),
            (Event::RunCancelled { reason }, _) => {
                let text = format!("cancelling: {reason}");
                self.say(0, Paint::Yellow, &text);
            }
            (Event::RunFinished { .. }, _) => {
                let limits = if self.is(Volume::Verbose) { Limits::NONE } else { Limits::SHORT };
                end::write(&mut self.canvas, &self.tally, limits);
            }
            (Event::PluginLog { plugin, message, .. }, _) if self.is(Volume::Verbose) => {
                self.say(0, Paint::Dim, &format!("plugin {plugin}: {message}"));
            }
            (event, Some(stamp)) => self.tell_of_job(&stamp.job, event, envelope),
            // An event of a job without one is nobody's: the log has it.
            (_, None) => {}
        }
    }

    fn tell_of_job(&mut self, job: &JobKey, event: &Event, envelope: &Envelope) {
        let verbose = self.is(Volume::Verbose);
        match event {
            Event::JobExpanded { legs } if verbose => {
                self.say(0, Paint::Dim, &format!("{job}: {legs} jobs of its matrix"));
            }
            Event::JobWaiting { reason } => self.waiting(job, reason),
            Event::JobPlaced(placed) => self.placed(&placed.labels, &placed.mapper, &placed.reason),
            Event::JobJudged(said) => self.judged(said),
            Event::JobStarted { name, machine } => self.job_started(name, machine),
            Event::ActionResolved { uses, commit } if verbose => {
                self.say(1, Paint::Dim, &format!("{uses} is commit {commit}"));
            }
            Event::StepStarted(started) if verbose => {
                self.announce(job, &started.step);
                self.head(started);
            }
            Event::Output { step, lines } => self.output(job, step, lines),
            Event::Annotation { step, place, .. } if !self.is(Volume::Quiet) => {
                if let Some(place) = end::place(place) {
                    self.say(1 + step.path.depth(), Paint::Dim, &format!("at {place}"));
                }
            }
            &Event::StepFinished { ref step, outcome, conclusion, duration_ms } => {
                self.step_finished(job, step, (outcome, conclusion), duration_ms);
            }
            Event::JobFinished { .. } => self.job_finished(envelope),
            Event::JobExpanded { .. }
            | Event::JobQueued { .. }
            | Event::JobUnplaced { .. }
            | Event::PluginLog { .. }
            | Event::ActionResolved { .. }
            | Event::StepStarted(_)
            | Event::Annotation { .. }
            | Event::Summary { .. }
            | Event::RunStarted(_)
            | Event::Notice { .. }
            | Event::RunCancelled { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    /// Sets what lines of an event begin with: the job's name, where there are several.
    fn set_begin(&mut self, of: Option<&JobKey>) {
        self.begin.clear();
        if self.tally.jobs.len() < 2 {
            return;
        }
        let Some((index, _, job)) = of.and_then(|job| self.tally.jobs.get_full(job)) else { return };
        let mut begin = Canvas::new(self.view.color);
        begin.paint(JOB_COLORS[index % JOB_COLORS.len()], &format!("[{}]", job.name));
        begin.spaces(self.names.saturating_sub(paint::width(&job.name)) + 1);
        self.begin.push_str(&String::from_utf8_lossy(&begin.bytes));
    }

    /// Adds a line of ours, indented by `depth` steps.
    fn say(&mut self, depth: usize, paint: Paint, text: &str) {
        self.canvas.raw(&self.begin).spaces(2 * depth).paint(paint, text).newline();
    }

    fn run_started(&mut self, head: &RunStarted, envelope: &Envelope) {
        let RunStarted { event_name, reference, sha, workflow_file, run_number, .. } = head;
        self.say(0, Paint::Bold, &end::title(head));
        let reference = reference.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
        let sha = sha.get(..7).unwrap_or(sha);
        let run = envelope.run;
        self.say(
            0,
            Paint::Dim,
            &format!("{event_name} {reference} {sha}, {workflow_file} #{run_number}, run {run}"),
        );
    }

    fn notice(&mut self, level: Level, message: &str, place: &FilePlace) {
        let place = end::place(place).map(|place| format!(" ({place})")).unwrap_or_default();
        for (index, line) in message.lines().enumerate() {
            self.canvas.raw(&self.begin);
            if index == 0 {
                end::message(&mut self.canvas, level, line).paint(Paint::Dim, &place).newline();
            } else {
                self.canvas.raw("  ").paint(Paint::Plain, line).newline();
            }
        }
    }

    /// Says why a job waits, each reason once.
    fn waiting(&mut self, job: &JobKey, reason: &str) {
        let told = self.jobs.entry(job.clone()).or_default();
        if told.waiting.as_deref() != Some(reason) {
            told.waiting = Some(reason.to_owned());
            self.say(0, Paint::Dim, &format!("waiting: {reason}"));
        }
    }

    /// Says where labels lead, once for all jobs that have the same.
    fn placed(&mut self, labels: &[String], mapper: &str, reason: &str) {
        let by = if self.is(Volume::Verbose) { format!(" ({mapper})") } else { String::new() };
        let text = format!("runs-on {}: {reason}{by}", labels.join(", "));
        if self.placements.insert(text.clone()) {
            self.canvas.paint(Paint::Dim, &text).newline();
        }
    }

    /// Says what a policy changed, and with more to be told what it said at all; a denial is an error of its own.
    fn judged(&mut self, said: &JobJudged) {
        let JobJudged { policy, phase, verdict, .. } = said;
        let told = match verdict {
            Verdict::Amend { .. } => true,
            Verdict::Allow { .. } | Verdict::Abstain => self.is(Volume::Verbose),
            Verdict::Deny { .. } | Verdict::Failed { .. } => false,
        };
        if told {
            let when =
                if self.is(Volume::Verbose) { format!(" ({})", phase.as_str()) } else { String::new() };
            self.say(0, Paint::Dim, &format!("policy {policy}{when}: {}", words::verdict(verdict)));
        }
    }

    fn job_started(&mut self, name: &str, machine: &str) {
        let name = if self.begin.is_empty() { format!("{name} ") } else { String::new() };
        self.say(0, Paint::Bold, &format!("▶ {name}on {machine}"));
    }

    /// Says that a step runs, and before it what it runs in, each once.
    fn announce(&mut self, job: &JobKey, step: &StepRef) {
        let mut path = StepPath::job();
        for index in step.path.indices() {
            path = path.step(*index);
            let at = StepRef { path: path.clone(), phase: step.phase };
            let told = self.jobs.entry(job.clone()).or_default();
            if !told.announced.contains(&at) {
                told.announced.insert(at.clone());
                let name = self.tally.jobs.get(job).map(|job| job.step_name(&at)).unwrap_or_default();
                self.say(at.path.depth(), Paint::Plain, &format!("▸ {name}"));
            }
        }
    }

    /// Says what a step is given.
    fn head(&mut self, started: &StepStarted) {
        let depth = started.step.path.depth() + 2;
        match &started.what {
            StepWhat::Run { script, shell } => {
                script.lines().for_each(|line| self.say(depth, Paint::Cyan, line));
                self.say(depth, Paint::Dim, &format!("shell: {shell}"));
            }
            StepWhat::Uses { uses, with } => {
                self.say(depth, Paint::Cyan, uses);
                with.iter()
                    .for_each(|(name, value)| self.say(depth, Paint::Dim, &format!("with {name}: {value}")));
            }
        }
        started
            .env
            .iter()
            .for_each(|(name, value)| self.say(depth, Paint::Dim, &format!("env {name}: {value}")));
    }

    fn output(&mut self, job: &JobKey, step: &StepRef, lines: &[LogLine]) {
        if self.is(Volume::Quiet) {
            return;
        }
        let told = self.jobs.entry(job.clone()).or_default();
        // Taken out for as long as its lines are written, so that writing may borrow the rest.
        let mut group = told.group.take().filter(|group| group.step == *step);
        let announced = told.announced.contains(step);
        let set_up = step.path.indices().is_empty();
        if !announced && lines.iter().any(|line| self.shows(set_up, line)) {
            self.announce(job, step);
        }
        let depth = step.path.depth() + usize::from(!set_up);
        for line in lines {
            if self.shows(set_up, line) {
                self.output_line(depth, step, line, &mut group);
            }
        }
        self.jobs.entry(job.clone()).or_default().group = group;
    }

    /// Whether a line is for these eyes. Of the set-up only what is wrong.
    fn shows(&self, set_up: bool, line: &LogLine) -> bool {
        match line {
            _ if self.is(Volume::Verbose) => true,
            LogLine::Marked(Mark::Error | Mark::Warning, _) => true,
            LogLine::Marked(Mark::Debug, _) => false,
            LogLine::Marked(..) | LogLine::Text(_) => !set_up,
        }
    }

    fn output_line(&mut self, depth: usize, step: &StepRef, line: &LogLine, group: &mut Option<Group>) {
        let folds = self.view.fold_groups && !self.is(Volume::Verbose);
        let (mark, text) = match line {
            LogLine::Text(text) => (None, text),
            LogLine::Marked(mark, text) => (Some(*mark), text),
        };
        match (mark, group.as_mut()) {
            (Some(Mark::EndGroup), _) => return self.close_group(depth, group),
            (Some(Mark::Group), _) => {
                self.close_group(depth, group);
                *group = Some(Group { step: step.clone(), title: text.clone(), lines: 0 });
                if folds {
                    return;
                }
            }
            (Some(Mark::Error | Mark::Warning), _) | (_, None) => {}
            (_, Some(group)) => {
                group.lines += 1;
                if folds {
                    return;
                }
            }
        }
        let inside = group.is_some() && mark != Some(Mark::Group);
        self.canvas.raw(&self.begin).spaces(2 * (depth + usize::from(inside)));
        end::log_line(&mut self.canvas, mark, text);
    }

    /// Ends a group; a folded one is told of now.
    fn close_group(&mut self, depth: usize, group: &mut Option<Group>) {
        let Some(Group { title, lines, .. }) = group.take() else { return };
        if self.view.fold_groups && !self.is(Volume::Verbose) {
            self.canvas.raw(&self.begin).spaces(2 * depth).paint(Paint::Cyan, &format!("▸ {title}"));
            let count = if lines == 1 { " (1 line)".to_owned() } else { format!(" ({lines} lines)") };
            self.canvas.paint(Paint::Dim, &count).newline();
        }
    }

    fn step_finished(&mut self, job: &JobKey, step: &StepRef, ends: (Conclusion, Conclusion), millis: u64) {
        let depth = step.path.depth();
        let mut open = self.jobs.entry(job.clone()).or_default().group.take_if(|group| group.step == *step);
        self.close_group(depth + 1, &mut open);
        if step.path.indices().is_empty() || (self.is(Volume::Quiet) && depth > 0) {
            return;
        }
        if depth > 0 {
            self.announce(job, &StepRef { path: step.path.scope(), phase: step.phase });
        }
        let name = self.tally.jobs.get(job).map(|job| job.step_name(step)).unwrap_or_default();
        let time = duration::show(millis);
        let (mark, paint) = Paint::mark(ends.1);
        let (mark, paint, how) = match ends {
            (Conclusion::Failure, Conclusion::Success) => {
                ("!", Paint::Yellow, format!("failed after {time}, continue-on-error"))
            }
            (_, Conclusion::Success) => (mark, paint, time),
            (_, Conclusion::Failure) => (mark, paint, format!("failed after {time}")),
            (_, Conclusion::Cancelled) => (mark, paint, format!("cancelled after {time}")),
            (_, Conclusion::Skipped) => (mark, paint, "skipped".to_owned()),
        };
        self.canvas.raw(&self.begin).spaces(2 * depth).paint(paint, mark).raw(" ");
        let name_paint = if ends.1 == Conclusion::Skipped { Paint::Dim } else { Paint::Plain };
        self.canvas.paint(name_paint, &name).paint(Paint::Dim, &format!(" ({how})")).newline();
    }

    /// Says how a job ended, where the table at the end is still far off, or would not say enough.
    fn job_finished(&mut self, envelope: &Envelope) {
        let Some(job) = self.tally.job_of(envelope) else { return };
        let Some(end) = &job.end else { return };
        let (mark, paint) = Paint::mark(end.conclusion);
        let text = match &end.loss {
            // The notice of the denial has said all of it.
            Some(loss @ Loss::Policy(_)) => format!("! {}", paint::fit(&end::lost(loss), end::WIDEST_REASON)),
            Some(loss) => format!("! {}", end::lost(loss)),
            None if job.started.is_none() && (end.reason.is_some() || !self.begin.is_empty()) => {
                // The first of all jobs has no name before its lines: nobody knows yet that there are others.
                let name = if self.begin.is_empty() { &job.name } else { "job" };
                let reason = end.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                format!("{mark} {name} {}{reason}", end::word(end.conclusion))
            }
            None if self.begin.is_empty() => return,
            None => {
                format!("{mark} job {} in {}", end::word(end.conclusion), duration::show(end.duration_ms))
            }
        };
        self.say(0, paint, &text);
    }

    /// Returns the steps that run and were not told of.
    fn silent_steps(&self) -> Vec<(JobKey, StepRef)> {
        let mut silent = Vec::new();
        for (key, job) in &self.tally.jobs {
            let running = job.steps.iter().filter(|(_, step)| step.started.is_some() && step.end.is_none());
            let told = |at: &StepRef| self.jobs.get(key).is_some_and(|told| told.announced.contains(at));
            silent.extend(running.filter(|(at, _)| !told(at)).map(|(at, _)| (key.clone(), at.clone())));
        }
        silent
    }

    /// Writes what was put together, and the live part below it, at one go.
    fn show(&mut self, now: Timestamp) -> io::Result<()> {
        if let Some(live) = &mut self.live {
            if self.canvas.bytes.is_empty() && !live.is_due(now) {
                return Ok(());
            }
            self.part.bytes.clear();
            live.draw(&mut self.part, &self.tally, self.seat.room(), now);
        }
        let shown = self.seat.show(&self.canvas.bytes, &self.part.bytes);
        self.canvas.bytes.clear();
        shown
    }
}

impl<W: Write + Send> Reporter for Terminal<W> {
    fn resize(&mut self, columns: u16) {
        if let Some(live) = &mut self.live {
            live.resize(usize::from(columns).saturating_sub(self.seat.margin()));
        }
    }

    fn event(&mut self, envelope: &Envelope) -> io::Result<()> {
        self.tally.take(envelope);
        if matches!(
            envelope.event,
            Event::JobQueued { .. } | Event::JobStarted { .. } | Event::JobFinished { .. }
        ) {
            let names = self.tally.jobs.values().map(|job| paint::width(&job.name));
            self.names = names.filter(|width| *width <= WIDEST_NAME).max().unwrap_or(0);
        }
        self.tell(envelope);
        self.show(envelope.time)
    }

    /// Names the steps that run and say nothing, and moves the live part on.
    fn tick(&mut self, now: Timestamp) -> io::Result<()> {
        if self.live.is_none() && !self.is(Volume::Quiet) {
            for (job, step) in self.silent_steps() {
                self.set_begin(Some(&job));
                self.announce(&job, &step);
            }
        }
        self.show(now)
    }
}

impl<W: Write> Drop for Terminal<W> {
    /// Leaves the terminal as a plain program would, also when the run was broken off.
    fn drop(&mut self) {
        if self.live.is_some() {
            self.seat.leave(if self.view.color { RESET } else { "" });
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
