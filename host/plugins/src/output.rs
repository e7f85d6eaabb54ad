//! What a guest says during one call, through the log and through its standard streams: split, made fit, counted, and
//! handed on when the call ends: to keep a line for itself costs more than to make it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::spec::{GuestLine, GuestSaid, LogLevel, LogSink};
use crate::text::{LONGEST_LINE, line};

/// How many lines are held back at the most.
const HELD: usize = 256;

/// How many of the last lines of standard error, and of errors in the log, a failure quotes.
const QUOTED: usize = 3;

/// The voice of one call. Cheap to clone: the guest's streams hold clones.
#[derive(Clone)]
pub(crate) struct Voice(Arc<Mutex<Inner>>);

struct Inner {
    sink: Arc<dyn LogSink>,
    plugin: Arc<str>,
    job: Option<String>,
    left: u32,
    told: bool,
    streams: [Vec<u8>; 2],
    last: Vec<String>,
    held: Vec<GuestLine>,
}

/// A standard stream.
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Error,
}

impl Voice {
    /// Makes the voice of a call that may say so many lines.
    pub(crate) fn new(sink: Arc<dyn LogSink>, plugin: Arc<str>, job: Option<String>, lines: u32) -> Self {
        let streams = [Vec::new(), Vec::new()];
        Self(Arc::new(Mutex::new(Inner {
            sink,
            plugin,
            job,
            left: lines,
            told: false,
            streams,
            last: Vec::new(),
            held: Vec::new(),
        })))
    }

    /// Says what a guest logs: each of its lines.
    pub(crate) fn log(&self, level: LogLevel, text: &str) {
        let mut inner = self.inner();
        if level == LogLevel::Error {
            inner.quote(text);
        }
        // Splitting more than is shown would only serve a flood.
        let most = inner.left as usize + 1;
        text.lines().take(most).for_each(|text| inner.say(level, text));
    }

    /// Makes the stream that the guest has as its standard output.
    pub(crate) fn stdout(&self) -> impl StdoutStream + 'static {
        Pipe(self.clone(), Stream::Out)
    }

    /// Makes the stream that the guest has as its standard error.
    pub(crate) fn stderr(&self) -> impl StdoutStream + 'static {
        Pipe(self.clone(), Stream::Error)
    }

    /// Says what the streams hold back, as the call has ended; returns the last of what it said of its failure.
    pub(crate) fn end(&self) -> Vec<String> {
        let mut inner = self.inner();
        for stream in [Stream::Out, Stream::Error] {
            if !inner.streams[stream as usize].is_empty() {
                inner.flush(stream);
            }
        }
        inner.hand_on();
        std::mem::take(&mut inner.last)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // What a panicking sink left is still fit to be read.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn say(&mut self, level: LogLevel, text: &str) {
        if self.left == 0 {
            if !std::mem::replace(&mut self.told, true) {
                let text = "the plugin's log is full: what it says from here on is dropped".to_owned();
                self.held.push(GuestLine { level: LogLevel::Warn, text });
            }
            return;
        }
        self.left -= 1;
        self.held.push(GuestLine { level, text: line(text, LONGEST_LINE) });
        if self.held.len() == HELD {
            self.hand_on();
        }
    }

    fn hand_on(&mut self) {
        let lines = std::mem::take(&mut self.held);
        if !lines.is_empty() {
            self.sink.said(GuestSaid { plugin: &self.plugin, job: self.job.as_deref(), lines });
        }
    }

    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let held = &mut self.streams[stream as usize];
            // One more than is shown, so that the cut shows as well.
            let room = (LONGEST_LINE + 1).saturating_sub(held.len());
            held.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                self.flush(stream);
            }
        }
    }

    fn flush(&mut self, stream: Stream) {
        let held = std::mem::take(&mut self.streams[stream as usize]);
        let text = String::from_utf8_lossy(&held);
        match stream {
            Stream::Out => self.say(LogLevel::Info, &text),
            Stream::Error => {
                self.say(LogLevel::Warn, &text);
                self.quote(&text);
            }
        }
    }

    /// Keeps a line for who asks what became of the call; Rust's advice is for those who can set variables.
    fn quote(&mut self, text: &str) {
        let quote = line(text, 300);
        if !quote.is_empty() && !quote.starts_with("note: run with `RUST_BACKTRACE") {
            self.last.push(quote);
            let old = self.last.len().saturating_sub(QUOTED);
            self.last.drain(..old);
        }
    }
}

