//! Reads the facts from the files of a repository, where everything about it is plain.
//!
//! What is not known to be plain is [`Unusual`], and so is every error: git itself says then what it is. That keeps out
//! of here what git refuses, bare repositories, formats of repositories to come, variables that point git elsewhere,
//! and the corners of a configuration in which git and this could read differently.

mod configuration;
mod place;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gix_ref::Target;
use gix_ref::file::Store;

use super::Found;
use crate::program::Git;
use crate::settings::Settings;

use configuration::{Conditions, Configuration};
use place::Place;

/// Nothing that is to be read here: ask git.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusual;

/// Whatever goes wrong is git's to say.
impl<E: std::error::Error> From<E> for Unusual {
    fn from(_: E) -> Self {
        Self
    }
}

fn plain(yes: bool) -> Result<(), Unusual> {
    yes.then_some(()).ok_or(Unusual)
}

/// Variables that make git look elsewhere, or read something else. Those of another repository are not among them: git
/// gets to see them as little.
pub(super) const LEADING_ELSEWHERE: [&str; 8] = [
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_TEST_ASSUME_DIFFERENT_OWNER",
];

/// What git finds around itself.
pub(super) struct Surroundings<'a> {
    /// The configuration of the machine; `None` where nobody but that git knows where it is.
    pub(super) machine: Option<PathBuf>,
    /// Looks a variable up.
    pub(super) variable: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Surroundings<'static> {
    /// Returns those of this process.
    pub(super) fn of(git: &Git) -> Self {
        Self { machine: git.configuration_of_the_machine(), variable: &|name| std::env::var_os(name) }
    }
}

/// Finds what `folder` is part of. `None` is no repository.
pub(super) fn found(
    surroundings: &Surroundings<'_>,
    folder: &Path,
    remote: &str,
) -> Result<Option<Found>, Unusual> {
    let machine = surroundings.machine.as_deref().ok_or(Unusual)?;
    plain(LEADING_ELSEWHERE.iter().all(|name| (surroundings.variable)(name).is_none()))?;
    let Some(place) = Place::around(folder)? else { return Ok(None) };
    let local = Configuration::of_repository(&place)?;
    let refs = Refs::of(&place, local.object_ids);
    let (head, commit) = refs.follow("HEAD")?;
    let default_branch = match commit {
        Some(_) => refs.target(&format!("refs/remotes/{remote}/HEAD"))?,
        // Asked for both, git stops at the first that leads nowhere.
        None => None,
    };
    let conditions =
        Conditions { git_dir: &place.git_dir, branch: (head != "HEAD").then_some(head.as_str()) };
    let entries = local.in_force(surroundings.variable, machine, conditions)?;
    Ok(Some(Found {
        settings: Settings::of(entries.into_iter(), remote),
        head: commit.as_ref().and((head != "HEAD").then_some(head)),
        commit,
        default_branch,
        root: place.root,
        git_dir: place.git_dir,
        common_dir: place.common_dir,
    }))
}

/// The refs of a repository: files, or lines of `packed-refs`.
struct Refs(Store);

impl Refs {
    fn of(place: &Place, object_ids: gix_hash::Kind) -> Self {
        Self(Store::for_linked_worktree(place.git_dir.clone(), place.common_dir.clone(), object_ids))
    }

    /// Follows a ref through those that it is a name for. Returns the name of the last one, and what it is, if it is.
    fn follow(&self, name: &str) -> Result<(String, Option<String>), Unusual> {
        // `SYMREF_MAXDEPTH` of git's refs.h.
        const DEPTH: usize = 5;
        let mut name = name.to_owned();
        for _ in 0..=DEPTH {
            plain(!self.is_link(&name))?;
            // The store tries the name as an abbreviation, too.
            let found = self.0.try_find(name.as_str())?.filter(|found| found.name.as_bstr() == name.as_str());
            match found.map(|found| found.target) {
                None => return Ok((name, None)),
                Some(Target::Object(id)) => {
                    plain(!id.is_null())?;
                    return Ok((name, Some(id.to_string())));
                }
                Some(Target::Symbolic(next)) => std::str::from_utf8(next.as_bstr())?.clone_into(&mut name),
            }
        }
        Err(Unusual)
    }

    /// Returns the existing ref that another one is a name for.
    fn target(&self, name: &str) -> Result<Option<String>, Unusual> {
        let (last, id) = self.follow(name)?;
        Ok(id.and((last != name).then_some(last)))
    }

    /// A link of the file system was a symbolic ref once.
    fn is_link(&self, name: &str) -> bool {
        let folder = if name == "HEAD" { self.0.git_dir() } else { self.0.common_dir_resolved() };
        folder.join(name).is_symlink()
    }
}
