//! One machine: a folder, the lock that says who answers for it, and the processes that run in it.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use act_core::environment::{EnvironmentError, ExecSpec};
use act_core::ids::{Epoch, ExecId, MachineId};
use act_files::{hex, remove_folder};
use act_process::{Marker, Stop, Sweep, Swept, sweep};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::config::LocalConfig;
use crate::exec::{Exec, Site};
use crate::layout::Layout;
use crate::scratch;

/// The variable that GitHub's runner marks processes with, too.
const MARKER: &str = "RUNNER_TRACKING_ID";
const SWEEP_LIMIT: Duration = Duration::from_secs(5);
/// How long threads get to notice that their processes are gone; a process that survives SIGKILL takes this long.
const THREAD_LIMIT: Duration = Duration::from_secs(15);

/// How many machines this program answers for: the last one may kill whatever still descends from it.
static LIVE: AtomicUsize = AtomicUsize::new(0);

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

    /// Takes the lock; `None` if a living process has it. Who gets it answers for the machine.
    pub(crate) fn lock(&self) -> io::Result<Option<File>> {
        let file = File::options().create(true).append(true).open(self.folder.join("owner.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
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
        if keep { fs::write(self.folder.join("kept"), "") } else { remove_folder(&self.folder) }
    }

    fn epoch(&self) -> u64 {
        let text = fs::read_to_string(self.folder.join("epoch")).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }
}

/// A machine that this process answers for.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) place: Place,
    pub(crate) site: Arc<Site>,
    epoch: Mutex<u64>,
    running: Mutex<Running>,
    /// Gone once the machine is released: others may hold on to this longer.
    lock: Mutex<Option<File>>,
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
        let epoch = Mutex::new(place.epoch());
        LIVE.fetch_add(1, Ordering::AcqRel);
        let site = Arc::new(Site { layout, config, marker: place.marker.clone() });
        Ok(Self { place, site, epoch, running: Mutex::default(), lock: Mutex::new(Some(lock)) })
    }

    /// Lets somebody speak for the machine from now on; a lower epoch than before is refused.
    pub(crate) fn admit(&self, epoch: Epoch) -> Result<(), EnvironmentError> {
        let mut current = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if epoch.0 < *current {
            return Err(EnvironmentError::Fenced);
        }
        if epoch.0 > *current {
            let refused = |error| EnvironmentError::Refused(format!("cannot note the epoch: {error}"));
            fs::write(self.place.folder.join("epoch"), epoch.0.to_string()).map_err(refused)?;
            *current = epoch.0;
        }
        Ok(())
    }

    /// Whether this epoch still speaks for the machine.
    pub(crate) fn check(&self, epoch: Epoch) -> Result<(), EnvironmentError> {
        let current = *self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        if epoch.0 == current { Ok(()) } else { Err(EnvironmentError::Fenced) }
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
        // To wake a thread takes a tenth of a millisecond, an empty step one. Where no other job runs here, nobody else
        // waits for the thread that asks.
        if LIVE.load(Ordering::Acquire) == 1 {
            let started = exec.start(spec, &self.site);
            running.followers.spawn(exec.follow_from_here(wishes, started));
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
    pub(crate) async fn end(&self) -> Swept {
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
        let marker = self.place.marker.clone();
        let strays: fn() -> bool =
            if self.site.config.kills_strays { || LIVE.load(Ordering::Acquire) == 1 } else { || false };
        let swept = tokio::task::spawn_blocking(move || {
            // Older carriers of the marker were killed when the machine was adopted.
            sweep(&Sweep { marker: Some(&marker), is_own: true, groups: &groups, strays, limit: SWEEP_LIMIT })
        });
        swept.await.unwrap_or_default()
    }

    /// Answers for the machine no longer.
    pub(crate) fn retire(&self) {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if lock.is_some() {
            LIVE.fetch_sub(1, Ordering::AcqRel);
        }
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
