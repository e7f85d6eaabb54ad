//! The programs of a cluster: built from our Go modules, and Debian's.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, Key};
use super::debian;
use crate::cargo::{listen, root};

/// Go's modules, from the root; each is built by itself, so that none sets another's versions.
const MODULES: &str = "tests/cluster";

/// Where every program of a bed lies.
pub(crate) struct Programs {
    /// One file with the control plane, the kubelet and kubectl, and a link a name.
    pub(crate) kubernetes: PathBuf,
    /// containerd, its shim, ctr and the plugins of the network.
    pub(crate) containerd: PathBuf,
    pub(crate) tools: PathBuf,
    /// A tree of Debian's packages.
    pub(crate) debian: PathBuf,
}

/// A module with what is built of it.
struct Module {
    name: &'static str,
    /// Packages, as `go build` takes them.
    packages: &'static [&'static str],
    tags: &'static str,
    /// Variables of the linker: where a version is told.
    versions: fn(&str) -> String,
}

const MODULES_BUILT: [Module; 3] = [
    Module { name: "tools", packages: &["."], tags: "", versions: |_| String::new() },
    Module {
        name: "containerd",
        packages: &[
            "github.com/containerd/containerd/v2/cmd/containerd",
            "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
            "github.com/containerd/containerd/v2/cmd/ctr",
            "github.com/containernetworking/plugins/plugins/main/bridge",
            "github.com/containernetworking/plugins/plugins/main/loopback",
            "github.com/containernetworking/plugins/plugins/ipam/host-local",
        ],
        tags: "no_btrfs,no_devmapper,no_zfs,no_aufs,no_tracing",
        versions: |go_mod| {
            let version = required(go_mod, "github.com/containerd/containerd/v2");
            format!("-X github.com/containerd/containerd/v2/version.Version={version}")
        },
    },
    Module { name: "kubernetes", packages: &["."], tags: "", versions: kubernetes_version },
];

/// The names by which the file of Kubernetes is called.
const LINKS: [&str; 6] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl"];

/// Packages of Debian that a bed runs itself.
const PACKAGES: [&str; 3] = ["runc", "busybox-static", "docker-registry"];

impl Programs {
    /// Builds and fetches what is missing; `say` hears of what takes its time.
    ///
    /// # Errors
    /// What is missing on this machine, or what a compiler said.
    pub(crate) fn prepare(say: &dyn Fn(&str)) -> Result<Self, String> {
        let debian = debian::tree("programs", &PACKAGES, say)?;
        let [tools, containerd, kubernetes] = MODULES_BUILT.map(|module| module.build(say));
        Ok(Self { kubernetes: kubernetes?, containerd: containerd?, tools: tools?.join("tools"), debian })
    }

    pub(crate) fn kubectl(&self) -> PathBuf {
        self.kubernetes.join("kubectl")
    }

    pub(crate) fn runc(&self) -> PathBuf {
        self.debian.join("usr/sbin/runc")
    }

    pub(crate) fn registry(&self) -> PathBuf {
        self.debian.join("usr/bin/docker-registry")
    }

    pub(crate) fn busybox(&self) -> PathBuf {
        // Where it lies depends on the release.
        let old = self.debian.join("bin/busybox");
        if old.exists() { old } else { self.debian.join("usr/bin/busybox") }
    }
}

impl Module {
    fn build(&self, say: &dyn Fn(&str)) -> Result<PathBuf, String> {
        let folder = root().join(MODULES).join(self.name);
        let go_mod = read(&folder.join("go.mod"))?;
        let arguments = self.arguments(&go_mod);
        let mut key = Key::default().text(&go_version()?).text(&arguments.join(" "));
        for file in sources(&folder)? {
            key = key.file(&file)?;
        }
        cache::keep(self.name, key, |to| {
            say(&format!("building {} with Go: minutes, where Go has not built it before", self.name));
            let mut command = Command::new("go");
            // Before the packages: `go build` reads no flag behind the first of them.
            command.arg("build").arg("-o").arg(to.join("")).args(&arguments);
            // What is built depends on nothing but the module; no compiler of C is needed.
            command.env("CGO_ENABLED", "0").env("GOWORK", "off").current_dir(&folder);
            let said = listen(command.stdin(std::process::Stdio::null()))?;
            if !said.success {
                return Err(format!("go build of {} failed:\n{}", folder.display(), said.text.trim_end()));
            }
            if self.name == "kubernetes" {
                link_names(to)?;
            }
            Ok(())
        })
    }

    /// No optimiser: a cluster of tests starts a second later and is built two minutes sooner.
    fn arguments(&self, go_mod: &str) -> Vec<String> {
        let linker = format!("-ldflags=-s -w {}", (self.versions)(go_mod));
        let flags = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-gcflags=all=-dwarf=false -N -l"];
        let mut all: Vec<String> = flags.map(str::to_owned).to_vec();
        all.push(linker.trim_end().to_owned());
        if !self.tags.is_empty() {
            all.push(format!("-tags={}", self.tags));
        }
        all.extend(self.packages.iter().map(|&package| package.to_owned()));
        all
    }
}

/// Without this a server says that it is version 0.0.0, and clients believe it.
fn kubernetes_version(go_mod: &str) -> String {
    const AT: &str = "k8s.io/component-base/version";
    let version = required(go_mod, "k8s.io/kubernetes");
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!(
        "-X {AT}.gitVersion={version} -X {AT}.gitMajor={major} -X {AT}.gitMinor={minor} \
         -X {AT}.gitTreeState=clean -X {AT}.buildDate=1970-01-01T00:00:00Z"
    )
}

/// Returns the version in which a `go.mod` requires a module; empty where it does not.
fn required<'a>(go_mod: &'a str, module: &str) -> &'a str {
    let of =
        |line: &'a str| line.trim().trim_start_matches("require ").strip_prefix(module)?.strip_prefix(' ');
    let version = go_mod.lines().filter(|line| !line.contains("=>")).find_map(of);
    version.and_then(|version| version.split_whitespace().next()).unwrap_or_default()
}

fn go_version() -> Result<String, String> {
    let said = listen(Command::new("go").args(["env", "GOVERSION", "GOOS", "GOARCH"]).current_dir(root()))
        .map_err(|error| {
            format!("{error}: install Go, in the version of tests/cluster/kubernetes/go.mod or newer")
        })?;
    if said.success { Ok(said.text) } else { Err(said.text) }
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

fn link_names(folder: &Path) -> Result<(), String> {
    for name in LINKS {
        std::os::unix::fs::symlink("kubernetes", folder.join(name))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_one_that_go_mod_requires() {
        let go_mod = "require (\n\tk8s.io/kubectl v0.0.0\n\tk8s.io/kubernetes v1.36.3\n)\n\
                      replace (\n\tk8s.io/kubectl => k8s.io/kubectl v0.36.3\n)\n";
        assert_eq!(required(go_mod, "k8s.io/kubernetes"), "v1.36.3");
        assert_eq!(required(go_mod, "k8s.io/api"), "");
        assert!(
            kubernetes_version(go_mod).contains("gitMajor=1 -X k8s.io/component-base/version.gitMinor=36 ")
        );
    }
}
