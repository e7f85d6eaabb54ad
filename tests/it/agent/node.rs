//! A Node.js for a machine that has none: a program of this machine, sent over streams that end, and never used by half.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use act_core::control::CancelStage;
use act_core::environment::{Brought, EnvPath, Environment};
use act_core::ids::Epoch;
use act_core::{Conclusion, JobEnd};
use act_job::run_job;
use act_remote::{Dial, NodeFinder, Remote, RemoteConfig};
use act_tests::agent::{Agent, SocketDial, quick};
use act_tests::cli::act_agent;
use act_tests::control::MemoryControl;
use act_tests::job::of_steps;
use act_tests::place::launch;
use act_tests::story::Story;
use act_tests::streams::Weather;

use super::Pair;

/// Where the program's one segment is loaded, and where its code begins in the file.
const BASE: u64 = 0x40_0000;
const CODE: u64 = 64 + 56;

/// Writes `v20.0.0`, a line, and exits.
const X86_64: [u8; 33] = [
    0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0x48, 0x8d, 0x35, 16, 0, 0, 0, 0xba, 8, 0, 0, 0, 0x0f, 5, 0xb8, 60,
    0, 0, 0, 0x31, 0xff, 0x0f, 5,
];
const AARCH64: [u32; 8] =
    [0xd280_0020, 0x1000_00e1, 0xd280_0102, 0xd280_0808, 0xd400_0001, 0xd280_0000, 0xd280_0ba8, 0xd400_0001];

