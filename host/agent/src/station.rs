//! All that an agent knows: its processes, who may speak for its launch, and whether it is about to end.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use act_files::Versions;
use act_process::{Marker, Sweep, sweep};
use act_protocol::{Answer, Content, Cursor, Failure, Hello, Machine, Refusal, Spec, Stop, ToHost, VERSION};

use crate::bell::Bell;
use crate::exec::{self, Exec};
use crate::exit::Cannot;
use crate::flags::Flags;
use crate::journal::{self, Journal};
use crate::outbox::Outbox;
use crate::parting::PartingFile;
use crate::places;
use crate::spool::Spool;
use crate::uploads::{NotUsed, Uploads, Whole};

const SWEEP_LIMIT: Duration = Duration::from_secs(5);
/// How long processes get to end when the machine does; one that survives SIGKILL takes longer than this.
const END_LIMIT: Duration = Duration::from_secs(20);

/// One agent.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) machine: Machine,
    pub(crate) instance: u64,
    /// What processes inherit.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) marker: Marker,
    pub(crate) bell: Bell,
    pub(crate) uploads: Uploads,
    pub(crate) versions: Versions,
    pub(crate) parting: PartingFile,
    journal: Journal,
    journal_cap: u64,
    /// Wakes the thread that listens.
    waker: UnixStream,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    job: Option<String>,
    epoch: u64,
    execs: HashMap<String, Arc<Exec>>,
    session: Option<Current>,
    sessions: u64,
    /// Since when there is no session.
    alone_since: Instant,
    /// Why it is about to end.
    ending: Option<String>,
}

/// The stream that speaks for the launch now.
#[derive(Debug)]
struct Current {
    number: u64,
    stream: UnixStream,
    outbox: Arc<Outbox>,
}

/// A session's right to ask for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    number: u64,
    epoch: u64,
}

impl Station {
    /// Makes the places, takes up the journal, and ends what a killed agent left running.
    pub(crate) fn open(flags: &Flags, waker: UnixStream) -> Result<Arc<Self>, Cannot> {
        let cannot = |error: io::Error| Cannot(format!("{} cannot be used: {error}", flags.dir.display()));
        let machine = places::make(flags)?;
        let journal = Journal::open(&flags.dir).map_err(cannot)?;
        let job = agreed(flags.job.clone(), journal.job())?;
        let marker = Marker { name: flags.marker.clone(), value: marker_of(&flags.dir).map_err(cannot)? };
        let left =
            Sweep { marker: Some(&marker), is_own: false, groups: &[], strays: || false, limit: SWEEP_LIMIT };
        // Processes of an agent before this one, whose output and end nobody would see.
        let _ = sweep(&left);
        let execs = take_up(&journal, flags.journal_cap).map_err(cannot)?;
        let parting = PartingFile::new(flags.parting.as_deref(), job.as_deref().unwrap_or_default());
        let state = State {
            epoch: journal.epoch().max(flags.epoch),
            job,
            execs,
            session: None,
            sessions: 0,
            alone_since: Instant::now(),
            ending: None,
        };
        Ok(Arc::new(Self {
            machine,
            instance: drawn(),
            env: places::inherited(&flags.home),
            marker,
            bell: Bell::default(),
            uploads: Uploads::open(&flags.dir).map_err(cannot)?,
            versions: Versions::default(),
            parting,
            journal,
            waker,
            journal_cap: flags.journal_cap,
            state: Mutex::new(state),
        }))
    }

    /// Lets a host speak for the launch from now on, and ends the session before. A lower epoch is refused.
    pub(crate) fn admit(
        &self,
        hello: &Hello,
        stream: UnixStream,
        outbox: Arc<Outbox>,
    ) -> Result<(Ticket, u32), Refusal> {
        let mine = (VERSION, VERSION);
        let unknown = || Refusal::Version { versions: mine, agent: crate::version() };
        let version = hello.common(mine).ok_or_else(unknown)?;
        let mut state = self.lock();
        if let Some(why) = &state.ending {
            return Err(Refusal::Ending { why: why.clone() });
        }
        if let Some(job) = state.job.as_ref().filter(|job| **job != hello.launch) {
            return Err(Refusal::Launch { launch: job.clone() });
        }
        if hello.epoch < state.epoch {
            return Err(Refusal::Fenced { epoch: state.epoch });
        }
        let took_over = hello.epoch > state.epoch;
        self.note(&mut state, hello)
            .map_err(|error| Refusal::Ending { why: format!("its journal cannot be written: {error}") })?;
        state.sessions += 1;
        let ticket = Ticket { number: state.sessions, epoch: hello.epoch };
        let current = Current { number: ticket.number, stream, outbox };
        if let Some(before) = state.session.replace(current) {
            before.end(took_over, &self.bell);
        }
        Ok((ticket, version))
    }

