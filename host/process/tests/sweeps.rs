//! Nothing outlives a sweep, nothing dead stays, nothing leaks. One test: it looks at its whole process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::fs;
use std::process::Command;
use std::time::Duration;

use act_process::{Control, End, Marker, Stop, Stream, Sweep, become_reaper, collect, start, sweep};
use common::{Kept, bash, is_alive, os, until};

const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn nothing_is_left_behind() {
    become_reaper().unwrap();
    a_marker_finds_who_left_group_and_session();
    a_group_finds_who_cleared_the_marker();
    descent_finds_who_did_both();
    orphans_are_collected_and_other_children_are_not();
    who_is_not_driven_is_killed_and_collected();
    two_hundred_quick_stops_leak_nothing();
}

fn tracked(script: &str, id: &str) -> act_process::Spec<'static> {
    let mut spec = bash(script);
    spec.env.push((os("RUNNER_TRACKING_ID"), os(id)));
    spec
}

/// Runs a script that prints the pid of what it leaves; returns that pid and the script's own.
fn leave(script: &str, id: &str) -> (String, u32) {
    let kept = Kept::default();
    let running = start(&tracked(script, id)).unwrap();
    let group = running.id();
    assert_eq!(running.drive(&Control::default(), &kept).end, End::Exited { code: 0 });
    let pid = kept.text(Stream::Stdout).trim().to_owned();
    assert!(is_alive(&pid), "{script}");
    (pid, group)
}

fn a_marker_finds_who_left_group_and_session() {
    let daemon = "setsid bash -c 'trap \"\" TERM; (sleep 1000 & echo $!) ; exec sleep 1000' & sleep 0.2";
    let (mine, _) = leave(daemon, "job-1");
    let (other, _) = leave("setsid sleep 1000 & echo $!; sleep 0.1", "job-10");
    let marker = Marker { name: "RUNNER_TRACKING_ID".to_owned(), value: "job-1".to_owned() };
    let swept =
        sweep(&Sweep { marker: Some(&marker), is_own: true, groups: &[], strays: || false, limit: LIMIT });
    assert!(swept.killed.iter().any(|killed| killed.pid.to_string() == mine && killed.name == "sleep"));
    assert!(!is_alive(&mine));
    assert!(swept.left.is_empty());
    assert!(is_alive(&other), "another job's process must live");
    let marker = Marker { value: "job-10".to_owned(), ..marker };
    let _ =
        sweep(&Sweep { marker: Some(&marker), is_own: true, groups: &[], strays: || false, limit: LIMIT });
    assert!(!is_alive(&other));
}

fn a_group_finds_who_cleared_the_marker() {
    let (pid, group) = leave("env -i /bin/sleep 1000 & echo $!; sleep 0.1", "job-2");
    let marker = Marker { name: "RUNNER_TRACKING_ID".to_owned(), value: "job-2".to_owned() };
    let _ =
        sweep(&Sweep { marker: Some(&marker), is_own: true, groups: &[], strays: || false, limit: LIMIT });
    assert!(is_alive(&pid));
    let _ = sweep(&Sweep { marker: None, is_own: true, groups: &[group], strays: || false, limit: LIMIT });
    assert!(!is_alive(&pid));
}

fn descent_finds_who_did_both() {
    let (pid, group) = leave("env -i setsid /bin/sleep 1000 & echo $!; sleep 0.1", "job-3");
    let _ = sweep(&Sweep { marker: None, is_own: true, groups: &[group], strays: || false, limit: LIMIT });
    assert!(is_alive(&pid));
    let mut unrelated = Command::new("sleep").arg("1000").spawn().unwrap();
    let swept = sweep(&Sweep { marker: None, is_own: true, groups: &[], strays: || true, limit: LIMIT });
    assert!(!is_alive(&pid));
    assert!(swept.killed.iter().all(|killed| killed.pid != unrelated.id()));
    unrelated.kill().unwrap();
    unrelated.wait().unwrap();
}

fn orphans_are_collected_and_other_children_are_not() {
    let mut unrelated = Command::new("bash").args(["-c", "exit 9"]).spawn().unwrap();
    // Orphans that die one by one while their step still runs.
    let script = "for i in {1..20}; do (setsid true &); done; sleep 2.5; echo done";
    let kept = Kept::default();
    let running = start(&tracked(script, "job-4")).unwrap();
    std::thread::scope(|scope| {
        let driven = scope.spawn(|| running.drive(&Control::default(), &kept));
        std::thread::sleep(Duration::from_millis(2_200));
        assert!(!driven.is_finished());
        assert_eq!(zombies(), [unrelated.id()]);
        assert_eq!(driven.join().unwrap().end, End::Exited { code: 0 });
    });
    let _ = sweep(&Sweep { marker: None, is_own: true, groups: &[], strays: || true, limit: LIMIT });
    assert_eq!(zombies(), [unrelated.id()]);
    assert_eq!(unrelated.wait().unwrap().code(), Some(9));
}

/// Its parent is a thread that lives on, so it does not fall to the first one.
fn who_is_not_driven_is_killed_and_collected() {
    let undriven = start(&tracked("sleep 1000", "job-6")).unwrap();
    let pid = undriven.id().to_string();
    drop(undriven);
    until("it is dead", || !is_alive(&pid));
    collect();
    assert!(zombies().is_empty());
}

fn two_hundred_quick_stops_leak_nothing() {
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let (fds, threads) = (open(), fs::read_dir("/proc/self/task").unwrap().count());
    for round in 0..200_u64 {
        let control = Control::default();
        let running = start(&tracked("sleep 30 & echo x; exec sleep 30", "job-5")).unwrap();
        let group = running.id();
        std::thread::scope(|scope| {
            let driven = scope.spawn(|| running.drive(&control, &Kept::default()));
            std::thread::sleep(Duration::from_micros(round * 37 % 4_000));
            control.stop([Stop::Ask, Stop::Insist, Stop::Kill][round as usize % 3]);
            assert_eq!(driven.join().unwrap().end, End::Stopped, "round {round}");
        });
        let _ =
            sweep(&Sweep { marker: None, is_own: true, groups: &[group], strays: || false, limit: LIMIT });
    }
    until("every thread has ended", || fs::read_dir("/proc/self/task").unwrap().count() <= threads);
    assert_eq!(open(), fds);
    assert!(zombies().is_empty());
}

fn zombies() -> Vec<u32> {
    let own = std::process::id().to_string();
    let stat = |pid: &str| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_mine = |stat: &str| stat.contains(&format!(") Z {own} "));
    let pids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    pids.filter(|pid| is_mine(&stat(pid))).filter_map(|pid| pid.parse().ok()).collect()
}
