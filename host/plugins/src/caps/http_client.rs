//! One request and its response, over a connection of its own to an address that was judged.
//!
//! No redirect is followed, no proxy is used, no connection is kept: each of them would reach what nobody granted, or
//! carry something from one call to the next.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use act_bindings::host::http::Response;
use act_bindings::types::common::{Error, ErrorKind};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::egress::Reach;
use super::error;
use crate::amount::Size;
use crate::origin::{Method, Origin};

/// A request that may be sent.
pub(crate) struct Exchange {
    pub(crate) method: Method,
    pub(crate) origin: Origin,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether it may go to this machine and its neighbours.
    pub(crate) allow_private: bool,
    /// The largest body of a response.
    pub(crate) largest: Size,
    pub(crate) timeout: Duration,
}

/// Sends a request and waits for all of its response.
pub(crate) async fn exchange(exchange: Exchange) -> Result<Response, Error> {
    let longest = exchange.timeout;
    let late =
        || error(ErrorKind::Timeout, "http", format!("no whole response within {} ms", longest.as_millis()));
    timeout(longest, send(exchange)).await.unwrap_or_else(|_| Err(late()))
}

async fn send(exchange: Exchange) -> Result<Response, Error> {
    let addresses = resolve(&exchange.origin, exchange.allow_private).await?;
    let stream = connect(&addresses).await?;
    if !exchange.origin.secure {
        return talk(stream, exchange).await;
    }
    let name = ServerName::try_from(exchange.origin.host.clone()).map_err(|why| unavailable(&why))?;
    let connector = TlsConnector::from(tls().await?);
    let stream = connector.connect(name, stream).await.map_err(|why| unavailable(&why))?;
    talk(stream, exchange).await
}

/// Returns the addresses of a host, all of which may be connected to: one that may not be makes the name suspect.
async fn resolve(origin: &Origin, private: bool) -> Result<Vec<SocketAddr>, Error> {
    let literal = origin.host.parse().ok();
    let addresses: Vec<SocketAddr> = match literal {
        Some(address) => vec![SocketAddr::new(address, origin.port)],
        None => tokio::net::lookup_host((origin.host.as_str(), origin.port))
            .await
            .map_err(|why| unavailable(&why))?
            .collect(),
    };
    for address in &addresses {
        if !Reach::of(address.ip()).allowed(private, literal.is_some()) {
            let message = format!(
                "{origin} has the address {}, which is not on the internet; a grant with `allow-private` could allow it",
                address.ip()
            );
            return Err(error(ErrorKind::NotGranted, "http", message));
        }
    }
    if addresses.is_empty() { Err(unavailable(&"the host has no address")) } else { Ok(addresses) }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let mut last = unavailable(&"the host has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(why) => last = unavailable(&why),
        }
    }
    Err(last)
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    exchange: Exchange,
) -> Result<Response, Error> {
    let largest = exchange.largest;
    let request = request(exchange)?;
    let mut builder = http1::Builder::new();
    builder.max_headers(100).max_buf_size(64 << 10);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|why| unavailable(&why))?;
    // The connection works only while it is waited for; that it ends says nothing that the response does not.
    let driven = async {
        let _ = connection.await;
        std::future::pending().await
    };
    let answered = async {
        let response = sender.send_request(request).await.map_err(|why| unavailable(&why))?;
        receive(response, largest).await
    };
    tokio::select! {
        response = answered => response,
        never = driven => never,
    }
}

fn request(exchange: Exchange) -> Result<hyper::Request<Full<Bytes>>, Error> {
    let invalid = |_| error(ErrorKind::Invalid, "http-request", "the request cannot be sent");
    let authority = exchange.origin.to_string();
    let authority = authority.split_once("://").map_or("", |(_, authority)| authority);
    let mut request = hyper::Request::builder()
        .method(exchange.method.as_str())
        .uri(exchange.path)
        .header(HOST, authority)
        .body(Full::new(Bytes::from(exchange.body)))
        .map_err(invalid)?;
    let headers = request.headers_mut();
    headers.extend(exchange.headers);
    // Some services refuse requests that do not say who asks.
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static("act-host"));
    Ok(request)
}

async fn receive(response: hyper::Response<hyper::body::Incoming>, largest: Size) -> Result<Response, Error> {
    let (head, body) = response.into_parts();
    let too_large = || error(ErrorKind::Quota, "http-body", format!("the response is larger than {largest}"));
    let body = Limited::new(body, largest.bytes()).collect().await.map_err(|why| {
        if why.is::<http_body_util::LengthLimitError>() { too_large() } else { unavailable(&why) }
    })?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Ok(Response { status: head.status.as_u16(), headers, body: body.to_bytes().to_vec() })
}

/// How servers are believed, once somebody asked.
static TLS: OnceCell<Arc<ClientConfig>> = OnceCell::const_new();

/// Returns how servers are believed: by the certificates that this machine trusts.
async fn tls() -> Result<Arc<ClientConfig>, Error> {
    let of_machine = async || {
        let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
        believing(found.map_err(|why| unavailable(&why))?.certs)
    };
    TLS.get_or_try_init(of_machine).await.cloned()
}

/// Believes servers whose certificates one of these authorities signed.
fn believing(authorities: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    if roots.is_empty() {
        return Err(unavailable(&"this machine trusts no certificates (is `ca-certificates` installed?)"));
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|why| unavailable(&why))?.with_root_certificates(roots);
    Ok(Arc::new(config.with_no_client_auth()))
}

fn unavailable(why: &dyn ToString) -> Error {
    error(ErrorKind::Unavailable, "http", crate::text::reason(&why.to_string()))
}

#[cfg(test)]
mod tests;
