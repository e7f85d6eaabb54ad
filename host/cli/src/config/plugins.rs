//! `act-host.toml`: which plugins there are, what they are told and what they may do; which cluster, and how jobs run on it.
//! Beside it, what YAML files in its place or in that of `.actrc` say of the cluster.
//!
//! | file | may say |
//! |---|---|
//! | the user's: `--config FILE`, `$ACT_HOST_CONFIG`, `$XDG_CONFIG_HOME/act-host/act-host.toml` (`~/.config`), the first of them | everything |
//! | `act-host.toml` in the folder of `-C`, the repository's | less: pins, lower limits, grants taken away |
//!
//! All mistakes of both files are reported at once, each with its place. Whether a plugin can be loaded, and asks for
//! what it is granted, is not decided here.

mod entry;
mod narrow;
mod read;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use act_workflow::source::{FileId, Problem, Sources};

use self::entry::Narrowing;
use super::cluster::{self, ClusterWords};
use super::keys::Keys;
use super::tree::Page;
use crate::actrc::YamlFile;
use crate::diagnostics::CheckedFile;
use crate::error::CliError;
use crate::folders;
use crate::repository_files::shown;
use crate::text_file::{self, TextError};
use crate::world::World;

pub(crate) use self::entry::PluginEntry;

const NAME: &str = "act-host.toml";

/// The plugins that files name, and what they say of the cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct PluginFiles {
    /// What the user's file says of the cluster.
    pub(crate) cluster: ClusterWords,
    /// What YAML files say of it.
    pub(crate) yaml: ClusterWords,
    /// What was passed over.
    pub(crate) notices: Vec<String>,
    /// The user's file, as messages call it; empty where there is none.
    file: String,
    /// In the order of the user's file, narrowed.
    pub(crate) entries: Vec<PluginEntry>,
    /// For those that no file names, as `--plugin` may.
    narrowings: Vec<Narrowing>,
}

/// The answer of a reader: the inner error holds the files that are wrong.
pub(crate) type Answer = Result<Result<PluginFiles, Vec<CheckedFile>>, CliError>;

/// Returns where the user's file is, whether it exists or not, and whether the user named it.
pub(crate) fn users_file(named: Option<&Path>, world: &World) -> Option<(PathBuf, bool)> {
    let named = named.map(|path| world.absolute(path));
    let named = named.or_else(|| world.var("ACT_HOST_CONFIG").map(|path| world.absolute(path.as_ref())));
    match named {
        Some(path) => Some((path, true)),
        None => Some((folders::configuration(world)?.join("act-host").join(NAME), false)),
    }
}

/// Reads the user's file and that of the repository in `root`, and `yaml`, the weaker first. The user's file that is named
/// may be a YAML one: then it comes last, and the usual place has `act-host.toml`.
pub(crate) fn read(named: Option<&Path>, root: &Path, yaml: &[YamlFile], world: &World) -> Answer {
    let mut files = PluginFiles::default();
    let mut invalid = Vec::new();
    let named_yaml = match named {
        Some(path) => yaml_file(world.absolute(path))?,
        None => None,
    };
    let named = named.filter(|_| named_yaml.is_none());
    for file in yaml.iter().chain(&named_yaml) {
        match read_yaml(file, world, &mut files.notices) {
            Ok(words) => files.yaml = words.over(std::mem::take(&mut files.yaml)),
            Err(checked) => invalid.push(checked),
        }
    }
    let users = users_file(named, world);
    if let Some((path, named)) = &users
        && let Some(text) = text_of(path, *named)?
    {
        match read_text(path, &text, world) {
            Ok((entries, words)) => {
                (files.file, files.entries, files.cluster) = (shown(path, world), entries, words);
            }
            Err(checked) => invalid.push(checked),
        }
    }
    let repositorys = root.join(NAME);
    // A file that is found twice counts where it is trusted.
    if !users.is_some_and(|(path, _)| same(&path, &repositorys))
        && let Some(text) = text_of(&repositorys, false)?
    {
        let (sources, id) = source(&repositorys, &text, world);
        let page = Page::toml(id);
        let narrowings = read::repositorys(&page, &text);
        for entry in &mut files.entries {
            narrow::narrow(entry, &narrowings).into_iter().for_each(|problem| page.note(problem));
        }
        files.narrowings = narrowings;
        invalid.extend(checked(page.problems(), sources));
    }
    Ok(if invalid.is_empty() { Ok(files) } else { Err(invalid) })
}

/// Reads the user's file alone; the inner error is the file that is wrong.
pub(crate) fn read_users(
    path: &Path,
    world: &World,
) -> Result<Result<Vec<PluginEntry>, CheckedFile>, CliError> {
    let Some(text) = text_of(path, false)? else { return Ok(Ok(Vec::new())) };
    Ok(read_text(path, &text, world).map(|(entries, _)| entries))
}

/// Reads a text as if it were the user's file.
pub(crate) fn read_text(
    path: &Path,
    text: &str,
    world: &World,
) -> Result<(Vec<PluginEntry>, ClusterWords), CheckedFile> {
    let (sources, id) = source(path, text, world);
    let page = Page::toml(id);
    let read = read::users(&page, text, path.parent().unwrap_or(path));
    checked(page.problems(), sources).map_or(Ok(read), Err)
}

fn yaml_file(path: PathBuf) -> Result<Option<YamlFile>, CliError> {
    let text = text_of(&path, true)?.unwrap_or_default();
    Ok(cluster::is_yaml(&text).then_some(YamlFile { path, text }))
}

fn read_yaml(file: &YamlFile, world: &World, notices: &mut Vec<String>) -> Result<ClusterWords, CheckedFile> {
    let (sources, id) = source(&file.path, &file.text, world);
    let page = Page::yaml(id);
    let mut passed_over = Vec::new();
    let table = page.parse(&file.text).unwrap_or_default();
    let words = cluster::read_actrc(Keys::of_file(&page, &table), world, &mut passed_over);
    let name = sources.name(id).to_owned();
    notices.extend(passed_over.into_iter().map(|(line, text)| format!("{name}:{line}: {text}")));
    checked(page.problems(), sources).map_or(Ok(words), Err)
}

fn text_of(path: &Path, named: bool) -> Result<Option<String>, CliError> {
    match text_file::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(TextError::Missing { .. }) if !named => Ok(None),
        Err(error) => Err(CliError::invalid(error)),
    }
}

fn same(a: &Path, b: &Path) -> bool {
    a == b || a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

fn source(path: &Path, text: &str, world: &World) -> (Sources, FileId) {
    let mut sources = Sources::new();
    let id = sources.add(&shown(path, world), text);
    (sources, id)
}

fn checked(problems: Vec<Problem>, sources: Sources) -> Option<CheckedFile> {
    let name = sources.name(FileId(0)).to_owned();
    (!problems.is_empty()).then_some(CheckedFile { name, jobs: Vec::new(), problems, sources })
}

impl PluginFiles {
    /// Returns where the user's file begins to speak of a plugin: `file:line`.
    pub(crate) fn place(&self, plugin: &str) -> Option<String> {
        let entry = self.entries.iter().find(|entry| entry.name.value == plugin)?;
        Some(format!("{}:{}", self.file, entry.name.span.line))
    }

    /// Makes an entry of a plugin that the user's file does not name, narrowed where the repository does.
    pub(crate) fn unnamed(&self, name: &str) -> PluginEntry {
        let mut entry = PluginEntry::unnamed(name.to_owned());
        // It has no pin of the user's that could be contradicted.
        let _ = narrow::narrow(&mut entry, &self.narrowings);
        entry
    }
}
