//! A pod's status to what is seen of it. Pure.
//!
//! Why a pod died, first what counts most: taken away (`DisruptionTarget`, evicted, its node lost or shut down), a service
//! out of memory, the job out of memory, an image that cannot run here, anything else. What services do while a pod ends
//! does not count.

use act_core::decide::{ImageTrouble, Seen};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodSpec, PodStatus,
};

use crate::containers::JOB;

/// How far a pod is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits, and this is seen of it.
    Waiting(Seen),
    /// The job's container runs.
    Running,
    /// It can run nothing any more.
    Ended(Seen),
}

/// Looks at a pod. `None` for a pod that is gone altogether.
pub(crate) fn look(pod: Option<&Pod>) -> Phase {
    let Some(pod) = pod else {
        return Phase::Ended(Seen::Lost { text: "the pod was deleted".to_owned() });
    };
    let nothing = PodStatus::default();
    let status = pod.status.as_ref().unwrap_or(&nothing);
    let started = runner(status).is_some_and(has_started);
    if let Some(text) = taken_away(pod, status) {
        return Phase::Ended(Seen::Evicted { started, text });
    }
    let is_over = matches!(status.phase.as_deref(), Some("Failed" | "Succeeded"));
    if let Some(seen) = ended(pod, status, is_over) {
        return Phase::Ended(seen);
    }
    if let Some(runner) = runner(status)
        && runner.state.as_ref().is_some_and(|state| state.running.is_some())
    {
        return Phase::Running;
    }
    Phase::Waiting(waiting(pod, status))
}

fn runner(status: &PodStatus) -> Option<&ContainerStatus> {
    status.container_statuses.iter().flatten().find(|container| container.name == JOB)
}

fn has_started(container: &ContainerStatus) -> bool {
    let ran = |state: &ContainerState| state.running.is_some() || state.terminated.is_some();
    container.state.as_ref().is_some_and(ran) || container.last_state.as_ref().is_some_and(ran)
}

/// Reasons of a pod that never was, or is no more, without its own fault.
const NO_FAULT: [&str; 9] = [
    "Evicted",
    "NodeShutdown",
    "Terminated",
    "NodeAffinity",
    "NodeLost",
    "UnexpectedAdmissionError",
    "OutOfcpu",
    "OutOfmemory",
    "OutOfpods",
];

fn taken_away(pod: &Pod, status: &PodStatus) -> Option<String> {
    let text = |reason: &str, message: Option<&String>| match message {
        Some(message) if !message.is_empty() => format!("{reason}: {message}"),
        _ => reason.to_owned(),
    };
    let disrupted = status
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.type_ == "DisruptionTarget" && condition.status == "True");
    if let Some(condition) = disrupted {
        return Some(text(
            condition.reason.as_deref().unwrap_or("DisruptionTarget"),
            condition.message.as_ref(),
        ));
    }
    if let Some(reason) = status.reason.as_deref().filter(|reason| NO_FAULT.contains(reason)) {
        return Some(text(reason, status.message.as_ref()));
    }
    pod.metadata.deletion_timestamp.as_ref().map(|_| "the pod was deleted".to_owned())
}

/// Every container of a pod, services first, each with how people call it.
fn containers(status: &PodStatus) -> impl Iterator<Item = (&ContainerStatus, String)> {
    let init = status.init_container_statuses.iter().flatten();
    init.chain(status.container_statuses.iter().flatten()).map(|container| {
        let said = match container.name.strip_prefix("service-") {
            Some(service) => format!("service `{service}`"),
            None if container.name == JOB => "the job".to_owned(),
            None => format!("container `{}`", container.name),
        };
        (container, said)
    })
}

fn ended(pod: &Pod, status: &PodStatus, is_over: bool) -> Option<Seen> {
    for (container, said) in containers(status) {
        let states = [container.state.as_ref(), container.last_state.as_ref()];
        for end in states.into_iter().flatten().filter_map(|state| state.terminated.as_ref()) {
            let is_job = container.name == JOB;
            if end.reason.as_deref() == Some("OOMKilled") {
                return Some(Seen::OutOfMemory { text: format!("{said} used more memory than its limit") });
            }
            if is_for_another_machine(end) {
                let text = format!("{said}: {}", end.message.as_deref().unwrap_or("exec format error"));
                return Some(Seen::Image { kind: ImageTrouble::Platform, text });
            }
            // A service that ends while the pod is over was asked to; one that ends before is started again for nothing.
            if !is_job && !is_over && container.restart_count > 0 {
                let has_begun = runner(status).is_some_and(has_started);
                if let Some(text) = (!has_begun).then(|| never_well(pod, container, end)).flatten() {
                    return Some(Seen::Other { code: UNHEALTHY.to_owned(), text: format!("{said} {text}") });
                }
                let code = "ServiceFailed".to_owned();
                return Some(Seen::Other { code, text: format!("{said} {}", told(end)) });
            }
            if is_job && is_over {
                let code = "Exited".to_owned();
                return Some(Seen::Other { code, text: format!("the agent {}", told(end)) });
            }
        }
    }
    let reason = status.reason.clone().unwrap_or_else(|| "Failed".to_owned());
    let text = || status.message.clone().unwrap_or_else(|| "the pod is over, and says nothing".to_owned());
    is_over.then(|| Seen::Other { code: reason, text: text() })
}