/// A call that is given up has said what it said.
impl Drop for Inner {
    fn drop(&mut self) {
        self.hand_on();
    }
}

/// A standard stream that ends in the voice.
#[derive(Clone)]
struct Pipe(Voice, Stream);

impl IsTerminal for Pipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Pipe {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for it, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Pipe {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.0.inner().write(self.1, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[async_trait::async_trait]
impl Pollable for Pipe {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl LogSink for Kept {
        fn said(&self, said: GuestSaid<'_>) {
            let lines = said.lines.iter().map(|line| format!("{:?} {}", line.level, line.text));
            self.0.lock().unwrap().extend(lines);
        }

        fn notice(&self, _: &str) {}
    }

    fn voice(lines: u32) -> (Arc<Kept>, Voice) {
        let kept = Arc::new(Kept::default());
        (kept.clone(), Voice::new(kept, "p".into(), None, lines))
    }

    #[test]
    fn streams_are_split_into_lines_whatever_the_writes() {
        let (kept, voice) = voice(10);
        for (stream, bytes) in [
            (Stream::Out, "on"),
            (Stream::Error, "panicked\n"),
            (Stream::Out, "e\ntwo\nthr"),
            (Stream::Out, "ee"),
        ] {
            voice.inner().write(stream, bytes.as_bytes());
        }
        assert_eq!(voice.end(), ["panicked"]);
        assert_eq!(*kept.0.lock().unwrap(), ["Warn panicked", "Info one", "Info two", "Info three"]);
    }

    #[test]
    fn errors_in_the_log_are_quoted_and_advice_is_not() {
        let (_, voice) = voice(10);
        voice.log(LogLevel::Warn, "not of interest");
        voice.log(LogLevel::Error, "panicked at src/lib.rs:3:5:\nno");
        voice
            .inner()
            .write(Stream::Error, b"\nValueError: no\nnote: run with `RUST_BACKTRACE=1` to see more\n");
        assert_eq!(voice.end(), ["panicked at src/lib.rs:3:5: no", "ValueError: no"]);
    }

    #[test]
    fn a_flood_is_cut_and_told_once() {
        let (kept, voice) = voice(2);
        voice.log(LogLevel::Info, "a\n::add-mask::b\nc\nd");
        voice.log(LogLevel::Info, "e");
        voice.end();
        let said = kept.0.lock().unwrap().clone();
        assert_eq!(said[..2], ["Info a", "Info : :add-mask::b"]);
        assert_eq!(said.len(), 3);
        assert!(said[2].contains("log is full"), "{said:?}");
    }

    #[test]
    fn a_call_that_is_given_up_has_said_what_it_said() {
        let (kept, voice) = voice(10);
        voice.log(LogLevel::Info, "a\nb");
        assert!(kept.0.lock().unwrap().is_empty(), "it is handed on in one go");
        drop(voice);
        assert_eq!(*kept.0.lock().unwrap(), ["Info a", "Info b"]);
    }

    #[test]
    fn a_line_without_end_is_held_no_longer_than_it_is_shown() {
        let (kept, voice) = voice(2);
        for _ in 0..100 {
            voice.inner().write(Stream::Out, &[b'x'; 4096]);
        }
        assert!(voice.inner().streams[0].len() <= LONGEST_LINE + 1);
        voice.end();
        assert!(kept.0.lock().unwrap()[0].ends_with('…'));
    }
}
