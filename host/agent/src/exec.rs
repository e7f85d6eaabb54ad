//! One process: from the files before it to the files after it, on a thread of its own.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use act_files::Found;
use act_process::{Chunk, Control, Finished, LadderTimes, Leftover, Linger, Sink};
use act_protocol::{Collected, Content, End, Ending, INLINE, Spec, Wish};
use sha2::{Digest, Sha256};

use crate::journal;
use crate::lines;
use crate::spool::Spool;
use crate::station::Station;

/// A process that is known here, whether it runs or has ended.
#[derive(Debug)]
pub(crate) struct Exec {
    pub(crate) id: String,
    pub(crate) folder: PathBuf,
    /// The epoch and the number of the ask that started it here.
    pub(crate) asked: Option<(u64, u64)>,
    pub(crate) control: Control,
    pub(crate) spool: Arc<Spool>,
    /// Its process group; 0 until it is started.
    group: AtomicU32,
    end: Mutex<Option<Arc<End>>>,
}

impl Exec {
    pub(crate) fn new(id: &str, folder: PathBuf, spool: Spool, asked: Option<(u64, u64)>) -> Self {
        let (control, group, end) = Default::default();
        Self { id: id.to_owned(), folder, asked, control, spool: Arc::new(spool), group, end }
    }

    pub(crate) fn end(&self) -> Option<Arc<End>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_end(&self, end: End) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(end));
    }

    pub(crate) fn spool_has_room(&self) -> bool {
        self.spool.is_ready()
    }

    /// Returns the process group, if there ever was one.
    pub(crate) fn group(&self) -> Option<u32> {
        Some(self.group.load(Ordering::Acquire)).filter(|group| *group != 0)
    }

    /// Does it all; blocks until nobody holds the process's pipes any more, which may be long after its end.
    pub(crate) fn run(&self, spec: Spec, station: &Station) {
        let began = Instant::now();
        let shown = station.short(&self.id);
        lines::begin(&shown);
        let (how, leftover) = self.process(&spec, station);
        let mut end = self.conclude(how, &spec.collect_after, station);
        if let Err(error) = journal::note_end(&self.folder, &end) {
            // What is not in the journal did not happen, whatever is known of it now.
            let why = format!("how it ended cannot be written down: {error}");
            end = End { how: Ending::Lost { why }, ..end };
        }
        station.parting.ended(&self.id, &end);
        lines::end(&shown, &end.how, began.elapsed());
        self.set_end(end);
        station.bell.ring();
        if let Some(leftover) = leftover {
            leftover.discard(&self.control);
        }
    }

    fn process(&self, spec: &Spec, station: &Station) -> (Ending, Option<Leftover>) {
        for file in &spec.files_before {
            let path = Path::new(&file.path);
            let written = match &file.content {
                Content::Inline(bytes) => act_files::write(path, bytes),
                Content::Uploaded { upload, .. } => station.uploads.deliver(upload, path),
            };
            if let Err(error) = written {
                let reason = format!("cannot write {}: {error}", path.display());
                return (Ending::NotStarted { reason }, None);
            }
        }
        match act_process::start(&process_of(spec, station)) {
            Err(error) => (Ending::NotStarted { reason: error.to_string() }, None),
            Ok(running) => {
                self.group.store(running.id(), Ordering::Release);
                let Finished { end, leftover } = running.drive(&self.control, &Kept { exec: self, station });
                (ending(end), leftover)
            }
        }
    }

    fn conclude(&self, how: Ending, wishes: &[Wish], station: &Station) -> End {
        let how = match (self.spool.broken(), station.ending(), how) {
            (Some(why), _, _) => Ending::Lost { why },
            // Stopped by whoever ended the machine, not by whoever wanted the step to end.
            (None, Some(why), Ending::Stopped | Ending::TimedOut) => Ending::Lost { why },
            (None, _, how) => how,
        };
        let mut room = INLINE;
        let collect = |(index, wish): (u32, &Wish)| self.collect(index, wish, &mut room);
        let files = (0..).zip(wishes).map(collect).collect();
        End { how, written: self.spool.written(), files }
    }

    /// Takes a file away; one that has no room in the end is kept beside it.
    fn collect(&self, index: u32, wish: &Wish, room: &mut usize) -> Collected {
        match act_files::collect(Path::new(&wish.path), wish.limit) {
            Found::Nothing => Collected::Missing,
            Found::TooLarge { size } => Collected::TooLarge { size },
            Found::Bytes(bytes) if bytes.len() <= *room => {
                *room -= bytes.len();
                Collected::Bytes(bytes)
            }
            Found::Bytes(bytes) => {
                let (size, digest) = (bytes.len() as u64, Sha256::digest(&bytes).into());
                match act_files::write(&journal::kept_file(&self.folder, index), &bytes) {
                    Ok(()) => Collected::Kept { size, digest },
                    Err(_) => Collected::TooLarge { size },
                }
            }
        }
    }
}

/// The spool of a process, which wakes whoever follows it.
struct Kept<'a> {
    exec: &'a Exec,
    station: &'a Station,
}

impl Sink for Kept<'_> {
    fn is_ready(&self) -> bool {
        self.exec.spool.is_ready()
    }

    fn take(&self, chunk: &Chunk) {
        self.exec.spool.take(chunk);
        if self.exec.spool.broken().is_some() {
            // Its end will be a loss: what it wrote from here on is nowhere.
            self.exec.control.stop(act_process::Stop::Kill);
            self.exec.control.abandon();
        }
        self.station.bell.ring();
    }
}

fn process_of<'a>(spec: &'a Spec, station: &'a Station) -> act_process::Spec<'a> {
    let env = act_files::overlay(&[&station.env, &spec.env], &spec.prepend_path, &station.marker);
    let millis = Duration::from_millis;
    act_process::Spec {
        argv: spec.argv.iter().map(|argument| OsStr::new(argument).into()).collect(),
        env,
        cwd: Path::new(&spec.cwd).into(),
        timeout: spec.timeout.map(millis),
        ladder: LadderTimes { interrupt: millis(spec.ladder.0), terminate: millis(spec.ladder.1) },
        linger: Linger::default(),
    }
}

fn ending(end: act_process::End) -> Ending {
    match end {
        act_process::End::Exited { code } => Ending::Exited { code },
        act_process::End::TimedOut => Ending::TimedOut,
        act_process::End::Stopped => Ending::Stopped,
        act_process::End::Lost { why } => Ending::Lost { why },
    }
}

/// Runs a process on a thread of its own.
///
/// # Errors
/// What the system says when there can be no more threads.
pub(crate) fn spawn(exec: Arc<Exec>, spec: Spec, station: Arc<Station>) -> io::Result<()> {
    let run = move || exec.run(spec, &station);
    std::thread::Builder::new().name("exec".to_owned()).spawn(run).map(drop)
}
