//! Drives the built `act-host` as a user would: a throw-away repository, a scrubbed environment, and what came of it
//! in one block of text that is the same on every machine.
//!
//! The binary is the one in the target folder that this test binary lies in; it is built first, so that a test
//! of one package alone never meets a stale one. `ACT_HOST_BIN` names another, as `ACT_HOST_AGENT` does for the agent.

mod binary;
mod live;
mod normal;
mod project;

pub use binary::{act_agent, act_agent_arm64, act_host};
pub use live::Live;
pub use normal::Normal;
pub use project::{Project, Ran};
pub(crate) use project::{git, write};
