use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use act_core::event::LogLine;
use act_core::ids::{StepPath, StepRef};

use super::*;
use crate::error::ReadError;
use crate::journal::Entry;
use crate::runs::Runs;

fn run() -> RunId {
    RunId::from_parts(1_790_000_000_000, 7)
}

fn stamp(launch: u32, epoch: u64) -> JobStamp {
    let job = "build.1".parse().unwrap();
    JobStamp { job, attempt: Attempt(1), launch: Launch(launch), epoch: Epoch(epoch) }
}

fn output(text: &str) -> Event {
    Event::Output { step: StepRef::main(StepPath::job().step(0)), lines: vec![LogLine::Text(text.into())] }
}

fn began() -> Record {
    Record::JobBegan { at: Timestamp::UNIX_EPOCH }
}

fn texts(runs: &Runs) -> Vec<(u64, String)> {
    let text = |event| match event {
        Event::Output { lines, .. } => format!("{lines:?}"),
        other => format!("{other:?}"),
    };
    runs.read(run()).unwrap().map(|line| line.unwrap()).map(|e| (e.seq, text(e.event))).collect()
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

#[test]
fn what_is_returned_is_what_the_log_holds_and_what_is_read_back() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let mut log = runs.create(run()).unwrap();
    let one = log.append(None, vec![output("a"), output("b\u{1b}[1m é")], &[], NOW).unwrap();
    let two = log.append(Some(&stamp(1, 1)), vec![output("c")], &[began()], NOW).unwrap();
    let file = fs::read(runs.folder(run()).join(EVENTS)).unwrap();
    assert_eq!([&one.lines[..], &two.lines[..]].concat(), file);
    let read: Vec<_> = runs.read(run()).unwrap().map(Result::unwrap).collect();
    assert_eq!(read, [one.envelopes, two.envelopes].concat());
    assert_eq!(read.iter().map(|e| e.seq).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn the_journal_keeps_inputs_and_records_to_itself() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let mut log = runs.create(run()).unwrap();
    log.freeze("event", &serde_json::json!({"ref": "x"})).unwrap();
    log.append(Some(&stamp(1, 1)), vec![output("a")], &[began()], NOW).unwrap();
    log.append(Some(&stamp(1, 1)), vec![output("b")], &[], NOW).unwrap();
    let entries: Vec<_> = runs.journal(run()).unwrap().map(Result::unwrap).collect();
    assert!(matches!(&entries[0], Entry::Frozen(f) if f.name == "event" && f.value["ref"] == "x"));
    let expected =
        Entry::Records { time: NOW, job: Some(stamp(1, 1)), first: 0, next: 1, records: vec![began()] };
    assert_eq!(entries[1..], [expected]);
    assert_eq!(texts(&runs).len(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(Journal::path(&runs.folder(run()))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn who_was_taken_over_from_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let mut log = runs.create(run()).unwrap();
    let say = |log: &mut RunLog, launch, epoch| {
        log.append(Some(&stamp(launch, epoch)), vec![output("x")], &[began()], NOW).map(|_| ())
    };
    say(&mut log, 1, 1).unwrap();
    say(&mut log, 1, 2).unwrap();
    assert!(matches!(say(&mut log, 1, 1), Err(LogError::Fenced { newest: (Launch(1), Epoch(2)), .. })));
    say(&mut log, 2, 1).unwrap();
    assert!(matches!(say(&mut log, 1, 2), Err(LogError::Fenced { .. })));
    drop(log);
    let mut log = runs.reopen(run()).unwrap();
    assert!(matches!(say(&mut log, 1, 2), Err(LogError::Fenced { .. })), "also after a restart");
    say(&mut log, 2, 1).unwrap();
    assert_eq!(texts(&runs).into_iter().map(|(seq, _)| seq).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_run_has_one_owner() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let log = runs.create(run()).unwrap();
    assert!(matches!(runs.reopen(run()), Err(LogError::Owned { .. })));
    drop(log);
    runs.reopen(run()).unwrap();
}

#[test]
fn wherever_a_kill_cuts_the_files_a_reopened_run_keeps_both_or_neither() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let mut log = runs.create(run()).unwrap();
    let whole = |runs: &Runs| {
        (
            fs::read(runs.folder(run()).join(EVENTS)).unwrap(),
            fs::read(Journal::path(&runs.folder(run()))).unwrap(),
        )
    };
    log.append(None, vec![output("first")], &[began()], NOW).unwrap();
    let before = whole(&runs);
    log.append(None, vec![output("second"), output("third")], &[began()], NOW).unwrap();
    drop(log);
    let after = whole(&runs);
    for cut in before.0.len()..after.0.len() {
        fs::write(runs.folder(run()).join(EVENTS), &after.0[..cut]).unwrap();
        fs::write(Journal::path(&runs.folder(run())), &after.1).unwrap();
        let mut log = runs.reopen(run()).unwrap();
        assert_eq!(whole(&runs), before, "cut at {cut}");
        let again = log.append(None, vec![output("again")], &[], NOW).unwrap();
        assert_eq!(again.envelopes[0].seq, 1);
    }
    for cut in before.1.len()..after.1.len() {
        fs::write(runs.folder(run()).join(EVENTS), &before.0).unwrap();
        fs::write(Journal::path(&runs.folder(run())), &after.1[..cut]).unwrap();
        drop(runs.reopen(run()).unwrap());
        assert_eq!(whole(&runs), before, "cut at {cut}");
    }
}

#[test]
fn a_half_line_is_left_out_and_read_when_it_is_whole() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let mut log = runs.create(run()).unwrap();
    log.append(None, vec![output("a"), output("b")], &[], NOW).unwrap();
    let path = runs.folder(run()).join(EVENTS);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let mut reader = runs.read(run()).unwrap();
    assert_eq!((&mut reader).map(Result::unwrap).count(), 1);
    assert!(reader.ended_mid_line());
    fs::write(&path, &whole).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().seq, 1);
    assert!(reader.next().is_none() && !reader.ended_mid_line());
}

#[test]
fn damaged_and_newer_lines_are_told_apart_and_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let lines = runs.create(run()).unwrap().append(None, vec![output("a")], &[], NOW).unwrap().lines;
    let mut text = "{\"v\":2,\"type\":\"unheard-of\"}\nnot json\n".to_owned();
    text.push_str(std::str::from_utf8(&lines).unwrap());
    fs::write(runs.folder(run()).join(EVENTS), text).unwrap();
    let mut reader = runs.read(run()).unwrap();
    assert!(matches!(reader.next(), Some(Err(ReadError::Newer { line: 1, version: 2, .. }))));
    assert!(matches!(reader.next(), Some(Err(ReadError::Damaged { line: 2, .. }))));
    assert_eq!(reader.next().unwrap().unwrap().seq, 0);
}

#[test]
fn a_line_can_be_gone_back_to() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    runs.create(run()).unwrap().append(None, vec![output("a"), output("b"), output("c")], &[], NOW).unwrap();
    let mut reader = runs.read(run()).unwrap();
    let mut spans = Vec::new();
    while reader.next().is_some() {
        spans.push(reader.span());
    }
    reader.go_to(spans[1]).unwrap();
    assert_eq!((reader.next().unwrap().unwrap().seq, reader.span()), (1, spans[1]));
}

