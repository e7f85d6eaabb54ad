//! The kubelet's endpoint for `pods/exec`: a websocket a process, by version 5 of its protocol or 4.
//!
//! Source: `k8s.io/streaming`, `wsstream`, and `k8s.io/kubernetes/pkg/kubelet/server`: the first byte of a message is its
//! channel; in version 5 channel 255 closes another one.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{StatusCode, Uri};

use super::World;

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STATUS: u8 = 3;
const CLOSE: u8 = 255;

/// What is sent of standard output at once.
const MOST: usize = 32 << 10;

/// In the order in which they are taken.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// What is to be run, as in `/exec/NAMESPACE/POD/CONTAINER?command=a&command=b`.
struct Asked {
    pod: (String, String),
    line: Vec<String>,
}

/// Answers for ever, with the certificate of the bed's own kubelet.
pub(super) async fn answer(world: &Arc<World>, listener: TcpListener, keys: &Path) {
    let chain = CertificateDer::from_pem_file(keys.join("kubelet-server.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(keys.join("kubelet-server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![chain], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut sessions = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        sessions.spawn(serve(Arc::clone(world), acceptor.clone(), stream));
        while sessions.try_join_next().is_some() {}
    }
}

/// One connection: what breaks it is the other side's to notice.
async fn serve(world: Arc<World>, acceptor: TlsAcceptor, stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let stream = acceptor.accept(stream).await.ok()?;
    let asked = Mutex::new(None);
    #[expect(clippy::result_large_err, reason = "the form that the library wants")]
    let shake = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let found = Asked::read(request.uri()).filter(|asked| world.roots().contains_key(&asked.pod));
        let Some(found) = found else { return Err(refused(StatusCode::NOT_FOUND)) };
        let offered = request.headers().get("sec-websocket-protocol").and_then(|value| value.to_str().ok());
        let is_offered =
            |name: &&&str| offered.unwrap_or_default().split(',').any(|word| word.trim() == **name);
        let Some(taken) = PROTOCOLS.iter().find(is_offered) else {
            return Err(refused(StatusCode::BAD_REQUEST));
        };
        response.headers_mut().insert("sec-websocket-protocol", taken.parse().unwrap());
        *asked.lock().unwrap() = Some(found);
        Ok(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, shake).await.ok()?;
    let (mut sink, mut source) = socket.split();
    let asked = asked.into_inner().unwrap()?;
    let root = world.roots().get(&asked.pod)?.clone();
    let mut command = world.command(&root, &asked.line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().ok()?;
    let (mut input, mut output) = (process.stdin.take(), process.stdout.take()?);
    let receive = async {
        while let Some(Ok(message)) = source.next().await {
            let Message::Binary(bytes) = message else { continue };
            match (&*bytes, &mut input) {
                ([STDIN, rest @ ..], Some(pipe)) => {
                    let written = pipe.write_all(rest).await;
                    if written.is_err() {
                        input = None;
                    }
                }
                ([CLOSE, STDIN, ..], _) => input = None,
                _ => {}
            }
        }
    };
    let send = async {
        let mut buffer = vec![STDOUT; MOST];
        loop {
            match output.read(&mut buffer[1..]).await {
                Ok(0) | Err(_) => break,
                Ok(count) => sink.send(Message::binary(buffer[..=count].to_vec())).await.ok()?,
            }
        }
        let end = json!({ "metadata": {}, "status": "Success" }).to_string();
        sink.send(Message::binary([&[STATUS], end.as_bytes()].concat())).await.ok()?;
        sink.close().await.ok()
    };
    // Whichever ends first ends the session, and the process with it.
    tokio::select! {
        () = receive => {}
        _ = send => {}
    }
    Some(())
}

fn refused(status: StatusCode) -> ErrorResponse {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = status;
    response
}

impl Asked {
    fn read(uri: &Uri) -> Option<Self> {
        let mut path = uri.path().split('/').skip(1);
        let (verb, namespace, pod) = (path.next()?, path.next()?, path.next()?);
        let words = uri.query().unwrap_or_default().split('&');
        let line = words.filter_map(|word| word.strip_prefix("command=")).map(decoded).collect();
        (verb == "exec").then(|| Self { pod: (namespace.to_owned(), pod.to_owned()), line })
    }
}

/// Reads `%2F` and `+`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
