//! The one integration binary.

mod bad_input;
mod crash;
mod executor;
mod run;
mod run_calls;
mod run_cancel;
mod run_groups;
