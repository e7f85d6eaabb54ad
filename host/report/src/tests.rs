//! Reporters but the terminal's, and how fast they are.

pub(super) mod stream;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use act_core::event::Envelope;
use insta::assert_snapshot;

use super::github::Names;
use super::terminal::tests::PLAIN;
use super::*;
use stream::{Stream, step, success, text, trouble};

/// Takes what a reporter writes, and how often.
#[derive(Clone, Default)]
pub(super) struct Page(Arc<Mutex<(Vec<u8>, usize)>>);

impl Page {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap().replace('\u{1b}', "␛").replace('\r', "␍")
    }

    /// Each line may get a label, and another run's line may follow.
    pub(super) fn assert_whole_lines(&self) {
        let text = self.text();
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    }

    pub(super) fn writes(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut page = self.0.lock().unwrap();
        page.0.extend_from_slice(bytes);
        page.1 += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn alone<W: io::Write>(out: W) -> Seat<W> {
    Screen::new(out).seat(String::new())
}

fn github(names: Names, events: &[Envelope]) -> String {
    let page = Page::default();
    let mut reporter = Github::new(alone(page.clone()), names, true);
    for event in events {
        reporter.event(event).unwrap();
        page.assert_whole_lines();
    }
    page.text()
}

#[test]
fn the_log_of_a_job_in_githubs_form() {
    assert_snapshot!(github(Names::Hidden, &success()), @r#"
    2026-09-21T14:13:20.3230000Z Current runner version: '0.1.0'
    2026-09-21T14:13:20.4230000Z ##[group]Run actions/checkout@v4
    2026-09-21T14:13:20.4230000Z with:
    2026-09-21T14:13:20.4230000Z   fetch-depth: 1
    2026-09-21T14:13:20.4230000Z env:
    2026-09-21T14:13:20.4230000Z   CI_LEVEL: two
    2026-09-21T14:13:20.4230000Z lines
    2026-09-21T14:13:20.4230000Z ##[endgroup]
    2026-09-21T14:13:20.5230000Z ##[group]Run cargo test
    2026-09-21T14:13:20.5230000Z ␛[36;1mcargo test␛[0m
    2026-09-21T14:13:20.5230000Z ␛[36;1mexit 0␛[0m
    2026-09-21T14:13:20.5230000Z shell: /usr/bin/bash -e {0}
    2026-09-21T14:13:20.5230000Z env:
    2026-09-21T14:13:20.5230000Z   CI_LEVEL: two
    2026-09-21T14:13:20.5230000Z lines
    2026-09-21T14:13:20.5230000Z ##[endgroup]
    2026-09-21T14:13:20.5730000Z ##[group]Compile
    2026-09-21T14:13:20.5730000Z    Compiling act v0.1.0
    2026-09-21T14:13:20.5730000Z ␛[32m    Finished␛[0m in 3 s
    2026-09-21T14:13:20.5730000Z ##[endgroup]
    2026-09-21T14:13:20.5730000Z ##[debug]##evaluating
    2026-09-21T14:13:20.5730000Z ##[command]/usr/bin/git version
    2026-09-21T14:13:20.5730000Z 100% größer 日本
    2026-09-21T14:13:20.5730000Z token is *** and moves nothing
    2026-09-21T14:13:20.8230000Z Post job cleanup.
    2026-09-21T14:13:20.8730000Z cleaned
    "#);
}

#[test]
fn the_log_of_several_jobs_in_githubs_form() {
    assert_snapshot!(github(Names::Shown, &trouble()), @r#"
    2026-09-21T14:13:20.1730000Z ##[notice]the filters would not have run this workflow
    2026-09-21T14:13:20.1730000Z ##[notice]but it was named
    near	Try	2026-09-21T14:13:20.4230000Z ##[group]Run false
    near	Try	2026-09-21T14:13:20.4230000Z ␛[36;1mfalse␛[0m
    near	Try	2026-09-21T14:13:20.4230000Z shell: /usr/bin/bash -e {0}
    near	Try	2026-09-21T14:13:20.4230000Z env:
    near	Try	2026-09-21T14:13:20.4230000Z   CI_LEVEL: two
    near	Try	2026-09-21T14:13:20.4230000Z lines
    near	Try	2026-09-21T14:13:20.4230000Z ##[endgroup]
    near	Try	2026-09-21T14:13:20.4730000Z ##[error]Process completed with exit code 1.
    near	Wait	2026-09-21T14:13:20.6230000Z ##[group]Run sleep 100
    near	Wait	2026-09-21T14:13:20.6230000Z ␛[36;1msleep 100␛[0m
    near	Wait	2026-09-21T14:13:20.6230000Z shell: /usr/bin/bash -e {0}
    near	Wait	2026-09-21T14:13:20.6230000Z env:
    near	Wait	2026-09-21T14:13:20.6230000Z   CI_LEVEL: two
    near	Wait	2026-09-21T14:13:20.6230000Z lines
    near	Wait	2026-09-21T14:13:20.6230000Z ##[endgroup]
    far away	Set up job	2026-09-21T14:13:20.8230000Z ##[error]the machine was lost: the stream ended
    "#);
}

#[test]
fn json_is_the_logs_own_lines() {
    let page = Page::default();
    let mut json = Json::new(page.clone());
    let events = success();
    json.event(&events[0]).unwrap();
    assert_eq!(serde_json::from_str::<Envelope>(page.text().trim_end()).unwrap(), events[0]);
    json.appended(&Appended { envelopes: events, lines: "as written\n".into() }).unwrap();
    assert!(page.text().ends_with("}\nas written\n"));
}

#[test]
#[ignore = "measures; run with --release --nocapture"]
fn two_hundred_megabytes_of_output_are_shown_at_300_mb_a_second() {
    let mut run = Stream::start();
    for name in ["build", "lint"] {
        run.queue(name, name);
        run.begin(name, name);
    }
    run.run("build", step(0), "Test", "true");
    let line = "test expression::tests::numbers_are_parsed_as_javascript_does ... ok in    123 ms";
    let lines = vec![text(line); 64 * 1024 / line.len()];
    run.output("build", step(0), lines.clone());
    let (mut events, size) = (run.events, lines.len() * (line.len() + 1));
    let output = events.pop().unwrap();
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
    let plain: Box<dyn Reporter> = Box::new(Terminal::new(alone(null.try_clone().unwrap()), PLAIN));
    let github: Box<dyn Reporter> = Box::new(Github::new(alone(null), Names::Hidden, true));
    for (name, mut reporter) in [("plain", plain), ("github", github)] {
        events.iter().for_each(|event| reporter.event(event).unwrap());
        let begin = Instant::now();
        let rounds = (200 << 20) / size;
        (0..rounds).for_each(|_| reporter.event(&output).unwrap());
        let rate = (rounds * size) as f64 / begin.elapsed().as_secs_f64() / 1e6;
        println!("{name}: {rate:.0} MB/s");
        assert!(rate > 300.0, "{name}: {rate:.0} MB/s");
    }
}
