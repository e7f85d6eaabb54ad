//! Port: the place where a job's processes run. It moves bytes and files and knows nothing of GitHub.
//!
//! Commands, file commands, masks and problem matchers are the executor's, the same everywhere.
//! Timeouts and the stop ladder are enforced where the process runs, so they hold while a link is down.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::ids::ExecId;
use crate::place::{Arch, Os};
use crate::tree::Tree;

/// What an environment is like. Does not change while a job runs in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Operating system of the processes.
    pub os: Os,
    /// Their processor.
    pub arch: Arch,
    /// `/` or `\`.
    pub path_separator: char,
    /// What separates the entries of `PATH`: `:` or `;`.
    pub list_separator: char,
    /// Whether `Path` and `PATH` are one variable (Windows).
    pub env_ignores_case: bool,
    /// `runner.name`.
    pub name: String,
    /// Addresses of services by name, where there are services.
    pub services: BTreeMap<String, ServiceFacts>,
    /// Whether processes live on when the host process dies: if not, an interrupted job cannot be resumed.
    pub survives_host: bool,
    /// Whether processes see the files of the host's machine, by the same names: what is large may be borrowed.
    pub sees_host_files: bool,
    /// How this machine comes to a Node.js that it lacks, as the end of a sentence for people: "install Node.js, or …".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_advice: Option<String>,
}

/// Where a service of the job is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFacts {
    /// Container id, as `job.services.<id>.id`.
    pub id: String,
    /// Network name, as `job.services.<id>.network`.
    pub network: String,
    /// Container port to host port.
    pub ports: BTreeMap<String, String>,
}

/// Which of the environment's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// `GITHUB_WORKSPACE`. Empty when the job begins.
    Workspace,
    /// `RUNNER_WORKSPACE`: the folder that holds the workspace.
    Work,
    /// `RUNNER_TEMP`. Empty when the job begins.
    Temp,
    /// Small files of the executor's own: scripts and command files of a step, the event of the job. May lie in
    /// memory, or below another root.
    Scratch,
    /// Where fetched actions lie.
    Actions,
    /// `RUNNER_TOOL_CACHE`. Outlives the job where the environment can keep it.
    Tools,
}

/// A path before an environment says where it lies: a root and what follows, with `/`, never `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogicalPath {
    /// The place.
    pub root: Root,
    /// Below it; empty for the place itself.
    pub rest: String,
}

impl LogicalPath {
    /// Names a path below a root.
    #[must_use]
    pub fn new(root: Root, rest: impl Into<String>) -> Self {
        Self { root, rest: rest.into() }
    }

    /// Names a path below this one.
    #[must_use]
    pub fn join(&self, rest: &str) -> Self {
        let rest = match (self.rest.is_empty(), rest.is_empty()) {
            (true, _) => rest.to_owned(),
            (false, true) => self.rest.clone(),
            (false, false) => format!("{}/{rest}", self.rest),
        };
        Self { root: self.root, rest }
    }
}

/// A path as processes in the environment see it. Never handed to this machine's file system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvPath(pub String);

impl EnvPath {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where in the environment a process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Where the job's own steps run: the machine, or the job's container.
    Job,
}

/// A file to write before a process starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIn {
    /// Where; parents are made.
    pub path: LogicalPath,
    /// What.
    pub bytes: Bytes,
}

/// A file to bring back when a process has ended, and to remove then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collect {
    /// Where.
    pub path: LogicalPath,
    /// Bytes at the most; of a larger file only its size comes back.
    pub limit: u64,
}

/// What was found of a [`Collect`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collected {
    /// The whole file.
    Bytes(Bytes),
    /// Larger than the limit.
    TooLarge {
        /// Bytes.
        size: u64,
    },
    /// No such file.
    Missing,
}

/// How a process that should end is asked to: actions/runner `ProcessInvoker` by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLadder {
    /// From SIGINT to SIGTERM.
    pub interrupt: Duration,
    /// From SIGTERM to killing the tree.
    pub terminate: Duration,
}

impl Default for StopLadder {
    fn default() -> Self {
        Self { interrupt: Duration::from_millis(7_500), terminate: Duration::from_millis(2_500) }
    }
}

/// One process of a step. One round trip: files go in with the start, collected files come back with the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecSpec {
    /// Where.
    pub target: Target,
    /// Program and arguments; a program without a separator is looked up on `PATH`.
    pub argv: Vec<String>,
    /// Laid over the environment's own variables; later entries win.
    pub env: Vec<(String, String)>,
    /// What all processes of the job get: laid over `env`.
    pub env_of_job: Arc<[(String, String)]>,
    /// Put before the environment's `PATH`, first entry first.
    pub prepend_path: Vec<String>,
    /// Must exist.
    pub cwd: EnvPath,
    /// From start to the stop ladder.
    pub timeout: Option<Duration>,
    /// How it is stopped.
    pub stop_ladder: StopLadder,
    /// Written before it starts.
    pub files_before: Vec<FileIn>,
    /// Brought back when it has ended, however it ended.
    pub collect_after: Vec<Collect>,
}

/// Whether a start was the first of its [`ExecId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It was.
    New,
    /// The process was started before, and may have ended since: follow it.
    Already,
}

/// Bytes of output of one process, both streams together, that an environment takes in although nobody acknowledges any
/// of them. It may stall the process only beyond that: whoever follows may have to see so much before the first byte
/// makes sense, as with a line that is a command of more than a megabyte.
pub const MIN_OUTPUT_BUFFER: usize = 4 * 1024 * 1024;

/// Which of a process's two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How much of each stream has been taken in, in bytes from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Of standard output.
    pub stdout: u64,
    /// Of standard error.
    pub stderr: u64,
}

