//! Placements, both ways.

use act_bindings::types::placement as wit;
use act_core::place::{Amount, Arch, Gpu, Hop, Os, Placement};

use super::{attrs, to_attrs, value};

pub(crate) const fn to_os(os: Os) -> wit::Os {
    match os {
        Os::Linux => wit::Os::Linux,
        Os::MacOs => wit::Os::Macos,
        Os::Windows => wit::Os::Windows,
    }
}

pub(crate) const fn os(os: wit::Os) -> Os {
    match os {
        wit::Os::Linux => Os::Linux,
        wit::Os::Macos => Os::MacOs,
        wit::Os::Windows => Os::Windows,
    }
}

pub(crate) const fn to_arch(arch: Arch) -> wit::Arch {
    match arch {
        Arch::X86 => wit::Arch::X86,
        Arch::X64 => wit::Arch::X64,
        Arch::Arm => wit::Arch::Arm,
        Arch::Arm64 => wit::Arch::Arm64,
    }
}

pub(crate) const fn arch(arch: wit::Arch) -> Arch {
    match arch {
        wit::Arch::X86 => Arch::X86,
        wit::Arch::X64 => Arch::X64,
        wit::Arch::Arm => Arch::Arm,
        wit::Arch::Arm64 => Arch::Arm64,
    }
}

pub(crate) fn to_wit(placement: &Placement) -> wit::Placement {
    let amount = |amount: Amount| wit::Amount { least: amount.least, most: amount.most };
    let Placement { os, arch, cpu_millis, memory, disk, gpu, image, pool, spot, hops, priority, attrs } =
        placement.clone();
    let hop = |hop: Hop| wit::Hop { backend: hop.backend, pool: hop.pool, spot: hop.spot };
    wit::Placement {
        os: os.map(to_os),
        arch: arch.map(to_arch),
        cpu_millis: cpu_millis.map(amount),
        memory: memory.map(amount),
        disk,
        gpu: gpu.map(|gpu| wit::Gpu { count: gpu.count, kind: gpu.kind }),
        image,
        pool,
        spot,
        hops: hops.into_iter().map(hop).collect(),
        priority,
        attrs: to_attrs(&attrs),
    }
}

/// Takes over what a guest says.
///
/// # Errors
/// An amount whose most is less than its least, and an attribute that comes twice: which of the two was meant is
/// anybody's guess.
pub(crate) fn from_wit(placement: &wit::Placement) -> Result<Placement, String> {
    let text = |text: &Option<String>| text.as_deref().map(value);
    let hop = |hop: &wit::Hop| Hop { backend: value(&hop.backend), pool: text(&hop.pool), spot: hop.spot };
    Ok(Placement {
        os: placement.os.map(os),
        arch: placement.arch.map(arch),
        cpu_millis: placement.cpu_millis.map(|given| amount("cpu-millis", given)).transpose()?,
        memory: placement.memory.map(|given| amount("memory", given)).transpose()?,
        disk: placement.disk,
        gpu: placement.gpu.as_ref().map(|gpu| Gpu { count: gpu.count, kind: text(&gpu.kind) }),
        image: text(&placement.image),
        pool: text(&placement.pool),
        spot: placement.spot,
        hops: placement.hops.iter().map(hop).collect(),
        priority: placement.priority,
        attrs: attrs(&placement.attrs)?,
    })
}

fn amount(what: &str, given: wit::Amount) -> Result<Amount, String> {
    match given.most {
        Some(most) if most < given.least => {
            Err(format!("its placement wants at least {} and at most {most} of `{what}`", given.least))
        }
        most => Ok(Amount { least: given.least, most }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placement_survives_both_ways() {
        let placement = Placement {
            os: Some(Os::MacOs),
            arch: Some(Arch::Arm64),
            cpu_millis: Some(Amount { least: 1, most: Some(2) }),
            memory: Some(Amount { least: 3, most: None }),
            disk: Some(4),
            gpu: Some(Gpu { count: 1, kind: Some("k".into()) }),
            image: Some("i".into()),
            pool: Some("p".into()),
            spot: Some(true),
            hops: vec![Hop { backend: "b".into(), pool: None, spot: Some(false) }],
            priority: Some(-1),
            attrs: [("a".to_owned(), "b".to_owned())].into(),
        };
        assert_eq!(from_wit(&to_wit(&placement)), Ok(placement));
    }

    #[test]
    fn what_a_guest_fills_is_made_fit() {
        let mut given = to_wit(&Placement { pool: Some("\u{1b}[31mred".into()), ..Placement::default() });
        assert_eq!(from_wit(&given).unwrap().pool.as_deref(), Some("red"));
        given.memory = Some(wit::Amount { least: 2, most: Some(1) });
        assert!(from_wit(&given).unwrap_err().contains("at least 2 and at most 1"));
    }
}
