//! How processes begin and end, and that nothing they wrote is lost.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use act_process::{Control, End, Finished, SpawnError, Stop, Stream, start};
use common::{Kept, bash, is_alive, os, run, spec, until};
use sha2::{Digest, Sha256};

#[test]
fn exit_codes_and_signals_are_told_apart() {
    for (script, code) in
        [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("kill -KILL $$", 137), ("exit 255", 255)]
    {
        assert_eq!(run(&bash(script)).end, End::Exited { code }, "{script}");
    }
}

#[test]
fn both_streams_arrive_whole_and_apart() {
    let ran = run(&bash("for i in {1..200}; do echo out $i; echo err $i >&2; done; printf end"));
    let lines = |name: &str| (1..=200).map(|i| format!("{name} {i}\n")).collect::<String>();
    assert_eq!(ran.out, lines("out") + "end");
    assert_eq!(ran.err, lines("err"));
}

#[test]
fn it_sees_exactly_the_given_environment_and_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = spec(&["/usr/bin/env"]);
    spec.env = [("A", "1"), ("B", "x=\ny"), ("A", "2")].map(|(name, value)| (os(name), os(value))).into();
    let mut lines: Vec<String> = run(&spec).out.lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["A=2", "B=x=", "y"]);
    spec.argv = vec![os("/bin/pwd"), os("-P")];
    spec.cwd = folder.path().to_owned().into();
    assert_eq!(run(&spec).out.trim_end(), folder.path().canonicalize().unwrap().to_str().unwrap());
}

#[test]
fn a_relative_program_is_looked_for_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tool.sh");
    std::fs::write(&file, "#!/bin/sh\necho found $0\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut spec = spec(&["./tool.sh"]);
    spec.cwd = folder.path().to_owned().into();
    assert!(run(&spec).out.starts_with("found "));
}

#[test]
fn standard_input_is_empty_and_signals_are_as_in_a_fresh_shell() {
    assert_eq!(run(&bash("cat; read x || echo closed")).out, "closed\n");
    // A program that inherits an ignored SIGPIPE does not die of it.
    assert_eq!(run(&bash("set -o pipefail; yes | head -1")).end, End::Exited { code: 141 });
    let own_group = run(&bash("ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat; echo $$"));
    let ids: Vec<&str> = own_group.out.split_whitespace().collect();
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn what_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("plain"), "data").unwrap();
    std::fs::write(at("script"), "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(at("script"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let failure = |argv: &[&str]| start(&spec(argv)).unwrap_err();
    assert_eq!(failure(&["no-such-tool"]).to_string(), "no-such-tool: command not found");
    assert_eq!(failure(&["/no/such/tool"]).to_string(), "/no/such/tool: command not found");
    assert!(matches!(failure(&[]), SpawnError::NoProgram));
    assert!(matches!(failure(&[&at("plain")]), SpawnError::Permission { .. }));
    assert!(matches!(failure(&[folder.path().to_str().unwrap()]), SpawnError::Permission { .. }));
    assert!(matches!(failure(&[&at("script")]), SpawnError::Interpreter { .. }));
    assert!(matches!(failure(&["bash", &"x".repeat(8 << 20)]), SpawnError::TooLarge { .. }));
    assert!(matches!(failure(&["bash", "nul\0byte"]), SpawnError::System { .. }));
    let mut nowhere = bash("true");
    nowhere.cwd = Path::new("/no/such/folder").into();
    let text = start(&nowhere).unwrap_err().to_string();
    assert!(text.ends_with("with working directory '/no/such/folder'. No such file or directory"), "{text}");
    nowhere.cwd = PathBuf::from(at("plain")).into();
    assert!(start(&nowhere).unwrap_err().to_string().ends_with("Not a directory"));
}

#[test]
fn a_hundred_megabytes_arrive_intact() {
    let kept = Kept::default();
    let script = "head -c 100000000 /dev/urandom | tee >(sha256sum >&2)";
    let mut spec = bash(script);
    spec.linger.quiet = Duration::from_secs(5);
    let finished = start(&spec).unwrap().drive(&Control::default(), &kept);
    assert_eq!(finished.end, End::Exited { code: 0 });
    let bytes = kept.bytes(Stream::Stdout);
    assert_eq!(bytes.len(), 100_000_000);
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(kept.text(Stream::Stderr).split_whitespace().next(), Some(digest.as_str()));
}

#[test]
fn output_written_just_before_the_exit_is_never_lost() {
    for _ in 0..50 {
        let ran = run(&bash("head -c 200000 /dev/zero | tr '\\0' x; printf last >&2; kill -KILL $$"));
        assert_eq!((ran.out.len(), ran.err.as_str()), (200_000, "last"));
    }
}

