//! Event streams written by hand, a line a happening, and three runs.

use act_core::Conclusion::{self, Cancelled, Failure, Skipped, Success};
use act_core::Loss;
use act_core::event::{
    EVENT_VERSION, Envelope, Event, FilePlace, JobStamp, Level, LogLine, Mark, RunStarted, StepStarted,
    StepWhat,
};
use act_core::ids::{Attempt, Epoch, Launch, Phase, RunId, StepPath, StepRef};
use indexmap::IndexMap;
use jiff::Timestamp;

pub(crate) fn run_id() -> RunId {
    RunId::from_parts(1_790_000_000_000, 7)
}

pub(crate) fn text(text: &str) -> LogLine {
    LogLine::Text(text.into())
}

pub(crate) fn marked(mark: Mark, text: &str) -> LogLine {
    LogLine::Marked(mark, text.into())
}

pub(crate) fn step(index: u32) -> StepRef {
    StepRef::main(StepPath::job().step(index))
}

pub(crate) fn post(index: u32) -> StepRef {
    StepRef { phase: Phase::Post, ..step(index) }
}

pub(crate) fn set_up() -> StepRef {
    StepRef::main(StepPath::job())
}

pub(crate) trait Inside {
    fn inside(&self, index: u32) -> StepRef;
}

impl Inside for StepRef {
    fn inside(&self, index: u32) -> Self {
        Self { path: self.path.step(index), phase: self.phase }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "annotations have a place or none")]
pub(crate) fn place(file: &str, line: u32, column: u32) -> Option<FilePlace> {
    Some(FilePlace {
        file: Some(file.into()),
        line: Some(line),
        column: Some(column),
        ..FilePlace::default()
    })
}

/// A run that is being told; each event comes 50 ms after the one before.
pub(crate) struct Stream {
    pub(crate) events: Vec<Envelope>,
}

impl Stream {
    pub(crate) fn start() -> Self {
        let mut stream = Self { events: Vec::new() };
        stream.of_run(Event::RunStarted(Box::new(RunStarted {
            host: "0.1.0".into(),
            workflow_file: ".github/workflows/ci.yml".into(),
            workflow: "CI".into(),
            title: "Fix the parser".into(),
            event_name: "push".into(),
            repository: "octo/hello".into(),
            reference: "refs/heads/main".into(),
            sha: "0123456789abcdef0123456789abcdef01234567".into(),
            actor: "octocat".into(),
            run_number: 12,
        })));
        stream
    }

    fn push(&mut self, job: Option<JobStamp>, event: Event) {
        let seq = self.events.len() as u64;
        let time = Timestamp::from_millisecond(1_790_000_000_123 + seq as i64 * 50).unwrap();
        self.events.push(Envelope { v: EVENT_VERSION, seq, time, run: run_id(), job, event });
    }

    pub(crate) fn of_run(&mut self, event: Event) {
        self.push(None, event);
    }

    pub(crate) fn of(&mut self, job: &str, event: Event) {
        let job = job.parse().unwrap();
        self.push(Some(JobStamp { job, attempt: Attempt(1), launch: Launch(1), epoch: Epoch(1) }), event);
    }

    pub(crate) fn queue(&mut self, job: &str, name: &str) {
        self.of(job, Event::JobQueued { name: name.into(), needs: vec![] });
    }

    pub(crate) fn begin(&mut self, job: &str, name: &str) {
        self.of(job, Event::JobStarted { name: name.into(), machine: "laptop".into() });
    }

    pub(crate) fn run(&mut self, job: &str, step: StepRef, name: &str, script: &str) {
        let shell = "/usr/bin/bash -e {0}".into();
        self.step(job, step, name, StepWhat::Run { script: script.into(), shell });
    }

    pub(crate) fn uses(&mut self, job: &str, step: StepRef, name: &str, uses: &str) {
        let with = IndexMap::from([("fetch-depth".into(), "1".into()), ("ref".into(), String::new())]);
        self.step(job, step, name, StepWhat::Uses { uses: uses.into(), with });
    }

    fn step(&mut self, job: &str, step: StepRef, name: &str, what: StepWhat) {
        let env = IndexMap::from([("CI_LEVEL".into(), "two\nlines".into())]);
        let id = format!("id-{}", step.path);
        self.of(job, Event::StepStarted(Box::new(StepStarted { step, id, name: name.into(), what, env })));
    }

    pub(crate) fn output(&mut self, job: &str, step: StepRef, lines: Vec<LogLine>) {
        self.of(job, Event::Output { step, lines });
    }

    pub(crate) fn annotate(
        &mut self,
        job: &str,
        step: StepRef,
        level: Level,
        message: &str,
        place: Option<FilePlace>,
    ) {
        let (message, place) = (message.into(), place.unwrap_or_default());
        self.of(job, Event::Annotation { step, level, message, title: None, place });
    }

    pub(crate) fn end_step(&mut self, job: &str, step: StepRef, end: Conclusion, duration_ms: u64) {
        self.of(job, Event::StepFinished { step, outcome: end, conclusion: end, duration_ms });
    }

    pub(crate) fn end_job(
        &mut self,
        job: &str,
        name: &str,
        conclusion: Conclusion,
        loss: Option<Loss>,
        duration_ms: u64,
    ) {
        let (name, outputs) = (name.into(), IndexMap::new());
        let skipped = conclusion == Skipped;
        let reason = skipped.then(|| "it needs `test`, which failed".to_owned());
        self.of(job, Event::JobFinished { name, conclusion, outputs, reason, loss, duration_ms });
    }

