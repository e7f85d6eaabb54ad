//! What a workflow says of its containers, as parts of a pod. What has no meaning in a pod is refused by name.

use std::collections::BTreeMap;
use std::time::Duration;

use act_core::place::Reach;
use act_core::place::container::{JobContainer, Mount, MountFrom, Protocol, SealedText, Service};
use serde_json::{Map, Value, json};

use crate::config::KubernetesConfig;
use crate::names::{dns, is_host_name};
use crate::objects::{LoginPlan, Plans};
use crate::security;

/// The job's container in a pod.
pub(crate) const JOB: &str = "runner";

/// Returns the name of a service's container.
pub(crate) fn service_container(name: &str) -> String {
    format!("service-{}", dns(name).chars().take(50).collect::<String>().trim_end_matches('-'))
}

/// What containers of one pod add to it.
#[derive(Default)]
pub(crate) struct Around {
    /// Volumes by name: those that several containers name are one.
    pub(crate) volumes: BTreeMap<String, Value>,
    /// Names of hosts by address.
    pub(crate) hosts: BTreeMap<String, Vec<String>>,
    pub(crate) dns: Vec<String>,
    pub(crate) dns_search: Vec<String>,
    pub(crate) groups: Vec<i64>,
    pub(crate) hostname: Option<String>,
    /// What nobody can have here, one line each.
    pub(crate) refused: Vec<String>,
}

/// Who a container belongs to, for messages, and its name in the pod.
struct Whose<'a> {
    said: String,
    container: String,
    of: &'a JobContainer,
    config: &'a KubernetesConfig,
}

/// Adds what a job's `container` says to its container in the pod.
pub(crate) fn job(
    container: &mut Map<String, Value>,
    of: &JobContainer,
    config: &KubernetesConfig,
    around: &mut Around,
    plans: &mut Plans,
) {
    let whose = Whose { said: "`container`".to_owned(), container: JOB.to_owned(), of, config };
    let options = &of.options;
    if let Some(hostname) = &options.hostname {
        around.hostname = Some(hostname.clone());
    }
    if options.health.command.is_some() {
        around
            .refused
            .push("`container`: `--health-cmd` is for services: nothing waits for the job itself".to_owned());
    }
    if let Some(gpus) = options.gpus {
        match gpus {
            u32::MAX => around.refused.push(
                "`container`: `--gpus all` means nothing in a cluster: say how many, or name a platform that has some".to_owned(),
            ),
            count => limit(container, "nvidia.com/gpu", &count.to_string()),
        }
    }
    // Entrypoint and working folder are those of the agent and of each step, as with the runner.
    common(container, &whose, around, plans);
}

/// Makes a service's container: one that starts before the steps and ends after them.
pub(crate) fn service(
    service: &Service,
    config: &KubernetesConfig,
    around: &mut Around,
    plans: &mut Plans,
) -> Value {
    let of = &service.container;
    let said = format!("`services.{}`", service.name);
    let whose = Whose { said: said.clone(), container: service_container(&service.name), of, config };
    let mut container = Map::new();
    container.insert("name".into(), json!(whose.container));
    container.insert("image".into(), json!(mirrored(&of.image, config)));
    container.insert("restartPolicy".into(), json!("Always"));
    let entrypoint =
        of.entrypoint.as_ref().or(of.options.entrypoint.as_ref()).filter(|text| !text.is_empty());
    if let Some(entrypoint) = entrypoint {
        container.insert("command".into(), json!([literal(entrypoint)]));
    }
    if !of.command.is_empty() {
        container.insert("args".into(), of.command.iter().map(|word| literal(word)).collect());
    }
    if let Some(folder) = &of.options.workdir {
        container.insert("workingDir".into(), json!(folder));
    }
    if let Some(probe) = probe(of) {
        container.insert("startupProbe".into(), probe);
    }
    let names = std::iter::once(&service.name).chain(&of.options.aliases);
    for name in names {
        match is_host_name(name) {
            true => around.hosts.entry("127.0.0.1".into()).or_default().push(name.clone()),
            false => around.refused.push(format!(
                "{said}: `{name}` can be no host name: only letters in lower case, digits, `-` and `.`"
            )),
        }
    }
    if let Some(cpu) = of.options.cpu_millis {
        limit(&mut container, "cpu", &format!("{cpu}m"));
    }
    if let Some(memory) = of.options.memory {
        limit(&mut container, "memory", &memory.to_string());
    }
    if of.options.gpus.is_some() || of.options.hostname.is_some() {
        around
            .refused
            .push(format!("{said}: `--gpus` and `--hostname` belong to the whole pod, and not to a service"));
    }
    common(&mut container, &whose, around, plans);
    container.into()
}

