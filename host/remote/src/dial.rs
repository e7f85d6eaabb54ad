//! How streams to an agent are made: the transport's part, which knows nothing of sessions.

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of bytes in both directions. The end of either direction is the end of it all.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Why there is no stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialError {
    /// Not now; it is tried again. The text is for people.
    Unreachable(String),
    /// The machine is gone and will not come back: [`Dial::verdict`] says what is known of it.
    Gone(String),
}

/// What the transport's side knows of a machine that answers no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What happened, for people: evicted, out of memory, deleted. Empty where nothing is known.
    pub reason: String,
    /// What the agent left behind: a pod's termination message.
    pub parting: Option<String>,
    /// The exit code of the agent or its container.
    pub exit: Option<i32>,
}

/// Makes streams to one agent.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Makes a new stream. Called whenever the one before ended, which may still look alive to the other side.
    async fn dial(&self) -> Result<Box<dyn ByteStream>, DialError>;

    /// Returns what is known of the machine, once it is given up. May wait a little for facts to arrive.
    async fn verdict(&self) -> Verdict;
}
