//! `act-host runs`, `runs show`, `runs logs`: what a run told, read from its log.

use std::collections::BTreeSet;
use std::io::{self, Write};

use act_core::Conclusion;
use act_core::event::Envelope;
use act_core::ids::{JobKey, RunId, StepRef};
use act_store::{ReadError, RunState, RunSummary, Runs, Span, StoreError};
use jiff::tz::TimeZone;

use super::end::{self, Limits};
use super::github::{Github, Names};
use super::paint::{self, Canvas, Paint};
use super::screen::Screen;
use super::tally::{Job, StepEnd, Tally};
use super::{Reporter, duration};

/// Why nothing could be shown.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The run has no such job.
    #[error("the run has no job `{text}`; it has {}", known.join(", "))]
    NoJob {
        /// What was asked for.
        text: String,
        /// Its jobs.
        known: Vec<String>,
    },
    /// The chosen jobs have no such step.
    #[error("no job has a step `{text}`; there are {}", known.join(", "))]
    NoStep {
        /// What was asked for.
        text: String,
        /// Their steps.
        known: Vec<String>,
    },
    /// The log cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was shown could not be written.
    #[error("cannot write")]
    Write(#[from] io::Error),
}

/// Which part of a run's log.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// Name, id or key of a job; an id stands for all legs of its matrix.
    pub job: Option<String>,
    /// Name or id of a step.
    pub step: Option<String>,
}

