//! What is asked and awaited of an agent, whatever becomes of the streams on which it is said.
//!
//! Every stream begins with all of it; then goes out what is new, in the order in which it was said.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use act_core::environment::{EnvironmentError, Followed, MIN_OUTPUT_BUFFER};
use act_protocol::{Answer, Ask, CHUNK, Cursor, Encoder, End, Failure, Frame, Stream, ToAgent, ToHost};
use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::convert::{failure_in, stream_in};
use crate::proof::Fate;

/// Bytes of a follow that may be on their way, or wait for who follows: more than the pipes and sockets on the way hold,
/// so that none of them runs dry while much comes.
pub(crate) const WINDOW: u64 = 2 * 1024 * 1024;
/// Chunks of uploads that wait to be written: what else is said need not wait long.
const CHUNKS: usize = 4;
/// An acknowledgement goes with what is said next, unless it lets go of so many bytes: each message on its own wakes
/// every proxy on the way.
const URGENT: u64 = MIN_OUTPUT_BUFFER as u64 / 2;
/// Written at once, about.
const BATCH: usize = 256 * 1024;

type Answered = Result<(Answer, Bytes), EnvironmentError>;

/// What a follow brings: output, or how it is over.
pub(crate) enum Item {
    Output {
        stream: act_core::environment::Stream,
        offset: u64,
        bytes: Bytes,
    },
    Ended(End),
    Failed(EnvironmentError),
    /// The machine is gone, and this is what the proofs that are left say.
    Concluded(Followed),
}

pub(crate) struct Desk {
    state: Mutex<State>,
    /// Something is to be said, or the session is over.
    pub(crate) news: Notify,
    chunks: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    next_ask: u64,
    asks: BTreeMap<u64, Pending>,
    next_follow: u32,
    follows: HashMap<u32, Follow>,
    /// The last acknowledgement of each process that is not over.
    acks: HashMap<String, Ack>,
    out: VecDeque<Out>,
    /// Which stream this is; it counts up with each.
    stream: u64,
    over: Option<Over>,
}

/// How far a process's output is safe.
#[derive(Default)]
struct Ack {
    cursor: Cursor,
    /// Bytes of both streams of which the agent was told, or is about to be.
    told: u64,
    is_queued: bool,
}

struct Pending {
    /// Boxed: the map keeps room for more of them.
    ask: Box<Ask>,
    reply: oneshot::Sender<Answered>,
}

struct Follow {
    exec: String,
    /// What was handed on.
    cursor: Cursor,
    /// What was handed on and not taken yet.
    waiting: u64,
    items: mpsc::UnboundedSender<Item>,
    opened: Option<oneshot::Sender<Result<(), EnvironmentError>>>,
    /// The ask to start the process, which opens this follow, too; `None` once that is answered.
    starts_with: Option<u64>,
}

enum Out {
    Ask(u64),
    Follow(u32),
    Ack(String),
    Taken(u32, u64),
    Unfollow(u32),
    Chunk(Box<Chunk>),
}

struct Chunk {
    head: ToAgent,
    body: Bytes,
    /// Held until the chunk is written.
    _permit: OwnedSemaphorePermit,
}

/// Why nothing can be asked any more.
#[derive(Clone)]
pub(crate) enum Over {
    /// For a reason that concerns all alike.
    Failed(EnvironmentError),
    /// The machine is gone.
    Gone(Arc<Fate>),
}

impl Over {
    pub(crate) fn error(&self) -> EnvironmentError {
        match self {
            Self::Failed(error) => error.clone(),
            Self::Gone(fate) => fate.error(),
        }
    }
}

/// Bytes that no agent would send.
#[derive(Debug)]
pub(crate) struct Nonsense(pub(crate) String);

