//! Steps that print much: all of it arrives and is kept, in little memory, and nothing else of it stays on the disk.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use act_tests::cli::{Project, act_host};

const GIGABYTE: u64 = 1 << 30;

/// What a run may have in memory at its peak, whatever it prints.
const MEMORY: u64 = 64 * 1024 * 1024;

/// A character that nothing else here writes.
const TILDE: &str = "tr -cd '~' | wc -c";

fn number(text: &[u8]) -> u64 {
    String::from_utf8_lossy(text).trim().parse().unwrap()
}

/// Returns the most memory that a process had so far; 0 when it has ended.
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| number(line.trim().trim_end_matches("kB").as_bytes()) * 1024)
}

/// Counts the tildes in a file, without reading it with code that is not optimised.
fn tildes(file: &Path) -> u64 {
    let count = Command::new("sh").args(["-c", TILDE]).stdin(fs::File::open(file).unwrap()).output().unwrap();
    number(&count.stdout)
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let sizes = entries.map(|entry| match entry.metadata().unwrap() {
        data if data.is_dir() => size(&entry.path()),
        data => data.len(),
    });
    sizes.sum()
}

#[test]
fn a_gigabyte_of_output_arrives_and_is_kept_in_little_memory() {
    // Lines of 32 KiB: a build without optimisation is slow line by line.
    let workflow = "on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{run: \"yes \\\"$(head -c 32767 /dev/zero | tr '\\\\0' '\\\\176')\\\" | head -c 1073741824\"}]
";
    let project = Project::with(workflow);
    let mut program = project.command(act_host());
    let mut run = program
        .args(["run", "--log-format", "plain"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let count = Command::new("sh")
        .args(["-c", TILDE])
        .stdin(run.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut most = 0;
    let end = loop {
        most = peak(&run).max(most);
        if let Some(end) = run.try_wait().unwrap() {
            break end;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(end.success(), "{end}");
    let printed = GIGABYTE - GIGABYTE / 32_768;
    assert_eq!(number(&count.wait_with_output().unwrap().stdout), printed, "of the terminal");
    let runs = fs::read_dir(project.folder("state/runs")).unwrap().map(|entry| entry.unwrap().path());
    let logs: Vec<_> = runs.map(|run| run.join("events.jsonl")).filter(|log| log.exists()).collect();
    assert_eq!(logs.iter().map(|log| tildes(log)).sum::<u64>(), printed, "of the log");
    assert!(0 < most && most <= MEMORY, "{most} bytes of memory");
    let state = size(&project.folder("state"));
    assert!(state < GIGABYTE + GIGABYTE / 50, "{state} bytes are on the disk");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn eight_million_lines_of_output_all_arrive() {
    let workflow = "on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{run: \"yes 'sixteen letters' | head -c 134217728\"}]
";
    let project = Project::with(workflow);
    let counted = project.shell("act-host run --log-format plain | grep -c '  sixteen letters'").end();
    assert_eq!(counted.stdout.trim(), (134_217_728 / 16).to_string(), "{counted}");
}
