//! The stage of `cargo xtask test` that needs a cluster: brings one up, runs the tests of `tests/cluster` in its network,
//! takes it down, and looks whether anything is left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::bed::{self, Bed, KUBECONFIG, Life, Parts};
use super::groups;
use super::site::Site;
use crate::agent;
use crate::cargo::{cargo, listen, root};
use crate::plugins;
use crate::tally::{Tally, skips, without_successes};

/// The package with the tests, and its folder from the root.
pub(crate) const PACKAGE: &str = "act-cluster-tests";
const FOLDER: &str = "tests/cluster";

/// Runs and counts the tests; returns what was skipped, or why everything was.
///
/// # Errors
/// What failed. In CI that there can be no cluster, too.
pub(crate) fn run(program: Option<&Path>, tally: &mut Tally) -> Result<String, String> {
    let ran = on_a_cluster(program, tally);
    // What failed without a test that says so must be counted as well.
    if ran.is_err() {
        tally.failed += u64::from(tally.failed == 0);
    }
    ran
}

fn on_a_cluster(program: Option<&Path>, tally: &mut Tally) -> Result<String, String> {
    let given = std::env::var(KUBECONFIG).unwrap_or_default();
    if !given.is_empty() {
        let here = |words: &[&str]| Ok(plain(words));
        return Ok(format!("on the cluster of {KUBECONFIG}\n{}", tests(program, tally, &here)?));
    }
    if let Some(hindrance) = super::hindrance() {
        let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        return if is_ci { Err(hindrance) } else { Ok(format!("skipped: {hindrance}")) };
    }
    let parts = super::parts(&say)?;
    bed::sweep()?;
    dies_without_a_trace(&parts)?;
    let bed = start(&parts, "test")?;
    let site = bed.site().clone();
    let told = tests(program, tally, &|words| bed::command(&site, words));
    drop(bed);
    nothing_is_left(&site)?;
    told
}

#[expect(clippy::print_stdout, reason = "a tool for terminals; what takes minutes says so")]
fn say(what: &str) {
    println!("    {what}");
}

/// A bed of this process alone: faults in it are nobody else's.
fn start(parts: &Parts, purpose: &str) -> Result<Bed, String> {
    Bed::start(&Site::named(&format!("{purpose}-{}", std::process::id()))?, parts, Life::Tied)
}

/// Runs every test program by the command that `within` makes of its command line.
fn tests(
    program: Option<&Path>,
    tally: &mut Tally,
    within: &dyn Fn(&[&str]) -> Result<Command, String>,
) -> Result<String, String> {
    let (mut skipped, mut failed) = (Vec::new(), String::new());
    for binary in build()? {
        let said = listen(&mut equipped(within(&[&binary.to_string_lossy(), "--show-output"])?, program))?;
        let counted = Tally::of(&said.text);
        tally.passed += counted.passed;
        tally.failed += counted.failed;
        if !said.success {
            tally.failed += u64::from(counted.failed == 0);
            failed += &without_successes(&said.text);
        }
        skipped.extend(skips(&said.text));
    }
    if failed.is_empty() { Ok(skipped.join("\n")) } else { Err(failed) }
}

/// Tells a test program where all is that it needs besides the cluster.
fn equipped(mut command: Command, program: Option<&Path>) -> Command {
    command.current_dir(root().join(FOLDER)).stdin(Stdio::null());
    command.envs(program.map(|program| ("ACT_HOST_BIN", program))).env(plugins::VARIABLE, plugins::folder());
    command.envs(agent::native().map(|agent| (agent::VARIABLE, agent)));
    command
}

/// Runs one test on the bed that people mean, with this program; returns what it says.
///
/// # Errors
/// What failed; that there is no such test.
pub(crate) fn one(binary: &str, test: &str, program: &Path) -> Result<String, String> {
    let is_meant = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{binary}-")))
    };
    let path = build()?.into_iter().find(is_meant).ok_or_else(|| format!("there are no tests `{binary}`"))?;
    let words = [&*path.to_string_lossy(), "--exact", test, "--show-output"];
    let said = listen(&mut equipped(super::within(&words)?, Some(program)))?;
    if said.success { Ok(said.text) } else { Err(said.text) }
}

fn plain(words: &[&str]) -> Command {
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1));
    command
}

/// Builds the test programs, outside of the cluster: in its network there is no registry of crates.
fn build() -> Result<Vec<PathBuf>, String> {
    let arguments = ["test", "--package", PACKAGE, "--no-run", "--message-format=json-render-diagnostics"];
    let output = cargo(&arguments).output().map_err(|error| format!("cannot run cargo test: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let built = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_test = message["profile"]["test"] == true;
        is_test.then_some(message["executable"].as_str().map(PathBuf::from)?)
    });
    let mut built: Vec<PathBuf> = built.collect();
    built.sort();
    Ok(built)
}

/// Kills a bed in the hardest way, and looks what becomes of it.
fn dies_without_a_trace(parts: &Parts) -> Result<(), String> {
    let bed = start(parts, "killed")?;
    let site = bed.site().clone();
    bed.kill()?;
    bed::sweep()?;
    nothing_is_left(&site).map_err(|left| format!("after kill -9 of a bed: {left}"))
}

/// Looks for every trace that a bed could leave on the machine.
fn nothing_is_left(site: &Site) -> Result<(), String> {
    let mut left: Vec<String> = Vec::new();
    if site.folder().exists() {
        left.push(format!("the folder {}", site.folder().display()));
    }
    left.extend(groups::present(&site.group())?.iter().map(|group| format!("the group {}", group.display())));
    let name = site.folder().display().to_string();
    for entry in fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?.flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        if !file.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        // Which end while they are looked at are not left.
        let read = |what: &str| fs::read(entry.path().join(what)).unwrap_or_default();
        for what in ["cmdline", "mountinfo"] {
            if String::from_utf8_lossy(&read(what)).contains(&name) {
                left.push(format!("process {file} by its {what}"));
            }
        }
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("a bed is gone, but there is still {}", left.join(", ")))
    }
}
