use act_core::event::LogLine;
use act_core::ids::{StepPath, StepRef};

use super::*;

fn started(workflow: &str) -> Event {
    Event::RunStarted(Box::new(RunStarted {
        host: "0.1.0".into(),
        workflow_file: ".github/workflows/ci.yml".into(),
        workflow: workflow.into(),
        title: "a title".into(),
        event_name: "push".into(),
        repository: "o/r".into(),
        reference: "refs/heads/main".into(),
        sha: "0".repeat(40),
        actor: "me".into(),
        run_number: 1,
    }))
}

fn output(text: &str) -> Event {
    Event::Output { step: StepRef::main(StepPath::job().step(0)), lines: vec![LogLine::Text(text.into())] }
}

fn finished() -> Event {
    Event::RunFinished { conclusion: Conclusion::Failure, infrastructure: true, duration_ms: 12 }
}

fn id(n: u128) -> RunId {
    RunId::from_parts(1_790_000_000_000 + n as u64, n)
}

fn record(runs: &Runs, n: u128, events: Vec<Event>) -> RunLog {
    let mut log = runs.create(id(n)).unwrap();
    log.append(None, events, &[], Timestamp::UNIX_EPOCH).unwrap();
    log
}

#[test]
fn runs_are_listed_newest_first_each_with_its_state() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    assert_eq!(runs.list(None).unwrap(), []);
    drop(record(&runs, 1, vec![started("done"), output("x"), finished()]));
    drop(record(&runs, 2, vec![started("killed"), output("x")]));
    let _living = record(&runs, 3, vec![started("living")]);
    drop(runs.create(id(4)).unwrap());
    let seen: Vec<_> =
        runs.list(None).unwrap().into_iter().map(|run| (run.state, run.head.map(|h| h.workflow))).collect();
    let ended = Ended { conclusion: Conclusion::Failure, infrastructure: true, duration_ms: 12 };
    assert_eq!(
        seen,
        [
            (RunState::Interrupted, None),
            (RunState::Running, Some("living".into())),
            (RunState::Interrupted, Some("killed".into())),
            (RunState::Finished(ended), Some("done".into())),
        ]
    );
    assert_eq!(runs.list(Some(1)).unwrap()[0].id, id(4));
}

#[test]
fn an_end_after_a_very_long_line_is_found_and_a_half_written_end_is_none() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    drop(record(&runs, 1, vec![started("x"), output(&"y".repeat(100_000)), finished()]));
    assert!(matches!(runs.list(None).unwrap()[0].state, RunState::Finished(_)));
    let path = runs.folder(id(1)).join(EVENTS);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    assert_eq!(runs.list(None).unwrap()[0].state, RunState::Interrupted);
}

#[test]
fn a_run_is_found_by_any_part_that_is_its_alone() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    assert!(matches!(runs.resolve("latest"), Err(ResolveError::Empty)));
    for n in [1, 2] {
        drop(runs.create(id(n)).unwrap());
    }
    let text = id(1).to_string();
    assert_eq!(runs.resolve("latest").unwrap(), id(2));
    assert_eq!(runs.resolve(&text).unwrap(), id(1));
    assert_eq!(runs.resolve(&text.to_lowercase()[text.len() - 3..]).unwrap(), id(1));
    assert!(
        matches!(runs.resolve(&text[..4]), Err(ResolveError::Ambiguous { candidates, .. }) if candidates == [id(2), id(1)])
    );
    for nothing in ["", "zzz", "../x"] {
        assert!(matches!(runs.resolve(nothing), Err(ResolveError::Unknown { .. })), "{nothing}");
    }
}

#[test]
fn pruning_forgets_the_oldest_but_never_a_living_run() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let _living = record(&runs, 1, vec![started("living")]);
    for n in 2..=5 {
        drop(record(&runs, n, vec![started("x"), output(&"y".repeat(1000)), finished()]));
    }
    let pruned = runs.prune(&KeepRuns { runs: Some(3), bytes: None }).unwrap();
    assert_eq!(pruned.runs, [id(2)]);
    assert!(pruned.bytes > 1000);
    let one = runs.list(Some(1)).unwrap()[0].bytes;
    let pruned = runs.prune(&KeepRuns { runs: None, bytes: Some(one * 2) }).unwrap();
    assert_eq!((pruned.runs, runs.ids().unwrap()), (vec![id(3)], vec![id(5), id(4), id(1)]));
}

#[test]
fn bytes_are_counted_by_the_first_run_of_ten_minutes() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    // The beginning of such ten minutes.
    let at = |minutes: u64| RunId::from_parts(1_790_000_400_000 + minutes * 60_000, 1);
    let mut keep = KeepRuns { runs: Some(4), bytes: None };
    for (minutes, left) in [(1, 1), (2, 2), (3, 3), (4, 4), (9, 4), (12, 1)] {
        let mut log = runs.create(at(minutes)).unwrap();
        log.append(None, vec![started("x")], &[], Timestamp::UNIX_EPOCH).unwrap();
        drop(log);
        // Room for one of them.
        keep.bytes.get_or_insert(runs.list(Some(1)).unwrap()[0].bytes);
        runs.prune_often(&keep).unwrap();
        let expected: Vec<RunId> =
            [12, 9, 4, 3, 2, 1].into_iter().filter(|n| *n <= minutes).map(at).take(left).collect();
        assert_eq!(runs.ids().unwrap(), expected, "{minutes}");
    }
}

#[test]
fn a_removal_that_was_killed_is_finished_by_the_next() {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    fs::create_dir_all(root.path().join("runs/.removed-x")).unwrap();
    assert_eq!(runs.ids().unwrap(), []);
    runs.prune(&KeepRuns::default()).unwrap();
    assert!(!root.path().join("runs/.removed-x").exists());
}
