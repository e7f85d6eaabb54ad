//! What is asked and awaited of an agent, whatever becomes of the streams on which it is said.
//!
//! Every stream begins with all of it; then goes out what is new, in the order in which it was said.

mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use act_core::environment::{EnvironmentError, Followed};
use act_protocol::{Answer, Ask, Cursor, Encoder, End, Frame, ToAgent, ToHost};
use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use self::state::{Chunk, Out, Pending, State};
use crate::proof::Fate;

/// Bytes of a follow that may be on their way, or wait for who follows: more than the pipes and sockets on the way hold,
/// so that none of them runs dry while much comes.
pub(crate) const WINDOW: u64 = 2 * 1024 * 1024;
/// Chunks of uploads that wait to be written: what else is said need not wait long.
const CHUNKS: usize = 4;
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
        let is_urgent = state.ack(exec, cursor);
        drop(state);
        if is_urgent {
            self.news.notify_one();
        }
    }

    /// Forgets the acknowledgement of a process that is over.
    pub(crate) fn settle(&self, exec: &str) {
        self.lock().settle(exec);
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
        state.out.push_back(Out::Chunk(Box::new(Chunk::new(head, bytes, permit))));
        drop(state);
        self.news.notify_one();
        true
    }

    /// Begins a stream: all that is awaited is to be said in it.
    pub(crate) fn connected(&self) {
        self.lock().connected();
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn said(desk: &Desk) -> Vec<ToAgent> {
        let (mut out, mut decoder) = (Vec::new(), act_protocol::Decoder::<ToAgent>::default());
        desk.write(&mut Encoder::default(), &mut out);
        decoder.push(&out);
        std::iter::from_fn(|| decoder.next().unwrap()).map(|frame| frame.head).collect()
    }

    fn at(stdout: u64) -> Cursor {
        Cursor { stdout, stderr: 0 }
    }

    fn ack(stdout: u64) -> ToAgent {
        ToAgent::Ack { exec: "x".to_owned(), cursor: at(stdout) }
    }

    #[test]
    fn an_acknowledgement_goes_with_what_is_said_next_and_alone_when_much_waits_for_it() {
        let desk = Desk::new();
        let is_urgent = || desk.news.notified().now_or_never().is_some();
        desk.ack("x", at(10));
        desk.ack("x", at(20));
        assert!(!is_urgent(), "it waits for something else to be said");
        assert_eq!(said(&desk), [ack(20)], "once, as far as it is by then");
        desk.ack("x", at(3 << 20));
        assert!(is_urgent(), "as much as a process may be stalled for");
        assert_eq!(said(&desk), [ack(3 << 20)]);
        desk.ack("x", at((3 << 20) + 1));
        assert!(!is_urgent());
        desk.connected();
        assert_eq!(said(&desk), [ack((3 << 20) + 1)], "a stream begins with all of it");
        desk.ack("x", at(4 << 20));
        desk.settle("x");
        assert_eq!(said(&desk), []);
    }
}
