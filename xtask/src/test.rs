//! `cargo xtask test`: the stages of the project's check, one line each.

use std::path::Path;
use std::time::Instant;

use crate::cargo::{build_program, cargo, listen};
use crate::emulator::Arm64;
use crate::tally::{Tally, skips, told_by_vectors, without_successes};
use crate::{agent, cluster, docs, own, plugins, rooms, size};

/// Runs all stages; the last line is `N passed, N failed`, over all tests.
///
/// # Errors
/// The output of the first stage that fails.
pub(crate) fn run() -> Result<(), String> {
    stage("format", "cargo fmt --check", || quiet(&["fmt", "--all", "--check"]))?;
    stage("rooms", "directions of dependencies", rooms::check)?;
    stage("sizes", "lines of source files", size::check)?;
    stage("docs", "what documents point to", docs::check)?;
    stage("lints", "cargo clippy, warnings denied", || {
        quiet(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny=warnings"])
    })?;
    stage("lints of plugins", "cargo fmt and clippy in the workspaces of guests", plugins::lint)?;
    stage("plugins", "official ones, examples, guests of tests in Rust, JavaScript and Python", || {
        plugins::build(true)
    })?;
    stage("agent", "static, for x86-64 and arm64", agent::build)?;
    let mut arm64 = Arm64::default();
    stage("emulator", "what runs the agent for arm64 here", || {
        let (found, said) = Arm64::find()?;
        arm64 = found;
        Ok(said)
    })?;
    let mut program = None;
    stage("build", "the program that the tests drive", || {
        program = Some(build_program(false)?);
        Ok(String::new())
    })?;
    let mut tally = Tally::default();
    let guests =
        stage("tests of plugins", "cargo test in the workspaces of guests", || plugins::test(&mut tally));
    if let Err(output) = &guests {
        println!("{}", output.trim_end());
    }
    let tested = stage("tests", "cargo test --workspace", || tests(program.as_deref(), &arm64, &mut tally));
    if let Err(output) = &tested {
        println!("{}", output.trim_end());
    }
    let on_cluster = stage("cluster", "tests on a real Kubernetes, which is brought up for them", || {
        cluster::check::run(program.as_deref(), &mut tally)
    });
    if let Err(output) = &on_cluster {
        println!("{}", output.trim_end());
    }
    let is_green = guests.is_ok()
        && tested.is_ok()
        && on_cluster.is_ok()
        && own_workflow(program.as_deref(), &mut tally);
    // The tally is the last line, whatever came of the tests.
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if is_green { Ok(()) } else { Err(String::new()) }
}

/// Runs the project's own workflow, whose unit tests are counted already; returns whether it passed.
fn own_workflow(program: Option<&Path>, tally: &mut Tally) -> bool {
    let run = || program.map_or_else(|| Err("there is no program to run it".to_owned()), own::run);
    let ran = stage("own workflow", "act-host runs the job `check` of ci.yml", run);
    if let Err(output) = &ran {
        tally.failed += 1;
        println!("{}", output.trim_end());
    }
    ran.is_ok()
}

/// Runs a stage and says what it is, how long it took, and what came of it.
fn stage<T: AsRef<str>>(
    name: &str,
    about: &str,
    work: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    println!("==> {name}: {about}");
    let began = Instant::now();
    let done = work();
    let seconds = began.elapsed().as_secs_f64();
    match &done {
        Ok(said) => {
            for line in said.as_ref().lines() {
                println!("    {line}");
            }
            println!("    ok, {seconds:.1} s");
        }
        Err(_) => println!("    FAILED after {seconds:.1} s"),
    }
    done
}

/// Runs cargo; what it says matters only when it fails.
fn quiet(arguments: &[&str]) -> Result<String, String> {
    let said = listen(&mut cargo(arguments))?;
    if said.success { Ok(String::new()) } else { Err(said.text) }
}

/// Runs and counts every test; returns what the vector suites told, and which tests were skipped.
fn tests(program: Option<&Path>, arm64: &Arm64, tally: &mut Tally) -> Result<String, String> {
    // What needs a cluster has a stage of its own.
    let workspace = ["test", "--workspace", "--exclude", cluster::check::PACKAGE, "--no-fail-fast"];
    let mut command = cargo(&[&workspace[..], &["--", "--show-output"]].concat());
    command.envs(program.map(|program| ("ACT_HOST_BIN", program))).env(plugins::VARIABLE, plugins::folder());
    command.envs(agent::native().map(|agent| (agent::VARIABLE, agent))).envs(arm64.variables());
    let said = listen(&mut command)?;
    let counted = Tally::of(&said.text);
    tally.passed += counted.passed;
    tally.failed += counted.failed;
    if !said.success {
        // Tests that do not build, or a test program that crashed, have no line to count.
        tally.failed += u64::from(counted.failed == 0);
        return Err(without_successes(&said.text));
    }
    let vectors = told_by_vectors(&said.text);
    let skips = skips(&said.text).into_iter().filter(|skip| !vectors.contains(skip)).collect::<Vec<_>>();
    Ok([vectors, skips].concat().join("\n"))
}
