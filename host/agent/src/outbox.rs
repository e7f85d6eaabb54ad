//! What is said to a host: replies as they come, and the output of what it follows, by a thread of its own.

use std::collections::VecDeque;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use act_protocol::{Encoder, End, Failure, FrameError, ToHost};
use bytes::Bytes;

use crate::bell::Bell;
use crate::exec::Exec;
use crate::spool::{Next, Reader};

/// Written at once at the most, and what is then still to be said waits.
const BATCH: usize = 256 * 1024;
/// Kept for what is said: a batch, and the last body, which may go beyond it and needs room to be squeezed.
const ROOM: usize = 2 * BATCH;
/// Where so much was said at once, and not all that fits, more comes.
const BUSY: usize = 16 * 1024;
/// How long it is then waited for: each message wakes every process on the way.
const GATHERING: Duration = Duration::from_millis(1);

/// Filled by whoever has something to say.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    items: VecDeque<Item>,
    closed: bool,
}

#[derive(Debug)]
pub(crate) enum Item {
    Say(Box<ToHost>, Bytes),
    Follow { number: u32, exec: Arc<Exec>, cursor: act_protocol::Cursor, window: u64 },
    Taken { number: u32, bytes: u64 },
    Unfollow { number: u32 },
}

impl Outbox {
    pub(crate) fn push(&self, item: Item, bell: &Bell) {
        self.lock().items.push_back(item);
        bell.ring();
    }

    pub(crate) fn say(&self, head: ToHost, bell: &Bell) {
        self.push(Item::Say(Box::new(head), Bytes::new()), bell);
    }

    /// Has the writer go once it has said what is there.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    fn take(&self) -> (VecDeque<Item>, bool) {
        let mut inner = self.lock();
        (std::mem::take(&mut inner.items), inner.closed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that is followed.
#[derive(Debug)]
struct Follow {
    number: u32,
    exec: Arc<Exec>,
    reader: Reader,
    /// Bytes that may still be sent.
    window: u64,
    is_over: bool,
}

/// Says what is to be said until the box is closed or nobody listens.
pub(crate) struct Writer<'a> {
    outbox: &'a Outbox,
    bell: &'a Bell,
    encoder: Encoder<ToHost>,
    follows: Vec<Follow>,
    out: Vec<u8>,
    body: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(outbox: &'a Outbox, bell: &'a Bell, encoder: Encoder<ToHost>) -> Self {
        Self { outbox, bell, encoder, follows: Vec::new(), out: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn run(mut self, stream: &mut UnixStream, heartbeat: Duration) {
        let mut last = Instant::now();
        loop {
            let seen = self.bell.rings();
            let closed = self.gather();
            if self.out.is_empty() && last.elapsed() >= heartbeat {
                let _ = self.encoder.frame(&ToHost::Heartbeat, b"", &mut self.out);
            }
            if !self.out.is_empty() {
                if stream.write_all(&self.out).is_err() {
                    return;
                }
                if (BUSY..BATCH).contains(&self.out.len()) && !closed {
                    std::thread::sleep(GATHERING);
                }
                self.out.clear();
                self.out.shrink_to(ROOM);
                last = Instant::now();
                if !closed {
                    continue;
                }
            }
            if closed {
                return;
            }
            self.bell.wait(seen, heartbeat.saturating_sub(last.elapsed()));
        }
    }

    /// Collects what is to be said now; returns whether the box is closed.
    fn gather(&mut self) -> bool {
        let (items, closed) = self.outbox.take();
        for item in items {
            match item {
                Item::Say(head, body) => self.frame(&head, &body),
                Item::Follow { number, exec, cursor, window } => self.follow(number, exec, cursor, window),
                Item::Taken { number, bytes } => {
                    let follow = self.follows.iter_mut().find(|follow| follow.number == number);
                    if let Some(follow) = follow {
                        follow.window = follow.window.saturating_add(bytes);
                    }
                }
                Item::Unfollow { number } => self.follows.retain(|follow| follow.number != number),
            }
        }
        // Each in its turn, so that none waits for another to be silent.
        let mut follows = std::mem::take(&mut self.follows);
        while self.out.len() < BATCH {
            let said = follows.iter_mut().filter(|follow| !follow.is_over).map(|follow| self.pump(follow));
            if !said.fold(false, |any, said| any | said) {
                break;
            }
        }
        follows.retain(|follow| !follow.is_over);
        self.follows = follows;
        closed
    }

    fn follow(&mut self, number: u32, exec: Arc<Exec>, cursor: act_protocol::Cursor, window: u64) {
        let reader = Reader::new(Arc::clone(&exec.spool), cursor);
        match reader.check() {
            Ok(()) => {
                self.frame(&ToHost::Following { follow: number }, b"");
                self.follows.push(Follow { number, exec, reader, window, is_over: false });
            }
            Err(why) => self.not_following(number, why),
        }
    }

    /// Says the next part of what is followed; returns whether there was one.
    fn pump(&mut self, follow: &mut Follow) -> bool {
        // Asked before the output: what was written before the end is there then.
        let end = follow.exec.end();
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        let budget = usize::try_from(follow.window).unwrap_or(usize::MAX);
        let next = follow.reader.next(budget, &mut body);
        let said = match next {
            Next::Output { stream, offset } => {
                follow.window -= body.len() as u64;
                self.frame(&ToHost::Output { follow: follow.number, stream, offset }, &body);
                true
            }
            Next::Gone(why) => {
                self.not_following(follow.number, why);
                follow.is_over = true;
                true
            }
            Next::Nothing => match end.filter(|_| follow.reader.is_at_end()) {
                Some(end) => {
                    self.ended(follow.number, &end);
                    follow.is_over = true;
                    true
                }
                None => false,
            },
        };
        self.body = body;
        said
    }

    fn ended(&mut self, follow: u32, end: &End) {
        self.frame(&ToHost::Ended { follow, end: end.clone() }, b"");
    }

    fn not_following(&mut self, follow: u32, why: String) {
        self.frame(&ToHost::NotFollowing { follow, failure: Failure::Refused(why) }, b"");
    }

    fn frame(&mut self, head: &ToHost, body: &[u8]) {
        let Err(error) = self.encoder.frame(head, body, &mut self.out) else { return };
        // Nothing here is made so large; if it is, whoever waits for it must not wait for ever.
        let failure = Failure::Refused(match error {
            FrameError::TooLarge { size, limit } => {
                format!("the answer has {size} bytes, {limit} at the most")
            }
            other => other.to_string(),
        });
        let instead = match head {
            ToHost::Answer { id, .. } => ToHost::Answer { id: *id, answer: Err(failure) },
            ToHost::Ended { follow, .. } => ToHost::NotFollowing { follow: *follow, failure },
            _ => return,
        };
        let _ = self.encoder.frame(&instead, b"", &mut self.out);
    }
}
