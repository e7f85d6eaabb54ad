//! The `.git` of a checkout: own HEAD, index and configuration, borrowed or packed objects.
//!
//! Small files are made in memory, the index is copied. Where the source can be read by the same name,
//! `objects/info/alternates` points to its object store, and nothing of the history is copied; elsewhere what the
//! checkout knows of it is packed. As `actions/checkout` leaves it, a history of limited depth knows the current ref and
//! no tags, and all of it knows every branch as `refs/remotes/origin/*` and every tag.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::facts::{Head, Repository};
use crate::program::{Git, GitError};
use crate::settings::quoted;

use super::history::boundary;
use super::listing::Entry;

/// Where the objects of a checkout are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objects<'a> {
    /// In the repository it is made of, which must stay where it is.
    Borrowed,
    /// In itself. Until it is copied they lie in a new folder of this one, which may hold gigabytes.
    Packed(&'a Path),
}

/// What a `.git` is made of.
pub(super) struct DotGit {
    pub(super) entries: Vec<Entry>,
    /// Where those lie that were made for it.
    pub(super) packed: Option<TempDir>,
}

/// Makes the entries of `.git`.
pub(super) async fn make(
    git: &Git,
    repository: &Repository,
    fetch_depth: u32,
    objects: Objects<'_>,
) -> Result<DotGit, GitError> {
    let cut = lines_of(&repository.common_dir.join("shallow")).map_err(unreadable)?;
    let (refs, shallow) = match (repository.head.commit(), fetch_depth) {
        (None, _) => (BTreeMap::new(), Vec::new()),
        (Some(_), 0) => {
            let mut shallow: Vec<String> = cut.into_iter().collect();
            shallow.sort_unstable();
            (all_refs(git, repository).await?, shallow)
        }
        (Some(head), depth) => {
            (current_refs(&repository.head), boundary(git, &repository.git_dir, head, depth, &cut).await?)
        }
    };
    let mut entries = vec![
        Entry::held(".git/HEAD", head_file(&repository.head)),
        Entry::held(".git/config", config_file(repository)),
        Entry::held(".git/packed-refs", packed_refs(&refs)),
        Entry::folder(".git/refs/heads"),
        Entry::folder(".git/refs/tags"),
    ];
    let packed = match objects {
        Objects::Borrowed => {
            let stores = object_stores(&repository.common_dir.join("objects")).map_err(unreadable)?;
            entries.push(Entry::held(".git/objects/info/alternates", alternates_file(&stores)));
            None
        }
        Objects::Packed(within) => {
            let folder = pack(git, repository, &refs, &shallow, within).await?;
            entries.extend(pack_files(folder.path()).map_err(unreadable)?);
            Some(folder)
        }
    };
    if !shallow.is_empty() {
        entries.push(Entry::held(".git/shallow", shallow.join("\n") + "\n"));
    }
    entries.extend(index_files(&repository.git_dir).map_err(unreadable)?);
    Ok(DotGit { entries, packed })
}

/// Packs what can be reached from `HEAD` and the refs, down to where a `shallow` history ends, and what the index has.
///
/// Source: git-pack-objects(1); `--shallow` lines are what `git upload-pack` gives it.
async fn pack(
    git: &Git,
    repository: &Repository,
    refs: &BTreeMap<String, String>,
    shallow: &[String],
    within: &Path,
) -> Result<TempDir, GitError> {
    let io = |error| GitError::failed("make a folder for git's objects", error);
    std::fs::create_dir_all(within).map_err(io)?;
    let folder = tempfile::Builder::new().prefix("objects-").tempdir_in(within).map_err(io)?;
    let ends = shallow.iter().map(|commit| format!("--shallow {commit}\n"));
    let begins = refs.values().map(String::as_str).chain(repository.head.commit());
    let wanted: String = ends.chain(begins.map(|commit| format!("{commit}\n"))).collect();
    let mut command = git.at(&repository.root);
    command.args(["pack-objects", "-q", "--revs", "--indexed-objects"]);
    if repository.settings.promisor.is_some() {
        // What the source has not got itself, the copy gets from where the source would.
        command.arg("--missing=allow-promisor");
    }
    command.arg(folder.path().join("pack"));
    let list = folder.path().join("wanted");
    std::fs::write(&list, wanted).map_err(io)?;
    command.stdin(std::fs::File::open(&list).map_err(io)?);
    let answer = git.answer(command).await?;
    if answer.ok { Ok(folder) } else { Err(answer.error("pack the repository's objects")) }
}

fn pack_files(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let is_part = path.extension().is_some_and(|end| end == "pack" || end == "idx");
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| is_part) {
            entries.extend(Entry::copy_of(&format!(".git/objects/pack/{name}"), path.clone())?);
        }
    }
    Ok(entries)
}

fn unreadable(error: io::Error) -> GitError {
    GitError::failed("read the repository", error)
}

fn head_file(head: &Head) -> String {
    match head {
        Head::Unborn { branch: name } | Head::Branch { name, .. } => format!("ref: refs/heads/{name}\n"),
        Head::Tag { commit, .. } | Head::Detached { commit } => format!("{commit}\n"),
    }
}

/// What a fetch of the current ref alone would have brought.
fn current_refs(head: &Head) -> BTreeMap<String, String> {
    match head {
        Head::Unborn { .. } | Head::Detached { .. } => BTreeMap::new(),
        Head::Branch { name, commit } => BTreeMap::from([
            (format!("refs/heads/{name}"), commit.clone()),
            (format!("refs/remotes/origin/{name}"), commit.clone()),
        ]),
        Head::Tag { name, object, .. } => BTreeMap::from([(format!("refs/tags/{name}"), object.clone())]),
    }
}