#[test]
#[ignore = "is the process of the next test that may write little"]
fn writes_until_there_is_no_room() {
    let Ok(root) = std::env::var("LOG_ROOT") else { return };
    let mut log = Runs::new(Path::new(&root)).create(run()).unwrap();
    let mut written = 0;
    let error = loop {
        match log.append(None, vec![output(&"x".repeat(300))], &[began()], NOW) {
            Ok(appended) => written += appended.envelopes.len(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LogError::Full { .. }), "{error:?}");
    println!("<written {written}>");
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_whole_lines_in_both_files() {
    let root = tempfile::tempdir().unwrap();
    // A limit on the size of files stops a write half way, as a full disk does.
    let out = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact log::tests::writes_until_there_is_no_room --ignored --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env("LOG_ROOT", root.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let runs = Runs::new(root.path());
    let mut reader = runs.read(run()).unwrap();
    let lines = (&mut reader).map(Result::unwrap).count();
    assert!(lines > 3 && said.contains(&format!("<written {lines}>")), "{said}");
    assert!(!reader.ended_mid_line());
    let mut journal = runs.journal(run()).unwrap();
    assert_eq!((&mut journal).map(Result::unwrap).count(), lines);
    assert!(!journal.ended_mid_line());
}

#[test]
#[ignore = "measures; run with --release --nocapture"]
fn two_hundred_megabytes_of_output_are_written_at_300_mb_a_second() {
    let root =
        tempfile::tempdir_in(std::env::var("LOG_BENCH_ROOT").unwrap_or_else(|_| "/dev/shm".into())).unwrap();
    let mut log = Runs::new(root.path()).create(run()).unwrap();
    let mut line = "test expression::tests::numbers_are_parsed_as_javascript_does ... ok in ".to_owned();
    write!(line, "{:>8} \u{1b}[32mµs\u{1b}[0m", 1234).unwrap();
    let (lines_each, total) = (64 * 1024 / line.len(), 200 << 20);
    let step = StepRef::main(StepPath::job().step(0));
    let (mut bytes, mut spent) = (0, Duration::ZERO);
    while bytes < total {
        let lines = vec![LogLine::Text(line.clone()); lines_each];
        bytes += lines_each * (line.len() + 1);
        let event = vec![Event::Output { step: step.clone(), lines }];
        let begin = Instant::now();
        let appended = log.append(Some(&stamp(1, 1)), event, &[], NOW).unwrap();
        spent += begin.elapsed();
        assert_eq!(appended.envelopes.len(), 1);
    }
    let rate = bytes as f64 / spent.as_secs_f64() / 1e6;
    println!("{rate:.0} MB/s");
    assert!(rate > 300.0, "{rate:.0} MB/s");
}
