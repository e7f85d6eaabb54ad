use act_host_sdk::mock;

use super::*;

const GIB: u64 = 1 << 30;

fn map(labels: &[&str]) -> Mapped {
    Fleet::map(&LabelAsk::of(labels)).unwrap()
}

fn placed(label: &str) -> Placement {
    match map(&[label]) {
        Mapped::Mine(mine) => mine.placement,
        other => panic!("{label}: {other:?}"),
    }
}

/// What every label of theirs is, before it says anything.
fn plain() -> Placement {
    Placement::new().os(Os::Linux).cpu_millis(Amount::between(2000, 4000)).spot(true)
}

#[test]
fn what_a_label_says_is_placed() {
    let gib = |least| Amount::at_least(least * GIB);
    for (label, expected) in [
        ("runs-fleet", plain()),
        ("runs-fleet/", plain()),
        ("runs-fleet=12345/cpu=", plain()),
        ("runs-fleet=12345", plain()),
        ("runs-fleet/cpu=0/ram=0", plain()),
        ("runs-fleet/cpu=4", plain().cpu_millis(Amount::between(4000, 8000))),
        ("RUNS-FLEET/CPU=4+16", plain().cpu_millis(Amount::between(4000, 16_000))),
        ("runs-fleet/ram=7.5", plain().memory(Amount::at_least(7 * GIB + GIB / 2))),
        ("runs-fleet/ram=16+64", plain().memory(Amount::between(16 * GIB, 64 * GIB))),
        (
            "runs-fleet/family=C8g+m8g/gen=8",
            plain().attr("machine-families", "c8g+m8g").attr("machine-generation", "8"),
        ),
        ("runs-fleet/arch=aarch64", plain().arch(Arch::Arm64)),
        ("runs-fleet/arch=x86_64/spot=false", plain().arch(Arch::X64).spot(false)),
        ("runs-fleet/pool=Warm_1/disk=100/ram=8", plain().pool("warm_1").disk_gib(100).memory(gib(8))),
    ] {
        assert_eq!(placed(label), expected, "{label}");
    }
}

#[test]
fn what_cannot_be_meant_is_malformed_with_what_was_meant() {
    for (label, meant) in [
        ("runs-fleet/cpus=4/ram=8", Some("runs-fleet/cpu=4/ram=8")),
        ("runs-fleet/cpu=16+4", Some("runs-fleet/cpu=4+16")),
        ("runs-fleet/ram=64+16/cpu=2", Some("runs-fleet/ram=16+64/cpu=2")),
        ("runs-fleet/spot=no", Some("runs-fleet/spot=false")),
        ("runs-fleet/spot=flase", Some("runs-fleet/spot=false")),
        ("runs-fleet/arch=x86", Some("runs-fleet/arch=amd64")),
        ("runs-fleet/arch=arm-64", Some("runs-fleet/arch=arm64")),
        ("runs-fleet/family=c8g,m8g", Some("runs-fleet/family=c8g+m8g")),
        ("runs-fleet/cpu=4/region=eu", Some("runs-fleet/cpu=4")),
        ("runs-fleet/cpu=4/cpu=8", Some("runs-fleet/cpu=4")),
        ("runs-fleet/cpu=four", None),
        ("runs-fleet/cpu=99999999999999999999", None),
        ("runs-fleet/ram=8gb", None),
        ("runs-fleet/gen=11", None),
        ("runs-fleet/disk=0", None),
        ("runs-fleet/pool=-x", None),
        ("runs-fleet/4cpu-linux", None),
        ("runs-fleet/wherever=4", None),
    ] {
        let Mapped::Malformed(wrong) = map(&[label]) else { panic!("{label}: {:?}", map(&[label])) };
        assert_eq!(wrong.nearest.as_deref(), meant, "{label}: {}", wrong.reason);
        assert!(!wrong.reason.contains('\n'), "{}", wrong.reason);
        if let Some(meant) = meant {
            placed(meant);
        }
    }
}

#[test]
fn other_labels_are_left_to_others() {
    for labels in [&["runs-fleet-foo"][..], &["ubuntu-latest"], &["self-hosted", "linux"], &[], &["runs"]] {
        assert!(matches!(map(labels), Mapped::NotMine(_)), "{labels:?}");
    }
}

#[test]
fn the_first_label_of_the_grammar_counts() {
    let Mapped::Mine(mine) = map(&["self-hosted", "runs-fleet/cpu=8", "runs-fleet/cpu=1"]) else { panic!() };
    assert_eq!(mine.placement.cpu_millis, Some(Amount::between(8000, 16_000)));
}

#[test]
fn aliases_stand_for_labels_and_are_pools_of_their_own() {
    mock::settings(
        r#"{"marker": "fleet", "spot": false, "backends": ["aws"],
            "aliases": {"Big": "cpu=16/pool=huge", "ubuntu-22": "cpu=4", "broken": "cpus=4"}}"#,
    );
    let base = || plain().spot(false).hop("aws");
    assert_eq!(placed("big"), base().cpu_millis(Amount::between(16_000, 32_000)).pool("huge"));
    assert_eq!(placed("ubuntu-22"), base().cpu_millis(Amount::between(4000, 8000)).pool("ubuntu-22"));
    assert_eq!(placed("fleet/spot=true"), base().spot(true));
    assert!(matches!(map(&["runs-fleet"]), Mapped::NotMine(_)));
    let Mapped::Malformed(wrong) = map(&["broken"]) else {
        panic!("an alias that is wrong is nobody else's")
    };
    assert!(wrong.reason.starts_with("the alias `broken` is `cpus=4`: "), "{}", wrong.reason);
    let Mapped::Mine(mine) = map(&["big", "fleet/cpu=2"]) else { panic!() };
    assert_eq!(mine.reason, "`fleet/cpu=2`", "a label of the grammar comes before an alias");
}
