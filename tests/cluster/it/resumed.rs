//! `act-host` killed with SIGKILL while its jobs are on the cluster, and started again: `run --resume`.

use std::thread;

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, User};
use act_tests::cli::Project;

const SEVERAL: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    outputs: { word: '${{ steps.word.outputs.word }}' }
    steps:
      - uses: actions/checkout@v4
      - run: for i in 1 2 3 4 5 6 7 8; do echo first $i; sleep 0.25; done
      - uses: ./action
      - id: word
        run: echo word=said-by-one >> $GITHUB_OUTPUT
      - run: for i in 1 2 3 4; do echo last $i; sleep 0.25; done
  two:
    needs: one
    runs-on: ubuntu-latest
    steps:
      - run: echo heard '${{ needs.one.outputs.word }}'
";

const ACTION: &str = "runs: { using: node20, main: main.js, post: post.js }\n";

/// What each job said, line by line, and how its steps and it ended: the same each time.
fn story(log: &str) -> Vec<String> {
    let mut story = Vec::new();
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let (job, step) = (event["job"].as_str().unwrap_or_default(), &event["step"]);
        let told = match event["type"].as_str().unwrap() {
            "output" => event["lines"].as_array().unwrap().iter().map(ToString::to_string).collect(),
            kind @ ("step-finished" | "job-finished" | "run-finished") => {
                vec![format!("{kind} {} {}", event["conclusion"], event["outputs"])]
            }
            kind @ ("job-started" | "step-started") => vec![kind.to_owned()],
            kind @ "job-judged" => {
                vec![format!("{kind} {} {}", event["phase"], event["verdict"])]
            }
            _ => Vec::new(),
        };
        story.extend(told.iter().map(|told| format!("{job} {step} {told}")));
    }
    story
}

/// Where the host is killed: when it has told this.
const BOUNDARIES: [&str; 11] = [
    "\"job-queued\"",
    "\"job-placed\"",
    "\"job-started\"",
    "\"step-started\"",
    "first 1",
    "first 6",
    "main runs",
    "last 2",
    "post runs",
    "\"job-finished\"",
    "heard ",
];

fn user(cluster: &Cluster) -> User {
    let mut project = Project::with(SEVERAL);
    project.file("action/action.yml", ACTION);
    project.file("action/main.js", "console.log('main runs')");
    project.file("action/post.js", "setTimeout(() => console.log('post runs'), 500)");
    project.commit();
    User::of(project, cluster).with_policy("ubuntu-latest")
}

#[test]
fn a_host_that_is_killed_at_any_boundary_goes_on_with_its_run() {
    let Some(cluster) = Cluster::find() else { return };
    let uncut = user(&cluster).run(&["--json"]);
    assert_eq!(uncut.code, Some(0), "{uncut}");
    let expected = story(&uncut.stdout);
    assert_eq!(expected.iter().filter(|line| line.contains("runs\"")).count(), 2, "{uncut}");
    assert!(expected.iter().any(|line| line.contains("job-judged")), "{uncut}");
    let goes_on = |boundary: &str| {
        let user = user(&cluster);
        let mut run = user.start(&["--json"]);
        run.saw(boundary).kill();
        let _ = run.end();
        let resumed = user.project.act(["run", "--resume", "latest"]);
        assert_eq!(resumed.code, Some(0), "killed at {boundary}: {resumed}");
        assert_eq!(story(&resumed.stdout), expected, "killed at {boundary}: {resumed}");
        until("its pods have gone", || user.left().is_empty());
    };
    thread::scope(|scope| {
        for some in BOUNDARIES.chunks(3) {
            scope.spawn(|| some.iter().for_each(|boundary| goes_on(boundary)));
        }
    });
}

const LONG: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - run: for i in $(seq 300); do echo line $i; sleep 0.2; done
      - run: echo always runs ${{ job.status }}
        if: always()
";

/// The job is not one that has not started: what is cancelled is its step, and what runs always runs.
#[test]
fn a_job_that_goes_on_is_cancelled_in_its_steps() {
    let Some(cluster) = Cluster::find() else { return };
    let mut project = Project::with(LONG);
    project.commit();
    let user = User::of(project, &cluster);
    let mut run = user.start(&["--json"]);
    run.saw("line 3").kill();
    let _ = run.end();
    let mut resumed = user.project.start(["run", "--resume", "latest"]);
    // It says again what is known, and then looks for its pod.
    resumed.saw("line 3").interrupt();
    let ran = resumed.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert!(ran.stdout.contains("always runs cancelled"), "{ran}");
    assert!(!ran.stdout.contains("line 300"), "{ran}");
    until("its pods have gone", || user.left().is_empty());
}
