//! Runs jobs as processes on this very machine: a folder each, swept and removed at the end.
//!
//! ```text
//! provisioner   folders as machines, with locks     environment   the port on a folder
//! machine       who answers for it, what runs       exec, spool   one process and its output
//! layout        where things lie                    tree, scratch   work on the disk; more of it in `act-files`
//! aside         which thread does such work
//! ```
//! It knows nothing of steps or GitHub's commands and reads no variables of its own process: what jobs
//! inherit comes in by [`LocalConfig::env`]. Processes do not survive this program, by design; what a
//! killed one left behind is found by its folder and its marker (`RUNNER_TRACKING_ID`), and released by
//! the next. Other parts of this program that start processes leave them in the program's own process group:
//! the release of its last machine kills every descendant that is not in it.
#![warn(missing_docs)]

mod aside;
mod config;
mod environment;
mod exec;
mod labels;
mod layout;
mod machine;
mod provisioner;
mod scratch;
mod spool;
mod tree;

pub use config::LocalConfig;
pub use labels::{LabelTarget, LocalLabels, LocalScheduler};
pub use provisioner::{LocalProvisioner, describe, own_arch, own_os};
