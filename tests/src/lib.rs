//! Support for act-host's tests: contract suites for the ports, doubles, and a builder of jobs.
//!
//! ```text
//! contract   one suite a port, passed by every implementor     place   a machine to run on: near, or far
//! far        another machine: what lies between is unreliable   control   the host of one job, which may cut it
//! job        a job of a few lines of YAML                      story   what the events of a job tell
//! agent      a machine with the real agent, on a socket      streams  what becomes of bytes on the way to it
//! cli        the built program, run as a user runs it    git_server  where its actions come from
//! engine     a run of a workflow in this process, and its events  decide  policies and schedulers of a line
//! tree       files in memory, as an action or a checkout       resume   cut everywhere, resume, compare
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "code of tests: what goes wrong fails them"
)]

pub mod agent;
pub mod cli;
pub mod contract;
pub mod control;
pub mod decide;
pub mod engine;
pub mod far;
pub mod git_server;
pub mod job;
pub mod place;
pub mod resume;
pub mod story;
pub mod streams;
pub mod tree;