/// Lists runs, newest first, with times in the zone of the reader.
pub fn list(runs: &[RunSummary], zone: &TimeZone, color: bool, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<[String; 6]> = runs.iter().map(|run| list_row(run, zone)).collect();
    let head = ["RUN", "WORKFLOW", "EVENT", "REF", "STARTED", "RESULT"];
    let width = |column: usize| rows.iter().map(|row| paint::width(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(|at| width(at).max(head[at].len())).collect();
    let mut canvas = Canvas::new(color);
    for (at, title) in head.iter().enumerate() {
        let padding = if at + 1 < head.len() { widths[at] - title.len() + 2 } else { 0 };
        canvas.paint(Paint::Dim, title).spaces(padding);
    }
    canvas.newline();
    for (run, row) in runs.iter().zip(&rows) {
        for at in 0..head.len() - 1 {
            canvas.paint(Paint::Plain, &row[at]).spaces(widths[at] - paint::width(&row[at]) + 2);
        }
        canvas.paint(state_paint(&run.state), &row[head.len() - 1]).newline();
    }
    out.write_all(&canvas.bytes)
}

fn list_row(run: &RunSummary, zone: &TimeZone) -> [String; 6] {
    let head = run.head.as_ref();
    let text = |text: Option<&str>| text.unwrap_or("-").replace('\t', " ");
    let reference = head.map(|head| head.reference.trim_start_matches("refs/heads/"));
    let started = run.started.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string());
    [
        run.id.to_string(),
        text(head.map(|head| head.workflow.as_str())),
        text(head.map(|head| head.event_name.as_str())),
        text(reference),
        text(started.as_deref()),
        state_text(&run.state),
    ]
}

fn state_text(state: &RunState) -> String {
    match state {
        RunState::Running => "running".to_owned(),
        RunState::Interrupted => "interrupted (infrastructure)".to_owned(),
        RunState::Finished(ended) => {
            let why = if ended.infrastructure { " (infrastructure)" } else { "" };
            format!("{}{why} in {}", ended.conclusion, duration::show(ended.duration_ms))
        }
    }
}

const fn state_paint(state: &RunState) -> Paint {
    match state {
        RunState::Running => Paint::Cyan,
        RunState::Interrupted => Paint::Red,
        RunState::Finished(ended) => Paint::mark(ended.conclusion).1,
    }
}

/// Shows one run: its jobs and their steps, annotations, summaries and what failed. Returns what is wrong
/// with its log, for people.
pub fn show(
    runs: &Runs,
    run: RunId,
    zone: &TimeZone,
    color: bool,
    out: &mut impl Write,
) -> Result<Vec<String>, RecordedError> {
    let mut tally = Tally::default();
    let notes = each(runs, run, |envelope, _| tally.take(&envelope))?;
    let summary = runs.summary(run)?;
    let mut canvas = Canvas::new(color);
    show_head(&mut canvas, &tally, summary.as_ref(), zone);
    for job in tally.jobs.values() {
        show_job(&mut canvas, job);
    }
    show_notices(&mut canvas, &tally);
    end::summaries(&mut canvas, &tally, Limits::NONE);
    end::annotations(&mut canvas, &tally, Limits::NONE);
    end::failures(&mut canvas, &tally);
    out.write_all(&canvas.bytes)?;
    Ok(notes)
}

fn show_head(canvas: &mut Canvas, tally: &Tally, summary: Option<&RunSummary>, zone: &TimeZone) {
    if let Some(run) = tally.run {
        canvas.paint(Paint::Dim, "run ").raw(&run.to_string()).newline();
    }
    if let Some(head) = &tally.head {
        canvas.paint(Paint::Bold, &end::title(head)).newline();
        let what = format!("{} {} {} by {}", head.event_name, head.reference, head.sha, head.actor);
        canvas.paint(Paint::Plain, &what).newline();
        let file = format!("{} #{} of {}", head.workflow_file, head.run_number, head.repository);
        canvas.paint(Paint::Plain, &file).newline();
    }
    if let Some(started) = tally.started {
        let started = started.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
        canvas.raw("started ").raw(&started).newline();
    }
    if let Some(summary) = summary {
        canvas.paint(state_paint(&summary.state), &state_text(&summary.state)).newline();
        if summary.state == RunState::Interrupted {
            let advice = format!("act-host run --resume {} goes on with it", summary.id);
            canvas.paint(Paint::Dim, &advice).newline();
        }
    }
    if let Some(reason) = &tally.cancelled {
        canvas.paint(Paint::Yellow, &format!("cancelled: {reason}")).newline();
    }
}

fn show_notices(canvas: &mut Canvas, tally: &Tally) {
    if !tally.notices.is_empty() {
        canvas.newline();
    }
    for notice in &tally.notices {
        if let Some(job) = notice.job.as_ref().and_then(|key| tally.jobs.get(key)) {
            canvas.paint(Paint::Bold, &format!("[{}]", job.name)).raw(" ");
        }
        let place = end::place(&notice.place).map(|place| format!(" ({place})")).unwrap_or_default();
        end::message(canvas, notice.level, &notice.message).paint(Paint::Dim, &place).newline();
    }
}

fn show_job(canvas: &mut Canvas, job: &Job) {
    canvas.newline();
    let (mark, paint, how) = match &job.end {
        None if job.started.is_some() => ("▶", Paint::Cyan, "has not ended".to_owned()),
        None => ("·", Paint::Dim, job.waiting.clone().unwrap_or_else(|| "waits".to_owned())),
        Some(end) => {
            let (mark, paint) = Paint::mark(end.conclusion);
            let how = match &end.loss {
                Some(loss) => end::lost(loss),
                None => {
                    let time = format!(" in {}", duration::show(end.duration_ms));
                    let time = if job.started.is_some() { &time } else { "" };
                    let reason = end.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
                    format!("{}{time}{reason}", end.conclusion)
                }
            };
            (mark, paint, how)
        }
    };
    canvas.paint(paint, mark).raw(" ").paint(Paint::Bold, &job.name);
    canvas.raw("  ").paint(Paint::Dim, &how).newline();
    for (at, step) in job.steps.iter().filter(|(at, _)| !at.path.indices().is_empty()) {
        let (mark, paint, time) = match step.end {
            None => ("▸", Paint::Cyan, String::new()),
            Some(StepEnd { conclusion: Conclusion::Skipped, .. }) => ("⊘", Paint::Dim, "skipped".to_owned()),
            Some(end) => {
                let (mark, paint) = Paint::mark(end.conclusion);
                let ignored = if end.outcome == end.conclusion { "" } else { ", failed, continue-on-error" };
                (mark, paint, format!("{}{ignored}", duration::show(end.duration_ms)))
            }
        };
        canvas.spaces(2 + 2 * at.path.depth()).paint(paint, mark).raw(" ").paint(Paint::Plain, &step.name);
        canvas.raw("  ").paint(Paint::Dim, &time).newline();
    }
}

/// Writes a run's log in GitHub's form, one job after the other, with names where there are several jobs.
/// Returns what is wrong with it, for people.
///
/// `clean` for a terminal: see [`Github::new`].
pub fn logs(
    runs: &Runs,
    run: RunId,
    filter: &LogFilter,
    clean: bool,
    out: &mut (impl Write + Send),
) -> Result<Vec<String>, RecordedError> {
    let mut tally = Tally::default();
    // Where each event of a job stands, so that the second reading goes job by job.
    let mut lines: Vec<(Option<JobKey>, Span)> = Vec::new();
    let notes = each(runs, run, |envelope, span| {
        tally.take(&envelope);
        lines.push((envelope.job.map(|stamp| stamp.job), span));
    })?;
    let jobs = chosen_jobs(&tally, filter)?;
    let steps = chosen_steps(&tally, &jobs, filter)?;
    let names = if jobs.len() > 1 { Names::Shown } else { Names::Hidden };
    let mut buffered = io::BufWriter::with_capacity(1 << 16, out);
    let mut reporter = Github::new(Screen::new(Unflushed(&mut buffered)).seat(String::new()), names, clean);
    let mut reader = runs.read(run)?;
    for job in jobs {
        let mine = lines.iter().filter(|(of, _)| of.as_ref() == Some(job));
        for (_, span) in mine {
            if reader.span().offset + reader.span().length != span.offset {
                reader.go_to(*span)?;
            }
            if let Some(Ok(envelope)) = reader.next()
                && steps.as_ref().is_none_or(|steps| is_of(steps, &envelope))
            {
                reporter.event(&envelope)?;
            }
        }
    }
    buffered.flush()?;
    Ok(notes)
}

/// Reads a run's log, and keeps what is wrong with it.
fn each(runs: &Runs, run: RunId, mut take: impl FnMut(Envelope, Span)) -> Result<Vec<String>, RecordedError> {
    let mut reader = runs.read(run)?;
    let mut notes = Vec::new();
    while let Some(line) = reader.next() {
        match line {
            Ok(envelope) => take(envelope, reader.span()),
            Err(ReadError::Store(error)) => return Err(error.into()),
            Err(error) => notes.push(error.to_string()),
        }
    }
    if reader.ended_mid_line() {
        notes.push("the log ends in the middle of a line, which is left out".to_owned());
    }
    Ok(notes)
}

fn chosen_jobs<'t>(tally: &'t Tally, filter: &LogFilter) -> Result<Vec<&'t JobKey>, RecordedError> {
    let Some(text) = &filter.job else { return Ok(tally.jobs.keys().collect()) };
    let fits = |key: &JobKey, job: &Job| {
        let id = key.segments().last().is_some_and(|segment| segment.id.same_as(text));
        id || key.to_string().eq_ignore_ascii_case(text) || job.name.eq_ignore_ascii_case(text)
    };
    let jobs: Vec<_> = tally.jobs.iter().filter(|(key, job)| fits(key, job)).map(|(key, _)| key).collect();
    if jobs.is_empty() {
        let known = tally.jobs.values().map(|job| format!("`{}`", job.name)).collect();
        return Err(RecordedError::NoJob { text: text.clone(), known });
    }
    Ok(jobs)
}

