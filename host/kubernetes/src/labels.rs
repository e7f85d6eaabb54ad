//! What objects are marked with: for people, for this program, for those who come from the other backend.

use std::collections::BTreeMap;

use act_core::ids::MachineId;

use crate::names::digest;

/// Who made an object.
pub(crate) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "act-host");

/// The digest of a machine's id.
pub(crate) const MACHINE: &str = "act-host.dev/machine";

/// The Lease of the process that answers for it.
pub(crate) const HOST: &str = "act-host.dev/host";

/// In the place of that Lease: a person answers for it.
pub(crate) const KEPT: &str = "kept";

/// The whole id of a machine: an annotation.
pub(crate) const MACHINE_ID: &str = "act-host.dev/machine-id";

/// What neutral labels of a job are called here, each with the name that others know.
const JOB_LABELS: [&str; 3] = ["workflow", "job", "run-id"];

/// Returns all labels of a machine's objects: `job` are those that tie it to its job.
pub(crate) fn of(
    id: &MachineId,
    host: &str,
    shape: &BTreeMap<String, String>,
    job: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> =
        shape.iter().map(|(key, text)| (key.clone(), value(text))).collect();
    for (key, text) in job {
        match key.contains('/') {
            true => labels.insert(key.clone(), value(text)),
            false => labels.insert(format!("act-host.dev/{key}"), value(text)),
        };
        if JOB_LABELS.contains(&key.as_str()) {
            labels.insert(format!("act.nektos.com/{key}"), value(text));
        }
    }
    let own = [
        ("app", "act-runner"),
        ("act.nektos.com/backend", "kubernetes"),
        MANAGED_BY,
        (MACHINE, &digest(id)),
        (HOST, host),
    ];
    labels.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
    labels
}

/// Makes the value of a label: 63 characters of letters, digits, `-`, `_` and `.`, the first and the last no sign.
pub(crate) fn value(text: &str) -> String {
    let fits =
        |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
    let made: String = text.chars().map(fits).take(63).collect();
    made.trim_matches(['-', '_', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_made_to_fit() {
        for (text, made) in
            [("CI / build", "CI---build"), ("--x--", "x"), ("", ""), ("ä", ""), ("v1.2_3", "v1.2_3")]
        {
            assert_eq!(value(text), made, "{text}");
        }
        assert_eq!(value(&"x".repeat(100)).len(), 63);
    }

    #[test]
    fn a_job_is_found_by_both_names_and_nobody_takes_our_own() {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let job = map(&[("job", "test"), ("run-id", "01M"), ("team", "core"), (HOST, "evil")]);
        let labels = of(&MachineId("m".into()), "host-1", &map(&[("app", "other")]), &job);
        for (key, value) in [
            ("act.nektos.com/job", "test"),
            ("act-host.dev/job", "test"),
            ("act.nektos.com/run-id", "01M"),
            ("act-host.dev/team", "core"),
            ("act.nektos.com/backend", "kubernetes"),
            ("app", "act-runner"),
            (HOST, "host-1"),
        ] {
            assert_eq!(labels.get(key).map(String::as_str), Some(value), "{key}");
        }
    }
}