    pub(crate) fn finish(mut self, conclusion: Conclusion, infrastructure: bool) -> Vec<Envelope> {
        self.of_run(Event::RunFinished { conclusion, infrastructure, duration_ms: 68_400 });
        self.events
    }
}

/// One job; a step with a group, debug lines and colours, one that is skipped, a summary.
pub(crate) fn success() -> Vec<Envelope> {
    let mut run = Stream::start();
    run.queue("build", "build");
    run.of(
        "build",
        Event::JobPlaced(Box::new(act_core::event::JobPlaced {
            labels: vec!["ubuntu-latest".into()],
            mapper: "built-in".into(),
            placement: act_core::place::Placement::default(),
            reason: "this machine".into(),
            answers: Vec::new(),
        })),
    );
    run.begin("build", "build");
    run.output("build", set_up(), vec![text("Current runner version: '0.1.0'")]);
    run.of("build", Event::ActionResolved { uses: "actions/checkout@v4".into(), commit: "1".repeat(40) });
    run.uses("build", step(0), "Run actions/checkout@v4", "actions/checkout@v4");
    run.end_step("build", step(0), Success, 1234);
    run.run("build", step(1), "Test", "cargo test\nexit 0");
    run.output(
        "build",
        step(1),
        vec![
            marked(Mark::Group, "Compile"),
            text("   Compiling act v0.1.0"),
            text("\u{1b}[32m    Finished\u{1b}[0m in 3 s"),
            marked(Mark::EndGroup, ""),
            marked(Mark::Debug, "##evaluating"),
            marked(Mark::Command, "/usr/bin/git version"),
            text("10%\r50%\r100% größer 日本"),
            text("token is *** \u{1b}[2K\u{1b}[1Aand moves nothing"),
        ],
    );
    run.of("build", Event::Summary { step: step(1), markdown: "### Tests\n\n- 12 passed\n".into() });
    run.end_step("build", step(1), Success, 65_000);
    run.run("build", step(2), "Deploy", "false");
    run.end_step("build", step(2), Skipped, 0);
    run.uses("build", post(0), "Run actions/checkout@v4", "actions/checkout@v4");
    run.output("build", post(0), vec![text("cleaned")]);
    run.end_step("build", post(0), Success, 40);
    run.end_job("build", "build", Success, None, 67_000);
    run.finish(Success, false)
}

/// A matrix of which one leg fails in a composite action, a job that needs it, a warning with a place.
pub(crate) fn failure() -> Vec<Envelope> {
    let mut run = Stream::start();
    run.queue("test", "test");
    run.queue("deploy", "deploy");
    run.of("test", Event::JobExpanded { legs: 2 });
    for (key, name) in [("test.0", "test (linux, 18)"), ("test.1", "test (linux, 20)")] {
        run.queue(key, name);
        run.of(key, Event::JobWaiting { reason: "max-parallel is 1".into() });
        run.begin(key, name);
        run.uses(key, step(0), "Check", "./.github/actions/check");
        run.run(key, step(0).inside(0), "Lint", "lint");
        run.output(
            key,
            step(0).inside(0),
            vec![marked(Mark::Warning, "unused variable `x`"), text("linted")],
        );
        run.annotate(
            key,
            step(0).inside(0),
            Level::Warning,
            "unused variable `x`",
            place("src/main.rs", 3, 5),
        );
        run.end_step(key, step(0).inside(0), Success, 300);
    }
    run.run("test.1", step(0).inside(1), "Unit tests", "cargo test");
    let mut lines: Vec<LogLine> = (1..=30).map(|n| text(&format!("test number {n}"))).collect();
    lines.push(marked(Mark::Error, "Process completed with exit code 101."));
    run.output("test.1", step(0).inside(1), lines);
    run.annotate("test.1", step(0).inside(1), Level::Error, "Process completed with exit code 101.", None);
    run.end_step("test.1", step(0).inside(1), Failure, 2000);
    run.end_step("test.1", step(0), Failure, 2400);
    run.end_job("test.1", "test (linux, 20)", Failure, None, 2500);
    run.end_step("test.0", step(0), Success, 400);
    run.end_job("test.0", "test (linux, 18)", Success, None, 500);
    run.end_job("deploy", "deploy", Skipped, None, 0);
    run.finish(Failure, false)
}

/// A job that is lost, one that is cancelled, a step whose failure is forgiven, messages of the host.
pub(crate) fn trouble() -> Vec<Envelope> {
    let mut run = Stream::start();
    run.of_run(Event::Notice {
        level: Level::Notice,
        message: "the filters would not have run this workflow\nbut it was named".into(),
        place: place(".github/workflows/ci.yml", 2, 1).unwrap(),
    });
    for (key, name) in [("far", "far away"), ("near", "near")] {
        run.queue(key, name);
        run.begin(key, name);
    }
    run.run("near", step(0), "Try", "false");
    run.output("near", step(0), vec![marked(Mark::Error, "Process completed with exit code 1.")]);
    run.annotate("near", step(0), Level::Error, "Process completed with exit code 1.", None);
    run.of(
        "near",
        Event::StepFinished { step: step(0), outcome: Failure, conclusion: Success, duration_ms: 12 },
    );
    run.run("near", step(1), "Wait", "sleep 100");
    run.of_run(Event::RunCancelled { reason: "interrupted by the user".into() });
    run.end_step("near", step(1), Cancelled, 5000);
    run.end_job("near", "near", Cancelled, None, 5100);
    run.end_job("far", "far away", Failure, Some(Loss::Machine("the stream ended".into())), 3000);
    run.finish(Failure, true)
}
