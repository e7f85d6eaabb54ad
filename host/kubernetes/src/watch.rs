//! One watch for all pods of this process in a namespace.
//!
//! Pods are told apart by the digest of their machine, not by name: those that a Job makes have names of its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch_pods};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::calls::{CallError, Cluster};
use crate::labels::{HOST, MACHINE};
use crate::rights::Call;
use crate::seen::{essence, shrink};

/// What is known of a machine's pod.
#[derive(Clone, Debug, Default)]
pub(crate) enum Sight {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It is there.
    There(Arc<Pod>),
    /// It is not there any more; how it was last.
    Gone(Arc<Pod>),
}

/// What is followed of one machine.
#[derive(Default)]
struct Followed {
    /// The pod, or the Job that makes it, by uid. An earlier machine of the same name may still be going.
    uid: Option<String>,
    /// What came while the uid was not known.
    early: Vec<Event<Pod>>,
    sight: watch::Sender<Sight>,
}

type Known = Arc<Mutex<HashMap<String, Followed>>>;

/// Sees the pods of one process.
pub(crate) struct PodWatch {
    known: Known,
    /// Ends with this.
    _task: JoinSet<()>,
}

impl PodWatch {
    /// Begins to watch.
    pub(crate) fn start(cluster: Arc<Cluster>, namespace: &str, host: &str) -> Self {
        let api = Api::namespaced(cluster.client.clone(), namespace);
        let known = Known::default();
        let config = watcher::Config::default().labels(&format!("{HOST}={host}"));
        let mut task = JoinSet::new();
        task.spawn(follow(cluster, api, config, known.clone()));
        Self { known, _task: task }
    }

    /// Follows one machine's pod. Nothing is told of it until [`PodWatch::identify`], and nothing is missed.
    pub(crate) fn follow(&self, digest: &str) -> watch::Receiver<Sight> {
        lock(&self.known).entry(digest.to_owned()).or_default().sight.subscribe()
    }

    /// Says which pod is meant, by its uid or that of its Job.
    pub(crate) fn identify(&self, digest: &str, uid: &str) {
        lock(&self.known).entry(digest.to_owned()).or_default().identify(uid);
    }

    /// Forgets a machine that is released.
    pub(crate) fn forget(&self, digest: &str) {
        lock(&self.known).remove(digest);
    }

    /// Takes in what a call said, for whoever waits: the watch may be slower.
    pub(crate) fn tell(&self, pod: Pod) {
        apply(&self.known, Event::Apply(pod));
    }
}

fn lock(known: &Known) -> MutexGuard<'_, HashMap<String, Followed>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one list of pods showed. A list knows nothing of what was made after it was asked for.
#[derive(Default)]
struct Listed {
    /// The pods that were there when it was asked for, by uid.
    before: HashSet<String>,
    shown: HashSet<String>,
}

/// What is to be thought of the pods that a list did not show.
#[derive(Default)]
struct Unshown {
    /// By uid.
    gone: HashSet<String>,
    /// Made while it was asked for: nobody knows.
    open: Vec<Arc<Pod>>,
}

async fn follow(cluster: Arc<Cluster>, api: Api<Pod>, config: watcher::Config, known: Known) {
    // What fails is tried again, for as long as this process lives.
    let events = watch_pods(api.clone(), config).default_backoff();
    pin_mut!(events);
    let mut listed = Listed::default();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed = Listed::begin(&present(&known)),
            Ok(Event::InitApply(pod)) => {
                listed.shown.extend(pod.metadata.uid.clone());
                apply(&known, Event::Apply(pod));
            }
            Ok(Event::InitDone) => {
                let Unshown { gone, open } = listed.judge(&present(&known));
                for followed in lock(&known).values() {
                    followed.sight.send_if_modified(|sight| go(sight, |uid| gone.contains(uid)));
                }
                for pod in open {
                    look_at(&cluster, &api, &known, &pod).await;
                }
            }
            Ok(event) => apply(&known, event),
            Err(_) => {}
        }
    }
}

