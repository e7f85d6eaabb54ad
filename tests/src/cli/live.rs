//! A program that runs: what it has said so far, signals, its end.

use std::io::Read;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Normal, Ran};

/// Longer than anything takes, and shorter than a patient person waits.
const LIMIT: Duration = Duration::from_secs(180);

/// A started program.
#[derive(Debug)]
pub struct Live {
    child: Child,
    out: Stream,
    err: Stream,
    normal: Normal,
}

/// What a program writes, gathered by a thread.
#[derive(Debug)]
struct Stream {
    said: Arc<(Mutex<Said>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Said {
    bytes: Vec<u8>,
    ended: bool,
}

impl Live {
    pub(super) fn start(mut command: Command, normal: Normal) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let out = Stream::of(child.stdout.take().expect("standard output is a pipe"));
        let err = Stream::of(child.stderr.take().expect("standard error is a pipe"));
        Self { child, out, err, normal }
    }

    /// Waits until standard output holds a text.
    ///
    /// # Panics
    /// When the program ends, or a long time passes, without it.
    pub fn saw(&mut self, text: &str) -> &mut Self {
        let found = self.out.wait_for(|said| contains(&said.bytes, text.as_bytes()));
        assert!(found, "`{text}` was never said:\n{}\n{}", self.out.text(), self.err.text());
        self
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&mut self) -> &mut Self {
        self.signal(Signal::INT)
    }

    /// Asks politely, as a service manager does.
    pub fn terminate(&mut self) -> &mut Self {
        self.signal(Signal::TERM)
    }

    /// Kills the program, and nothing else.
    pub fn kill(&mut self) -> &mut Self {
        self.signal(Signal::KILL)
    }

    fn signal(&mut self, signal: Signal) -> &mut Self {
        kill_process(Pid::from_child(&self.child), signal).expect("the program still runs");
        self
    }

    /// The program's process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the program and of its output.
    ///
    /// # Panics
    /// When that takes too long; the program is killed then.
    #[must_use]
    pub fn end(self) -> Ran {
        self.end_within(LIMIT)
    }

    /// As [`Live::end`], of what takes longer than anything else.
    ///
    /// # Panics
    /// As there.
    #[must_use]
    pub fn end_within(mut self, limit: Duration) -> Ran {
        let ended =
            self.out.wait_within(limit, |said| said.ended) && self.err.wait_within(LIMIT, |said| said.ended);
        if !ended {
            let _ = self.child.kill();
        }
        let status = self.child.wait().expect("a child can be waited for");
        assert!(ended, "still running after {limit:?}:\n{}\n{}", self.out.text(), self.err.text());
        let output = Output { status, stdout: self.out.take(), stderr: self.err.take() };
        Ran::of(&output, &self.normal)
    }
}

/// A test that fails leaves nothing running: neither the program nor its jobs.
impl Drop for Live {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        for signal in [Signal::INT, Signal::INT, Signal::KILL] {
            for _ in 0..20 {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = kill_process(pid, signal);
        }
        let _ = self.child.wait();
    }
}

impl Stream {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let said = Arc::new((Mutex::new(Said::default()), Condvar::new()));
        let shared = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let count = pipe.read(&mut buffer).unwrap_or(0);
                let mut said = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                said.bytes.extend_from_slice(&buffer[..count]);
                said.ended = count == 0;
                shared.1.notify_all();
                if said.ended {
                    break;
                }
            }
        });
        Self { said, reader: Some(reader) }
    }

    /// Returns whether the condition came true before the stream's end and the limit.
    fn wait_for(&self, condition: impl Fn(&Said) -> bool) -> bool {
        self.wait_within(LIMIT, condition)
    }

    fn wait_within(&self, limit: Duration, condition: impl Fn(&Said) -> bool) -> bool {
        let began = Instant::now();
        let mut said = self.said.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !condition(&said) {
            let left = limit.saturating_sub(began.elapsed());
            if said.ended || left.is_zero() {
                return false;
            }
            said = self.said.1.wait_timeout(said, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn text(&self) -> String {
        let said = self.said.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said.bytes).into_owned()
    }

    fn take(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        std::mem::take(&mut self.said.0.lock().unwrap_or_else(PoisonError::into_inner).bytes)
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
