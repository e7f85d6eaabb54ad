//! One machine: a folder, the lock that says who answers for it, and the processes that run in it.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use act_core::environment::{EnvironmentError, ExecSpec};
use act_core::ids::{Epoch, ExecId, MachineId};
use act_files::{hex, is_absence, remove_folder};
use act_process::{Marker, Stop, Sweep, Swept, is_swept, sweep};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::aside::aside;
use crate::config::LocalConfig;
use crate::exec::{Exec, Site, is_over_at_once};
use crate::layout::{Layout, WORK};
use crate::scratch;

/// The variable that GitHub's runner marks processes with, too.
const MARKER: &str = "RUNNER_TRACKING_ID";
/// Says who speaks for the machine.
const LOCK: &str = "owner.lock";
const SWEEP_LIMIT: Duration = Duration::from_secs(5);
/// How long threads get to notice that their processes are gone; a process that survives SIGKILL takes this long.
const THREAD_LIMIT: Duration = Duration::from_secs(15);

/// How many machines this program answers for: the last one may kill whatever still descends from it.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Whether this program has so many machines and serves nobody else: what takes a moment is then best done where it is
/// asked for.
pub(crate) fn are_all(machines: usize, config: &LocalConfig) -> bool {
    LIVE.load(Ordering::Acquire) == machines && !config.serves_others.load(Ordering::Acquire)
}

fn is_last() -> bool {
    LIVE.load(Ordering::Acquire) == 1
}

/// A folder of a machine on disk, whoever answers for it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    /// Of this machine alone, where memory is to be used.
    memory: Option<PathBuf>,
    marker: Marker,
}

impl Place {
    /// Returns `None` for an id that is no name for a folder.
    pub(crate) fn new(config: &LocalConfig, id: &MachineId) -> Option<Self> {
        let is_name = !id.0.is_empty() && !id.0.starts_with('.') && !id.0.contains(['/', '\0']);
        let folder = config.root.join(&id.0);
        let name = format!("act-host_{id}_{}", digest(&folder));
        let memory = config.memory.as_ref().map(|memory| memory.join(&name));
        let marker = Marker { name: MARKER.to_owned(), value: name };
        is_name.then_some(Self { folder, memory, marker })
    }

    /// Takes the lock, and makes its file; `None` if a living process has it. Who gets it answers for the machine.
    pub(crate) fn lock(&self) -> io::Result<Option<File>> {
        self.lock_file(File::options().create(true).truncate(false))
    }

    fn lock_file(&self, options: &mut OpenOptions) -> io::Result<Option<File>> {
        let file = options.read(true).write(true).open(self.folder.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Says whether nobody answers for it; `None` if it is gone. The root is locked, so nobody makes it.
    ///
    /// An empty folder without a lock is one that its owner removes this moment, or died over making or removing: it goes.
    pub(crate) fn judge(&self) -> io::Result<Option<bool>> {
        match self.lock_file(&mut File::options()) {
            Ok(lock) => Ok(Some(lock.is_some())),
            Err(error) if is_absence(&error) => match fs::remove_dir(&self.folder) {
                Ok(()) => Ok(None),
                Err(error) => Ok((!is_absence(&error)).then_some(true)),
            },
            Err(error) => Err(error),
        }
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.folder.join("kept").exists()
    }

    /// Kills what a machine without an owner still runs.
    pub(crate) fn sweep(&self) -> Swept {
        let marker = Some(&self.marker);
        sweep(&Sweep { marker, is_own: false, groups: &[], strays: || false, limit: SWEEP_LIMIT })
    }

    /// Removes the folder, or marks it as one to be kept. What lies in memory goes.
    pub(crate) fn clear(&self, keep: bool) -> io::Result<()> {
        self.memory.as_deref().map_or(Ok(()), scratch::remove)?;
        if keep {
            return fs::write(self.folder.join("kept"), "");
        }
        // The lock goes last: until then nobody takes the folder for an abandoned one. What is left is told then.
        let _ = remove_folder(&self.folder.join(WORK));
        remove_folder(&self.folder)
    }
}

/// A machine that this process answers for.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) place: Place,
    pub(crate) site: Arc<Site>,
    held: Mutex<Held>,
    running: Mutex<Running>,
}

/// Who speaks for the machine, and the lock whose file says so to others.
#[derive(Debug)]
struct Held {
    epoch: u64,
    /// Gone once the machine is released: others may hold on to this longer.
    lock: Option<File>,
}

#[derive(Debug, Default)]
struct Running {
    is_released: bool,
    execs: HashMap<ExecId, Arc<Exec>>,
    /// Who carries processes, and work on files, to their end.
    followers: JoinSet<()>,
}

impl Owned {
    pub(crate) fn new(
        place: Place,
        lock: File,
        repository: &str,
        config: Arc<LocalConfig>,
    ) -> io::Result<Self> {
        // What is to be kept lies on the disk, together.
        let memory = place.memory.clone().filter(|memory| !config.keep && scratch::make(memory));
        let layout = Layout::new(&place.folder, repository, memory, &config);
        layout.make()?;
        let mut epoch = String::new();
        (&lock).read_to_string(&mut epoch)?;
        let held = Held { epoch: epoch.trim().parse().unwrap_or(0), lock: Some(lock) };
        LIVE.fetch_add(1, Ordering::AcqRel);
        let site = Arc::new(Site { layout, config, marker: place.marker.clone() });
        Ok(Self { place, site, held: Mutex::new(held), running: Mutex::default() })
    }

