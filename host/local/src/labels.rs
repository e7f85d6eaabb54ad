//! The built-in label mapper and scheduler: labels of this machine, and processes on it.
//!
//! The mapper is the last of its chain: what it does not know, nobody does. It never guesses that a
//! machine of another system will do.

use act_core::decide::{Case, LabelAsk, LabelMapper, Mapped, Ruling, Scheduler, Seen};
use act_core::place::{Arch, Decision, Os, Placement, Shape};
use async_trait::async_trait;

use crate::provisioner::{own_arch, own_os};

/// What the user said of a label (`-P LABEL=…`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelTarget {
    /// Jobs with it run on this machine.
    ThisMachine,
    /// Jobs with it run nowhere here.
    Nowhere,
    /// Jobs with it run in a container of this image.
    Image(String),
}

/// Maps labels to this machine: those the user mapped, `self-hosted`, the machine's own, and GitHub's
/// labels for hosted runners of the same system.
#[derive(Clone, Debug)]
pub struct LocalLabels {
    given: Vec<(String, LabelTarget)>,
    os: Os,
    arch: Arch,
}

/// GitHub's hosted runners. Source: GitHub docs, "About GitHub-hosted runners", 2026.
const HOSTED: [(Os, Arch, &[&str]); 5] = [
    (
        Os::Linux,
        Arch::X64,
        &["ubuntu-latest", "ubuntu-26.04", "ubuntu-24.04", "ubuntu-22.04", "ubuntu-20.04", "ubuntu-slim"],
    ),
    (Os::Linux, Arch::Arm64, &["ubuntu-24.04-arm", "ubuntu-22.04-arm", "ubuntu-26.04-arm"]),
    (Os::MacOs, Arch::Arm64, &["macos-latest", "macos-26", "macos-15", "macos-14"]),
    (Os::MacOs, Arch::X64, &["macos-26-intel", "macos-15-intel", "macos-13"]),
    (Os::Windows, Arch::X64, &["windows-latest", "windows-2025", "windows-2022", "windows-2019"]),
];

impl LocalLabels {
    /// Takes what the user mapped; a later word on a label wins. Labels are compared without case.
    #[must_use]
    pub fn new(given: Vec<(String, LabelTarget)>) -> Self {
        Self::of_machine(given, own_os(), own_arch())
    }

    fn of_machine(given: Vec<(String, LabelTarget)>, os: Os, arch: Arch) -> Self {
        Self { given, os, arch }
    }

    fn target(&self, label: &str) -> Option<&LabelTarget> {
        let mut given = self.given.iter().rev();
        given.find(|(known, _)| known.eq_ignore_ascii_case(label)).map(|(_, target)| target)
    }

    /// Whether the label is this machine's without anybody's word.
    fn is_own(&self, label: &str) -> bool {
        let same = |known: &str| known.eq_ignore_ascii_case(label);
        let hosted = HOSTED
            .iter()
            .filter(|(os, arch, _)| (*os, *arch) == (self.os, self.arch))
            .flat_map(|(_, _, names)| *names);
        same("self-hosted")
            || same(&self.os.to_string())
            || same(&self.arch.to_string())
            || hosted.into_iter().any(|known| same(known))
    }

    /// Returns the known label that differs least from one that is not known.
    fn nearest(&self, label: &str) -> Option<String> {
        let label = label.to_lowercase();
        let hosted =
            HOSTED.iter().filter(|(os, _, _)| *os == self.os).flat_map(|(_, _, names)| *names).copied();
        let known = hosted.chain(["self-hosted"]).chain(self.given.iter().map(|(label, _)| label.as_str()));
        let close = known.map(|known| (distance(&label, known), known)).min()?;
        (close.0 > 0 && close.0 <= 2).then(|| close.1.to_owned())
    }
}

#[async_trait]
impl LabelMapper for LocalLabels {
    fn name(&self) -> &str {
        "this machine"
    }

