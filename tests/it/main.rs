//! The one integration binary.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "code of tests: what goes wrong fails them")]

mod actions_nested;
mod bad_input;
mod crash;
mod executor;
mod messages;
mod own_workflow;
mod run;
mod run_calls;
mod run_cancel;
mod run_flags;
mod run_groups;
mod run_log;
