//! What the composition root says of a session.

use std::collections::BTreeMap;
use std::time::Duration;

use act_core::environment::ServiceFacts;

use crate::node::NodeFinder;

/// How a session is held.
#[derive(Clone, Debug)]
pub struct RemoteConfig {
    /// How often each side says something at least: below what proxies on the way call idle.
    pub heartbeat: Duration,
    /// A stream on which nothing came for so long is given up, and another one made.
    pub deadline: Duration,
    /// The first wait between two tries to make a stream; it doubles.
    pub retry: Duration,
    /// The longest of these waits.
    pub retry_limit: Duration,
    /// A machine that is not reached for so long is lost.
    pub patience: Duration,
    /// Whether bytes in bulk are made smaller on their way: where each of them costs more than that.
    pub squeezed: bool,
    /// `runner.name`; `None` for what the agent calls its machine.
    pub name: Option<String>,
    /// Services of the job, which the agent knows nothing of.
    pub services: BTreeMap<String, ServiceFacts>,
    /// Folders of the machine where programs are looked for that are found nowhere else.
    pub more_programs: Vec<String>,
    /// Which Node.js of this machine is sent where there is none; `None` sends none.
    pub nodes: Option<NodeFinder>,
    /// What to do where there is no Node.js; see [`act_core::environment::Facts::node_advice`].
    pub node_advice: Option<String>,
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
            retry: Duration::from_millis(50),
            retry_limit: Duration::from_secs(5),
            patience: Duration::from_secs(600),
            squeezed: false,
            name: None,
            services: BTreeMap::new(),
            more_programs: Vec::new(),
            nodes: None,
            node_advice: None,
        }
    }
}
