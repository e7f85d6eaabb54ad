//! Two thousand jobs, a hundred at a time; where nobody asks for all of them, fewer.

use act_cluster_tests::{Cluster, Kubelet};

use super::{CALL_RATE, LONG, alone, legs, nothing_is_left, peak_at_the_end, user, workflow, written};

const MATRICES: usize = 8;

/// In CI, and by hand: all of them take minutes.
const ALL: usize = 2000;
const FEW: usize = 400;

/// How many jobs: `ACT_HOST_TEST_JOBS` says another number.
fn jobs() -> usize {
    let said = |name: &str| std::env::var(name).unwrap_or_default();
    match said("ACT_HOST_TEST_JOBS").as_str() {
        "" if said("CI") == "true" => ALL,
        "" => FEW,
        number => number.parse().expect("ACT_HOST_TEST_JOBS is a number"),
    }
}

#[test]
fn thousands_of_jobs_run_each_once() {
    let Some(cluster) = Cluster::find_own() else { return };
    let _alone = alone();
    let (kubelet, legs_each) = (Kubelet::start(&cluster), jobs() / MATRICES);
    let folder = tempfile::tempdir().unwrap();
    let counter = folder.path().join("counter");
    let run = format!("echo \"$LEG\" >> {}; echo \"this is $LEG.\"", counter.display());
    let user = user(&cluster, &kubelet, &workflow(MATRICES, legs_each, &run), CALL_RATE);
    let began = std::time::Instant::now();
    let live = user.start(&["--concurrent-jobs", "100"]);
    let memory = peak_at_the_end(live.id());
    let ran = live.end_within(LONG);
    println!(
        "{} jobs in {:.1} s, {} pods at once at the most, act-host took {} MB at the most",
        MATRICES * legs_each,
        began.elapsed().as_secs_f64(),
        kubelet.most(),
        memory.join().unwrap() / 1000
    );
    assert_eq!(ran.code, Some(0), "{}\n{}", tail(&ran.stdout), tail(&ran.stderr));
    let expected = legs(MATRICES, legs_each);
    assert_eq!(written(&counter), expected, "each step ran once");
    let mut said: Vec<&str> = ran.stdout.lines().filter_map(said).collect();
    said.sort_unstable();
    assert_eq!(said, expected, "what each step said is told once");
    assert_eq!(kubelet.begun(), MATRICES * legs_each, "a pod a job");
    nothing_is_left(&user);
}

/// Which step says it, where a line is of one.
fn said(line: &str) -> Option<&str> {
    line.trim_end().rsplit_once("  this is ")?.1.strip_suffix('.')
}

/// The last lines: all of them are too many to be read.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
