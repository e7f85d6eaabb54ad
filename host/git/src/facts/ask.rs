//! Asks git for the facts: in force for whatever a repository may be.

use std::path::{Path, PathBuf};

use super::{Found, is_object_id};
use crate::program::{Answer, Git, GitError};
use crate::settings::Settings;

/// Asks what `folder` is part of: two processes, at the same time. `None` is no repository, or one without a work tree.
pub(super) async fn found(git: &Git, folder: &Path, remote: &str) -> Result<Option<Found>, GitError> {
    let mut places = git.at(folder);
    let default_branch = format!("refs/remotes/{remote}/HEAD");
    // Each answer is written before the next question is looked at: where HEAD or the last one does not
    // exist, git fails and what came before still counts.
    places.args(["rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-common-dir"]);
    places.args(["HEAD", "--symbolic-full-name", "HEAD", &default_branch]);
    let mut configuration = git.at(folder);
    configuration.args(["config", "--list", "-z"]);
    let (places, configuration) = tokio::join!(git.answer(places), git.answer(configuration));
    let (places, configuration) = (places?, configuration?);
    let found = parse(&places, folder, Settings::parse(&configuration.stdout, remote))?;
    // What does not exist, or is no name for another ref, is answered by itself.
    let of_its_own = |name: &String| *name != default_branch;
    Ok(found.map(|found| Found { default_branch: found.default_branch.filter(of_its_own), ..found }))
}

/// Reads the answers of `git rev-parse`, as far as they go.
fn parse(answer: &Answer, folder: &Path, settings: Settings) -> Result<Option<Found>, GitError> {
    let stdout = String::from_utf8_lossy(&answer.stdout);
    let mut lines = stdout.lines();
    let (Some(root), Some(git_dir), Some(common_dir)) = (lines.next(), lines.next(), lines.next()) else {
        return if is_no_repository(&answer.stderr) {
            Ok(None)
        } else {
            Err(answer.error("read the repository"))
        };
    };
    let commit = lines.next().filter(|line| is_object_id(line)).map(str::to_owned);
    let mut names = lines.filter(|_| commit.is_some()).map(str::to_owned);
    let (head, default_branch) = (names.next().filter(|name| name != "HEAD"), names.next());
    Ok(Some(Found {
        root: root.into(),
        git_dir: git_dir.into(),
        // Relative to where git was asked.
        common_dir: absolute(&folder.join(common_dir))?,
        commit,
        head,
        default_branch,
        settings,
    }))
}

/// A bare repository, or the inside of `.git`, has no files to run: it is as good as none.
fn is_no_repository(stderr: &str) -> bool {
    stderr.contains("not a git repository (or any") || stderr.contains("must be run in a work tree")
}

fn absolute(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize().map_err(|error| GitError::failed(format!("find {}", path.display()), error))
}
