//! The configuration in force in a repository.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use gix_config::file::{Metadata, SectionRef, includes, init};
use gix_config::parse::{EventRef, Events};
use gix_config::{Boolean, File, Source, path};
use gix_ref::FullName;

use super::place::Place;
use super::{Unusual, plain};

/// Key as `git config --list` writes it, and value.
type Entry = (String, String);

/// What is carried over into a copy, and refused by git unless it is yes or no, or one more word.
const YES_OR_NO: [(&str, &str); 5] = [
    ("core.autocrlf", "input"),
    ("core.filemode", ""),
    ("core.ignorecase", ""),
    ("core.precomposeunicode", ""),
    ("core.symlinks", ""),
];

/// What a repository says of itself.
pub(super) struct Configuration {
    pub(super) object_ids: gix_hash::Kind,
    /// Its files, in the order in which they come into force.
    files: Vec<PathBuf>,
}

/// What the conditions of `includeIf` are about.
#[derive(Clone, Copy)]
pub(super) struct Conditions<'a> {
    pub(super) git_dir: &'a Path,
    /// Full name of the branch that is checked out.
    pub(super) branch: Option<&'a str>,
}

impl Configuration {
    /// Reads what a repository is. One of a format that is not known, or with a work tree elsewhere, is unusual.
    ///
    /// As git does, this follows no includes. Source: `check_repository_format_gently` of git's setup.c.
    pub(super) fn of_repository(place: &Place) -> Result<Self, Unusual> {
        let common = place.common_dir.join("config");
        let entries = entries_of(&common, init::Options::default())?.ok_or(Unusual)?;
        let object_ids = format(&entries)?;
        let mut files = vec![common];
        // A linked work tree is nobody's business but its own.
        let mut of_tree = if place.is_linked() { Vec::new() } else { entries.clone() };
        if is_on(&entries, "extensions.worktreeconfig")? {
            let own = place.git_dir.join("config.worktree");
            of_tree.extend(entries_of(&own, init::Options::default())?.unwrap_or_default());
            files.push(own);
        }
        plain(!is_on(&of_tree, "core.bare")?)?;
        if let Some(tree) = last(&of_tree, "core.worktree") {
            // A submodule says where it lies.
            plain(place.git_dir.join(tree).canonicalize()? == place.root)?;
        }
        Ok(Self { object_ids, files })
    }

    /// Returns all that is in force: of the machine, of the user, of the repository.
    pub(super) fn in_force(
        self,
        variable: &dyn Fn(&str) -> Option<OsString>,
        machine: &Path,
        conditions: Conditions<'_>,
    ) -> Result<Vec<Entry>, Unusual> {
        let home = PathBuf::from(variable("HOME").ok_or(Unusual)?);
        plain(home.is_absolute())?;
        let mut files = match variable("GIT_CONFIG_NOSYSTEM") {
            None => vec![machine.to_owned()],
            Some(yes) => {
                plain(yes == "1" || yes == "true")?;
                Vec::new()
            }
        };
        let xdg = variable("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
        files.push(xdg.map_or_else(|| home.join(".config"), PathBuf::from).join("git/config"));
        files.push(home.join(".gitconfig"));
        files.extend(self.files);
        // Git compares what is under the user's home with where that really is.
        let home = home.canonicalize()?;
        let branch = conditions.branch.map(FullName::try_from).transpose()?;
        let options = init::Options {
            includes: includes::Options::follow(
                path::interpolate::Context { home_dir: Some(&home), ..path::interpolate::Context::default() },
                includes::conditional::Context {
                    git_dir: Some(conditions.git_dir),
                    branch_name: branch.as_ref().map(AsRef::as_ref),
                },
            )
            .strict(),
            ..init::Options::default()
        };
        let mut entries = Vec::new();
        for file in files {
            entries.extend(entries_of(&file, options)?.unwrap_or_default());
        }
        plain(entries.iter().all(is_meaningful))?;
        let by_folder = |entry: &Entry| entry.0.starts_with("includeif.gitdir");
        if entries.iter().any(by_folder) {
            // Git knows the repository by the name that the shell has for it, too.
            let shell = variable("PWD").map(PathBuf::from);
            plain(shell.is_none_or(|shell| shell.canonicalize().is_ok_and(|real| real == shell)))?;
        }
        Ok(entries)
    }
}

/// Reads a file that may be missing, with what it includes.
fn entries_of(path: &Path, options: init::Options<'_>) -> Result<Option<Vec<Entry>>, Unusual> {
    let mut bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(Unusual),
    };
    let file = File::from_bytes_owned(&mut bytes, Metadata::from(Source::Local).at(path), options)?;
    plain(is_plainly_spelled(&file.to_bstring())?)?;
    let mut entries = Vec::new();
    for section in file.sections() {
        entries_in(&section, &mut entries)?;
    }
    Ok(Some(entries))
}

