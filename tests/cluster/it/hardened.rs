//! Jobs in pods that may do little: no root, no writing to the image, no shell, no room beside them.

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, User};
use act_tests::cli::Project;

/// What OpenShift and namespaces with the profile `restricted` let pods have.
const RESTRICTED: &str = "
[plugin.settings.platforms.ubuntu-latest]
image = 'bed.local/node:1'
[plugin.settings.platforms.ubuntu-latest.securityContext]
runAsUser = 1000690000
fsGroup = 1000690000
runAsNonRoot = true
readOnlyRootFilesystem = true
allowPrivilegeEscalation = false
capabilities = { drop = ['ALL'] }
";

const STEPS: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          echo user $(id -u) in $PWD
          touch /etc/file 2>/dev/null || echo the image cannot be written to
          touch file $RUNNER_TEMP/file $HOME/file && echo what is the job\\'s own can
          echo \"said=yes\" >> $GITHUB_ENV
          git status --short
      - uses: ./action
      - run: echo said $said
";

#[test]
fn a_job_runs_as_any_user_in_a_namespace_that_restricts_its_pods() {
    let Some(cluster) = Cluster::find_own() else { return };
    let mut project = Project::with(STEPS);
    project.file("action/action.yml", "runs: { using: node20, main: main.js, post: post.js }\n");
    project.file(
        "action/main.js",
        "require('fs').writeFileSync(process.env.RUNNER_TEMP + '/js', 'x'); console.log('main')",
    );
    project.file("action/post.js", "console.log('post')");
    project.commit();
    let user = User::of(project, &cluster).with_settings(RESTRICTED);
    let name = &user.namespace.name;
    cluster.kubectl(["label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted"]);
    let ran = user.run(&[]);
    println!("{ran}");
    assert_eq!(ran.code, Some(0), "{ran}");
    for said in
        ["user 1000690000 in ", "the image cannot be written to", "own can", "  main", "said yes", "  post"]
    {
        assert!(ran.stdout.contains(said), "{said}: {ran}");
    }
    until("nothing is left", || user.left().is_empty());
}

const NO_SHELL: &str = "on: push
jobs:
  one:
    runs-on: ubuntu-latest
    container: bed.local/static:1
    steps:
      - shell: /tool print {0}
        run: nothing here is a shell
      - run: echo never
";

#[test]
fn an_image_without_a_shell_runs_what_it_has_and_says_what_it_has_not() {
    let Some(cluster) = Cluster::find_own() else { return };
    let user = User::of(Project::with(NO_SHELL), &cluster);
    let ran = user.run(&[]);
    println!("{ran}");
    assert_eq!(ran.code, Some(1), "{ran}");
    until("nothing is left", || user.left().is_empty());
}

const MANY: &str = "on: push
jobs:
  many:
    strategy: { matrix: { number: NUMBERS } }
    runs-on: ubuntu-latest
    steps:
      - run: echo number ${{ matrix.number }}
";

#[test]
fn as_many_pods_run_side_by_side_as_the_node_takes_and_the_rest_waits() {
    let Some(cluster) = Cluster::find_own() else { return };
    let numbers: Vec<u32> = (0..60).collect();
    let workflow = MANY.replace("NUMBERS", &format!("{numbers:?}"));
    let settings = "
defaultResources = { requests = { cpu = '50m', memory = '64Mi' }, limits = { memory = '256Mi' } }
platforms.ubuntu-latest.image = 'bed.local/node:1'";
    let user = User::of(Project::with(&workflow), &cluster).with_settings(settings);
    let ran = user.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for number in numbers {
        let said = format!("number {number}");
        assert!(ran.stdout.lines().any(|line| line.ends_with(&said)), "{said}: {ran}");
    }
    until("nothing is left", || user.left().is_empty());
}
