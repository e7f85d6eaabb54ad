//! The port [`Provisioner`] on this machine: a machine is a folder with a lock.
//!
//! While a process of this program lives, it holds the lock of each of its machines; the system drops the
//! lock when the process dies, however it dies, and the machine counts as abandoned. A second lock, on
//! the root, is held for a moment by whoever makes machines or judges them, so that none is taken for
//! abandoned between its making and its locking.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use act_core::decide::Seen;
use act_core::environment::{Environment, EnvironmentError, Facts};
use act_core::ids::{Epoch, LaunchId, MachineId};
use act_core::place::{Arch, Decision, Os, Shape};
use act_core::provisioner::{Creation, Document, Machine, Provisioner, Release, Released, Reveal};
use act_files::{Versions, is_absence};
use act_process::{Swept, become_reaper};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use crate::aside::aside;
use crate::config::LocalConfig;
use crate::environment::LocalEnvironment;
use crate::layout::Layout;
use crate::machine::{Owned, Place, are_all};

/// Runs jobs as processes on this machine. Clones are the same provisioner.
#[derive(Clone, Debug)]
pub struct LocalProvisioner {
    config: Arc<LocalConfig>,
    root: PathBuf,
    owned: Arc<Mutex<HashMap<MachineId, Arc<Owned>>>>,
    versions: Arc<Versions>,
}