#[test]
fn a_background_child_that_holds_the_pipes_does_not_hold_the_end() {
    let ran = run(&bash("sleep 60 & echo begun"));
    assert_eq!((ran.end, ran.out.as_str()), (End::Exited { code: 0 }, "begun\n"));
    assert!(ran.took < Duration::from_millis(900), "{:?}", ran.took);
    let ran = run(&bash("(while sleep 0.01; do echo noise; done) & exit 7"));
    assert_eq!(ran.end, End::Exited { code: 7 });
    assert!(ran.took < Duration::from_millis(2_500), "{:?}", ran.took);
}

#[test]
fn a_helper_that_ends_with_its_step_is_read_to_the_end() {
    let ran = run(&bash("exec > >(sed s/a/b/); echo aaa; for i in {1..2000}; do echo a$i; done"));
    assert!(ran.out.ends_with("b2000\n"), "{}", ran.out.len());
}

#[test]
fn a_background_child_goes_on_writing_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let script =
        format!("(sleep 0.5; head -c 1000000 /dev/zero; echo x > {}; sleep 60) & echo $!", mark.display());
    let (control, kept) = (Control::default(), Kept::default());
    let finished = start(&bash(&script)).unwrap().drive(&control, &kept);
    let leftover = finished.leftover.unwrap();
    std::thread::scope(|scope| {
        let draining = scope.spawn(|| leftover.discard(&control));
        until("the child has written a megabyte to nobody", || mark.exists());
        assert!(!draining.is_finished());
        control.abandon();
        draining.join().unwrap();
    });
    assert!(kept.bytes(Stream::Stdout).len() < 100);
    let pid = kept.text(Stream::Stdout).trim().parse().unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
}

#[test]
fn a_slow_consumer_stalls_the_child_and_loses_nothing() {
    let (control, kept) = (Control::default(), Kept::default());
    kept.closed.store(true, Ordering::Release);
    let running = start(&bash("yes | head -c 3000000")).unwrap();
    std::thread::scope(|scope| {
        let driven = scope.spawn(|| running.drive(&control, &kept));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!driven.is_finished());
        assert!(kept.chunks.lock().unwrap().is_empty());
        kept.closed.store(false, Ordering::Release);
        control.resume();
        assert_eq!(driven.join().unwrap().end, End::Exited { code: 0 });
    });
    assert_eq!(kept.bytes(Stream::Stdout).len(), 3_000_000);
}

#[test]
fn time_runs_out_even_while_nobody_reads() {
    let (control, kept) = (Control::default(), Kept::default());
    kept.closed.store(true, Ordering::Release);
    let mut spec = bash("trap 'exit 0' INT; yes");
    spec.timeout = Some(Duration::from_millis(200));
    let running = start(&spec).unwrap();
    let pid = running.id().to_string();
    std::thread::scope(|scope| {
        let driven = scope.spawn(|| running.drive(&control, &kept));
        until("the child is gone", || !common::is_alive(&pid));
        kept.closed.store(false, Ordering::Release);
        control.resume();
        assert_eq!(driven.join().unwrap().end, End::TimedOut);
    });
}

#[test]
fn a_stop_wished_before_the_start_holds() {
    let control = Control::default();
    control.stop(Stop::Kill);
    assert_eq!(start(&bash("sleep 60")).unwrap().drive(&control, &Kept::default()).end, End::Stopped);
}

#[test]
fn a_process_that_is_over_is_taken_without_a_wait() {
    let over = |script| {
        let mut running = start(&bash(script)).unwrap();
        until("it is over", || running.is_over_within(Duration::from_millis(20)));
        let kept = Kept::default();
        let Finished { end, leftover } = running.drive(&Control::default(), &kept);
        assert!(leftover.is_none());
        (end, kept.text(Stream::Stdout), kept.text(Stream::Stderr))
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(over("exit 4"), (End::Exited { code: 4 }, text(""), text("")));
    assert_eq!(over("kill -9 $$"), (End::Exited { code: 137 }, text(""), text("")));
    assert_eq!(over("echo err >&2"), (End::Exited { code: 0 }, text(""), text("err\n")));
    assert_eq!(
        over("echo out; echo err >&2; exit 3"),
        (End::Exited { code: 3 }, text("out\n"), text("err\n"))
    );
}

#[test]
fn a_process_whose_pipes_are_held_is_not_over_with_its_exit() {
    let mut held = start(&bash("sleep 3 & echo out")).unwrap();
    assert!(!held.is_over_within(Duration::ZERO));
    let pid = held.id().to_string();
    until("it has exited", || !is_alive(&pid));
    assert!(!held.is_over_within(Duration::from_secs(60)), "somebody else holds its pipes");
    let kept = Kept::default();
    let Finished { end, leftover } = held.drive(&Control::default(), &kept);
    assert_eq!((end, leftover.is_some()), (End::Exited { code: 0 }, true));
}