/// Every branch and tag. A branch of the remote stands for itself, a local one only where the remote has
/// none of its name; the current one counts as pushed.
async fn all_refs(git: &Git, repository: &Repository) -> Result<BTreeMap<String, String>, GitError> {
    let remote = repository.remote.as_ref().map_or("origin", |remote| remote.name.as_str());
    let tracked = format!("refs/remotes/{remote}/");
    let format = "--format=%(objectname) %(refname)";
    let listed = git
        .ask(
            "list branches and tags",
            &repository.root,
            ["for-each-ref", format, "refs/heads", "refs/tags", &tracked],
        )
        .await?;
    let mut refs = BTreeMap::new();
    let mut local = BTreeMap::new();
    for line in String::from_utf8_lossy(&listed).lines() {
        let Some((id, name)) = line.split_once(' ') else { continue };
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            local.insert(format!("refs/remotes/origin/{branch}"), id.to_owned());
        } else if let Some(branch) = name.strip_prefix(&tracked).filter(|branch| *branch != "HEAD") {
            refs.insert(format!("refs/remotes/origin/{branch}"), id.to_owned());
        } else if name.starts_with("refs/tags/") {
            refs.insert(name.to_owned(), id.to_owned());
        }
    }
    for (name, id) in local {
        refs.entry(name).or_insert(id);
    }
    refs.extend(current_refs(&repository.head));
    Ok(refs)
}

fn packed_refs(refs: &BTreeMap<String, String>) -> String {
    // "peeled" is not promised: git looks tags up when it needs to.
    let mut text = "# pack-refs with: sorted \n".to_owned();
    for (name, id) in refs {
        text.extend([id, " ", name, "\n"]);
    }
    text
}

fn config_file(repository: &Repository) -> String {
    let settings = &repository.settings;
    let has_extensions = settings.carried.keys().any(|key| key.starts_with("extensions."));
    let mut text = format!("[core]\n\trepositoryformatversion = {}\n", u8::from(has_extensions));
    text.push_str("\tbare = false\n\tlogallrefupdates = true\n");
    for (key, value) in &settings.carried {
        let Some((section, name)) = key.split_once('.') else { continue };
        // The copy knows one remote, by the name that actions/checkout gives it.
        let value = if name == "partialclone" { "origin" } else { value };
        text.push_str(&section_of(section, name, value));
    }
    let Some(remote) = &repository.remote else { return text };
    text.push_str("[remote \"origin\"]\n");
    let mut line = |name: &str, value: &str| text.extend(["\t", name, " = ", &quoted(value), "\n"]);
    line("url", &anywhere(&repository.root, &remote.url));
    line("fetch", "+refs/heads/*:refs/remotes/origin/*");
    if let Some(filter) = &settings.promisor {
        line("promisor", "true");
        line("partialclonefilter", filter);
    }
    if let Head::Unborn { branch: name } | Head::Branch { name, .. } = &repository.head {
        let branch = format!("branch {}", quoted(name));
        text.push_str(&section_of(&branch, "remote", "origin"));
        text.push_str(&section_of(&branch, "merge", &format!("refs/heads/{name}")));
    }
    text
}

fn section_of(section: &str, name: &str, value: &str) -> String {
    format!("[{section}]\n\t{name} = {}\n", quoted(value))
}

/// A remote at a relative path is relative to the source's work tree.
fn anywhere(root: &Path, url: &str) -> String {
    if !url.starts_with("./") && !url.starts_with("../") {
        return url.to_owned();
    }
    let path = root.join(url);
    path.canonicalize().unwrap_or(path).to_string_lossy().into_owned()
}

/// Returns an object store and those it borrows from itself, without end if they go in circles.
fn object_stores(first: &Path) -> io::Result<Vec<PathBuf>> {
    let mut stores = vec![first.to_owned()];
    let mut next = 0;
    while let Some(store) = stores.get(next).cloned() {
        next += 1;
        let borrowed = lines_of(&store.join("info/alternates"))?;
        for line in borrowed.iter().filter(|line| !line.starts_with('#')) {
            let path = store.join(line);
            let path = path.canonicalize().unwrap_or(path);
            if !stores.contains(&path) {
                stores.push(path);
            }
        }
    }
    Ok(stores)
}

fn alternates_file(stores: &[PathBuf]) -> String {
    let line = |store: &PathBuf| {
        let text = store.to_string_lossy();
        // Only what looks like a quoted path or a comment is read as anything but a path.
        if text.starts_with(['"', '#']) || text.contains('\n') {
            quoted(&text) + "\n"
        } else {
            format!("{text}\n")
        }
    };
    stores.iter().map(line).collect()
}

/// The index, and what a split index shares with others.
fn index_files(git_dir: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in std::fs::read_dir(git_dir)? {
        let name = file?.file_name();
        let Some(name) = name.to_str().filter(|name| *name == "index" || name.starts_with("sharedindex."))
        else {
            continue;
        };
        entries.extend(Entry::copy_of(&format!(".git/{name}"), git_dir.join(name))?);
    }
    Ok(entries)
}

/// Returns the lines of a file that may be missing.
fn lines_of(path: &Path) -> io::Result<HashSet<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashSet::new()),
        Err(error) => Err(error),
    }
}
