//! Shapes of pods, both ways.

use act_bindings::types::decision as wit;
use act_core::place::pod::{
    NodePreference, NodeRequirement, Operator, PodAffinity, PodMatch, PodResource, PodSecurity, PodShape,
    PodSpread, PodVolume, PullPolicy, TaintEffect, Toleration, VolumeSource,
};

use super::placement::{arch, os, to_arch, to_os};
use super::{attrs, to_attrs, value};

pub(crate) fn to_wit(pod: &PodShape) -> wit::Pod {
    let pod = pod.clone();
    wit::Pod {
        as_job: pod.as_job,
        image: pod.image,
        pull_policy: pod.pull_policy.map(to_pull_policy),
        image_pull_secrets: pod.image_pull_secrets,
        namespace: pod.namespace,
        service_account: pod.service_account,
        os: pod.os.map(to_os),
        arch: pod.arch.map(to_arch),
        resources: pod.resources.into_iter().map(to_resource).collect(),
        node_selector: to_attrs(&pod.node_selector),
        node_required: pod.node_required.into_iter().map(to_requirements).collect(),
        node_preferred: pod.node_preferred.into_iter().map(to_preference).collect(),
        affinities: pod.affinities.into_iter().map(to_affinity).collect(),
        spread: pod.spread.into_iter().map(to_spread).collect(),
        tolerations: pod.tolerations.into_iter().map(to_toleration).collect(),
        runtime_class: pod.runtime_class,
        priority_class: pod.priority_class,
        security: to_security(pod.security),
        host_network: pod.host_network,
        volumes: pod.volumes.into_iter().map(to_volume).collect(),
        labels: to_attrs(&pod.labels),
        annotations: to_attrs(&pod.annotations),
        attrs: to_attrs(&pod.attrs),
    }
}

/// Takes over what a guest says.
///
/// # Errors
/// A key that comes twice.
pub(crate) fn from_wit(pod: &wit::Pod) -> Result<PodShape, String> {
    let text = |text: &Option<String>| text.as_deref().map(value);
    Ok(PodShape {
        as_job: pod.as_job,
        image: value(&pod.image),
        pull_policy: pod.pull_policy.map(pull_policy),
        image_pull_secrets: pod.image_pull_secrets.iter().map(|name| value(name)).collect(),
        namespace: text(&pod.namespace),
        service_account: text(&pod.service_account),
        os: pod.os.map(os),
        arch: pod.arch.map(arch),
        resources: pod.resources.iter().map(resource).collect(),
        node_selector: attrs(&pod.node_selector)?,
        node_required: pod.node_required.iter().map(|all| requirements(all)).collect(),
        node_preferred: pod.node_preferred.iter().map(preference).collect(),
        affinities: pod.affinities.iter().map(affinity).collect::<Result<_, _>>()?,
        spread: pod.spread.iter().map(spread).collect::<Result<_, _>>()?,
        tolerations: pod.tolerations.iter().map(toleration).collect(),
        runtime_class: text(&pod.runtime_class),
        priority_class: text(&pod.priority_class),
        security: security(&pod.security),
        host_network: pod.host_network,
        volumes: pod.volumes.iter().map(volume).collect(),
        labels: attrs(&pod.labels)?,
        annotations: attrs(&pod.annotations)?,
        attrs: attrs(&pod.attrs)?,
    })
}

const fn to_pull_policy(policy: PullPolicy) -> wit::PullPolicy {
    match policy {
        PullPolicy::Always => wit::PullPolicy::Always,
        PullPolicy::IfNotPresent => wit::PullPolicy::IfNotPresent,
        PullPolicy::Never => wit::PullPolicy::Never,
    }
}

const fn pull_policy(policy: wit::PullPolicy) -> PullPolicy {
    match policy {
        wit::PullPolicy::Always => PullPolicy::Always,
        wit::PullPolicy::IfNotPresent => PullPolicy::IfNotPresent,
        wit::PullPolicy::Never => PullPolicy::Never,
    }
}

fn to_resource(PodResource { name, request, limit }: PodResource) -> wit::PodResource {
    wit::PodResource { name, request, limit }
}

fn resource(resource: &wit::PodResource) -> PodResource {
    let text = |text: &Option<String>| text.as_deref().map(value);
    PodResource {
        name: value(&resource.name),
        request: text(&resource.request),
        limit: text(&resource.limit),
    }
}

const fn to_operator(operator: Operator) -> wit::Operator {
    match operator {
        Operator::In => wit::Operator::IsIn,
        Operator::NotIn => wit::Operator::NotIn,
        Operator::Exists => wit::Operator::Exists,
        Operator::DoesNotExist => wit::Operator::DoesNotExist,
        Operator::Gt => wit::Operator::Greater,
        Operator::Lt => wit::Operator::Less,
    }
}

const fn operator(operator: wit::Operator) -> Operator {
    match operator {
        wit::Operator::IsIn => Operator::In,
        wit::Operator::NotIn => Operator::NotIn,
        wit::Operator::Exists => Operator::Exists,
        wit::Operator::DoesNotExist => Operator::DoesNotExist,
        wit::Operator::Greater => Operator::Gt,
        wit::Operator::Less => Operator::Lt,
    }
}

fn to_requirements(requirements: Vec<NodeRequirement>) -> Vec<wit::NodeRequirement> {
    let one = |one: NodeRequirement| wit::NodeRequirement {
        key: one.key,
        operator: to_operator(one.operator),
        values: one.values,
    };
    requirements.into_iter().map(one).collect()
}

