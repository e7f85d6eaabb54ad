//! Decisions, both ways; and which of them need a grant.

use std::collections::BTreeSet;

use act_bindings::types::decision as wit;
use act_core::place::{Bind, Decision, Shape};

use super::placement::{arch, os, to_arch, to_os};
use super::{attrs, to_attrs};
use crate::grants::DecisionKind;

pub(crate) fn to_wit(decision: &Decision) -> wit::Decision {
    let Shape::Process { os, arch } = decision.shape;
    wit::Decision {
        shape: wit::Shape::Process(wit::Process { os: to_os(os), arch: to_arch(arch) }),
        bind: to_bind(&decision.bind),
    }
}

pub(crate) fn to_bind(bind: &Bind) -> wit::Bind {
    wit::Bind {
        repository: bind.repository.clone(),
        deadline_ms: bind.deadline.map(|deadline| u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX)),
        labels: to_attrs(&bind.labels),
    }
}

/// Takes over what a guest decided, as far as it is granted and can be made here.
///
/// The repository is the case's own, whatever the guest returns.
///
/// # Errors
/// It needs a grant that is not there, or no provisioner makes it.
pub(crate) fn from_wit(
    decision: &wit::Decision,
    granted: &BTreeSet<DecisionKind>,
    bind: &Bind,
) -> Result<Decision, String> {
    for (kind, why) in needed(&decision.shape) {
        if !granted.contains(&kind) {
            return Err(format!(
                "it decided {why}, which needs `{}` among the kinds of its grant `decisions`, requested and granted",
                kind.as_str()
            ));
        }
    }
    let shape = match &decision.shape {
        wit::Shape::Process(process) => Shape::Process { os: os(process.os), arch: arch(process.arch) },
        wit::Shape::Pod(_) => {
            return Err("it decided a pod, and this build has no provisioner for pods".to_owned());
        }
    };
    let bind = Bind {
        repository: bind.repository.clone(),
        deadline: decision.bind.deadline_ms.map(std::time::Duration::from_millis),
        labels: attrs(&decision.bind.labels),
    };
    Ok(Decision { shape, bind })
}

/// Returns the grants that a shape needs, each with what needs it.
fn needed(shape: &wit::Shape) -> Vec<(DecisionKind, &'static str)> {
    let pod = match shape {
        wit::Shape::Process(_) => return vec![(DecisionKind::Process, "processes on this machine")],
        wit::Shape::Pod(pod) => pod,
    };
    let security = &pod.security;
    let privileged = security.privileged == Some(true) || security.allow_privilege_escalation == Some(true);
    let powers = !security.add_capabilities.is_empty()
        || security.seccomp.as_deref().is_some_and(|profile| profile.eq_ignore_ascii_case("unconfined"));
    let paths = pod.volumes.iter().any(|volume| matches!(volume.source, wit::VolumeSource::HostPath(_)));
    let all = [
        (privileged, DecisionKind::Privileged, "a privileged container"),
        (powers, DecisionKind::Privileged, "a container with capabilities or without a seccomp profile"),
        (paths, DecisionKind::HostPath, "a folder of the node"),
        (pod.host_network, DecisionKind::HostNetwork, "the node's network"),
        (pod.namespace.is_some(), DecisionKind::Namespace, "a namespace of its own"),
    ];
    all.into_iter().filter(|(is, ..)| *is).map(|(_, kind, why)| (kind, why)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use act_core::place::{Arch, Os};

    fn process() -> wit::Decision {
        let shape = Shape::Process { os: Os::Linux, arch: Arch::X64 };
        let labels = [("a".to_owned(), "b".to_owned())].into();
        let deadline = Some(std::time::Duration::from_secs(5));
        to_wit(&Decision { shape, bind: Bind { repository: "evil/other".into(), deadline, labels } })
    }

    fn pod() -> wit::Pod {
        wit::Pod {
            image: "i".into(),
            pull_policy: None,
            image_pull_secrets: vec![],
            namespace: None,
            service_account: None,
            os: None,
            arch: None,
            resources: vec![],
            node_selector: vec![],
            node_required: vec![],
            node_preferred: vec![],
            affinities: vec![],
            spread: vec![],
            tolerations: vec![],
            runtime_class: None,
            priority_class: None,
            security: wit::PodSecurity {
                run_as_user: None,
                run_as_group: None,
                fs_group: None,
                run_as_non_root: None,
                read_only_root: None,
                allow_privilege_escalation: None,
                privileged: None,
                seccomp: None,
                add_capabilities: vec![],
                drop_capabilities: vec![],
            },
            host_network: false,
            volumes: vec![],
            labels: vec![],
            annotations: vec![],
            attrs: vec![],
        }
    }

    #[test]
    fn processes_need_a_grant_and_keep_the_cases_repository() {
        let bind = Bind { repository: "owner/name".into(), ..Bind::default() };
        let error = from_wit(&process(), &BTreeSet::new(), &bind).unwrap_err();
        assert!(error.contains("`process`"), "{error}");
        let made = from_wit(&process(), &[DecisionKind::Process].into(), &bind).unwrap();
        assert_eq!(made.bind.repository, "owner/name");
        assert_eq!(made.bind.deadline, Some(std::time::Duration::from_secs(5)));
        assert_eq!(made.bind.labels.get("a").map(String::as_str), Some("b"));
    }

    #[test]
    fn what_reaches_beyond_a_pod_needs_its_own_grant() {
        let bind = Bind::default();
        let with = |change: fn(&mut wit::Pod)| {
            let mut pod = pod();
            change(&mut pod);
            wit::Decision { shape: wit::Shape::Pod(pod), bind: to_bind(&Bind::default()) }
        };
        for (change, kind) in [
            ((|pod| pod.security.privileged = Some(true)) as fn(&mut wit::Pod), DecisionKind::Privileged),
            (|pod| pod.security.allow_privilege_escalation = Some(true), DecisionKind::Privileged),
            (|pod| pod.security.add_capabilities.push("SYS_ADMIN".into()), DecisionKind::Privileged),
            (|pod| pod.host_network = true, DecisionKind::HostNetwork),
            (|pod| pod.namespace = Some("kube-system".into()), DecisionKind::Namespace),
            (
                |pod| {
                    let source = wit::VolumeSource::HostPath("/".into());
                    let (name, mount_path) = ("v".into(), "/v".into());
                    pod.volumes.push(wit::Volume { name, mount_path, read_only: true, source });
                },
                DecisionKind::HostPath,
            ),
        ] {
            let error = from_wit(&with(change), &BTreeSet::new(), &bind).unwrap_err();
            assert!(error.contains(&format!("`{}`", kind.as_str())), "{error}");
            let granted = from_wit(&with(change), &[kind].into(), &bind).unwrap_err();
            assert!(granted.contains("no provisioner for pods"), "{granted}");
        }
        let plain = from_wit(&with(|_| {}), &BTreeSet::new(), &bind).unwrap_err();
        assert!(plain.contains("no provisioner for pods"), "{plain}");
    }
}
