//! What the tests of whole machines share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test program uses its part")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use act_core::environment::{
    Cursor, EnvPath, Environment, ExecEnd, ExecSpec, Followed, LogicalPath, Root, StopLadder, Stream, Target,
};
use act_core::ids::{Attempt, Epoch, ExecId, Launch, LaunchId, MachineId, RunId, StepPath, StepRef};
use act_core::place::{Bind, Decision, Shape};
use act_core::provisioner::{Creation, Machine, NoSecrets, Provisioner};
use act_local::{LocalConfig, LocalProvisioner, own_arch, own_os};
use futures_util::StreamExt;

pub fn config(root: &Path) -> LocalConfig {
    let mut config = LocalConfig::new(root);
    config.env =
        vec![("PATH".to_owned(), std::env::var("PATH").unwrap()), ("INHERITED".to_owned(), "yes".to_owned())];
    config
}

pub fn launch() -> LaunchId {
    LaunchId {
        run: RunId::from_parts(1_790_000_000_000, 7),
        job: "build".parse().unwrap(),
        attempt: Attempt(1),
        launch: Launch(1),
    }
}

pub fn decision() -> Decision {
    Decision {
        shape: Shape::Process { os: own_os(), arch: own_arch() },
        bind: Bind { repository: "octo/hello".to_owned(), ..Bind::default() },
    }
}

pub fn exec(index: u32) -> ExecId {
    ExecId { launch: launch(), step: StepRef::main(StepPath::job().step(index)), part: 0 }
}

pub struct Job {
    pub provisioner: LocalProvisioner,
    pub machine: Machine,
    pub environment: Arc<dyn Environment>,
}

impl Job {
    pub async fn new(config: LocalConfig) -> Self {
        let provisioner = LocalProvisioner::open(config).unwrap();
        let Creation::Created(machine) =
            provisioner.create(&MachineId::of(&launch()), &decision(), &NoSecrets).await
        else {
            panic!("a new machine was expected");
        };
        let environment = provisioner.bind(&machine, &launch(), Epoch(1)).await.unwrap();
        Self { provisioner, machine, environment }
    }

    pub fn at(&self, root: Root, rest: &str) -> EnvPath {
        self.environment.path(&Target::Job, &LogicalPath::new(root, rest))
    }

    pub fn bash(&self, script: &str) -> ExecSpec {
        ExecSpec {
            target: Target::Job,
            argv: ["bash", "-c", script].map(str::to_owned).to_vec(),
            env: Vec::new(),
            env_of_job: [].into(),
            prepend_path: Vec::new(),
            cwd: self.at(Root::Workspace, ""),
            timeout: None,
            stop_ladder: StopLadder {
                interrupt: Duration::from_millis(200),
                terminate: Duration::from_millis(200),
            },
            files_before: Vec::new(),
            collect_after: Vec::new(),
        }
    }

    /// Starts and follows to the end, acknowledging as it goes; returns standard output and the end.
    pub async fn run(&self, index: u32, spec: ExecSpec) -> (String, ExecEnd) {
        self.environment.start(&exec(index), &spec).await.unwrap();
        self.follow(index).await
    }

    pub async fn follow(&self, index: u32) -> (String, ExecEnd) {
        let mut stream = self.environment.follow(&exec(index), Cursor::default()).await.unwrap();
        let (mut text, mut cursor) = (Vec::new(), Cursor::default());
        while let Some(item) = stream.next().await {
            match item.unwrap() {
                Followed::Output { stream, offset, bytes } => {
                    assert_eq!(cursor.of(stream), offset);
                    *cursor.of_mut(stream) = offset + bytes.len() as u64;
                    if stream == Stream::Stdout {
                        text.extend_from_slice(&bytes);
                    }
                    self.environment.ack(&exec(index), cursor).await.unwrap();
                }
                Followed::Ended(end) => return (String::from_utf8_lossy(&text).into_owned(), end),
            }
        }
        panic!("a follow ended without the process's end");
    }
}

/// Waits until `is` holds; the test fails if it does not within ten seconds.
pub async fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(10), "in ten seconds not: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}
