use act_host_sdk::mock;

use super::*;

fn map(label: &str) -> Mapped {
    GitHub::map(&LabelAsk::of(&[label])).unwrap()
}

fn placed(label: &str) -> Placement {
    match map(label) {
        Mapped::Mine(mine) => mine.placement,
        other => panic!("{label}: {other:?}"),
    }
}

#[test]
fn labels_become_machines() {
    for (label, os, arch, cpus, gib, image) in [
        ("ubuntu-latest", Os::Linux, Arch::X64, 4, 16, "ubuntu-26.04"),
        ("ubuntu-24.04", Os::Linux, Arch::X64, 4, 16, "ubuntu-24.04"),
        ("Ubuntu-22.04", Os::Linux, Arch::X64, 4, 16, "ubuntu-22.04"),
        ("ubuntu-slim", Os::Linux, Arch::X64, 1, 5, "ubuntu-slim"),
        ("ubuntu-26.04-arm", Os::Linux, Arch::Arm64, 4, 16, "ubuntu-26.04-arm"),
        ("ubuntu-latest-16-cores", Os::Linux, Arch::X64, 16, 64, "ubuntu-26.04"),
        ("ubuntu-24.04-8core", Os::Linux, Arch::X64, 8, 32, "ubuntu-24.04"),
        ("windows-latest", Os::Windows, Arch::X64, 4, 16, "windows-2025"),
        ("windows-2025-vs2026", Os::Windows, Arch::X64, 4, 16, "windows-2025-vs2026"),
        ("windows-11-arm", Os::Windows, Arch::Arm64, 4, 16, "windows-11-arm"),
        ("windows-2022-96-cores", Os::Windows, Arch::X64, 96, 384, "windows-2022"),
        ("macos-latest", Os::Macos, Arch::Arm64, 3, 7, "macos-26"),
        ("macos-15-intel", Os::Macos, Arch::X64, 4, 14, "macos-15"),
        ("macos-14-large", Os::Macos, Arch::X64, 12, 30, "macos-14"),
        ("MACOS-26-XLARGE", Os::Macos, Arch::Arm64, 5, 14, "macos-26"),
    ] {
        let expected = Placement::new().os(os).arch(arch).cpus(cpus).memory_gib(gib).disk_gib(14);
        let expected = expected.attr(IMAGE, image);
        assert_eq!(placed(label), expected, "{label}");
    }
}

#[test]
fn every_label_that_is_suggested_is_known() {
    for label in table::names() {
        placed(label);
    }
}

#[test]
fn what_is_nearly_githubs_is_malformed() {
    for (label, meant) in [
        ("ubuntu-lastest", "ubuntu-latest"),
        ("ubuntu-24.4", "ubuntu-24.04"),
        ("ubuntu-24.04-arm64", "ubuntu-24.04-arm"),
        ("ubuntu-20.04", "ubuntu-22.04"),
        ("windows-2019", "windows-2022"),
        ("macos-13", "macos-15-intel"),
        ("macos-14-intel", "macos-15-intel"),
        ("macOS-27", "macos-26"),
    ] {
        let Mapped::Malformed(wrong) = map(label) else { panic!("{label}: {:?}", map(label)) };
        assert_eq!(wrong.nearest.as_deref(), Some(meant), "{label}");
    }
}

#[test]
fn what_is_not_githubs_is_left_to_others() {
    for labels in [
        &["self-hosted"][..],
        &["linux"],
        &["ubuntu-builders"],
        &["self-hosted", "ubuntu-latest"],
        &[],
        &[""],
    ] {
        let answer = GitHub::map(&LabelAsk::of(labels)).unwrap();
        assert!(matches!(answer, Mapped::NotMine(_)), "{labels:?}: {answer:?}");
    }
    let grouped = LabelAsk { group: Some("big".into()), ..LabelAsk::of(&["ubuntu-latest"]) };
    assert!(matches!(GitHub::map(&grouped).unwrap(), Mapped::NotMine(_)));
}

#[test]
fn settings_change_size_images_and_where() {
    mock::settings(
        r#"{"private": true, "latest": {"ubuntu": "24.04"}, "images": {"ubuntu-24.04": "registry.example.com/u:24"},
            "pool": "warm", "backends": ["kind", "here"]}"#,
    );
    let placement = placed("ubuntu-latest");
    let expected = Placement::new().os(Os::Linux).arch(Arch::X64).cpus(2).memory_gib(8).disk_gib(14);
    let expected = expected.attr(IMAGE, "ubuntu-24.04").image("registry.example.com/u:24");
    assert_eq!(placement, expected.pool("warm").hop("kind").hop("here"));
    let large = placed("ubuntu-latest-8-cores");
    assert_eq!(large.cpu_millis, Some(Amount::at_least(8000)), "what is paid for has one size");
}
