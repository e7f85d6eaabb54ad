//! A machine with the real agent: a folder of this one, a process, and a session over its socket.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use act_core::decide::Seen;
use act_core::environment::{Environment, EnvironmentError};
use act_core::ids::{Epoch, LaunchId, MachineId};
use act_core::place::Decision;
use act_core::provisioner::{Creation, Document, Machine, Provisioner, Release, Released, Reveal};
use act_remote::{ByteStream, Dial, DialError, Remote, RemoteConfig, Verdict};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::net::UnixStream;

use crate::cli::act_agent;
use crate::place::launch;
use crate::streams::{Sky, Trouble, Weather};

/// How tests hold a session: everything is near, so nothing takes long; squeezed, as over a network.
#[must_use]
pub fn quick() -> RemoteConfig {
    RemoteConfig {
        heartbeat: Duration::from_millis(200),
        deadline: Duration::from_secs(3),
        retry: Duration::from_millis(1),
        retry_limit: Duration::from_millis(50),
        patience: Duration::from_secs(20),
        squeezed: true,
        ..RemoteConfig::default()
    }
}

/// An agent's process and its folder. Dropped, it is killed.
#[derive(Debug)]
pub struct Agent {
    /// All its places lie below it.
    pub folder: PathBuf,
    child: Mutex<Child>,
}

impl Agent {
    /// Starts an agent below a folder, with more flags than it needs.
    #[must_use]
    pub fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::start_as(folder, flags, |command| command)
    }

    /// Starts it with a command that was changed.
    pub fn start_as(
        folder: &Path,
        flags: &[&str],
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        Self::start_by(&[act_agent().to_owned()], folder, flags, change)
    }

    /// Starts another agent than this machine's, by the words that run it.
    pub fn start_by(
        words: &[PathBuf],
        folder: &Path,
        flags: &[&str],
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg("serve").arg("--dir").arg(folder.join("agent"));
        command.args(["--work", "--temp", "--scratch", "--actions", "--tools"].iter().flat_map(|flag| {
            let place = folder.join("places").join(flag.trim_start_matches('-'));
            [(*flag).into(), place.into_os_string()]
        }));
        command.args(flags).env_clear().env("PATH", std::env::var("PATH").unwrap()).env("INHERITED", "yes");
        command.env("HOME", folder).stdin(Stdio::null()).stdout(Stdio::null());
        let child = change(&mut command).spawn().unwrap();
        Self { folder: folder.to_owned(), child: Mutex::new(child) }
    }

    /// Returns the number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Kills it without a warning; what it runs goes on.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Sends it a signal, by name.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.lock().unwrap().try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Returns its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("agent/agent.sock")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Makes streams to a socket, in a weather.
#[derive(Debug)]
pub struct SocketDial {
    socket: PathBuf,
    sky: Sky,
    /// What is said of the machine once it is given up.
    pub verdict: Mutex<Option<Verdict>>,
}

impl SocketDial {
    /// Makes streams to an agent.
    #[must_use]
    pub fn new(agent: &Agent, weather: Weather) -> Arc<Self> {
        Arc::new(Self { socket: agent.socket(), sky: Sky::new(weather), verdict: Mutex::default() })
    }

    /// Returns what happened to the streams so far.
    #[must_use]
    pub fn trouble(&self) -> Arc<Trouble> {
        Arc::clone(&self.sky.trouble)
    }

    /// Says that the machine is gone, and what is known of it.
    pub fn gone(&self, verdict: Verdict) {
        *self.verdict.lock().unwrap() = Some(verdict);
    }
}

#[async_trait]
impl Dial for SocketDial {
    async fn dial(&self) -> Result<Box<dyn ByteStream>, DialError> {
        if self.verdict.lock().unwrap().is_some() {
            return Err(DialError::Gone("no such machine".to_owned()));
        }
        let stream = UnixStream::connect(&self.socket).await;
        let stream = stream.map_err(|error| DialError::Unreachable(error.to_string()))?;
        Ok(self.sky.expose(Box::new(stream)))
    }

