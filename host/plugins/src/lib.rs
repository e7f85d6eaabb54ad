//! Plugins: WebAssembly components behind the ports of decision, with limits on every call and nothing that is not
//! granted.
//!
//! ```text
//! spec      what the program hands in          manifest  what a plugin says and requests
//! host      PluginHost: from file to plugin    grants    what its operator lets it do        limits   what a call may use
//! survey    imports and exports, by name       link      requests against grants, linking    cache    compiled, authenticated
//! plugin    what was loaded                    adapters  the ports over it                   call     one call, in a store of its own
//! ```
#![warn(missing_docs)]

mod adapters;
pub mod amount;
mod cache;
mod call;
mod caps;
mod compile;
pub mod digest;
mod engine;
mod error;
mod failure;
mod file;
pub mod grants;
mod health;
mod host;
mod inspect;
pub mod limits;
mod link;
mod load_code;
pub mod manifest;
pub mod origin;
mod output;
mod patience;
mod plugin;
mod settings;
mod site;
pub mod spec;
#[cfg(test)]
mod speed;
mod state;
mod survey;
mod text;
mod wit;

pub use compile::compile_child;
pub use digest::Digest;
pub use error::{HostError, LoadError, LoadFault};
pub use grants::Grants;
pub use host::PluginHost;
pub use inspect::{InspectError, Inspection, inspect};
pub use limits::Limits;
pub use manifest::Manifest;
pub use plugin::{Kinds, Plugin};
pub use settings::Schema;
pub use spec::{
    Allocation, Capabilities, Compiler, Credentials, GuestLine, GuestSaid, HostConfig, LogLevel, LogSink,
    OnError, PluginSpec,
};
pub use survey::Import;
