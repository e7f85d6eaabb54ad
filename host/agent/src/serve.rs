//! Listens on the socket, watches signals, orphans and the host's absence, until it is time to end.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use act_process::{Stop, become_reaper};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::exit::{Cannot, Exit};
use crate::flags::Flags;
use crate::station::Station;
use crate::{lines, session};

/// How often it looks for dead orphans, and at the clock.
const PERIOD: Duration = Duration::from_millis(500);
/// How long hosts get to take in what was said last.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves until told to end.
///
/// # Errors
/// Nothing is served: the folder, the socket or a place cannot be used.
pub(crate) fn serve(flags: Flags) -> Result<Exit, Cannot> {
    let cannot = |error: io::Error| Cannot(format!("{} cannot be used: {error}", flags.dir.display()));
    fs::create_dir_all(&flags.dir).map_err(cannot)?;
    let _lock = lock(&flags.dir)?;
    match become_reaper() {
        // An emulator of processors knows no subreapers: orphans go to PID 1, and are found by their marker.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
        told => told.map_err(cannot)?,
    }
    let (signals, waker) = Signals::watch().map_err(cannot)?;
    let station = Station::open(&flags, waker)?;
    let listener = listen(&flags.dir.join("agent.sock"))?;
    let why = wait(&station, &listener, &signals, flags.orphan_grace);
    // Nobody new is let in.
    let _ = fs::remove_file(flags.dir.join("agent.sock"));
    Ok(end(&station, why, flags.orphan_grace))
}

/// Why it ends.
enum Why {
    Told,
    Signal(i32),
    Orphaned,
}

fn wait(station: &Arc<Station>, listener: &UnixListener, signals: &Signals, grace: Duration) -> Why {
    loop {
        let mut watched = [PollFd::new(listener, PollFlags::IN), PollFd::new(&signals.hear, PollFlags::IN)];
        let _ = poll(&mut watched, Timespec::try_from(PERIOD).ok().as_ref());
        let [came, rang] = watched.map(|fd| fd.revents().contains(PollFlags::IN));
        if rang && let Some(signal) = signals.came() {
            return Why::Signal(signal);
        }
        if came && let Ok((stream, _)) = listener.accept() {
            let station = Arc::clone(station);
            let talk = move || session::serve(&station, stream);
            // Without a thread the stream is closed, and the host tries again.
            let _ = std::thread::Builder::new().name("session".to_owned()).spawn(talk);
        }
        act_process::collect();
        if station.ending().is_some() {
            return Why::Told;
        }
        if station.alone().is_some_and(|alone| alone >= grace) {
            return Why::Orphaned;
        }
    }
}

fn end(station: &Station, why: Why, grace: Duration) -> Exit {
    // Where nothing ran, a signal leaves nothing to be told: what had ended is in the parting words as well.
    let is_told = !matches!(why, Why::Signal(_)) || station.is_busy();
    let exit = match why {
        Why::Told => {
            // Whoever was told winds down; here that is waited for.
            station.wind_down("the host ended the machine", Stop::Kill);
            Exit::Done
        }
        Why::Signal(number) => {
            let why = format!("the machine was told to end (signal {number})");
            lines::remark(&why);
            station.parting.why(&why);
            station.wind_down(&why, Stop::Insist);
            Exit::Signal(u8::try_from(number).unwrap_or(u8::MAX))
        }
        Why::Orphaned => {
            let why = format!("no host for {} s", grace.as_secs());
            lines::remark(&why);
            station.parting.why(&why);
            station.wind_down(&why, Stop::Insist);
            Exit::Orphaned
        }
    };
    let until = Instant::now() + if is_told { LAST_WORDS } else { Duration::ZERO };
    while station.alone().is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    exit
}

/// Only one agent serves a folder; the lock goes with its process.
fn lock(dir: &Path) -> Result<File, Cannot> {
    let path = dir.join("agent.lock");
    let cannot = |error: io::Error| Cannot(format!("{} cannot be used: {error}", path.display()));
    let file = File::options().create(true).append(true).open(&path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Cannot(format!("another agent serves {}", dir.display()))),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

fn listen(path: &Path) -> Result<UnixListener, Cannot> {
    let cannot = |error: io::Error| Cannot(format!("cannot listen on {}: {error}", path.display()));
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(cannot(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(cannot)?;
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    Ok(listener)
}

/// Signals that end it. As PID 1 a process gets only those that it asks for.
struct Signals {
    hear: UnixStream,
    came: [(i32, Arc<AtomicBool>); 4],
}

impl Signals {
    /// Returns also what wakes who waits for a signal without one.
    fn watch() -> io::Result<(Self, UnixStream)> {
        let (hear, ring) = UnixStream::pair()?;
        hear.set_nonblocking(true)?;
        ring.set_nonblocking(true)?;
        let came = [SIGTERM, SIGINT, SIGHUP, SIGQUIT].map(|signal| (signal, Arc::default()));
        for (signal, flag) in &came {
            // First the flag, then the wake-up.
            signal_hook::flag::register(*signal, Arc::clone(flag))?;
            signal_hook::low_level::pipe::register(*signal, ring.try_clone()?)?;
        }
        Ok((Self { hear, came }, ring))
    }

    fn came(&self) -> Option<i32> {
        let _ = (&self.hear).read(&mut [0; 64]);
        self.came.iter().find(|(_, flag)| flag.swap(false, Ordering::AcqRel)).map(|(signal, _)| *signal)
    }
}
