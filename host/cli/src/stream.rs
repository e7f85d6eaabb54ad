//! Standard output and standard error: buffered, coloured when a terminal looks, silent when nobody reads.

use std::io::{self, BufWriter, Stdout, Write};

use crate::error::CliError;
use crate::exit::Exit;

/// Size of the output buffer: large answers leave in few writes.
const BUFFER: usize = 64 * 1024;

/// Standard output behind a buffer.
pub(crate) type Out = BufWriter<Stdout>;

/// Whether what was written arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// All of it.
    Whole,
    /// The reader went away first (`| head`): no reason to complain.
    ReaderGone,
}

/// Standard output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct CannotWrite(#[source] io::Error);

/// Writes to standard output through a buffer.
pub(crate) fn print(write: impl FnOnce(&mut Out) -> io::Result<()>) -> Result<Delivery, CliError> {
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(Delivery::Whole),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer has nobody to go to.
            let _ = out.into_parts();
            Ok(Delivery::ReaderGone)
        }
        Err(error) => Err(CliError::new(Exit::Infrastructure, CannotWrite(error))),
    }
}

/// Writes text to standard output.
pub(crate) fn print_text(text: &str) -> Result<Delivery, CliError> {
    print(|out| out.write_all(text.as_bytes()))
}

/// Takes what would steer a terminal out of text that comes from files: all control characters but line breaks.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// Writes to standard error; that nobody may be there to read it changes nothing.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether text for standard output should be coloured.
pub(crate) fn colour_out() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Whether text for standard error should be coloured.
pub(crate) fn colour_err() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}
