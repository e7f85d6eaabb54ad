//! Who makes machines: this one or a cluster, as each job's decision says, and what `--backend` and `-P` make of it.
//!
//! No test here needs a cluster: those that come so far find none. Where one is, `tests/cluster` runs.

use act_tests::cli::Project;
use insta::assert_snapshot;

use crate::plugin::{project, users_file};

const FILE: &str = r#"
[[plugin]]
name = "k8s"
source = "plugins/k8s.wasm"
[plugin.grant.decisions]
kinds = []
"#;

const TWO: &str = "
on: push
jobs:
  near:
    runs-on: build
    steps: [{run: echo near}]
  far:
    needs: near
    runs-on: ubuntu-latest
    steps: [{run: echo far}]
";

/// A user with the plugin `k8s` in act-host.toml, and without a cluster.
fn configured(workflow: &str) -> Option<Project> {
    let mut project = project(workflow, &["k8s"])?;
    users_file(&mut project, FILE);
    Some(project)
}

/// What decides, and what would be made.
fn decisions(project: &Project, args: &[&str]) -> Vec<String> {
    let ran = project.act([&["explain"], args].concat());
    let is_told = |line: &&str| {
        ["decision ", "mapper ", "error", "Pod ", "processes on"]
            .iter()
            .any(|word| line.trim().starts_with(word))
    };
    let lines: Vec<String> = ran.stdout.lines().filter(is_told).map(|line| line.trim().to_owned()).collect();
    assert!(!lines.is_empty(), "{ran}");
    lines
}

#[test]
fn a_scheduler_of_the_file_decides_without_any_flag() {
    let Some(project) = configured(TWO) else { return };
    let told = decisions(&project, &["-j", "far"]).join("\n");
    assert!(told.contains("mapper     k8s: mine: platform `ubuntu-latest`"), "{told}");
    assert!(told.contains("decision   k8s: a pod"), "{told}");
}

#[test]
fn the_local_backend_leaves_those_who_schedule_unasked() {
    let Some(project) = configured(TWO) else { return };
    let told =
        decisions(&project, &["-j", "far", "--backend", "local", "-P", "build=-self-hosted"]).join("\n");
    assert!(!told.contains("k8s"), "{told}");
    assert!(told.contains("decision   this machine: processes on this machine"), "{told}");
    let ran = project.run(&["-j", "far", "--backend", "local", "-P", "build=-self-hosted"]);
    assert_eq!((ran.code, ran.lines_with("  far").len()), (Some(0), 1), "{ran}");
}

#[test]
fn a_job_that_is_pinned_here_runs_here_and_only_the_other_one_misses_the_cluster() {
    let Some(project) = configured(TWO) else { return };
    let ran = project.run(&["-P", "build=-self-hosted"]);
    assert_eq!(ran.code, Some(3), "{ran}");
    assert_eq!(ran.lines_with("  near").len(), 1, "{ran}");
    assert!(ran.to_string().contains("there is no cluster"), "{ran}");
    let ran = project.run(&["-P", "build=-self-hosted", "-j", "near"]);
    assert_eq!(ran.code, Some(0), "nobody asks for a cluster: {ran}");
}

