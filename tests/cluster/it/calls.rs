//! What a run costs the API server.

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, User};
use act_tests::cli::{Project, Ran};

/// Runs a matrix of so many jobs and counts the calls.
fn calls(cluster: &Cluster, jobs: usize) -> Vec<String> {
    let legs = (0..jobs).map(|leg| leg.to_string()).collect::<Vec<_>>().join(", ");
    let workflow = format!(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    strategy: {{ matrix: {{ leg: [{legs}] }} }}\n    steps:\n      \
         - uses: actions/checkout@v4\n      - run: echo one\n      - run: echo two\n"
    );
    let mut project = Project::with(&workflow);
    project.env("ACT_HOST_TRACE", "1");
    let ran = User::of(project, cluster).run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    traced(&ran)
}

fn traced(ran: &Ran) -> Vec<String> {
    let call =
        |line: &str| line.split_once("call=").map(|(_, call)| call.split(' ').next().unwrap().to_owned());
    ran.stderr.lines().filter(|line| line.contains("act_host::kubernetes")).filter_map(call).collect()
}

#[test]
fn a_job_without_services_costs_six_calls_at_the_most() {
    let Some(cluster) = Cluster::find_own() else { return };
    let (few, many) = (calls(&cluster, 2), calls(&cluster, 8));
    println!("{many:?}");
    assert!(few.len() > 4 && many.len() > few.len(), "{few:?}");
    // What a run asks once, however many jobs it has, is not a job's; the Lease is renewed by time.
    let of_jobs = |calls: &[String]| calls.iter().filter(|call| *call != "PatchLease").count();
    let each = (of_jobs(&many) - of_jobs(&few)) / 6;
    assert!(each <= 6, "{each} calls a job: {many:?}");
}

const WAITING: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    strategy: { matrix: { leg: [1, 2, 3, 4, 5, 6] } }
    steps:
      - run: echo ${{ matrix.leg }} waits; sleep 5; echo ${{ matrix.leg }} waited
";

#[test]
fn jobs_that_go_on_do_not_list_all_machines_each() {
    let Some(cluster) = Cluster::find() else { return };
    let mut project = Project::with(WAITING);
    project.env("ACT_HOST_TRACE", "1");
    project.commit();
    let user = User::of(project, &cluster);
    let mut run = user.start(&[]);
    for leg in 1..=6 {
        run.saw(&format!("{leg} waits"));
    }
    run.kill();
    let _ = run.end();
    let resumed = user.project.act(["run", "--resume", "latest"]);
    assert_eq!(resumed.code, Some(0), "{resumed}");
    assert_eq!(resumed.stdout.matches("✓ job succeeded").count(), 6, "{resumed}");
    // Before the run goes on, for what others left behind, and for the first of its jobs.
    let lists = traced(&resumed).iter().filter(|call| *call == "ListLeases").count();
    assert!((1..=2).contains(&lists), "{lists} lists: {resumed}");
    until("its pods have gone", || user.left().is_empty());
}
