use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::*;

/// Serves one connection: gives back what was asked, having answered with `answer` (and then closed, if `close`).
async fn serve(listener: TcpListener, answer: &str, close: bool) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    serve_on(stream, answer, close).await
}

async fn serve_on(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str, close: bool) -> String {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        asked.push(byte[0]);
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    if !close {
        // Until the other side has had enough.
        let _ = stream.read(&mut [0]).await;
    }
    String::from_utf8(asked).unwrap()
}

fn to(origin: &str) -> Exchange {
    Exchange {
        method: Method::get(),
        origin: origin.parse().unwrap(),
        path: "/x?y=1".into(),
        headers: HeaderMap::new(),
        body: Vec::new(),
        allow_private: true,
        largest: Size(100),
        timeout: Duration::from_secs(20),
    }
}

async fn ask(answer: &str, close: bool, change: fn(&mut Exchange)) -> (Result<Response, Error>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut one = to(&format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port()));
    change(&mut one);
    tokio::join!(exchange(one), serve(listener, answer, close))
}

fn kind(result: Result<Response, Error>) -> (ErrorKind, String) {
    let error = result.unwrap_err();
    (error.kind, error.code)
}

#[tokio::test]
async fn a_request_is_sent_as_it_was_made_and_its_response_comes_back() {
    let answer = "HTTP/1.1 404 Not Found\r\nX-Thing: a\r\nContent-Length: 4\r\n\r\ngone";
    let (response, asked) = ask(answer, false, |exchange| {
        exchange.headers.insert("authorization", HeaderValue::from_static("Bearer t"));
    })
    .await;
    let response = response.unwrap();
    assert_eq!((response.status, &response.body[..]), (404, &b"gone"[..]));
    assert!(response.headers.contains(&("x-thing".to_owned(), "a".to_owned())), "{:?}", response.headers);
    assert!(asked.starts_with("GET /x?y=1 HTTP/1.1\r\nhost: 127.0.0.1:"), "{asked}");
    assert!(
        asked.contains("authorization: Bearer t\r\n") && asked.contains("user-agent: act-host\r\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_redirect_is_a_response_like_any_other() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
    let (response, _) = ask(answer, false, |_| {}).await;
    assert_eq!(response.unwrap().status, 302);
}

#[tokio::test]
async fn a_body_that_ends_with_its_connection_is_whole() {
    let (response, _) = ask("HTTP/1.1 200 OK\r\n\r\nall of it", true, |_| {}).await;
    assert_eq!(response.unwrap().body, b"all of it");
}

#[tokio::test]
async fn a_response_that_is_too_large_is_cut_off() {
    let told = format!("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n{}", "x".repeat(101));
    let untold =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}\r\n", "x".repeat(255));
    for answer in [told, untold] {
        let (response, _) = ask(&answer, false, |_| {}).await;
        assert_eq!(kind(response), (ErrorKind::Quota, "http-body".to_owned()));
    }
}

#[tokio::test]
async fn a_server_that_never_ends_and_one_that_talks_nonsense_are_errors() {
    let (response, _) = ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, |exchange| {
        exchange.timeout = Duration::from_millis(50);
    })
    .await;
    assert_eq!(kind(response).0, ErrorKind::Timeout);
    let (response, _) = ask("nonsense\r\n\r\n", true, |_| {}).await;
    assert_eq!(kind(response).0, ErrorKind::Unavailable);
    let (response, _) = ask("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", true, |_| {}).await;
    assert_eq!(kind(response).0, ErrorKind::Unavailable);
}

#[tokio::test]
async fn addresses_that_are_not_on_the_internet_are_never_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"]
    {
        let refused =
            exchange(Exchange { allow_private: false, ..to(&format!("http://{host}:{port}")) }).await;
        assert_eq!(kind(refused).0, ErrorKind::NotGranted, "{host}");
    }
    let accepted = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
    assert!(accepted.is_err(), "somebody connected");
}

/// An authority that signs for whoever asks.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server that an authority says is `name`.
fn server(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = key.serialize_der().try_into().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

#[tokio::test]
async fn a_server_over_tls_is_believed_by_its_authority_and_its_name() {
    let (known, unknown) = (authority(), authority());
    // All tests of this process that speak https believe this authority, and no other.
    let config = TLS.get_or_try_init(async || believing(vec![known.der().clone()])).await.unwrap();
    assert!(Arc::ptr_eq(config, &tls().await.unwrap()));
    for (server, answers) in [
        (server(&known, "127.0.0.1"), true),
        (server(&known, "example.com"), false),
        (server(&unknown, "127.0.0.1"), false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let one = to(&format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port()));
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            // Whoever does not believe it hangs up.
            let Ok(stream) = server.accept(stream).await else { return String::new() };
            serve_on(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false).await
        };
        let (response, asked) = tokio::join!(exchange(one), serve);
        assert_eq!(asked.starts_with("GET /x?y=1 HTTP/1.1\r\nhost: 127.0.0.1:"), answers, "{asked}");
        match response {
            Ok(response) => assert!(answers && response.body == b"ok", "{response:?}"),
            Err(error) => assert!(!answers && error.message.contains("certificate"), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_no_https() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let one = to(&format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port()));
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        // It may have hung up already.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
    };
    let (response, ()) = tokio::join!(exchange(one), serve);
    assert_eq!(kind(response).0, ErrorKind::Unavailable);
}
