//! Write plugins for act-host in Rust.
//!
//! A plugin is a type with one of the traits [`LabelMapper`], [`Policy`] and [`Scheduler`], exported by the macro of
//! the same name. A component may be several kinds at once.
//!
//! ```ignore
//! use act_host_sdk::prelude::*;
//!
//! struct Acme;
//!
//! impl LabelMapper for Acme {
//!     fn map(ask: &LabelAsk) -> Result<Mapped, Error> {
//!         match ask.labels.as_slice() {
//!             [label] if label.eq_ignore_ascii_case("acme-big") => {
//!                 Ok(Mapped::mine(Placement::new().os(Os::Linux).cpus(16).memory_gib(64), "acme's big machines"))
//!             }
//!             _ => Ok(Mapped::not_mine("not a label of acme's")),
//!         }
//!     }
//! }
//!
//! label_mapper!(Acme);
//! ```
//!
//! Outside WebAssembly the host is a stand-in of the thread's own (`mock`): `cargo test` runs a plugin as it is.
//!
//! Each call gets a fresh instance: what a plugin keeps in statics is gone afterwards. What should stay belongs in
//! [`kv`].

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(all(target_arch = "wasm32", feature = "no-std"))]
mod bare;
#[doc(hidden)]
pub mod bindings;
mod build;
pub mod config;
mod error;
pub mod http;
pub mod json;
pub mod kv;
pub mod log;
mod mapper;
#[cfg(not(target_arch = "wasm32"))]
pub mod mock;
mod nearest;
mod policy;
mod scheduler;

pub use bindings::types::common::{Attrs, Error, ErrorKind, Timestamp};
pub use bindings::types::{decision, job, placement};
pub use mapper::{LabelAsk, LabelMapper, Malformed, Mapped, Mine, NotMine};
pub use nearest::nearest;
pub use policy::{
    Amend, Changes, JobQueued, JobStart, Launch, Phase, Policy, PolicyAsk, Secret, StepPart, StepStart,
    Verdict,
};
pub use scheduler::{Case, PastLaunch, Ruling, Scheduler, Seen, Sighting, Wait, seen};

/// Implementation details of the macros.
#[doc(hidden)]
pub use wit_bindgen;

/// What most plugins use, in one line; in it what std's own prelude has of `alloc`, for plugins without std.
pub mod prelude {
    pub use alloc::borrow::ToOwned;
    pub use alloc::boxed::Box;
    pub use alloc::string::{String, ToString};
    pub use alloc::vec::Vec;
    pub use alloc::{format, vec};

    pub use crate::decision::{Bind, Decision, Pod, Process, Shape};
    pub use crate::job::{
        CodePlace, JobContent, JobFacts, RemoteUses, Script, SecretUse, SecretWanted, StepContent, StepRuns,
        Trust, Used,
    };
    pub use crate::json::Json;
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::mock;
    pub use crate::placement::{Amount, Arch, Gpu, Hop, Os, Placement};
    pub use crate::{
        Case, Changes, Error, ErrorKind, JobQueued, JobStart, LabelAsk, LabelMapper, Launch, Mapped, Phase,
        Policy, PolicyAsk, Ruling, Scheduler, Secret, Seen, StepPart, StepStart, Verdict, config, http, kv,
        label_mapper, log, nearest, policy, scheduler,
    };
}
