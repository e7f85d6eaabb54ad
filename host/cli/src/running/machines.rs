//! Who makes the machines of a run: each decision says, processes on this machine or a pod of the cluster.
//!
//! The cluster is connected when the first decision needs it, or before the run where the user asked for it. What cannot
//! be opened later refuses the machine, and the scheduler is told why.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use act_core::decide::Seen;
use act_core::environment::{Environment, EnvironmentError};
use act_core::ids::{Epoch, LaunchId, MachineId};
use act_core::place::{Decision, Shape};
use act_core::provisioner::{Creation, Document, Machine as Made, Provisioner, Release, Released, Reveal};
use act_kubernetes::KubernetesProvisioner;
use act_local::{LocalConfig, LocalProvisioner};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::OnceCell;

use super::cluster::{ClusterError, ClusterWanted, described_as};
use super::host::this_machine;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::value::Backend;
use crate::stream::complain;

/// Makes machines, each where its decision says.
pub(super) struct Machines {
    local_config: LocalConfig,
    local: OnceCell<Arc<LocalProvisioner>>,
    wanted: ClusterWanted,
    cluster: OnceCell<Arc<KubernetesProvisioner>>,
    /// Who made what, as far as this process knows.
    makers: Mutex<HashMap<MachineId, Maker>>,
}

/// Who makes a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Local,
    Cluster,
}

impl Machines {
    /// Opens what the user asked for, and what runs that go on were `begun` on. The cluster is asked whether it answers
    /// and what this account may do.
    pub(super) async fn open<'a>(
        config: &Config,
        mut begun: impl Iterator<Item = &'a Decision>,
    ) -> Result<Arc<Self>, CliError> {
        let machines = Self {
            local_config: this_machine(config),
            local: OnceCell::new(),
            wanted: ClusterWanted {
                machine: config.machine.clone(),
                host: super::plan::new_run_id().to_string(),
            },
            cluster: OnceCell::new(),
            makers: Mutex::default(),
        };
        let is_named = config.machine.backend == Some(Backend::Kubernetes);
        if is_named || begun.any(|decision| maker(decision) == Maker::Cluster) {
            machines.cluster.get_or_try_init(|| machines.connect()).await?;
        }
        if !is_named {
            machines.local().await.map_err(|message| {
                CliError::new(Exit::Infrastructure, message)
                    .hint("`ACT_HOST_STATE` names another folder for runs")
            })?;
        }
        Ok(Arc::new(machines))
    }

    /// Ends: nothing is answered for any more.
    pub(super) async fn close(&self) {
        if let Some(cluster) = self.cluster.get() {
            cluster.close().await;
        }
    }

    async fn local(&self) -> Result<&Arc<LocalProvisioner>, String> {
        self.local
            .get_or_try_init(|| async {
                let root = &self.local_config.root;
                let state = root.parent().unwrap_or(root).display();
                let opened = LocalProvisioner::open(self.local_config.clone()).map(Arc::new);
                opened.map_err(|error| format!("cannot keep machines in {state}: {error}"))
            })
            .await
    }

    async fn connect(&self) -> Result<Arc<KubernetesProvisioner>, ClusterError> {
        let cluster = self.wanted.connect().await?;
        self.local_config.serves_others.store(true, Ordering::Release);
        Ok(cluster)
    }

    /// Connects the cluster for the first who needs it, and clears what killed runs left there.
    async fn cluster(&self) -> Result<&Arc<KubernetesProvisioner>, ClusterError> {
        self.cluster
            .get_or_try_init(|| async {
                let cluster = self.connect().await?;
                // Those of a run that is taken up were looked for before it went on.
                sweep(&*cluster, &HashSet::new()).await;
                Ok(cluster)
            })
            .await
    }

    /// Returns who makes such a machine.
    async fn maker(&self, maker: Maker) -> Result<&dyn Provisioner, Seen> {
        match maker {
            Maker::Local => match self.local().await {
                Ok(local) => Ok(&**local),
                Err(text) => Err(Seen::Other { code: "refused".to_owned(), text }),
            },
            Maker::Cluster => match self.cluster().await {
                Ok(cluster) => Ok(&**cluster),
                Err(error) => Err(error.seen()),
            },
        }
    }

    /// Returns who made a machine; `None` where this process does not know.
    fn maker_of(&self, id: &MachineId) -> Option<&dyn Provisioner> {
        let maker = self.makers.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied();
        match maker? {
            Maker::Local => Some(&**self.local.get()?),
            Maker::Cluster => Some(&**self.cluster.get()?),
        }
    }

    fn note(&self, id: &MachineId, maker: Maker) {
        self.makers.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), maker);
    }
}

