//! Finds files by patterns, in the order and with the oddities of `@actions/glob`.
//!
//! Source: `@actions/glob` 0.7 `internal-globber.ts`, as `hashFiles` sets it up: hidden files count,
//! what lies below a taken folder is taken, folders themselves may be taken.

mod pattern;
mod segment;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

pub use pattern::InvalidPattern;
use pattern::{Pattern, Taken, join, parent};

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
pub enum GlobError {
    /// A pattern is none.
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    /// The disk refused.
    #[error("{}: {source}", path.display())]
    Read {
        /// What was looked at.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What to search for, and how.
#[derive(Debug)]
pub(crate) struct Glob {
    patterns: Vec<Pattern>,
    follow_links: bool,
}

/// A path to look at. `shown` is what patterns see: names that are no UTF-8 are written with `U+FFFD`.
struct Item {
    path: PathBuf,
    shown: String,
    level: usize,
}

impl Glob {
    /// Reads patterns, one a line; empty lines and lines that begin with `#` mean nothing.
    /// `here` and `home` are absolute.
    pub(crate) fn parse(
        lines: &str,
        here: &str,
        home: Option<&str>,
        follow_links: bool,
    ) -> Result<Self, InvalidPattern> {
        let mut patterns = Vec::new();
        for line in lines.split('\n').map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let pattern = Pattern::parse(line, here, home)?;
            let below = pattern.descendants();
            patterns.push(pattern);
            patterns.extend(below);
        }
        Ok(Self { patterns, follow_links })
    }

    /// Calls `visit` for everything that is taken, depth first, siblings in byte order.
    pub(crate) fn walk<E: From<GlobError>>(
        &self,
        mut visit: impl FnMut(&Path) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut stack: Vec<Item> = Vec::new();
        for path in self.search_paths() {
            if read(fs::symlink_metadata(&path), Path::new(&path))?.is_some() {
                stack.push(Item { path: PathBuf::from(&path), shown: path, level: 1 });
            }
        }
        stack.reverse();
        let mut chain = Vec::new();
        while let Some(item) = stack.pop() {
            let taken = self.takes(&item.shown);
            let may_descend = self.patterns.iter().any(|p| !p.negated && p.may_take_below(&item.shown));
            if !taken.is_any() && !may_descend {
                continue;
            }
            let Some(metadata) = self.stat(&item, &mut chain)? else { continue };
            let is_taken = if metadata.is_dir() { taken.folder } else { taken.file };
            if is_taken {
                visit(&item.path)?;
            }
            if metadata.is_dir() && (taken.folder || may_descend) {
                stack.extend(children(&item)?.into_iter().rev());
            }
        }
        Ok(())
    }

    /// Later patterns overrule earlier ones.
    fn takes(&self, path: &str) -> Taken {
        self.patterns.iter().fold(Taken::default(), |taken, pattern| {
            let this = pattern.takes(path);
            match pattern.negated {
                false => Taken { folder: taken.folder || this.folder, file: taken.file || this.file },
                true => Taken { folder: taken.folder && !this.folder, file: taken.file && !this.file },
            }
        })
    }

    /// Returns where to begin: the search paths of the patterns, without those below others.
    fn search_paths(&self) -> Vec<String> {
        let wanted =
            || self.patterns.iter().filter(|pattern| !pattern.negated).map(|p| p.search_path.as_str());
        let mut is_included: HashMap<&str, bool> = wanted().map(|path| (path, false)).collect();
        let mut paths = Vec::new();
        for path in wanted() {
            let mut above = path;
            let has_ancestor = std::iter::from_fn(|| {
                let next = parent(above);
                let is_new = next != above;
                above = next;
                is_new.then_some(next)
            })
            .any(|ancestor| is_included.contains_key(ancestor));
            if !has_ancestor && is_included.insert(path, true) == Some(false) {
                paths.push(path.to_owned());
            }
        }
        paths
    }

    /// Returns what lies at a path; `None` for a broken link and, where links are followed, for a circle.
    fn stat(&self, item: &Item, chain: &mut Vec<PathBuf>) -> Result<Option<Metadata>, GlobError> {
        if !self.follow_links {
            return read(fs::symlink_metadata(&item.path), &item.path);
        }
        let Some(metadata) = read(fs::metadata(&item.path), &item.path)? else { return Ok(None) };
        if metadata.is_dir() {
            let Some(real) = read(fs::canonicalize(&item.path), &item.path)? else { return Ok(None) };
            chain.truncate(item.level - 1);
            if chain.contains(&real) {
                return Ok(None);
            }
            chain.push(real);
        }
        Ok(Some(metadata))
    }
}

fn children(item: &Item) -> Result<Vec<Item>, GlobError> {
    let failed = |source| GlobError::Read { path: item.path.clone(), source };
    let entries = fs::read_dir(&item.path).map_err(failed)?;
    let mut names =
        entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<OsString>>>().map_err(failed)?;
    names.sort_unstable();
    let child = |name: OsString| Item {
        path: item.path.join(&name),
        shown: join(&item.shown, &name.to_string_lossy()),
        level: item.level + 1,
    };
    Ok(names.into_iter().map(child).collect())
}

fn read<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>, GlobError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(GlobError::Read { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests;
