//! What a configuration file inside a repository may say.
//!
//! A repository under test is not trusted: its file may pin or narrow what runs, never grant. Everything that
//! is not listed here is refused, so a flag added later has to ask.

use std::path::{Component, Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::flags::value::{Named, Platform, Target};

/// How one flag is judged.
#[derive(Clone, Copy)]
enum Rule {
    /// Taken as it is.
    Free,
    /// Taken when the file lies inside the repository.
    Inside,
    /// Taken when the value is there: without one it would come from the user's environment.
    WithValue,
    /// Taken when it sends jobs neither to this machine itself nor to a cluster.
    NoMachine,
}

/// Flags that a repository's file may use, by their ids. Not here, so refused: `--secret`, `--secret-file`,
/// `--inherit-env`, `--bind`, `--keep`, `--no-filters`, `--actor`, `--directory`, `--local-repository`,
/// `--action-cache-path`, `--plugin`, `--config`, `--insecure-secrets`.
const RULES: &[(&str, Rule)] = &[
    ("workflows", Rule::Inside),
    ("jobs", Rule::Free),
    ("no_recurse", Rule::Free),
    ("matrix", Rule::Free),
    ("event_path", Rule::Inside),
    ("input", Rule::Free),
    ("input_file", Rule::Inside),
    ("default_branch", Rule::Free),
    ("remote_name", Rule::Free),
    ("var", Rule::WithValue),
    ("var_file", Rule::Inside),
    ("env", Rule::WithValue),
    ("env_file", Rule::Inside),
    ("platform", Rule::NoMachine),
    ("concurrent_jobs", Rule::Free),
    ("action_offline_mode", Rule::Free),
    ("dry_run", Rule::Free),
    ("list", Rule::Free),
    ("graph", Rule::Free),
    ("validate", Rule::Free),
    ("json", Rule::Free),
    ("log_format", Rule::Free),
    ("verbose", Rule::Free),
    ("quiet", Rule::Free),
];

/// Says why a line of a repository's file is refused, if it is. `command` is what read the line.
pub(super) fn judge(line: &ArgMatches, command: &Command, root: &Path) -> Result<(), String> {
    for id in given(line, command) {
        let rule = RULES.iter().find(|(name, _)| *name == id).map(|(_, rule)| *rule);
        let Some(rule) = rule else {
            return Err(
                "a file in the repository may not set this; put it into your own configuration".to_owned()
            );
        };
        check(rule, id, line, root)?;
    }
    Ok(())
}

/// Returns the ids of the flags that a line sets.
pub(super) fn given<'a>(line: &'a ArgMatches, command: &'a Command) -> impl Iterator<Item = &'a str> {
    let ids = command.get_arguments().map(|argument| argument.get_id().as_str());
    ids.filter(|id| line.value_source(id) == Some(ValueSource::CommandLine))
}

fn check(rule: Rule, id: &str, line: &ArgMatches, root: &Path) -> Result<(), String> {
    match rule {
        Rule::Free => Ok(()),
        Rule::Inside => {
            let mut paths = line.get_many::<PathBuf>(id).into_iter().flatten();
            match paths.find(|path| !lies_inside(path, root)) {
                Some(path) => Err(format!("{} is outside of the repository", path.display())),
                None => Ok(()),
            }
        }
        Rule::WithValue => {
            let mut values = line.get_many::<Named>(id).into_iter().flatten();
            match values.find(|named| named.value.is_none()) {
                Some(named) => Err(format!(
                    "a file in the repository may not read `{}` from your environment",
                    named.name
                )),
                None => Ok(()),
            }
        }
        Rule::NoMachine => {
            let platforms = line.get_many::<Platform>(id).into_iter().flatten();
            let mut where_to = platforms.filter_map(|platform| match platform.target {
                Target::ThisMachine => Some("this machine"),
                Target::Pod { .. } => Some("a cluster"),
                Target::Image(_) | Target::Unmapped => None,
            });
            match where_to.next() {
                Some(place) => Err(format!("a file in the repository may not send jobs to {place}")),
                None => Ok(()),
            }
        }
    }
}

/// Whether a path, written in the repository's file, leads to a place inside of it, links followed.
fn lies_inside(path: &Path, root: &Path) -> bool {
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    // A path that does not exist yet leads nowhere; using it fails later with its own message.
    let (Ok(real), Ok(root)) = (root.join(path).canonicalize(), root.canonicalize()) else { return plain };
    plain && real.starts_with(root)
}
