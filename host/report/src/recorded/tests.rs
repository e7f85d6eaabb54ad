use act_core::Conclusion::{Failure, Success};
use act_core::event::{Event, LogLine};
use insta::assert_snapshot;

use super::*;
use crate::tests::stream::{self, Inside as _, Stream, run_id, step, text};

/// Two legs and a job that needs them; the step `Test` of each leg runs a composite action.
fn two_legs() -> Stream {
    let mut run = Stream::start();
    for (key, name) in [("test.0", "test (a)"), ("test.1", "test (b)"), ("deploy", "Deploy it")] {
        run.queue(key, name);
    }
    for (key, name) in [("test.0", "test (a)"), ("test.1", "test (b)")] {
        run.begin(key, name);
        run.uses(key, step(0), "Test", "./check");
    }
    for key in ["test.0", "test.1"] {
        run.run(key, step(0).inside(0), "Inner", "make test");
        run.output(key, step(0).inside(0), vec![text(&format!("tested {key}"))]);
        run.end_step(key, step(0).inside(0), Success, 100);
        run.end_step(key, step(0), Success, 150);
        run.run(key, step(1), "Report", "make report");
        run.output(key, step(1), vec![text(&format!("reported {key}"))]);
        run.of(key, Event::Summary { step: step(1), markdown: "**all** well".into() });
        run.end_step(key, step(1), Success, 50);
    }
    run.end_job("test.0", "test (a)", Success, None, 1000);
    run.end_job("test.1", "test (b)", Success, None, 2000);
    run.begin("deploy", "Deploy it");
    run.run("deploy", step(0), "Push", "make push");
    run.output("deploy", step(0), vec![text("pushing"), text("refused")]);
    run
}

fn failed() -> Stream {
    let mut run = two_legs();
    run.end_step("deploy", step(0), Failure, 70);
    run.end_job("deploy", "Deploy it", Failure, None, 90);
    Stream { events: run.finish(Failure, false) }
}

struct Store {
    root: tempfile::TempDir,
    runs: Runs,
}

/// Writes a stream through a real log.
fn store(stream: Stream) -> Store {
    let root = tempfile::tempdir().unwrap();
    let runs = Runs::new(root.path());
    let mut log = runs.create(run_id()).unwrap();
    for envelope in stream.events {
        log.append(envelope.job.as_ref(), vec![envelope.event], &[], envelope.time).unwrap();
    }
    Store { root, runs }
}

fn filter(job: &str, step: &str) -> LogFilter {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    LogFilter { job: given(job), step: given(step) }
}

fn logged(store: &Store, job: &str, step: &str) -> Result<String, RecordedError> {
    let mut out = Vec::new();
    let notes = logs(&store.runs, run_id(), &filter(job, step), true, &mut out)?;
    assert_eq!(notes, [""; 0]);
    let times = |line: &str| {
        line.find("2026-").map_or(line.to_owned(), |at| format!("{}{}", &line[..at], &line[at + 29..]))
    };
    let out = String::from_utf8(out).unwrap().replace('\u{1b}', "␛");
    Ok(out.lines().map(|line| times(line) + "\n").collect())
}

