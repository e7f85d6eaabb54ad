//! A placement to a pod.

use act_host_sdk::decision::{
    NodePreference, NodeRequirement, Operator, PodResource, PullPolicy, TaintEffect, Toleration,
};
use act_host_sdk::prelude::*;

use crate::labels::{NODE, PLATFORM};
use crate::platform::Platform;
use crate::quantity::{bytes, processors, thousandths};
use crate::spec;

/// Names the image that GitHub's machine of a label has, set by `labels-github`.
const GITHUB_IMAGE: &str = "github-image";

/// Images where nothing else says one.
const LINUX_IMAGE: &str = "ubuntu:24.04";
const WINDOWS_IMAGE: &str = "mcr.microsoft.com/windows/servercore:ltsc2022";

/// What nodes of a pool have, unless the operator says otherwise.
const POOL_LABEL: &str = "act-host.dev/pool";

/// Makes the pod of a case.
///
/// # Errors
/// Why no pod fits, in one line.
pub(crate) fn pod(case: &Case, settings: &Json) -> Result<Pod, String> {
    let placement = &case.placement;
    let attr = |key| placement.attrs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    let platform = match attr(PLATFORM) {
        Some(name) => {
            Some(Platform::find(name, settings).ok_or_else(|| format!("there is no platform `{name}`"))?)
        }
        None => None,
    };
    let os = placement.os.or_else(|| platform.as_ref().and_then(Platform::os)).unwrap_or(Os::Linux);
    if os == Os::Macos {
        return Err("no node of Kubernetes runs macOS".into());
    }
    let rest = platform.as_ref().map_or(Json::Null, Platform::rest);
    let mut pod = Pod::new(image(case, settings, platform.as_ref(), os, attr(GITHUB_IMAGE)));
    pod.os = Some(os);
    pod.arch = placement.arch.or_else(|| platform.as_ref().and_then(Platform::arch));
    pod.as_job = first(&rest, settings, "job").as_bool() == Some(true);
    pod.pull_policy = pull_policy(first(&rest, settings, "imagePullPolicy").as_str())?;
    pod.image_pull_secrets =
        first(&rest, settings, "imagePullSecrets").strings().map(str::to_owned).collect();
    pod.service_account = first(&rest, settings, "serviceAccount").as_str().map(str::to_owned);
    pod.runtime_class =
        first(&rest, settings, "runtimeClass").as_str().filter(|class| !class.is_empty()).map(str::to_owned);
    pod.namespace = rest.get("namespace").as_str().map(str::to_owned);
    pod.host_network = rest.get("hostNetwork").as_bool() == Some(true);
    pod.labels = spec::pairs(rest.get("labels"));
    pod.annotations = spec::pairs(rest.get("annotations"));
    pod.security = spec::security(rest.get("securityContext"));
    pod.resources = resources(case, &rest, settings);
    pod.priority_class = priority(case, &rest, settings)?;
    place(&mut pod, case, &rest, settings, attr(NODE))?;
    Ok(pod)
}

/// Returns a value of the platform, else of all platforms.
fn first<'a>(platform: &'a Json, settings: &'a Json, key: &str) -> &'a Json {
    let own = platform.get(key);
    if own.is_null() { settings.get(key) } else { own }
}

/// The job's own `container`, else the placement's, else the platform's, else what stands for GitHub's image or system.
fn image<'a>(
    case: &'a Case,
    settings: &'a Json,
    platform: Option<&'a Platform<'a>>,
    os: Os,
    github: Option<&str>,
) -> &'a str {
    let container = case.bind.container.as_ref().map(|container| container.image.as_str());
    let named = || settings.get("images").get(github?).as_str();
    let (key, default) = if os == Os::Windows { ("windows", WINDOWS_IMAGE) } else { ("linux", LINUX_IMAGE) };
    container
        .or(case.placement.image.as_deref())
        .or_else(|| platform?.image())
        .or_else(named)
        .or_else(|| settings.get("images").get(key).as_str())
        .unwrap_or(default)
}

fn pull_policy(name: Option<&str>) -> Result<Option<PullPolicy>, String> {
    Ok(match name {
        None => None,
        Some("Always") => Some(PullPolicy::Always),
        Some("IfNotPresent") => Some(PullPolicy::IfNotPresent),
        Some("Never") => Some(PullPolicy::Never),
        Some(other) => return Err(format!("there is no `imagePullPolicy` `{other}`")),
    })
}

