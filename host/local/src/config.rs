//! What the composition root tells the local environment. Nothing here is read from the process's own environment.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use act_core::environment::MIN_OUTPUT_BUFFER;

/// How much output of one process is kept until it is acknowledged; then the process stalls. What is beyond the port's
/// minimum is for what chunks cost beside their bytes.
const OUTPUT_BUFFER: usize = MIN_OUTPUT_BUFFER + MIN_OUTPUT_BUFFER / 4;

/// How jobs run on this machine.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// Holds one folder a machine, named by its id. Made if missing.
    pub root: PathBuf,
    /// `RUNNER_TOOL_CACHE`, shared by all jobs; `None` gives each job one of its own, gone with it.
    pub tools: Option<PathBuf>,
    /// A folder that is the workspace of every job (`--bind`). Never cleared, never removed.
    pub bind: Option<PathBuf>,
    /// A folder in memory, for the files that a step needs for milliseconds; `None`, or one that cannot be used,
    /// leaves them with the job's temporary files. It may be open to other users.
    pub memory: Option<PathBuf>,
    /// All that processes inherit of the variables this program was started with: `PATH`, `HOME` and few more.
    pub env: Vec<(String, String)>,
    /// `runner.name`.
    pub name: String,
    /// Leaves the folder of a released machine where it is, for people to look at.
    pub keep: bool,
    /// Whether nothing but jobs descends from this program, apart from what stands in its own process group. Then
    /// whoever else is found when the last job ends is a stray of it, and killed. Not so in a program that has
    /// other children with groups of their own: there, who changed both group and environment escapes.
    pub kills_strays: bool,
    /// Set while the program's thread serves others than jobs of this machine, pods say. Else it waits itself for what takes
    /// a moment, as long as there is one job: 5 ms at most for a process.
    pub serves_others: Arc<AtomicBool>,
    /// Bytes of output kept of one process until they are acknowledged, and 64 more for each chunk. What the executor
    /// needs is more than [`MIN_OUTPUT_BUFFER`].
    pub output_buffer: usize,
}

impl LocalConfig {
    /// Makes a configuration that inherits nothing and keeps nothing.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            tools: None,
            bind: None,
            memory: None,
            env: Vec::new(),
            name: "local".to_owned(),
            keep: false,
            kills_strays: true,
            serves_others: Arc::default(),
            output_buffer: OUTPUT_BUFFER,
        }
    }
}