#[test]
fn a_cluster_that_is_named_is_looked_for_before_anything_starts() {
    let Some(project) = configured(TWO) else { return };
    let ran = project.run(&["--backend", "kubernetes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
    assert!(ran.stderr.starts_with("error: there is no cluster: "), "{ran}");
}

#[test]
fn a_bound_working_tree_and_a_pod_do_not_go_together() {
    let Some(project) = configured(TWO) else { return };
    assert_snapshot!(project.run(&["--backend", "kubernetes", "--bind"]), @"
    exit 2
    --- stderr
    error: `--bind` needs a machine that has the working tree, and a pod has not got it
    ");
}

#[test]
fn services_are_refused_only_where_nobody_could_have_them() {
    let workflow = "
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    services: {db: {image: 'postgres:17'}}
    steps: [{run: echo a}]
";
    let Some(project) = configured(workflow) else { return };
    assert_eq!(project.run(&["-n"]).code, Some(0));
    let ran = project.run(&["-n", "--backend", "local"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.to_string().contains("`--backend kubernetes` has containers"), "{ran}");
}

#[test]
fn a_port_that_is_another_one_in_a_pod_is_said_with_its_place() {
    let workflow = "
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    services: {web: {image: nginx, ports: ['8080:80', '10.0.0.1:9090:90/tcp', '70:70', 60, '5000:50/udp']}}
    steps: [{run: echo a}]
";
    let Some(project) = configured(workflow) else { return };
    let ran = project.run(&["-n"]);
    let told: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        told,
        [
            "notice: .github/workflows/ci.yml:6: `services.web`: `8080:80` is reached at port 80 in a pod, as `job.services.web.ports` says",
            "notice: .github/workflows/ci.yml:6: `services.web`: `10.0.0.1:9090:90/tcp` is reached at port 90 in a pod, as `job.services.web.ports` says",
            "notice: .github/workflows/ci.yml:6: `services.web`: `5000:50/udp` is reached at port 50 in a pod, as `job.services.web.ports` says",
        ],
        "{ran}"
    );
}

#[test]
fn a_label_is_sent_to_the_cluster_by_its_flag_alone() {
    let Some(mut project) = project(TWO, &["k8s"]) else { return };
    let plugin = project.folder("home/.config/act-host/plugins/k8s.wasm");
    assert_eq!(project.act(["plugin", "install", plugin.to_str().unwrap()]).code, Some(0));
    let args = ["-P", "build=k8s:acme/build:1:disk=ssd", "--format", "json"];
    let ran = project.act([&["explain"], &args[..]].concat());
    let decisions: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["decision"].clone())
        .collect();
    let [near, far] = &decisions[..] else { panic!("{ran}") };
    assert_eq!(
        (&near["shape"]["image"], &near["shape"]["node_selector"]["disk"]),
        (&"acme/build:1".into(), &"ssd".into())
    );
    assert_eq!(far["shape"]["kind"], "process", "{ran}");
    // What a repository says of it does not count.
    project.file(".actrc", "-P build=k8s:evil:1\n");
    let ran = project.run(&["-n", "-j", "near"]);
    assert!(ran.stderr.contains("a file in the repository may not send jobs to a cluster"), "{ran}");
}

#[test]
fn the_repositorys_yaml_is_not_trusted_until_the_user_names_it() {
    let Some(mut project) = configured(TWO) else { return };
    project.file(".actrc", "kubernetes: { enabled: true, namespace: theirs }\n");
    let ran = project.run(&["-n", "-j", "far", "-P", "build=-self-hosted"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stderr.contains("`--config .actrc` takes it as yours"), "{ran}");
    assert!(!ran.stdout.contains("theirs"), "{ran}");
    let ran = project.run(&["-n", "-j", "far", "--config", ".actrc", "-P", "build=k8s:b:1"]);
    assert!(ran.stdout.contains("\"namespace\": \"theirs\""), "{ran}");
}

/// A file that says it is a program for a processor, by the number that ELF has for it.
fn elf(machine: u8) -> Vec<u8> {
    [&b"\x7fELF\x02\x01\x01"[..], &[0; 11], &[machine, 0]].concat()
}

#[test]
fn a_pod_gets_the_agent_of_its_processor_and_without_one_is_refused_before_it_is_made() {
    let Some(mut project) = configured(TWO) else { return };
    project.outside("agents/given", elf(62));
    project.env("ACT_HOST_AGENT", project.folder("agents/given").to_str().unwrap().to_owned());
    let dry = |project: &Project, arch: &str| {
        let image = format!("ubuntu-latest=k8s:b:1{arch}");
        project.run(&["-n", "-j", "far", "-P", "build=-self-hosted", "-P", &image]).to_string()
    };
    let agent = |told: &str| {
        let name = told.lines().find(|line| line.contains("\"name\": \"act-agent-"));
        name.unwrap_or_else(|| panic!("{told}")).trim().to_owned()
    };
    let (any, arm) = ("", ":kubernetes.io/arch=arm64");
    let told = dry(&project, any);
    assert!(told.contains("\"kubernetes.io/arch\": \"amd64\""), "no other node could run it: {told}");
    let given = agent(&told);
    assert_eq!(agent(&dry(&project, ":kubernetes.io/arch=amd64")), given);
    let told = dry(&project, arm);
    assert!(told.contains("nothing: no pod can be so"), "{told}");
    assert!(
        told.contains("on arm64 cannot be run: there is an agent for amd64 only; `act-agent-aarch64`"),
        "{told}"
    );
    project.outside("agents/act-agent-aarch64", elf(183));
    assert_ne!(agent(&dry(&project, arm)), given);
    assert_eq!(agent(&dry(&project, any)), given, "who says nothing gets what was given");
}
