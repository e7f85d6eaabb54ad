//! Everything that comes from git, by driving the user's own `git` program (2.31 or newer), or by reading what is plain.
//!
//! ```text
//! facts      what the working directory is: root, HEAD, remote. Its files are read, or git is asked where they are unusual.
//! remote     remote URLs of every spelling → server and `owner/name`
//! store      remote actions and reusable workflows, one folder a commit, shared by parallel runs
//! tree       DirTree: a folder as it is · WorkingTree: what `actions/checkout` of the run's own repository gets
//! changed    files between two commits, for path filters
//! ```
//! Everything is a parameter: nothing here reads the home directory, the environment or the clock, but for what git would
//! look at itself to say the facts. The user's git configuration stays in force (`insteadOf`, proxies, certificates, credential helpers), but
//! hooks, file system monitors, automatic maintenance and prompts are off, and the `GIT_*` variables that
//! a hook would have left (`GIT_DIR`, `GIT_INDEX_FILE`, …) are not passed on.
#![warn(missing_docs)]

mod changed;
mod facts;
mod program;
mod remote;
mod settings;
mod store;
mod tree;

#[cfg(test)]
mod testing;

pub use changed::{Between, changed_files};
pub use facts::{Facts, Head, Remote, Repository, facts};
pub use program::{Git, GitError};
pub use remote::{Place, place_of, without_credentials};
pub use store::{
    ActionStore, FetchedWorkflow, LocalRepository, MalformedLocalRepository, MalformedServer, Notice, Server,
    StoreError, StoreOptions,
};
pub use tree::{DirTree, Objects, WorkingTree};
