//! `plugin grant`: the lines of `act-host.toml` that a plugin's requests need, shown or written.

use std::fs;
use std::path::{Path, PathBuf};

use act_plugins::Grants;
use act_plugins::manifest::Requests;
use clap::Args;

use super::install::write_whole;
use super::{Component, locate};
use crate::config::plugins::{self, PluginEntry};
use crate::error::CliError;
use crate::exit::Exit;
use crate::stream;
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Flags {
    /// The plugin: the name of one that is installed, or a file
    #[arg(value_name = "NAME|FILE")]
    plugin: PathBuf,

    /// Write them into act-host.toml
    #[arg(long)]
    write: bool,

    /// The act-host.toml that is meant [default: $XDG_CONFIG_HOME/act-host/act-host.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Shows or writes what is missing.
pub(super) fn run(flags: &Flags, world: &World) -> Result<Exit, CliError> {
    let component = Component::read(locate(&flags.plugin, world)?)?;
    let name = match crate::running::name_of(&flags.plugin) {
        Some(name) => name.to_owned(),
        None => component.manifest.name.clone(),
    };
    let Some((file, _)) = plugins::users_file(flags.config.as_deref(), world) else {
        return Err(CliError::invalid("there is no home directory, so no act-host.toml")
            .hint("name one with `--config`"));
    };
    let entries = match plugins::read_users(&file, world)? {
        Ok(entries) => entries,
        Err(invalid) => return Ok(crate::commands::show_invalid(&[invalid])),
    };
    let entry = entries.iter().find(|entry| entry.name.value == name);
    let missing = missing(&component.manifest.request, entry.map(|entry| &entry.grants));
    if missing.is_empty() && entry.is_some() {
        stream::print_text(&format!("{name} is granted all that it asks for\n"))?;
        return Ok(Exit::Success);
    }
    let head = entry.is_none().then(|| format!("[[plugin]]\nname = \"{name}\"\n{}", source(flags)));
    let lines = head.unwrap_or_default() + &missing.grant_lines();
    if !flags.write {
        stream::print_text(&lines)?;
        return Ok(Exit::Success);
    }
    write(&file, entry, &lines, world)?;
    stream::print_text(&format!("wrote to {}:\n\n{lines}", file.display()))?;
    Ok(Exit::Success)
}

/// The line that names the file, where it is not an installed plugin.
fn source(flags: &Flags) -> String {
    match crate::running::name_of(&flags.plugin) {
        Some(_) => String::new(),
        None => {
            let path = fs::canonicalize(&flags.plugin).unwrap_or_else(|_| flags.plugin.clone());
            format!("source = {}\n", toml_text(&path.to_string_lossy()))
        }
    }
}

/// Writes a text as TOML does: JSON's escapes are among those of a basic string.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns what of the requests is not granted.
fn missing(requests: &Requests, grants: Option<&Grants>) -> Requests {
    let Some(grants) = grants else { return requests.clone() };
    let mut missing = requests.clone();
    missing.http.retain(|asked| {
        let granted = |host| {
            grants.http.iter().any(|grant| {
                grant.hosts.contains(host)
                    && asked.methods.iter().all(|method| grant.methods.contains(method))
            })
        };
        !asked.hosts.iter().all(granted)
    });
    missing.kv = missing.kv.filter(|_| grants.kv.is_none());
    missing.decisions = missing.decisions.filter(|asked| {
        let granted = grants.decisions.as_ref().map(|granted| &granted.kinds[..]).unwrap_or_default();
        !asked.kinds.iter().all(|kind| granted.contains(kind))
    });
    missing
}

/// Puts lines at the end of the plugin's entry, or of the file, and writes the file if it is right with them.
fn write(file: &Path, entry: Option<&PluginEntry>, lines: &str, world: &World) -> Result<(), CliError> {
    let failed = |error: std::io::Error| {
        CliError::new(Exit::Infrastructure, format!("cannot write {}: {error}", file.display()))
    };
    let text = if file.exists() { fs::read_to_string(file).map_err(failed)? } else { String::new() };
    let line = entry.map(|entry| entry.name.span.line);
    let text = inserted(&text, line, lines);
    if plugins::read_text(file, &text, world).is_err() {
        let message = format!("{} grants a part of it in another way", file.display());
        return Err(CliError::invalid(message).hint("without `--write` the lines are shown"));
    }
    // A link stays one: what it leads to is written.
    let real = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if let Some(folder) = real.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    write_whole(&real, text.as_bytes()).map_err(failed)
}

/// Returns the text with lines added: behind the entry that has `line`, from 1, or at the end.
fn inserted(text: &str, line: Option<u32>, lines: &str) -> String {
    let is_head = |line: &&str| line.split_whitespace().collect::<String>().starts_with("[[plugin]]");
    let all: Vec<&str> = text.lines().collect();
    let from = line.map_or(all.len(), |line| usize::try_from(line).unwrap_or(usize::MAX)).min(all.len());
    let rest = all[from..].iter().position(is_head).unwrap_or(all.len() - from);
    let mut end = from + rest;
    // Blank lines and comments before the next entry are its own.
    let belongs_to_next = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    while end > from && belongs_to_next(all[end - 1]) {
        end -= 1;
    }
    let (before, behind) = all.split_at(end);
    let part = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let gap = if before.is_empty() || line.is_some() { "" } else { "\n" };
    format!("{}{gap}{lines}{}", part(before), part(behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_at_the_end_of_their_entry() {
        let text = "# mine\n[[plugin]]\nname = \"a\"\n\n# of b\n[[plugin]]\nname = \"b\"\n";
        let grant = "[plugin.grant.kv]\nquota = \"1KiB\"\n";
        insta::assert_snapshot!(inserted(text, Some(3), grant), @r#"
        # mine
        [[plugin]]
        name = "a"
        [plugin.grant.kv]
        quota = "1KiB"

        # of b
        [[plugin]]
        name = "b"
        "#);
        insta::assert_snapshot!(inserted(text, Some(7), grant), @r#"
        # mine
        [[plugin]]
        name = "a"

        # of b
        [[plugin]]
        name = "b"
        [plugin.grant.kv]
        quota = "1KiB"
        "#);
        insta::assert_snapshot!(inserted(text, None, "[[plugin]]\nname = \"c\"\n"), @r#"
        # mine
        [[plugin]]
        name = "a"

        # of b
        [[plugin]]
        name = "b"

        [[plugin]]
        name = "c"
        "#);
        assert_eq!(inserted("", None, "[[plugin]]\n"), "[[plugin]]\n");
    }
}
