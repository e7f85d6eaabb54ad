//! Every call that is made to the API, and the right it needs: what the Role is made of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Makes a job's pod.
    CreatePod,
    /// Looks at one.
    GetPod,
    /// Finds those that were left behind.
    ListPods,
    /// Sees what becomes of them.
    WatchPods,
    /// Lets a pod start once its Secrets are there; takes over one that was left behind.
    PatchPod,
    /// Takes one down.
    DeletePod,
    /// Opens a session: a websocket is a GET.
    GetExec,
    /// The same, as clusters from 1.35 on ask for it.
    CreateExec,
    /// Makes a Secret of a job: applying one that is not there creates it.
    CreateSecret,
    /// Applies one.
    PatchSecret,
    /// Looks whether the agent's ConfigMap is there.
    GetConfigMap,
    /// Makes it.
    CreateConfigMap,
    /// Says that this process lives.
    CreateLease,
    /// Says so again.
    PatchLease,
    /// Finds out who else lives.
    ListLeases,
    /// Says that it is over.
    DeleteLease,
    /// Makes a Job, where the decision says so.
    CreateJob,
    /// Looks at one.
    GetJob,
    /// Finds those that were left behind before they had a pod.
    ListJobs,
    /// Lets one start.
    PatchJob,
    /// Takes one down.
    DeleteJob,
    /// Finds out what a probe said.
    ListEvents,
    /// Finds out what a quota has left, to explain.
    ListQuotas,
}

/// What a call is allowed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// The group of the API; empty for the oldest.
    pub group: &'static str,
    /// `pods`, `pods/exec`.
    pub resource: &'static str,
    /// `create`.
    pub verb: &'static str,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::CreatePod,
        Self::GetPod,
        Self::ListPods,
        Self::WatchPods,
        Self::PatchPod,
        Self::DeletePod,
        Self::GetExec,
        Self::CreateExec,
        Self::CreateSecret,
        Self::PatchSecret,
        Self::GetConfigMap,
        Self::CreateConfigMap,
        Self::CreateLease,
        Self::PatchLease,
        Self::ListLeases,
        Self::DeleteLease,
        Self::CreateJob,
        Self::GetJob,
        Self::ListJobs,
        Self::PatchJob,
        Self::DeleteJob,
        Self::ListEvents,
        Self::ListQuotas,
    ];

    /// Returns what it is allowed by.
    #[must_use]
    pub const fn right(self) -> Right {
        let (group, resource, verb) = match self {
            Self::CreatePod => ("", "pods", "create"),
            Self::GetPod => ("", "pods", "get"),
            Self::ListPods => ("", "pods", "list"),
            Self::WatchPods => ("", "pods", "watch"),
            Self::PatchPod => ("", "pods", "patch"),
            Self::DeletePod => ("", "pods", "delete"),
            Self::GetExec => ("", "pods/exec", "get"),
            Self::CreateExec => ("", "pods/exec", "create"),
            Self::CreateSecret => ("", "secrets", "create"),
            Self::PatchSecret => ("", "secrets", "patch"),
            Self::GetConfigMap => ("", "configmaps", "get"),
            Self::CreateConfigMap => ("", "configmaps", "create"),
            Self::CreateLease => ("coordination.k8s.io", "leases", "create"),
            Self::PatchLease => ("coordination.k8s.io", "leases", "patch"),
            Self::ListLeases => ("coordination.k8s.io", "leases", "list"),
            Self::DeleteLease => ("coordination.k8s.io", "leases", "delete"),
            Self::CreateJob => ("batch", "jobs", "create"),
            Self::GetJob => ("batch", "jobs", "get"),
            Self::ListJobs => ("batch", "jobs", "list"),
            Self::PatchJob => ("batch", "jobs", "patch"),
            Self::DeleteJob => ("batch", "jobs", "delete"),
            Self::ListEvents => ("", "events", "list"),
            Self::ListQuotas => ("", "resourcequotas", "list"),
        };
        Right { group, resource, verb }
    }

    /// Whether it only helps to explain: a run does without.
    #[must_use]
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::ListEvents | Self::ListQuotas)
    }

    /// Whether it is made only where the decision asks for a Job.
    #[must_use]
    pub const fn is_of_jobs(self) -> bool {
        matches!(self, Self::CreateJob | Self::GetJob | Self::ListJobs | Self::PatchJob | Self::DeleteJob)
    }
}

/// Writes the Role that all calls need, with the account that has it, as YAML to apply.
#[must_use]
pub fn role(namespace: &str, account: &str) -> String {
    let mut rules: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for Right { group, resource, verb } in Call::ALL.map(Call::right) {
        rules.entry((group, resource)).or_default().push(verb);
    }
    let mut text = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{ name: {account}, namespace: {namespace} }}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{ name: {account}, namespace: {namespace} }}\nrules:\n"
    );
    for ((group, resource), verbs) in rules {
        let verbs = verbs.join(", ");
        // A String takes all that is written.
        let _ = writeln!(
            text,
            "  - {{ apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [{verbs}] }}"
        );
    }
    let _ = write!(
        text,
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{ name: {account}, namespace: {namespace} }}\n\
         roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: Role, name: {account} }}\n\
         subjects:\n  - {{ kind: ServiceAccount, name: {account}, namespace: {namespace} }}\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_has_one_rule_a_resource() {
        let text = role("ci", "act-runner");
        for line in [
            "  - { apiGroups: [\"\"], resources: [\"pods\"], verbs: [create, get, list, watch, patch, delete] }",
            "  - { apiGroups: [\"\"], resources: [\"pods/exec\"], verbs: [get, create] }",
            "  - { apiGroups: [\"\"], resources: [\"secrets\"], verbs: [create, patch] }",
            "  - { apiGroups: [\"coordination.k8s.io\"], resources: [\"leases\"], verbs: [create, patch, list, delete] }",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert_eq!(text.matches("namespace: ci").count(), 4);
    }
}
