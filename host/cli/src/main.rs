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
mod report;
mod repository_files;
mod running;
mod stream;
mod text_file;
mod words;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(&world::World::of_process()).into()
}
