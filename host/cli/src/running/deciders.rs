//! Who decides where jobs go and whether they may: plugins, and this machine.
//!
//! | `--backend` | mappers | scheduler |
//! |---|---|---|
//! | none | `-P`, plugins, this machine | by hop: `local` is this machine's, `kubernetes` the plugin's; without a hop the first plugin that is one, else this machine's |
//! | `local` | plugins that are no schedulers, this machine | this machine's |
//! | `kubernetes` | plugins | the first plugin that is one |
//!
//! Policies are asked whatever the backend is.

use std::sync::Arc;

use act_core::decide::{Case, LabelAsk, LabelMapper, Mapped, Policy, Ruling, Scheduler, Seen};
use act_core::place::Hop;
use act_local::{LabelTarget, LocalLabels, LocalScheduler};
use act_plugins::Plugin;
use async_trait::async_trait;

use super::plugins::{Loaded, PODS};
use crate::config::Config;
use crate::flags::value::{Backend, Platform, Target};

/// What hops call this machine, and a cluster.
const LOCAL: &str = "local";
const CLUSTER: &str = "kubernetes";

/// All that are asked, each kind in its order.
pub(crate) struct Deciders {
    pub(crate) mappers: Vec<Arc<dyn LabelMapper>>,
    pub(crate) policies: Vec<Arc<dyn Policy>>,
    pub(crate) scheduler: Arc<dyn Scheduler>,
    /// Whether a scheduler may decide for more than processes here: containers, pods.
    pub(crate) beyond_this_machine: bool,
    /// What of the flags is not heeded.
    pub(crate) notices: Vec<String>,
}

impl Deciders {
    /// Names them, plugins in their order.
    pub(crate) fn new(config: &Config, plugins: &Loaded) -> Self {
        let Loaded { asked: plugins, pods } = plugins;
        let backend = config.machine.backend;
        // Who schedules maps labels for its own machines.
        let is_asked = |plugin: &&Plugin| backend != Some(Backend::Local) || !plugin.kinds().scheduler;
        let mut mappers: Vec<Arc<dyn LabelMapper>> =
            plugins.iter().filter(is_asked).filter_map(Plugin::mapper).collect();
        let theirs = plugins.iter().filter(is_asked).find(|plugin| plugin.kinds().scheduler);
        let platforms = &config.machine.platforms;
        let cluster = theirs.or(pods.as_ref());
        let is_sent = |platform: &Platform| is_here(platform) || platform.is_pod();
        if let Some(cluster) = cluster.filter(|_| backend.is_none() && platforms.iter().any(is_sent)) {
            mappers.insert(0, Arc::new(Pinned::new(platforms, cluster)));
        }
        // A job that no mapper of a cluster takes must not end up here.
        if backend != Some(Backend::Kubernetes) {
            mappers.push(Arc::new(own_labels(platforms)));
        }
        let scheduler: Arc<dyn Scheduler> = match (cluster.and_then(Plugin::scheduler), theirs, backend) {
            (Some(cluster), Some(_), Some(_)) => cluster,
            (Some(cluster), theirs, _) => Arc::new(ByHop { cluster, is_default: theirs.is_some() }),
            (None, ..) => Arc::new(LocalScheduler),
        };
        Self {
            mappers,
            policies: plugins.iter().filter_map(Plugin::policy).collect(),
            scheduler,
            beyond_this_machine: cluster.is_some(),
            notices: unheeded(config, theirs),
        }
    }
}

/// Tells what of the flags nobody heeds.
fn unheeded(config: &Config, scheduler: Option<&Plugin>) -> Vec<String> {
    let platforms = config.machine.platforms.iter();
    let mut said = Vec::new();
    if config.machine.backend == Some(Backend::Kubernetes) {
        said.extend(platforms.filter(|platform| is_here(platform)).map(|platform| {
            let label = &platform.label;
            format!("`-P {label}=-self-hosted` has no effect: `--backend kubernetes` sends every job to the cluster")
        }));
    }
    if let Some(scheduler) = scheduler.filter(|scheduler| scheduler.name() != PODS)
        && !config.machine.cluster.told.is_empty()
    {
        said.push(format!(
            "what flags and variables say of pods is told to the plugin `{PODS}`, and `{}` is the scheduler here",
            scheduler.name()
        ));
    }
    said
}

fn is_here(platform: &Platform) -> bool {
    platform.target == Target::ThisMachine
}

/// The labels of this machine, and those that `-P` gives it.
fn own_labels(platforms: &[Platform]) -> LocalLabels {
    let given = platforms.iter().map(|platform| {
        let target = match &platform.target {
            Target::ThisMachine => LabelTarget::ThisMachine,
            Target::Unmapped => LabelTarget::Nowhere,
            Target::Image(image) | Target::Pod { image, .. } => LabelTarget::Image(image.clone()),
        };
        (platform.label.clone(), target)
    });
    LocalLabels::new(given.collect())
}

/// Jobs with a label that `-P` sends to this machine or to a cluster, wherever the others go.
struct Pinned {
    platforms: Vec<Platform>,
    here: LocalLabels,
    there: Option<Arc<dyn LabelMapper>>,
}

impl Pinned {
    fn new(platforms: &[Platform], cluster: &Plugin) -> Self {
        Self { platforms: platforms.to_vec(), here: own_labels(platforms), there: cluster.mapper() }
    }

    /// Finds the first label that `-P` sends somewhere: which mapper places the job, and on which backend.
    fn sent(&self, ask: &LabelAsk) -> Option<(&dyn LabelMapper, &'static str)> {
        let given = |label: &String| {
            let mut platforms = self.platforms.iter();
            platforms.find(|platform| platform.label.eq_ignore_ascii_case(label))
        };
        ask.labels.iter().filter_map(given).find_map(|platform| match platform.target {
            Target::ThisMachine => Some((&self.here as &dyn LabelMapper, LOCAL)),
            Target::Pod { .. } => Some((&**self.there.as_ref()?, CLUSTER)),
            Target::Image(_) | Target::Unmapped => None,
        })
    }
}

#[async_trait]
impl LabelMapper for Pinned {
    fn name(&self) -> &str {
        "-P"
    }

    async fn map(&self, ask: &LabelAsk) -> Mapped {
        let Some((mapper, backend)) = self.sent(ask) else {
            return Mapped::NotMine { reason: "`-P` says nothing of it".to_owned(), label: None };
        };
        match mapper.map(ask).await {
            Mapped::Mine { mut placement, reason } => {
                placement.hops = vec![Hop { backend: backend.to_owned(), pool: None, spot: None }];
                Mapped::Mine { placement, reason }
            }
            other => other,
        }
    }
}

/// The scheduler of a cluster and this machine's, for the hops that name them.
struct ByHop {
    cluster: Arc<dyn Scheduler>,
    /// Whether the cluster's decides where no hop does.
    is_default: bool,
}

impl ByHop {
    fn of(&self, case: &Case) -> &dyn Scheduler {
        let hop = case.placement.hops.get(case.hop as usize);
        let is_here = match hop.map(|hop| hop.backend.as_str()) {
            Some(LOCAL) => true,
            Some(CLUSTER) => false,
            _ => !self.is_default,
        };
        if is_here { &LocalScheduler } else { &*self.cluster }
    }
}

#[async_trait]
impl Scheduler for ByHop {
    fn name(&self) -> &str {
        self.cluster.name()
    }

    async fn decide(&self, case: &Case) -> Ruling {
        self.of(case).decide(case).await
    }

    async fn react(&self, case: &Case, seen: &Seen) -> Ruling {
        self.of(case).react(case, seen).await
    }
}
