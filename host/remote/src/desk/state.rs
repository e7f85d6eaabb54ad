//! What is to be said to an agent, and who waits for what it says.

use std::collections::{BTreeMap, HashMap, VecDeque};

use act_core::environment::{EnvironmentError, MIN_OUTPUT_BUFFER};
use act_protocol::{Answer, Ask, CHUNK, Cursor, Encoder, Failure, Stream, ToAgent};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::{Answered, Item, Nonsense, Over, WINDOW};
use crate::convert::{failure_in, stream_in};

/// An acknowledgement goes with what is said next, unless it lets go of so many bytes: each message on its own wakes
/// every proxy on the way.
const URGENT: u64 = MIN_OUTPUT_BUFFER as u64 / 2;

/// All that is awaited, and what of it is still to be said.
#[derive(Default)]
pub(super) struct State {
    pub(super) next_ask: u64,
    pub(super) asks: BTreeMap<u64, Pending>,
    next_follow: u32,
    pub(super) follows: HashMap<u32, Follow>,
    /// The last acknowledgement of each process that is not over.
    acks: HashMap<String, Ack>,
    pub(super) out: VecDeque<Out>,
    /// Which stream this is; it counts up with each.
    pub(super) stream: u64,
    pub(super) over: Option<Over>,
}

/// How far a process's output is safe.
#[derive(Default)]
struct Ack {
    cursor: Cursor,
    /// Bytes of both streams of which the agent was told, or is about to be.
    told: u64,
    is_queued: bool,
}

pub(super) struct Pending {
    /// Boxed: the map keeps room for more of them.
    pub(super) ask: Box<Ask>,
    pub(super) reply: oneshot::Sender<Answered>,
}

pub(super) struct Follow {
    pub(super) exec: String,
    /// What was handed on.
    pub(super) cursor: Cursor,
    /// What was handed on and not taken yet.
    pub(super) waiting: u64,
    pub(super) items: mpsc::UnboundedSender<Item>,
    pub(super) opened: Option<oneshot::Sender<Result<(), EnvironmentError>>>,
    /// The ask to start the process, which opens this follow, too; `None` once that is answered.
    starts_with: Option<u64>,
}

pub(super) enum Out {
    Ask(u64),
    Follow(u32),
    Ack(String),
    Taken(u32, u64),
    Unfollow(u32),
    Chunk(Box<Chunk>),
}

pub(super) struct Chunk {
    head: ToAgent,
    body: Bytes,
    /// Held until the chunk is written.
    _permit: OwnedSemaphorePermit,
}

impl Chunk {
    pub(super) const fn new(head: ToAgent, body: Bytes, permit: OwnedSemaphorePermit) -> Self {
        Self { head, body, _permit: permit }
    }
}

impl State {
    pub(super) fn follow(
        &mut self,
        exec: &str,
        cursor: Cursor,
        items: mpsc::UnboundedSender<Item>,
        opened: Option<oneshot::Sender<Result<(), EnvironmentError>>>,
        starts_with: Option<u64>,
    ) -> u32 {
        let number = self.next_follow;
        self.next_follow = self.next_follow.wrapping_add(1);
        let exec = exec.to_owned();
        self.follows.insert(number, Follow { exec, cursor, waiting: 0, items, opened, starts_with });
        number
    }

    /// Takes in how far output is safe; returns whether that is to be said at once.
    pub(super) fn ack(&mut self, exec: &str, cursor: Cursor) -> bool {
        let ack = self.acks.entry(exec.to_owned()).or_default();
        ack.cursor.stdout = ack.cursor.stdout.max(cursor.stdout);
        ack.cursor.stderr = ack.cursor.stderr.max(cursor.stderr);
        if !std::mem::replace(&mut ack.is_queued, true) {
            self.out.push_back(Out::Ack(exec.to_owned()));
        }
        ack.bytes() - ack.told >= URGENT
    }

    /// Forgets the acknowledgement of a process that is over.
    pub(super) fn settle(&mut self, exec: &str) {
        self.acks.remove(exec);
    }

