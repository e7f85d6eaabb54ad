//! What is worth saying again when a run is over: summaries, what failed, annotations, and how each job ended.

use act_core::event::{FilePlace, Level, Mark, RunStarted};
use act_core::ids::StepRef;
use act_core::{Conclusion, Loss};

use super::duration;
use super::paint::{self, Canvas, Paint};
use super::tally::{Annotation, Job, Tally};

/// How much is said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Lines of one summary; of a longer one so many are shown, and the rest counted.
    pub(crate) summary_lines: usize,
    /// Annotations of all jobs.
    pub(crate) annotations: usize,
}

impl Limits {
    /// At the end of a run, where the whole is one command away.
    pub(crate) const SHORT: Self = Self { summary_lines: 20, annotations: 20 };
    /// Everything.
    pub(crate) const NONE: Self = Self { summary_lines: usize::MAX, annotations: usize::MAX };
}

/// Adds the end of a run's report, the most telling part last: that is where eyes are.
pub(crate) fn write(canvas: &mut Canvas, tally: &Tally, limits: Limits) {
    summaries(canvas, tally, limits);
    annotations(canvas, tally, limits);
    failures(canvas, tally);
    if !tally.jobs.is_empty() {
        canvas.newline();
        table(canvas, tally);
    }
    conclusion(canvas, tally);
}

/// Adds the summaries that steps wrote.
pub(crate) fn summaries(canvas: &mut Canvas, tally: &Tally, limits: Limits) {
    for job in tally.jobs.values() {
        for (step, markdown) in &job.summaries {
            let text = markdown.trim_matches(['\n', '\r']);
            canvas.newline().paint(Paint::Bold, &format!("summary of {}", label(tally, job, step))).newline();
            let shown: Vec<&str> = text.lines().take(limits.summary_lines).collect();
            canvas.lines(Paint::Plain, "  ", &shown.join("\n"));
            let more = text.lines().count() - shown.len();
            if more > 0 {
                let run = tally.run.map_or_else(|| "latest".to_owned(), |run| run.to_string());
                canvas
                    .paint(Paint::Dim, &format!("  … {more} more lines: act-host runs show {run}"))
                    .newline();
            }
        }
    }
}

/// Adds the annotations that have a place, or that nothing else at the end tells of; the gravest first.
pub(crate) fn annotations(canvas: &mut Canvas, tally: &Tally, limits: Limits) {
    let mut all: Vec<(&Job, &Annotation)> = Vec::new();
    for job in tally.jobs.values() {
        let failed: Vec<&StepRef> = job.failed_steps().map(|(at, _)| at).collect();
        let told = |note: &&Annotation| {
            note.place.file.is_some() || !(failed.contains(&&note.step) || job.was_stopped_in(&note.step))
        };
        all.extend(job.annotations.iter().filter(told).map(|note| (job, note)));
    }
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|(_, note)| std::cmp::Reverse(note.level));
    canvas.newline().paint(Paint::Bold, "annotations").newline();
    for (job, note) in all.iter().take(limits.annotations) {
        annotation(canvas, &label(tally, job, &note.step), note);
    }
    let more = all.len().saturating_sub(limits.annotations);
    if more > 0 {
        canvas.paint(Paint::Dim, &format!("  … {more} more")).newline();
    }
}

fn annotation(canvas: &mut Canvas, label: &str, note: &Annotation) {
    canvas.raw("  ").paint(Paint::of_level(note.level), note.level.as_str()).raw(": ");
    if let Some(title) = note.title.as_deref().filter(|title| !title.is_empty()) {
        canvas.paint(Paint::Bold, title).raw(": ");
    }
    let mut lines = note.message.lines();
    canvas.paint(Paint::Plain, lines.next().unwrap_or_default()).newline();
    for line in lines {
        canvas.raw("    ").paint(Paint::Plain, line).newline();
    }
    canvas.raw("    ");
    if let Some(place) = place(&note.place) {
        canvas.paint(Paint::Cyan, &place).raw("  ");
    }
    canvas.paint(Paint::Dim, label).newline();
}

/// Writes a place as editors and terminals find it: `file:line:column`.
pub(crate) fn place(place: &FilePlace) -> Option<String> {
    let numbers = [place.line, place.line.and(place.column)].into_iter().flatten();
    let numbers: String = numbers.map(|number| format!(":{number}")).collect();
    Some(format!("{}{numbers}", place.file.as_ref()?))
}

/// Adds the last lines of each step that failed.
pub(crate) fn failures(canvas: &mut Canvas, tally: &Tally) {
    for job in tally.jobs.values() {
        for (at, step) in job.failed_steps().filter(|(_, step)| !step.tail.is_empty()) {
            let title = format!("{} failed, its last lines:", label(tally, job, at));
            canvas.newline().paint(Paint::Red, "✗ ").paint(Paint::Bold, &title).newline();
            for (mark, text) in step.tail.lines() {
                canvas.raw("    ");
                log_line(canvas, mark, text);
            }
        }
    }
}

