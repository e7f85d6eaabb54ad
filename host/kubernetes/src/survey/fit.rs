//! Why no node takes a pod, and which quota is full. Pure.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, PodSpec, ResourceQuota, Taint, Toleration};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::quantity::thousandths;

type Amounts = BTreeMap<String, Quantity>;

/// Tells why no node takes a pod, a line each; nothing where one would.
pub(super) fn nodes(spec: &PodSpec, nodes: &[Node]) -> Vec<String> {
    if nodes.is_empty() {
        return vec!["the cluster has no node".to_owned()];
    }
    let wanted = wanted(spec);
    let mut told: Vec<String> = wanted.iter().filter_map(|label| missing(label, nodes)).collect();
    let fitting: Vec<&Node> =
        nodes.iter().filter(|node| wanted.iter().all(|label| label.is_met(node))).collect();
    if fitting.is_empty() {
        if told.is_empty() {
            let all: Vec<String> = wanted.iter().map(Wanted::to_string).collect();
            told.push(format!("no node has all of {}", all.join(", ")));
        }
        return told;
    }
    let open: Vec<&&Node> = fitting.iter().filter(|node| refusal(node, spec).is_none()).collect();
    if open.is_empty() {
        told.extend(
            fitting.iter().filter_map(|node| Some(format!("node {}: {}", name(node), refusal(node, spec)?))),
        );
        return told;
    }
    for (resource, amount) in requests(spec) {
        let largest = open.iter().filter_map(|node| allocatable(node, &resource)).fold(0.0, f64::max);
        if amount > largest {
            let shown = |thousandths: f64| shown(&resource, thousandths);
            told.push(format!(
                "it asks for {} {resource}, and the largest node that fits has {}",
                shown(amount),
                shown(largest)
            ));
        }
    }
    told
}

/// Tells which quotas have no room for a pod.
pub(super) fn quotas(spec: &PodSpec, quotas: &[ResourceQuota]) -> Vec<String> {
    let mut asked = requests(spec);
    let limits = sum(spec, |container| container.limits.as_ref());
    asked.extend(limits.into_iter().map(|(name, amount)| (format!("limits.{name}"), amount)));
    asked.insert("pods".to_owned(), 1000.0);
    let mut told = Vec::new();
    for quota in quotas {
        let status = quota.status.clone().unwrap_or_default();
        let used = status.used.unwrap_or_default();
        for (resource, hard) in status.hard.unwrap_or_default() {
            let plain = resource.strip_prefix("requests.").unwrap_or(&resource);
            let amount = asked.get(plain).copied().unwrap_or_default();
            let in_use = used.get(&resource).and_then(|used| thousandths(&used.0)).unwrap_or_default();
            let Some(most) = thousandths(&hard.0) else { continue };
            if amount > 0.0 && in_use + amount > most {
                let name = quota.metadata.name.as_deref().unwrap_or_default();
                let used = used.get(&resource).map_or("0", |used| &used.0);
                told.push(format!(
                    "quota `{name}` has no room: of {} {resource} {used} are used, and it asks for {}",
                    hard.0,
                    shown(plain, amount)
                ));
            }
        }
    }
    told
}

/// A label that nodes must have.
#[derive(Clone)]
struct Wanted {
    key: String,
    /// Empty where any will do.
    values: Vec<String>,
    negated: bool,
}

impl Wanted {
    fn is_met(&self, node: &Node) -> bool {
        let value = labels(node).get(&self.key);
        let has = value.is_some_and(|value| self.values.is_empty() || self.values.contains(value));
        has != self.negated
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let not = if self.negated { "not " } else { "" };
        match &self.values[..] {
            [] => write!(f, "{not}`{}`", self.key),
            values => write!(f, "{not}`{}={}`", self.key, values.join("|")),
        }
    }
}

