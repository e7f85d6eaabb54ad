//! Writes an event as a line of the log.
//!
//! Nearly all of a log is what steps print, and nearly all of that holds nothing that JSON escapes: whether it does is
//! asked of sixteen bytes at once.

use std::mem;

use act_core::event::{Envelope, Event, LogLine};
use bytes::{BufMut, BytesMut};

/// What an event without lines ends with.
const NO_LINES: &[u8] = b"[]}";
const BLOCK: usize = 16;

/// Adds an event and a newline: the same JSON as `serde_json` writes. The event is as before.
pub(crate) fn write(into: &mut BytesMut, envelope: &mut Envelope) -> Result<(), serde_json::Error> {
    match &mut envelope.event {
        Event::Output { lines, .. } if !lines.is_empty() => {
            let printed = mem::take(lines);
            let written = write_output(into, envelope, &printed);
            if let Event::Output { lines, .. } = &mut envelope.event {
                *lines = printed;
            }
            written?;
        }
        _ => serde_json::to_writer(into.writer(), envelope)?,
    }
    into.put_u8(b'\n');
    Ok(())
}

/// Writes an event whose lines were taken out, and puts them where they belong, at its end.
fn write_output(
    into: &mut BytesMut,
    without_lines: &Envelope,
    lines: &[LogLine],
) -> Result<(), serde_json::Error> {
    serde_json::to_writer(into.writer(), without_lines)?;
    if !into.ends_with(NO_LINES) {
        return Err(serde::ser::Error::custom("the lines of an event are not its end"));
    }
    into.truncate(into.len() - NO_LINES.len());
    for (at, line) in lines.iter().enumerate() {
        into.put_u8(if at == 0 { b'[' } else { b',' });
        write_printed(into, line)?;
    }
    into.put_slice(b"]}");
    Ok(())
}

fn write_printed(into: &mut BytesMut, line: &LogLine) -> Result<(), serde_json::Error> {
    match line {
        LogLine::Text(text) if is_as_written(text.as_bytes()) => {
            into.reserve(text.len() + 2);
            into.put_u8(b'"');
            into.put_slice(text.as_bytes());
            into.put_u8(b'"');
            Ok(())
        }
        _ => serde_json::to_writer(into.writer(), line),
    }
}

/// Whether a text is the same within a string of JSON.
fn is_as_written(text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    // No early end within a block: then it is one comparison of vectors.
    let is_block_clean = |block: &[u8; BLOCK]| !block.iter().fold(false, |any, byte| any | is_escaped(*byte));
    blocks.iter().all(is_block_clean) && !rest.iter().any(|byte| is_escaped(*byte))
}

const fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use act_core::event::{EVENT_VERSION, Mark};
    use act_core::ids::{RunId, StepPath, StepRef};
    use jiff::Timestamp;

    use super::*;

    fn envelope(event: Event) -> Envelope {
        Envelope {
            v: EVENT_VERSION,
            seq: 7,
            time: Timestamp::UNIX_EPOCH,
            run: RunId::from_parts(1, 2),
            job: None,
            event,
        }
    }

    fn check(event: Event) {
        let mut envelope = envelope(event);
        let before = envelope.clone();
        let mut line = BytesMut::from(&b"before\n"[..]);
        write(&mut line, &mut envelope).unwrap();
        let expected = format!("before\n{}\n", serde_json::to_string(&before).unwrap());
        assert_eq!(String::from_utf8(line.to_vec()).unwrap(), expected);
        assert_eq!(envelope, before);
    }

    #[test]
    fn a_line_is_what_serde_writes() {
        let step = StepRef::main(StepPath::job().step(0));
        let text = |text: &str| LogLine::Text(text.to_owned());
        check(Event::Output { step: step.clone(), lines: Vec::new() });
        check(Event::Output { step: step.clone(), lines: vec![text("")] });
        check(Event::Output {
            step: step.clone(),
            lines: vec![text("[]}"), LogLine::Marked(Mark::Group, "a \"b\"".into())],
        });
        // Each byte that a character can be, at each place of a block and behind it.
        for byte in (0..=0x7f_u8).map(char::from).chain(['ä', '\u{2028}', '\u{1f600}']) {
            let lines = (0..2 * BLOCK + 3)
                .map(|at| text(&format!("{}{byte}{}", "x".repeat(at), "y".repeat(40 - at))));
            check(Event::Output { step: step.clone(), lines: lines.collect() });
        }
    }
}
