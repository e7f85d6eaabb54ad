//! A git server on 127.0.0.1: `git http-backend` behind as little HTTP as it takes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// Who may read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody; a token is refused, as GitHub refuses a revoked one.
    PublicWithoutToken,
    /// Who sends the token `good`.
    Token,
    /// Everybody.
    Public,
}

/// Serves the repositories below a folder until the test process ends.
pub(crate) struct GitServer {
    url: String,
    headers: Arc<Mutex<Vec<String>>>,
}

impl GitServer {
    pub(crate) fn start(root: &Path, access: Access) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let headers = Arc::new(Mutex::new(Vec::new()));
        let (root, seen) = (root.to_owned(), Arc::clone(&headers));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (root, seen) = (root.clone(), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream.unwrap(), &root, access, &seen));
            }
        });
        Self { url, headers }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the `Authorization` header of every request so far; empty where there was none.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        self.headers.lock().unwrap().clone()
    }
}

struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let split =
            |line: &String| line.split_once(": ").map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned()));
        let headers: Vec<_> = lines.iter().skip(1).filter_map(split).collect();
        let mut request =
            Self { line: lines.first().cloned().unwrap_or_default(), headers, body: Vec::new() };
        request.body = vec![0; request.header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut request.body).unwrap();
        request
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

fn serve(mut stream: TcpStream, root: &PathBuf, access: Access, seen: &Mutex<Vec<String>>) {
    let request = Request::read(&stream);
    let authorization = request.header("authorization").to_owned();
    // "x-access-token:good"
    let good = authorization.eq_ignore_ascii_case("basic eC1hY2Nlc3MtdG9rZW46Z29vZA==");
    let allowed = match access {
        Access::PublicWithoutToken => authorization.is_empty(),
        Access::Token => good,
        Access::Public => true,
    };
    seen.lock().unwrap().push(authorization);
    let answer = if allowed {
        backend(&request, root)
    } else {
        b"Status: 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n\r\nBad credentials\n".to_vec()
    };
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = &answer[end + 4..];
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\n{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    // A client that was killed does not read its answer.
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
}

/// RFC 3875, as far as git uses it.
fn backend(request: &Request, root: &PathBuf) -> Vec<u8> {
    let mut words = request.line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", request.header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
        .env("GIT_PROTOCOL", request.header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    backend.stdin.take().unwrap().write_all(&request.body).unwrap();
    backend.wait_with_output().unwrap().stdout
}
