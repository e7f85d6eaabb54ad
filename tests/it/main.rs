//! The one integration binary.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "code of tests: what goes wrong fails them")]

mod actions;
mod actions_nested;
mod agent;
mod backends;
mod bad_input;
mod contract;
mod crash;
mod examples;
mod executor;
mod explain;
mod large_output;
mod machines;
mod messages;
mod own_workflow;
mod plugin;
mod plugin_commands;
mod policies;
mod resume;
mod run;
mod run_calls;
mod run_cancel;
mod run_flags;
mod run_groups;
mod run_log;
mod run_several;
mod schedulers;
mod walls;

#[test]
fn every_file_here_is_part_of_this_binary() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let named = include_str!("main.rs").lines().any(|line| line == format!("mod {name};"));
        assert!(named || name == "main" || name.starts_with('.'), "{name} is not named in main.rs");
    }
}
