//! The port [`Provisioner`] on a cluster.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use act_core::decide::Seen;
use act_core::environment::{Environment, EnvironmentError, ServiceFacts};
use act_core::ids::{Epoch, LaunchId, MachineId};
use act_core::place::Decision;
use act_core::provisioner::{Creation, Document, Machine, Provisioner, Release, Released, Reveal};
use act_core::spec::SecretName;
use act_remote::{Remote, RemoteConfig};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Api, Client};
use tokio::sync::{OnceCell, Semaphore, watch};

use crate::agent::{Binary, RUNNER, node_folders};
use crate::calls::{CallError, Cluster};
use crate::config::KubernetesConfig;
use crate::dial::{PodDial, gone, told};
use crate::labels::{HOST, KEPT, MACHINE_ID};
use crate::lease::{Life, living};
use crate::machines::{Machines, is_over};
use crate::names;
use crate::objects::Objects;
use crate::seen::{Phase, look};
use crate::survey::explained;
use crate::watch::{PodWatch, Sight};

/// Beyond a pod's own time to end, until its node counts as silent.
const UNTIL_GONE: Duration = Duration::from_secs(90);

/// Machines that are made at once: what the API server is asked for is paced anyway, and all that a machine is made of,
/// its secrets too, is held while it waits.
const MADE_AT_ONCE: usize = 32;

/// Between two looks at what no watch shows.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Runs jobs as pods of a cluster.
pub struct KubernetesProvisioner {
    cluster: Arc<Cluster>,
    config: Arc<KubernetesConfig>,
    /// The Lease of this process.
    host: String,
    begun: OnceCell<Begun>,
    turns: Semaphore,
    machines: Mutex<HashMap<MachineId, Known>>,
}

/// What begins with the first machine.
struct Begun {
    life: Mutex<Option<Life>>,
    /// ConfigMaps that are there, by name.
    agents: tokio::sync::Mutex<HashSet<String>>,
    /// By namespace; the configured one from the start.
    watch: PodWatch,
    /// That this account may have Jobs.
    jobs: OnceCell<()>,
}

/// A machine of this process.
#[derive(Clone)]
struct Known {
    name: String,
    uid: String,
    is_job: bool,
    services: BTreeMap<String, ServiceFacts>,
}

impl KubernetesProvisioner {
    /// Takes a client and what the operator says. `host` names this process, once and never again.
    #[must_use]
    pub fn new(client: Client, config: KubernetesConfig, host: &str) -> Self {
        Self {
            cluster: Arc::new(Cluster::new(client, config.call_rate.get())),
            config: Arc::new(config),
            host: format!("act-host-{}", names::dns(host)),
            begun: OnceCell::new(),
            turns: Semaphore::new(MADE_AT_ONCE),
            machines: Mutex::default(),
        }
    }