/// Returns the steps asked for, each of whose parts and insides are shown; `None` for all.
fn chosen_steps(
    tally: &Tally,
    jobs: &[&JobKey],
    filter: &LogFilter,
) -> Result<Option<Vec<(JobKey, StepRef)>>, RecordedError> {
    let Some(text) = &filter.step else { return Ok(None) };
    let steps = || {
        let jobs = jobs.iter().filter_map(|key| Some((*key, tally.jobs.get(*key)?)));
        jobs.flat_map(|(key, job)| job.steps.iter().map(move |(at, step)| (key, at, step)))
    };
    let fits = |name: &str, id: &str| name.eq_ignore_ascii_case(text) || id.eq_ignore_ascii_case(text);
    let chosen: Vec<_> = steps()
        .filter(|(_, _, step)| fits(&step.name, &step.id))
        .map(|(key, at, _)| (key.clone(), at.clone()))
        .collect();
    if chosen.is_empty() {
        let known: BTreeSet<String> = steps().map(|(_, _, step)| format!("`{}`", step.name)).collect();
        return Err(RecordedError::NoStep { text: text.clone(), known: known.into_iter().collect() });
    }
    Ok(Some(chosen))
}

/// Whether an event is of one of the chosen steps or of what runs inside it, or of no step: then it names a job.
fn is_of(steps: &[(JobKey, StepRef)], envelope: &Envelope) -> bool {
    use act_core::event::Event::{Notice, Output, StepStarted};
    let step = match &envelope.event {
        Output { step, .. } => step,
        StepStarted(started) => &started.step,
        Notice { .. } => return false,
        _ => return true,
    };
    let Some(stamp) = &envelope.job else { return false };
    steps.iter().any(|(job, at)| {
        *job == stamp.job && at.phase == step.phase && step.path.indices().starts_with(at.path.indices())
    })
}

/// Leaves it to the buffer when to write: a log that is read back has nobody waiting for each line.
struct Unflushed<'w, W>(&'w mut W);

impl<W: Write> Write for Unflushed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
