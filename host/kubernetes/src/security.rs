//! Security settings of a pod and its containers.

use act_core::place::pod::{PodSecurity, PodShape};
use serde_json::{Map, Value, json};

use crate::config::KubernetesConfig;

/// Returns the `securityContext` of a pod: the operator's, and over it the decision's.
pub(crate) fn of_pod(shape: &PodShape, config: &KubernetesConfig, groups: &[i64]) -> Map<String, Value> {
    let security = &shape.security;
    let mut made = object(config.pod_security.as_ref());
    put(&mut made, "runAsUser", security.run_as_user);
    put(&mut made, "runAsGroup", security.run_as_group);
    put(&mut made, "fsGroup", security.fs_group);
    put(&mut made, "runAsNonRoot", security.run_as_non_root);
    if let Some(profile) = &security.seccomp {
        made.insert("seccompProfile".into(), seccomp(profile));
    }
    made.entry("seccompProfile").or_insert_with(|| json!({ "type": "RuntimeDefault" }));
    if !groups.is_empty() {
        made.insert("supplementalGroups".into(), json!(groups));
    }
    if made.contains_key("fsGroup") {
        // Volumes of a job are new: whoever goes through all of their files goes through none.
        made.entry("fsGroupChangePolicy").or_insert_with(|| json!("OnRootMismatch"));
    }
    made
}

/// Returns the `securityContext` of the job's container.
pub(crate) fn of_job(security: &PodSecurity, config: &KubernetesConfig) -> Map<String, Value> {
    let mut made = object(config.container_security.as_ref());
    put(&mut made, "privileged", security.privileged);
    put(&mut made, "readOnlyRootFilesystem", security.read_only_root);
    put(&mut made, "allowPrivilegeEscalation", security.allow_privilege_escalation);
    capabilities(&mut made, &security.add_capabilities, &security.drop_capabilities);
    made
}

/// Adds capabilities to those that are there.
pub(crate) fn capabilities(context: &mut Map<String, Value>, add: &[String], drop: &[String]) {
    for (key, names) in [("add", add), ("drop", drop)] {
        if names.is_empty() {
            continue;
        }
        let capabilities = context.entry("capabilities").or_insert_with(|| json!({}));
        let mut all: Vec<Value> =
            capabilities.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        all.extend(
            names
                .iter()
                .filter(|name| !all.contains(&json!(name)))
                .map(|name| json!(name))
                .collect::<Vec<_>>(),
        );
        capabilities[key] = all.into();
    }
}

fn seccomp(profile: &str) -> Value {
    match profile {
        "RuntimeDefault" | "Unconfined" => json!({ "type": profile }),
        path => json!({ "type": "Localhost", "localhostProfile": path }),
    }
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(key.into(), value.into());
    }
}
