//! `act-host`: runs GitHub Actions workflows.
//!
//! The composition root: it reads flags and files, hands the libraries what they must not look for themselves
//! (environment, clock, folders, terminal), shows what they answer, and chooses the exit code.

mod actrc;
mod check;
mod cli;
mod commands;
mod config;
mod diagnostics;
mod discover;
mod dotenv;
mod error;
mod exit;
mod flags;
mod flat_map;
mod folders;
mod local_actions;
mod nearest;
mod outline;
mod parallel;
mod repository_files;
mod running;
mod stream;
mod text_file;
mod trace;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    let world = world::World::of_process();
    if world.args.get(1).is_some_and(|word| word == running::COMPILE) {
        return compile();
    }
    trace::start(&world);
    cli::main(&world).into()
}

/// Compiles one plugin, as the process that the plugin host starts for it.
fn compile() -> ExitCode {
    use std::io::{stderr, stdin, stdout};
    act_plugins::compile_child(stdin().lock(), stdout().lock(), stderr().lock()).into()
}