    fn note(&self, state: &mut State, hello: &Hello) -> io::Result<()> {
        if state.job.is_none() {
            self.journal.note_job(&hello.launch)?;
            self.parting.belongs_to(&hello.launch);
            state.job = Some(hello.launch.clone());
        }
        if hello.epoch > state.epoch {
            self.journal.note_epoch(hello.epoch)?;
            state.epoch = hello.epoch;
        }
        Ok(())
    }

    /// Takes in that a session's stream is over.
    pub(crate) fn leave(&self, ticket: Ticket) {
        let mut state = self.lock();
        if state.session.as_ref().is_some_and(|current| current.number == ticket.number) {
            state.session = None;
            state.alone_since = Instant::now();
        }
    }

    /// Whether a session still speaks for the launch.
    pub(crate) fn speaks(&self, ticket: Ticket) -> bool {
        self.lock().speaks(ticket)
    }

    /// Returns for how long there has been no host; `None` while there is one.
    pub(crate) fn alone(&self) -> Option<Duration> {
        let state = self.lock();
        state.session.is_none().then(|| state.alone_since.elapsed())
    }

    /// Returns a process; `None` for one that was never started here.
    pub(crate) fn exec(&self, id: &str) -> Option<Arc<Exec>> {
        self.lock().execs.get(id).cloned()
    }

    /// Whether a process runs.
    pub(crate) fn is_busy(&self) -> bool {
        self.lock().execs.values().any(|exec| exec.end().is_none())
    }

    /// Returns why the agent is about to end, if it is.
    pub(crate) fn ending(&self) -> Option<String> {
        self.lock().ending.clone()
    }

    /// Returns an id without the launch that all ids here begin with.
    pub(crate) fn short(&self, exec: &str) -> String {
        let state = self.lock();
        let rest = state.job.as_ref().and_then(|job| exec.strip_prefix(job.as_str())?.strip_prefix('/'));
        rest.unwrap_or(exec).to_owned()
    }

    /// Starts a process unless there was one of this id: first it is in the journal, then it begins. An ask that is
    /// repeated, since its answer was lost, is answered as before.
    pub(crate) fn start(
        self: &Arc<Self>,
        ticket: Ticket,
        ask: u64,
        id: &str,
        spec: Spec,
    ) -> Result<Answer, Failure> {
        let mut state = self.lock();
        if !state.speaks(ticket) {
            return Err(Failure::Lost("another session speaks for the launch".to_owned()));
        }
        if let Some(why) = &state.ending {
            return Err(Failure::Lost(why.clone()));
        }
        let asked = (ticket.epoch, ask);
        if let Some(known) = state.execs.get(id) {
            return Ok(Answer::Started { new: known.asked == Some(asked) });
        }
        if let Some(held) = self.missing(&spec)? {
            return Ok(held);
        }
        let unwritten = |error| Failure::Lost(format!("the journal cannot be written: {error}"));
        let folder = self.journal.begin(id, spec.collect_after.len()).map_err(unwritten)?;
        let spool = Spool::new(&folder, self.journal_cap);
        let exec = Arc::new(Exec::new(id, folder, spool, Some(asked)));
        state.execs.insert(id.to_owned(), Arc::clone(&exec));
        drop(state);
        let wishes = spec.collect_after.len();
        if let Err(error) = exec::spawn(Arc::clone(&exec), spec, Arc::clone(self)) {
            let how = act_protocol::Ending::NotStarted { reason: format!("no thread for it: {error}") };
            let files = vec![act_protocol::Collected::Missing; wishes];
            let end = act_protocol::End { how, written: Cursor::default(), files };
            journal::note_end(&exec.folder, &end).map_err(unwritten)?;
            exec.set_end(end);
        }
        Ok(Answer::Started { new: true })
    }

