//! Who decides where jobs go and whether they may: plugins, then this machine.

use std::sync::Arc;

use act_core::decide::{LabelMapper, Policy, Scheduler};
use act_local::{LabelTarget, LocalLabels, LocalScheduler};
use act_plugins::Plugin;

use crate::config::Config;
use crate::flags::value::{Backend, Target};

/// All that are asked, each kind in its order.
pub(crate) struct Deciders {
    pub(crate) mappers: Vec<Arc<dyn LabelMapper>>,
    pub(crate) policies: Vec<Arc<dyn Policy>>,
    pub(crate) scheduler: Arc<dyn Scheduler>,
}

impl Deciders {
    /// Names them, plugins in their order. The mapper of this machine comes last: it answers for every label it can.
    /// Its scheduler decides where no plugin is one.
    pub(crate) fn new(config: &Config, plugins: &[Plugin]) -> Self {
        let mut mappers: Vec<Arc<dyn LabelMapper>> = plugins.iter().filter_map(Plugin::mapper).collect();
        // A job that no mapper of a cluster takes must not end up here.
        if config.machine.backend == Backend::Local {
            mappers.push(Arc::new(own_labels(config)));
        }
        let scheduler = plugins.iter().find_map(Plugin::scheduler);
        Self {
            mappers,
            policies: plugins.iter().filter_map(Plugin::policy).collect(),
            scheduler: scheduler.unwrap_or_else(|| Arc::new(LocalScheduler)),
        }
    }
}

/// The labels of this machine, and those that `-P` gives it.
fn own_labels(config: &Config) -> LocalLabels {
    let given = config.machine.platforms.iter().map(|platform| {
        let target = match &platform.target {
            Target::ThisMachine => LabelTarget::ThisMachine,
            Target::Unmapped => LabelTarget::Nowhere,
            Target::Image(image) => LabelTarget::Image(image.clone()),
        };
        (platform.label.clone(), target)
    });
    LocalLabels::new(given.collect())
}
