//! Real repositories and servers for the tests of this crate.

mod server;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use act_core::tree::{Tree, TreeEntry};
use tempfile::TempDir;

use crate::program::Git;

pub(crate) use server::{Access, GitServer};

/// A repository in a folder of its own.
pub(crate) struct Fixture {
    path: PathBuf,
    _folder: Option<TempDir>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        Self { _folder: Some(folder), ..Self::at(path) }
    }

    pub(crate) fn at(path: PathBuf) -> Self {
        fs::create_dir_all(&path).unwrap();
        git_in(&path, &["init", "-q", "-b", "main"]);
        Self { path, _folder: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        git_in(&self.path, args)
    }

    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.path.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    /// Commits everything, and returns the commit.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> String {
        self.write(files);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// Runs git as nobody in particular, and returns what it says without the last line end.
pub(crate) fn git_in(folder: &Path, args: &[&str]) -> String {
    let output = quiet_git(folder).args(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?} in {}: {stderr}", folder.display());
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

pub(crate) fn quiet_git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@example.com");
    }
    command.args(["-c", "protocol.file.allow=always"]);
    command
}

/// A git program that writes down how it is called, and does `before` first.
pub(crate) struct Witness {
    pub(crate) git: Git,
    pub(crate) program: PathBuf,
    folder: TempDir,
}

impl Witness {
    pub(crate) fn new() -> Self {
        Self::doing("")
    }

    pub(crate) fn doing(before: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("git");
        let calls = folder.path().join("calls");
        let script = format!("#!/bin/sh\necho \"$*\" >> {}\n{before}\nexec git \"$@\"\n", calls.display());
        // Written by a child: a file that this process had open for writing when another thread forks
        // cannot be executed.
        let write = r#"printf %s "$2" > "$1" && chmod +x "$1""#;
        let status = Command::new("sh").args(["-c", write, "sh"]).arg(&program).arg(script).status().unwrap();
        assert!(status.success());
        Self { git: Git::new(&program), program, folder }
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    /// Counts the calls of a command such as `fetch`.
    pub(crate) fn count(&self, command: &str) -> usize {
        self.calls().iter().filter(|call| call.split(' ').any(|word| word == command)).count()
    }
}

/// Lists a tree: `path`, `path*` (executable), `path/`, `path -> target`.
pub(crate) fn names(tree: &dyn Tree) -> Vec<String> {
    let mut names = Vec::new();
    tree.walk(&mut |path, entry| {
        names.push(match entry {
            TreeEntry::Folder => format!("{path}/"),
            TreeEntry::File { executable: true, .. } => format!("{path}*"),
            TreeEntry::File { executable: false, .. } => path.to_owned(),
            TreeEntry::Link(target) => format!("{path} -> {target}"),
        });
        Ok(())
    })
    .unwrap();
    names
}

/// Writes a tree into a new folder as an environment would.
pub(crate) fn materialise(tree: &dyn Tree) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    tree.walk(&mut |path, entry| {
        let to = folder.path().join(path);
        fs::create_dir_all(to.parent().unwrap())?;
        match entry {
            TreeEntry::Folder => fs::create_dir_all(to)?,
            TreeEntry::Link(target) => std::os::unix::fs::symlink(target, to)?,
            TreeEntry::File { executable, size } => {
                let mut bytes = Vec::new();
                tree.open(path)?.read_to_end(&mut bytes)?;
                assert_eq!(bytes.len() as u64, size, "{path}");
                if let Some(source) = tree.file_path(path) {
                    assert_eq!(fs::read(source)?, bytes, "{path}");
                }
                fs::write(&to, bytes)?;
                let mode = if executable { 0o755 } else { 0o644 };
                fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
            }
        }
        Ok(())
    })
    .unwrap();
    folder
}