/// Where nobody says: small enough for any node.
const DEFAULT_RESOURCES: &str =
    r#"{"requests":{"cpu":"250m","memory":"512Mi"},"limits":{"cpu":"1000m","memory":"2Gi"}}"#;

fn resources(case: &Case, platform: &Json, settings: &Json) -> Vec<PodResource> {
    let Placement { cpu_millis, memory, disk, gpu, .. } = &case.placement;
    let written = match (platform.get("resources"), settings.get("defaultResources")) {
        (Json::Null, Json::Null) => Json::parse(DEFAULT_RESOURCES).unwrap_or(Json::Null),
        (Json::Null, all) => all.clone(),
        (own, _) => own.clone(),
    };
    let mut resources = spec::resources(&written);
    let amount = |amount: &Amount, shown: fn(u64) -> String| (shown(amount.least), amount.most.map(shown));
    if let Some(cpu) = cpu_millis {
        let (request, limit) = amount(cpu, processors);
        set(&mut resources, "cpu", Some(request), limit);
    }
    if let Some(memory) = memory {
        let (request, limit) = amount(memory, bytes);
        set(&mut resources, "memory", Some(request), limit);
    }
    if let Some(disk) = disk {
        set(&mut resources, "ephemeral-storage", Some(bytes(*disk)), None);
    }
    if let Some(gpu) = gpu {
        let name = settings.get("gpuResource").as_str().unwrap_or("nvidia.com/gpu");
        set(&mut resources, name, None, Some(gpu.count.to_string()));
    }
    // What the operator says for this run alone.
    for PodResource { name, request, limit } in spec::resources(settings.get("resources")) {
        set(&mut resources, &name, None, limit);
        set(&mut resources, &name, request, None);
    }
    if let Some(container) = &case.bind.container {
        // `--cpus` and `--memory` of docker are limits; nothing is reserved for them there.
        if let Some(millis) = container.cpu_millis {
            set(&mut resources, "cpu", None, Some(processors(millis)));
        }
        if let Some(memory) = container.memory {
            set(&mut resources, "memory", None, Some(bytes(memory)));
        }
    }
    resources
}

/// Sets what is asked for. Where a request is above its limit, what was set last counts for both.
fn set(resources: &mut Vec<PodResource>, name: &str, request: Option<String>, limit: Option<String>) {
    let index = resources.iter().position(|known| known.name == name).unwrap_or_else(|| {
        resources.push(PodResource { name: name.into(), request: None, limit: None });
        resources.len() - 1
    });
    let known = &mut resources[index];
    let is_new_request = request.is_some() && limit.is_none();
    known.request = request.or_else(|| known.request.take());
    known.limit = limit.or_else(|| known.limit.take());
    let size = |text: &Option<String>| text.as_deref().and_then(thousandths);
    if let (Some(least), Some(most)) = (size(&known.request), size(&known.limit))
        && least > most
    {
        if is_new_request {
            known.limit.clone_from(&known.request);
        } else {
            known.request.clone_from(&known.limit);
        }
    }
}

/// The cluster takes the name of a class, and no number.
fn priority(case: &Case, platform: &Json, settings: &Json) -> Result<Option<String>, String> {
    let class = first(platform, settings, "priorityClass").as_str();
    if let Some(class) = class {
        return Ok(Some(class.to_owned()));
    }
    let named = platform.get("priority");
    if let Some(class) = named.as_str() {
        return Ok(Some(class.to_owned()));
    }
    let own = match named {
        Json::Number(text) => text.parse::<i32>().ok(),
        _ => None,
    };
    let Some(wanted) = own.or(case.placement.priority).filter(|priority| *priority != 0) else {
        return Ok(None);
    };
    let classes = spec::pairs(settings.get("priorityClasses"));
    let known = |value: &str| value.parse::<i32>().ok();
    let fits = classes
        .iter()
        .filter_map(|(name, value)| Some((known(value)?, name)))
        .filter(|(value, _)| *value <= wanted);
    match fits.max() {
        Some((_, name)) => Ok(Some(name.clone())),
        None if own.is_some() => Err(format!(
            "priority {wanted} is no PriorityClass: `priorityClass` names one, `priorityClasses` maps numbers to names"
        )),
        None => Ok(None),
    }
}