/// A program for this machine that says the version of a Node.js and does nothing else; of some megabytes, for a real one
/// has a hundred.
fn own_node() -> (tempfile::TempDir, PathBuf) {
    let (machine, code) = match cfg!(target_arch = "aarch64") {
        true => (183_u16, AARCH64.iter().flat_map(|word| word.to_le_bytes()).collect()),
        false => (62, X86_64.to_vec()),
    };
    let code = [code, b"v20.0.0\n".to_vec()].concat();
    let size = CODE + code.len() as u64;
    let words = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let halves = |halves: &[u16]| halves.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<_>>();
    let program = [
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(),
        halves(&[2, machine, 1, 0]),
        words(&[BASE + CODE, 64, 0]),
        halves(&[0, 0, 64, 56, 1, 0, 0, 0]),
        halves(&[1, 0, 5, 0]),
        words(&[0, BASE, BASE, size, size, 0x1_0000]),
        code,
        (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect(),
    ];
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("node");
    fs::write(&file, program.concat()).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    (root, file)
}

/// Joins a machine as its next host, which has this file to send.
async fn host(pair: &Pair, epoch: u64, file: PathBuf) -> Arc<Remote> {
    let nodes = Some(NodeFinder(Arc::new(move |_| Some(file.clone()))));
    let dial = Arc::clone(&pair.dial) as Arc<dyn Dial>;
    Remote::connect(dial, &launch(), Epoch(epoch), RemoteConfig { nodes, ..quick() }).await.unwrap()
}

async fn brought(remote: &Remote) -> EnvPath {
    match remote.bring_node(20).await.unwrap() {
        Brought::There(path) => path,
        Brought::Nothing { why } => panic!("{why:?}"),
    }
}

async fn refused(remote: &Remote) -> String {
    match remote.bring_node(20).await.unwrap() {
        Brought::There(path) => panic!("{path} is used"),
        Brought::Nothing { why } => why.unwrap(),
    }
}

#[tokio::test]
async fn it_is_sent_over_streams_that_end_and_found_by_the_next_host() {
    let (_root, node) = own_node();
    let pair = Pair::new(Weather { cut_within: 600_000, seed: 3, ..Weather::default() }, &[]).await;
    let first = host(&pair, 2, node.clone()).await;
    let path = brought(&first).await;
    assert!(fs::read(&path.0).unwrap() == fs::read(&node).unwrap(), "it came whole");
    let written = fs::metadata(&path.0).unwrap().modified().unwrap();
    assert_eq!(brought(&first).await, path);
    drop(first);
    assert_eq!(brought(&*host(&pair, 3, node).await).await, path);
    assert_eq!(fs::metadata(&path.0).unwrap().modified().unwrap(), written, "nothing was sent anew");
    assert!(pair.dial.trouble().cuts.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn a_host_that_died_while_it_sent_is_followed_by_one_that_completes_it() {
    let (_root, node) = own_node();
    let pair = Pair::new(Weather::default(), &[]).await;
    let first = host(&pair, 2, node.clone()).await;
    let folder = pair.agent.folder.join("agent/uploads");
    let held = || {
        let files = fs::read_dir(&folder).unwrap().flatten();
        files.map(|file| file.metadata().map_or(0, |file| file.len())).sum::<u64>()
    };
    let begun = async {
        while held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        biased;
        () = begun => {}
        sent = first.bring_node(20) => panic!("it was sent at once: {sent:?}"),
    }
    drop(first);
    let path = brought(&*host(&pair, 3, node.clone()).await).await;
    assert!(fs::read(&path.0).unwrap() == fs::read(&node).unwrap(), "it came whole");
}

#[tokio::test]
async fn one_that_was_written_by_half_is_written_anew() {
    let (_root, node) = own_node();
    let pair = Pair::new(Weather::default(), &[]).await;
    let path = brought(&*host(&pair, 2, node.clone()).await).await;
    // As an agent leaves it that is killed while it writes.
    pair.agent.kill();
    let whole = PathBuf::from(&path.0).with_file_name("whole");
    fs::remove_file(&whole).unwrap();
    fs::File::options().write(true).open(&path.0).unwrap().set_len(1000).unwrap();
    let _next = Agent::start(&pair.agent.folder, &[]);
    assert_eq!(brought(&*host(&pair, 3, node.clone()).await).await, path);
    assert!(whole.exists());
    assert!(fs::read(&path.0).unwrap() == fs::read(&node).unwrap(), "it is whole again");
}

#[tokio::test]
async fn what_is_no_node_or_does_not_run_there_is_not_used() {
    let pair = Pair::new(Weather::default(), &[]).await;
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("node");
    fs::write(&file, "#!/bin/sh\necho v20.0.0\n").unwrap();
    let told = refused(&*host(&pair, 2, file.clone()).await).await;
    assert!(told.ends_with("node cannot be sent: it is no program for Linux of 64 bits"), "{told}");
    // The agent is a program, and says another version than a Node.js does.
    fs::copy(act_tests::cli::act_agent(), &file).unwrap();
    let told = refused(&*host(&pair, 3, file.clone()).await).await;
    assert!(told.contains("was sent, and does not run there: act-agent "), "{told}");
    let foreign = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
    let mut program = fs::read(&file).unwrap();
    program[18] = foreign;
    fs::write(&file, program).unwrap();
    let told = refused(&*host(&pair, 4, file).await).await;
    assert!(told.contains("cannot be sent: it is for Linux on "), "{told}");
}

#[tokio::test]
async fn the_wanted_version_is_asked_for_and_a_host_that_has_none_says_so() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let pair = Pair::new(Weather::default(), &[]).await;
    let nodes = NodeFinder(Arc::new(|wanted| {
        ASKED.store(wanted, Ordering::Relaxed);
        None
    }));
    let dial = Arc::clone(&pair.dial) as Arc<dyn Dial>;
    let config = RemoteConfig { nodes: Some(nodes), ..quick() };
    let remote = Remote::connect(dial, &launch(), Epoch(2), config).await.unwrap();
    assert!(refused(&remote).await.contains("no `node` on the PATH of act-host"));
    assert_eq!(ASKED.load(Ordering::Relaxed), 20);
    // One that was told of none to send has nothing to say.
    assert_eq!(pair.remote.bring_node(20).await, Ok(Brought::Nothing { why: None }));
}

/// A job that is cancelled while one is on its way: the step ends then, and what always runs runs.
#[tokio::test]
async fn a_cancellation_stops_it_on_its_way() {
    let (root, node) = own_node();
    let programs = root.path().join("bin");
    fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink("/bin/bash", programs.join("bash")).unwrap();
    let words = [act_agent().to_owned()];
    let agent =
        Agent::start_by(&words, &root.path().join("m"), &[], |command| command.env("PATH", &programs));
    let dial = SocketDial::new(&agent, Weather::default());
    let files = [("action.yml", "runs: {using: node20, main: main.js}"), ("main.js", "")];
    let control = Arc::new(MemoryControl::default().action("own/node@v1", &files));
    let asked = Arc::clone(&control);
    let nodes = NodeFinder(Arc::new(move |_| {
        asked.raise(CancelStage::Cancel);
        Some(node.clone())
    }));
    let config = RemoteConfig { nodes: Some(nodes), ..quick() };
    let remote = Remote::connect(dial, &launch(), Epoch(1), config).await.unwrap();
    let yaml = "
- uses: own/node@v1
- run: echo always
  if: always()
";
    let end = run_job(&of_steps(yaml), &*remote, &*control, &[]).await;
    let story = Story::of(&control.kept().1);
    assert_eq!(story.ends(), ["0-main cancelled", "1-main success"], "{story:?}");
    assert!(matches!(end, JobEnd::Concluded(result) if result.conclusion == Conclusion::Cancelled));
}
