//! Plugins: WebAssembly components behind the ports of decision, with limits on every call and nothing that is not
//! granted.
//!
//! ```text
//! manifest   what a plugin says and requests      grants    what its operator lets it do     limits   what a call may use
//! spec       what the program hands in            host      PluginHost: load a component     plugin   what was loaded
//! ```
#![warn(missing_docs)]

pub mod amount;
mod compile;
pub mod digest;
mod error;
pub mod grants;
mod host;
pub mod limits;
pub mod manifest;
pub mod origin;
mod plugin;
mod settings;
pub mod spec;
mod text;

pub use digest::Digest;
pub use error::{HostError, LoadError, LoadFault};
pub use grants::Grants;
pub use host::PluginHost;
pub use limits::Limits;
pub use manifest::Manifest;
pub use plugin::{Kinds, Plugin};
pub use spec::{
    Allocation, Capabilities, Compiler, Credentials, GuestLine, HostConfig, LogLevel, LogSink, OnError,
    PluginSpec,
};
