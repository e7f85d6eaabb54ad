//! GitHub's labels, as of November 2026.
//!
//! Source: GitHub docs, "GitHub-hosted runners reference" and "Larger runners reference", and the announcements of
//! `actions/runner-images`.

use act_host_sdk::prelude::*;

/// A machine of GitHub's.
#[derive(Debug, PartialEq)]
pub(crate) struct Machine {
    pub(crate) os: Os,
    pub(crate) arch: Arch,
    pub(crate) cpus: u32,
    pub(crate) gib: u32,
    /// What its image is called: `ubuntu-24.04`.
    pub(crate) image: String,
    /// Whether private repositories get less.
    is_standard: bool,
}

/// What `-latest` means.
pub(crate) struct Latest<'a> {
    ubuntu: &'a str,
    windows: &'a str,
    macos: &'a str,
}

const UBUNTU: [&str; 3] = ["22.04", "24.04", "26.04"];
const WINDOWS: [&str; 3] = ["2022", "2025", "2025-vs2026"];
const MACOS: [&str; 3] = ["14", "15", "26"];

/// What there is besides `<system>-<version>`, for suggestions.
const OTHERS: [&str; 23] = [
    "ubuntu-latest",
    "ubuntu-slim",
    "ubuntu-22.04-arm",
    "ubuntu-24.04-arm",
    "ubuntu-26.04-arm",
    "windows-latest",
    "windows-11-arm",
    "macos-latest",
    "macos-15-intel",
    "macos-26-intel",
    "macos-latest-large",
    "macos-14-large",
    "macos-15-large",
    "macos-26-large",
    "macos-latest-xlarge",
    "macos-14-xlarge",
    "macos-15-xlarge",
    "macos-26-xlarge",
    "ubuntu-latest-4-cores",
    "ubuntu-latest-8-cores",
    "ubuntu-latest-16-cores",
    "windows-latest-8-cores",
    "windows-latest-16-cores",
];

/// Labels that GitHub had, and what comes closest today.
const RETIRED: [(&str, &str); 14] = [
    ("ubuntu-16.04", "ubuntu-22.04"),
    ("ubuntu-18.04", "ubuntu-22.04"),
    ("ubuntu-20.04", "ubuntu-22.04"),
    ("windows-2016", "windows-2022"),
    ("windows-2019", "windows-2022"),
    ("macos-10.15", "macos-15-intel"),
    ("macos-11", "macos-15-intel"),
    ("macos-12", "macos-15-intel"),
    ("macos-13", "macos-15-intel"),
    ("macos-12-large", "macos-15-large"),
    ("macos-13-large", "macos-15-large"),
    ("macos-13-xlarge", "macos-15-xlarge"),
    ("macos-latest-xl", "macos-latest-xlarge"),
    ("macos-12-xl", "macos-15-xlarge"),
];

/// GiB of memory of GitHub's larger machines, by their processors.
const LARGER: [(u32, u32); 7] = [(2, 8), (4, 16), (8, 32), (16, 64), (32, 128), (64, 256), (96, 384)];

impl<'a> Latest<'a> {
    /// Reads the setting.
    pub(crate) fn of(setting: &'a Json) -> Self {
        let or = |key, default| setting.get(key).as_str().unwrap_or(default);
        Self { ubuntu: or("ubuntu", "26.04"), windows: or("windows", "2025"), macos: or("macos", "26") }
    }
}

impl Machine {
    /// Returns processors and GiB of memory that a private repository gets.
    pub(crate) const fn private_size(&self) -> (u32, u32) {
        if self.is_standard { (2, 8) } else { (self.cpus, self.gib) }
    }
}

/// Returns the labels that suggestions are made of.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    const PLAIN: [&str; 9] = [
        "ubuntu-26.04",
        "ubuntu-24.04",
        "ubuntu-22.04",
        "windows-2025",
        "windows-2022",
        "windows-2025-vs2026",
        "macos-26",
        "macos-15",
        "macos-14",
    ];
    PLAIN.into_iter().chain(OTHERS)
}

/// Returns what to use instead of a label that GitHub had once.
pub(crate) fn retired(label: &str) -> Option<&'static str> {
    RETIRED.iter().find(|(old, _)| *old == label).map(|(_, instead)| *instead)
}

/// Finds the machine of a label in lower case.
pub(crate) fn find(label: &str, latest: &Latest<'_>) -> Option<Machine> {
    let (system, rest) = label.split_once('-')?;
    let version = |newest, rest: &str, known: &[&'static str]| {
        let wanted = if rest == "latest" { newest } else { rest };
        known.contains(&wanted).then(|| format!("{system}-{wanted}"))
    };
    match system {
        "ubuntu" => linux(rest, |rest| version(latest.ubuntu, rest, &UBUNTU)),
        "windows" => windows(rest, |rest| version(latest.windows, rest, &WINDOWS)),
        "macos" => macos(rest, |rest| version(latest.macos, rest, &MACOS)),
        _ => None,
    }
}

fn linux(rest: &str, image: impl Fn(&str) -> Option<String>) -> Option<Machine> {
    let machine = |arch, (cpus, gib), image, is_standard| Machine {
        os: Os::Linux,
        arch,
        cpus,
        gib,
        image,
        is_standard,
    };
    if rest == "slim" {
        return Some(machine(Arch::X64, (1, 5), "ubuntu-slim".to_owned(), false));
    }
    if let Some(version) = rest.strip_suffix("-arm").filter(|version| *version != "latest") {
        return Some(machine(Arch::Arm64, (4, 16), image(version)? + "-arm", true));
    }
    if let Some((version, size)) = larger(rest) {
        return Some(machine(Arch::X64, size, image(version)?, false));
    }
    Some(machine(Arch::X64, (4, 16), image(rest)?, true))
}

fn windows(rest: &str, image: impl Fn(&str) -> Option<String>) -> Option<Machine> {
    let machine = |arch, (cpus, gib), image, is_standard| Machine {
        os: Os::Windows,
        arch,
        cpus,
        gib,
        image,
        is_standard,
    };
    if rest == "11-arm" {
        return Some(machine(Arch::Arm64, (4, 16), "windows-11-arm".to_owned(), true));
    }
    if let Some((version, size)) = larger(rest) {
        return Some(machine(Arch::X64, size, image(version)?, false));
    }
    Some(machine(Arch::X64, (4, 16), image(rest)?, true))
}

fn macos(rest: &str, image: impl Fn(&str) -> Option<String>) -> Option<Machine> {
    let (version, size) = rest.split_once('-').unwrap_or((rest, ""));
    let (arch, cpus, gib) = match size {
        "" => (Arch::Arm64, 3, 7),
        "intel" if matches!(version, "15" | "26") => (Arch::X64, 4, 14),
        "large" => (Arch::X64, 12, 30),
        "xlarge" => (Arch::Arm64, 5, 14),
        _ => return None,
    };
    Some(Machine { os: Os::Macos, arch, cpus, gib, image: image(version)?, is_standard: false })
}

/// Splits `24.04-16-cores`, also without the second dash or the `s`, into version and size.
fn larger(rest: &str) -> Option<(&str, (u32, u32))> {
    let front = rest.strip_suffix('s').unwrap_or(rest).strip_suffix("core")?;
    let front = front.strip_suffix('-').unwrap_or(front);
    let (version, cpus) = front.rsplit_once('-')?;
    let cpus: u32 = cpus.parse().ok()?;
    LARGER.into_iter().find(|(known, _)| *known == cpus).map(|size| (version, size))
}
