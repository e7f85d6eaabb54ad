//! What a user says of where jobs run and how, on the cluster: backends, delivery, what is kept and told.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, User};
use act_tests::cli::{Project, Ran};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const TWO: &str = "
on: push
jobs:
  near:
    runs-on: build
    steps:
      - run: echo \"near is $RUNNER_NAME\"
  far:
    runs-on: ubuntu-latest
    needs: near
    steps:
      - run: echo \"far is $RUNNER_NAME\"
";

fn run_in(user: &User, args: &[&str]) -> Ran {
    let words = ["run", "--namespace", &user.namespace.name];
    user.project.act(words.iter().chain(args))
}

#[test]
fn one_run_has_jobs_here_and_on_the_cluster() {
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(Project::with(TWO), &cluster);
    let ran = run_in(&user, &["-P", "build=-self-hosted"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for line in ["  near is act-host\n", "  far is Kubernetes Runner\n"] {
        assert!(ran.stdout.contains(line), "{line}: {ran}");
    }
    until("nothing is left", || user.left().is_empty());
}

#[test]
fn one_label_goes_to_the_cluster_and_the_others_stay_here() {
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(Project::with(&TWO.replace("ubuntu-latest", "pod")), &cluster).without_config();
    let args = ["-P", "build=-self-hosted", "-P", "pod=k8s:bed.local/node:1:kubernetes.io/os=linux"];
    let ran = run_in(&user, &args);
    assert_eq!(ran.code, Some(0), "{ran}");
    for line in ["  near is act-host\n", "  far is Kubernetes Runner\n"] {
        assert!(ran.stdout.contains(line), "{line}: {ran}");
    }
    until("nothing is left", || user.left().is_empty());
}

const SLOW: &str = "
on: push
jobs:
  near: { runs-on: build, steps: [{ run: echo near }] }
  far:
    needs: near
    runs-on: ubuntu-latest
    steps:
      - run: echo begun; sleep 5; echo over
";

#[test]
fn a_run_without_a_backend_finds_its_pods_again() {
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(Project::with(SLOW), &cluster);
    let mut run =
        user.project.start(["run", "--namespace", &user.namespace.name, "-P", "build=-self-hosted"]);
    run.saw("begun").kill();
    let _ = run.end();
    let resumed = user.project.act(["run", "--resume", "latest"]);
    assert_eq!(resumed.code, Some(0), "{resumed}");
    assert_eq!(resumed.lines_with("  over").len(), 1, "{resumed}");
    until("nothing is left", || user.left().is_empty());
}

const SHELL: &str = "
on: push
jobs:
  a:
    runs-on: tiny
    defaults: { run: { shell: sh } }
    steps:
      - run: id -u; cat /proc/1/cmdline | tr '\\0' ' '; echo; echo $TEAM
";

#[test]
fn a_yaml_file_says_how_pods_are_made() {
    let Some(cluster) = Cluster::find() else { return };
    let mut user = User::of(Project::with(SHELL), &cluster).without_config();
    let yaml = format!(
        "
kubernetes:
  enabled: true
  namespace: {}
  platforms:
    tiny:
      image: bed.local/busybox:1
      nodeSelector: {{ kubernetes.io/os: linux }}
  defaultResources:
    requests: {{ cpu: 10m, memory: 32Mi }}
  podTemplate:
    spec:
      containers:
        - name: runner
          env: [{{ name: TEAM, value: core }}]
          volumeMounts: [{{ name: own-agent, mountPath: /own }}]
      volumes:
        - name: own-agent
          configMap: {{ name: own-agent, defaultMode: 365 }}
  security:
    podSecurityContext: {{ runAsNonRoot: true, runAsUser: 1001, fsGroup: 1001 }}
    securityContext: {{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{ drop: [ALL] }} }}
",
        user.namespace.name
    );
    user.project.outside("home/.actrc", yaml);
    let file = format!("--from-file=act-agent={}", std::env::var("ACT_HOST_AGENT").unwrap());
    user.namespace.kubectl(["create", "configmap", "own-agent", &file]);
    let ran = user.project.act(["run", "--k8s-agent", "in-image:/own/act-agent", "--k8s-cpu-limit", "200m"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!((ran.lines_with("  1001").len(), ran.lines_with("  core").len()), (1, 1), "{ran}");
    assert_eq!(ran.lines_with("  /own/act-agent serve --dir /act-host").len(), 1, "{ran}");
    let maps = user.namespace.kubectl(["get", "configmaps", "--output=name"]);
    assert!(!maps.contains("act-agent-"), "nothing is delivered that is there: {maps}");
    until("nothing is left", || user.left().is_empty());
}

/// The registry of our own cluster that takes images from anybody.
const REGISTRY: &str = "http://10.89.0.1:5000/v2/agent";

/// Makes an image with the agent in its root, and nothing else, and gives it to the registry.
fn push_agent() {
    let folder = std::env::temp_dir().join(format!("act-agent-image-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let agent = folder.join("act-agent");
    std::fs::copy(std::env::var("ACT_HOST_AGENT").unwrap(), &agent).unwrap();
    std::fs::set_permissions(&agent, std::fs::Permissions::from_mode(0o755)).unwrap();
    let packed =
        Command::new("tar").args(["-C", folder.to_str().unwrap(), "-c", "act-agent"]).output().unwrap();
    let layer = upload(&packed.stdout);
    let architecture = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" };
    let config = json!({ "architecture": architecture, "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] } });
    let mut config = upload(config.to_string().as_bytes());
    config["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    let index = json!({ "schemaVersion": 2, "mediaType": manifest, "config": config, "layers": [layer] });
    curl(
        &["-X", "PUT", "-H", &format!("Content-Type: {manifest}")],
        "manifests/1",
        index.to_string().as_bytes(),
    );
    std::fs::remove_dir_all(folder).unwrap();
}

/// Gives the registry some bytes, and returns how a manifest names them.
fn upload(bytes: &[u8]) -> Value {
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let begun = curl(&["-X", "POST", "-i"], "blobs/uploads/", b"");
    let place = begun.lines().find_map(|line| line.split_once("ocation: ")).unwrap().1.trim();
    let place = place.rsplit_once("/v2/agent/").unwrap().1.to_owned();
    let binary = "Content-Type: application/octet-stream";
    curl(&["-X", "PUT", "-H", binary], &format!("{place}&digest=sha256:{digest}"), bytes);
    json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar", "size": bytes.len(), "digest": format!("sha256:{digest}") })
}

fn curl(words: &[&str], path: &str, body: &[u8]) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--data-binary", "@-"]).args(words);
    command.arg(format!("{REGISTRY}/{path}")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(body).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_image_brings_the_agent_as_a_volume() {
    let Some(cluster) = Cluster::find_own() else { return };
    push_agent();
    let user = User::of(Project::with(&SHELL.replace("tiny", "ubuntu-latest")), &cluster);
    let ran = user.run(&["--k8s-agent", "image:registry.bed.local/agent:1"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let maps = user.namespace.kubectl(["get", "configmaps", "--output=name"]);
    assert!(!maps.contains("act-agent-"), "nothing is delivered otherwise: {maps}");
    until("nothing is left", || user.left().is_empty());
}

const ACTION: &str = "
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    container: bed.local/postgres:1
    defaults: { run: { shell: sh } }
    steps:
      - uses: actions/checkout@v4
      - uses: ./say
";

/// A repository with this workflow and a JavaScript action.
fn saying(workflow: &str, parts: &str, script: &str) -> Project {
    let mut project = Project::new();
    project.workflow("ci.yml", workflow);
    project.file("say/action.yml", format!("name: say\nruns: {{ using: node24, {parts} }}\n"));
    project.file("say/main.js", script);
    project.commit();
    project
}

#[test]
fn an_image_without_node_says_what_to_do_and_another_image_brings_it() {
    let Some(cluster) = Cluster::find() else { return };
    let script = "console.log('said by ' + process.execPath)";
    let user = User::of(saying(ACTION, "main: main.js", script), &cluster);
    let script = user.project.path("say/main.js");
    let ran = user.run(&["--k8s-node", script.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(
        ran.to_string().contains("main.js cannot be sent: it is no program for Linux of 64 bits"),
        "{ran}"
    );
    assert!(ran.to_string().contains("name one that brings it with `--k8s-node-image`"), "{ran}");
    let ran = user.run(&["--k8s-node-image", "bed.local/node:1"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(ran.lines_with("  said by /act-host/node/usr/bin/node").len(), 1, "{ran}");
    until("nothing is left", || user.left().is_empty());
}

/// What the steps of a job with JavaScript actions say, in an image without Node.js, with that of this machine.
const TWICE: &str = "
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    container: bed.local/postgres:1
    defaults: { run: { shell: sh } }
    steps:
      - uses: actions/checkout@v4
      - run: touch ../before
      - uses: ./say
      - run: find /act-host/actions/_node -newer ../before
      - uses: ./say
";

#[test]
fn this_machines_node_is_sent_once_a_job_where_neither_image_has_one() {
    let Some(cluster) = Cluster::find() else { return };
    let script = "console.log('said by ' + process.execPath + ' ' + process.version)";
    let user = User::of(saying(TWICE, "main: main.js, post: main.js", script), &cluster);
    let ran = user.run(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let said = ran.lines_with("  said by /act-host/actions/_node/");
    assert_eq!(said.len(), 4, "{ran}");
    assert!(said.iter().all(|line| *line == said[0]), "{ran}");
    assert_eq!(ran.lines_with("/node").iter().filter(|line| line.ends_with("/node")).count(), 1, "{ran}");
    until("nothing is left", || user.left().is_empty());
}

#[test]
fn a_node_that_does_not_run_in_an_image_is_not_used_and_says_why() {
    let Some(cluster) = Cluster::find() else { return };
    let workflow = ACTION.replace("postgres:1", "busybox:1");
    let user = User::of(saying(&workflow, "main: main.js", ""), &cluster);
    let ran = user.run(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let told = ran.to_string();
    let why = "was sent, and does not run there: it needs `/lib";
    assert!(told.contains(why) && told.contains("the C library of"), "{ran}");
    assert!(told.contains("name one that brings it with `--k8s-node-image`"), "{ran}");
    until("nothing is left", || user.left().is_empty());
}

const FAILS: &str = "
on: push
jobs:
  good: { runs-on: ubuntu-latest, steps: [{ run: echo good }] }
  bad: { runs-on: ubuntu-latest, steps: [{ run: echo bad > $RUNNER_TEMP/left; exit 1 }] }
";

#[test]
fn the_pod_of_a_failed_job_is_kept_and_can_be_entered() {
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(Project::with(FAILS), &cluster);
    let ran = user.run(&["--keep"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let told = ran.to_string();
    let at = told.find("kubectl exec ").unwrap_or_else(|| panic!("{ran}"));
    let pod = told[at..].split_whitespace().nth(5).unwrap().to_owned();
    until("only one pod is left", || user.left() == [format!("pod/{pod}")]);
    // What is kept is nobody's to sweep.
    assert_eq!(user.run(&["-j", "good"]).code, Some(0));
    until("that pod is still there, and no other", || user.left() == [format!("pod/{pod}")]);
    let left = user.namespace.kubectl(["exec", &pod, "--", "cat", "/runner/temp/left"]);
    assert_eq!(left, "bad\n");
    user.namespace.kubectl(["delete", "pod", &pod, "--grace-period=1"]);
}

const UNWELL: &str = "
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    services:
      cache:
        image: bed.local/redis:1
        ports: ['16379:6379']
        options: --health-cmd \"echo no such thing; exit 1\" --health-interval 1s --health-retries 3
    steps:
      - run: echo never
";

#[test]
fn a_service_that_is_never_healthy_says_so_with_its_last_words() {
    let Some(cluster) = Cluster::find() else { return };
    let user = User::of(Project::with(UNWELL), &cluster);
    let ran = user.run(&[]);
    assert_ne!(ran.code, Some(0), "{ran}");
    let told = ran.to_string();
    for part in [
        "service `cache` never became healthy, and had ",
        "its last probe said `no such thing`",
        "`services.cache`: `16379:6379` is reached at port 6379 in a pod",
    ] {
        assert!(told.contains(part), "{part}: {ran}");
    }
    assert!(!told.contains("never\n"), "{ran}");
    until("nothing is left", || user.left().is_empty());
}

const NOWHERE: &str = "
on: push
jobs:
  a: { runs-on: fast, steps: [{ run: echo never }] }
";

#[test]
fn why_no_node_takes_a_pod_is_told_before_the_run_and_while_it_waits() {
    let Some(cluster) = Cluster::find() else { return };
    let mut user = User::of(Project::with(NOWHERE), &cluster);
    let config = "
[[plugin]]
name = 'k8s'
settings = { waits = { pending = 5 } }
[plugin.grant.decisions]
kinds = []
";
    user.project.outside("home/.config/act-host/act-host.toml", config);
    let args = ["-P", "fast=k8s:bed.local/node:1:disk=nvme", "--debug-scheduling"];
    let ran = run_in(&user, &args);
    assert_ne!(ran.code, Some(0), "{ran}");
    assert!(ran.stderr.contains("no node has `disk=nvme`"), "{ran}");
    assert!(ran.stdout.contains("no node has `disk=nvme`"), "{ran}");
    let explained = user.project.act(["explain", "--namespace", &user.namespace.name, "-P", args[1]]);
    assert!(explained.stdout.contains("no node has `disk=nvme`"), "{explained}");
    until("nothing is left", || user.left().is_empty());
}

#[test]
fn a_namespace_that_is_not_there_is_said_before_anything_starts() {
    let Some(cluster) = Cluster::find() else { return };
    let mut user = User::of(Project::with(FAILS), &cluster);
    let ran = user.project.act(["run", "--backend", "kubernetes", "--namespace", "nowhere"]);
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(ran.stderr.contains("cannot access namespace `nowhere`: there is none in this cluster"), "{ran}");
    // A context that names none.
    let kubeconfig = user.namespace.cluster.kubectl(["config", "view", "--raw", "--output=json"]);
    let mut kubeconfig: serde_json::Value = serde_json::from_str(&kubeconfig).unwrap();
    for context in kubeconfig["contexts"].as_array_mut().unwrap() {
        context["context"].as_object_mut().unwrap().remove("namespace");
    }
    user.project.outside("home/kubeconfig", kubeconfig.to_string());
    let ran = user.project.act(["run", "--backend", "kubernetes", "--kubeconfig", "../home/kubeconfig"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.stderr.starts_with("error: kubernetes namespace is required\n"), "{ran}");
}