impl LocalProvisioner {
    /// Opens the root folder, and makes this process the heir of every process that it will leave behind.
    ///
    /// # Errors
    /// What the disk says of the root, the tools or the bound folder.
    pub fn open(mut config: LocalConfig) -> io::Result<Self> {
        become_reaper()?;
        fs::create_dir_all(&config.root)?;
        // Patterns and processes must see one spelling of each path, so links are resolved here.
        let root = config.root.canonicalize()?;
        config.root.clone_from(&root);
        if let Some(bind) = &mut config.bind {
            *bind = bind.canonicalize()?;
        }
        if let Some(tools) = &mut config.tools {
            fs::create_dir_all(&*tools)?;
            *tools = tools.canonicalize()?;
        }
        Ok(Self { config: Arc::new(config), root, owned: Arc::default(), versions: Arc::default() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MachineId, Arc<Owned>>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the root's lock. To wait for it is left to another thread.
    async fn lock_root(&self) -> io::Result<File> {
        let file = File::options().create(true).append(true).open(self.root.join(".lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::Error(error)) => Err(error),
            Err(TryLockError::WouldBlock) => {
                let locked = aside(move || file.lock().map(|()| file)).await;
                locked.unwrap_or_else(|error| Err(io::Error::other(error.to_string())))
            }
        }
    }

    /// Makes a machine; blocks where there was one of that id. The root is locked.
    fn make(&self, place: Place, id: &MachineId, decision: &Decision) -> io::Result<Creation> {
        let machine = Machine { id: id.clone(), abandoned: false };
        if self.lock().contains_key(id) {
            return Ok(Creation::Adopted(machine));
        }
        let is_new = !place.folder.exists();
        fs::create_dir_all(&place.folder)?;
        let Some(lock) = place.lock()? else {
            return Ok(refused(format!("another process answers for machine {id}")));
        };
        if !is_new {
            // Left behind by a process that died; what it started may be there still.
            let _ = place.sweep();
        }
        let owned = Owned::new(place, lock, &decision.bind.repository, Arc::clone(&self.config))?;
        self.lock().insert(id.clone(), Arc::new(owned));
        Ok(if is_new { Creation::Created(machine) } else { Creation::Adopted(machine) })
    }

    /// Lists all machines. The root is locked.
    fn list(&self) -> io::Result<Vec<Machine>> {
        let mut machines = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let id = entry.file_name().into_string().map(MachineId);
            let place = id.ok().and_then(|id| Some((Place::new(&self.config, &id)?, id)));
            let Some((place, id)) = place.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            else {
                continue;
            };
            if let Some(abandoned) = place.judge()?.filter(|_| !place.is_kept()) {
                machines.push(Machine { id, abandoned });
            }
        }
        machines.sort_by(|one, other| one.id.0.cmp(&other.id.0));
        Ok(machines)
    }

    /// Clears a machine that no process answers for. Runs on a thread that may block.
    fn clear_abandoned(&self, id: &MachineId) -> io::Result<Released> {
        let Some(place) = Place::new(&self.config, id).filter(|place| place.folder.is_dir()) else {
            return Ok(Released::Gone);
        };
        if place.is_kept() {
            return Ok(Released::Gone);
        }
        let _lock = match place.lock() {
            Ok(Some(lock)) => lock,
            Ok(None) => {
                return Ok(Released::Unconfirmed(format!("another process answers for machine {id}")));
            }
            Err(error) if is_absence(&error) => return Ok(Released::Gone),
            Err(error) => return Err(error),
        };
        Ok(conclude(&place.sweep(), place.clear(self.config.keep)))
    }

    /// Clears a machine that this process answers for, and does not any more then.
    async fn clear(&self, owned: Arc<Owned>) -> Result<Released, EnvironmentError> {
        let swept = owned.end().await;
        let cleared = if owned.is_alone() && owned.vanish() {
            Ok(())
        } else {
            let owned = Arc::clone(&owned);
            aside(move || owned.clear()).await?
        };
        owned.retire();
        Ok(conclude(&swept, cleared))
    }

    fn facts(&self) -> Facts {
        Facts {
            os: own_os(),
            arch: own_arch(),
            path_separator: '/',
            list_separator: ':',
            env_ignores_case: false,
            name: self.config.name.clone(),
            services: std::collections::BTreeMap::new(),
            survives_host: false,
            sees_host_files: true,
            node_advice: None,
        }
    }
}

#[async_trait]
impl Provisioner for LocalProvisioner {
    fn describe(&self, decision: &Decision) -> Vec<Document> {
        describe(&self.config, decision)
    }

    async fn create(&self, id: &MachineId, decision: &Decision, _: &dyn Reveal) -> Creation {
        if let Some(text) = misfit(decision) {
            return refused(text);
        }
        let Some(place) = Place::new(&self.config, id) else {
            return refused(format!("`{id}` is no name for a folder"));
        };
        let lost = |error: io::Error| refused(format!("cannot make the machine's folder: {error}"));
        let root_lock = match self.lock_root().await {
            Ok(lock) => lock,
            Err(error) => return lost(error),
        };
        let (this, id, decision) = (self.clone(), id.clone(), decision.clone());
        let is_brief = are_all(0, &self.config) && !place.folder.exists();
        let make = move || {
            let made = this.make(place, &id, &decision);
            drop(root_lock);
            made
        };
        match if is_brief { Ok(make()) } else { aside(make).await } {
            Ok(Ok(creation)) => creation,
            Ok(Err(error)) => lost(error),
            Err(error) => refused(error.to_string()),
        }
    }

    /// Whatever befalls this machine befalls this process as well.
    fn observe(&self, _: &Machine) -> BoxStream<'static, Seen> {
        stream::pending().boxed()
    }

    async fn bind(
        &self,
        machine: &Machine,
        _: &LaunchId,
        epoch: Epoch,
    ) -> Result<Arc<dyn Environment>, EnvironmentError> {
        let owned = self.lock().get(&machine.id).cloned();
        let lost = || EnvironmentError::Lost(format!("machine {} is not this process's", machine.id));
        let machine = owned.ok_or_else(lost)?;
        machine.admit(epoch)?;
        Ok(Arc::new(LocalEnvironment {
            machine,
            epoch,
            facts: self.facts(),
            versions: Arc::clone(&self.versions),
        }))
    }

    async fn owned(&self) -> Result<Vec<Machine>, EnvironmentError> {
        let refused = |error: io::Error| EnvironmentError::Refused(format!("cannot list machines: {error}"));
        let root_lock = self.lock_root().await.map_err(refused)?;
        let this = self.clone();
        let list = move || {
            let listed = this.list();
            drop(root_lock);
            listed
        };
        let listed = if are_all(0, &self.config) { list() } else { aside(list).await? };
        listed.map_err(refused)
    }

    async fn release(&self, machine: &Machine, _: Release) -> Released {
        let owned = self.lock().remove(&machine.id);
        let released = match owned {
            Some(owned) => self.clear(owned).await,
            None => {
                let (this, id) = (self.clone(), machine.id.clone());
                aside(move || this.clear_abandoned(&id)).await.and_then(|cleared| {
                    let text = |error| format!("cannot look at the machine: {error}");
                    cleared.map_err(|error: io::Error| EnvironmentError::Refused(text(error)))
                })
            }
        };
        released.unwrap_or_else(|error| Released::Unconfirmed(error.to_string()))
    }
}

fn refused(text: String) -> Creation {
    Creation::Refused(Seen::Other { code: "refused".to_owned(), text })
}

/// Returns why this machine cannot be what was decided, if so.
fn misfit(decision: &Decision) -> Option<String> {
    match &decision.shape {
        Shape::Process { os, arch } if (*os, *arch) != (own_os(), own_arch()) => {
            Some(format!("this machine is {} {}, not {os} {arch}", own_os(), own_arch()))
        }
        Shape::Process { .. } if decision.bind.has_containers() => {
            Some("the job wants containers, and on this machine it would have none".to_owned())
        }
        Shape::Process { .. } => None,
        Shape::Pod(_) => {
            Some("a pod was decided, and this machine is no cluster: `--backend kubernetes`".to_owned())
        }
    }
}

fn conclude(swept: &Swept, cleared: io::Result<()>) -> Released {
    let left: Vec<String> = swept.left.iter().map(|left| format!("{} ({})", left.pid, left.name)).collect();
    match (left.is_empty(), cleared) {
        (true, Ok(())) => Released::Gone,
        (true, Err(error)) => Released::Unconfirmed(format!("its folder could not be removed: {error}")),
        (false, _) => Released::Unconfirmed(format!("processes could not be killed: {}", left.join(", "))),
    }
}

/// Returns what a machine of this decision would be, without one, and without a provisioner: for dry runs.
#[must_use]
pub fn describe(config: &LocalConfig, decision: &Decision) -> Vec<Document> {
    if let Some(text) = misfit(decision) {
        return vec![Document { title: "nothing".to_owned(), text }];
    }
    let (os, arch) = (own_os(), own_arch());
    let folder = config.root.join("<machine>");
    let layout = Layout::new(&folder, &decision.bind.repository, None, config);
    let text = format!("folder: {}\nworkspace: {}\n", folder.display(), layout.workspace().display());
    vec![Document { title: format!("processes on this machine ({os}, {arch})"), text }]
}

/// Returns the operating system this program was built for.
#[must_use]
pub const fn own_os() -> Os {
    if cfg!(target_os = "macos") {
        Os::MacOs
    } else if cfg!(windows) {
        Os::Windows
    } else {
        Os::Linux
    }
}

/// Returns the processor this program was built for; 64-bit Intel where GitHub has no name for it.
#[must_use]
pub const fn own_arch() -> Arch {
    if cfg!(target_arch = "aarch64") {
        Arch::Arm64
    } else if cfg!(target_arch = "arm") {
        Arch::Arm
    } else if cfg!(target_arch = "x86") {
        Arch::X86
    } else {
        Arch::X64
    }
}