    async fn map(&self, ask: &LabelAsk) -> Mapped {
        let mut mapped = Vec::new();
        for label in &ask.labels {
            match self.target(label) {
                Some(LabelTarget::ThisMachine) => mapped.push(label.as_str()),
                Some(LabelTarget::Nowhere) => {
                    return Mapped::NotMine {
                        reason: format!("`{label}` is mapped to nothing by `-P {label}=`"),
                        label: Some(label.clone()),
                    };
                }
                Some(LabelTarget::Image(image)) => {
                    let reason = format!(
                        "`{label}` is mapped to the image `{image}`, and containers are not built yet: map it with `-P {label}=-self-hosted`"
                    );
                    return Mapped::Malformed { reason, nearest: None };
                }
                None if self.is_own(label) => mapped.push(label.as_str()),
                None => match self.nearest(label) {
                    Some(nearest) => {
                        let reason = format!("no runner has the label `{label}`");
                        return Mapped::Malformed { reason, nearest: Some(nearest) };
                    }
                    None => {
                        let machine = format!("{} {}", self.os, self.arch);
                        let reason = format!("`{label}` is no label of this machine ({machine})");
                        return Mapped::NotMine { reason, label: Some(label.clone()) };
                    }
                },
            }
        }
        if let Some(group) = ask.group.as_ref().filter(|_| mapped.is_empty()) {
            return Mapped::NotMine {
                reason: format!("this machine is in no runner group, not in `{group}` either"),
                label: None,
            };
        }
        let placement = Placement { os: Some(self.os), arch: Some(self.arch), ..Placement::default() };
        let reason = format!("runs `{}` as processes on this machine", mapped.join("`, `"));
        Mapped::Mine { placement, reason }
    }
}

/// Turns every placement on a machine like this one into processes on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalScheduler;

#[async_trait]
impl Scheduler for LocalScheduler {
    fn name(&self) -> &str {
        "this machine"
    }

    async fn decide(&self, case: &Case) -> Ruling {
        let (os, arch) = (own_os(), own_arch());
        let placement = &case.placement;
        if placement.os.is_some_and(|wanted| wanted != os)
            || placement.arch.is_some_and(|wanted| wanted != arch)
        {
            let wanted = |part: Option<String>| part.unwrap_or_else(|| "any".to_owned());
            let reason = format!(
                "the job is placed on {} {}, and this machine is {os} {arch}",
                wanted(placement.os.map(|os| os.to_string())),
                wanted(placement.arch.map(|arch| arch.to_string())),
            );
            return Ruling::Fail { reason };
        }
        if let Some(image) = &placement.image {
            return Ruling::Fail {
                reason: format!("the job is placed in the image `{image}`, and containers are not built yet"),
            };
        }
        if case.bind.has_containers() {
            let reason = "the job wants containers, and on this machine it would have none".to_owned();
            return Ruling::Fail { reason };
        }
        Ruling::Launch(Decision { shape: Shape::Process { os, arch }, bind: case.bind.clone() })
    }

    /// This machine is the only one here, and what was seen of it is seen by the executor as well.
    async fn react(&self, _: &Case, _: &Seen) -> Ruling {
        Ruling::Keep
    }
}

/// Levenshtein's: how many characters to add, drop or change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = before + usize::from(from != *to);
            before = row[j + 1];
            row[j + 1] = change.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn map(labels: &[&str], given: &[(&str, LabelTarget)]) -> Mapped {
        let given = given.iter().map(|(label, target)| ((*label).to_owned(), target.clone())).collect();
        let ask = LabelAsk {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            ..LabelAsk::default()
        };
        let mapper = LocalLabels::of_machine(given, Os::Linux, Arch::X64);
        mapper.map(&ask).now_or_never().expect("this machine's labels are known at once")
    }

    fn is_mine(labels: &[&str], given: &[(&str, LabelTarget)]) -> bool {
        matches!(map(labels, given), Mapped::Mine { .. })
    }

    #[test]
    fn all_labels_must_be_this_machines() {
        for (labels, mine) in [
            (&["ubuntu-latest"][..], true),
            (&["Ubuntu-24.04"], true),
            (&["self-hosted", "linux", "x64"], true),
            (&["self-hosted", "linux", "arm64"], false),
            (&["self-hosted", "gpu"], false),
            (&["macos-latest"], false),
            (&["windows-latest"], false),
            (&["ubuntu-24.04-arm"], false),
        ] {
            assert_eq!(is_mine(labels, &[]), mine, "{labels:?}");
        }
    }

    #[test]
    fn the_users_word_comes_first() {
        assert!(is_mine(&["self-hosted", "GPU"], &[("gpu", LabelTarget::ThisMachine)]));
        assert!(is_mine(&["macos-latest"], &[("macos-latest", LabelTarget::ThisMachine)]));
        assert!(!is_mine(&["ubuntu-latest"], &[("ubuntu-latest", LabelTarget::Nowhere)]));
        let image = LabelTarget::Image("node:22".to_owned());
        assert!(matches!(map(&["ubuntu-latest"], &[("ubuntu-latest", image)]), Mapped::Malformed { .. }));
    }

    #[test]
    fn a_mistyped_label_names_the_nearest() {
        let Mapped::Malformed { nearest, .. } = map(&["ubuntu-lastest"], &[]) else {
            panic!("not malformed")
        };
        assert_eq!(nearest.as_deref(), Some("ubuntu-latest"));
    }
}