fn place(
    pod: &mut Pod,
    case: &Case,
    platform: &Json,
    settings: &Json,
    node: Option<&str>,
) -> Result<(), String> {
    let placement = &case.placement;
    let mut selector: Vec<(String, String)> = vec![("kubernetes.io/os".into(), os_label(pod.os).into())];
    if let Some(arch) = pod.arch {
        selector.push(("kubernetes.io/arch".into(), arch_label(arch).into()));
    }
    let written = node.into_iter().flat_map(|node| node.split(',')).filter_map(|pair| pair.split_once('='));
    let written = written.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let gpu = placement.gpu.as_ref().and_then(|gpu| gpu.kind.clone());
    let gpu_label = settings.get("gpuLabel").as_str().unwrap_or("accelerator").to_owned();
    let pool_label = settings.get("poolLabel").as_str().unwrap_or(POOL_LABEL).to_owned();
    let more = [gpu.map(|kind| (gpu_label, kind)), placement.pool.clone().map(|pool| (pool_label, pool))];
    for (key, value) in
        written.chain(spec::pairs(platform.get("nodeSelector"))).chain(more.into_iter().flatten())
    {
        selector.retain(|(known, _)| *known != key);
        selector.push((key, value));
    }
    let affinity = spec::affinity(platform.get("affinity"))?;
    pod.node_required = affinity.required;
    pod.node_preferred = affinity.preferred;
    pod.affinities = affinity.pods;
    pod.spread = spec::spread(first(platform, settings, "topologySpreadConstraints"))?;
    pod.tolerations = spec::tolerations(settings.get("tolerations"))?;
    pod.tolerations.extend(spec::tolerations(platform.get("tolerations"))?);
    if placement.gpu.is_some() {
        pod.tolerations.push(tolerates("nvidia.com/gpu", None));
    }
    spot(pod, placement.spot);
    // Requirements on a node that are written out win over those made of a selector.
    if settings.get("nodeSelectorAsAffinity").as_bool() == Some(true) && pod.node_required.is_empty() {
        let is = |(key, value)| NodeRequirement { key, operator: Operator::IsIn, values: vec![value] };
        pod.node_required.push(selector.into_iter().map(is).collect());
    } else {
        pod.node_selector = selector;
    }
    Ok(())
}

const fn os_label(os: Option<Os>) -> &'static str {
    match os {
        Some(Os::Windows) => "windows",
        _ => "linux",
    }
}

const fn arch_label(arch: Arch) -> &'static str {
    match arch {
        Arch::X64 => "amd64",
        Arch::Arm64 => "arm64",
        Arch::X86 => "386",
        Arch::Arm => "arm",
    }
}

fn tolerates(key: &str, value: Option<&str>) -> Toleration {
    let effect = Some(TaintEffect::NoSchedule);
    Toleration { key: Some(key.into()), value: value.map(str::to_owned), effect, seconds: None }
}

/// What nodes are marked with that can be taken away, and the value it has there.
const SPOT: [(&str, &str); 4] = [
    ("karpenter.sh/capacity-type", "spot"),
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("cloud.google.com/gke-spot", "true"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
];

fn spot(pod: &mut Pod, spot: Option<bool>) {
    let requirement = |(key, value): (&str, &str), operator| NodeRequirement {
        key: key.into(),
        operator,
        values: vec![value.into()],
    };
    match spot {
        None => {}
        Some(true) => {
            pod.tolerations.extend(SPOT[2..].iter().map(|(key, value)| tolerates(key, Some(value))));
            let liked = SPOT.map(|mark| NodePreference {
                weight: 50,
                requirements: vec![requirement(mark, Operator::IsIn)],
            });
            pod.node_preferred.extend(liked);
        }
        Some(false) => {
            let never = SPOT.map(|mark| requirement(mark, Operator::NotIn));
            if pod.node_required.is_empty() {
                pod.node_required.push(Vec::new());
            }
            pod.node_required.iter_mut().for_each(|term| term.extend(never.iter().cloned()));
        }
    }
}
