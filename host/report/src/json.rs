//! The log's own lines, for programs.

use std::io::{self, Write};

use act_core::event::Envelope;
use act_store::Appended;

use super::Reporter;

/// Writes each event as the line of JSON that the run's log holds.
pub struct Json<W> {
    out: W,
}

impl<W: Write + Send> Json<W> {
    /// Writes to `out`.
    pub const fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write + Send> Reporter for Json<W> {
    fn event(&mut self, envelope: &Envelope) -> io::Result<()> {
        let mut line = serde_json::to_vec(envelope)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }

    /// Writes the very bytes that went to the log: nothing is made twice.
    fn appended(&mut self, appended: &Appended) -> io::Result<()> {
        self.out.write_all(&appended.lines)?;
        self.out.flush()
    }
}
