//! The stop ladder on living processes.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::time::{Duration, Instant};

use act_process::{Control, End, Spec, Stop, Stream, start};
use common::{Kept, bash, is_alive, until};

/// Runs until it says `ready`, stops it, and returns its end, its output and how long the stop took.
fn stopped(spec: &Spec, stop: Stop) -> (End, String, Duration) {
    let (control, kept) = (Control::default(), Kept::default());
    let running = start(spec).unwrap();
    std::thread::scope(|scope| {
        let driven = scope.spawn(|| running.drive(&control, &kept));
        until("the child is ready", || kept.text(Stream::Stdout).contains("ready"));
        let asked = Instant::now();
        control.stop(stop);
        let end = driven.join().unwrap().end;
        (end, kept.text(Stream::Stdout), asked.elapsed())
    })
}

const STUBBORN: &str = "trap 'echo int' INT; trap 'echo term' TERM; echo ready; while :; do sleep 0.02; done";

#[test]
fn a_stubborn_process_climbs_the_whole_ladder() {
    let (end, out, took) = stopped(&bash(STUBBORN), Stop::Ask);
    assert_eq!((end, out.as_str()), (End::Stopped, "ready\nint\nterm\n"));
    assert!((500..1_500).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn harder_stops_skip_rungs() {
    let (end, out, took) = stopped(&bash(STUBBORN), Stop::Insist);
    assert_eq!((end, out.as_str()), (End::Stopped, "ready\nterm\n"));
    assert!((200..1_000).contains(&took.as_millis()), "{took:?}");
    let (end, out, took) = stopped(&bash(STUBBORN), Stop::Kill);
    assert_eq!((end, out.as_str()), (End::Stopped, "ready\n"));
    assert!(took < Duration::from_millis(200), "{took:?}");
}

#[test]
fn who_obeys_has_time_to_say_goodbye() {
    let script = "trap 'echo bye; exit 0' INT; echo ready; while :; do sleep 0.02; done";
    let (end, out, took) = stopped(&bash(script), Stop::Ask);
    assert_eq!((end, out.as_str()), (End::Stopped, "ready\nbye\n"));
    assert!(took < Duration::from_millis(290), "{took:?}");
}

#[test]
fn the_whole_group_hears_the_first_rungs() {
    let (end, _, took) = stopped(&bash("echo ready; sleep 60; echo never"), Stop::Ask);
    assert_eq!(end, End::Stopped);
    assert!(took < Duration::from_millis(290), "{took:?}");
}

#[test]
fn a_timeout_is_the_same_ladder_under_another_name() {
    let mut spec = bash(STUBBORN);
    spec.timeout = Some(Duration::from_millis(150));
    let ran = common::run(&spec);
    assert_eq!((ran.end, ran.out.as_str()), (End::TimedOut, "ready\nint\nterm\n"));
}

#[test]
fn a_kill_reaches_descendants_in_other_sessions() {
    let script = "trap '' INT TERM; setsid bash -c 'trap \"\" INT TERM; echo $$; sleep 61; sleep 61' & sleep 0.1; echo ready; wait";
    let (end, out, _) = stopped(&bash(script), Stop::Kill);
    assert_eq!(end, End::Stopped);
    let grandchild = out.lines().next().unwrap();
    until("the grandchild is gone", || !is_alive(grandchild));
}

#[test]
fn one_that_is_dropped_is_killed_with_what_descends_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pids");
    let script = format!("setsid sleep 61 & echo $! $$ > {0}.new; mv {0}.new {0}; wait", note.display());
    let running = start(&bash(&script)).unwrap();
    until("it has noted who it is", || note.exists());
    drop(running);
    for pid in std::fs::read_to_string(&note).unwrap().split_whitespace() {
        until("it is gone", || !is_alive(pid));
    }
}

/// Not a test: runs where there is a terminal.
#[test]
#[ignore = "is run by another test, at a terminal"]
fn one_that_reads_from_the_terminal() {
    let ran = common::run(&bash("read -r line < /dev/tty; echo $?; exit 7"));
    assert_eq!(ran.end, End::Exited { code: 129 });
    let ran = common::run(&bash("(sleep 1.5; kill -CONT $$) & kill -STOP $$; exit 7"));
    assert_eq!(ran.end, End::Exited { code: 7 });
}

#[test]
fn who_waits_for_the_terminal_is_hung_up() {
    let own = std::env::current_exe().unwrap();
    // Under `nohup` the signal that hangs it up is ignored, here as in all that is started from here.
    let heard = ["env", "--default-signal=HUP", "true"];
    let heard = std::process::Command::new(heard[0]).args(&heard[1..]).output();
    let heard = if heard.is_ok_and(|env| env.status.success()) { "env --default-signal=HUP" } else { "" };
    let inner = format!("{heard} {} --exact one_that_reads_from_the_terminal --ignored", own.display());
    let Ok(ran) = std::process::Command::new("script").args(["-qec", &inner, "/dev/null"]).output() else {
        eprintln!("skipped: no `script` to make a terminal with");
        return;
    };
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success() && text.contains("1 passed"), "{text}");
}
