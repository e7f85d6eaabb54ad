//! One process's output on its way to who follows it.

use std::sync::Arc;

use act_core::environment::{EnvironmentError, ExecEnd, Followed, Stream};
use act_protocol::End;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::mpsc;

use crate::convert::{collected_in, ending_in};
use crate::desk::{Desk, Item, WINDOW};
use crate::fetch;

/// Parts that came are joined up to about so many bytes.
const JOINED: usize = 64 * 1024;

type Output = Result<Followed, EnvironmentError>;

/// A follow that the agent knows of. Dropped, it is one no more.
pub(crate) struct Following {
    pub(crate) desk: Arc<Desk>,
    pub(crate) exec: String,
    pub(crate) number: u32,
    pub(crate) items: mpsc::UnboundedReceiver<Item>,
    /// Taken, and not told to the agent.
    taken: u64,
    /// Came, and is next.
    next: Option<Item>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.desk.unfollow(self.number);
    }
}

impl Following {
    pub(crate) fn new(
        desk: &Arc<Desk>,
        exec: &str,
        number: u32,
        items: mpsc::UnboundedReceiver<Item>,
    ) -> Self {
        Self { desk: Arc::clone(desk), exec: exec.to_owned(), number, items, taken: 0, next: None }
    }

    /// Returns what comes, up to the end.
    pub(crate) fn stream(self) -> BoxStream<'static, Output> {
        stream::unfold(Some(self), |following| async {
            let mut following = following?;
            let item = match following.next.take() {
                Some(item) => item,
                None => following.items.recv().await?,
            };
            match item {
                Item::Output { stream, offset, bytes } => {
                    let bytes = following.joined(stream, bytes);
                    following.take(bytes.len());
                    Some((Ok(Followed::Output { stream, offset, bytes }), Some(following)))
                }
                Item::Ended(end) => Some((following.end(end).await.map(Followed::Ended), None)),
                Item::Failed(error) => Some((Err(error), None)),
                Item::Concluded(followed) => Some((Ok(followed), None)),
            }
        })
        .boxed()
    }

    /// Adds what came already of the same stream: who follows has work with every part, however small.
    fn joined(&mut self, stream: Stream, first: Bytes) -> Bytes {
        let mut whole = BytesMut::new();
        while first.len().max(whole.len()) < JOINED {
            match self.items.try_recv() {
                Ok(Item::Output { stream: same, bytes, .. }) if same == stream => {
                    if whole.is_empty() {
                        whole.extend_from_slice(&first);
                    }
                    whole.extend_from_slice(&bytes);
                }
                Ok(other) => {
                    self.next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        if whole.is_empty() { first } else { whole.freeze() }
    }

    fn take(&mut self, size: usize) {
        self.taken += size as u64;
        if self.taken >= WINDOW / 4 {
            self.desk.taken(self.number, std::mem::take(&mut self.taken));
        }
    }

    /// Brings the files that did not ride with the end.
    async fn end(&self, end: End) -> Result<ExecEnd, EnvironmentError> {
        let mut files = Vec::with_capacity(end.files.len());
        for (index, file) in (0..).zip(end.files) {
            files.push(match file {
                act_protocol::Collected::Kept { size, digest } => {
                    fetch::collected(&self.desk, &self.exec, index, size, digest).await?
                }
                here => collected_in(here).unwrap_or(act_core::environment::Collected::Missing),
            });
        }
        self.desk.settle(&self.exec);
        Ok(ExecEnd { how: ending_in(end.how), files })
    }
}
