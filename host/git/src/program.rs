//! Runs the `git` program: quiet, in one language, without prompts, without hooks.
//!
//! What the answer means is for those who asked. A process that nobody waits for any more is killed.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// What `git rev-parse --local-env-vars` names, and the namespace: they say which repository is meant, and
/// would send us to another one when a run is started from a git hook.
const OF_ANOTHER_REPOSITORY: [&str; 12] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Nobody is there to answer: git, ssh and credential managers fail instead of asking.
const UNATTENDED: [(&str, &str); 7] = [
    ("LC_ALL", "C"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("SSH_ASKPASS", "false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
    ("GCM_INTERACTIVE", "never"),
    // Reading a repository must not take its index lock from the user.
    ("GIT_OPTIONAL_LOCKS", "0"),
];

/// Given on every command line; they win over the user's configuration.
const SETTINGS: [&str; 4] =
    ["core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false"];

/// Why git gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no such program.
    #[error("`{}` was not found: is git installed?", program.display())]
    Missing {
        /// As configured.
        program: PathBuf,
    },
    /// Git refuses to look into a repository of another user (`safe.directory`).
    #[error("git refuses to read a repository that belongs to another user: {reason}")]
    DubiousOwnership {
        /// Git's words.
        reason: String,
    },
    /// Git, or the disk, said no.
    #[error("cannot {what}: {reason}")]
    Failed {
        /// What was tried.
        what: String,
        /// The last lines of its standard error, or the error of the disk.
        reason: String,
    },
}

impl GitError {
    pub(crate) fn failed(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Failed { what: what.into(), reason: reason.to_string() }
    }
}

/// The git program to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Git {
    program: PathBuf,
}

impl Default for Git {
    fn default() -> Self {
        Self::new("git")
    }
}

impl Git {
    /// Names the program: a path, or a name that is looked up on `PATH`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    /// Returns where the configuration of the whole machine lies to this git; `None` if only it can know.
    ///
    /// Git is built with the place: the distributions' own have `/etc/gitconfig`, Apple's and those of others their own.
    pub(crate) fn configuration_of_the_machine(&self) -> Option<PathBuf> {
        let of_distribution = Path::new("/usr/bin/git");
        let ours = cfg!(target_os = "linux") && self.place()?.canonicalize().ok()? == of_distribution;
        ours.then(|| PathBuf::from("/etc/gitconfig"))
    }

    /// Finds the program as a call would.
    fn place(&self) -> Option<PathBuf> {
        if self.program.components().count() > 1 {
            return Some(self.program.clone());
        }
        let can_be_run = |file: &PathBuf| {
            file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(&self.program)).find(can_be_run)
    }

    /// Prepares a call in `folder`.
    pub(crate) fn at(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        // Not `current_dir`: a missing folder would look like a missing program.
        command.arg("-C").arg(folder);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for name in OF_ANOTHER_REPOSITORY {
            command.env_remove(name);
        }
        command.envs(UNATTENDED).stdin(Stdio::null()).kill_on_drop(true);
        // In this program's own process group: processes of other groups are taken for those of jobs, and swept. A
        // Ctrl-C of the terminal reaches a fetch, too; the run it belongs to is cancelled by it anyway.
        command
    }

    /// Runs a call to its end.
    pub(crate) async fn answer(&self, mut command: Command) -> Result<Answer, GitError> {
        let output = command.output().await.map_err(|error| self.not_started(&error))?;
        let ok = output.status.success();
        let mut stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if !ok && stderr.trim().is_empty() && output.status.code().is_none() {
            stderr = format!("git was ended by {}", output.status);
        }
        Ok(Answer { ok, stdout: output.stdout, stderr })
    }

    /// Runs `git <args>` in `folder` and returns its standard output.
    ///
    /// # Errors
    /// As [`GitError`]; `what` completes "cannot …".
    pub(crate) async fn ask<A: AsRef<OsStr>>(
        &self,
        what: &str,
        folder: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Vec<u8>, GitError> {
        let mut command = self.at(folder);
        command.args(args);
        let answer = self.answer(command).await?;
        if answer.ok { Ok(answer.stdout) } else { Err(answer.error(what)) }
    }

    pub(crate) fn not_started(&self, error: &io::Error) -> GitError {
        match error.kind() {
            io::ErrorKind::NotFound => GitError::Missing { program: self.program.clone() },
            _ => GitError::failed(format!("start `{}`", self.program.display()), error),
        }
    }
}

/// What git answered.
pub(crate) struct Answer {
    pub(crate) ok: bool,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Answer {
    /// Makes an error of what git said.
    pub(crate) fn error(&self, what: &str) -> GitError {
        let reason = last_words(&self.stderr);
        if self.stderr.contains("detected dubious ownership") || self.stderr.contains("unsafe repository") {
            return GitError::DubiousOwnership { reason };
        }
        GitError::failed(what, reason)
    }
}

/// Returns the lines of git's standard error that tell why: the complaints at its end, at most three.
///
/// Advice (`hint:`) and the usage that follows a complaint are for people at a prompt.
pub(crate) fn last_words(stderr: &str) -> String {
    let said: Vec<&str> =
        stderr.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:")).collect();
    let complaints: Vec<&str> = said
        .iter()
        .copied()
        .filter(|line| ["fatal:", "error:", "remote:"].iter().any(|mark| line.starts_with(mark)))
        .collect();
    let lines = if complaints.is_empty() { &said } else { &complaints };
    match lines.len() {
        0 => "git said nothing".to_owned(),
        count => lines[count.saturating_sub(3)..].join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_the_complaints_without_advice() {
        for (stderr, words) in [
            ("", "git said nothing"),
            ("warning: x\nfatal: no such ref\nhint: try y\n", "fatal: no such ref"),
            ("ssh: port 22: refused\n", "ssh: port 22: refused"),
            ("remote: a\nerror: b\nerror: c\nfatal: d\n", "error: b; error: c; fatal: d"),
        ] {
            assert_eq!(last_words(stderr), words, "{stderr:?}");
        }
    }

    #[test]
    fn the_configuration_of_the_machine_is_known_of_the_distributions_own_git_only() {
        let folder = tempfile::tempdir().unwrap();
        let [ours, link] = ["git", "link"].map(|name| folder.path().join(name));
        std::fs::write(&ours, "").unwrap();
        std::os::unix::fs::symlink("/usr/bin/git", &link).unwrap();
        for program in [ours.as_path(), Path::new("no-such-git-program")] {
            assert_eq!(Git::new(program).configuration_of_the_machine(), None, "{}", program.display());
        }
        let there =
            Path::new("/usr/bin/git").canonicalize().is_ok_and(|real| real == Path::new("/usr/bin/git"));
        let of_distribution = there && cfg!(target_os = "linux");
        let known = of_distribution.then(|| PathBuf::from("/etc/gitconfig"));
        assert_eq!(Git::new(link).configuration_of_the_machine(), known);
    }

    #[tokio::test]
    async fn a_missing_program_is_told_from_a_missing_folder() {
        let here = Path::new(".");
        let missing = Git::new("no-such-git-program").ask("look", here, ["version"]).await;
        assert_eq!(missing, Err(GitError::Missing { program: "no-such-git-program".into() }));
        let nowhere =
            Git::default().ask("look", Path::new("/no/such/folder"), ["version"]).await.unwrap_err();
        assert!(nowhere.to_string().starts_with("cannot look: fatal: cannot change to"), "{nowhere}");
    }
}
