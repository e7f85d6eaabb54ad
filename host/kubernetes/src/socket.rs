//! The websocket of `pods/exec` as a stream of bytes: standard input one way, standard output the other.
//!
//! The client of the API would open one, too, but with buffers of 128 KiB for as long as the session lives: the larger part
//! of what hundreds of jobs take.
//!
//! What is written at once goes as one message: behind a proxy, one that is cut in two waits for the other side's
//! acknowledgement, for up to 40 ms (see `transport`). The end of the connection is the end of the stream.
//!
//! Source: `k8s.io/kubernetes`, `remotecommand` protocols v4 and v5: the first byte of a message is its channel.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use futures_util::{Sink, Stream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, Response, StatusCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::calls::with_causes;

/// What is read at once. For larger messages there is more room, for as long as they come.
const BUFFER: usize = 4 << 10;

/// Those with the status of the process on a channel of its own.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
/// How the process ended; nothing comes after it.
const STATUS: u8 = 3;

/// Asks for a session.
///
/// # Errors
/// What the API server says, or that it is not one that opens sessions.
pub(crate) async fn open(
    client: &Client,
    mut request: Request<Vec<u8>>,
) -> Result<ExecSocket<WebSocketStream<TokioIo<Upgraded>>>, String> {
    let key = generate_key();
    let offered = PROTOCOLS.join(", ");
    for (name, value) in [
        (CONNECTION, "Upgrade"),
        (UPGRADE, "websocket"),
        (SEC_WEBSOCKET_VERSION, "13"),
        (SEC_WEBSOCKET_KEY, &key),
        (SEC_WEBSOCKET_PROTOCOL, &offered),
    ] {
        request.headers_mut().insert(name, HeaderValue::from_str(value).map_err(|error| error.to_string())?);
    }
    let response = client.send(request.map(Body::from)).await.map_err(|error| with_causes(&error))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(response).await);
    }
    check(&response, &key)?;
    let stream = hyper::upgrade::on(response).await.map_err(|error| with_causes(&error))?;
    let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0);
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Client, Some(config)).await;
    Ok(ExecSocket::new(socket))
}

/// Returns what an answer says that opens nothing.
async fn refusal(response: Response<Body>) -> String {
    let status = response.status();
    let bytes = response.into_body().collect_bytes().await.unwrap_or_default();
    let said = serde_json::from_slice::<Status>(&bytes).map(|status| status.message);
    let said = said.unwrap_or_else(|_| String::from_utf8_lossy(&bytes).trim().to_owned());
    if said.is_empty() { format!("the API server answers {status}") } else { said }
}

/// Whether the other side is one that read the request.
fn check(response: &Response<Body>, key: &str) -> Result<(), String> {
    let header = |name: &HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    if header(&SEC_WEBSOCKET_ACCEPT) != Some(&*derive_accept_key(key.as_bytes())) {
        return Err("what answers is no websocket".to_owned());
    }
    match header(&SEC_WEBSOCKET_PROTOCOL) {
        Some(protocol) if PROTOCOLS.contains(&protocol) => Ok(()),
        other => Err(format!("the protocol `{}` is not known", other.unwrap_or_default())),
    }
}

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