    /// Begins a stream: all that is awaited is to be said in it.
    pub(super) fn connected(&mut self) {
        self.stream += 1;
        self.out.clear();
        for (exec, ack) in &mut self.acks {
            ack.is_queued = true;
            self.out.push_back(Out::Ack(exec.clone()));
        }
        let open = self.follows.iter().filter(|(_, follow)| follow.starts_with.is_none());
        self.out.extend(open.map(|(number, _)| Out::Follow(*number)));
        self.out.extend(self.asks.keys().copied().map(Out::Ask));
    }

    /// Writes what is next, if it is still to be said.
    pub(super) fn frame(&mut self, next: Out, encoder: &mut Encoder<ToAgent>, out: &mut Vec<u8>) {
        let (head, body) = match next {
            Out::Ask(id) => {
                let Some(pending) = self.asks.get(&id) else { return };
                let head = ToAgent::Ask { id, ask: Ask::clone(&pending.ask) };
                if let Err(error) = encoder.frame(&head, b"", out)
                    && let Some(pending) = self.asks.remove(&id)
                {
                    let _ = pending.reply.send(Err(EnvironmentError::Refused(error.to_string())));
                }
                return;
            }
            Out::Follow(number) => {
                let Some(follow) = self.follows.get(&number) else { return };
                let window = WINDOW.saturating_sub(follow.waiting);
                let (exec, cursor) = (follow.exec.clone(), follow.cursor);
                (ToAgent::Follow { follow: number, exec, cursor, window }, Bytes::new())
            }
            Out::Ack(exec) => {
                let Some(ack) = self.acks.get_mut(&exec) else { return };
                (ack.told, ack.is_queued) = (ack.bytes(), false);
                (ToAgent::Ack { exec, cursor: ack.cursor }, Bytes::new())
            }
            Out::Taken(follow, bytes) => (ToAgent::Taken { follow, bytes }, Bytes::new()),
            Out::Unfollow(follow) => (ToAgent::Unfollow { follow }, Bytes::new()),
            Out::Chunk(chunk) => (chunk.head, chunk.body),
        };
        // Ids of processes and chunks are far below the limit.
        let _ = encoder.frame(&head, &body, out);
    }

    pub(super) fn answered(&mut self, id: u64, answer: Result<Answer, Failure>, body: Bytes) {
        let Some(pending) = self.asks.remove(&id) else { return };
        let is_new = answer == Ok(Answer::Started { new: true });
        // A process that was known is followed by who asks for that.
        self.follows.retain(|_, follow| is_new || follow.starts_with != Some(id));
        let begun = self.follows.values_mut().find(|follow| follow.starts_with == Some(id));
        if let Some(follow) = begun {
            follow.starts_with = None;
        }
        let _ = pending.reply.send(answer.map(|answer| (answer, body)).map_err(failure_in));
    }

    pub(super) fn not_following(&mut self, number: u32, failure: Failure) {
        let Some(follow) = self.follows.remove(&number) else { return };
        let error = failure_in(failure);
        match follow.opened {
            Some(opened) => drop(opened.send(Err(error))),
            None => drop(follow.items.send(Item::Failed(error))),
        }
    }

    pub(super) fn output(
        &mut self,
        number: u32,
        stream: Stream,
        offset: u64,
        bytes: Bytes,
    ) -> Result<(), Nonsense> {
        let Some(follow) = self.follows.get_mut(&number) else { return Ok(()) };
        let received = follow.cursor.of(stream);
        if offset != received || bytes.is_empty() {
            return Err(Nonsense(format!("output from {offset} on came, where {received} was due")));
        }
        follow.waiting += bytes.len() as u64;
        if follow.waiting > WINDOW + CHUNK as u64 {
            return Err(Nonsense("more output came than was asked for".to_owned()));
        }
        *follow.cursor.of_mut(stream) += bytes.len() as u64;
        let _ = follow.items.send(Item::Output { stream: stream_in(stream), offset, bytes });
        Ok(())
    }
}

impl Ack {
    const fn bytes(&self) -> u64 {
        self.cursor.stdout + self.cursor.stderr
    }
}
