//! The session with an agent when something goes wrong: with its streams, with itself, with its host.

mod arm64;
mod deaths;
mod measure;
mod node;
mod streams;
mod uses;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use act_core::environment::{
    Cursor, EnvPath, Environment, EnvironmentError, ExecEnd, ExecSpec, Followed, LogicalPath, Root,
    StopLadder, Stream, Target,
};
use act_core::ids::{ExecId, StepPath, StepRef};
use act_remote::Remote;
use act_tests::agent::{Agent, SocketDial, connect};
use act_tests::cli::act_agent;
use act_tests::place::launch;
use act_tests::streams::Weather;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Nothing here may take longer.
const SOON: Duration = Duration::from_secs(60);

/// An agent, a host, and what lies between.
struct Pair {
    agent: Agent,
    dial: Arc<SocketDial>,
    remote: Arc<Remote>,
    root: TempDir,
}

impl Pair {
    async fn new(weather: Weather, flags: &[&str]) -> Self {
        Self::by(&[act_agent().to_owned()], weather, flags).await
    }

    /// With another agent than this machine's, by the words that run it.
    async fn by(words: &[PathBuf], weather: Weather, flags: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().canonicalize().unwrap().join("m");
        let agent = Agent::start_by(words, &folder, flags, |command| command);
        let dial = SocketDial::new(&agent, weather);
        let remote = connect(&dial, 1).await;
        Self { agent, dial, remote, root }
    }

    fn at(&self, root: Root, rest: &str) -> EnvPath {
        self.remote.path(&Target::Job, &LogicalPath::new(root, rest))
    }

    fn bash(&self, script: &str) -> ExecSpec {
        let short = Duration::from_millis(500);
        ExecSpec {
            target: Target::Job,
            argv: ["bash", "-c", script].map(str::to_owned).to_vec(),
            env: Vec::new(),
            env_of_job: [].into(),
            prepend_path: Vec::new(),
            cwd: self.at(Root::Workspace, ""),
            timeout: None,
            stop_ladder: StopLadder { interrupt: short, terminate: short },
            files_before: Vec::new(),
            collect_after: Vec::new(),
        }
    }

    async fn start(&self, index: u32, script: &str) {
        self.remote.start(&exec(index), &self.bash(script)).await.unwrap();
    }

    async fn run(&self, index: u32, script: &str) -> Ran {
        self.start(index, script).await;
        follow(&*self.remote, index, Cursor::default()).await.unwrap()
    }
}

fn exec(index: u32) -> ExecId {
    ExecId { launch: launch(), step: StepRef::main(StepPath::job().step(index)), part: 0 }
}

/// What came of standard output, and the end.
#[derive(Debug)]
struct Ran {
    bytes: u64,
    digest: [u8; 32],
    head: Vec<u8>,
    end: ExecEnd,
}

impl Ran {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.head).into_owned()
    }
}

/// Follows to the end, acknowledging, and sees that every byte comes once.
async fn follow(env: &dyn Environment, index: u32, cursor: Cursor) -> Result<Ran, EnvironmentError> {
    let mut hash = Sha256::new();
    let (bytes, head, end) = follow_with(env, index, cursor, |_, bytes| hash.update(bytes)).await?;
    Ok(Ran { bytes, head, end, digest: hash.finalize().into() })
}

/// Follows as [`follow`] does, and has each part of standard output looked at, with its offset.
async fn follow_with(
    env: &dyn Environment,
    index: u32,
    mut cursor: Cursor,
    mut look: impl FnMut(u64, &[u8]),
) -> Result<(u64, Vec<u8>, ExecEnd), EnvironmentError> {
    let (mut head, mut seen) = (Vec::new(), 0);
    let mut stream = env.follow(&exec(index), cursor).await?;
    let take = async {
        while let Some(item) = stream.next().await {
            match item? {
                Followed::Output { stream, offset, bytes } => {
                    assert_eq!(cursor.of(stream), offset, "chunks of a stream are contiguous");
                    *cursor.of_mut(stream) += bytes.len() as u64;
                    if stream == Stream::Stdout {
                        look(offset, &bytes);
                        seen += bytes.len() as u64;
                        let room = 4096_usize.saturating_sub(head.len()).min(bytes.len());
                        head.extend_from_slice(&bytes[..room]);
                    }
                    env.ack(&exec(index), cursor).await?;
                }
                Followed::Ended(end) => return Ok((seen, std::mem::take(&mut head), end)),
            }
        }
        panic!("the output ended before the process");
    };
    tokio::time::timeout(SOON, take).await.expect("the process ends soon")
}

/// Follows until so many bytes of standard output came.
async fn follow_some(env: &dyn Environment, index: u32, least: u64) -> Cursor {
    let mut cursor = Cursor::default();
    let mut stream = env.follow(&exec(index), cursor).await.unwrap();
    while cursor.stdout < least {
        let item = tokio::time::timeout(SOON, stream.next()).await.expect("output comes soon");
        if let Some(Ok(Followed::Output { stream, bytes, .. })) = item {
            *cursor.of_mut(stream) += bytes.len() as u64;
        }
    }
    cursor
}

/// Waits until no process has this marker in its arguments.
async fn gone(marker: &str) {
    let is_there = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&arguments).contains(marker)
        })
    };
    let wait = async {
        while is_there() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.expect("it is gone soon");
}