fn showed(store: &Store) -> String {
    let mut out = Vec::new();
    show(&store.runs, run_id(), &TimeZone::UTC, false, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_run_is_shown_with_its_jobs_and_steps() {
    assert_snapshot!(showed(&store(failed())), @r#"
    run 01M3250V000000000000000007
    CI: Fix the parser
    push refs/heads/main 0123456789abcdef0123456789abcdef01234567 by octocat
    .github/workflows/ci.yml #12 of octo/hello
    started 2026-09-21 14:13:20 UTC
    failure in 1m 08s

    ✓ test (a)  success in 1.0s
      ✓ Test  0.1s
        ✓ Inner  0.1s
      ✓ Report  0.0s

    ✓ test (b)  success in 2.0s
      ✓ Test  0.1s
        ✓ Inner  0.1s
      ✓ Report  0.0s

    ✗ Deploy it  failure in 0.0s
      ✗ Push  0.0s

    summary of test (a) / Report
      **all** well

    summary of test (b) / Report
      **all** well

    ✗ Deploy it / Push failed, its last lines:
        pushing
        refused
    "#);
}

#[test]
fn a_run_whose_process_died_is_shown_as_far_as_it_came() {
    let shown = showed(&store(two_legs()));
    assert!(shown.contains("\ninterrupted (infrastructure)\n"), "{shown}");
    assert!(shown.contains("▶ Deploy it  has not ended\n  ▸ Push"), "{shown}");
}

#[test]
fn what_went_wrong_is_shown_with_its_reasons() {
    assert_snapshot!(showed(&store(Stream { events: stream::trouble() })), @r#"
    run 01M3250V000000000000000007
    CI: Fix the parser
    push refs/heads/main 0123456789abcdef0123456789abcdef01234567 by octocat
    .github/workflows/ci.yml #12 of octo/hello
    started 2026-09-21 14:13:20 UTC
    failure (infrastructure) in 1m 08s
    cancelled: interrupted by the user

    ✗ far away  infrastructure failure: the machine was lost: the stream ended

    ⊘ near  cancelled in 5.1s
      ✓ Try  0.0s, failed, continue-on-error
      ⊘ Wait  5.0s

    notice: the filters would not have run this workflow but it was named (.github/workflows/ci.yml:2:1)

    annotations
      error: Process completed with exit code 1.
        near / Try
    "#);
}

#[test]
fn logs_go_job_by_job_though_the_jobs_ran_at_once() {
    assert_snapshot!(logged(&store(failed()), "", "").unwrap(), @r#"
    test (a)	Test	##[group]Run ./check
    test (a)	Test	with:
    test (a)	Test	  fetch-depth: 1
    test (a)	Test	env:
    test (a)	Test	  CI_LEVEL: two
    test (a)	Test	lines
    test (a)	Test	##[endgroup]
    test (a)	Test	##[group]Run make test
    test (a)	Test	␛[36;1mmake test␛[0m
    test (a)	Test	shell: /usr/bin/bash -e {0}
    test (a)	Test	env:
    test (a)	Test	  CI_LEVEL: two
    test (a)	Test	lines
    test (a)	Test	##[endgroup]
    test (a)	Test	tested test.0
    test (a)	Report	##[group]Run make report
    test (a)	Report	␛[36;1mmake report␛[0m
    test (a)	Report	shell: /usr/bin/bash -e {0}
    test (a)	Report	env:
    test (a)	Report	  CI_LEVEL: two
    test (a)	Report	lines
    test (a)	Report	##[endgroup]
    test (a)	Report	reported test.0
    test (b)	Test	##[group]Run ./check
    test (b)	Test	with:
    test (b)	Test	  fetch-depth: 1
    test (b)	Test	env:
    test (b)	Test	  CI_LEVEL: two
    test (b)	Test	lines
    test (b)	Test	##[endgroup]
    test (b)	Test	##[group]Run make test
    test (b)	Test	␛[36;1mmake test␛[0m
    test (b)	Test	shell: /usr/bin/bash -e {0}
    test (b)	Test	env:
    test (b)	Test	  CI_LEVEL: two
    test (b)	Test	lines
    test (b)	Test	##[endgroup]
    test (b)	Test	tested test.1
    test (b)	Report	##[group]Run make report
    test (b)	Report	␛[36;1mmake report␛[0m
    test (b)	Report	shell: /usr/bin/bash -e {0}
    test (b)	Report	env:
    test (b)	Report	  CI_LEVEL: two
    test (b)	Report	lines
    test (b)	Report	##[endgroup]
    test (b)	Report	reported test.1
    Deploy it	Push	##[group]Run make push
    Deploy it	Push	␛[36;1mmake push␛[0m
    Deploy it	Push	shell: /usr/bin/bash -e {0}
    Deploy it	Push	env:
    Deploy it	Push	  CI_LEVEL: two
    Deploy it	Push	lines
    Deploy it	Push	##[endgroup]
    Deploy it	Push	pushing
    Deploy it	Push	refused
    "#);
}

#[test]
fn one_job_and_one_step_can_be_asked_for() {
    let store = store(failed());
    let text = |job, step| {
        let log = logged(&store, job, step).unwrap();
        log.lines()
            .filter(|line| line.contains("ed ") || line.ends_with("refused"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(text("test.1", ""), ["tested test.1", "reported test.1"]);
    assert_eq!(text("TEST (A)", "report"), ["reported test.0"]);
    assert_eq!(text("test.0", "Test"), ["tested test.0"], "with what runs inside");
    assert_eq!(text("test.0", "Inner"), ["tested test.0"]);
    assert_eq!(
        text("test", "id-1"),
        ["test (a)\tReport\treported test.0", "test (b)\tReport\treported test.1"]
    );
    assert_eq!(text("deploy", ""), ["refused"]);
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let store = store(failed());
    let error = |job, step| logged(&store, job, step).unwrap_err().to_string();
    assert_eq!(error("biuld", ""), "the run has no job `biuld`; it has `test (a)`, `test (b)`, `Deploy it`");
    assert_eq!(error("deploy", "Pull"), "no job has a step `Pull`; there are `Push`");
}

#[test]
fn a_damaged_log_is_shown_with_a_word_on_it() {
    let store = store(failed());
    let path = store.runs.folder(run_id()).join("events.jsonl");
    let mut log = std::fs::read_to_string(&path).unwrap();
    log.push_str("{\"v\":1,\"se\n{\"v\":1");
    std::fs::write(&path, log).unwrap();
    let mut out = Vec::new();
    let notes = logs(&store.runs, run_id(), &LogFilter::default(), true, &mut out).unwrap();
    assert_eq!(notes.len(), 2);
    assert!(notes[0].ends_with(" is damaged") && notes[1].contains("middle of a line"), "{notes:?}");
    assert!(String::from_utf8(out).unwrap().ends_with("refused\n"));
}

#[test]
fn runs_are_listed_in_columns() {
    let store = store(failed());
    let other = Runs::new(store.root.path());
    drop(other.create(act_core::ids::RunId::from_parts(1_790_000_500_000, 1)).unwrap());
    let mut out = Vec::new();
    list(&store.runs.list(None).unwrap(), &TimeZone::UTC, false, &mut out).unwrap();
    assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    RUN                         WORKFLOW  EVENT  REF   STARTED           RESULT
    01M325G3900000000000000001  -         -      -     -                 interrupted (infrastructure)
    01M3250V000000000000000007  CI        push   main  2026-09-21 14:13  failure in 1m 08s
    "#);
}

#[test]
fn raw_logs_keep_what_a_terminal_must_not_see() {
    let mut run = Stream::start();
    run.queue("a", "a");
    run.begin("a", "a");
    run.output("a", stream::set_up(), vec![LogLine::Text("a\u{1b}[2Kb".into())]);
    let store = store(run);
    for (clean, kept) in [(true, "ab\n"), (false, "a\u{1b}[2Kb\n")] {
        let mut out = Vec::new();
        logs(&store.runs, run_id(), &LogFilter::default(), clean, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().ends_with(kept));
    }
}