/// Returns what [`look`] reads of a specification: it is kept for as long as the pod is, and there is one for each job.
pub(crate) fn essence(spec: PodSpec) -> PodSpec {
    let probed = |container: Container| {
        let Container { name, startup_probe, .. } = container;
        startup_probe.is_some().then(|| Container { name, startup_probe, ..Container::default() })
    };
    let services: Vec<Container> = spec.init_containers.into_iter().flatten().filter_map(probed).collect();
    PodSpec { init_containers: (!services.is_empty()).then_some(services), ..PodSpec::default() }
}

/// Gives back the room for containers that a status does not have: they are large, and a decoder makes room for several.
pub(crate) fn shrink(status: &mut PodStatus) {
    for containers in [&mut status.container_statuses, &mut status.init_container_statuses] {
        containers.iter_mut().for_each(Vec::shrink_to_fit);
    }
    status.conditions.iter_mut().for_each(Vec::shrink_to_fit);
}

/// The code of a service that never became healthy.
pub(crate) const UNHEALTHY: &str = "ServiceUnhealthy";

/// Tells of a service that its probe has ended: it lived as long as it is given to become healthy.
fn never_well(pod: &Pod, container: &ContainerStatus, end: &ContainerStateTerminated) -> Option<String> {
    let made =
        pod.spec.as_ref()?.init_containers.iter().flatten().find(|made| made.name == container.name)?;
    let probe = made.startup_probe.as_ref()?;
    let period = i64::from(probe.period_seconds.unwrap_or(10));
    let failures = i64::from(probe.failure_threshold.unwrap_or(3));
    let lived = end.finished_at.as_ref()?.0.duration_since(end.started_at.as_ref()?.0).as_secs();
    // The first probe comes with the start.
    (lived >= (failures - 1) * period).then(|| format!("never became healthy, and had {lived} s for it"))
}

fn is_for_another_machine(end: &ContainerStateTerminated) -> bool {
    end.message.as_deref().is_some_and(|message| message.contains("exec format error"))
}

fn told(end: &ContainerStateTerminated) -> String {
    let why = match (&end.reason, &end.message) {
        (_, Some(message)) if !message.trim().is_empty() => format!(": {}", message.trim()),
        (Some(reason), _) if reason != "Error" && reason != "Completed" => format!(": {reason}"),
        _ => String::new(),
    };
    format!("ended with exit code {}{why}", end.exit_code)
}

fn waiting(pod: &Pod, status: &PodStatus) -> Seen {
    let since = pod.metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let pending = |reason: String| Seen::Pending { reason, since };
    if let Some(scheduled) =
        status.conditions.iter().flatten().find(|condition| condition.type_ == "PodScheduled")
        && scheduled.status == "False"
    {
        let text = scheduled.message.as_deref().map_or("no node fits", digest).to_owned();
        return match scheduled.reason.as_deref() {
            Some("SchedulingGated") => pending(format!("held back: {text}")),
            _ => Seen::Unschedulable { text },
        };
    }
    let mut last = None;
    for (container, said) in containers(status) {
        let Some(state) = container.state.as_ref() else { continue };
        if let Some(waiting) = &state.waiting {
            let reason = waiting.reason.as_deref().unwrap_or_default();
            let message = waiting.message.clone().unwrap_or_default();
            if let Some(seen) = trouble(reason, &message, &said, &container.image) {
                return seen;
            }
            last.get_or_insert(match reason {
                "PodInitializing" => "services start".to_owned(),
                _ => format!("{said} starts: image {}", container.image),
            });
        } else if state.running.is_some() && container.started == Some(false) {
            last.get_or_insert(format!("{said} is not well yet"));
        }
    }
    pending(last.unwrap_or_else(|| "a node is looked for".to_owned()))
}

/// Leaves out what the scheduler says of preemption, which repeats the count of nodes.
fn digest(message: &str) -> &str {
    message.split(" preemption: ").next().unwrap_or(message).trim_end_matches('.')
}

/// What is wrong with a container that waits; nothing where it only takes its time.
fn trouble(reason: &str, message: &str, said: &str, image: &str) -> Option<Seen> {
    let text = match message {
        "" => format!("{said}, image {image}: {reason}"),
        message => format!("{said}, image {image}: {message}"),
    };
    let is_other = ["no match for platform", "exec format error"].iter().any(|words| message.contains(words));
    let kind = match reason {
        _ if is_other => ImageTrouble::Platform,
        "InvalidImageName" => ImageTrouble::InvalidName,
        "ErrImagePull" | "RegistryUnavailable" | "SignatureValidationFailed" => ImageTrouble::Pull,
        "ImagePullBackOff" => ImageTrouble::BackOff,
        "ErrImageNeverPull" => ImageTrouble::NeverPull,
        "ImageInspectError" => ImageTrouble::Inspect,
        "" | "ContainerCreating" | "PodInitializing" | "CrashLoopBackOff" => return None,
        code => return Some(Seen::Other { code: code.to_owned(), text }),
    };
    Some(Seen::Image { kind, text })
}

#[cfg(test)]
mod tests;
