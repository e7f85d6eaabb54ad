//! A decision to the objects that are made for it. Pure: secrets are names here, and values are put in when they are
//! sent.

use std::collections::BTreeMap;

use act_core::ids::MachineId;
use act_core::place::container::{Login, SealedText};
use act_core::place::{Decision, PodShape, Shape};
use act_core::spec::SecretName;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::agent::Binary;
use crate::config::KubernetesConfig;
use crate::{containers, labels, names, pod};

/// What is made for one machine.
#[derive(Clone, Debug)]
pub struct Objects {
    /// The name of the machine's pod, or of its Job.
    pub name: String,
    /// Where.
    pub namespace: String,
    /// A Pod, or a Job that makes one.
    pub machine: Value,
    /// Secrets that the pod needs before it starts.
    pub secrets: Vec<SecretObject>,
    /// What everything is marked with.
    pub labels: BTreeMap<String, String>,
    /// The agent that its ConfigMap brings; `None` where an image does.
    pub(crate) agent: Option<Binary>,
}

/// A Secret whose values are known when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretObject {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub content: SecretContent,
}

/// What is in a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretContent {
    /// Variables, by key.
    Values(BTreeMap<String, SealedText>),
    /// A login at a registry.
    Login(LoginPlan),
}

/// A login at a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginPlan {
    /// As logins call it.
    pub registry: String,
    /// Who.
    pub login: Login,
}

/// What containers ask for while a pod is made.
pub(crate) struct Plans {
    pub(crate) secret_name: String,
    values: BTreeMap<String, SealedText>,
    pub(crate) logins: Vec<LoginPlan>,
    pub(crate) agent: Option<Binary>,
}

impl Plans {
    /// Keeps a text with secrets in it, and returns its key.
    pub(crate) fn seal(&mut self, container: &str, text: SealedText) -> String {
        let key = format!("{container}.{}", self.values.len());
        self.values.insert(key.clone(), text);
        key
    }
}

impl Objects {
    /// Makes them. `host` is the Lease of the process that answers for them.
    ///
    /// # Errors
    /// All that a pod cannot be, one line each.
    pub fn of(
        id: &MachineId,
        decision: &Decision,
        host: &str,
        config: &KubernetesConfig,
    ) -> Result<Self, Vec<String>> {
        let shape = match &decision.shape {
            Shape::Pod(shape) => shape,
            Shape::Process { .. } => {
                return Err(vec!["processes on this machine were decided, and this is a cluster".to_owned()]);
            }
        };
        let name = names::machine(id);
        let namespace = shape.namespace.clone().unwrap_or_else(|| config.namespace.clone());
        let labels = labels::of(id, host, &shape.labels, &decision.bind.labels);
        let secret_name = format!("{name}-env");
        let mut plans = Plans { secret_name, values: BTreeMap::new(), logins: Vec::new(), agent: None };
        let pod = pod::make(id, shape, &decision.bind, &labels, config, &mut plans)?;
        let Plans { secret_name, values, logins, agent } = plans;
        let mut secrets = Vec::new();
        if !values.is_empty() {
            secrets.push(SecretObject { name: secret_name, content: SecretContent::Values(values) });
        }
        let logins = logins.into_iter().enumerate();
        secrets.extend(logins.map(|(index, login)| SecretObject {
            name: login_name(&name, index),
            content: SecretContent::Login(login),
        }));
        let machine =
            if shape.as_job { job(&name, shape, pod, config) } else { named(&name, &namespace, pod) };
        Ok(Self { name, namespace, machine, secrets, labels, agent })
    }

    /// Returns the names of the secrets whose values are needed.
    pub fn wanted(&self) -> impl Iterator<Item = &SecretName> {
        self.secrets.iter().flat_map(|secret| secret.sealed()).flat_map(|text| text.secrets())
    }

    /// Returns a Secret with its values in it, owned by nobody yet.
    #[must_use]
    pub fn secret(&self, of: &SecretObject, value: &dyn Fn(&SecretName) -> Option<String>) -> Value {
        let open = |text: &SealedText| {
            let found: Vec<_> =
                text.secrets().map(|name| (name.clone(), value(name).unwrap_or_default())).collect();
            text.open(|name| found.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()))
        };
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let (kind, data) = match &of.content {
            SecretContent::Values(values) => {
                let data: BTreeMap<&String, String> =
                    values.iter().map(|(key, text)| (key, base64(&open(text)))).collect();
                ("Opaque", json!(data))
            }
            SecretContent::Login(LoginPlan { registry, login }) => {
                let (user, password) = (open(&login.username), open(&login.password));
                let auth = base64(&format!("{user}:{password}"));
                let entry = json!({ "username": user, "password": password, "auth": auth });
                let config = json!({ "auths": { registry.as_str(): entry } }).to_string();
                ("kubernetes.io/dockerconfigjson", json!({ ".dockerconfigjson": base64(&config) }))
            }
        };
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": kind,
            "metadata": { "name": of.name, "namespace": self.namespace, "labels": self.labels },
            "data": data,
        })
    }

    /// Returns everything as documents, secrets as `***`.
    #[must_use]
    pub fn documents(&self) -> Vec<(String, Value)> {
        let shown = |of: &SecretObject| {
            let keys: BTreeMap<String, String> = match &of.content {
                SecretContent::Values(values) => {
                    values.iter().map(|(key, text)| (key.clone(), containers::shown(text))).collect()
                }
                SecretContent::Login(plan) => {
                    [(plan.registry.clone(), containers::shown(&plan.login.username))].into()
                }
            };
            let metadata = json!({ "name": of.name, "namespace": self.namespace });
            (
                format!("Secret {}", of.name),
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": keys }),
            )
        };
        let kind = self.machine["kind"].as_str().unwrap_or("Pod").to_owned();
        let machine = (format!("{kind} {}", self.name), self.machine.clone());
        self.secrets.iter().map(shown).chain([machine]).collect()
    }
}

impl SecretObject {
    fn sealed(&self) -> Vec<&SealedText> {
        match &self.content {
            SecretContent::Values(values) => values.values().collect(),
            SecretContent::Login(plan) => vec![&plan.login.username, &plan.login.password],
        }
    }
}

/// Names the Secret of a login.
pub(crate) fn login_name(machine: &str, index: usize) -> String {
    format!("{machine}-login-{index}")
}

fn named(name: &str, namespace: &str, mut pod: Value) -> Value {
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["namespace"] = json!(namespace);
    pod
}

/// A Job of one pod, which is never made twice: a second one is this program's to decide.
fn job(name: &str, shape: &PodShape, pod: Value, config: &KubernetesConfig) -> Value {
    let namespace = shape.namespace.as_ref().unwrap_or(&config.namespace);
    let metadata = json!({ "name": name, "namespace": namespace, "labels": pod["metadata"]["labels"],
        "annotations": pod["metadata"]["annotations"] });
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
        "spec": {
            "backoffLimit": 0,
            "parallelism": 1,
            "completions": 1,
            "podReplacementPolicy": "Failed",
            "activeDeadlineSeconds": pod["spec"]["activeDeadlineSeconds"],
            "ttlSecondsAfterFinished": config.keep_finished.as_secs(),
            "template": pod,
        },
    })
}

#[cfg(test)]
mod tests;
