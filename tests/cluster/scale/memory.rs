//! What the program takes while five hundred jobs run at once.

use std::fs::OpenOptions;
use std::process::Command;

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, Kubelet};

use super::{LONG, alone, legs, nothing_is_left, peak, user, workflow, written};

/// Five times the usual: at a thousand there would be as many connections as jobs, which no user has.
const CALL_RATE: &str = "call-rate = 100";

const MATRICES: usize = 2;
const LEGS: usize = 250;

#[test]
fn five_hundred_jobs_run_at_once() {
    let Some(cluster) = Cluster::find_own() else { return };
    let _alone = alone();
    let kubelet = Kubelet::start(&cluster);
    let folder = tempfile::tempdir().unwrap();
    let (counter, gate) = (folder.path().join("counter"), folder.path().join("gate"));
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    // A step waits until somebody opens the other end.
    let run = format!("echo \"$LEG\" >> {}; echo waits; : < {}", counter.display(), gate.display());
    let user = user(&cluster, &kubelet, &workflow(MATRICES, LEGS, &run), CALL_RATE);
    let live = user.start(&["--concurrent-jobs", "500"]);
    let mut memory = peak(live.id());
    until("all jobs run", || {
        memory = peak(live.id());
        written(&counter).len() == MATRICES * LEGS || memory.is_none()
    });
    // Where the program ended instead, its own words tell why.
    let Some(memory) = memory else { panic!("it ended: {}", live.end()) };
    println!("memory of act-host while {} jobs run: {memory} KB", MATRICES * LEGS);
    // Open for reading as well: so it opens at once, and no step that comes late waits.
    let open = OpenOptions::new().read(true).write(true).open(&gate).unwrap();
    let ran = live.end_within(LONG);
    drop(open);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(written(&counter), legs(MATRICES, LEGS), "each step ran once");
    assert_eq!(kubelet.most(), MATRICES * LEGS);
    nothing_is_left(&user);
}
