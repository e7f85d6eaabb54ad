//! Reads a process's two output pipes, bounded: nothing is read that nobody wants yet.
//!
//! The pipes keep the kernel's 64 KiB: larger ones measured no faster.
//!
//! Until the process has exited its writing ends are held here, too. Else each stream would end in the middle of the
//! exit, and who is woken by that takes the processor from a process that is not gone yet: up to a millisecond.

use std::io::{self, PipeWriter};
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::control::Bell;
use crate::reap;
use crate::spec::{Chunk, Sink, Stream};

const CHUNK: usize = 64 * 1024;
/// A chunk at least this full keeps its buffer; a smaller one is copied, so that nobody holds 64 KiB for a line.
const WORTH_KEEPING: usize = CHUNK / 4;

/// The reading ends, and until the exit those that the process writes to.
#[derive(Debug, Default)]
pub(crate) struct Pipes {
    ends: [Option<OwnedFd>; 2],
    held: Option<[PipeWriter; 2]>,
    offsets: [u64; 2],
    buffer: Vec<u8>,
}

/// What woke the driver.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) exit: bool,
    /// Of each pipe.
    flags: [PollFlags; 2],
}

impl Pipes {
    /// Makes them, and returns what a process is to write to: its output, then its errors.
    pub(crate) fn new() -> io::Result<(Self, [Stdio; 2])> {
        let ((stdout, to_stdout), (stderr, to_stderr)) = (io::pipe()?, io::pipe()?);
        let writers = [to_stdout.try_clone()?.into(), to_stderr.try_clone()?.into()];
        let ends = [stdout, stderr].map(OwnedFd::from);
        for end in &ends {
            rustix::io::ioctl_fionbio(end, true)?;
        }
        let held = Some([to_stdout, to_stderr]);
        Ok((Self { ends: ends.map(Some), held, offsets: [0, 0], buffer: Vec::new() }, writers))
    }

    /// Holds the pipes open no longer: from now on they end when nobody else does.
    pub(crate) fn let_go(&mut self) {
        self.held = None;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.ends.iter().any(Option::is_some)
    }

    pub(crate) fn close(&mut self) {
        (self.ends, self.held) = ([None, None], None);
    }

    /// Returns how many bytes each pipe holds now, `None` for a closed one.
    pub(crate) fn filled(&self) -> [Option<u64>; 2] {
        self.ends.each_ref().map(|end| end.as_ref().map(|end| rustix::io::ioctl_fionread(end).unwrap_or(0)))
    }

    /// Whether all who could write have gone, so that no read has to wait; those that hold nothing are closed. Only after
    /// [`Self::let_go`].
    pub(crate) fn are_ended(&mut self) -> bool {
        let [Some(stdout), Some(stderr)] = &self.ends else { return false };
        let mut watched = [stdout, stderr].map(|end| PollFd::new(end, PollFlags::IN));
        let seen = poll(&mut watched, Some(&Timespec::default()));
        let flags = watched.map(|end| end.revents());
        for (end, flags) in self.ends.iter_mut().zip(flags) {
            // Nothing is in it, and nothing will be.
            if flags == PollFlags::HUP {
                *end = None;
            }
        }
        seen.is_ok() && flags.iter().all(|flags| flags.contains(PollFlags::HUP))
    }

    /// Sleeps until the bell rings, `exit` happens, there is something to read that is wanted, `wait` is
    /// over, or it is time to look after orphans. The bell is silent afterwards.
    pub(crate) fn listen(
        &self,
        bell: &Bell<'_>,
        exit: Option<&OwnedFd>,
        wanted: bool,
        wait: Option<Duration>,
    ) -> Heard {
        let [stdout, stderr] =
            self.ends.each_ref().map(|end| end.as_ref().filter(|_| wanted).map(AsFd::as_fd));
        // A place that is not watched holds the bell with no flags: then nothing is reported there.
        let mut watched = [Some(bell.as_fd()), exit.map(AsFd::as_fd), stdout, stderr].map(|fd| {
            let flags = if fd.is_some() { PollFlags::IN } else { PollFlags::empty() };
            PollFd::from_borrowed_fd(fd.unwrap_or(bell.as_fd()), flags)
        });
        let wait = wait.map_or(reap::PERIOD, |wait| wait.min(reap::PERIOD));
        match poll(&mut watched, Timespec::try_from(wait).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            // Out of memory: trying again at once would only burn time.
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
        let [rang, exited, stdout, stderr] = watched.map(|fd| fd.revents());
        if !rang.is_empty() {
            bell.silence();
        }
        Heard { exit: !exited.is_empty(), flags: [stdout, stderr] }
    }

    /// Reads once from each pipe that has something. `seen` is told how much, 0 at the end of a stream.
    pub(crate) fn read(&mut self, heard: &Heard, sink: &impl Sink, mut seen: impl FnMut(Stream, usize)) {
        for (stream, flags) in Stream::BOTH.into_iter().zip(heard.flags) {
            let Some(end) = self.ends[stream.index()].as_ref().filter(|_| !flags.is_empty()) else {
                continue;
            };
            if flags == PollFlags::HUP {
                // Nothing is in it, and nothing will be: no need for room to read into.
                self.ends[stream.index()] = None;
                seen(stream, 0);
                continue;
            }
            self.buffer.clear();
            self.buffer.reserve_exact(CHUNK);
            match rustix::io::read(end, rustix::buffer::spare_capacity(&mut self.buffer)) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                Ok(0) | Err(_) => {
                    self.ends[stream.index()] = None;
                    seen(stream, 0);
                }
                Ok(count) => {
                    seen(stream, count);
                    let chunk = self.chunk(stream);
                    sink.take(&chunk);
                    if self.buffer.capacity() == 0 && chunk.bytes.is_unique() {
                        self.buffer = chunk.bytes.into();
                    }
                }
            }
        }
    }

    fn chunk(&mut self, stream: Stream) -> Chunk {
        let bytes = if self.buffer.len() >= WORTH_KEEPING {
            Bytes::from(mem::take(&mut self.buffer))
        } else {
            Bytes::copy_from_slice(&self.buffer)
        };
        let offset = self.offsets[stream.index()];
        self.offsets[stream.index()] += bytes.len() as u64;
        Chunk { stream, offset, bytes }
    }
}