fn missing(wanted: &Wanted, nodes: &[Node]) -> Option<String> {
    if nodes.iter().any(|node| wanted.is_met(node)) {
        return None;
    }
    if wanted.negated {
        return Some(format!("every node has {}", Wanted { negated: false, ..wanted.clone() }));
    }
    let others: BTreeSet<&str> =
        nodes.iter().filter_map(|node| labels(node).get(&wanted.key)).map(String::as_str).collect();
    let others: Vec<String> = others.into_iter().take(5).map(|value| format!("`{value}`")).collect();
    let others = if others.is_empty() { String::new() } else { format!("; there are {}", others.join(", ")) };
    Some(format!("no node has {wanted}{others}"))
}

/// The selector, and requirements where there is one set of them: of several, one is enough.
fn wanted(spec: &PodSpec) -> Vec<Wanted> {
    let selector = spec.node_selector.iter().flatten().map(|(key, value)| Wanted {
        key: key.clone(),
        values: vec![value.clone()],
        negated: false,
    });
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let terms = affinity
        .and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref())
        .map(|required| &required.node_selector_terms[..]);
    let required = match terms {
        Some([term]) => term.match_expressions.iter().flatten().filter_map(requirement).collect(),
        _ => Vec::new(),
    };
    selector.chain(required).collect()
}

fn requirement(of: &NodeSelectorRequirement) -> Option<Wanted> {
    let values = of.values.clone().unwrap_or_default();
    let (values, negated) = match of.operator.as_str() {
        "In" => (values, false),
        "NotIn" => (values, true),
        "Exists" => (Vec::new(), false),
        "DoesNotExist" => (Vec::new(), true),
        _ => return None,
    };
    Some(Wanted { key: of.key.clone(), values, negated })
}

fn labels(node: &Node) -> &BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    node.metadata.labels.as_ref().unwrap_or(&NONE)
}

fn name(node: &Node) -> &str {
    node.metadata.name.as_deref().unwrap_or_default()
}

/// Returns why a node takes no such pods, whatever they ask for.
fn refusal(node: &Node, spec: &PodSpec) -> Option<String> {
    let node = node.spec.as_ref()?;
    if node.unschedulable == Some(true) {
        return Some("it is cordoned".to_owned());
    }
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let taint = node.taints.iter().flatten().find(|taint| {
        taint.effect != "PreferNoSchedule" && !tolerations.iter().any(|borne| bears(borne, taint))
    })?;
    let value = taint.value.as_deref().map_or(String::new(), |value| format!("={value}"));
    Some(format!("the pod does not tolerate its taint `{}{value}:{}`", taint.key, taint.effect))
}

fn bears(toleration: &Toleration, taint: &Taint) -> bool {
    let key = toleration.key.as_ref().is_none_or(|key| *key == taint.key);
    let effect = toleration.effect.as_ref().is_none_or(|effect| *effect == taint.effect);
    let is_any = toleration.operator.as_deref() == Some("Exists");
    let value = toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default();
    key && effect && (is_any || value)
}

/// Returns what all containers of a pod ask for together.
fn requests(spec: &PodSpec) -> BTreeMap<String, f64> {
    sum(spec, |resources| resources.requests.as_ref().or(resources.limits.as_ref()))
}

fn sum(
    spec: &PodSpec,
    part: impl Fn(&k8s_openapi::api::core::v1::ResourceRequirements) -> Option<&Amounts>,
) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
        for (name, amount) in container.resources.as_ref().and_then(&part).into_iter().flatten() {
            *all.entry(name.clone()).or_insert(0.0) += thousandths(&amount.0).unwrap_or_default();
        }
    }
    all
}

fn allocatable(node: &Node, resource: &str) -> Option<f64> {
    thousandths(&node.status.as_ref()?.allocatable.as_ref()?.get(resource)?.0)
}

/// Writes an amount for people.
fn shown(resource: &str, thousandths: f64) -> String {
    let whole = thousandths / 1000.0;
    let is_bytes = ["memory", "storage"].iter().any(|word| resource.ends_with(word));
    if is_bytes {
        let (size, unit) = [(1_073_741_824.0, "Gi"), (1_048_576.0, "Mi")]
            .into_iter()
            .find(|(size, _)| whole >= *size)
            .unwrap_or((1.0, ""));
        return format!("{}{unit}", (whole / size * 10.0).round() / 10.0);
    }
    format!("{whole}")
}
