//! A folder as a tree: everything in it but `.git`.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use act_core::tree::{Tree, TreeEntry, TreeId};

use super::listing::{Entry, Listing, Looked, look, not_listed};

/// A folder of this machine. Ignored files count; a `.git` at its top does not.
#[derive(Clone, Debug)]
pub struct DirTree {
    id: TreeId,
    folder: PathBuf,
    shared: bool,
}

impl DirTree {
    /// Takes a folder that nobody will change and whose content `id` names.
    #[must_use]
    pub fn frozen(id: TreeId, folder: PathBuf) -> Self {
        Self { id, folder, shared: true }
    }

    /// Takes a folder that somebody may be working in. Its id comes from names, sizes and times of change.
    /// Blocks.
    ///
    /// # Errors
    /// What the disk said.
    pub fn living(folder: PathBuf) -> io::Result<Self> {
        let id = TreeId(format!("local-{}", list(&folder)?.digest()));
        Ok(Self { id, folder, shared: false })
    }

    /// Joins a path of the tree, if it stays in it by its name.
    fn below(&self, path: &str) -> Option<PathBuf> {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        (inside && !path.is_empty()).then(|| self.folder.join(path))
    }
}

impl Tree for DirTree {
    fn id(&self) -> TreeId {
        self.id.clone()
    }

    fn shared_folder(&self) -> Option<&Path> {
        self.shared.then_some(self.folder.as_path())
    }

    fn walk(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()> {
        list(&self.folder)?.visit(visit)
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        let file = self.file_path(path).ok_or_else(|| not_listed(path))?;
        Ok(Box::new(std::fs::File::open(file)?))
    }

    fn file_path(&self, path: &str) -> Option<PathBuf> {
        let file = self.below(path)?;
        file.symlink_metadata().is_ok_and(|metadata| metadata.is_file()).then_some(file)
    }
}

/// Lists a folder; links are not followed. A name that is no text is an error: the tree would lack a file.
fn list(root: &Path) -> io::Result<Listing> {
    let mut entries = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let mut empty = true;
        for child in std::fs::read_dir(root.join(&folder))? {
            empty = false;
            let name = child?
                .file_name()
                .into_string()
                .map_err(|name| not_text(&folder, &name.to_string_lossy()))?;
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match look(root, &path)? {
                _ if path == ".git" => {}
                Looked::Entry(entry) => entries.push(entry),
                Looked::Folder => folders.push(path),
                Looked::Nothing => {}
                Looked::Unreadable => return Err(not_text(&path, "a link's target")),
            }
        }
        if empty && !folder.is_empty() {
            entries.push(Entry::folder(&folder));
        }
    }
    Ok(Listing::new(root.to_owned(), entries))
}

fn not_text(place: &str, name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name} in `{place}` is not valid UTF-8"))
}
