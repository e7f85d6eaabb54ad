//! The host's side of `wit/`, as wasmtime's `bindgen!` makes it: nothing is decided here.
//!
//! All of the world `everything` is bound at once, so that a type is one type wherever it is used. No component
//! needs to be all of it: a kind is probed by its interface, with `GuestIndices::new(&instance_pre)` of
//! [`label_mapper`], [`policy`] or [`scheduler`], then `load` in a store, and `call_…`. Imports are implemented by the
//! traits `Host` of [`host`], and linked one interface at a time with its `add_to_linker`.
//!
//! Calls both ways are async; imports may trap.

mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "act-host:plugin/everything",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// The types that all kinds share, from the package `act-host:types`.
pub mod types {
    pub use crate::generated::act_host::types::{common, decision, job, placement};
}

/// The capabilities, from the package `act-host:host`: what a host implements and links.
pub mod host {
    pub use crate::generated::act_host::host::{config, http, kv, log};
}

/// The export `act-host:label-mapper/label-mapper`.
pub use generated::exports::act_host::label_mapper::label_mapper;
/// The export `act-host:policy/policy`.
pub use generated::exports::act_host::policy::policy;
/// The export `act-host:scheduler/scheduler`.
pub use generated::exports::act_host::scheduler::scheduler;