    async fn verdict(&self) -> Verdict {
        self.verdict.lock().unwrap().clone().unwrap_or_default()
    }
}

/// Connects to an agent, as the host of an epoch.
pub async fn connect(dial: &Arc<SocketDial>, epoch: u64) -> Arc<Remote> {
    let dial: Arc<dyn Dial> = Arc::clone(dial) as _;
    Remote::connect(dial, &launch(), Epoch(epoch), quick()).await.unwrap()
}

/// Makes machines with agents below a folder.
pub struct Agents {
    /// What runs an agent.
    words: Vec<PathBuf>,
    root: PathBuf,
    weather: Weather,
    machines: Mutex<HashMap<MachineId, Arc<Made>>>,
}

struct Made {
    agent: Agent,
    dial: Arc<SocketDial>,
    remote: Mutex<Option<Arc<Remote>>>,
}

impl Agents {
    /// Makes them below a folder, behind streams in a weather.
    #[must_use]
    pub fn new(root: &Path, weather: Weather) -> Self {
        Self::by(vec![act_agent().to_owned()], root, weather)
    }

    /// Makes them of another agent than this machine's, by the words that run it.
    #[must_use]
    pub fn by(words: Vec<PathBuf>, root: &Path, weather: Weather) -> Self {
        Self { words, root: root.to_owned(), weather, machines: Mutex::default() }
    }

    fn made(&self, id: &MachineId) -> Option<Arc<Made>> {
        self.machines.lock().unwrap().get(id).cloned()
    }
}

#[async_trait]
impl Provisioner for Agents {
    fn describe(&self, _: &Decision) -> Vec<Document> {
        Vec::new()
    }

    async fn create(&self, id: &MachineId, _: &Decision, _: &dyn Reveal) -> Creation {
        let machine = Machine { id: id.clone(), abandoned: false };
        if self.made(id).is_some() {
            return Creation::Adopted(machine);
        }
        // Links in the path of the temporary folder would show in what the agent calls its places.
        let folder = self.root.canonicalize().unwrap().join(&id.0);
        let agent = Agent::start_by(&self.words, &folder, &[], |command| command);
        let dial = SocketDial::new(&agent, self.weather.clone());
        let made = Arc::new(Made { agent, dial, remote: Mutex::default() });
        self.machines.lock().unwrap().insert(id.clone(), made);
        Creation::Created(machine)
    }

    /// What befalls it is seen by its session.
    fn observe(&self, _: &Machine) -> BoxStream<'static, Seen> {
        stream::pending().boxed()
    }

    async fn bind(
        &self,
        machine: &Machine,
        launch: &LaunchId,
        epoch: Epoch,
    ) -> Result<Arc<dyn Environment>, EnvironmentError> {
        let made = self.made(&machine.id).expect("the machine was made");
        let dial: Arc<dyn Dial> = Arc::clone(&made.dial) as _;
        let remote = Remote::connect(dial, launch, epoch, quick()).await?;
        *made.remote.lock().unwrap() = Some(Arc::clone(&remote));
        Ok(remote)
    }

    async fn owned(&self) -> Result<Vec<Machine>, EnvironmentError> {
        let ids = self.machines.lock().unwrap().keys().cloned().collect::<Vec<_>>();
        Ok(ids.into_iter().map(|id| Machine { id, abandoned: false }).collect())
    }

    async fn release(&self, machine: &Machine, _: Release) -> Released {
        let Some(made) = self.machines.lock().unwrap().remove(&machine.id) else { return Released::Gone };
        let remote = made.remote.lock().unwrap().take();
        if let Some(remote) = remote {
            // Fenced or lost: it is killed below.
            let _ = remote.shutdown().await;
            let _ = tokio::time::timeout(Duration::from_secs(20), made.agent.ended()).await;
        }
        made.agent.kill();
        std::fs::remove_dir_all(&made.agent.folder).unwrap();
        Released::Gone
    }
}