    /// Takes down what processes left behind whose Lease has run out, and returns the machines.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn sweep(&self) -> Result<Vec<Machine>, EnvironmentError> {
        let mut swept = Vec::new();
        for machine in self.owned().await?.into_iter().filter(|machine| machine.abandoned) {
            if self.release(&machine, Release::Abandoned).await == Released::Gone {
                swept.push(machine);
            }
        }
        Ok(swept)
    }

    /// Ends: this process answers for nothing any more.
    pub async fn close(&self) {
        let life = self
            .begun
            .get()
            .and_then(|begun| begun.life.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(life) = life {
            life.end().await;
        }
    }

    fn machines(&self) -> Machines<'_> {
        Machines { cluster: &self.cluster, namespace: &self.config.namespace }
    }

    fn known(&self, id: &MachineId) -> Option<Known> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Makes what all machines need: the Lease, the watch.
    async fn begin(&self) -> Result<&Begun, CallError> {
        self.begun
            .get_or_try_init(|| async {
                let life = Life::begin(self.cluster.clone(), &self.config.namespace, &self.host).await?;
                let watch = PodWatch::start(self.cluster.clone(), &self.config.namespace, &self.host);
                Ok(Begun {
                    life: Mutex::new(Some(life)),
                    agents: Default::default(),
                    watch,
                    jobs: OnceCell::new(),
                })
            })
            .await
    }

    /// Makes an agent's ConfigMap, unless this process knows that it is there.
    async fn bring(&self, agent: &Binary, begun: &Begun) -> Result<(), CallError> {
        let mut there = begun.agents.lock().await;
        if !there.contains(agent.name()) {
            let map = agent.config_map().map_err(CallError::Refused)?;
            self.machines().ensure_config_map(&map).await?;
            there.insert(agent.name().to_owned());
        }
        Ok(())
    }

    async fn make(
        &self,
        id: &MachineId,
        decision: &Decision,
        secrets: &dyn Reveal,
    ) -> Result<Creation, Seen> {
        let refused = |text: String| Seen::Other { code: "refused".to_owned(), text };
        let objects =
            Objects::of(id, decision, &self.host, &self.config).map_err(|all| refused(all.join("; ")))?;
        if objects.namespace != self.config.namespace {
            return Err(refused(format!(
                "the decision wants namespace `{}`, and this backend has `{}` only",
                objects.namespace, self.config.namespace
            )));
        }
        let mut values: HashMap<SecretName, String> = HashMap::new();
        for name in objects.wanted() {
            if !values.contains_key(name) {
                let value = secrets.reveal(name).await.map_err(refused)?;
                values.insert(name.clone(), value.reveal().to_owned());
            }
        }
        let value = |name: &SecretName| values.get(name).cloned();
        let sealed: Vec<_> = objects.secrets.iter().map(|secret| objects.secret(secret, &value)).collect();
        let begun = self.begin().await.map_err(seen_of)?;
        let is_job = objects.machine["kind"] == "Job";
        if is_job {
            let machines = self.machines();
            begun.jobs.get_or_try_init(|| machines.may_have_jobs()).await.map_err(seen_of)?;
        }
        if let Some(agent) = &objects.agent {
            self.bring(agent, begun).await.map_err(seen_of)?;
        }
        let digest = names::digest(id);
        // From now on nothing is missed.
        drop(begun.watch.follow(&digest));
        let made = self.machines().make(&objects, &sealed).await.map_err(|error| {
            begun.watch.forget(&digest);
            seen_of(error)
        })?;
        begun.watch.identify(&digest, &made.uid);
        if let Some(pod) = made.pod {
            begun.watch.tell(pod);
        }
        let services = decision.bind.services.iter().map(|service| {
            let ports =
                service.container.all_ports().map(|port| (port.to_string(), port.container.to_string()));
            let id = crate::containers::service_container(&service.name);
            (service.name.clone(), ServiceFacts { id, network: objects.name.clone(), ports: ports.collect() })
        });
        let services = services.collect();
        let known = Known { name: objects.name, uid: made.uid, is_job, services };
        self.machines.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), known);
        let machine = Machine { id: id.clone(), abandoned: false };
        Ok(if made.is_known { Creation::Adopted(machine) } else { Creation::Created(machine) })
    }

    fn follow(&self, id: &MachineId) -> Option<watch::Receiver<Sight>> {
        Some(self.begun.get()?.watch.follow(&names::digest(id)))
    }

    async fn take_down(&self, id: &MachineId) -> Result<Released, CallError> {
        let digest = names::digest(id);
        let known = match self.known(id) {
            Some(known) => known,
            None => match self.find(&digest).await? {
                Some(known) => known,
                None => return Ok(Released::Gone),
            },
        };
        self.machines().delete(&known.name, Some(&known.uid), known.is_job).await?;
        let released = self.until_gone(id, &digest, &known).await;
        if released == Released::Gone {
            if let Some(begun) = self.begun.get() {
                begun.watch.forget(&digest);
            }
            self.machines.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        }
        Ok(released)
    }

    /// Finds what another process made.
    async fn find(&self, digest: &str) -> Result<Option<Known>, CallError> {
        if let Some(pod) = self.machines().pod_of(digest).await? {
            return Ok(Some(of_pod(&pod)));
        }
        let job = self.machines().held_job_of(digest).await?;
        Ok(job.map(|job| Known::of(job.metadata.name, job.metadata.uid, true)))
    }

    /// Waits until a pod can run nothing any more: it is not there, or all of it has ended.
    async fn until_gone(&self, id: &MachineId, digest: &str, known: &Known) -> Released {
        let is_gone = |sight: &Sight| match sight {
            Sight::Gone(_) => true,
            Sight::There(pod) => is_over(pod),
            Sight::Unknown => false,
        };
        let own = self.known(id).and_then(|_| self.follow(id));
        // What was never seen, and another process's machine, is in no watch of this one.
        let own = own.filter(|sight| !matches!(*sight.borrow(), Sight::Unknown));
        let waiting = async {
            match own {
                _ if known.is_job => {
                    while !matches!(self.machines().has_job(&known.name).await, Ok(false)) {
                        tokio::time::sleep(LOOK_AGAIN).await;
                    }
                }
                Some(mut sight) => drop(sight.wait_for(is_gone).await),
                None => {
                    while !matches!(self.machines().pod_of(digest).await, Ok(None)) {
                        tokio::time::sleep(LOOK_AGAIN).await;
                    }
                }
            }
        };
        match tokio::time::timeout(UNTIL_GONE, waiting).await {
            Ok(()) => Released::Gone,
            Err(_) => Released::Unconfirmed(format!(
                "the pod of {id} was deleted, and after {} s its node has not confirmed that it ended",
                UNTIL_GONE.as_secs()
            )),
        }
    }
}

