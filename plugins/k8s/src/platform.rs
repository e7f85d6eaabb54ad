//! Platforms: what a label stands for, as the operator says it or as it is known here.

use act_host_sdk::prelude::*;

/// A platform by its name: an object of the settings, laid over what is known here of that name.
pub(crate) struct Platform<'a> {
    own: Option<&'a Json>,
    built_in: Option<&'static BuiltIn>,
}

/// What is known without an operator.
pub(crate) struct BuiltIn {
    pub(crate) name: &'static str,
    pub(crate) image: &'static str,
    pub(crate) os: Os,
    pub(crate) arch: Arch,
    /// As an operator would write it, besides the image.
    pub(crate) rest: &'static str,
}

const fn linux(name: &'static str, image: &'static str) -> BuiltIn {
    BuiltIn { name, image, os: Os::Linux, arch: Arch::X64, rest: "{}" }
}

const fn windows(name: &'static str, image: &'static str) -> BuiltIn {
    let rest = r#"{"tolerations":[{"key":"os","value":"windows","effect":"NoSchedule"}]}"#;
    BuiltIn { name, image, os: Os::Windows, arch: Arch::X64, rest }
}

const fn arm(name: &'static str, image: &'static str) -> BuiltIn {
    let rest = r#"{"tolerations":[{"key":"arch","value":"arm64"}]}"#;
    BuiltIn { name, image, os: Os::Linux, arch: Arch::Arm64, rest }
}

/// Without `self-hosted`, which would swallow the labels beside it.
pub(crate) const BUILT_IN: [BuiltIn; 13] = [
    linux("ubuntu-latest", "ubuntu:24.04"),
    linux("ubuntu-26.04", "ubuntu:26.04"),
    linux("ubuntu-24.04", "ubuntu:24.04"),
    linux("ubuntu-22.04", "ubuntu:22.04"),
    linux("ubuntu-20.04", "ubuntu:20.04"),
    arm("ubuntu-arm64", "ubuntu:24.04"),
    arm("ubuntu-24.04-arm", "ubuntu:24.04"),
    arm("ubuntu-22.04-arm", "ubuntu:22.04"),
    windows("windows-latest", "mcr.microsoft.com/windows/servercore:ltsc2022"),
    windows("windows-2022", "mcr.microsoft.com/windows/servercore:ltsc2022"),
    windows("windows-2019", "mcr.microsoft.com/windows/servercore:ltsc2019"),
    BuiltIn {
        rest: r#"{"nodeSelector":{"node-pool":"gpu"},
            "tolerations":[{"key":"nvidia.com/gpu","operator":"Exists"}],"runtimeClass":"nvidia",
            "resources":{"requests":{"cpu":"2","memory":"4Gi"},"limits":{"cpu":"8","memory":"16Gi","nvidia.com/gpu":"1"}}}"#,
        ..linux("ubuntu-gpu", "nvidia/cuda:11.8.0-runtime-ubuntu22.04")
    },
    BuiltIn {
        rest: r#"{"nodeSelector":{"node-type":"memory-optimized"},
            "resources":{"requests":{"cpu":"4","memory":"16Gi"},"limits":{"cpu":"16","memory":"64Gi"}}}"#,
        ..linux("ubuntu-highmem", "ubuntu:24.04")
    },
];

/// Returns the names of all platforms.
pub(crate) fn names(settings: &Json) -> impl Iterator<Item = &str> {
    let own = match settings.get("platforms") {
        Json::Object(own) => &own[..],
        _ => &[],
    };
    own.iter().map(|(name, _)| name.as_str()).chain(BUILT_IN.iter().map(|known| known.name))
}

/// Returns what a platform says, or the label of its nodes that says it.
fn said<'a>(own: &'a Json, key: &str, label: &str) -> Option<&'a str> {
    own.get(key).as_str().or_else(|| own.get("nodeSelector").get(label).as_str())
}

impl<'a> Platform<'a> {
    /// Finds a platform; case does not count.
    pub(crate) fn find(name: &str, settings: &'a Json) -> Option<Self> {
        let own = match settings.get("platforms") {
            Json::Object(own) => own.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)),
            _ => None,
        };
        let own = own.map(|(_, platform)| platform);
        let built_in = BUILT_IN.iter().find(|known| known.name.eq_ignore_ascii_case(name));
        (own.is_some() || built_in.is_some()).then_some(Self { own, built_in })
    }

    /// Returns the image.
    pub(crate) fn image(&self) -> Option<&str> {
        let own = self.own.and_then(|own| own.get("image").as_str());
        own.or_else(|| self.built_in.map(|known| known.image))
    }

    pub(crate) fn os(&self) -> Option<Os> {
        let own = self.own.and_then(|own| match said(own, "os", "kubernetes.io/os")? {
            "windows" => Some(Os::Windows),
            "darwin" => Some(Os::Macos),
            _ => Some(Os::Linux),
        });
        own.or_else(|| self.built_in.map(|known| known.os))
    }

    pub(crate) fn arch(&self) -> Option<Arch> {
        let own = self.own.and_then(|own| match said(own, "arch", "kubernetes.io/arch")? {
            "arm64" => Some(Arch::Arm64),
            "amd64" => Some(Arch::X64),
            _ => None,
        });
        // Who names a platform anew means another machine.
        own.or_else(|| self.built_in.filter(|_| self.own.is_none()).map(|known| known.arch))
    }

    /// Returns what else it says: the operator's word alone, where there is one.
    pub(crate) fn rest(&self) -> Json {
        match (self.own, self.built_in) {
            (Some(own), _) => own.clone(),
            (None, Some(known)) => Json::parse(known.rest).unwrap_or(Json::Null),
            (None, None) => Json::Null,
        }
    }
}