const fn maker(decision: &Decision) -> Maker {
    match decision.shape {
        Shape::Process { .. } => Maker::Local,
        Shape::Pod(_) => Maker::Cluster,
    }
}

/// Returns what a decision would come to, without asking anybody.
pub(super) fn describe(config: &Config, decision: &Decision) -> Vec<Document> {
    match maker(decision) {
        Maker::Local => act_local::describe(&this_machine(config), decision),
        Maker::Cluster => act_kubernetes::describe(decision, &described_as(&config.machine)),
    }
}

/// Takes down what a killed host process left behind, but for the machines on which a run is to go on.
pub(super) async fn sweep(provisioner: &dyn Provisioner, own: &HashSet<MachineId>) {
    // A folder that cannot be listed will be said by the first machine that is to be made in it.
    let owned = provisioner.owned().await.unwrap_or_default();
    for machine in owned.iter().filter(|machine| machine.abandoned && !own.contains(&machine.id)) {
        let id = &machine.id;
        match provisioner.release(machine, Release::Abandoned).await {
            Released::Gone => {
                complain(&format!("notice: removed {id}, which a killed run had left behind\n"));
            }
            Released::Unconfirmed(what) | Released::Kept(what) => {
                complain(&format!("warning: {id} was left behind by a killed run: {what}\n"));
            }
        }
    }
}

#[async_trait]
impl Provisioner for Machines {
    fn describe(&self, decision: &Decision) -> Vec<Document> {
        match maker(decision) {
            Maker::Local => act_local::describe(&self.local_config, decision),
            Maker::Cluster => act_kubernetes::describe(decision, &described_as(&self.wanted.machine)),
        }
    }

    async fn create(&self, id: &MachineId, decision: &Decision, secrets: &dyn Reveal) -> Creation {
        let which = maker(decision);
        match self.maker(which).await {
            Ok(maker) => {
                self.note(id, which);
                maker.create(id, decision, secrets).await
            }
            Err(seen) => Creation::Refused(seen),
        }
    }

    fn observe(&self, machine: &Made) -> BoxStream<'static, Seen> {
        match self.maker_of(&machine.id) {
            Some(maker) => maker.observe(machine),
            None => stream::pending().boxed(),
        }
    }

    async fn bind(
        &self,
        machine: &Made,
        launch: &LaunchId,
        epoch: Epoch,
    ) -> Result<Arc<dyn Environment>, EnvironmentError> {
        match self.maker_of(&machine.id) {
            Some(maker) => maker.bind(machine, launch, epoch).await,
            None => Err(EnvironmentError::Lost(format!("machine {} is not this process's", machine.id))),
        }
    }

    /// Lists those of this machine and of the cluster, as far as each is open.
    async fn owned(&self) -> Result<Vec<Made>, EnvironmentError> {
        let mut all = Vec::new();
        if let Some(local) = self.local.get() {
            all.extend(self.noted(Maker::Local, local.owned().await?));
        }
        if let Some(cluster) = self.cluster.get() {
            all.extend(self.noted(Maker::Cluster, cluster.owned().await?));
        }
        Ok(all)
    }

    async fn release(&self, machine: &Made, why: Release) -> Released {
        match self.maker_of(&machine.id) {
            Some(maker) => maker.release(machine, why).await,
            None => Released::Gone,
        }
    }
}

impl Machines {
    fn noted(&self, maker: Maker, machines: Vec<Made>) -> Vec<Made> {
        machines.iter().for_each(|machine| self.note(&machine.id, maker));
        machines
    }
}