/// What belongs to a pod that this process did not make.
fn of_pod(pod: &Pod) -> Known {
    match pod.metadata.owner_references.iter().flatten().find(|owner| owner.kind == "Job") {
        Some(job) => Known::of(Some(job.name.clone()), Some(job.uid.clone()), true),
        None => Known::of(pod.metadata.name.clone(), pod.metadata.uid.clone(), false),
    }
}

impl Known {
    fn of(name: Option<String>, uid: Option<String>, is_job: bool) -> Self {
        let (name, uid) = (name.unwrap_or_default(), uid.unwrap_or_default());
        Self { name, uid, is_job, services: BTreeMap::new() }
    }
}

/// Says why nothing was made.
fn seen_of(error: CallError) -> Seen {
    match error {
        CallError::Quota(text) => Seen::Quota { text },
        CallError::Conflict(text) => Seen::Pending { reason: text, since: Timestamp::now() },
        error @ CallError::Unreachable(_) => {
            Seen::Other { code: "unreachable".to_owned(), text: error.to_string() }
        }
        error => Seen::Other { code: "refused".to_owned(), text: error.to_string() },
    }
}

#[async_trait]
impl Provisioner for KubernetesProvisioner {
    fn describe(&self, decision: &Decision) -> Vec<Document> {
        describe(decision, &self.config)
    }

    async fn create(&self, id: &MachineId, decision: &Decision, secrets: &dyn Reveal) -> Creation {
        let _turn = self.turns.acquire().await;
        // Of those that wait, not even the room is there.
        Box::pin(self.make(id, decision, secrets)).await.unwrap_or_else(Creation::Refused)
    }

    fn observe(&self, machine: &Machine) -> BoxStream<'static, Seen> {
        let Some(sight) = self.follow(&machine.id) else { return stream::pending().boxed() };
        let (cluster, config) = (self.cluster.clone(), self.config.clone());
        changes(sight)
            .then(move |(seen, pod)| {
                let (cluster, config) = (cluster.clone(), config.clone());
                async move {
                    let (namespace, deep) = (&config.namespace, config.debug_scheduling);
                    // On the heap: a pod that runs has nothing to be explained, and has the room for as long as it runs.
                    Box::pin(explained(&cluster.client, namespace, pod, seen, deep)).await
                }
            })
            .boxed()
    }

    async fn bind(
        &self,
        machine: &Machine,
        launch: &LaunchId,
        epoch: Epoch,
    ) -> Result<Arc<dyn Environment>, EnvironmentError> {
        let lost = |text: &str| EnvironmentError::Lost(text.to_owned());
        let known = self.known(&machine.id).ok_or_else(|| lost("this process has no such machine"))?;
        let mut sight = self.follow(&machine.id).ok_or_else(|| lost("this process has no machines"))?;
        let ready =
            sight.wait_for(|sight| matches!(phase(sight), Some(Phase::Running | Phase::Ended(_)))).await;
        let ready = ready.map(|sight| phase(&sight)).map_err(|_| lost("the machine was released"))?;
        tracing::debug!(target: "act_host::kubernetes", machine = machine.id.0, "the pod runs");
        if let Some(Phase::Ended(seen)) = ready {
            return Err(EnvironmentError::Lost(told(&seen)));
        }
        let dial = PodDial {
            cluster: self.cluster.clone(),
            api: Api::namespaced(self.cluster.client.clone(), &self.config.namespace),
            sight,
            proxy: self.config.agent.proxy(),
        };
        let config = RemoteConfig {
            // Kubelet, API server, container runtime and the proxy of the agent pass on every byte.
            squeezed: true,
            name: Some(RUNNER.to_owned()),
            services: known.services,
            patience: self.config.orphan_grace,
            more_programs: self.config.node_image.as_ref().map(|_| node_folders()).unwrap_or_default(),
            nodes: self.config.nodes.clone().filter(|_| self.config.node_image.is_none()),
            node_advice: self.config.node_advice.clone(),
            ..RemoteConfig::default()
        };
        let remote = Remote::connect(Arc::new(dial), launch, epoch, config).await?;
        Ok(remote)
    }

    async fn owned(&self) -> Result<Vec<Machine>, EnvironmentError> {
        let said = |error: CallError| EnvironmentError::Refused(format!("cannot list machines: {error}"));
        let living = living(&self.cluster, &self.config.namespace).await.map_err(said)?;
        let machine = |metadata: ObjectMeta| {
            let id = metadata.annotations.as_ref()?.get(MACHINE_ID)?.clone();
            let host = metadata.labels.as_ref()?.get(HOST).filter(|host| *host != KEPT)?;
            let is_going = metadata.deletion_timestamp.is_some();
            let abandoned = *host != self.host && !living.contains(host);
            (!is_going).then_some(Machine { id: MachineId(id), abandoned })
        };
        let mut all: Vec<Machine> =
            self.machines().all().await.map_err(said)?.into_iter().filter_map(machine).collect();
        all.sort_by(|one, other| one.id.0.cmp(&other.id.0));
        Ok(all)
    }

    async fn release(&self, machine: &Machine, why: Release) -> Released {
        if self.config.keep && why == Release::Failed {
            // What cannot be kept is gone already, or goes now.
            if let Ok(Some(pod)) = self.machines().keep(&names::digest(&machine.id)).await {
                return Released::Kept(how_to_enter(&pod, &self.config.namespace));
            }
        }
        let released = self.take_down(&machine.id).await;
        released.unwrap_or_else(|error| {
            Released::Unconfirmed(format!("cannot delete the pod of {}: {error}", machine.id))
        })
    }
}

