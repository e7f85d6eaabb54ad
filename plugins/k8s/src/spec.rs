//! Parts of a pod as Kubernetes writes them in JSON, to parts of a decision.

use act_host_sdk::decision::{
    NodePreference, NodeRequirement, Operator, PodAffinity, PodResource, PodSecurity, PodSpread, TaintEffect,
    Toleration,
};
use act_host_sdk::prelude::*;

/// Returns the pairs of an object whose values are texts.
pub(crate) fn pairs(json: &Json) -> Vec<(String, String)> {
    let Json::Object(pairs) = json else { return Vec::new() };
    pairs.iter().filter_map(|(key, value)| Some((key.clone(), scalar(value)?))).collect()
}

/// Returns a text, a number or a truth value as a text.
fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) | Json::Number(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn text(json: &Json, key: &str) -> Option<String> {
    scalar(json.get(key))
}

/// Reads `{requests: {cpu: 1}, limits: {…}}`.
pub(crate) fn resources(json: &Json) -> Vec<PodResource> {
    let (requests, limits) = (pairs(json.get("requests")), pairs(json.get("limits")));
    let mut all: Vec<PodResource> = Vec::new();
    for (name, request) in requests {
        all.push(PodResource { name, request: Some(request), limit: None });
    }
    for (name, limit) in limits {
        match all.iter_mut().find(|known| known.name == name) {
            Some(known) => known.limit = Some(limit),
            None => all.push(PodResource { name, request: None, limit: Some(limit) }),
        }
    }
    all
}

/// Reads a list of tolerations.
pub(crate) fn tolerations(json: &Json) -> Result<Vec<Toleration>, String> {
    json.items().iter().map(toleration).collect()
}

fn toleration(json: &Json) -> Result<Toleration, String> {
    let effect = match json.get("effect").as_str() {
        None | Some("") => None,
        Some("NoSchedule") => Some(TaintEffect::NoSchedule),
        Some("PreferNoSchedule") => Some(TaintEffect::PreferNoSchedule),
        Some("NoExecute") => Some(TaintEffect::NoExecute),
        Some(other) => return Err(format!("a taint has no effect `{other}`")),
    };
    let value = match json.get("operator").as_str() {
        Some("Exists") => None,
        None | Some("Equal") => Some(text(json, "value").unwrap_or_default()),
        Some(other) => return Err(format!("a toleration has no operator `{other}`")),
    };
    Ok(Toleration { key: text(json, "key"), value, effect, seconds: json.get("tolerationSeconds").as_u64() })
}

/// What an `affinity` says.
#[derive(Default)]
pub(crate) struct Affinity {
    pub(crate) required: Vec<Vec<NodeRequirement>>,
    pub(crate) preferred: Vec<NodePreference>,
    pub(crate) pods: Vec<PodAffinity>,
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Reads an `affinity`.
pub(crate) fn affinity(json: &Json) -> Result<Affinity, String> {
    let mut read = Affinity::default();
    let node = json.get("nodeAffinity");
    for term in node.get(REQUIRED).get("nodeSelectorTerms").items() {
        read.required.push(requirements(term)?);
    }
    for liked in node.get(PREFERRED).items() {
        let requirements = requirements(liked.get("preference"))?;
        read.preferred.push(NodePreference { weight: weight(liked)?, requirements });
    }
    for (key, anti) in [("podAffinity", false), ("podAntiAffinity", true)] {
        for term in json.get(key).get(REQUIRED).items() {
            read.pods.push(pods(term, anti, None)?);
        }
        for liked in json.get(key).get(PREFERRED).items() {
            read.pods.push(pods(liked.get("podAffinityTerm"), anti, Some(weight(liked)?))?);
        }
    }
    Ok(read)
}

fn weight(json: &Json) -> Result<u32, String> {
    let weight = json.get("weight").as_u64().filter(|weight| (1..=100).contains(weight));
    weight.and_then(|weight| u32::try_from(weight).ok()).ok_or_else(|| "a weight is from 1 to 100".to_owned())
}

fn requirements(term: &Json) -> Result<Vec<NodeRequirement>, String> {
    term.get("matchExpressions").items().iter().map(requirement).collect()
}

fn requirement(json: &Json) -> Result<NodeRequirement, String> {
    let operator = match json.get("operator").as_str().unwrap_or_default() {
        "In" => Operator::IsIn,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::Greater,
        "Lt" => Operator::Less,
        other => return Err(format!("a requirement has no operator `{other}`")),
    };
    let key = text(json, "key").ok_or("a requirement wants a `key`")?;
    let values = json.get("values").items().iter().filter_map(scalar).collect();
    Ok(NodeRequirement { key, operator, values })
}

fn pods(term: &Json, anti: bool, weight: Option<u32>) -> Result<PodAffinity, String> {
    let (match_labels, match_own) = matched(term)?;
    let topology_key = text(term, "topologyKey").ok_or("an affinity of pods wants a `topologyKey`")?;
    Ok(PodAffinity { anti, weight, topology_key, match_labels, match_own })
}

/// Which pods are meant: labels with their values, and names of labels whose values are the pod's own.
type Matched = (Vec<(String, String)>, Vec<String>);

/// Reads which pods are meant: `labelSelector.matchLabels`, and `matchLabelKeys` for labels of the pod itself.
fn matched(json: &Json) -> Result<Matched, String> {
    let selector = json.get("labelSelector");
    if !selector.get("matchExpressions").is_null() {
        return Err("of a `labelSelector` only `matchLabels` is known; `matchLabelKeys` stands for labels of the pod itself".into());
    }
    let own = json.get("matchLabelKeys").strings().map(str::to_owned).collect();
    Ok((pairs(selector.get("matchLabels")), own))
}

/// Reads a list of `topologySpreadConstraints`.
pub(crate) fn spread(json: &Json) -> Result<Vec<PodSpread>, String> {
    let one = |json: &Json| {
        let (match_labels, match_own) = matched(json)?;
        Ok(PodSpread {
            max_skew: json.get("maxSkew").as_u64().and_then(|skew| u32::try_from(skew).ok()).unwrap_or(1),
            topology_key: text(json, "topologyKey").ok_or("a spread wants a `topologyKey`")?,
            required: json.get("whenUnsatisfiable").as_str() != Some("ScheduleAnyway"),
            match_labels,
            match_own,
        })
    };
    json.items().iter().map(one).collect()
}

/// Reads a `securityContext`, of a pod and of a container alike.
pub(crate) fn security(json: &Json) -> PodSecurity {
    let profile = json.get("seccompProfile");
    let seccomp = match profile.get("type").as_str() {
        Some("Localhost") => text(profile, "localhostProfile"),
        other => other.map(str::to_owned),
    };
    let names = |key| json.get("capabilities").get(key).strings().map(str::to_owned).collect();
    PodSecurity {
        run_as_user: json.get("runAsUser").as_u64(),
        run_as_group: json.get("runAsGroup").as_u64(),
        fs_group: json.get("fsGroup").as_u64(),
        run_as_non_root: json.get("runAsNonRoot").as_bool(),
        read_only_root: json.get("readOnlyRootFilesystem").as_bool(),
        allow_privilege_escalation: json.get("allowPrivilegeEscalation").as_bool(),
        privileged: json.get("privileged").as_bool(),
        seccomp,
        add_capabilities: names("add"),
        drop_capabilities: names("drop"),
    }
}
