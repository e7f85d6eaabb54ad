//! What a job sees of its machine.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use act_core::environment::{
    Collect, Collected, Cursor, Ending, EnvPath, EnvironmentError, FileIn, FileKind, Followed, LogicalPath,
    Root, Started, Stop,
};
use act_core::ids::Epoch;
use act_core::provisioner::{Provisioner, Release, Released};
use act_core::tree::{Tree, TreeEntry, TreeId};
use bytes::Bytes;
use common::{Job, config, exec, launch, until};
use futures_util::StreamExt;

async fn job() -> (tempfile::TempDir, Job) {
    let root = tempfile::tempdir().unwrap();
    let job = Job::new(config(root.path())).await;
    (root, job)
}

#[tokio::test]
async fn files_go_in_and_come_back_in_one_round_trip() {
    let (_root, job) = job().await;
    let temp = |name: &str| LogicalPath::new(Root::Temp, name);
    let mut spec = job.bash(". \"$SCRIPT\"; echo more >> \"$OUT\"; head -c 100 /dev/zero > \"$BIG\"");
    spec.files_before = vec![
        FileIn { path: temp("a/script.sh"), bytes: Bytes::from_static(b"echo from the script") },
        FileIn { path: temp("out"), bytes: Bytes::from_static(b"first\n") },
    ];
    spec.env = vec![
        ("SCRIPT".to_owned(), job.at(Root::Temp, "a/script.sh").0),
        ("OUT".to_owned(), job.at(Root::Temp, "out").0),
        ("BIG".to_owned(), job.at(Root::Temp, "big").0),
    ];
    let wish = |name: &str, limit| Collect { path: temp(name), limit };
    spec.collect_after = vec![wish("out", 100), wish("big", 99), wish("none", 1)];
    let (text, end) = job.run(0, spec).await;
    assert_eq!((text.as_str(), end.how), ("from the script\n", Ending::Exited { code: 0 }));
    let out = Collected::Bytes(Bytes::from_static(b"first\nmore\n"));
    assert_eq!(end.files, [out, Collected::TooLarge { size: 100 }, Collected::Missing]);
    assert!(!Path::new(job.at(Root::Temp, "out").as_str()).exists());
    assert_eq!(job.provisioner.release(&job.machine, Release::Done).await, Released::Gone);
}

#[tokio::test]
async fn a_process_is_started_once_and_can_be_followed_again() {
    let (root, job) = job().await;
    let mark = root.path().join("mark");
    let script = format!("echo x >> {}; echo one; echo two", mark.display());
    assert_eq!(job.environment.start(&exec(0), &job.bash(&script)).await, Ok(Started::New));
    assert_eq!(job.environment.start(&exec(0), &job.bash("other")).await, Ok(Started::Already));
    for from in [0, 0, 4] {
        let cursor = Cursor { stdout: from, stderr: 0 };
        let mut stream = job.environment.follow(&exec(0), cursor).await.unwrap();
        let mut text = Vec::new();
        while let Some(Ok(Followed::Output { offset, bytes, .. })) = stream.next().await {
            assert_eq!(offset, from + text.len() as u64);
            text.extend_from_slice(&bytes);
        }
        assert_eq!(text, b"one\ntwo\n"[from as usize..]);
        assert!(stream.next().await.is_none());
    }
    assert_eq!(job.environment.start(&exec(0), &job.bash("other")).await, Ok(Started::Already));
    assert_eq!(fs::read_to_string(&mark).unwrap(), "x\n");
    assert!(job.environment.follow(&exec(9), Cursor::default()).await.is_err());
    assert_eq!(job.environment.stop(&exec(9), Stop::Kill).await, Ok(()));
    job.provisioner.release(&job.machine, Release::Done).await;
}

#[tokio::test]
async fn unacknowledged_output_stalls_the_process_and_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    let mut small = config(root.path());
    small.output_buffer = 200_000;
    let job = Job::new(small).await;
    let mark = root.path().join("mark");
    let script = format!("yes 123456789 | head -c 2000000; echo done > {}", mark.display());
    job.environment.start(&exec(0), &job.bash(&script)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!mark.exists(), "two megabytes do not fit");
    let (text, end) = job.follow(0).await;
    assert_eq!(end.how, Ending::Exited { code: 0 });
    assert_eq!(text, "123456789\n".repeat(200_000));
    let behind = job.environment.follow(&exec(0), Cursor::default()).await;
    assert!(matches!(behind.map(drop), Err(EnvironmentError::Refused(_))));
    job.provisioner.release(&job.machine, Release::Done).await;
}