/// Returns the pods that are there, as far as is known.
fn present(known: &Known) -> Vec<Arc<Pod>> {
    let there = |followed: &Followed| match &*followed.sight.borrow() {
        Sight::There(pod) => Some(pod.clone()),
        Sight::Unknown | Sight::Gone(_) => None,
    };
    lock(known).values().filter_map(there).collect()
}

impl Listed {
    fn begin(present: &[Arc<Pod>]) -> Self {
        let before = present.iter().filter_map(|pod| pod.metadata.uid.clone()).collect();
        Self { before, shown: HashSet::new() }
    }

    fn judge(&self, present: &[Arc<Pod>]) -> Unshown {
        let mut unshown = Unshown::default();
        for pod in present {
            let Some(uid) = pod.metadata.uid.clone().filter(|uid| !self.shown.contains(uid)) else {
                continue;
            };
            match self.before.contains(&uid) {
                true => drop(unshown.gone.insert(uid)),
                false => unshown.open.push(pod.clone()),
            }
        }
        unshown
    }
}

/// Looks whether a pod is there. Where nobody can tell, the next list does.
async fn look_at(cluster: &Cluster, api: &Api<Pod>, known: &Known, pod: &Pod) {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    match cluster.call(Call::GetPod, || api.get(name)).await {
        Ok(found) if found.metadata.uid == pod.metadata.uid => apply(known, Event::Apply(found)),
        Ok(_) | Err(CallError::NotFound(_)) => apply(known, Event::Delete(pod.clone())),
        Err(_) => {}
    }
}

/// Takes in that a pod is there, or is not any more.
fn apply(known: &Known, mut event: Event<Pod>) {
    let (Event::Apply(pod) | Event::Delete(pod)) = &mut event else { return };
    let Some(digest) = pod.metadata.labels.take().and_then(|mut labels| labels.remove(MACHINE)) else {
        return;
    };
    let machine = [(MACHINE.to_owned(), digest.clone())];
    // What nobody reads is not kept: there is a pod for each job.
    pod.metadata = ObjectMeta {
        labels: Some(machine.into()),
        managed_fields: None,
        annotations: None,
        ..std::mem::take(&mut pod.metadata)
    };
    pod.spec = pod.spec.take().map(essence);
    pod.status.iter_mut().for_each(shrink);
    if let Some(followed) = lock(known).get_mut(&digest) {
        followed.take(event);
    }
}

impl Followed {
    fn identify(&mut self, uid: &str) {
        self.uid = Some(uid.to_owned());
        for event in std::mem::take(&mut self.early) {
            self.take(event);
        }
    }

    fn take(&mut self, event: Event<Pod>) {
        let Some(uid) = &self.uid else {
            self.early.push(event);
            return;
        };
        let (pod, is_there) = match event {
            Event::Apply(pod) => (pod, true),
            Event::Delete(pod) => (pod, false),
            Event::Init | Event::InitApply(_) | Event::InitDone => return,
        };
        let mut owners = pod.metadata.owner_references.iter().flatten();
        if pod.metadata.uid.as_ref() != Some(uid) && !owners.any(|owner| owner.uid == *uid) {
            return;
        }
        self.sight.send_if_modified(|sight| {
            let is_older = match &*sight {
                Sight::There(known) | Sight::Gone(known) => is_older(&pod, known),
                Sight::Unknown => false,
            };
            let own = pod.metadata.uid.clone();
            if !is_older {
                *sight = Sight::There(Arc::new(pod));
            }
            let is_gone = !is_there && go(sight, |uid| own.as_deref() == Some(uid));
            !is_older || is_gone
        });
    }
}

/// Whether a pod's state is one from before: replies of calls and the watch come in any order.
fn is_older(pod: &Pod, known: &Pod) -> bool {
    let version = |pod: &Pod| pod.metadata.resource_version.as_ref()?.parse::<u64>().ok();
    pod.metadata.uid == known.metadata.uid && version(pod) <= version(known)
}

/// Takes a pod for gone that is meant by its uid.
fn go(sight: &mut Sight, is_meant: impl Fn(&str) -> bool) -> bool {
    let Sight::There(pod) = sight else { return false };
    if !pod.metadata.uid.as_deref().is_some_and(is_meant) {
        return false;
    }
    *sight = Sight::Gone(pod.clone());
    true
}

#[cfg(test)]
mod tests;