impl Cursor {
    /// Returns the offset of one stream.
    #[must_use]
    pub const fn of(self, stream: Stream) -> u64 {
        match stream {
            Stream::Stdout => self.stdout,
            Stream::Stderr => self.stderr,
        }
    }

    /// Returns the offset of one stream, to be moved.
    pub const fn of_mut(&mut self, stream: Stream) -> &mut u64 {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

/// What following a process brings, in order: output, then its end, then nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Bytes of one stream. Chunks of a stream are contiguous; the order between streams is that of arrival.
    Output {
        /// Which stream.
        stream: Stream,
        /// Where the bytes begin in it.
        offset: u64,
        /// The bytes; not empty.
        bytes: Bytes,
    },
    /// The end; all output that was written before it has been given.
    Ended(ExecEnd),
}

/// How a process ended, with the files asked for (in the order of [`ExecSpec::collect_after`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecEnd {
    /// How.
    pub how: Ending,
    /// What was collected.
    pub files: Vec<Collected>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// By itself. A signal counts as 128 + its number.
    Exited {
        /// The exit code.
        code: u32,
    },
    /// Stopped by its timeout.
    TimedOut,
    /// Stopped on request.
    Stopped,
    /// Never began: no such program, no such folder, not allowed. The text says which.
    NotStarted {
        /// Why, for people.
        reason: String,
    },
    /// Nobody can say. Never success: an infrastructure failure.
    Lost {
        /// What is known.
        why: String,
    },
}

/// How hard to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// The whole ladder.
    Ask,
    /// From SIGTERM on.
    Insist,
    /// Kill the tree now.
    Kill,
}

/// Why an environment did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// The machine is gone or stays silent: the job is interrupted.
    #[error("{0}")]
    Lost(String),
    /// A higher epoch was seen.
    #[error("another process took this environment over")]
    Fenced,
    /// The file system, the network or the request is at fault; the environment lives.
    #[error("{0}")]
    Refused(String),
}

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// What came of asking for a Node.js.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// It lies there now, and runs.
    There(EnvPath),
    /// There is none.
    Nothing {
        /// What was tried, a sentence for people without its full stop; `None` where nothing could be.
        why: Option<String>,
    },
}

/// Where one job's processes run.
///
/// Every call may be repeated after a lost reply. Dropping a future or a stream stops the waiting, not
/// the process. All calls may run at the same time; the environment orders what must be ordered.
#[async_trait]
pub trait Environment: Send + Sync {
    /// Returns what the environment is like.
    fn facts(&self) -> &Facts;

    /// Returns where a logical path lies for processes of `target`. Pure.
    fn path(&self, target: &Target, path: &LogicalPath) -> EnvPath;

    /// Starts a process, once per `id`: a second call answers [`Started::Already`] and changes nothing,
    /// also after the process has ended. A process that cannot be started is an [`Ending::NotStarted`]
    /// of the follow, not an error here.
    async fn start(&self, id: &ExecId, spec: &ExecSpec) -> Result<Started, EnvironmentError>;

    /// Follows a process from `cursor` on, to its end. May be called again at any time, from any cursor
    /// not behind the last [`Environment::ack`]. The stream may fail and be asked for again.
    async fn follow(
        &self,
        id: &ExecId,
        cursor: Cursor,
    ) -> Result<BoxStream<'static, Result<Followed, EnvironmentError>>, EnvironmentError>;

    /// Says that output up to `cursor` is safe elsewhere; the environment may forget it. A process
    /// whose output nobody acknowledges is stalled in the end, but not before [`MIN_OUTPUT_BUFFER`]; it is never cut.
    async fn ack(&self, id: &ExecId, cursor: Cursor) -> Result<(), EnvironmentError>;

    /// Asks a process to stop. Returns at once; the end comes by follow. `Ok` if it has ended, or
    /// never began.
    async fn stop(&self, id: &ExecId, how: Stop) -> Result<(), EnvironmentError>;

    /// Brings a tree to `path` and returns where it lies, which may be elsewhere: a tree that lies on
    /// this very machine is used in place where `path` is below [`Root::Actions`].
    async fn put_tree(&self, tree: Arc<dyn Tree>, path: &LogicalPath) -> Result<EnvPath, EnvironmentError>;

    /// Returns the bytes of a file of at most `limit` bytes; `None` where there is none.
    async fn get(&self, path: &EnvPath, limit: u64) -> Result<Option<Bytes>, EnvironmentError>;

    /// Returns what lies at a path; links are followed; `None` where nothing does.
    async fn stat(&self, path: &EnvPath) -> Result<Option<FileKind>, EnvironmentError>;

    /// Computes `hashFiles(patterns…)` over the workspace: 64 hex digits, or empty where nothing matches.
    ///
    /// Source: actions/runner `Misc/expressionFunc/hashFiles`.
    async fn hash_files(&self, patterns: &[String], follow_links: bool) -> Result<String, EnvironmentError>;

    /// Returns where a program lies, looked up in `prepend_path`, then on the environment's `PATH`.
    async fn find_program(
        &self,
        name: &str,
        prepend_path: &[String],
    ) -> Result<Option<EnvPath>, EnvironmentError>;

    /// Returns what a program prints for `--version`, first line; `None` where it prints nothing. Asked
    /// once per program file: the environment remembers the answer as long as the file stays the same.
    async fn program_version(&self, program: &EnvPath) -> Result<Option<String>, EnvironmentError>;

    /// Brings a Node.js to where none was found, of the major version `wanted` if there is a choice. What was brought
    /// stays as long as the machine, and another call brings nothing anew.
    async fn bring_node(&self, wanted: u32) -> Result<Brought, EnvironmentError>;
}