impl Desk {
    pub(crate) fn new() -> Arc<Self> {
        let (state, news) = Default::default();
        Arc::new(Self { state, news, chunks: Arc::new(Semaphore::new(CHUNKS)) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn over(&self) -> Option<Over> {
        self.lock().over.clone()
    }

    /// Returns which stream is in use, or was last.
    pub(crate) fn stream(&self) -> u64 {
        self.lock().stream
    }

    /// Asks, in this stream or a later one, and waits for the answer.
    pub(crate) async fn ask(self: &Arc<Self>, ask: Ask) -> Answered {
        self.asked(|_, _| ask)?.answer().await
    }

    /// Asks for a start, with a follow from the first byte on.
    pub(crate) async fn start(
        self: &Arc<Self>,
        exec: &str,
        spec: act_protocol::Spec,
    ) -> Result<(Answer, mpsc::UnboundedReceiver<Item>, u32), EnvironmentError> {
        let (items, receiver) = mpsc::unbounded_channel();
        let mut number = 0;
        let asked = self.asked(|state, id| {
            number = state.follow(exec, Cursor::default(), items, None, Some(id));
            Ask::Start { exec: exec.to_owned(), spec, follow: Some((number, WINDOW)) }
        })?;
        let mut guard = Unfollowed { desk: self, number: Some(number) };
        let (answer, _) = asked.answer().await?;
        guard.number = None;
        Ok((answer, receiver, number))
    }

    fn asked(self: &Arc<Self>, ask: impl FnOnce(&mut State, u64) -> Ask) -> Result<Asked, EnvironmentError> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        if let Some(over) = &state.over {
            return Err(over.error());
        }
        let id = state.next_ask;
        state.next_ask += 1;
        let ask = ask(&mut state, id);
        state.asks.insert(id, Pending { ask: Box::new(ask), reply });
        state.out.push_back(Out::Ask(id));
        drop(state);
        self.news.notify_one();
        Ok(Asked { desk: Arc::clone(self), id, answer: Some(answer) })
    }

    /// Follows a process; returns its number, its items, and what says whether it can be followed.
    #[expect(clippy::type_complexity, reason = "three things, named by who takes them")]
    pub(crate) fn follow(
        &self,
        exec: &str,
        cursor: Cursor,
    ) -> Result<(u32, mpsc::UnboundedReceiver<Item>, oneshot::Receiver<Result<(), EnvironmentError>>), Over>
    {
        let (items, receiver) = mpsc::unbounded_channel();
        let (opened, open) = oneshot::channel();
        let mut state = self.lock();
        if let Some(over) = &state.over {
            return Err(over.clone());
        }
        let number = state.follow(exec, cursor, items, Some(opened), None);
        state.out.push_back(Out::Follow(number));
        drop(state);
        self.news.notify_one();
        Ok((number, receiver, open))
    }

    /// Takes in that bytes of a follow were taken: as many more may come.
    pub(crate) fn taken(&self, number: u32, bytes: u64) {
        let mut state = self.lock();
        let Some(follow) = state.follows.get_mut(&number) else { return };
        follow.waiting = follow.waiting.saturating_sub(bytes);
        state.out.push_back(Out::Taken(number, bytes));
        drop(state);
        self.news.notify_one();
    }

    pub(crate) fn unfollow(&self, number: u32) {
        let mut state = self.lock();
        if state.follows.remove(&number).is_some() {
            state.out.push_back(Out::Unfollow(number));
            drop(state);
            self.news.notify_one();
        }
    }

    pub(crate) fn ack(&self, exec: &str, cursor: Cursor) {
        let mut state = self.lock();
        let ack = state.acks.entry(exec.to_owned()).or_default();
        ack.cursor.stdout = ack.cursor.stdout.max(cursor.stdout);
        ack.cursor.stderr = ack.cursor.stderr.max(cursor.stderr);
        let is_urgent = ack.bytes() - ack.told >= URGENT;
        if !std::mem::replace(&mut ack.is_queued, true) {
            state.out.push_back(Out::Ack(exec.to_owned()));
        }
        drop(state);
        if is_urgent {
            self.news.notify_one();
        }
    }

    /// Forgets the acknowledgement of a process that is over.
    pub(crate) fn settle(&self, exec: &str) {
        self.lock().acks.remove(exec);
    }

    /// Sends a part of an upload in a given stream; returns whether that is still the one in use.
    pub(crate) async fn chunk(&self, stream: u64, upload: &str, offset: u64, bytes: Bytes) -> bool {
        // Never closed.
        let Ok(permit) = Arc::clone(&self.chunks).acquire_owned().await else { return false };
        let mut state = self.lock();
        if state.stream != stream || state.over.is_some() {
            return false;
        }
        let head = ToAgent::Chunk { upload: upload.to_owned(), offset };
        state.out.push_back(Out::Chunk(Box::new(Chunk { head, body: bytes, _permit: permit })));
        drop(state);
        self.news.notify_one();
        true
    }

    /// Begins a stream: all that is awaited is to be said in it.
    pub(crate) fn connected(&self) {
        let mut state = self.lock();
        let state = &mut *state;
        state.stream += 1;
        state.out.clear();
        for (exec, ack) in &mut state.acks {
            ack.is_queued = true;
            state.out.push_back(Out::Ack(exec.clone()));
        }
        let open = state.follows.iter_mut().filter(|(_, follow)| follow.starts_with.is_none());
        state.out.extend(open.map(|(number, _)| Out::Follow(*number)));
        state.out.extend(state.asks.keys().copied().map(Out::Ask));
    }

    /// Adds frames to `out` until there is enough of them, or nothing more to say.
    pub(crate) fn write(&self, encoder: &mut Encoder<ToAgent>, out: &mut Vec<u8>) {
        let mut state = self.lock();
        while out.len() < BATCH {
            let Some(next) = state.out.pop_front() else { return };
            state.frame(next, encoder, out);
        }
    }

    /// Takes a frame in.
    pub(crate) fn hear(&self, frame: Frame<ToHost>) -> Result<(), Nonsense> {
        let mut state = self.lock();
        match frame.head {
            ToHost::Heartbeat => {}
            ToHost::Answer { id, answer } => state.answered(id, answer, frame.body),
            ToHost::Following { follow } => {
                if let Some(opened) = state.follows.get_mut(&follow).and_then(|follow| follow.opened.take()) {
                    let _ = opened.send(Ok(()));
                }
            }
            ToHost::NotFollowing { follow, failure } => state.not_following(follow, failure),
            ToHost::Output { follow, stream, offset } => {
                return state.output(follow, stream, offset, frame.body);
            }
            ToHost::Ended { follow, end } => {
                if let Some(follow) = state.follows.remove(&follow) {
                    let _ = follow.items.send(Item::Ended(end));
                }
            }
            ToHost::Welcome(_) | ToHost::Refused(_) | ToHost::Fenced => {
                return Err(Nonsense("a greeting came in the midst of a session".to_owned()));
            }
        }
        Ok(())
    }

    /// Ends the session: whoever waits is told, whoever asks from now on as well.
    pub(crate) fn finish(&self, over: Over) {
        let (asks, follows) = {
            let mut state = self.lock();
            if state.over.is_some() {
                return;
            }
            state.over = Some(over.clone());
            state.out.clear();
            (std::mem::take(&mut state.asks), std::mem::take(&mut state.follows))
        };
        for pending in asks.into_values() {
            let _ = pending.reply.send(Err(over.error()));
        }
        for follow in follows.into_values() {
            let item = match &over {
                Over::Failed(error) => Item::Failed(error.clone()),
                Over::Gone(fate) => {
                    fate.conclude(&follow.exec, follow.cursor).map_or_else(Item::Failed, Item::Concluded)
                }
            };
            if let Some(opened) = follow.opened {
                let _ = opened.send(Ok(()));
            }
            let _ = follow.items.send(item);
        }
        self.news.notify_one();
    }
}

impl State {
    fn follow(
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

    fn frame(&mut self, next: Out, encoder: &mut Encoder<ToAgent>, out: &mut Vec<u8>) {
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

    fn answered(&mut self, id: u64, answer: Result<Answer, Failure>, body: Bytes) {
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

    fn not_following(&mut self, number: u32, failure: Failure) {
        let Some(follow) = self.follows.remove(&number) else { return };
        let error = failure_in(failure);
        match follow.opened {
            Some(opened) => drop(opened.send(Err(error))),
            None => drop(follow.items.send(Item::Failed(error))),
        }
    }

    fn output(&mut self, number: u32, stream: Stream, offset: u64, bytes: Bytes) -> Result<(), Nonsense> {
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

/// An ask that waits for its answer; nobody waits for one that is dropped.
struct Asked {
    desk: Arc<Desk>,
    id: u64,
    answer: Option<oneshot::Receiver<Answered>>,
}

impl Asked {
    async fn answer(mut self) -> Answered {
        let Some(answer) = self.answer.as_mut() else { return Err(ended()) };
        let answered = answer.await.unwrap_or_else(|_| Err(ended()));
        self.answer = None;
        answered
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if self.answer.is_some() {
            self.desk.lock().asks.remove(&self.id);
        }
    }
}

fn ended() -> EnvironmentError {
    EnvironmentError::Lost("the session ended".to_owned())
}

/// A follow that nobody got to see.
struct Unfollowed<'a> {
    desk: &'a Desk,
    number: Option<u32>,
}

impl Drop for Unfollowed<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.desk.unfollow(number);
        }
    }
}
