//! Runs whose way to the cluster breaks again and again: every byte of a step's output comes, once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use act_cluster_tests::cluster::until;
use act_cluster_tests::tunnel::{Breaks, Tunnel};
use act_cluster_tests::{Cluster, User};
use act_tests::cli::{Project, Ran};

/// Prints lines that all differ, and at last their digest. Most of a line is noise, which gets no smaller on its way.
const LINES: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - run: |
          i=0
          noise=$(head -c 48000 /dev/urandom | base64 | tr -d '\\n')
          for round in $(seq 60); do
            for line in $(seq 400); do i=$((i + 1)); echo \"line $i of a step whose connection is cut ${noise:$((i * 240 % 63700)):240}\"; done
            sleep 0.05
          done | tee $RUNNER_TEMP/all
          echo digest $(sha256sum < $RUNNER_TEMP/all | cut -d' ' -f1)
";

fn user(cluster: &Cluster, workflow: &str, tunnel: &Tunnel) -> User {
    let mut user = User::of(Project::with(workflow), cluster);
    let file = user.project.folder("home/kubeconfig");
    let kubeconfig = tunnel.kubeconfig(cluster.kubeconfig(), &file);
    user.project.env("KUBECONFIG", kubeconfig.display().to_string());
    user
}

/// What a step printed, as the run's log has it.
fn printed(ran: &Ran) -> Vec<String> {
    let mut printed = Vec::new();
    for line in ran.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        if event["type"] == "output" && event["step"]["path"] == "0" {
            printed.extend(
                event["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()),
            );
        }
    }
    printed
}

#[test]
fn a_step_whose_streams_are_cut_fifty_times_loses_no_byte_and_says_none_twice() {
    let Some(cluster) = Cluster::find_own() else { return };
    let tunnel = Tunnel::to("10.96.0.1:443");
    let user = user(&cluster, LINES, &tunnel);
    let mut run = user.start(&["--json"]);
    run.saw("\"step-started\"");
    let mut random = fastrand::Rng::with_seed(7);
    tunnel.cut();
    let over = AtomicBool::new(false);
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let after_bytes = Some(random.u64(60_000..200_000));
                tunnel.set(Breaks { after_bytes, ..Breaks::default() });
                thread::sleep(Duration::from_millis(20));
            }
        });
        let _at_last = Raised(&over);
        run.end()
    });
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(tunnel.cuts() >= 50, "{} cuts", tunnel.cuts());
    println!("{} cuts", tunnel.cuts());
    let mut lines = printed(&ran);
    let digest = lines.pop().unwrap();
    let lost = lines.iter().zip(1..).find(|(line, number)| !line.starts_with(&format!("line {number} ")));
    assert_eq!((lines.len(), lost), (60 * 400, None));
    assert!(digest.starts_with("digest "), "{digest}");
    until("nothing is left", || user.left().is_empty());
}

/// Is raised when dropped, also by a panic.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

const SILENT: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo before
          sleep 12
          echo after
";

#[test]
fn a_silent_step_behind_a_proxy_that_cuts_idle_links_goes_on() {
    let Some(cluster) = Cluster::find_own() else { return };
    for idle in [2, 7] {
        let tunnel = Tunnel::to("10.96.0.1:443");
        tunnel.set(Breaks { when_idle: Some(Duration::from_secs(idle)), ..Breaks::default() });
        let user = user(&cluster, SILENT, &tunnel);
        let ran = user.run(&["--json"]);
        assert_eq!(ran.code, Some(0), "{ran}");
        assert_eq!(printed(&ran), ["before", "after"]);
        if idle == 2 {
            assert!(tunnel.cuts() > 2, "{} cuts", tunnel.cuts());
        }
        until("nothing is left", || user.left().is_empty());
    }
}

const LARGE: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - run: |
          seq 1 2700000 | tee $RUNNER_TEMP/all
          sha256sum < $RUNNER_TEMP/all | cut -d' ' -f1 > $GITHUB_WORKSPACE/digest
      - run: echo digest $(cat digest)
";

#[test]
fn twenty_megabytes_of_a_step_come_as_they_were_printed() {
    use sha2::{Digest as _, Sha256};
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(Project::with(LARGE), &cluster);
    let ran = user.run(&["--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let bytes: String = printed(&ran).iter().map(|line| format!("{line}\n")).collect();
    let digest: String = Sha256::digest(bytes.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(bytes.len() > 20_000_000, "{}", bytes.len());
    assert!(ran.stdout.contains(&format!("digest {digest}")), "{} bytes came", bytes.len());
}