#[tokio::test]
async fn what_a_process_sees_is_what_it_was_given() {
    let (_root, job) = job().await;
    let mut spec = job.bash("echo $PATH; echo $INHERITED $OWN; pwd; env | sort | cut -d= -f1 | tr '\\n' ' '");
    spec.env = vec![("OWN".to_owned(), "1".to_owned()), ("RUNNER_TRACKING_ID".to_owned(), "0".to_owned())];
    spec.prepend_path = vec!["/first".to_owned(), "/second".to_owned()];
    let (text, _) = job.run(0, spec).await;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("/first:/second:/"), "{}", lines[0]);
    assert_eq!(&lines[1..3], ["yes 1", job.at(Root::Workspace, "").as_str()]);
    assert_eq!(lines[3].trim(), "INHERITED OWN PATH PWD RUNNER_TRACKING_ID SHLVL _");
    assert!(job.at(Root::Workspace, "").as_str().ends_with("/_work/hello/hello"));
    job.provisioner.release(&job.machine, Release::Done).await;
}

#[tokio::test]
async fn ends_are_told_apart() {
    let (_root, job) = job().await;
    let mut late = job.bash("sleep 60");
    late.timeout = Some(Duration::from_millis(50));
    assert_eq!(job.run(0, late).await.1.how, Ending::TimedOut);
    assert_eq!(job.run(1, job.bash("kill -9 $$")).await.1.how, Ending::Exited { code: 137 });
    let mut nowhere = job.bash("true");
    nowhere.cwd = EnvPath("/no/such/folder".to_owned());
    assert!(matches!(job.run(2, nowhere).await.1.how, Ending::NotStarted { .. }));
    let mut nothing = job.bash("true");
    nothing.argv = vec!["no-such-tool".to_owned()];
    let reason = "no-such-tool: command not found".to_owned();
    assert_eq!(job.run(3, nothing).await.1.how, Ending::NotStarted { reason });
    job.environment.start(&exec(4), &job.bash("sleep 60")).await.unwrap();
    job.environment.stop(&exec(4), Stop::Ask).await.unwrap();
    assert_eq!(job.follow(4).await.1.how, Ending::Stopped);
    job.provisioner.release(&job.machine, Release::Done).await;
}

#[tokio::test]
async fn files_programs_and_hashes_are_found() {
    let (_root, job) = job().await;
    let workspace = PathBuf::from(job.at(Root::Workspace, "").0);
    fs::write(workspace.join("a.lock"), "x").unwrap();
    let at = |rest: &str| job.at(Root::Workspace, rest);
    let environment = &job.environment;
    assert_eq!(environment.stat(&at("")).await, Ok(Some(FileKind::Folder)));
    assert_eq!(environment.stat(&at("a.lock")).await, Ok(Some(FileKind::File)));
    assert_eq!(environment.stat(&at("a.lock/b")).await, Ok(None));
    assert_eq!(environment.get(&at("a.lock"), 1).await, Ok(Some(Bytes::from_static(b"x"))));
    assert_eq!(environment.get(&at("none"), 1).await, Ok(None));
    assert!(environment.get(&at("a.lock"), 0).await.is_err());
    assert!(environment.get(&EnvPath("a.lock".to_owned()), 9).await.is_err());
    let bash = environment.find_program("bash", &[]).await.unwrap().unwrap();
    assert!(environment.program_version(&bash).await.unwrap().unwrap().starts_with("GNU bash"));
    assert_eq!(environment.find_program("no-such-tool", &[]).await, Ok(None));
    let hash = environment.hash_files(&["*.lock".to_owned()], false).await.unwrap();
    assert_eq!(hash.len(), 64);
    assert_eq!(environment.hash_files(&["none".to_owned()], false).await.unwrap(), "");
    assert!(environment.hash_files(&["../*".to_owned()], false).await.is_err());
    job.provisioner.release(&job.machine, Release::Done).await;
}