/// Adds a line of a step's log in the form that people read.
pub(crate) fn log_line(canvas: &mut Canvas, mark: Option<Mark>, text: &str) {
    match mark {
        None | Some(Mark::Continued | Mark::EndGroup) => canvas.output(text),
        Some(Mark::Group) => canvas.paint(Paint::Cyan, &format!("▸ {text}")),
        Some(Mark::Command) => canvas.paint(Paint::Blue, text),
        Some(Mark::Debug) => canvas.paint(Paint::Magenta, "debug: ").output(text),
        Some(Mark::Notice) => message(canvas, Level::Notice, text),
        Some(Mark::Warning) => message(canvas, Level::Warning, text),
        Some(Mark::Error) => message(canvas, Level::Error, text),
    };
    canvas.newline();
}

/// Adds a message with its level before it.
pub(crate) fn message<'c>(canvas: &'c mut Canvas, level: Level, text: &str) -> &'c mut Canvas {
    canvas.paint(Paint::of_level(level), level.as_str()).raw(": ").output(text)
}

/// Names a run by its workflow, and by its own name where that says more.
pub(crate) fn title(head: &RunStarted) -> String {
    let RunStarted { workflow, title, .. } = head;
    if title == workflow { workflow.clone() } else { format!("{workflow}: {title}") }
}

/// Adds how each job ended.
pub(crate) fn table(canvas: &mut Canvas, tally: &Tally) {
    let rows: Vec<Row> = tally.jobs.values().map(Row::of).collect();
    let names = rows.iter().map(|row| paint::width(&row.name)).max().unwrap_or(0);
    let words = rows.iter().map(|row| row.word.len()).max().unwrap_or(0);
    for row in rows {
        canvas.raw("  ").paint(row.paint, row.mark).raw(" ").paint(Paint::Bold, &row.name);
        canvas.spaces(names - paint::width(&row.name) + 2).paint(row.paint, row.word);
        if !row.time.is_empty() {
            canvas.spaces(words - row.word.len() + 2).raw(&format!("{:>8}", row.time));
        }
        if !row.note.is_empty() {
            canvas.raw("  ").paint(Paint::Dim, &row.note);
        }
        canvas.newline();
    }
}

/// Columns of a reason in the table; it stands in full where the job ended.
pub(crate) const WIDEST_REASON: usize = 100;

struct Row {
    mark: &'static str,
    paint: Paint,
    name: String,
    word: &'static str,
    time: String,
    note: String,
}

impl Row {
    fn of(job: &Job) -> Self {
        let name = job.name.clone();
        let Some(end) = &job.end else {
            let word = if job.started.is_some() { "did not finish" } else { "did not start" };
            let note = job.waiting.clone().unwrap_or_default();
            return Self { mark: "?", paint: Paint::Yellow, name, word, time: String::new(), note };
        };
        let (mark, paint) = Paint::mark(end.conclusion);
        let time = if job.started.is_some() { duration::show(end.duration_ms) } else { String::new() };
        if let Some(loss) = &end.loss {
            let note = paint::fit(&loss.to_string(), WIDEST_REASON).into_owned();
            return Self { mark: "!", paint: Paint::Red, name, word: "lost", time, note };
        }
        let note = match &end.reason {
            Some(reason) => paint::fit(reason, WIDEST_REASON).into_owned(),
            None => job.failed_steps().map(|(at, _)| job.step_name(at)).collect::<Vec<_>>().join(", "),
        };
        Self { mark, paint, name, word: end.conclusion.as_str(), time, note }
    }
}

/// Adds how the run ended, and where more is to be had.
pub(crate) fn conclusion(canvas: &mut Canvas, tally: &Tally) {
    let Some(end) = tally.end else { return };
    let (mark, paint) = Paint::mark(end.conclusion);
    let workflow = tally.head.as_ref().map_or("run", |head| &head.workflow);
    let time = duration::show(end.duration_ms);
    let how = match end.conclusion {
        _ if end.infrastructure => "failed (infrastructure)",
        conclusion => word(conclusion),
    };
    canvas.newline().paint(paint, mark).raw(" ").paint(Paint::Bold, &format!("{workflow} {how}"));
    canvas.raw(&format!(" in {time}")).newline();
    if let Some(run) = tally.run {
        canvas.paint(Paint::Dim, &format!("  full log: act-host runs logs {run}")).newline();
    }
}

/// Returns what a job or a run did.
pub(crate) const fn word(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "succeeded",
        Conclusion::Failure => "failed",
        Conclusion::Cancelled => "was cancelled",
        Conclusion::Skipped => "was skipped",
    }
}

/// Returns what became of a lost job.
pub(crate) fn lost(loss: &Loss) -> String {
    format!("infrastructure failure: {loss}")
}

/// Names a step, with its job where there are several.
pub(crate) fn label(tally: &Tally, job: &Job, step: &StepRef) -> String {
    let step = job.step_name(step);
    if tally.jobs.len() > 1 { format!("{} / {step}", job.name) } else { step }
}
