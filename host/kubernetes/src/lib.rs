//! Jobs as pods of a Kubernetes cluster: decisions to objects, and the port that makes, watches and removes them.
//!
//! Pure first: what a decision comes to is plain JSON ([`objects`]), what is seen of a pod is a function of its status
//! ([`seen`]). The rest is calls: each goes through [`Call`], which names the right it needs.
//!
//! ```text
//! decision ─▶ objects ─┬─▶ describe (documents)
//!                      └─▶ Secrets, Pod or Job ─▶ watch ─▶ seen ─▶ exec: the agent's proxy ─▶ Environment
//! ```
//! Placement is the scheduler's: nothing here picks a node, a size or an image.
#![warn(missing_docs)]

pub mod agent;
mod calls;
pub mod config;
mod connect;
mod containers;
mod dial;
mod labels;
mod lease;
mod machines;
mod names;
pub mod objects;
mod pod;
mod provisioner;
mod rights;
mod scheduling;
mod security;
mod seen;
mod socket;
mod survey;
mod template;
mod transport;
mod watch;

pub use act_remote::NodeFinder;
pub use agent::{AgentSource, Binary};
pub use config::KubernetesConfig;
pub use connect::{Access, ConnectError, Connection};
pub use provisioner::{KubernetesProvisioner, describe};
pub use rights::{Call, Right, role};
pub use survey::Survey;
