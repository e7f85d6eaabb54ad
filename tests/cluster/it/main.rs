//! Tests on a real Kubernetes, in one binary.
#![allow(clippy::unwrap_used, reason = "code of tests: what goes wrong fails them")]

mod calls;
mod hardened;
mod images;
mod machines;
mod options;
mod pods;
mod resumed;
mod rights;
mod runs;
mod streams;
mod trouble;
mod tunnel;

#[test]
fn every_file_here_is_part_of_this_binary() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let named = include_str!("main.rs").lines().any(|line| line == format!("mod {name};"));
        assert!(named || name == "main" || name.starts_with('.'), "{name} is not named in main.rs");
    }
}
