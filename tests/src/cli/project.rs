//! A repository of its own, with a home of its own, and the program run in it.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::normal::without_silent_steps;
use super::{Live, Normal, act_host};

/// A throw-away repository, and everything that a user has around it.
///
/// ```text
/// project/   the repository: branch main, no remote
/// home/      HOME, XDG_CONFIG_HOME is home/.config
/// state/     ACT_HOST_STATE
/// cache/     XDG_CACHE_HOME
/// memory/    XDG_RUNTIME_DIR
/// ```
#[derive(Debug)]
pub struct Project {
    root: TempDir,
    env: Vec<(String, String)>,
    normal: Normal,
}

/// How a program ended and what it said, as it is on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    /// Normalised.
    pub stdout: String,
    /// Normalised.
    pub stderr: String,
}

impl Default for Project {
    fn default() -> Self {
        Self::new()
    }
}

impl Project {
    /// Makes a repository without a commit.
    ///
    /// # Panics
    /// When the machine has no place for it, or no git.
    #[must_use]
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("act-it").tempdir().expect("a temporary folder");
        for folder in ["project", "home", "state", "cache", "memory"] {
            fs::create_dir(root.path().join(folder)).expect("a folder");
        }
        let mut normal = Normal::default();
        for (folder, word) in
            [("project", "$REPO"), ("home", "$HOME"), ("state", "$STATE"), ("cache", "$CACHE")]
        {
            normal.word(root.path().join(folder).display().to_string(), word);
        }
        normal.word(root.path().display().to_string(), "$ROOT");
        let project = Self { root, env: Vec::new(), normal };
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project
    }

    /// Makes a repository with this one workflow, `.github/workflows/ci.yml`, committed.
    #[must_use]
    pub fn with(workflow: &str) -> Self {
        let mut project = Self::new();
        project.workflow("ci.yml", workflow).commit();
        project
    }

    /// Sets a variable of the environment that the program is started with.
    pub fn env(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Writes a file of the repository.
    ///
    /// # Panics
    /// When the disk refuses.
    pub fn file(&mut self, path: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        write(&self.path(path), bytes.as_ref());
        self
    }

    /// Writes a file of the repository's `.github/workflows`.
    pub fn workflow(&mut self, name: &str, text: &str) -> &mut Self {
        self.file(&format!(".github/workflows/{name}"), text)
    }

    /// Commits everything there is.
    pub fn commit(&mut self) -> &mut Self {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "all there is"]);
        let head = self.git(&["rev-parse", "--short=7", "HEAD"]);
        self.normal.word(head.trim(), "<commit>");
        self
    }

    /// Runs git in the repository and returns what it prints.
    ///
    /// # Panics
    /// When git fails.
    pub fn git(&self, args: &[&str]) -> String {
        git(&self.path("."), &self.folder("home"), args)
    }

    /// Returns a path in the repository.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder("project").join(path)
    }

    /// Returns one of the folders around the repository: `home`, `state`, `cache`; or a new name.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file outside the repository.
    ///
    /// # Panics
    /// When the disk refuses.
    pub fn outside(&mut self, path: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        write(&self.folder(path), bytes.as_ref());
        self
    }

    /// Runs the program in the repository to its end.
    pub fn act<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.start(args).end()
    }

    /// Runs `act-host run`.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.act(["run"].iter().chain(args))
    }

    /// Starts the program in the repository.
    pub fn start<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Live {
        let mut command = self.command(act_host());
        command.args(args);
        Live::start(command, self.normal.clone())
    }

    /// Starts a command line of the shell, where `act-host` is a word.
    pub fn shell(&self, script: &str) -> Live {
        let mut command = self.command(Path::new("bash"));
        let folder = act_host().parent().unwrap_or(Path::new("/")).display();
        command.env("PATH", format!("{folder}:{}", path_variable())).args(["-c", script]);
        Live::start(command, self.normal.clone())
    }

    /// Returns a command in the repository, with nothing of this process's environment but `PATH`.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path("."))
            .env_clear()
            .env("PATH", path_variable())
            .env("LANG", "C.UTF-8")
            .env("HOME", self.folder("home"))
            .env("ACT_HOST_STATE", self.folder("state"))
            .env("XDG_CACHE_HOME", self.folder("cache"))
            .env("XDG_RUNTIME_DIR", self.folder("memory"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Puts a `node` of version 24 first on `PATH` that runs its script as a shell does, so that a test of
    /// when actions run does not depend on the machine's own.
    pub fn fake_node(&mut self) -> &mut Self {
        let script = "#!/bin/sh\ncase $1 in --version) echo v24.0.0 ;; *) exec sh \"$@\" ;; esac\n";
        self.outside("bin/node", script);
        let node = self.folder("bin/node");
        fs::set_permissions(node, fs::Permissions::from_mode(0o755)).expect("a file of ours");
        let path = format!("{}:{}", self.folder("bin").display(), path_variable());
        self.env("PATH", path)
    }

    /// Returns what runs have left on the machine: folders of jobs, and processes of theirs.
    ///
    /// # Panics
    /// When the state folder cannot be read.
    #[must_use]
    pub fn leftovers(&self) -> Vec<String> {
        let places = ["state/machines", "memory"].map(|name| fs::read_dir(self.folder(name)));
        let entries = places.into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.expect("a folder can be read").file_name());
        let folders = names.filter(|name| name != ".lock").map(|name| name.display().to_string());
        folders.chain(self.processes()).map(|left| self.normal.apply(&left)).collect()
    }

    /// Finds processes by their environment, as only Linux tells it.
    fn processes(&self) -> Vec<String> {
        let state = self.folder("state/machines").display().to_string();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let is_ours = |folder: &Path| {
            fs::read(folder.join("environ"))
                .is_ok_and(|environ| String::from_utf8_lossy(&environ).contains(&state))
        };
        let line = |folder: PathBuf| {
            let words = fs::read(folder.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).replace('\0', " ")
        };
        processes.map(|entry| entry.path()).filter(|folder| is_ours(folder)).map(line).collect()
    }
}

impl Ran {
    pub(super) fn of(output: &Output, normal: &Normal) -> Self {
        let text = |bytes: &[u8]| normal.apply(&String::from_utf8_lossy(bytes));
        let stdout = without_silent_steps(&text(&output.stdout));
        Self { code: output.status.code(), stdout, stderr: text(&output.stderr) }
    }

    /// Returns the lines of standard output that contain a text.
    #[must_use]
    pub fn lines_with(&self, text: &str) -> Vec<&str> {
        self.stdout.lines().filter(|line| line.contains(text)).collect()
    }
}

/// One block: how it ended, standard output, and below it standard error where there is any.
impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
        write!(f, "exit {code}\n{}", self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        Ok(())
    }
}

/// Runs git in a folder, by nobody in particular at no particular time, so that commits are the same everywhere.
pub(crate) fn git(folder: &Path, home: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", path_variable())
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_AUTHOR_NAME", "Ann"), ("GIT_AUTHOR_EMAIL", "ann@example.com")])
        .envs([("GIT_COMMITTER_NAME", "Ann"), ("GIT_COMMITTER_EMAIL", "ann@example.com")])
        .envs([("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"), ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")])
        .output()
        .expect("git can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {}: {said}", args.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

fn path_variable() -> String {
    std::env::var("PATH").unwrap_or_default()
}
