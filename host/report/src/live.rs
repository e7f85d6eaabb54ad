//! The part of a terminal below the lines: what runs now, drawn again and again.

use std::time::Duration;

use jiff::Timestamp;

use super::paint::{self, Canvas, Paint};
use super::tally::{Job, Tally};
use super::{clean, duration};

/// Jobs shown at once; the others are counted.
const MOST_JOBS: usize = 6;

/// How long what stands there stays as it is, if nothing else is written.
const CALM: Duration = Duration::from_millis(100);

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// What is drawn below the lines, and how much of it stands there.
#[derive(Debug)]
pub(crate) struct Live {
    columns: usize,
    drawn: usize,
    last: Option<Timestamp>,
}

impl Live {
    pub(crate) const fn new(columns: u16) -> Self {
        Self { columns: columns as usize, drawn: 0, last: None }
    }

    /// Is told a new width. What stands there was wrapped by the terminal, or not: it is left alone.
    pub(crate) const fn resize(&mut self, columns: u16) {
        self.columns = columns as usize;
    }

    /// Says whether it is time to draw, nothing else having been written.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.last.is_none_or(|last| now.duration_since(last).unsigned_abs() >= CALM)
    }

    /// Adds what takes the part away.
    pub(crate) fn erase(&mut self, canvas: &mut Canvas) {
        if self.drawn > 0 {
            canvas.raw(&format!("\r\x1b[{}A\x1b[J", self.drawn));
            self.drawn = 0;
        }
    }

    /// Adds the part as it is now.
    pub(crate) fn draw(&mut self, canvas: &mut Canvas, tally: &Tally, now: Timestamp) {
        self.last = Some(now);
        if tally.end.is_some() {
            return;
        }
        let running: Vec<&Job> = tally.running().collect();
        let names = running.iter().take(MOST_JOBS).map(|job| paint::width(&plain(&job.name)));
        let names = names.max().unwrap_or(0).min(self.columns / 3);
        for job in running.iter().take(MOST_JOBS) {
            self.draw_job(canvas, job, names, now);
        }
        let more = running.len().saturating_sub(MOST_JOBS);
        let waits = |job: &&Job| job.started.is_none() && job.end.is_none();
        let waiting = tally.jobs.values().filter(waits).count();
        let text = match (more, waiting) {
            (0, 0) => return,
            (0, waiting) => format!("  {waiting} waiting"),
            (more, 0) => format!("  and {more} more running"),
            (more, waiting) => format!("  and {more} more running, {waiting} waiting"),
        };
        canvas.paint(Paint::Dim, &paint::fit(&text, self.columns.saturating_sub(1))).newline();
        self.drawn += 1;
    }

    fn draw_job(&mut self, canvas: &mut Canvas, job: &Job, names: usize, now: Timestamp) {
        let since = |begun: Option<Timestamp>| {
            let millis = begun.map_or(0, |begun| now.duration_since(begun).as_millis().max(0));
            duration::show(u64::try_from(millis).unwrap_or(u64::MAX))
        };
        let (step, elapsed) = match job.current() {
            Some(step) => (plain(&step.name), since(step.started)),
            None => ("between steps".to_owned(), since(job.started)),
        };
        let full = plain(&job.name);
        let name = paint::fit(&full, names);
        let padding = names - paint::width(&name);
        let frame = usize::try_from(now.as_millisecond() / 100).unwrap_or(0) % SPINNER.len();
        // Spinner and its blank, two blanks before the step, one before the time; the last column stays free.
        let rest = self.columns.saturating_sub(2 + names + 2 + 1 + elapsed.len() + 1);
        let step = paint::fit(&step, rest);
        canvas.paint(Paint::Cyan, SPINNER[frame]).raw(" ").paint(Paint::Bold, &name).spaces(padding + 2);
        canvas.raw(&step).raw(" ").paint(Paint::Dim, &elapsed).newline();
        self.drawn += 1;
    }
}

/// Cleans a name, so that what is measured is what is shown.
fn plain(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    clean::push(&mut bytes, &name.replace('\t', " "), false);
    String::from_utf8_lossy(&bytes).into_owned()
}
