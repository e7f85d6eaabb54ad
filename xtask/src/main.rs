//! Chores of the project: `cargo xtask test` is everything that CI checks, `cargo xtask bench` measures.
//!
//! What a chore needs beyond cargo it says; nothing here is part of the product.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for terminals")]

mod agent;
mod bench;
mod cargo;
mod cluster;
mod docs;
mod emulator;
mod own;
mod plugins;
mod rooms;
mod size;
mod tally;
mod test;
mod wit;

use std::process::ExitCode;

const HELP: &str = "\
Chores of act-host.

Usage: cargo xtask <chore>

  test           all that CI checks: format, lints, rooms, sizes, every test, and ci.yml
                 run by act-host itself; stops at the first failure
  own            only runs ci.yml by act-host itself
  bench [PART]   measures the built act-host, beside its peers where they can be installed;
                 PART runs only the figures whose name contains it
  plugins [--all]
                 builds the plugins in plugins/, examples/plugins/ and tests/guests/; --all
                 those in JavaScript and Python as well
  cluster up|down|status [BED]
                 a real Kubernetes of one node on this machine, in namespaces of its own; BED is
                 a name, several may be up [default: default]
  cluster exec [--bed BED] -- COMMAND…
                 runs a command in the cluster's network, with KUBECONFIG set
  cluster images makes the images of the tests and says where they lie
  cluster test   only runs the tests on a real cluster, on one that is brought up for them
  cluster fault [--bed BED] FAULT [SECONDS]
                 apiserver-kill, apiserver-pause 60, kubelet-restart, …
  agent          builds act-agent for x86-64 and arm64, and says how large they are
  emulator       finds or fetches what runs the agent for arm64 here, and says where it lies
  rooms          checks only the directions of dependencies between rooms
  sizes          checks only the sizes of source files
  docs           checks only that what the documents point to exists, and that docs/plugins.md
                 names all of wit/

Environment:
  ACT_HOST_SHARED     folder with GitHub's test vectors [default: ../shared beside the checkout]
  ACT_HOST_BENCH_DIR  where the bench keeps peers and repositories [default: $XDG_CACHE_HOME/act-host/bench]
  ACT_HOST_BENCH_RUNS measurements a figure [default: 15]
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["test"] => test::run(),
        ["bench"] => bench::run(None),
        ["bench", part] => bench::run(Some(part)),
        ["emulator"] => emulator::Arm64::find().map(|(_, said)| println!("{said}")),
        ["agent"] => agent::build().map(|said| println!("{said}")),
        ["plugins"] => plugins::build(false).map(|said| println!("{said}\n{}", plugins::folder().display())),
        ["plugins", "--all"] => {
            plugins::build(true).map(|said| println!("{said}\n{}", plugins::folder().display()))
        }
        ["rooms"] => rooms::check().map(|said| println!("{said}")),
        ["docs"] => docs::check().map(|said| println!("{said}")),
        ["sizes"] => size::check().map(|said| println!("{said}")),
        ["cluster", rest @ ..] => cluster::run(rest),
        ["own"] => own::built().map(|said| println!("{said}")),
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}");
            Ok(())
        }
        unknown => Err(format!("no such chore: `{}`\n\n{HELP}", unknown.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            if !message.is_empty() {
                eprintln!("{}", message.trim_end());
            }
            ExitCode::FAILURE
        }
    }
}