fn common(container: &mut Map<String, Value>, whose: &Whose<'_>, around: &mut Around, plans: &mut Plans) {
    let options = &whose.of.options;
    environment(container, whose, plans);
    let mounts: Vec<Value> =
        whose.of.mounts().enumerate().filter_map(|(index, one)| mount(one, index, whose, around)).collect();
    extend(container, "volumeMounts", mounts);
    if let Some(size) = options.shared_memory {
        let name = format!("{}-shm", whose.container);
        around.volumes.insert(
            name.clone(),
            json!({ "emptyDir": { "medium": "Memory", "sizeLimit": size.to_string() } }),
        );
        extend(container, "volumeMounts", vec![json!({ "name": name, "mountPath": "/dev/shm" })]);
    }
    let ports: Vec<Value> = whose
        .of
        .all_ports()
        .map(|port| {
            let protocol = match port.protocol {
                Protocol::Tcp => "TCP",
                Protocol::Udp => "UDP",
                Protocol::Sctp => "SCTP",
            };
            json!({ "containerPort": port.container, "protocol": protocol })
        })
        .collect();
    extend(container, "ports", ports);
    if let Some(policy) = &options.pull {
        match policy.as_str() {
            "always" => container.insert("imagePullPolicy".into(), json!("Always")),
            "missing" => container.insert("imagePullPolicy".into(), json!("IfNotPresent")),
            "never" => container.insert("imagePullPolicy".into(), json!("Never")),
            other => {
                around
                    .refused
                    .push(format!("{}: `--pull {other}`: must be always, missing or never", whose.said));
                None
            }
        };
    }
    if let Some(login) = &whose.of.login {
        plans.logins.push(LoginPlan { registry: registry(&whose.of.image).to_owned(), login: login.clone() });
    }
    rights(container, whose, around);
    for (name, address) in &options.hosts {
        around.hosts.entry(address.clone()).or_default().push(name.clone());
    }
    around.dns.extend(options.dns.iter().cloned());
    around.dns_search.extend(options.dns_search.iter().cloned());
    let mut without: Vec<&str> = options.others.iter().map(|other| other.name.as_str()).collect();
    if !options.labels.is_empty() {
        without.push("--label");
    }
    if !without.is_empty() {
        let named = without.join("`, `");
        around.refused.push(format!("{}: `{named}` means nothing in a pod", whose.said));
    }
}

/// User, groups, capabilities, and what is allowed of that which reaches the node.
fn rights(container: &mut Map<String, Value>, whose: &Whose<'_>, around: &mut Around) {
    let options = &whose.of.options;
    let mut context =
        container.get("securityContext").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(user) = &options.user {
        let (user, group) =
            user.split_once(':').map_or((user.as_str(), None), |(user, group)| (user, Some(group)));
        for (key, id) in [("runAsUser", Some(user)), ("runAsGroup", group)] {
            match id.map(str::parse::<i64>) {
                Some(Ok(id)) => drop(context.insert(key.into(), json!(id))),
                Some(Err(_)) => around
                    .refused
                    .push(format!("{}: `--user` must be a number in a pod: `--user 1001:121`", whose.said)),
                None => {}
            }
        }
    }
    for group in &options.groups {
        match group.parse() {
            Ok(group) => around.groups.push(group),
            Err(_) => around.refused.push(format!("{}: `--group-add` must be a number in a pod", whose.said)),
        }
    }
    if options.read_only {
        context.insert("readOnlyRootFilesystem".into(), json!(true));
    }
    if options.no_new_privileges {
        context.insert("allowPrivilegeEscalation".into(), json!(false));
    }
    let powers = options.add_capabilities.iter().any(|name| name != "NET_BIND_SERVICE");
    for (is, name) in [(options.privileged, "--privileged"), (powers, "--cap-add")] {
        if is && !whose.config.allowed.contains(&Reach::Privileged) {
            around.refused.push(format!(
                "{}: `{name}` is not allowed here: whoever runs the cluster can allow `privileged` in `[kubernetes]`",
                whose.said
            ));
        }
    }
    if options.privileged {
        context.insert("privileged".into(), json!(true));
    }
    security::capabilities(&mut context, &options.add_capabilities, &options.drop_capabilities);
    if !context.is_empty() {
        container.insert("securityContext".into(), context.into());
    }
}