    /// Lets somebody speak for the machine from now on; a lower epoch than before is refused.
    pub(crate) fn admit(&self, epoch: Epoch) -> Result<(), EnvironmentError> {
        let mut held = self.held();
        if epoch.0 < held.epoch {
            return Err(EnvironmentError::Fenced);
        }
        if let Some(lock) = held.lock.as_ref().filter(|_| epoch.0 > held.epoch) {
            let refused = |error| EnvironmentError::Refused(format!("cannot note the epoch: {error}"));
            // It never gets shorter.
            lock.write_all_at(epoch.0.to_string().as_bytes(), 0).map_err(refused)?;
            held.epoch = epoch.0;
        }
        Ok(())
    }

    /// Whether this epoch still speaks for the machine.
    pub(crate) fn check(&self, epoch: Epoch) -> Result<(), EnvironmentError> {
        if epoch.0 == self.held().epoch { Ok(()) } else { Err(EnvironmentError::Fenced) }
    }

    /// Returns a process; `None` for one that was never started here.
    pub(crate) fn exec(&self, id: &ExecId) -> Option<Arc<Exec>> {
        self.running().execs.get(id).cloned()
    }

    /// Starts a process unless there was one of this id. Returns whether it did.
    pub(crate) fn start(&self, id: &ExecId, spec: &ExecSpec) -> Result<bool, EnvironmentError> {
        let mut running = self.running();
        if running.is_released {
            return Err(EnvironmentError::Lost("the machine was released".to_owned()));
        }
        if running.execs.contains_key(id) {
            return Ok(false);
        }
        let exec = Arc::new(Exec::new(self.site.config.output_buffer));
        running.execs.insert(id.clone(), Arc::clone(&exec));
        let wishes = self.site.wishes(spec);
        running.forget_finished();
        // A process that is over at once needs no thread of its own: to wake one takes a tenth of a millisecond, an empty
        // step one.
        if self.is_alone() {
            let mut started = exec.start(spec, &self.site);
            if is_over_at_once(&mut started) {
                exec.follow(&wishes, started);
            } else {
                running.followers.spawn_blocking(move || exec.follow(&wishes, started));
            }
        } else {
            let (spec, site) = (spec.clone(), Arc::clone(&self.site));
            running.followers.spawn_blocking(move || exec.follow(&wishes, exec.start(&spec, &site)));
        }
        Ok(true)
    }

    /// Writes files of the machine in a thread, which is told when nobody waits for it any more. The machine is not
    /// cleared before that has ended.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Fn() -> bool) -> Result<T, EnvironmentError> + Send + 'static,
    ) -> Result<T, EnvironmentError> {
        let lost = |why: &str| EnvironmentError::Lost(why.to_owned());
        let (answer, answered) = oneshot::channel();
        {
            let mut running = self.running();
            if running.is_released {
                return Err(lost("the machine was released"));
            }
            running.forget_finished();
            running.followers.spawn_blocking(move || {
                let done = work(&|| answer.is_closed());
                let _ = answer.send(done);
            });
        }
        answered.await.map_err(|_| lost("file work broke off"))?
    }

    /// Kills and forgets everything that runs; afterwards nothing can be started.
    pub(crate) async fn end(self: &Arc<Self>) -> Swept {
        let mut followers = {
            let mut running = self.running();
            running.kill();
            std::mem::take(&mut running.followers)
        };
        let ended = async { while followers.join_next().await.is_some() {} };
        // Whoever does not end in time is named by the sweep.
        let _ = tokio::time::timeout(THREAD_LIMIT, ended).await;
        // Only now has everything that was about to start a group.
        let groups: Vec<u32> = self.running().execs.values().filter_map(|exec| exec.group()).collect();
        if self.is_alone() && is_swept(&self.whom(&groups)) {
            return Swept::default();
        }
        let this = Arc::clone(self);
        aside(move || sweep(&this.whom(&groups))).await.unwrap_or_default()
    }

    fn whom<'a>(&'a self, groups: &'a [u32]) -> Sweep<'a> {
        let strays: fn() -> bool = if self.site.config.kills_strays { is_last } else { || false };
        // Older carriers of the marker were killed when the machine was adopted.
        Sweep { marker: Some(&self.place.marker), is_own: true, groups, strays, limit: SWEEP_LIMIT }
    }

    /// Removes a machine that holds nothing but its own folders: without a look into each. Returns whether it is gone.
    pub(crate) fn vanish(&self) -> bool {
        !self.site.config.keep && self.site.layout.remove_empty() && self.place.clear(false).is_ok()
    }

    /// Removes the machine, or marks it as one to be kept. Blocks as long as what it holds takes.
    pub(crate) fn clear(&self) -> io::Result<()> {
        if self.vanish() { Ok(()) } else { self.place.clear(self.site.config.keep) }
    }

    /// Answers for the machine no longer.
    pub(crate) fn retire(&self) {
        if self.held().lock.take().is_some() {
            LIVE.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Whether nobody else waits for the thread that asks.
    pub(crate) fn is_alone(&self) -> bool {
        are_all(1, &self.site.config)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids are unique below one root only, so the marker names the folder, too.
fn digest(folder: &Path) -> String {
    hex(&Sha256::digest(folder.as_os_str().as_bytes())[..6])
}

impl Running {
    fn forget_finished(&mut self) {
        while self.followers.try_join_next().is_some() {}
    }

    fn kill(&mut self) {
        self.is_released = true;
        for exec in self.execs.values() {
            exec.control.stop(Stop::Kill);
            exec.control.abandon();
        }
    }
}

/// A machine that is dropped without a release: what follows its processes must still end, or its program would not.
impl Drop for Owned {
    fn drop(&mut self) {
        self.running().kill();
        self.retire();
    }
}
