//! What a run draws below the lines of a terminal again and again: what runs now.

use std::time::Duration;

use jiff::Timestamp;

use super::paint::{self, Canvas, Paint};
use super::tally::{Job, Tally};
use super::{clean, duration};

/// Jobs shown at once, of all runs; the others are counted.
pub(crate) const MOST_JOBS: usize = 6;

/// How long what stands there stays as it is, if nothing else is written.
const CALM: Duration = Duration::from_millis(100);

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// What is drawn below the lines.
#[derive(Debug)]
pub(crate) struct Live {
    columns: usize,
    last: Option<Timestamp>,
}

impl Live {
    pub(crate) const fn new(columns: usize) -> Self {
        Self { columns, last: None }
    }

    /// Is told a new width. What stands there was wrapped by the terminal, or not: it is left alone.
    pub(crate) const fn resize(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Says whether it is time to draw, nothing else having been written.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.last.is_none_or(|last| now.duration_since(last).unsigned_abs() >= CALM)
    }

    /// Draws the part as it is now, with so many jobs at most.
    pub(crate) fn draw(&mut self, canvas: &mut Canvas, tally: &Tally, most: usize, now: Timestamp) {
        self.last = Some(now);
        if tally.end.is_some() {
            return;
        }
        let running: Vec<&Job> = tally.running().collect();
        let names = running.iter().take(most).map(|job| paint::width(&plain(&job.name)));
        let names = names.max().unwrap_or(0).min(self.columns / 3);
        for job in running.iter().take(most) {
            self.draw_job(canvas, job, names, now);
        }
        let more = running.len().saturating_sub(most);
        let waits = |job: &&Job| job.started.is_none() && job.end.is_none();
        let waiting = tally.jobs.values().filter(waits).count();
        let text = match (more, waiting) {
            (0, 0) => return,
            (0, waiting) => format!("  {waiting} waiting"),
            (more, 0) => format!("  and {more} more running"),
            (more, waiting) => format!("  and {more} more running, {waiting} waiting"),
        };
        canvas.paint(Paint::Dim, &paint::fit(&text, self.columns.saturating_sub(1))).newline();
    }

    fn draw_job(&self, canvas: &mut Canvas, job: &Job, names: usize, now: Timestamp) {
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
    }
}

/// Cleans a name, so that what is measured is what is shown.
fn plain(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    clean::push(&mut bytes, &name.replace('\t', " "), false);
    String::from_utf8_lossy(&bytes).into_owned()
}