/// One file; perhaps in a folder of this machine.
struct Small(Option<PathBuf>);

impl Tree for Small {
    fn id(&self) -> TreeId {
        TreeId("small".to_owned())
    }

    fn shared_folder(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    fn walk(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()> {
        visit("index.js", TreeEntry::File { executable: false, size: 1 })
    }

    fn open(&self, _: &str) -> io::Result<Box<dyn io::Read + Send>> {
        Ok(Box::new(io::Cursor::new(b"x")))
    }

    fn file_path(&self, path: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|folder| folder.join(path))
    }
}

#[tokio::test]
async fn actions_of_this_machine_are_used_in_place_and_others_are_copied() {
    let (root, job) = job().await;
    let store = root.path().join("store");
    fs::create_dir(&store).unwrap();
    fs::write(store.join("index.js"), "x").unwrap();
    let put = |tree, place, rest: &str| {
        let path = LogicalPath::new(place, rest);
        async { job.environment.put_tree(Arc::new(tree), &{ path }).await.unwrap() }
    };
    let in_place = put(Small(Some(store.clone())), Root::Actions, "o/r/v1").await;
    assert_eq!(in_place.as_str(), store.to_str().unwrap());
    for (tree, place) in [(Small(None), Root::Actions), (Small(Some(store.clone())), Root::Workspace)] {
        let copied = put(tree, place, "o/r/v1").await;
        assert_eq!(copied, job.at(place, "o/r/v1"));
        assert_eq!(fs::read(Path::new(copied.as_str()).join("index.js")).unwrap(), b"x");
    }
    job.provisioner.release(&job.machine, Release::Done).await;
}

#[tokio::test]
async fn a_higher_epoch_takes_over() {
    let (_root, job) = job().await;
    let bind = |epoch| job.provisioner.bind(&job.machine, &LAUNCH, Epoch(epoch));
    job.environment.start(&exec(0), &job.bash("sleep 60")).await.unwrap();
    let second = bind(2).await.unwrap();
    assert_eq!(job.environment.stat(&job.at(Root::Temp, "")).await, Err(EnvironmentError::Fenced));
    assert_eq!(job.environment.stop(&exec(0), Stop::Kill).await, Err(EnvironmentError::Fenced));
    assert!(matches!(bind(1).await.map(drop), Err(EnvironmentError::Fenced)));
    assert_eq!(second.start(&exec(0), &job.bash("other")).await, Ok(Started::Already));
    second.stop(&exec(0), Stop::Kill).await.unwrap();
    let again =
        Job { environment: second, provisioner: job.provisioner.clone(), machine: job.machine.clone() };
    assert_eq!(again.follow(0).await.1.how, Ending::Stopped);
    job.provisioner.release(&job.machine, Release::Done).await;
}

static LAUNCH: std::sync::LazyLock<act_core::ids::LaunchId> = std::sync::LazyLock::new(launch);

#[tokio::test]
async fn a_server_of_one_step_serves_the_next() {
    let (_root, job) = job().await;
    let pipe = job.at(Root::Temp, "pipe");
    let serve = format!(
        "mkfifo {pipe}; (while read -r line; do echo got $line; echo ok > {pipe}.answer; done < {pipe}) & echo up"
    );
    let began = Instant::now();
    assert_eq!(job.run(0, job.bash(&serve)).await.0, "up\n");
    assert!(began.elapsed() < Duration::from_millis(900));
    let ask =
        format!("echo hello > {pipe}; until [ -e {pipe}.answer ]; do sleep 0.01; done; cat {pipe}.answer");
    assert_eq!(job.run(1, job.bash(&ask)).await.0, "ok\n");
    job.provisioner.release(&job.machine, Release::Done).await;
}

#[tokio::test]
async fn many_processes_run_at_once() {
    let (_root, job) = job().await;
    for index in 0..20 {
        job.environment.start(&exec(index), &job.bash("sleep 0.3; echo $0")).await.unwrap();
    }
    let began = Instant::now();
    for index in 0..20 {
        assert_eq!(job.follow(index).await.1.how, Ending::Exited { code: 0 });
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    until("nothing", || true).await;
    job.provisioner.release(&job.machine, Release::Done).await;
}
