//! Where a pod may run, as the decision says it.

use std::collections::BTreeMap;

use act_core::place::pod::{NodeRequirement, PodAffinity, PodMatch, PodShape, PodSpread, Toleration};
use serde_json::{Map, Value, json};

use crate::config::KubernetesConfig;

/// Adds what the decision says of nodes; `labels` are those of the pod.
pub(crate) fn schedule(
    spec: &mut Map<String, Value>,
    shape: &PodShape,
    labels: &BTreeMap<String, String>,
    config: &KubernetesConfig,
) {
    if !shape.node_selector.is_empty() {
        spec.insert("nodeSelector".into(), json!(shape.node_selector));
    }
    let affinity = affinity(shape, labels);
    if !affinity.is_empty() {
        spec.insert("affinity".into(), affinity.into());
    }
    if !shape.spread.is_empty() {
        let all: Vec<Value> = shape.spread.iter().map(|spread| self::spread(spread, labels)).collect();
        spec.insert("topologySpreadConstraints".into(), all.into());
    }
    let mut tolerations: Vec<Value> = shape.tolerations.iter().map(toleration).collect();
    // A node that falls silent takes its pod with it: nobody waits five minutes for a machine that is lost.
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let bears = |toleration: &Toleration| toleration.key.as_deref().is_none_or(|known| known == key);
        if !shape.tolerations.iter().any(bears) {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": config.silent_node.as_secs(),
            }));
        }
    }
    spec.insert("tolerations".into(), tolerations.into());
    let named = [("runtimeClassName", &shape.runtime_class), ("priorityClassName", &shape.priority_class)];
    for (key, name) in named {
        if let Some(name) = name {
            spec.insert(key.into(), json!(name));
        }
    }
}

fn affinity(shape: &PodShape, labels: &BTreeMap<String, String>) -> Map<String, Value> {
    let mut node = Map::new();
    if !shape.node_required.is_empty() {
        let terms: Vec<Value> = shape.node_required.iter().map(|term| expressions(term)).collect();
        node.insert(
            "requiredDuringSchedulingIgnoredDuringExecution".into(),
            json!({ "nodeSelectorTerms": terms }),
        );
    }
    if !shape.node_preferred.is_empty() {
        let liked = shape
            .node_preferred
            .iter()
            .map(|liked| json!({ "weight": liked.weight, "preference": expressions(&liked.requirements) }));
        node.insert("preferredDuringSchedulingIgnoredDuringExecution".into(), liked.collect());
    }
    let mut all = Map::new();
    if !node.is_empty() {
        all.insert("nodeAffinity".into(), node.into());
    }
    for (key, anti) in [("podAffinity", false), ("podAntiAffinity", true)] {
        let pods = pods(shape.affinities.iter().filter(|affinity| affinity.anti == anti), labels);
        if !pods.is_empty() {
            all.insert(key.into(), pods.into());
        }
    }
    all
}

fn expressions(requirements: &[NodeRequirement]) -> Value {
    let one = |one: &NodeRequirement| {
        let mut made = json!({ "key": one.key, "operator": one.operator.as_str() });
        if !one.values.is_empty() {
            made["values"] = json!(one.values);
        }
        made
    };
    json!({ "matchExpressions": requirements.iter().map(one).collect::<Vec<_>>() })
}

fn pods<'a>(
    affinities: impl Iterator<Item = &'a PodAffinity>,
    labels: &BTreeMap<String, String>,
) -> Map<String, Value> {
    let (mut required, mut preferred) = (Vec::new(), Vec::new());
    for affinity in affinities {
        let term = json!({
            "topologyKey": affinity.topology_key,
            "labelSelector": selector(&affinity.pods, labels),
        });
        match affinity.weight {
            None => required.push(term),
            Some(weight) => preferred.push(json!({ "weight": weight, "podAffinityTerm": term })),
        }
    }
    let mut made = Map::new();
    for (key, terms) in [
        ("requiredDuringSchedulingIgnoredDuringExecution", required),
        ("preferredDuringSchedulingIgnoredDuringExecution", preferred),
    ] {
        if !terms.is_empty() {
            made.insert(key.into(), terms.into());
        }
    }
    made
}

fn spread(spread: &PodSpread, labels: &BTreeMap<String, String>) -> Value {
    json!({
        "maxSkew": spread.max_skew,
        "topologyKey": spread.topology_key,
        "whenUnsatisfiable": if spread.required { "DoNotSchedule" } else { "ScheduleAnyway" },
        "labelSelector": selector(&spread.pods, labels),
    })
}

/// A label of the pod's own that it has not got matches no pod.
fn selector(pods: &PodMatch, labels: &BTreeMap<String, String>) -> Value {
    let mut wanted = pods.labels.clone();
    for key in &pods.own {
        wanted.insert(key.clone(), labels.get(key).cloned().unwrap_or_default());
    }
    json!({ "matchLabels": wanted })
}

fn toleration(toleration: &Toleration) -> Value {
    let mut made = match &toleration.value {
        Some(value) => json!({ "operator": "Equal", "value": value }),
        None => json!({ "operator": "Exists" }),
    };
    if let Some(key) = &toleration.key {
        made["key"] = json!(key);
    }
    if let Some(effect) = toleration.effect {
        made["effect"] = json!(effect.as_str());
    }
    if let Some(seconds) = toleration.seconds {
        made["tolerationSeconds"] = json!(seconds);
    }
    made
}