/// Variables: plain ones as they are, those with secrets from a Secret.
fn environment(container: &mut Map<String, Value>, whose: &Whose<'_>, plans: &mut Plans) {
    let mut all: Vec<(String, Value)> = Vec::new();
    for (name, text) in whose.of.variables() {
        let value = match text.plain() {
            Some(text) => json!({ "name": name, "value": literal(text) }),
            None => json!({ "name": name, "valueFrom": { "secretKeyRef": {
                "name": plans.secret_name, "key": plans.seal(&whose.container, text.clone()),
            } } }),
        };
        all.retain(|(known, _)| known != name);
        all.push((name.to_owned(), value));
    }
    extend(container, "env", all.into_iter().map(|(_, value)| value).collect());
}

fn mount(mount: &Mount, index: usize, whose: &Whose<'_>, around: &mut Around) -> Option<Value> {
    let empty = || json!({ "emptyDir": {} });
    let (name, source) = match &mount.from {
        MountFrom::New => (format!("{}-{index}", whose.container), empty()),
        MountFrom::Memory => {
            (format!("{}-{index}", whose.container), json!({ "emptyDir": { "medium": "Memory" } }))
        }
        MountFrom::Named(name) => (format!("volume-{}", dns(name)), empty()),
        MountFrom::Host(folder) if whose.config.allowed.contains(&Reach::HostPath) => {
            (format!("{}-{index}", whose.container), json!({ "hostPath": { "path": folder } }))
        }
        MountFrom::Host(folder) => {
            around.refused.push(format!(
                "{}: the folder `{folder}` of the node is not allowed here: whoever runs the cluster can allow `host-path` in `[kubernetes]`",
                whose.said
            ));
            return None;
        }
    };
    let mut made = json!({ "name": name, "mountPath": mount.path });
    if mount.read_only {
        made["readOnly"] = json!(true);
    }
    around.volumes.insert(name, source);
    Some(made)
}

/// Docker's defaults.
const INTERVAL: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;

/// Makes the probe that the first step waits for.
///
/// Docker asks after each interval, and counts failures from the end of the start period on.
fn probe(of: &JobContainer) -> Option<Value> {
    let health = &of.options.health;
    let command =
        health.command.as_ref().filter(|command| !of.options.no_health && command.as_str() != "none")?;
    let seconds = |duration: Duration| duration.as_secs_f64().ceil().max(1.0);
    let period = seconds(health.start_interval.or(health.interval).unwrap_or(INTERVAL));
    let started = health.start_period.map_or(0.0, |start| (start.as_secs_f64() / period).ceil());
    let failures = f64::from(health.retries.unwrap_or(RETRIES).max(1)) + started;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float is cut to the largest integer, which the API refuses"
    )]
    let whole = |number: f64| number as i32;
    Some(json!({
        "exec": { "command": ["/bin/sh", "-c", command] },
        "periodSeconds": whole(period),
        "timeoutSeconds": whole(seconds(health.timeout.unwrap_or(INTERVAL))),
        "failureThreshold": whole(failures),
    }))
}

fn limit(container: &mut Map<String, Value>, resource: &str, amount: &str) {
    let resources = container.entry("resources").or_insert_with(|| json!({}));
    resources["limits"][resource] = json!(amount);
}

/// Puts entries behind those of a list.
pub(crate) fn extend(container: &mut Map<String, Value>, key: &str, entries: Vec<Value>) {
    if entries.is_empty() {
        return;
    }
    let list = container.entry(key).or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        list.extend(entries);
    }
}

/// Writes a text so that the kubelet finds no `$(VARIABLE)` in it.
pub(crate) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// Returns the name of an image, through the mirror where it names no registry.
pub(crate) fn mirrored(image: &str, config: &KubernetesConfig) -> String {
    match &config.image_mirror {
        Some(mirror) if registry(image) == DOCKER_HUB => format!("{}/{image}", mirror.trim_end_matches('/')),
        _ => image.to_owned(),
    }
}

/// What logins call Docker's registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Returns the registry of an image, as logins call it.
pub(crate) fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => DOCKER_HUB,
    }
}

/// Finds two services that listen on one port: in a pod they share the network.
pub(crate) fn clashes(services: &[Service]) -> Vec<String> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    let mut said = Vec::new();
    for service in services {
        for port in service.container.all_ports() {
            if let Some(other) = known.insert(port.to_string(), &service.name)
                && other != service.name
            {
                said.push(format!(
                    "`services.{other}` and `services.{}` both listen on port {port}, and in a pod they share one network: give one of them another port",
                    service.name
                ));
            }
        }
    }
    said
}

/// Returns what of a sealed text is a name: for documents.
pub(crate) fn shown(text: &SealedText) -> String {
    text.to_string()
}
