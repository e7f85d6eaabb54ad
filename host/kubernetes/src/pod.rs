//! One job's pod.

use std::collections::BTreeMap;

use act_core::ids::MachineId;
use act_core::place::pod::{PodVolume, PullPolicy, VolumeSource};
use act_core::place::{Bind, Os, PodShape};
use serde_json::{Map, Value, json};

use crate::agent::{AgentSource, Binary, HOME, ROOTS, node_volume};
use crate::config::KubernetesConfig;
use crate::containers::{self, Around, JOB, extend, literal, mirrored};
use crate::labels::MACHINE_ID;
use crate::objects::{Plans, login_name};
use crate::{names, scheduling, security, template};

/// Folders of a job that are new with it: the volume's name, where it is seen.
const FOLDERS: [(&str, &str); 5] = [
    ("act-host", "/act-host"),
    ("github", "/github"),
    ("home", HOME),
    ("runner-temp", "/runner/temp"),
    ("tool-cache", "/opt/hostedtoolcache"),
];

/// What those who empty nodes are asked: not this one, as long as its job runs.
const UNDISTURBED: [(&str, &str); 2] =
    [("karpenter.sh/do-not-disrupt", "true"), ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")];

/// From the first request to end to the last word: the agent's own ladders are shorter.
const TERMINATION_GRACE: u64 = 30;

/// Makes a pod without kind and name.
pub(crate) fn make(
    id: &MachineId,
    shape: &PodShape,
    bind: &Bind,
    labels: &BTreeMap<String, String>,
    config: &KubernetesConfig,
    plans: &mut Plans,
) -> Result<Value, Vec<String>> {
    let mut around = Around::default();
    let os = shape.os.unwrap_or(Os::Linux);
    if !AgentSource::runs_on(os) {
        around.refused.push(format!("a job in a pod of {os} cannot be run yet: there is no agent for it"));
    }
    around.refused.extend(containers::clashes(&bind.services));
    let mut spec = Map::new();
    scheduling::schedule(&mut spec, shape, labels, config);
    let processor = scheduling::processor(&spec, config.pod_template.as_ref());
    match config.agent.binary(processor.as_deref()) {
        Ok(binary) => {
            plans.agent = binary.cloned();
            // Where it may land anywhere it still brings an agent for one processor only.
            if processor.is_none()
                && let Some(brought) = binary.and_then(Binary::processor)
            {
                scheduling::select_processor(&mut spec, brought);
            }
        }
        Err(refused) => around.refused.push(refused),
    }
    let runner = runner(shape, bind, config, &mut around, plans);
    let services: Vec<Value> = bind
        .services
        .iter()
        .map(|service| containers::service(service, config, &mut around, plans))
        .collect();
    if !around.refused.is_empty() {
        return Err(around.refused);
    }
    spec.insert("containers".into(), json!([runner]));
    if !services.is_empty() {
        spec.insert("initContainers".into(), services.into());
    }
    spec.insert("volumes".into(), volumes(shape, config, plans, &around).into());
    spec.insert("restartPolicy".into(), json!("Never"));
    spec.insert("automountServiceAccountToken".into(), json!(shape.service_account.is_some()));
    spec.insert("enableServiceLinks".into(), json!(false));
    spec.insert("terminationGracePeriodSeconds".into(), json!(TERMINATION_GRACE));
    spec.insert("securityContext".into(), security::of_pod(shape, config, &around.groups).into());
    if let Some(deadline) = bind.deadline {
        let seconds = deadline.saturating_add(config.spare_time).as_secs().clamp(1, i32::MAX as u64);
        spec.insert("activeDeadlineSeconds".into(), json!(seconds));
    }
    if let Some(account) = &shape.service_account {
        spec.insert("serviceAccountName".into(), json!(account));
    }
    spec.insert("os".into(), json!({ "name": if os == Os::Windows { "windows" } else { "linux" } }));
    pull_secrets(&mut spec, id, shape, plans);
    network(&mut spec, shape, config, &around);
    let mut annotations: BTreeMap<&str, &str> = UNDISTURBED.into();
    annotations.extend(shape.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    annotations.insert(MACHINE_ID, &id.0);
    annotations.insert("kubectl.kubernetes.io/default-container", JOB);
    let mut pod = json!({ "metadata": { "labels": labels, "annotations": annotations }, "spec": spec });
    if let Some(given) = &config.pod_template {
        template::merge(&mut pod, given);
    }
    Ok(pod)
}

/// The container that the steps run in, with the agent as its first process.
fn runner(
    shape: &PodShape,
    bind: &Bind,
    config: &KubernetesConfig,
    around: &mut Around,
    plans: &mut Plans,
) -> Value {
    let mut runner = Map::new();
    runner.insert("name".into(), json!(JOB));
    runner.insert("image".into(), json!(mirrored(&shape.image, config)));
    let serve = config.agent.serve(config);
    runner.insert("command".into(), serve.iter().map(|word| literal(word)).collect());
    runner.insert("terminationMessagePolicy".into(), json!("File"));
    let at = |name: &str| ROOTS.iter().find(|(known, _)| *known == name).map_or("", |(_, path)| path);
    let mut env = vec![("HOME", HOME), ("GITHUB_WORKSPACE", at("workspace"))];
    env.extend([("RUNNER_TEMP", at("temp")), ("RUNNER_TOOL_CACHE", at("tools"))]);
    let own =
        |name: &str| bind.container.as_ref().is_some_and(|of| of.variables().any(|(known, _)| known == name));
    let env = env.into_iter().filter(|(name, _)| !own(name));
    extend(&mut runner, "env", env.map(|(name, value)| json!({ "name": name, "value": value })).collect());
    let resources = resources(shape);
    if !resources.is_empty() {
        runner.insert("resources".into(), resources.into());
    }
    if let Some(policy) = shape.pull_policy {
        let policy = match policy {
            PullPolicy::Always => "Always",
            PullPolicy::IfNotPresent => "IfNotPresent",
            PullPolicy::Never => "Never",
        };
        runner.insert("imagePullPolicy".into(), json!(policy));
    }
    let context = security::of_job(&shape.security, config);
    let is_read_only = context.get("readOnlyRootFilesystem") == Some(&json!(true))
        || bind.container.as_ref().is_some_and(|of| of.options.read_only);
    if !context.is_empty() {
        runner.insert("securityContext".into(), context.into());
    }
    let folder = |(name, path): (&str, &str)| json!({ "name": name, "mountPath": path });
    let mut mounts: Vec<Value> = FOLDERS.map(folder).into();
    if is_read_only {
        around.volumes.insert("tmp".into(), json!({ "emptyDir": {} }));
        mounts.push(folder(("tmp", "/tmp")));
    }
    mounts.extend(config.agent.volume(plans.agent.as_ref()).map(|(_, mount)| mount));
    mounts.extend(config.node_image.as_deref().map(|image| node_volume(image).1));
    mounts.extend(shape.volumes.iter().map(
        |volume| json!({ "name": volume.name, "mountPath": volume.mount_path, "readOnly": volume.read_only }),
    ));
    // A volume of the decision in the place of one of ours is the decision's.
    let given = |mount: &Value| {
        shape.volumes.iter().any(|volume| {
            mount["mountPath"] == volume.mount_path.as_str() && mount["name"] != volume.name.as_str()
        })
    };
    mounts.retain(|mount| !given(mount));
    extend(&mut runner, "volumeMounts", mounts);
    if let Some(of) = &bind.container {
        containers::job(&mut runner, of, config, around, plans);
    }
    runner.into()
}

fn resources(shape: &PodShape) -> Map<String, Value> {
    let (mut requests, mut limits) = (Map::new(), Map::new());
    for resource in &shape.resources {
        if let Some(request) = &resource.request {
            requests.insert(resource.name.clone(), json!(request));
        }
        if let Some(limit) = &resource.limit {
            limits.insert(resource.name.clone(), json!(limit));
        }
    }
    let all = [("requests", requests), ("limits", limits)];
    all.into_iter()
        .filter(|(_, map)| !map.is_empty())
        .map(|(key, map)| (key.to_owned(), map.into()))
        .collect()
}

fn volumes(shape: &PodShape, config: &KubernetesConfig, plans: &Plans, around: &Around) -> Vec<Value> {
    let empty = |(name, _): (&str, &str)| json!({ "name": name, "emptyDir": {} });
    let mut all: Vec<Value> = FOLDERS.map(empty).into();
    all.extend(config.agent.volume(plans.agent.as_ref()).map(|(volume, _)| volume));
    all.extend(config.node_image.as_deref().map(|image| node_volume(image).0));
    all.extend(shape.volumes.iter().map(volume));
    all.extend(around.volumes.iter().map(|(name, source)| {
        let mut volume = source.clone();
        volume["name"] = json!(name);
        volume
    }));
    all
}

fn volume(volume: &PodVolume) -> Value {
    let mut made = match &volume.source {
        VolumeSource::Empty { size: None } => json!({ "emptyDir": {} }),
        VolumeSource::Empty { size: Some(size) } => json!({ "emptyDir": { "sizeLimit": size } }),
        VolumeSource::Claim { name } => json!({ "persistentVolumeClaim": { "claimName": name } }),
        VolumeSource::NewClaim { size, storage_class } => {
            let mut spec = json!({
                "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } },
            });
            if let Some(class) = storage_class {
                spec["storageClassName"] = json!(class);
            }
            json!({ "ephemeral": { "volumeClaimTemplate": { "spec": spec } } })
        }
        VolumeSource::HostPath { path } => json!({ "hostPath": { "path": path } }),
    };
    made["name"] = json!(volume.name);
    made
}

fn pull_secrets(spec: &mut Map<String, Value>, id: &MachineId, shape: &PodShape, plans: &Plans) {
    let name = names::machine(id);
    let own = (0..plans.logins.len()).map(|index| login_name(&name, index));
    let all: Vec<Value> =
        own.chain(shape.image_pull_secrets.iter().cloned()).map(|name| json!({ "name": name })).collect();
    extend(spec, "imagePullSecrets", all);
}

fn network(spec: &mut Map<String, Value>, shape: &PodShape, config: &KubernetesConfig, around: &Around) {
    if shape.host_network {
        spec.insert("hostNetwork".into(), json!(true));
    }
    if let Some(hostname) = &around.hostname {
        spec.insert("hostname".into(), json!(hostname));
    }
    let hosts = around.hosts.iter().map(|(ip, names)| json!({ "ip": ip, "hostnames": names }));
    extend(spec, "hostAliases", hosts.collect());
    if let Some(policy) = &config.dns_policy {
        spec.insert("dnsPolicy".into(), json!(policy));
    }
    let mut dns = config.dns_config.clone().and_then(|dns| dns.as_object().cloned()).unwrap_or_default();
    extend(&mut dns, "nameservers", around.dns.iter().map(|server| json!(server)).collect());
    extend(&mut dns, "searches", around.dns_search.iter().map(|domain| json!(domain)).collect());
    if !dns.is_empty() {
        spec.insert("dnsConfig".into(), dns.into());
    }
}