/// Says whether git reads the same of a text that this could read.
///
/// A key alone, which is as good as `true`, may stand only at the end of a line: `key value` is an error to git. And gits
/// do not agree on what becomes of a tab in a value.
fn is_plainly_spelled(text: &[u8]) -> Result<bool, Unusual> {
    let (mut keys, mut values) = (0_usize, 0_usize);
    for event in Events::from_bytes(text, None)?.iter() {
        match event {
            EventRef::SectionValueName(_) => keys += 1,
            EventRef::KeyValueSeparator => values += 1,
            EventRef::Value(value) | EventRef::ValueNotDone(value) | EventRef::ValueDone(value)
                if value.contains(&b'\t') =>
            {
                return Ok(false);
            }
            _ => (),
        }
    }
    Ok(keys == values)
}

fn entries_in(section: &SectionRef<'_>, entries: &mut Vec<Entry>) -> Result<(), Unusual> {
    let name = std::str::from_utf8(section.header().name())?.to_ascii_lowercase();
    let mut prefix = format!("{name}.");
    if let Some(sub) = section.header().subsection_name() {
        let sub = std::str::from_utf8(sub)?;
        // `[remote.origin]`, of old, is the same in capitals.
        let sub = if section.header().is_legacy() { &sub.to_ascii_lowercase() } else { sub };
        prefix.extend([sub, "."]);
    }
    if name == "include" || name == "includeif" {
        plain(is_plain_include(section))?;
    }
    for (key, value) in section.body() {
        let value = String::from_utf8_lossy(&value).into_owned();
        entries.push((format!("{prefix}{}", key.to_ascii_lowercase()), value));
    }
    Ok(())
}

/// Says whether git would read the same files at the same place.
///
/// What is included counts from the end of its section here, and where it stands to git: a section for itself makes no
/// difference. The name is taken as it is written, the conditions are those about the whole name of a folder or a branch.
fn is_plain_include(section: &SectionRef<'_>) -> bool {
    let alone = section.body().num_values() == 1;
    let condition = section.header().subsection_name().map(|condition| String::from_utf8_lossy(condition));
    alone
        && match (&*section.header().name().to_string(), condition.as_deref()) {
            ("include", None) => true,
            ("includeIf", Some(condition)) => match condition.split_once(':') {
                Some(("gitdir" | "gitdir/i", folder)) => folder.starts_with(['/', '~']),
                Some(("onbranch", _)) => true,
                _ => false,
            },
            _ => false,
        }
}

/// Reads what the objects of a repository are called by. A format, or an extension of it, that is not known is unusual.
fn format(entries: &[Entry]) -> Result<gix_hash::Kind, Unusual> {
    let version = last(entries, "core.repositoryformatversion").unwrap_or("0");
    plain(version == "0" || version == "1")?;
    let mut object_ids = gix_hash::Kind::Sha1;
    for (key, value) in entries {
        match (key.strip_prefix("extensions."), value.as_str()) {
            (None | Some("noop" | "partialclone" | "preciousobjects" | "worktreeconfig"), _) => (),
            (Some("objectformat"), "sha1") if version == "1" => object_ids = gix_hash::Kind::Sha1,
            (Some("objectformat"), "sha256") if version == "1" => object_ids = gix_hash::Kind::Sha256,
            (Some(_), _) => return Err(Unusual),
        }
    }
    Ok(object_ids)
}

fn is_meaningful((key, value): &Entry) -> bool {
    let known = YES_OR_NO.iter().find(|known| known.0 == key);
    known.is_none_or(|known| known.1.eq_ignore_ascii_case(value) || Boolean::try_from(value.as_str()).is_ok())
}

fn last<'a>(entries: &'a [Entry], key: &str) -> Option<&'a str> {
    entries.iter().rev().find(|entry| entry.0 == key).map(|entry| entry.1.as_str())
}

fn is_on(entries: &[Entry], key: &str) -> Result<bool, Unusual> {
    match last(entries, key) {
        Some(value) => Ok(Boolean::try_from(value)?.0),
        None => Ok(false),
    }
}
