//! How much a job may ask for.

use act_host_sdk::prelude::*;

/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

pub(crate) fn judge(placement: &Placement, rules: &Json) -> Verdict {
    let cap = |key: &str, unit: u64| rules.get(key).as_u64().map(|cap| (cap, cap.saturating_mul(unit)));
    let (cpus, memory) = (cap("cpus", 1000), cap("memory-gib", GIB));
    let (disk, gpus) = (cap("disk-gib", GIB), cap("gpus", 1));
    let mut over = String::new();
    let mut patch = Placement::new();
    patch.cpu_millis = capped(placement.cpu_millis, cpus, "processors", &mut over);
    patch.memory = capped(placement.memory, memory, "GiB of memory", &mut over);
    patch.disk =
        capped(placement.disk.map(Amount::at_least), disk, "GiB of disk", &mut over).map(|it| it.least);
    let count = placement.gpu.as_ref().map(|gpu| Amount::at_least(gpu.count.into()));
    patch.gpu = capped(count, gpus, "graphics processors", &mut over).and_then(|count| {
        let kind = placement.gpu.as_ref()?.kind.clone();
        Some(Gpu { count: u32::try_from(count.least).ok()?, kind })
    });
    // A disk and processors that are counted have no open end, so bounding them again changes nothing.
    let is_bounded = patch != Placement::new();
    match (over.is_empty(), rules.get("over").as_str() == Some("deny")) {
        (false, true) => Verdict::Deny(over),
        (false, false) => Verdict::amend_placement(patch, over),
        (true, _) if is_bounded => {
            Verdict::amend_placement(patch, "the machine is no larger than a job may ask for")
        }
        (true, _) => Verdict::Abstain,
    }
}

/// Returns an amount within its cap, where that is another one; notes it where even the least is over it.
fn capped(asked: Option<Amount>, cap: Option<(u64, u64)>, unit: &str, over: &mut String) -> Option<Amount> {
    let (asked, (shown, cap)) = (asked?, cap?);
    if asked.least > cap {
        over.push_str(if over.is_empty() { "a job gets no more than " } else { ", " });
        over.push_str(&shown.to_string());
        over.push(' ');
        over.push_str(unit);
    }
    let most = asked.most.map(|most| most.min(cap));
    let within = Amount { least: asked.least.min(cap), most };
    (within != asked).then_some(within)
}
