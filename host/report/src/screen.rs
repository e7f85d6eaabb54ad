//! One output for the lines of several runs, and on a terminal, below them, for what runs now in each.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::live::MOST_JOBS;
use super::paint;

/// Lines that are drawn at most: what has scrolled away cannot be taken away again.
const MOST_LINES: usize = 2 * MOST_JOBS;

/// What reporters write to.
#[derive(Debug)]
pub struct Screen<W>(Arc<Mutex<State<W>>>);

#[derive(Debug)]
struct State<W> {
    out: W,
    /// What each reporter has below the lines.
    parts: Vec<Vec<u8>>,
    /// How many lines stand there.
    drawn: usize,
    text: Vec<u8>,
}

impl<W: Write> Screen<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self(Arc::new(Mutex::new(State { out, parts: Vec::new(), drawn: 0, text: Vec::new() })))
    }

    /// Lets a reporter write here, with `label` before each of its lines; empty for one that is alone.
    pub fn seat(&self, label: String) -> Seat<W> {
        let mut state = lock(&self.0);
        state.parts.push(Vec::new());
        Seat { screen: self.0.clone(), index: state.parts.len() - 1, label: Label(label) }
    }
}

/// The place of one reporter on a screen.
#[derive(Debug)]
pub struct Seat<W: Write> {
    screen: Arc<Mutex<State<W>>>,
    index: usize,
    label: Label,
}

impl<W: Write> Seat<W> {
    /// Returns how many columns its label takes.
    pub(crate) fn margin(&self) -> usize {
        paint::width(&self.label.0)
    }

    /// Returns how many jobs it may draw: all who have something to draw have the same.
    pub(crate) fn room(&self) -> usize {
        let state = lock(&self.screen);
        let others =
            state.parts.iter().enumerate().filter(|(index, part)| *index != self.index && !part.is_empty());
        (MOST_JOBS / (1 + others.count())).max(1)
    }

    /// Writes whole lines for good, and below them `part` until the next call.
    pub(crate) fn show(&mut self, lines: &[u8], part: &[u8]) -> io::Result<()> {
        let mut state = lock(&self.screen);
        let state = &mut *state;
        let had = &mut state.parts[self.index];
        if lines.is_empty() && part.is_empty() && had.is_empty() {
            return Ok(());
        }
        had.clear();
        self.label.push(part, had);
        state.erase();
        // A log that nothing is drawn below goes through as it is.
        if state.text.is_empty() && part.is_empty() && self.label.0.is_empty() {
            return write_once(&mut state.out, lines);
        }
        self.label.push(lines, &mut state.text);
        state.draw();
        state.write()
    }

    /// Takes its part away, and with `end` whatever a broken line left behind.
    pub(crate) fn leave(&mut self, end: &str) {
        let mut state = lock(&self.screen);
        state.parts[self.index].clear();
        state.erase();
        state.text.extend_from_slice(end.as_bytes());
        state.draw();
        // There is nobody left to tell.
        let _ = state.write();
    }
}

impl<W: Write> State<W> {
    fn erase(&mut self) {
        if self.drawn > 0 {
            self.text.extend_from_slice(format!("\r\x1b[{}A\x1b[J", self.drawn).as_bytes());
            self.drawn = 0;
        }
    }

    fn draw(&mut self) {
        let mut left = 0;
        for part in &self.parts {
            let lines = part.iter().filter(|byte| **byte == b'\n').count();
            if self.drawn + lines > MOST_LINES {
                left += 1;
            } else {
                self.text.extend_from_slice(part);
                self.drawn += lines;
            }
        }
        if left > 0 {
            self.text.extend_from_slice(format!("  and {left} more runs\n").as_bytes());
            self.drawn += 1;
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let written = write_once(&mut self.out, &self.text);
        self.text.clear();
        written
    }
}

fn write_once(out: &mut impl Write, text: &[u8]) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    out.write_all(text)?;
    out.flush()
}

/// What each line begins with.
#[derive(Debug)]
struct Label(String);

impl Label {
    /// Adds whole lines, each with the label before it.
    fn push(&self, lines: &[u8], to: &mut Vec<u8>) {
        if self.0.is_empty() {
            to.extend_from_slice(lines);
            return;
        }
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let label = if line == b"\n" { self.0.trim_end_matches(' ') } else { &self.0 };
            to.extend_from_slice(label.as_bytes());
            to.extend_from_slice(line);
        }
    }
}

fn lock<W>(state: &Mutex<State<W>>) -> MutexGuard<'_, State<W>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::tests::Page;

    #[test]
    fn runs_draw_below_the_lines_of_all() {
        let page = Page::default();
        let screen = Screen::new(page.clone());
        let [mut ci, mut lint] = ["ci │ ", "lint │ "].map(|label| screen.seat(label.to_owned()));
        ci.show(b"begins\n", b"build 0.1s\n").unwrap();
        lint.show(b"begins\n\n", b"clippy 0.1s\nfmt 0.1s\n").unwrap();
        assert_eq!((ci.room(), lint.room()), (3, 3));
        ci.show(b"", b"build 0.2s\n").unwrap();
        assert_eq!(page.writes(), 3, "one write a drawing");
        lint.leave("");
        assert_eq!(ci.room(), MOST_JOBS);
        ci.show(b"ends\n", b"").unwrap();
        ci.show(b"", b"").unwrap();
        assert_eq!(page.writes(), 5, "nothing to write, nothing to take away");
        assert_snapshot!(page.text(), @"
        ci │ begins
        ci │ build 0.1s
        ␍␛[1A␛[Jlint │ begins
        lint │
        ci │ build 0.1s
        lint │ clippy 0.1s
        lint │ fmt 0.1s
        ␍␛[3A␛[Jci │ build 0.2s
        lint │ clippy 0.1s
        lint │ fmt 0.1s
        ␍␛[3A␛[Jci │ build 0.2s
        ␍␛[1A␛[Jci │ ends
        ");
    }

    #[test]
    fn what_is_drawn_fits_a_small_terminal() {
        let page = Page::default();
        let screen = Screen::new(page.clone());
        let mut seats: Vec<_> = (0..20).map(|index| screen.seat(format!("{index} │ "))).collect();
        for seat in &mut seats {
            assert!(seat.room() >= 1);
            seat.show(b"", b"a job\n  2 waiting\n").unwrap();
        }
        let text = page.text();
        let (_, last) = text.rsplit_once("␛[J").unwrap();
        assert_eq!(last.lines().count(), MOST_LINES + 1);
        assert!(last.ends_with("5 │   2 waiting\n  and 14 more runs\n"), "{last}");
    }
}
