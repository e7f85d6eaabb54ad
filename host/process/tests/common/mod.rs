//! What the tests of whole processes share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test program uses its part")]

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use act_process::{Chunk, Control, End, Finished, LadderTimes, Linger, Sink, Spec, Stream, start};

/// Keeps what a process wrote.
#[derive(Default)]
pub struct Kept {
    pub chunks: Mutex<Vec<Chunk>>,
    pub closed: AtomicBool,
}

impl Sink for Kept {
    fn is_ready(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }

    fn take(&self, chunk: &Chunk) {
        self.chunks.lock().unwrap().push(chunk.clone());
    }
}

impl Kept {
    /// The bytes of a stream, after a check that its chunks are contiguous and neither empty nor large.
    pub fn bytes(&self, stream: Stream) -> Vec<u8> {
        let mut bytes = Vec::new();
        for chunk in self.chunks.lock().unwrap().iter().filter(|chunk| chunk.stream == stream) {
            assert_eq!(chunk.offset, bytes.len() as u64);
            assert!((1..=65_536).contains(&chunk.bytes.len()));
            bytes.extend_from_slice(&chunk.bytes);
        }
        bytes
    }

    pub fn text(&self, stream: Stream) -> String {
        String::from_utf8(self.bytes(stream)).unwrap()
    }
}

pub fn os(text: &str) -> Cow<'static, OsStr> {
    OsString::from(text).into()
}

pub fn spec(argv: &[&str]) -> Spec<'static> {
    let path = std::env::var_os("PATH").unwrap();
    Spec {
        argv: argv.iter().map(|argument| os(argument)).collect(),
        env: vec![(os("PATH"), path.into())],
        cwd: Path::new("/").into(),
        timeout: None,
        ladder: LadderTimes { interrupt: Duration::from_millis(300), terminate: Duration::from_millis(200) },
        linger: Linger::default(),
    }
}

pub fn bash(script: &str) -> Spec<'static> {
    spec(&["bash", "-c", script])
}

pub struct Ran {
    pub end: End,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

/// Runs to the end; leftovers are dropped.
pub fn run(spec: &Spec) -> Ran {
    let (kept, began) = (Kept::default(), Instant::now());
    let Finished { end, .. } = start(spec).unwrap().drive(&Control::default(), &kept);
    Ran { end, out: kept.text(Stream::Stdout), err: kept.text(Stream::Stderr), took: began.elapsed() }
}

/// Waits until `is` holds; the test fails if it does not within ten seconds.
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(10), "in ten seconds not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}
