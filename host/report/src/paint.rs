//! Colours and marks of what reporters write for people.

use std::borrow::Cow;

use act_core::Conclusion;
use act_core::event::Level;

use super::clean;

/// How a piece of text looks, where there is colour at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
}

/// Ends every colour.
pub(crate) const RESET: &str = "\x1b[0m";

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Red => "\x1b[31m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Blue => "\x1b[34m",
            Self::Magenta => "\x1b[35m",
            Self::Cyan => "\x1b[36m",
        }
    }

    /// Returns how a message of some gravity looks.
    pub(crate) const fn of_level(level: Level) -> Self {
        match level {
            Level::Notice => Self::Cyan,
            Level::Warning => Self::Yellow,
            Level::Error => Self::Red,
        }
    }

    /// Returns the mark of an end, and how it looks.
    pub(crate) const fn mark(conclusion: Conclusion) -> (&'static str, Self) {
        match conclusion {
            Conclusion::Success => ("✓", Self::Green),
            Conclusion::Failure => ("✗", Self::Red),
            Conclusion::Cancelled => ("⊘", Self::Yellow),
            Conclusion::Skipped => ("⊘", Self::Dim),
        }
    }
}

/// Text that is put together, with colour or without.
#[derive(Debug)]
pub(crate) struct Canvas {
    pub(crate) bytes: Vec<u8>,
    pub(crate) color: bool,
}

impl Canvas {
    pub(crate) const fn new(color: bool) -> Self {
        Self { bytes: Vec::new(), color }
    }

    /// Adds our own text: nothing in it controls a terminal.
    pub(crate) fn raw(&mut self, text: &str) -> &mut Self {
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn newline(&mut self) -> &mut Self {
        self.bytes.push(b'\n');
        self
    }

    pub(crate) fn spaces(&mut self, count: usize) -> &mut Self {
        self.bytes.resize(self.bytes.len() + count, b' ');
        self
    }

    /// Adds a name or a message of the workflow's, on one line, in our colour and none of its own.
    pub(crate) fn paint(&mut self, paint: Paint, text: &str) -> &mut Self {
        let colored = self.color && paint != Paint::Plain;
        if colored {
            self.raw(paint.code());
        }
        clean::push(&mut self.bytes, text, false);
        if colored {
            self.raw(RESET);
        }
        self
    }

    /// Adds a line of a step's output, with its own colours where there is colour.
    pub(crate) fn output(&mut self, text: &str) -> &mut Self {
        if clean::push(&mut self.bytes, text, self.color) {
            self.raw(RESET);
        }
        self
    }

    /// Adds a text that may have several lines, each begun by `begin`.
    pub(crate) fn lines(&mut self, paint: Paint, begin: &str, text: &str) -> &mut Self {
        for line in text.lines() {
            if !line.is_empty() {
                self.raw(begin).paint(paint, line);
            }
            self.newline();
        }
        self
    }
}

/// Cuts a text so that it takes at most `columns` columns. It must hold no control characters.
pub(crate) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut left = columns.saturating_sub(1);
    let kept = text.chars().take_while(|c| {
        let width = c.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    });
    let mut cut: String = kept.collect();
    if columns > 0 {
        cut.push('…');
    }
    Cow::Owned(cut)
}

/// Returns the columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_columns_not_by_bytes() {
        for (text, columns, cut) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("größer", 5, "größ…"),
            ("日本語です", 5, "日本…"),
            ("x", 0, ""),
        ] {
            assert_eq!(fit(text, columns), cut);
            assert!(width(&fit(text, columns)) <= columns);
        }
    }

    #[test]
    fn names_bring_no_colour_of_their_own() {
        let mut canvas = Canvas::new(true);
        canvas.paint(Paint::Red, "a\x1b[32mb\x1b[2Kc\nd").output("x\x1b[1my");
        assert_eq!(canvas.bytes, b"\x1b[31mabc d\x1b[0mx\x1b[1my\x1b[0m");
    }
}