fn requirements(requirements: &[wit::NodeRequirement]) -> Vec<NodeRequirement> {
    let one = |one: &wit::NodeRequirement| NodeRequirement {
        key: value(&one.key),
        operator: operator(one.operator),
        values: one.values.iter().map(|text| value(text)).collect(),
    };
    requirements.iter().map(one).collect()
}

fn to_preference(preference: NodePreference) -> wit::NodePreference {
    let requirements = to_requirements(preference.requirements);
    wit::NodePreference { weight: preference.weight, requirements }
}

fn preference(preference: &wit::NodePreference) -> NodePreference {
    NodePreference { weight: preference.weight, requirements: requirements(&preference.requirements) }
}

fn to_affinity(affinity: PodAffinity) -> wit::PodAffinity {
    wit::PodAffinity {
        anti: affinity.anti,
        weight: affinity.weight,
        topology_key: affinity.topology_key,
        match_labels: to_attrs(&affinity.pods.labels),
        match_own: affinity.pods.own,
    }
}

fn affinity(affinity: &wit::PodAffinity) -> Result<PodAffinity, String> {
    Ok(PodAffinity {
        anti: affinity.anti,
        weight: affinity.weight,
        topology_key: value(&affinity.topology_key),
        pods: pods(&affinity.match_labels, &affinity.match_own)?,
    })
}

fn to_spread(spread: PodSpread) -> wit::PodSpread {
    wit::PodSpread {
        max_skew: spread.max_skew,
        topology_key: spread.topology_key,
        required: spread.required,
        match_labels: to_attrs(&spread.pods.labels),
        match_own: spread.pods.own,
    }
}

fn spread(spread: &wit::PodSpread) -> Result<PodSpread, String> {
    Ok(PodSpread {
        max_skew: spread.max_skew,
        topology_key: value(&spread.topology_key),
        required: spread.required,
        pods: pods(&spread.match_labels, &spread.match_own)?,
    })
}

fn pods(labels: &[(String, String)], own: &[String]) -> Result<PodMatch, String> {
    Ok(PodMatch { labels: attrs(labels)?, own: own.iter().map(|key| value(key)).collect() })
}

fn to_toleration(toleration: Toleration) -> wit::Toleration {
    let effect = |effect| match effect {
        TaintEffect::NoSchedule => wit::TaintEffect::NoSchedule,
        TaintEffect::PreferNoSchedule => wit::TaintEffect::PreferNoSchedule,
        TaintEffect::NoExecute => wit::TaintEffect::NoExecute,
    };
    wit::Toleration {
        key: toleration.key,
        value: toleration.value,
        effect: toleration.effect.map(effect),
        seconds: toleration.seconds,
    }
}

fn toleration(toleration: &wit::Toleration) -> Toleration {
    let effect = |effect| match effect {
        wit::TaintEffect::NoSchedule => TaintEffect::NoSchedule,
        wit::TaintEffect::PreferNoSchedule => TaintEffect::PreferNoSchedule,
        wit::TaintEffect::NoExecute => TaintEffect::NoExecute,
    };
    Toleration {
        key: toleration.key.as_deref().map(value),
        value: toleration.value.as_deref().map(value),
        effect: toleration.effect.map(effect),
        seconds: toleration.seconds,
    }
}

fn to_security(security: PodSecurity) -> wit::PodSecurity {
    wit::PodSecurity {
        run_as_user: security.run_as_user,
        run_as_group: security.run_as_group,
        fs_group: security.fs_group,
        run_as_non_root: security.run_as_non_root,
        read_only_root: security.read_only_root,
        allow_privilege_escalation: security.allow_privilege_escalation,
        privileged: security.privileged,
        seccomp: security.seccomp,
        add_capabilities: security.add_capabilities,
        drop_capabilities: security.drop_capabilities,
    }
}

fn security(security: &wit::PodSecurity) -> PodSecurity {
    let all = |names: &[String]| names.iter().map(|name| value(name)).collect();
    PodSecurity {
        run_as_user: security.run_as_user,
        run_as_group: security.run_as_group,
        fs_group: security.fs_group,
        run_as_non_root: security.run_as_non_root,
        read_only_root: security.read_only_root,
        allow_privilege_escalation: security.allow_privilege_escalation,
        privileged: security.privileged,
        seccomp: security.seccomp.as_deref().map(value),
        add_capabilities: all(&security.add_capabilities),
        drop_capabilities: all(&security.drop_capabilities),
    }
}

fn to_volume(volume: PodVolume) -> wit::Volume {
    let source = match volume.source {
        VolumeSource::Empty { size } => wit::VolumeSource::Empty(size),
        VolumeSource::Claim { name } => wit::VolumeSource::Claim(name),
        VolumeSource::NewClaim { size, storage_class } => {
            wit::VolumeSource::NewClaim(wit::NewClaim { size, storage_class })
        }
        VolumeSource::HostPath { path } => wit::VolumeSource::HostPath(path),
    };
    wit::Volume { name: volume.name, mount_path: volume.mount_path, read_only: volume.read_only, source }
}

fn volume(volume: &wit::Volume) -> PodVolume {
    let text = |text: &Option<String>| text.as_deref().map(value);
    let source = match &volume.source {
        wit::VolumeSource::Empty(size) => VolumeSource::Empty { size: text(size) },
        wit::VolumeSource::Claim(name) => VolumeSource::Claim { name: value(name) },
        wit::VolumeSource::NewClaim(claim) => {
            VolumeSource::NewClaim { size: value(&claim.size), storage_class: text(&claim.storage_class) }
        }
        wit::VolumeSource::HostPath(path) => VolumeSource::HostPath { path: value(path) },
    };
    PodVolume {
        name: value(&volume.name),
        mount_path: value(&volume.mount_path),
        read_only: volume.read_only,
        source,
    }
}
