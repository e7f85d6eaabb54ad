//! Debian's packages, unpacked into the cache: nothing is installed onto the machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, Key};
use crate::cargo::{Said, listen};

/// Returns a tree with these packages unpacked over each other.
///
/// # Errors
/// When this is no Debian, or a package cannot be had; then what apt said.
pub(crate) fn tree(name: &str, packages: &[&str], say: &dyn Fn(&str)) -> Result<PathBuf, String> {
    let all: Vec<String> = packages.iter().map(|&name| name.to_owned()).collect();
    kept(name, packages, packages.join(" "), say, |apt, to| apt.unpack(&all, to))
}

/// Returns one file of a package, by its path there; the rest of the package is not kept.
///
/// # Errors
/// As of [`tree`]; the package has no such file.
pub(crate) fn file(package: &str, path: &str, say: &dyn Fn(&str)) -> Result<PathBuf, String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = kept(name, &[package], format!("{package} {path}"), say, |apt, to| {
        let scratch = scratch()?;
        apt.unpack(&[package.to_owned()], scratch.path())?;
        fs::copy(scratch.path().join(path), to.join(name))
            .map(drop)
            .map_err(|error| format!("{path} of the package {package}: {error}"))
    })?;
    Ok(folder.join(name))
}

/// Returns a tree with these packages and the libraries that they need, Debian's C library among them, so that the
/// programs in it run with nothing else around them.
///
/// # Errors
/// As of [`tree`].
pub(crate) fn closed_tree(name: &str, packages: &[&str], say: &dyn Fn(&str)) -> Result<PathBuf, String> {
    kept(name, packages, format!("closed {}", packages.join(" ")), say, |apt, to| {
        apt.unpack(&apt.libraries_of(packages)?, to)
    })
}

fn kept(
    name: &str,
    packages: &[&str],
    key: String,
    say: &dyn Fn(&str),
    fill: impl Fn(&Apt, &Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    // What is followed decides what is in the tree.
    let key =
        Key::default().text(&key).text(include_str!("debian.rs")).text(&release).text(std::env::consts::ARCH);
    cache::keep(&format!("debian-{name}"), key, |to| {
        say(&format!("fetching from Debian: {}", packages.join(", ")));
        // The machine's lists may know the packages; they may also be missing or too old.
        fill(&Apt { options: Vec::new() }, to).or_else(|_| fill(&Apt::updated()?, to))
    })
}

/// Calls apt with the machine's lists of packages, or with lists of our own where those do not do.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// Fetches lists into the cache.
    fn updated() -> Result<Self, String> {
        let own = cache::make_folder(&cache::folder()?.join("apt"))?;
        for folder in ["lists/partial", "cache/archives/partial"] {
            cache::make_folder(&own.join(folder))?;
        }
        let option = |key: &str, folder: &str| format!("-o{key}={}", own.join(folder).display());
        let apt = Self { options: vec![option("Dir::State::lists", "lists"), option("Dir::Cache", "cache")] };
        let updated = apt.call("apt-get", &["update"], &own)?;
        if updated.success { Ok(apt) } else { Err(updated.text) }
    }

    fn call(&self, program: &str, arguments: &[&str], folder: &Path) -> Result<Said, String> {
        let mut command = Command::new(program);
        command.args(&self.options).args(arguments).current_dir(folder).env("LC_ALL", "C");
        listen(command.stdin(std::process::Stdio::null()))
            .map_err(|error| format!("{error}: the packages come from Debian's archive"))
    }

    fn unpack(&self, packages: &[String], to: &Path) -> Result<(), String> {
        let scratch = scratch()?;
        let arguments: Vec<&str> =
            ["download"].into_iter().chain(packages.iter().map(String::as_str)).collect();
        let said = self.call("apt-get", &arguments, scratch.path())?;
        if !said.success {
            return Err(said.text);
        }
        let entries = fs::read_dir(scratch.path()).map_err(|error| error.to_string())?;
        for archive in entries.flatten().map(|entry| entry.path()) {
            let said = listen(Command::new("dpkg").arg("-x").arg(&archive).arg(to))?;
            if !said.success {
                return Err(said.text);
            }
        }
        Ok(())
    }

    /// Follows what packages depend on, but only to libraries: a server in an image needs no init system.
    fn libraries_of(&self, packages: &[&str]) -> Result<Vec<String>, String> {
        let mut found: BTreeSet<String> = packages.iter().map(|&name| name.to_owned()).collect();
        let mut next: Vec<String> = found.iter().cloned().collect();
        // Each call reads all lists anew: as many packages as possible in one.
        while !next.is_empty() {
            let names: Vec<&str> =
                ["depends", "--important"].into_iter().chain(next.iter().map(String::as_str)).collect();
            let said = self.call("apt-cache", &names, Path::new("/"))?;
            let wanted = depended(&said.text).filter(|name| is_library(name)).map(str::to_owned);
            next = wanted.filter(|name| found.insert(name.clone())).collect();
        }
        Ok(found.into_iter().collect())
    }
}

/// Reads `  Depends: NAME` and `  PreDepends: NAME`; virtual packages stand in angle brackets and are left out.
fn depended(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.trim_start().trim_start_matches('|').strip_prefix("Depends: "))
        .map(|name| name.split(':').next().unwrap_or(name))
        .filter(|name| !name.starts_with('<'))
}

/// The compiler that a database may use for its queries is larger than all the rest, and not needed.
fn is_library(name: &str) -> bool {
    let is_named_so = name.starts_with("lib") || name.starts_with("zlib");
    is_named_so && !name.starts_with("libllvm") && !name.ends_with("-perl")
}

fn scratch() -> Result<tempfile::TempDir, String> {
    tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_libraries_are_followed() {
        let text = "redis-server\n  Depends: lsb-base\n |Depends: libjemalloc2\n  Depends: <libvirtual>\n  \
                    Depends: libllvm14\n  Suggests: libx\n  Depends: libc6:amd64\n  Depends: zlib1g\n";
        let found: Vec<_> = depended(text).filter(|name| is_library(name)).collect();
        assert_eq!(found, ["libjemalloc2", "libc6", "zlib1g"]);
    }
}
