use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::actrc::YamlFile;
use crate::config::plugins::{self, PluginFiles};
use crate::diagnostics::CheckedFile;
use crate::world::World;

struct Place {
    folder: tempfile::TempDir,
    world: World,
}

impl Place {
    fn new(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir_all(home.join(".config/act-host")).unwrap();
        fs::write(home.join(".config/act-host/act-host.toml"), toml).unwrap();
        let world = World { home: Some(home), cwd: Some(folder.path().to_owned()), ..World::default() };
        Self { folder, world }
    }

    fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(path);
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, named: Option<&Path>, yaml: &str) -> Result<PluginFiles, String> {
        let yaml = YamlFile { path: self.folder.path().join("home/.actrc"), text: yaml.to_owned() };
        let read = plugins::read(named, self.folder.path(), &[yaml], &self.world).unwrap();
        read.map_err(|files| shown(&files))
    }

    fn wrong(&self, yaml: &str) -> String {
        self.read(None, yaml).map(|_| ()).unwrap_err()
    }
}

fn shown(files: &[CheckedFile]) -> String {
    let text: String = files.iter().map(|file| file.excerpts(false)).collect();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_is_yaml_when_its_first_line_is_a_key() {
    for text in [
        "backend: kubernetes\n",
        "# a comment\n\nkubernetes:\n  enabled: true\n",
        "---\n",
        "\u{feff}a:\n",
        "'a': b",
    ] {
        assert!(is_yaml(text), "{text:?}");
    }
    for text in
        ["", "# nothing\n", "-P a=b\n", "--env A: b\n", "--- x\n", "[kubernetes]\n", "backend = 'x'\n", "x\n"]
    {
        assert!(!is_yaml(text), "{text:?}");
    }
}

#[test]
fn a_users_file_says_all_of_the_cluster() {
    let place = Place::new(
        r#"
backend = "kubernetes"
[kubernetes]
kubeconfig = "kube/config"
context = "staging"
namespace = "ci"
agent = "image:r.local/agent:1"
node = "node/bin/node"
allow = ["host-path"]
pod-template = "pod.yaml"
pod-security = { runAsUser = 1001 }
container-security = { readOnlyRootFilesystem = true }
dns-policy = "None"
dns-config = { nameservers = ["10.0.0.10"] }
image-mirror = "mirror.local"
orphan-grace = "5m"
spare-time = "30s"
keep-finished = "0s"
silent-node = "90s"
call-rate = 100
"#,
    );
    place.file("home/.config/act-host/pod.yaml", "spec:\n  hostname: h\n");
    let words = place.read(None, "").unwrap().cluster;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(words.backend, Some(Backend::Kubernetes));
    assert_eq!(words.kubeconfig, Some(place.folder.path().join("home/.config/act-host/kube/config")));
    assert_eq!((words.context, words.namespace), (text("staging"), text("ci")));
    assert_eq!(words.agent, Some(Delivery::Image("r.local/agent:1".to_owned())));
    assert_eq!(words.node, Some(place.folder.path().join("home/.config/act-host/node/bin/node")));
    assert_eq!(words.allowed, Some([Reach::HostPath].into()));
    assert_eq!(words.pod_template, Some(serde_json::json!({ "spec": { "hostname": "h" } })));
    assert_eq!(words.container_security, Some(serde_json::json!({ "readOnlyRootFilesystem": true })));
    assert_eq!((words.dns_policy, words.image_mirror), (text("None"), text("mirror.local")));
    let seconds = [words.orphan_grace, words.spare_time, words.keep_finished, words.silent_node];
    assert_eq!(seconds.map(|span| span.unwrap().as_secs()), [300, 30, 0, 90]);
    assert_eq!(words.call_rate, NonZeroU32::new(100));
}

#[test]
fn every_mistake_of_both_files_is_shown_at_its_place() {
    let place = Place::new(
        "[kubernetes]\nname-space = 'a'\nnamespace = ''\nagent = 'configmap'\nallow = ['process']\npod-template = 'none.yaml'\n",
    );
    let yaml = "backend: podman\nkubernetes:\n  nameSpace: a\n  platforms:\n    tiny: { nodeSelector: { a: b }, tolerance: [] }\n  monitoring: { enabled: true }\n  security: { rbac: { create: true } }\n  storage:\n    toolCache: { type: pvc }\n";
    let told = place.wrong(yaml).replace(&place.folder.path().display().to_string(), "$ROOT");
    insta::assert_snapshot!(told, @r#"
    error: `backend` is `local` or `kubernetes`
     --> home/.actrc:1:10
      |
    1 | backend: podman
      |          ^^^^^^

    error: `nameSpace` is not a key here
     --> home/.actrc:3:3
      |
    3 |   nameSpace: a
      |   ^^^^^^^^^
      |
    hint: did you mean `namespace`?

    error: platform tiny must specify an image
     --> home/.actrc:5:5
      |
    5 |     tiny: { nodeSelector: { a: b }, tolerance: [] }
      |     ^^^^

    error: `tolerance` is not a key here
     --> home/.actrc:5:37
      |
    5 |     tiny: { nodeSelector: { a: b }, tolerance: [] }
      |                                     ^^^^^^^^^
      |
    hint: there are: image, os, arch, job, imagePullPolicy, imagePullSecrets, namespace, serviceAccount, runtimeClass, priority, priorityClass, hostNetwork, nodeSelector, labels, annotations, tolerations, affinity, topologySpreadConstraints, securityContext, resources

    error: `enabled` cannot be had: metrics and traces are not built yet
     --> home/.actrc:6:17
      |
    6 |   monitoring: { enabled: true }
      |                 ^^^^^^^

    error: `rbac` is not created: `act-host kubernetes rbac | kubectl apply -f -` creates the Role that is needed, once
     --> home/.actrc:7:23
      |
    7 |   security: { rbac: { create: true } }
      |                       ^^^^^^

    error: persistent volumes are not built yet
     --> home/.actrc:9:18
      |
    9 |     toolCache: { type: pvc }
      |                  ^^^^

    error: `name-space` is not a key here
     --> home/.config/act-host/act-host.toml:2:1
      |
    2 | name-space = 'a'
      | ^^^^^^^^^^
      |
    hint: did you mean `namespace`?

    error: kubernetes namespace is required
     --> home/.config/act-host/act-host.toml:3:13
      |
    3 | namespace = ''
      |             ^^

    error: expected `config-map`, `image:REFERENCE` or `in-image[:PATH]` with an absolute path
     --> home/.config/act-host/act-host.toml:4:9
      |
    4 | agent = 'configmap'
      |         ^^^^^^^^^^^

    error: `process` is nothing that can be allowed; there are: privileged, host-path
     --> home/.config/act-host/act-host.toml:5:10
      |
    5 | allow = ['process']
      |          ^^^^^^^^^

    error: the pod template: there is no file $ROOT/home/.config/act-host/none.yaml
     --> home/.config/act-host/act-host.toml:6:16
      |
    6 | pod-template = 'none.yaml'
      |                ^^^^^^^^^^^
    "#);
}

/// The sample that the design calls advanced, without what is not built.
const SAMPLE: &str = "
# Advanced
kubernetes:
  enabled: true
  namespace: \"act-runners\"
  context: \"production-cluster\"
  kubeconfig: \"~/.kube/config\"
  serviceAccount: \"act-runner\"
  storageClass: \"fast-ssd\"
  imagePullSecrets:
    - \"docker-registry-secret\"
  defaultResources:
    requests: { memory: 512Mi, cpu: 250m }
    limits: { memory: 2Gi, cpu: 1000m }
  platforms:
    ubuntu-gpu:
      image: nvidia/cuda
      nodeSelector: { accelerator: nvidia, docker-enabled: true }
      resources: { limits: { nvidia.com/gpu: 1 } }
      runtimeClass: nvidia
  cleanupPolicy:
    successfulJobsHistoryLimit: 5
    ttlSecondsAfterFinished: 3600
    autoCleanup: true
  security:
    podSecurityContext: { runAsNonRoot: true, runAsUser: 1001 }
    securityContext: { readOnlyRootFilesystem: true }
    podSecurityStandard: restricted
  networking: { dnsPolicy: ClusterFirst }
  monitoring: { enabled: false, logLevel: info }
";

#[test]
fn a_sample_of_the_design_is_read_as_it_is() {
    let place = Place::new("");
    let files = place.read(None, SAMPLE).unwrap();
    let words = files.yaml;
    assert_eq!(words.backend, Some(Backend::Kubernetes));
    assert_eq!(words.namespace.as_deref(), Some("act-runners"));
    assert_eq!(words.kubeconfig, Some(place.folder.path().join("home/.kube/config")));
    assert_eq!(words.keep_finished.unwrap().as_secs(), 3600);
    assert_eq!(words.dns_policy.as_deref(), Some("ClusterFirst"));
    let told = serde_json::json!({
        "serviceAccount": "act-runner",
        "imagePullSecrets": ["docker-registry-secret"],
        "defaultResources": { "requests": { "memory": "512Mi", "cpu": "250m" }, "limits": { "memory": "2Gi", "cpu": "1000m" } },
        "platforms": { "ubuntu-gpu": {
            "image": "nvidia/cuda", "runtimeClass": "nvidia", "resources": { "limits": { "nvidia.com/gpu": 1 } },
            "nodeSelector": { "accelerator": "nvidia", "docker-enabled": "true" },
        } },
    });
    assert_eq!(serde_json::Value::Object(words.told), told);
    let notices: Vec<&str> = files.notices.iter().map(|line| line.split_once(": ").unwrap().1).collect();
    assert_eq!(notices.len(), 4, "{notices:?}");
    assert_eq!(notices[0], "`storageClass` has no effect: no persistent volumes are made");
}

#[test]
fn the_stronger_source_counts_and_objects_are_laid_over_each_other() {
    let place = Place::new(
        "[kubernetes]\nnamespace = 'toml'\ncontext = 'toml'\npod-security = { runAsUser = 1, fsGroup = 1 }\n",
    );
    let yaml = "kubernetes: { namespace: yaml, context: yaml, networking: { dnsPolicy: Default } }\n";
    let files = place.read(None, yaml).unwrap();
    let mut world = place.world.clone();
    for (name, value) in [("ACT_K8S_NAMESPACE", "env"), ("ACT_K8S_RUN_AS_USER", "2"), ("ACT_K8S_CONTEXT", "")]
    {
        world.env.insert(OsString::from(name), OsString::from(value));
    }
    let flags = ClusterWords { backend: Some(Backend::Local), ..ClusterWords::default() };
    let words = flags.over(read_environment(&world).unwrap()).over(files.cluster).over(files.yaml);
    assert_eq!(words.backend, Some(Backend::Local));
    assert_eq!((words.namespace.as_deref(), words.context.as_deref()), (Some("env"), Some("toml")));
    assert_eq!(words.dns_policy.as_deref(), Some("Default"));
    assert_eq!(words.pod_security, Some(serde_json::json!({ "runAsUser": 2, "fsGroup": 1 })));
}

#[test]
fn a_yaml_file_that_is_named_counts_over_the_others_and_act_host_toml_stays_where_it_is() {
    let place = Place::new("[kubernetes]\ncontext = 'toml'\n");
    let named = place.file(".actrc.dev", "kubernetes: { namespace: dev }\n");
    let files = place.read(Some(&named), "kubernetes: { namespace: home, context: home }\n").unwrap();
    assert_eq!(files.yaml.namespace.as_deref(), Some("dev"));
    assert_eq!(
        (files.yaml.context.as_deref(), files.cluster.context.as_deref()),
        (Some("home"), Some("toml"))
    );
}

#[test]
fn variables_that_say_nothing_of_use_are_named() {
    for (name, value, expected) in [
        ("ACT_BACKEND", "podman", "`podman` in the environment variable ACT_BACKEND: "),
        ("ACT_K8S_FS_GROUP", "x", "`x` in the environment variable ACT_K8S_FS_GROUP: expected a number"),
        (
            "ACT_K8S_CPU_LIMIT",
            "1 cpu",
            "`1 cpu` in the environment variable ACT_K8S_CPU_LIMIT: expected an amount of Kubernetes, as 500m or 2Gi",
        ),
    ] {
        let env = [(OsString::from(name), OsString::from(value))].into();
        let error = read_environment(&World { env, ..World::default() }).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn amounts_and_accounts_are_told_to_the_plugin() {
    let env = [
        ("ACT_K8S_CPU_REQUEST", "250m"),
        ("ACT_K8S_MEMORY_LIMIT", "2Gi"),
        ("ACT_K8S_SERVICE_ACCOUNT", "runner"),
    ];
    let env = env.map(|(name, value)| (OsString::from(name), OsString::from(value))).into();
    let told = read_environment(&World { env, ..World::default() }).unwrap().told;
    let wanted = serde_json::json!({
        "serviceAccount": "runner",
        "resources": { "requests": { "cpu": "250m" }, "limits": { "memory": "2Gi" } },
    });
    assert_eq!(serde_json::Value::Object(told), wanted);
}
