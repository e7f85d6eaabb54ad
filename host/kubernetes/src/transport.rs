//! How bytes come from the API server.
//!
//! The client of the API would read them 4 KiB at a time, which is what its TLS asks for. It also leaves the delay of
//! small packets on, for which a message that takes two of them waits up to 40 ms.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use hyper::Uri;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use kube::{Client, Config};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;
use tower::{BoxError, ServiceBuilder};

/// Read at once while much comes.
const READ: usize = 64 << 10;
/// Nothing that fills less room is the beginning of much.
const LITTLE: usize = 1 << 10;

/// Makes a client. One behind a proxy is the library's own.
///
/// # Errors
/// Certificates or credentials that cannot be used.
pub(crate) fn client(config: Config) -> Result<Client, kube::Error> {
    if config.proxy_url.is_some() {
        return Client::try_from(config);
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let tcp = tower::ServiceExt::<Uri>::map_response(tcp, |stream: TokioIo<TcpStream>| {
        TokioIo::new(Roomy::new(stream.into_inner()))
    });
    let tls = config.rustls_https_connector_with_connector(tcp)?;
    let mut connector = hyper_timeout::TimeoutConnector::new(tls);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    let http = Http::builder(TokioExecutor::new()).build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(ClientBuilder::new(service, config.default_namespace.clone()).build())
}

/// A stream that is read in larger pieces than it is asked for, while there is more than was asked for.
struct Roomy<S> {
    stream: S,
    /// What was read and nobody took yet. Without room while little comes.
    read: BytesMut,
    is_busy: bool,
}

impl<S> Roomy<S> {
    fn new(stream: S) -> Self {
        Self { stream, read: BytesMut::new(), is_busy: false }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Roomy<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.read.is_empty() {
            let asked = buffer.remaining();
            let count = if this.is_busy {
                this.read.reserve(READ);
                ready!(poll_read_buf(Pin::new(&mut this.stream), context, &mut this.read))?
            } else {
                ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
                asked - buffer.remaining()
            };
            this.is_busy = count >= asked.max(LITTLE);
        }
        let count = this.read.len().min(buffer.remaining());
        buffer.put_slice(&this.read.split_to(count));
        if this.read.is_empty() && !this.is_busy {
            this.read = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Roomy<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connection for Roomy<TcpStream> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// Gives as much as there is room for, and remembers how much that was.
    struct Source {
        left: usize,
        rooms: Vec<usize>,
    }

    impl AsyncRead for Source {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.rooms.push(buffer.remaining());
            for _ in 0..self.left.min(buffer.remaining()) {
                buffer.put_slice(&[u8::try_from(self.left % 251).unwrap()]);
                self.left -= 1;
            }
            Poll::Ready(Ok(()))
        }
    }

    async fn read(stream: &mut Roomy<Source>, room: usize) -> Vec<u8> {
        let mut bytes = vec![0; room];
        let count = stream.read(&mut bytes).await.unwrap();
        bytes.truncate(count);
        bytes
    }

    #[tokio::test]
    async fn much_is_read_in_large_pieces_and_little_keeps_no_room() {
        let mut stream = Roomy::new(Source { left: 200_000, rooms: Vec::new() });
        let mut all = Vec::new();
        loop {
            let bytes = read(&mut stream, 4096).await;
            if bytes.is_empty() {
                break;
            }
            all.extend(bytes);
        }
        let expected: Vec<u8> = (1..=200_000).rev().map(|left| u8::try_from(left % 251).unwrap()).collect();
        assert_eq!(all, expected);
        assert!(stream.stream.rooms.len() < 8, "{:?}", stream.stream.rooms);
        stream.stream.left = 100;
        assert_eq!(read(&mut stream, 4096).await.len(), 100);
        assert_eq!(stream.read.capacity(), 0);
    }

    #[tokio::test]
    async fn small_parts_of_a_message_are_no_sign_of_much() {
        let mut stream = Roomy::new(Source { left: 5 + 300, rooms: Vec::new() });
        assert_eq!(read(&mut stream, 5).await.len(), 5);
        assert_eq!(read(&mut stream, 4096).await.len(), 300);
        assert_eq!(stream.stream.rooms, [5, 4096]);
    }
}
