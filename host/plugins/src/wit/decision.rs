//! Decisions, both ways; and which of them need a grant.

use std::collections::BTreeSet;

use act_bindings::types::decision as wit;
use act_core::place::container::JobContainer;
use act_core::place::{Bind, Decision, Shape};

use super::placement::{arch, os, to_arch, to_os};
use super::{attrs, pod, to_attrs};
use crate::grants::DecisionKind;

pub(crate) fn to_wit(decision: &Decision) -> wit::Decision {
    let shape = match &decision.shape {
        Shape::Process { os, arch } => {
            wit::Shape::Process(wit::Process { os: to_os(*os), arch: to_arch(*arch) })
        }
        Shape::Pod(shape) => wit::Shape::Pod(pod::to_wit(shape)),
    };
    wit::Decision { shape, bind: to_bind(&decision.bind) }
}

pub(crate) fn to_bind(bind: &Bind) -> wit::Bind {
    wit::Bind {
        repository: bind.repository.clone(),
        deadline_ms: bind.deadline.map(|deadline| u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX)),
        labels: to_attrs(&bind.labels),
        container: bind.container.as_deref().map(to_container),
        services: bind.services.iter().map(to_service).collect(),
    }
}

fn to_service(service: &act_core::place::container::Service) -> wit::Service {
    wit::Service { name: service.name.clone(), container: to_container(&service.container) }
}

fn to_container(container: &JobContainer) -> wit::Container {
    let options = &container.options;
    wit::Container {
        image: container.image.clone(),
        cpu_millis: options.cpu_millis,
        memory: options.memory,
        ports: container.all_ports().map(|port| port.container).collect(),
        privileged: options.privileged,
        others: options.others.iter().map(|other| other.name.clone()).collect(),
    }
}

/// Takes over what a guest decided, as far as it is granted.
///
/// Repository, container and services are the case's own, whatever the guest returns.
///
/// # Errors
/// It needs a grant that is not there, or a key comes twice.
pub(crate) fn from_wit(
    decision: &wit::Decision,
    granted: &BTreeSet<DecisionKind>,
    bind: &Bind,
) -> Result<Decision, String> {
    let shape = match &decision.shape {
        wit::Shape::Process(process) => Shape::Process { os: os(process.os), arch: arch(process.arch) },
        wit::Shape::Pod(shape) => Shape::Pod(Box::new(pod::from_wit(shape)?)),
    };
    for (kind, why) in shape.reaches() {
        if !granted.contains(&kind) {
            return Err(format!(
                "it decided {why}, which needs `{}` among the kinds of its grant `decisions`, requested and granted",
                kind.as_str()
            ));
        }
    }
    let bind = Bind {
        deadline: decision.bind.deadline_ms.map(std::time::Duration::from_millis),
        labels: attrs(&decision.bind.labels)?,
        ..bind.clone()
    };
    Ok(Decision { shape, bind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use act_core::place::pod::{PodMatch, PodResource, PodSpread, PodVolume, VolumeSource};
    use act_core::place::{Arch, Os, PodShape};

    fn process() -> wit::Decision {
        let shape = Shape::Process { os: Os::Linux, arch: Arch::X64 };
        let labels = [("a".to_owned(), "b".to_owned())].into();
        let deadline = Some(std::time::Duration::from_secs(5));
        to_wit(&Decision {
            shape,
            bind: Bind { repository: "evil/other".into(), deadline, labels, ..Bind::default() },
        })
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
        let with = |change: fn(&mut PodShape)| {
            let mut pod = PodShape { image: "i".into(), ..PodShape::default() };
            change(&mut pod);
            let shape = Shape::Pod(Box::new(pod));
            (to_wit(&Decision { shape: shape.clone(), bind: Bind::default() }), shape)
        };
        for (change, kind) in [
            ((|pod| pod.security.privileged = Some(true)) as fn(&mut PodShape), DecisionKind::Privileged),
            (|pod| pod.security.allow_privilege_escalation = Some(true), DecisionKind::Privileged),
            (|pod| pod.security.add_capabilities.push("SYS_ADMIN".into()), DecisionKind::Privileged),
            (|pod| pod.security.seccomp = Some("Unconfined".into()), DecisionKind::Privileged),
            (|pod| pod.host_network = true, DecisionKind::HostNetwork),
            (|pod| pod.namespace = Some("kube-system".into()), DecisionKind::Namespace),
            (
                |pod| {
                    let source = VolumeSource::HostPath { path: "/".into() };
                    let (name, mount_path) = ("v".into(), "/v".into());
                    pod.volumes.push(PodVolume { name, mount_path, read_only: true, source });
                },
                DecisionKind::HostPath,
            ),
        ] {
            let (decision, shape) = with(change);
            let error = from_wit(&decision, &BTreeSet::new(), &Bind::default()).unwrap_err();
            assert!(error.contains(&format!("`{}`", kind.as_str())), "{error}");
            let granted = from_wit(&decision, &[kind].into(), &Bind::default()).unwrap();
            assert_eq!(granted.shape, shape);
        }
    }

    #[test]
    fn a_pod_survives_both_ways_and_the_jobs_containers_are_its_own() {
        let selector = [("kubernetes.io/arch".to_owned(), "arm64".to_owned())].into();
        let resource = PodResource { name: "cpu".into(), request: Some("250m".into()), limit: None };
        let pods = PodMatch { own: vec!["act-host.dev/run-id".into()], ..PodMatch::default() };
        let spread = PodSpread { max_skew: 1, topology_key: "zone".into(), required: true, pods };
        let shape = Shape::Pod(Box::new(PodShape {
            as_job: true,
            image: "i".into(),
            os: Some(Os::Linux),
            resources: vec![resource],
            node_selector: selector,
            spread: vec![spread],
            ..PodShape::default()
        }));
        let container = JobContainer { image: "node:22".into(), ..JobContainer::default() };
        let bind = Bind { container: Some(Box::new(container)), ..Bind::default() };
        let mut told = to_wit(&Decision { shape: shape.clone(), bind: bind.clone() });
        told.bind.container = None;
        let made = from_wit(&told, &BTreeSet::new(), &bind).unwrap();
        assert_eq!((made.shape, made.bind), (shape, bind));
    }
}
