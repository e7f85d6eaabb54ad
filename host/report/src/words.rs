//! Answers, verdicts, placements and decisions in one line each.

use act_core::decide::{Changes, Mapped, Verdict};
use act_core::place::{Amount, Decision, Placement, PodShape, Shape};

/// Returns what a mapper answered.
pub fn mapped(answer: &Mapped) -> String {
    match answer {
        Mapped::Mine { reason, .. } => format!("mine: {reason}"),
        Mapped::NotMine { reason, .. } => format!("not mine: {reason}"),
        Mapped::Malformed { reason, nearest: None } => format!("malformed: {reason}"),
        Mapped::Malformed { reason, nearest: Some(nearest) } => {
            format!("malformed: {reason}; did you mean `{nearest}`?")
        }
        Mapped::Failed { needs: Some(needs), .. } => format!("unknown, needs {needs}"),
        Mapped::Failed { reason, needs: None } => format!("failed: {reason}"),
    }
}

/// Returns what a policy said.
pub fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Abstain => "abstains".to_owned(),
        Verdict::Allow { reason } => format!("allows: {reason}"),
        Verdict::Deny { reason } => format!("denies: {reason}"),
        Verdict::Amend { changes: Changes::Labels(labels), reason } => {
            format!("amends labels to {}: {reason}", labels.join(", "))
        }
        Verdict::Amend { changes: Changes::Placement(patch), reason } => {
            let patch = placement(patch).unwrap_or_else(|| "nothing".to_owned());
            format!("amends the placement by {patch}: {reason}")
        }
        Verdict::Failed { needs: Some(needs), .. } => format!("unknown, needs {needs}"),
        Verdict::Failed { reason, needs: None } => format!("failed: {reason}"),
    }
}

/// Returns what a placement asks for; `None` where it leaves everything open.
pub fn placement(placement: &Placement) -> Option<String> {
    let Placement { os, arch, cpu_millis, memory, disk, gpu, image, pool, spot, hops, priority, attrs } =
        placement;
    let mut words: Vec<String> = Vec::new();
    words.extend(os.map(|os| os.to_string()));
    words.extend(arch.map(|arch| arch.to_string()));
    words.extend(cpu_millis.map(|cpu| format!("{} cpu", range(cpu, millis))));
    words.extend(memory.map(|memory| format!("{} memory", range(memory, bytes))));
    words.extend(disk.map(|disk| format!("{} disk", bytes(disk))));
    words.extend(gpu.as_ref().map(|gpu| {
        let kind = gpu.kind.as_ref().map(|kind| format!(" {kind}")).unwrap_or_default();
        format!("{} gpu{kind}", gpu.count)
    }));
    words.extend(image.as_ref().map(|image| format!("image {image}")));
    words.extend(pool.as_ref().map(|pool| format!("pool {pool}")));
    words.extend(spot.map(|spot| if spot { "spot" } else { "not spot" }.to_owned()));
    if !hops.is_empty() {
        let names: Vec<&str> = hops.iter().map(|hop| &*hop.backend).collect();
        words.push(format!("on {}", names.join(", then ")));
    }
    words.extend(priority.map(|priority| format!("priority {priority}")));
    words.extend(attrs.iter().map(|(key, value)| format!("{key}={value}")));
    (!words.is_empty()).then(|| words.join(", "))
}

/// Returns what was decided.
pub fn decision(decision: &Decision) -> String {
    match &decision.shape {
        Shape::Process { os, arch } => format!("processes on this machine, {os} {arch}"),
        Shape::Pod(shape) => pod(shape),
    }
}

fn pod(pod: &PodShape) -> String {
    let mut words = vec![format!("a {} of {}", if pod.as_job { "Job" } else { "pod" }, pod.image)];
    words.extend(pod.os.map(|os| os.to_string()));
    words.extend(pod.arch.map(|arch| arch.to_string()));
    words.extend(pod.resources.iter().map(|resource| {
        let (least, most) = (resource.request.as_deref(), resource.limit.as_deref());
        match (least, most) {
            (Some(least), Some(most)) if least != most => format!("{} {least} to {most}", resource.name),
            (least, most) => format!("{} {}", resource.name, least.or(most).unwrap_or("any")),
        }
    }));
    if !pod.node_selector.is_empty() {
        let labels = pod.node_selector.iter().map(|(key, value)| format!("{key}={value}"));
        words.push(format!("on nodes with {}", labels.collect::<Vec<_>>().join(" ")));
    }
    words.extend(pod.runtime_class.as_ref().map(|class| format!("runtime class {class}")));
    words.extend(pod.priority_class.as_ref().map(|class| format!("priority class {class}")));
    words.join(", ")
}

fn range(amount: Amount, shown: fn(u64) -> String) -> String {
    match amount.most {
        None => shown(amount.least),
        Some(most) if most == amount.least => shown(most),
        Some(most) => format!("{} to {}", shown(amount.least), shown(most)),
    }
}

fn millis(cpu: u64) -> String {
    let text = format!("{}.{:03}", cpu / 1000, cpu % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fits = UNITS.iter().find(|(_, bits)| bytes > 0 && bytes.trailing_zeros() >= *bits);
    fits.map_or_else(|| format!("{bytes}B"), |(unit, bits)| format!("{}{unit}", bytes >> bits))
}

#[cfg(test)]
mod tests {
    use act_core::place::{Gpu, Hop, Os};

    use super::*;

    #[test]
    fn a_placement_is_told_in_the_units_people_use() {
        assert_eq!(placement(&Placement::default()), None);
        let hop = |backend: &str| Hop { backend: backend.to_owned(), pool: None, spot: None };
        let all = Placement {
            os: Some(Os::Linux),
            cpu_millis: Some(Amount { least: 500, most: Some(2000) }),
            memory: Some(Amount { least: 4 << 30, most: None }),
            disk: Some(1000),
            gpu: Some(Gpu { count: 1, kind: Some("t4".to_owned()) }),
            image: Some("ubuntu:24.04".to_owned()),
            pool: Some("warm".to_owned()),
            spot: Some(true),
            hops: vec![hop("near"), hop("far")],
            priority: Some(-1),
            attrs: [("a".to_owned(), "b".to_owned())].into(),
            ..Placement::default()
        };
        insta::assert_snapshot!(placement(&all).unwrap(), @"Linux, 0.5 to 2 cpu, 4GiB memory, 1000B disk, 1 gpu t4, image ubuntu:24.04, pool warm, spot, on near, then far, priority -1, a=b");
    }
}