    /// Returns how much is there of an upload that a process needs and that is not whole.
    fn missing(&self, spec: &Spec) -> Result<Option<Answer>, Failure> {
        for file in &spec.files_before {
            let Content::Uploaded { upload, size, digest } = &file.content else { continue };
            match self.uploads.check(upload, Whole { size: *size, digest: *digest }) {
                Ok(()) => {}
                Err(NotUsed::Held(bytes)) => return Ok(Some(Answer::Held { bytes })),
                Err(NotUsed::Failed(why)) => return Err(Failure::Refused(why)),
            }
        }
        Ok(None)
    }

    pub(crate) fn stop(&self, id: &str, how: Stop) {
        if let Some(exec) = self.exec(id) {
            exec.control.stop(match how {
                Stop::Ask => act_process::Stop::Ask,
                Stop::Insist => act_process::Stop::Insist,
                Stop::Kill => act_process::Stop::Kill,
            });
        }
    }

    pub(crate) fn ack(&self, id: &str, cursor: Cursor) {
        if let Some(exec) = self.exec(id)
            && exec.spool.ack(cursor)
        {
            exec.control.resume();
        }
    }

    /// Ends everything that runs here; returns when nothing does. Whatever ends from now on is lost, not stopped.
    pub(crate) fn wind_down(&self, why: &str, how: act_process::Stop) {
        let execs: Vec<Arc<Exec>> = {
            let mut state = self.lock();
            state.ending.get_or_insert_with(|| why.to_owned());
            // It need not wait until it looks by itself.
            let _ = (&self.waker).write(&[0]);
            state.execs.values().cloned().collect()
        };
        for exec in execs.iter().filter(|exec| exec.end().is_none()) {
            exec.control.stop(how);
        }
        let deadline = Instant::now() + END_LIMIT;
        loop {
            let seen = self.bell.rings();
            let is_over = execs.iter().all(|exec| exec.end().is_some());
            if is_over || Instant::now() >= deadline {
                break;
            }
            // A process that stalls on output that nobody takes would not end.
            execs.iter().filter(|exec| !exec.spool_has_room()).for_each(|exec| exec.control.abandon());
            self.bell.wait(seen, Duration::from_millis(200));
        }
        execs.iter().for_each(|exec| exec.control.abandon());
        let groups: Vec<u32> = execs.iter().filter_map(|exec| exec.group()).collect();
        let marker = Some(&self.marker);
        let _ = sweep(&Sweep { marker, is_own: true, groups: &groups, strays: || true, limit: SWEEP_LIMIT });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn speaks(&self, ticket: Ticket) -> bool {
        self.session.as_ref().is_some_and(|current| current.number == ticket.number)
    }
}

impl Current {
    /// Its threads notice and go. Somebody whose launch was taken over is told; a host that only came back has no use
    /// for its stream before.
    fn end(&self, took_over: bool, bell: &Bell) {
        if took_over {
            self.outbox.say(ToHost::Fenced, bell);
        }
        self.outbox.close();
        bell.ring();
        let _ = self.stream.shutdown(if took_over { Shutdown::Read } else { Shutdown::Both });
    }
}

fn agreed(told: Option<String>, noted: Option<String>) -> Result<Option<String>, Cannot> {
    match (told, noted) {
        (Some(told), Some(noted)) if told != noted => {
            Err(Cannot(format!("the journal is of {noted}, and not of {told} (--job): use another folder")))
        }
        (told, noted) => Ok(noted.or(told)),
    }
}

/// Makes what agents before this one knew known again; what had no end has one now.
fn take_up(journal: &Journal, cap: u64) -> io::Result<HashMap<String, Arc<Exec>>> {
    let mut execs = HashMap::new();
    for past in journal.past()? {
        let spool = Spool::recover(&past.folder, cap)?;
        let end = past.end(spool.written());
        if past.end.is_none() {
            journal::note_end(&past.folder, &end)?;
        }
        let exec = Exec::new(&past.exec, past.folder, spool, None);
        exec.set_end(end);
        execs.insert(past.exec, Arc::new(exec));
    }
    Ok(execs)
}

/// The folder names the agent: another one in it takes over.
fn marker_of(dir: &Path) -> io::Result<String> {
    Ok(format!("act-agent_{}", journal::digest(&dir.canonicalize()?.to_string_lossy())))
}

/// Draws a number as the standard library draws the keys of its maps.
fn drawn() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
