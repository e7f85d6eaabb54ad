//! The operator's pod template, merged into a pod: what this program says of its own containers stays.
//!
//! As a strategic merge does it: lists whose entries have names are merged by name, entries that are new are added, other
//! lists are put behind those that are there, objects key by key, and of plain values those of the template count only
//! where there is none.

use serde_json::{Map, Value};

/// Merges a `PodTemplateSpec` into a pod.
pub(crate) fn merge(pod: &mut Value, template: &Value) {
    for key in ["metadata", "spec"] {
        if let (Some(own), Some(given)) = (pod.get_mut(key), template.get(key)) {
            lay(own, given);
        }
    }
}

/// What the entries of a list are told apart by; what has none of these is only added.
const KEYS: [&str; 4] = ["name", "mountPath", "containerPort", "ip"];

fn lay(own: &mut Value, given: &Value) {
    match (own, given) {
        (Value::Object(own), Value::Object(given)) => lay_object(own, given),
        (Value::Array(own), Value::Array(given)) => lay_list(own, given),
        _ => {}
    }
}

fn lay_object(own: &mut Map<String, Value>, given: &Map<String, Value>) {
    for (key, value) in given {
        match own.get_mut(key) {
            // A program's words are no list that grows.
            Some(_) if matches!(key.as_str(), "command" | "args") => {}
            Some(known) => lay(known, value),
            None => {
                own.insert(key.clone(), value.clone());
            }
        }
    }
}

fn lay_list(own: &mut Vec<Value>, given: &[Value]) {
    for entry in given {
        let same = |known: &&mut Value| {
            KEYS.iter().any(|key| known.get(key).is_some() && known.get(key) == entry.get(key))
        };
        let is_there = own.contains(entry);
        match own.iter_mut().find(same) {
            Some(known) => lay(known, entry),
            None if is_there => {}
            None => own.push(entry.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn containers_are_merged_by_name_and_lists_grow() {
        let mut pod = json!({
            "metadata": { "name": "p", "labels": { "app": "act-runner" } },
            "spec": {
                "restartPolicy": "Never",
                "containers": [{ "name": "runner", "image": "i", "env": [{ "name": "A", "value": "1" }] }],
                "tolerations": [{ "key": "a" }],
            },
        });
        let template = json!({
            "metadata": { "labels": { "app": "other", "team": "core" }, "annotations": { "x": "y" } },
            "spec": {
                "restartPolicy": "Always",
                "dnsPolicy": "None",
                "containers": [
                    { "name": "runner", "image": "evil", "env": [{ "name": "A", "value": "2" }, { "name": "B", "value": "3" }] },
                    { "name": "log-collector", "image": "l" },
                ],
                "tolerations": [{ "key": "b" }, { "key": "a" }],
            },
        });
        merge(&mut pod, &template);
        let merged = json!({
            "metadata": { "name": "p", "labels": { "app": "act-runner", "team": "core" }, "annotations": { "x": "y" } },
            "spec": {
                "restartPolicy": "Never",
                "dnsPolicy": "None",
                "containers": [
                    { "name": "runner", "image": "i", "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "3" }] },
                    { "name": "log-collector", "image": "l" },
                ],
                "tolerations": [{ "key": "a" }, { "key": "b" }],
            },
        });
        assert_eq!(pod, merged);
    }
}
