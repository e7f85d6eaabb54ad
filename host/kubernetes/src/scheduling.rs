//! Where a pod may run, as the decision says it.

use std::collections::BTreeMap;

use act_core::place::Arch;
use act_core::place::pod::{NodeRequirement, PodAffinity, PodMatch, PodShape, PodSpread, Toleration};
use serde_json::{Map, Value, json};

use crate::config::KubernetesConfig;

/// What nodes are labelled with that says their processor.
const PROCESSOR: &str = "kubernetes.io/arch";

const fn processor_label(arch: Arch) -> &'static str {
    match arch {
        Arch::X86 => "386",
        Arch::X64 => "amd64",
        Arch::Arm => "arm",
        Arch::Arm64 => "arm64",
    }
}

/// Returns the processor of a pod's node, as nodes are labelled, where its specification or that of the operator's
/// template leaves but one.
pub(crate) fn processor(spec: &Map<String, Value>, template: Option<&Value>) -> Option<String> {
    let given = || named_processor(template?.get("spec")?.as_object()?);
    named_processor(spec).or_else(given)
}

fn named_processor(spec: &Map<String, Value>) -> Option<String> {
    let selected = spec.get("nodeSelector").and_then(|selector| selector.get(PROCESSOR)?.as_str());
    let required = || {
        let node = spec.get("affinity")?.get("nodeAffinity")?;
        let terms = node.get("requiredDuringSchedulingIgnoredDuringExecution")?.get("nodeSelectorTerms")?;
        let mut named = terms.as_array()?.iter().map(processor_of_term);
        let first = named.next()??;
        named.all(|other| other == Some(first)).then_some(first)
    };
    selected.or_else(required).map(str::to_owned)
}

/// All of a term's expressions must be met, so one that leaves but one value is enough.
fn processor_of_term(term: &Value) -> Option<&str> {
    let expressions = term.get("matchExpressions")?.as_array()?.iter();
    let mut of_processor = expressions.filter(|one| one["key"] == PROCESSOR && one["operator"] == "In");
    of_processor.find_map(|one| match one["values"].as_array()?.as_slice() {
        [only] => only.as_str(),
        _ => None,
    })
}

/// Keeps a pod to nodes of one processor, as they are labelled.
pub(crate) fn select_processor(spec: &mut Map<String, Value>, processor: &str) {
    let selector = spec.entry("nodeSelector").or_insert_with(|| json!({}));
    selector[PROCESSOR] = json!(processor);
}

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
    if let Some(arch) = shape.arch.filter(|_| named_processor(spec).is_none()) {
        select_processor(spec, processor_label(arch));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn processor_of(spec: Value, template: Option<Value>) -> Option<String> {
        processor(spec.as_object().unwrap(), template.as_ref())
    }

    fn terms(terms: Value) -> Value {
        json!({ "affinity": { "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": terms },
        } } })
    }

    #[test]
    fn the_processor_is_known_where_but_one_is_left() {
        let is = |values: Value| {
            json!({ "matchExpressions": [
                { "key": "a", "operator": "Exists" },
                { "key": PROCESSOR, "operator": "In", "values": values },
            ] })
        };
        let arm = Some("arm64".to_owned());
        let selector = json!({ "nodeSelector": { PROCESSOR: "arm64" } });
        assert_eq!(processor_of(selector.clone(), None), arm);
        assert_eq!(processor_of(json!({}), Some(json!({ "spec": selector }))), arm);
        assert_eq!(processor_of(terms(json!([is(json!(["arm64"])), is(json!(["arm64"]))])), None), arm);
        let other = json!({ "spec": { "nodeSelector": { PROCESSOR: "amd64" } } });
        assert_eq!(
            processor_of(selector, Some(other)),
            arm,
            "what the decision says counts over the template"
        );
        for open in [
            json!({}),
            json!({ "nodeSelector": { "zone": "a" } }),
            terms(json!([is(json!(["arm64", "amd64"]))])),
            terms(json!([is(json!(["arm64"])), is(json!(["amd64"]))])),
            terms(json!([is(json!(["arm64"])), {}])),
            terms(json!([])),
        ] {
            assert_eq!(processor_of(open.clone(), None), None, "{open}");
        }
    }

    #[test]
    fn the_processor_of_a_decision_is_one_of_its_node() {
        let config = KubernetesConfig::new("n", crate::AgentSource::InImage { path: "/a".into() });
        let made = |shape: PodShape| {
            let mut spec = Map::new();
            schedule(&mut spec, &shape, &BTreeMap::new(), &config);
            spec
        };
        let arm = PodShape { arch: Some(Arch::Arm64), ..PodShape::default() };
        assert_eq!(made(arm.clone())["nodeSelector"], json!({ PROCESSOR: "arm64" }));
        let requirement = NodeRequirement {
            key: PROCESSOR.into(),
            operator: act_core::place::pod::Operator::In,
            values: vec!["arm64".into()],
        };
        assert!(
            !made(PodShape { node_required: vec![vec![requirement]], ..arm }).contains_key("nodeSelector")
        );
    }
}
