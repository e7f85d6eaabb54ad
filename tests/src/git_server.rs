//! A git server on 127.0.0.1: `git daemon`, one process a connection, and repositories to be fetched from it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::cli::{Project, git, write};

/// Serves repositories until the test process ends.
#[derive(Debug)]
pub struct GitServer {
    root: TempDir,
    url: String,
}

impl Default for GitServer {
    fn default() -> Self {
        Self::start()
    }
}

impl GitServer {
    /// Starts a server without repositories.
    #[must_use]
    pub fn start() -> Self {
        let root = tempfile::Builder::new().prefix("act-it-server").tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("git://{}/", listener.local_addr().unwrap());
        let folder = root.path().to_owned();
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|stream| serve(stream, &folder));
        });
        Self { root, url }
    }

    /// Adds a commit with these files to the repository `owner/name`, tags it, and returns it.
    pub fn publish(&self, repository: &str, tag: &str, files: &[(&str, &str)]) -> String {
        let folder = self.folder(repository);
        if !folder.exists() {
            fs::create_dir_all(&folder).unwrap();
            self.git(repository, &["init", "--quiet", "--initial-branch=main"]);
        }
        for (path, text) in files {
            write(&folder.join(path), text.as_bytes());
        }
        self.git(repository, &["add", "--all"]);
        self.git(repository, &["commit", "--quiet", "--allow-empty", "--message", tag]);
        self.git(repository, &["tag", "--force", tag]);
        self.git(repository, &["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Makes the project's user fetch from here what is said to lie on github.com.
    pub fn stands_for_github(&self, project: &mut Project) {
        let config = format!("[url \"{}\"]\n\tinsteadOf = https://github.com/\n", self.url);
        project.outside("home/.gitconfig", config);
    }

    /// Returns a URL of the same repositories that needs no server.
    #[must_use]
    pub fn as_folder(&self) -> String {
        format!("file://{}", self.root.path().display())
    }

    /// Returns where a repository lies.
    #[must_use]
    pub fn folder(&self, repository: &str) -> PathBuf {
        self.root.path().join(repository)
    }

    fn git(&self, repository: &str, args: &[&str]) -> String {
        git(&self.folder(repository), self.root.path(), args)
    }
}

/// Hands the connection to a process, which ends with it.
fn serve(stream: TcpStream, root: &Path) {
    let stream = OwnedFd::from(stream);
    let other = stream.try_clone().unwrap();
    let daemon = Command::new("git")
        .args(["daemon", "--inetd", "--export-all"])
        .arg(format!("--base-path={}", root.display()))
        .arg(root)
        .stdin(Stdio::from(stream))
        .stdout(Stdio::from(other))
        .stderr(Stdio::null())
        .spawn();
    let mut daemon = daemon.unwrap();
    std::thread::spawn(move || daemon.wait());
}
