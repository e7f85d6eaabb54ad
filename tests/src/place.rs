//! A machine for a test, made by the local provisioner and taken down at the end: seen as it is, or from afar.

use std::path::Path;
use std::sync::Arc;

use act_core::environment::{EnvPath, Environment, LogicalPath, Root, Target};
use act_core::ids::{Attempt, Epoch, Launch, LaunchId, MachineId, RunId};
use act_core::place::{Bind, Decision, Shape};
use act_core::provisioner::{Creation, Machine, NoSecrets, Provisioner, Release, Released};
use act_local::{LocalConfig, LocalProvisioner, own_arch, own_os};
use tempfile::TempDir;

use crate::agent::Agents;
use crate::cli::act_agent_arm64;
use crate::far::{FAR, FarEnvironment, Link};
use crate::streams::Weather;

/// A machine and the environment on it.
pub struct Place {
    /// Where processes run.
    pub env: Arc<dyn Environment>,
    /// Who made the machine.
    pub provisioner: Arc<dyn Provisioner>,
    /// The machine.
    pub machine: Machine,
    root: TempDir,
    epoch: u64,
}

/// What a test's machine inherits.
fn inherited() -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap();
    vec![("PATH".to_owned(), path), ("INHERITED".to_owned(), "yes".to_owned())]
}

/// Returns a provisioner below a folder.
#[must_use]
pub fn local_provisioner(root: &Path) -> LocalProvisioner {
    let mut config = LocalConfig::new(root);
    config.env = inherited();
    // The test process has other children: programs under test, with jobs of their own.
    config.kills_strays = false;
    config.memory = Some(std::env::temp_dir());
    LocalProvisioner::open(config).unwrap()
}

/// The launch of every test's job.
#[must_use]
pub fn launch() -> LaunchId {
    LaunchId {
        run: RunId::from_parts(1_790_000_000_000, 7),
        job: "build".parse().unwrap(),
        attempt: Attempt(1),
        launch: Launch(1),
    }
}

/// What local machines are made for.
#[must_use]
pub fn decision(repository: &str) -> Decision {
    Decision {
        shape: Shape::Process { os: own_os(), arch: own_arch() },
        bind: Bind { repository: repository.to_owned(), ..Bind::default() },
    }
}

impl Place {
    /// Makes a machine as it is, on this one.
    pub async fn local() -> Self {
        Self::make(TempDir::new().unwrap(), "octo/hello", |env| env).await
    }

    /// Makes a machine that lies far away; `seed` decides what goes wrong on the way there.
    pub async fn far(seed: u64) -> Self {
        Self::linked(Link::unreliable(seed)).await
    }

    /// Makes a far machine behind a given link.
    pub async fn linked(link: Link) -> Self {
        let root = tempfile::Builder::new().prefix("fern ä ").tempdir().unwrap();
        Self::make(root, "octo/hölle öde", |env| Arc::new(FarEnvironment::new(env, link))).await
    }

    /// Makes a machine with an agent, behind streams in a weather.
    pub async fn agent(weather: Weather) -> Self {
        let root = tempfile::Builder::new().prefix("a ä").tempdir().unwrap();
        let agents = Arc::new(Agents::new(root.path(), weather));
        Self::of(root, agents, "octo/hello", |env| env).await
    }

    /// Makes a machine with the agent for arm64; `None` where it cannot be run.
    pub async fn agent_on_arm64(weather: Weather) -> Option<Self> {
        let words = act_agent_arm64()?;
        let root = tempfile::tempdir().unwrap();
        let agents = Arc::new(Agents::by(words, root.path(), weather));
        Some(Self::of(root, agents, "octo/hello", |env| env).await)
    }

    async fn make(
        root: TempDir,
        repository: &str,
        see: impl FnOnce(Arc<dyn Environment>) -> Arc<dyn Environment>,
    ) -> Self {
        let provisioner = Arc::new(local_provisioner(root.path()));
        Self::of(root, provisioner, repository, see).await
    }

    async fn of(
        root: TempDir,
        provisioner: Arc<dyn Provisioner>,
        repository: &str,
        see: impl FnOnce(Arc<dyn Environment>) -> Arc<dyn Environment>,
    ) -> Self {
        let Creation::Created(machine) =
            provisioner.create(&MachineId::of(&launch()), &decision(repository), &NoSecrets).await
        else {
            panic!("a new machine was expected");
        };
        let env = see(provisioner.bind(&machine, &launch(), Epoch(1)).await.unwrap());
        Self { env, provisioner, machine, root, epoch: 1 }
    }

    /// Has another host take over, as after the death of the one before. What lies between stays as it is.
    pub async fn take_over(&mut self) {
        if self.env.facts().name != FAR {
            self.epoch += 1;
            self.env = self.provisioner.bind(&self.machine, &launch(), Epoch(self.epoch)).await.unwrap();
        }
    }

    /// Returns where a logical path lies for processes.
    #[must_use]
    pub fn at(&self, root: Root, rest: &str) -> EnvPath {
        self.env.path(&Target::Job, &LogicalPath::new(root, rest))
    }

    /// Returns the folder that holds the machine, for a look behind the environment's back.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.root.path()
    }

    /// Writes a file into the workspace, past the environment.
    pub fn write(&self, path: &str, text: &str) {
        let file = std::path::PathBuf::from(self.at(Root::Workspace, path).0);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Takes the machine down; all of it must be gone.
    pub async fn release(self) {
        assert_eq!(self.provisioner.release(&self.machine, Release::Done).await, Released::Gone);
    }
}
