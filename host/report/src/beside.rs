//! Several runs on one output: what each line begins with tells whose it is.

use std::io::{self, Write};

/// Puts a text before each line.
pub struct Labelled<W> {
    out: W,
    label: String,
    within_line: bool,
}

impl<W: Write> Labelled<W> {
    /// Puts `label` before each line that goes to `out`.
    pub const fn new(out: W, label: String) -> Self {
        Self { out, label, within_line: false }
    }
}

impl<W: Write> Write for Labelled<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.within_line {
                let is_blank = line == b"\n";
                let label = if is_blank { self.label.trim_end_matches(' ') } else { &self.label };
                self.out.write_all(label.as_bytes())?;
            }
            self.out.write_all(line)?;
            self.within_line = !line.ends_with(b"\n");
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_labelled_once_however_it_is_written() {
        let mut out = Labelled::new(Vec::new(), "ci │ ".to_owned());
        for piece in ["one\ntw", "o\n", "", "\nthree"] {
            out.write_all(piece.as_bytes()).unwrap();
        }
        assert_eq!(String::from_utf8(out.out).unwrap(), "ci │ one\nci │ two\nci │\nci │ three");
    }
}
