//! Joins standard input and output to an agent's socket: what a command that is run in a container gives a far host.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::exit::Cannot;

/// How long an agent that is being started gets to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Copies both ways until the agent closes the session.
///
/// # Errors
/// No agent listens there.
pub(crate) fn proxy(dir: &Path) -> Result<(), Cannot> {
    let path = dir.join("agent.sock");
    let cannot = |error: io::Error| Cannot(format!("no agent answers at {}: {error}", path.display()));
    let stream = connect(&path).map_err(cannot)?;
    let mut to_agent = stream.try_clone().map_err(cannot)?;
    let mut from_agent = stream;
    // Files, and not the buffers of the standard library: what comes goes on at once.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned().map_err(cannot)?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(cannot)?);
    let copy_in = move || {
        let _ = pump(&mut input, &mut to_agent);
        let _ = to_agent.shutdown(Shutdown::Write);
    };
    // Not joined: a transport may never say that the input is over.
    std::thread::Builder::new().spawn(copy_in).map_err(cannot)?;
    let _ = pump(&mut from_agent, &mut output);
    Ok(())
}

fn connect(path: &Path) -> io::Result<UnixStream> {
    let began = Instant::now();
    loop {
        match UnixStream::connect(path) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
                    && began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            done => return done,
        }
    }
}

/// Copies without `splice`, which `io::copy` takes between pipes and sockets, and which keeps bytes back until more come:
/// every message would wait for the next heartbeat.
fn pump(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
