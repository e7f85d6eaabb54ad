//! Thousands of jobs on the real API server, etcd and scheduler, with a kubelet of the tests under them.
#![allow(clippy::unwrap_used, reason = "code of tests: what goes wrong fails them")]

mod many;
mod memory;
mod races;

#[test]
fn every_file_here_is_part_of_this_binary() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scale");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let named = include_str!("main.rs").lines().any(|line| line == format!("mod {name};"));
        assert!(named || name == "main" || name.starts_with('.'), "{name} is not named in main.rs");
    }
}

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, Kubelet, User};
use act_tests::cli::Project;

/// Longer than all jobs of a test take, on a machine that does much else.
const LONG: Duration = Duration::from_secs(900);

/// Calls a second: the usual number is for clusters that others need as well.
const CALL_RATE: &str = "call-rate = 1000";

/// One test at a time: each fills the machine.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a workflow of so many jobs in so many matrices; `run` is the step of each, where `$LEG` tells it from others.
fn workflow(matrices: usize, legs: usize, run: &str) -> String {
    let all = (0..legs).map(|leg| leg.to_string()).collect::<Vec<_>>().join(", ");
    let mut text = "on: push\njobs:\n".to_owned();
    for matrix in 0..matrices {
        writeln!(
            text,
            "  m{matrix}:\n    runs-on: ubuntu-latest\n    strategy: {{ matrix: {{ leg: [{all}] }} }}\n    steps:\n      \
             - env: {{ LEG: 'm{matrix}-${{{{ matrix.leg }}}}' }}\n        run: |\n          {run}"
        )
        .unwrap();
    }
    text
}

/// The names of all its jobs, in order.
fn legs(matrices: usize, legs: usize) -> Vec<String> {
    let mut all: Vec<String> =
        (0..matrices).flat_map(|matrix| (0..legs).map(move |leg| format!("m{matrix}-{leg}"))).collect();
    all.sort_unstable();
    all
}

/// A user whose jobs go to the node of the tests.
fn user(cluster: &Cluster, kubelet: &Kubelet, workflow: &str, rate: &str) -> User {
    User::of(Project::with(workflow), cluster).with_settings(&kubelet.settings()).with_cluster(rate)
}

/// What every step wrote into one file, in order.
fn written(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The most memory that a process ever had, in KB; nothing where it has ended.
fn peak(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

/// Reads that until the process has ended.
fn peak_at_the_end(process: u32) -> std::thread::JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut last = 0;
        while let Some(now) = peak(process) {
            last = now;
            std::thread::sleep(Duration::from_millis(100));
        }
        last
    })
}

fn nothing_is_left(user: &User) {
    until("nothing is left", || user.left().is_empty());
}
