//! Workflows run on the cluster by a user of the program, as on this machine.

use std::path::Path;

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, User};
use act_tests::cli::Project;

/// A repository with the project's examples.
fn examples() -> Project {
    let mut project = Project::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    copy(&root, Path::new(""), &mut project);
    project.commit();
    project
}

fn copy(root: &Path, below: &Path, project: &mut Project) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true if path.ends_with("plugins") => {}
            true => copy(root, &path, project),
            false => {
                project.file(path.to_str().unwrap(), std::fs::read(entry.path()).unwrap());
            }
        }
    }
}

/// What is said, without the order of jobs that run side by side, the width of their names, where they run, and the
/// first lines of steps: one that is over at once and says nothing has none.
fn said(stdout: &str) -> Vec<String> {
    let is_of_place = |line: &str| ["waiting: ", "▶", "▸", "runs-on "].iter().any(|mark| line.contains(mark));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = stdout.lines().filter(|line| !is_of_place(line)).map(words).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn the_examples_do_on_a_cluster_what_they_do_here() {
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(examples(), &cluster);
    for (workflow, code) in [("main.yml", 0), ("failing.yml", 1)] {
        let path = format!(".github/workflows/{workflow}");
        let args = ["-W", &path];
        let (there, here) = (user.run(&args), examples().run(&args));
        assert_eq!(there.code, Some(code), "{there}");
        assert_eq!(said(&there.stdout), said(&here.stdout), "{there}\n{here}");
        assert_eq!(there.stderr, here.stderr);
    }
    until("nothing is left", || user.left().is_empty());
}

const DATABASES: &str = "
on: push
jobs:
  ask:
    runs-on: ubuntu-latest
    services:
      cache:
        image: bed.local/redis:1
        ports: [6379]
      db:
        image: bed.local/postgres:1
        env: { POSTGRES_USER: me, POSTGRES_PASSWORD: secret, POSTGRES_DB: app }
        ports: ['5432:5432']
        options: --health-cmd \"psql postgresql://me:secret@127.0.0.1/app --command 'select 1'\" --health-interval 1s --health-retries 120
    steps:
      - shell: bash
        env:
          PORT: ${{ job.services.cache.ports['6379'] }}
        run: |
          for host in cache localhost; do
            exec 3<>/dev/tcp/$host/$PORT
            printf 'PING\\r\\n' >&3
            read -r answer <&3
            echo \"redis at $host: ${answer%?}\"
          done
          for host in db localhost; do
            exec 3<>/dev/tcp/$host/5432
            printf '\\0\\0\\0\\x08\\x04\\xd2\\x16\\x2f' >&3
            read -r -n 1 answer <&3
            echo \"postgres at $host: $answer\"
          done
";

#[test]
fn services_answer_by_their_names_and_on_localhost() {
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(Project::with(DATABASES), &cluster);
    let ran = user.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for line in ["redis at cache: +PONG", "redis at localhost: +PONG"] {
        assert!(ran.stdout.contains(line), "`{line}`: {ran}");
    }
    // An SSL request is what a server of Postgres answers with one letter.
    for line in ["postgres at db: N", "postgres at localhost: N"] {
        assert!(ran.stdout.contains(line), "`{line}`: {ran}");
    }
    until("nothing is left", || user.left().is_empty());
}

const MATRIX: &str = "
on: push
jobs:
  legs:
    runs-on: ubuntu-latest
    container: bed.local/busybox:1
    defaults: { run: { shell: sh } }
    strategy:
      matrix: { a: [1, 2, 3], b: [x, y, z] }
    steps:
      - run: echo \"leg ${{ matrix.a }}${{ matrix.b }}\"
  after:
    needs: legs
    runs-on: ubuntu-latest
    container: bed.local/busybox:1
    steps:
      - shell: sh
        run: echo \"legs ${{ needs.legs.result }}\"
";

#[test]
fn a_matrix_of_nine_runs_with_the_plugin_that_the_backend_brings() {
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(Project::with(MATRIX), &cluster).without_config();
    let ran = user.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for a in 1..=3 {
        for b in ["x", "y", "z"] {
            assert_eq!(ran.lines_with(&format!("  leg {a}{b}")).len(), 1, "{ran}");
        }
    }
    assert_eq!(ran.lines_with("  legs success").len(), 1, "{ran}");
    until("nothing is left", || user.left().is_empty());
}

#[test]
fn ctrl_c_ends_a_step_in_a_pod_runs_what_is_always_run_and_leaves_nothing() {
    let Some(cluster) = Cluster::find() else { return };
    let workflow = "
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo begun; sleep 1000
      - run: echo never
      - if: always()
        run: echo cleaned up
";
    let user = User::of(Project::with(workflow), &cluster);
    let mut live = user.start(&[]);
    live.saw("begun").interrupt();
    let ran = live.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert!(ran.stdout.contains("cleaned up") && !ran.stdout.contains("never\n"), "{ran}");
    until("nothing is left", || user.left().is_empty());
}
