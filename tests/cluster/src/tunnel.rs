//! A way to the API server that breaks as a test wants: after so many bytes, or when nothing was said for so long.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a tunnel does to every connection from now on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Breaks {
    /// Both ends are closed once this many bytes have come from the server.
    pub after_bytes: Option<u64>,
    /// Both ends are closed when nothing was said either way for so long.
    pub when_idle: Option<Duration>,
}

/// A TCP proxy on this machine. It ends with the process.
pub struct Tunnel {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    breaks: Mutex<Breaks>,
    open: Mutex<Vec<TcpStream>>,
    cuts: AtomicU64,
}

impl Tunnel {
    /// Opens one to a server, as in `10.96.0.1:443`.
    #[must_use]
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            breaks: Mutex::default(),
            open: Mutex::default(),
            cuts: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                thread::spawn(move || shared.carry(&client));
            }
        });
        Self { address, shared }
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets what becomes of connections that are opened from now on.
    pub fn set(&self, breaks: Breaks) {
        *self.shared.breaks.lock().unwrap() = breaks;
    }

    /// Closes every connection that is open.
    pub fn cut(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.shared.cuts.fetch_add(1, Ordering::Relaxed);
    }

    /// How often a connection was broken by this tunnel.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Relaxed)
    }

    /// Writes a kubeconfig beside another one that goes through the tunnel.
    ///
    /// # Panics
    /// When the other one names no server in a form that is known here.
    #[must_use]
    pub fn kubeconfig(&self, of: &Path, to: &Path) -> PathBuf {
        let text = std::fs::read_to_string(of).unwrap();
        let through = format!("{{server: \"https://{}\", ", self.address);
        let server = format!("{{server: \"https://{}\", ", self.shared.server);
        assert!(text.contains(&server), "{} does not name {}", of.display(), self.shared.server);
        std::fs::write(to, text.replace(&server, &through)).unwrap();
        to.to_owned()
    }
}

impl Shared {
    fn carry(&self, client: &TcpStream) {
        let Ok(server) = TcpStream::connect(&self.server) else { return };
        let breaks = *self.breaks.lock().unwrap();
        for stream in [client, &server] {
            stream.set_nodelay(true).unwrap();
            self.open.lock().unwrap().push(stream.try_clone().unwrap());
        }
        let said = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| copy(client, &server, None, breaks.when_idle, &said));
            copy(&server, client, breaks.after_bytes, breaks.when_idle, &said);
            // Whichever side ended first, both have.
            for stream in [client, &server] {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        if breaks.after_bytes.is_some() || breaks.when_idle.is_some() {
            self.cuts.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Copies until an end, `most` bytes, or a time in which neither direction moved; `said` counts both.
fn copy(
    mut from: &TcpStream,
    mut to: &TcpStream,
    most: Option<u64>,
    idle: Option<Duration>,
    said: &AtomicU64,
) {
    from.set_read_timeout(idle).unwrap();
    let (mut left, mut buffer) = (most.unwrap_or(u64::MAX), [0; 16 << 10]);
    let mut seen = said.load(Ordering::Relaxed);
    while left > 0 {
        let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = match from.read(&mut buffer[..want]) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                // The other direction may have moved.
                let now = said.load(Ordering::Relaxed);
                if now == seen {
                    break;
                }
                seen = now;
                continue;
            }
            Err(_) => break,
        };
        said.fetch_add(count as u64, Ordering::Relaxed);
        left -= count as u64;
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
