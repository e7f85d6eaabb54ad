use std::sync::Arc;
use std::time::Duration;

use act_core::place::container::{JobContainer, SecretMarks, Service};
use act_core::place::pod::{
    PodAffinity, PodMatch, PodResource, PodSpread, PodVolume, Toleration, VolumeSource,
};
use act_core::place::{Bind, Os, Reach};
use act_workflow::values::{Container, Credentials};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};

use super::*;
use crate::agent::AgentSource;

fn config() -> KubernetesConfig {
    KubernetesConfig::new("act-runners", AgentSource::ConfigMap(vec![Binary::new(Arc::from(&b"agent"[..]))]))
}

fn id() -> MachineId {
    MachineId("01kat00000000000000000000z-build.1-1-1".to_owned())
}

fn shape() -> PodShape {
    let cpu = PodResource { name: "cpu".into(), request: Some("250m".into()), limit: Some("1".into()) };
    PodShape { image: "ubuntu:24.04".into(), resources: vec![cpu], ..PodShape::default() }
}

fn bind() -> Bind {
    let labels = [("job", "build"), ("workflow", "CI: all"), ("run-id", "01KAT")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let deadline = Some(Duration::from_secs(3600));
    Bind { repository: "octo/hello".into(), deadline, labels, ..Bind::default() }
}

fn marks() -> SecretMarks {
    SecretMarks::new([SecretName("PASSWORD".into())])
}

fn read(of: Container) -> JobContainer {
    JobContainer::read(&of, &marks()).unwrap()
}

fn postgres() -> Service {
    let container = read(Container {
        image: "registry.example.com/postgres:17".into(),
        env: vec![
            ("POSTGRES_PASSWORD".into(), marks().mark("PASSWORD").unwrap()),
            ("POSTGRES_DB".into(), "a$(HOME)b".into()),
        ],
        options: Some(
            "--health-cmd pg_isready --health-interval 10s --health-timeout 5s --health-retries 5".into(),
        ),
        ports: vec!["5432:5432".into()],
        credentials: Some(Credentials { username: Some("bed".into()), password: marks().mark("PASSWORD") }),
        ..Container::default()
    });
    Service { name: "postgres".into(), container }
}

fn made(shape: PodShape, bind: Bind) -> Objects {
    let decision = Decision { shape: Shape::Pod(Box::new(shape)), bind };
    Objects::of(&id(), &decision, "act-host-1", &config()).unwrap()
}

fn refused(bind: Bind) -> String {
    let decision = Decision { shape: Shape::Pod(Box::new(shape())), bind };
    Objects::of(&id(), &decision, "act-host-1", &config()).unwrap_err().join("\n")
}

fn with_options(options: &str) -> Bind {
    let options = Some(options.to_owned());
    let container = read(Container { image: "node:22".into(), options, ..Container::default() });
    Bind { container: Some(Box::new(container)), ..bind() }
}

/// What the API would drop is a mistake of ours: nothing may get lost on the way through its types.
fn is_whole<T: serde::Serialize + serde::de::DeserializeOwned>(value: &Value) {
    let typed: T = serde_json::from_value(value.clone()).unwrap();
    let back = serde_json::to_value(typed).unwrap();
    assert!(lost(value, &back, "").is_empty(), "{:?}", lost(value, &back, ""));
}

fn lost(value: &Value, back: &Value, path: &str) -> Vec<String> {
    match (value, back) {
        (Value::Object(value), Value::Object(back)) => {
            let each = value.iter().flat_map(|(key, value)| match back.get(key) {
                Some(back) => lost(value, back, &format!("{path}.{key}")),
                // Empty means absent.
                None if value.is_null() => Vec::new(),
                None => vec![format!("{path}.{key}")],
            });
            each.collect()
        }
        (Value::Array(value), Value::Array(back)) => {
            let each = value.iter().zip(back).enumerate();
            each.flat_map(|(index, (value, back))| lost(value, back, &format!("{path}[{index}]"))).collect()
        }
        (value, back) if value == back || (value.is_string() && back.is_string()) => Vec::new(),
        _ => vec![path.to_owned()],
    }
}

#[test]
fn a_plain_pod_is_as_it_was() {
    let objects = made(shape(), bind());
    is_whole::<Pod>(&objects.machine);
    assert!(objects.secrets.is_empty());
    let name = objects.name.clone();
    assert!(name.starts_with("act-build-1-") && name.len() <= 63, "{name}");
    let golden: Value = serde_json::from_str(include_str!("plain.json")).unwrap();
    assert_eq!(objects.machine, golden, "{}", serde_json::to_string_pretty(&objects.machine).unwrap());
}

#[test]
fn services_start_before_the_steps_are_reached_by_name_and_hold_no_secret() {
    let objects = made(shape(), Bind { services: vec![postgres()], ..bind() });
    is_whole::<Pod>(&objects.machine);
    let spec = &objects.machine["spec"];
    let service = &spec["initContainers"][0];
    assert_eq!((&service["name"], &service["restartPolicy"]), (&json!("service-postgres"), &json!("Always")));
    assert_eq!(
        service["startupProbe"],
        json!({ "exec": { "command": ["/bin/sh", "-c", "pg_isready"] }, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 5 })
    );
    assert_eq!(spec["hostAliases"], json!([{ "ip": "127.0.0.1", "hostnames": ["postgres"] }]));
    let env_secret = format!("{}-env", objects.name);
    assert_eq!(
        service["env"],
        json!([
            { "name": "POSTGRES_PASSWORD", "valueFrom": { "secretKeyRef": { "name": env_secret, "key": "service-postgres.0" } } },
            { "name": "POSTGRES_DB", "value": "a$$(HOME)b" },
        ])
    );
    let login = format!("{}-login-0", objects.name);
    assert_eq!(spec["imagePullSecrets"], json!([{ "name": login }]));
    let value = |name: &SecretName| (name.0 == "PASSWORD").then(|| "hunter2".to_owned());
    let secrets: Vec<Value> = objects.secrets.iter().map(|secret| objects.secret(secret, &value)).collect();
    secrets.iter().for_each(is_whole::<Secret>);
    let open = |value: &Value| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(open(&secrets[0]["data"]["service-postgres.0"]), "hunter2");
    let config: Value = serde_json::from_str(&open(&secrets[1]["data"][".dockerconfigjson"])).unwrap();
    let entry = &config["auths"]["registry.example.com"];
    assert_eq!((&entry["username"], &entry["password"]), (&json!("bed"), &json!("hunter2")));
    assert!(open(&entry["auth"]).ends_with("hunter2"));
    let shown = format!("{:?}", objects.documents());
    assert!(shown.contains("***") && !shown.contains("hunter2"));
    assert_eq!(objects.wanted().count(), 2);
}

#[test]
fn a_decision_says_where_and_with_what_rights() {
    let pods = PodMatch { own: vec!["act-host.dev/run-id".into()], ..PodMatch::default() };
    let far = PodAffinity {
        anti: true,
        weight: None,
        topology_key: "kubernetes.io/hostname".into(),
        pods: pods.clone(),
    };
    let spread = PodSpread { max_skew: 1, topology_key: "zone".into(), required: true, pods };
    let mut shape = PodShape {
        affinities: vec![far],
        spread: vec![spread],
        node_selector: [("kubernetes.io/os".to_owned(), "linux".to_owned())].into(),
        tolerations: vec![Toleration { key: Some("gpu".into()), value: None, effect: None, seconds: None }],
        runtime_class: Some("gvisor".into()),
        priority_class: Some("high".into()),
        service_account: Some("runner".into()),
        image_pull_secrets: vec!["pull".into()],
        volumes: vec![PodVolume {
            name: "tools".into(),
            mount_path: "/opt/hostedtoolcache".into(),
            read_only: false,
            source: VolumeSource::Claim { name: "act-tool-cache".into() },
        }],
        ..shape()
    };
    shape.security.run_as_user = Some(1_000_690_000);
    shape.security.read_only_root = Some(true);
    shape.security.drop_capabilities = vec!["ALL".into()];
    let objects = made(shape, bind());
    is_whole::<Pod>(&objects.machine);
    let spec = &objects.machine["spec"];
    let own = json!({ "matchLabels": { "act-host.dev/run-id": "01KAT" } });
    let anti = &spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0];
    assert_eq!(
        (&anti["labelSelector"], &spec["topologySpreadConstraints"][0]["labelSelector"]),
        (&own, &own)
    );
    assert_eq!(spec["tolerations"].as_array().unwrap().len(), 3, "and those of a silent node");
    assert_eq!((&spec["runtimeClassName"], &spec["priorityClassName"]), (&json!("gvisor"), &json!("high")));
    assert_eq!(
        (&spec["serviceAccountName"], &spec["automountServiceAccountToken"]),
        (&json!("runner"), &json!(true))
    );
    assert_eq!(spec["securityContext"]["runAsUser"], json!(1_000_690_000));
    let runner = &spec["containers"][0];
    assert_eq!(
        runner["securityContext"],
        json!({ "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } })
    );
    let mounts: Vec<&str> = runner["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| mount["mountPath"].as_str().unwrap())
        .collect();
    assert!(mounts.contains(&"/tmp"), "a root that cannot be written has a place for temporary files");
    assert_eq!(mounts.iter().filter(|path| **path == "/opt/hostedtoolcache").count(), 1, "{mounts:?}");
}

#[test]
fn options_with_a_meaning_are_the_pods_and_others_are_refused_by_name() {
    let objects = made(
        shape(),
        with_options(
            "--user 1001:121 --cap-drop ALL --read-only --shm-size 1g --tmpfs /run -v cache:/c --hostname box --add-host a:10.0.0.1 --dns 10.0.0.2 --env A=1",
        ),
    );
    is_whole::<Pod>(&objects.machine);
    let spec = &objects.machine["spec"];
    let runner = &spec["containers"][0];
    assert_eq!(
        runner["securityContext"],
        json!({ "runAsUser": 1001, "runAsGroup": 121, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } })
    );
    assert_eq!((&spec["hostname"], &spec["dnsConfig"]["nameservers"]), (&json!("box"), &json!(["10.0.0.2"])));
    assert_eq!(spec["hostAliases"], json!([{ "ip": "10.0.0.1", "hostnames": ["a"] }]));
    for (options, said) in [
        ("--ulimit nofile=1 --device /dev/kvm", "`container`: `--ulimit`, `--device` means nothing in a pod"),
        ("--privileged", "`--privileged` is not allowed here"),
        ("--cap-add SYS_ADMIN", "`--cap-add` is not allowed here"),
        ("-v /srv:/srv", "the folder `/srv` of the node is not allowed here"),
        ("--user node", "`--user` must be a number"),
        ("--gpus all", "say how many"),
        ("--pull sometimes", "must be always, missing or never"),
    ] {
        let text = refused(with_options(options));
        assert!(text.contains(said), "{options}: {text}");
    }
    let decision =
        Decision { shape: Shape::Pod(Box::new(shape())), bind: with_options("--privileged -v /srv:/srv") };
    let allowed = KubernetesConfig { allowed: [Reach::Privileged, Reach::HostPath].into(), ..config() };
    let objects = Objects::of(&id(), &decision, "h", &allowed).unwrap();
    assert_eq!(objects.machine["spec"]["containers"][0]["securityContext"]["privileged"], json!(true));
}

#[test]
fn what_cannot_be_together_in_a_pod_is_refused() {
    let twice = Bind { services: vec![postgres(), Service { name: "other".into(), ..postgres() }], ..bind() };
    assert!(refused(twice).contains("`services.postgres` and `services.other` both listen on port 5432"));
    let named = Bind { services: vec![Service { name: "my_db".into(), ..postgres() }], ..bind() };
    assert!(refused(named).contains("`my_db` can be no host name"));
    let windows = PodShape { os: Some(Os::Windows), ..shape() };
    let decision = Decision { shape: Shape::Pod(Box::new(windows)), bind: bind() };
    assert!(Objects::of(&id(), &decision, "h", &config()).unwrap_err()[0].contains("no agent for it"));
}

#[test]
fn a_pod_has_the_agent_of_the_processor_it_is_to_run_on() {
    let elf = |machine: u16| {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.resize(18, 0);
        bytes.extend(machine.to_le_bytes());
        Binary::new(bytes.into())
    };
    let (intel, arm) = (elf(62), elf(183));
    let of = |agents: &[Binary], shape: PodShape, template: Option<Value>| {
        let mut config = config();
        config.agent = AgentSource::ConfigMap(agents.to_vec());
        config.pod_template = template;
        Objects::of(&id(), &Decision { shape: Shape::Pod(Box::new(shape)), bind: bind() }, "h", &config)
    };
    let both = [intel.clone(), arm.clone()];
    let on_arm = PodShape { arch: Some(act_core::place::Arch::Arm64), ..shape() };
    let template = json!({ "spec": { "nodeSelector": { "kubernetes.io/arch": "arm64" } } });
    for (objects, wanted) in [
        (of(&both, shape(), None), &intel),
        (of(&both, on_arm.clone(), None), &arm),
        (of(&both, shape(), Some(template)), &arm),
    ] {
        let objects = objects.unwrap();
        assert_eq!(objects.agent.unwrap().name(), wanted.name());
        let volumes = objects.machine["spec"]["volumes"].as_array().unwrap();
        let agent = volumes.iter().find(|volume| volume["name"] == "act-agent").unwrap();
        assert_eq!(agent["configMap"]["name"], wanted.name());
    }
    let refused = of(&both[..1], on_arm, None).unwrap_err();
    assert!(refused[0].starts_with("a job in a pod on arm64 cannot be run"), "{refused:?}");
}

#[test]
fn a_job_of_kubernetes_makes_the_same_pod_once() {
    let objects = made(PodShape { as_job: true, ..shape() }, bind());
    is_whole::<Job>(&objects.machine);
    let spec = &objects.machine["spec"];
    assert_eq!((&spec["backoffLimit"], &spec["activeDeadlineSeconds"]), (&json!(0), &json!(3660)));
    assert_eq!(spec["template"]["spec"], made(shape(), bind()).machine["spec"]);
    assert_eq!(objects.documents().last().unwrap().0, format!("Job {}", objects.name));
}
