//! A way to the API server that meddles: some requests are answered by it, some answers are lost, some streams are cut.
//!
//! A real API server says 410, 409, 429 or 500 when it must, and not when a test wants. Clients come without TLS and are
//! the bed's administrator: what they may do is not what is tested by this.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Meddling {
    /// The API server is not asked: an answer with this status, whose body is this.
    Answer(u16, Value),
    /// The API server does what is asked, and nobody hears of it.
    Lost,
    /// Answered as it is, and cut after so long: watches and sessions.
    Cut(Duration),
}

impl Meddling {
    /// Makes the answer that is an error of the API server.
    #[must_use]
    pub fn error(code: u16, reason: &str, message: &str) -> Self {
        Self::Answer(code, status(code, reason, message))
    }

    /// Makes the first event of a watch that says that where it begins is too long ago.
    #[must_use]
    pub fn expired() -> Self {
        let error = status(410, "Expired", "too old resource version: 1 (2)");
        Self::Answer(200, json!({ "type": "ERROR", "object": error }))
    }
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
}

/// What comes of the requests of one kind, in their order; `None` is left alone, and so is what comes after the last.
pub type Script = BTreeMap<&'static str, Vec<Option<Meddling>>>;

/// A proxy on this machine. It ends with the process.
pub struct Meddler {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    connector: TlsConnector,
    /// What is still to come, by kind, the next one last.
    script: Mutex<Script>,
}

impl Meddler {
    /// Opens one to the API server of a bed.
    #[must_use]
    pub fn to(kubeconfig: &Path, server: &str, mut script: Script) -> Self {
        script.values_mut().for_each(|all| all.reverse());
        let connector = connector(kubeconfig.parent().unwrap());
        let shared = Shared { server: server.parse().unwrap(), connector, script: Mutex::new(script) };
        let shared = Arc::new(shared);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let mut carried = JoinSet::new();
                loop {
                    let Ok((client, _)) = listener.accept().await else { continue };
                    // What breaks is the client's to notice.
                    carried.spawn(carry(Arc::clone(&own), client));
                    while carried.try_join_next().is_some() {}
                }
            });
        });
        Self { address, shared }
    }

    /// Writes a kubeconfig that goes through it.
    #[must_use]
    pub fn kubeconfig(&self, to: &Path) -> PathBuf {
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "bed",
            "clusters": [{ "name": "bed", "cluster": { "server": format!("http://{}", self.address) } }],
            "users": [{ "name": "nobody", "user": {} }],
            "contexts": [{ "name": "bed", "context": { "cluster": "bed", "user": "nobody", "namespace": "default" } }],
        });
        std::fs::write(to, text.to_string()).unwrap();
        to.to_owned()
    }

    /// What of the script did not come to pass, by kind.
    #[must_use]
    pub fn left(&self) -> BTreeMap<&'static str, usize> {
        let script = self.shared.script.lock().unwrap();
        script.iter().filter(|(_, all)| !all.is_empty()).map(|(kind, all)| (*kind, all.len())).collect()
    }
}

fn connector(keys: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(keys.join("ca.crt")).unwrap()).unwrap();
    let chain = vec![CertificateDer::from_pem_file(keys.join("admin.crt")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(keys.join("admin.key")).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_client_auth_cert(chain, key);
    TlsConnector::from(Arc::new(config.unwrap()))
}

/// One request of a connection; the next one needs another.
async fn carry(shared: Arc<Shared>, mut client: TcpStream) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let (head, rest) = head(&mut client).await?;
    let kind = kind(&head);
    let meddling = shared.script.lock().unwrap().get_mut(kind.as_str()).and_then(Vec::pop).flatten();
    if let Some(Meddling::Answer(code, body)) = &meddling {
        return answer(&mut client, *code, body).await;
    }
    let mut server = shared.connect().await?;
    server.write_all(closing(&head).as_bytes()).await?;
    server.write_all(&rest).await?;
    match meddling {
        Some(Meddling::Lost) => {
            let (mut asking, _) = client.split();
            let ((mut answering, mut doing), mut nowhere) = (tokio::io::split(server), tokio::io::sink());
            tokio::select! {
                // The body may still be on its way.
                _ = tokio::io::copy(&mut asking, &mut doing) => {}
                _ = tokio::io::copy(&mut answering, &mut nowhere) => {}
            }
        }
        Some(Meddling::Cut(after)) => {
            let _ =
                tokio::time::timeout(after, tokio::io::copy_bidirectional(&mut client, &mut server)).await;
        }
        _ => drop(tokio::io::copy_bidirectional(&mut client, &mut server).await),
    }
    Ok(())
}

impl Shared {
    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.server).await?;
        stream.set_nodelay(true)?;
        self.connector.connect(ServerName::from(self.server.ip()), stream).await
    }
}

/// Reads the head of a request, and what came behind it.
async fn head(client: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(String, Vec<u8>)> {
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&read).into_owned(), rest));
        }
        match client.read(&mut buffer).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => read.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Says that the connection ends with the answer, except where it becomes a session.
fn closing(head: &str) -> String {
    match head.to_ascii_lowercase().contains("\r\nupgrade:") {
        true => head.to_owned(),
        false => format!("{}Connection: close\r\n\r\n", head.strip_suffix("\r\n").unwrap_or(head)),
    }
}

/// Names what is asked for: `create pods`, `watch pods`, `get pods/exec`.
fn kind(head: &str) -> String {
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let below = path.split_once("/namespaces/").map_or("", |(_, below)| below);
    let mut parts = below.split('/').skip(1);
    let (resource, name, more) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let verb = match (method, name) {
        ("GET", None) if query.contains("watch=true") => "watch",
        ("GET", None) => "list",
        ("GET", Some(_)) => "get",
        ("POST", _) => "create",
        ("PATCH", _) => "patch",
        ("DELETE", _) => "delete",
        (other, _) => other,
    };
    more.map_or_else(|| format!("{verb} {resource}"), |more| format!("{verb} {resource}/{more}"))
}

async fn answer(client: &mut TcpStream, code: u16, body: &Value) -> std::io::Result<()> {
    let body = format!("{body}\n");
    let head = format!(
        "HTTP/1.1 {code} Meddled\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(format!("{head}{body}").as_bytes()).await?;
    // What was not read would take the answer away with it.
    client.shutdown().await?;
    tokio::io::copy(client, &mut tokio::io::sink()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn requests_are_known_by_verb_and_resource() {
        for (head, name) in [
            ("POST /api/v1/namespaces/a/pods?fieldManager=x HTTP/1.1", "create pods"),
            ("GET /api/v1/namespaces/a/pods?watch=true&labelSelector=b HTTP/1.1", "watch pods"),
            ("GET /api/v1/namespaces/a/pods?limit=1 HTTP/1.1", "list pods"),
            ("GET /api/v1/namespaces/a/pods/p/exec?command=a HTTP/1.1", "get pods/exec"),
            ("PATCH /apis/coordination.k8s.io/v1/namespaces/a/leases/l HTTP/1.1", "patch leases"),
            ("DELETE /api/v1/namespaces/a/pods/p HTTP/1.1", "delete pods"),
            ("GET /version HTTP/1.1", "list "),
        ] {
            assert_eq!(kind(head), name, "{head}");
        }
    }
}
