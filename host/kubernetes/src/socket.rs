//! The websocket of `pods/exec` as a stream of bytes: standard input one way, standard output the other.
//!
//! What is written at once goes as one message: one that is cut in two waits for the other side's acknowledgement,
//! for up to 40 ms, as the client of the API sets no `TCP_NODELAY`. The end of the connection is the end of the stream.
//!
//! Source: `k8s.io/kubernetes`, `remotecommand` protocols v4 and v5: the first byte of a message is its channel.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::{self, Message};

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
/// How the process ended; nothing comes after it.
const STATUS: u8 = 3;

/// A session with a process in a pod.
pub(crate) struct ExecSocket<S> {
    socket: S,
    /// Of standard output, what was not read yet.
    output: Bytes,
    is_over: bool,
}

impl<S> ExecSocket<S> {
    pub(crate) const fn new(socket: S) -> Self {
        Self { socket, output: Bytes::new(), is_over: false }
    }
}

impl<S: Stream<Item = Result<Message, tungstenite::Error>> + Unpin> AsyncRead for ExecSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.output.is_empty() && !self.is_over {
            match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(Message::Binary(mut message))) => match message.first() {
                    Some(&STDOUT) => {
                        message.advance(1);
                        self.output = message;
                    }
                    Some(&STATUS) => self.is_over = true,
                    _ => {}
                },
                Some(Ok(_)) => {}
                None => self.is_over = true,
                Some(Err(error)) => {
                    self.is_over = true;
                    return Poll::Ready(Err(broken(error)));
                }
            }
        }
        let size = self.output.len().min(buffer.remaining());
        buffer.put_slice(&self.output.split_to(size));
        Poll::Ready(Ok(()))
    }
}

impl<S: Sink<Message, Error = tungstenite::Error> + Unpin> AsyncWrite for ExecSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut socket = Pin::new(&mut self.socket);
        ready!(socket.as_mut().poll_ready(context)).map_err(broken)?;
        let mut message = Vec::with_capacity(bytes.len() + 1);
        message.push(STDIN);
        message.extend_from_slice(bytes);
        socket.start_send(Message::Binary(message.into())).map_err(broken)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context).map_err(broken)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(context).map_err(broken)
    }
}

fn broken(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        error => io::Error::new(io::ErrorKind::ConnectionAborted, error),
    }
}