/// Tells what is seen of a machine, each thing once, with its pod.
fn changes(sight: watch::Receiver<Sight>) -> impl Stream<Item = (Seen, Option<Arc<Pod>>)> {
    stream::unfold((sight, None, false), async |(mut sight, mut last, is_over)| {
        if is_over {
            return None;
        }
        loop {
            let (phase, pod) = {
                let seen = sight.borrow_and_update();
                (phase(&seen), pod(&seen))
            };
            match phase {
                Some(Phase::Waiting(seen)) if last.as_ref() != Some(&seen) => {
                    last = Some(seen.clone());
                    return Some(((seen, pod), (sight, last, false)));
                }
                Some(Phase::Ended(seen)) => return Some(((seen, pod), (sight, last, true))),
                _ => {}
            }
            // A watch that ends says nothing more.
            sight.changed().await.ok()?;
        }
    })
}

/// Tells how a kept pod is entered, and how it goes.
fn how_to_enter(pod: &Pod, namespace: &str) -> String {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let owner = pod.metadata.owner_references.iter().flatten().find(|owner| owner.kind == "Job");
    let (kind, owner) = owner.map_or(("pod", name), |job| ("job", &*job.name));
    let enter = match is_over(pod) {
        true => format!("it has ended, `kubectl describe -n {namespace} pod {name}` tells why"),
        false => format!("`kubectl exec -n {namespace} -it {name} -- sh` enters it"),
    };
    format!("{enter}; `kubectl delete -n {namespace} {kind} {owner}` ends it")
}

fn pod(sight: &Sight) -> Option<Arc<Pod>> {
    match sight {
        Sight::Unknown => None,
        Sight::There(pod) | Sight::Gone(pod) => Some(pod.clone()),
    }
}

/// Returns how far a pod is, as far as anything is known.
fn phase(sight: &Sight) -> Option<Phase> {
    match sight {
        Sight::Unknown => None,
        Sight::There(pod) => Some(look(Some(pod))),
        Sight::Gone(pod) => Some(gone(pod)),
    }
}

/// Returns what a decision comes to, without a cluster: for dry runs.
#[must_use]
pub fn describe(decision: &Decision, config: &KubernetesConfig) -> Vec<Document> {
    let id = MachineId("<run>-job-1-1".to_owned());
    match Objects::of(&id, decision, "act-host", config) {
        Ok(objects) => {
            let text = |value: serde_json::Value| serde_json::to_string_pretty(&value).unwrap_or_default();
            objects
                .documents()
                .into_iter()
                .map(|(title, value)| Document { title, text: text(value) })
                .collect()
        }
        Err(all) => vec![Document { title: "nothing: no pod can be so".to_owned(), text: all.join("\n") }],
    }
}
