//! One watch for all pods of this process in a namespace.
//!
//! Pods are told apart by the digest of their machine, not by name: those that a Job makes have names of its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch_pods};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::labels::{HOST, MACHINE};

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

type Known = Arc<Mutex<HashMap<String, watch::Sender<Sight>>>>;

/// Sees the pods of one process.
pub(crate) struct PodWatch {
    known: Known,
    /// Ends with this.
    _task: JoinSet<()>,
}

impl PodWatch {
    /// Begins to watch.
    pub(crate) fn start(api: Api<Pod>, host: &str) -> Self {
        let known = Known::default();
        let config = watcher::Config::default().labels(&format!("{HOST}={host}"));
        let mut task = JoinSet::new();
        task.spawn(follow(api, config, known.clone()));
        Self { known, _task: task }
    }

    /// Follows one machine's pod.
    pub(crate) fn follow(&self, digest: &str) -> watch::Receiver<Sight> {
        lock(&self.known).entry(digest.to_owned()).or_default().subscribe()
    }

    /// Forgets a machine that is released.
    pub(crate) fn forget(&self, digest: &str) {
        lock(&self.known).remove(digest);
    }

    /// Takes in what a call said, for whoever waits: the watch may be slower.
    pub(crate) fn tell(&self, pod: Pod) {
        apply(&self.known, pod);
    }
}

fn lock(known: &Known) -> MutexGuard<'_, HashMap<String, watch::Sender<Sight>>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

fn digest_of(pod: &Pod) -> Option<&String> {
    pod.metadata.labels.as_ref()?.get(MACHINE)
}

async fn follow(api: Api<Pod>, config: watcher::Config, known: Known) {
    // What fails is tried again, for as long as this process lives.
    let events = watch_pods(api, config).default_backoff();
    pin_mut!(events);
    let mut listed = HashSet::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(pod)) => {
                listed.extend(digest_of(&pod).cloned());
                apply(&known, pod);
            }
            Ok(Event::InitDone) => {
                for (digest, sender) in lock(&known).iter().filter(|(digest, _)| !listed.contains(*digest)) {
                    let _ = digest;
                    sender.send_if_modified(go);
                }
            }
            Ok(Event::Apply(pod)) => apply(&known, pod),
            Ok(Event::Delete(pod)) => {
                let digest = digest_of(&pod).cloned();
                apply(&known, pod);
                if let Some(sender) = digest.and_then(|digest| lock(&known).get(&digest).cloned()) {
                    sender.send_if_modified(go);
                }
            }
            Err(_) => {}
        }
    }
}

fn apply(known: &Known, mut pod: Pod) {
    pod.metadata.managed_fields = None;
    let Some(sender) = digest_of(&pod).and_then(|digest| lock(known).get(digest).cloned()) else { return };
    sender.send_if_modified(|sight| {
        let is_older = match &*sight {
            Sight::There(known) | Sight::Gone(known) => is_older(&pod, known),
            Sight::Unknown => false,
        };
        if !is_older {
            *sight = Sight::There(Arc::new(pod));
        }
        !is_older
    });
}

/// Whether a pod's state is one from before: replies of calls and the watch come in any order.
fn is_older(pod: &Pod, known: &Pod) -> bool {
    let version = |pod: &Pod| pod.metadata.resource_version.as_ref()?.parse::<u64>().ok();
    pod.metadata.uid == known.metadata.uid && version(pod) <= version(known)
}

fn go(sight: &mut Sight) -> bool {
    let Sight::There(pod) = sight else { return false };
    *sight = Sight::Gone(pod.clone());
    true
}
