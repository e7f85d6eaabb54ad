//! Work on the files and programs of the machine that a job runs on. Every call may block.
//!
//! ```text
//! hash, glob   hashFiles                    tree       a tree of files, written where links lead nowhere
//! small        files around a process       variables  what a process inherits, and where programs lie
//! remove       folders that resist          version    what a program says of itself
//! ```
//! Whoever runs jobs on the machine it stands on needs the same of it: the host itself, and an agent elsewhere. So there
//! is neither a runtime nor a port of the core in here: environments are its callers'.
#![warn(missing_docs)]

mod glob;
mod hash;
mod remove;
mod small;
mod tree;
mod variables;
mod version;

pub use glob::{GlobError, InvalidPattern};
pub use hash::{Cause, HashError, hash_files, hex};
pub use remove::remove_folder;
pub use small::{Found, collect, is_absence, open, read, write};
pub use tree::TreeWriter;
pub use variables::{overlay, search_path};
pub use version::Versions;
