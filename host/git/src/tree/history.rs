//! Where a history of limited depth ends.

use std::collections::HashSet;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::facts::is_object_id;
use crate::program::{Git, GitError};

/// Returns the commits whose parents a history of `depth` commits from `head` leaves out, ordered, as the
/// file `shallow` lists them. `cut` are the commits where the source's own history ends.
///
/// Depth counts from commit to parent, as `git fetch --depth` does: merges make it more than `depth`
/// commits. Only those are read, whatever the length of the history; depth 1 reads none.
pub(super) async fn boundary(
    git: &Git,
    git_dir: &Path,
    head: &str,
    depth: u32,
    cut: &HashSet<String>,
) -> Result<Vec<String>, GitError> {
    let mut ends = Vec::new();
    let mut frontier = vec![head.to_owned()];
    let mut seen: HashSet<String> = frontier.iter().cloned().collect();
    let mut objects = if depth > 1 { Some(Objects::start(git, git_dir)?) } else { None };
    for level in 1..=depth {
        let mut parents = Vec::new();
        for commit in frontier {
            match &mut objects {
                Some(objects) if level < depth && !cut.contains(&commit) => {
                    parents.extend(objects.parents(&commit).await?);
                }
                _ => ends.push(commit),
            }
        }
        parents.retain(|parent| seen.insert(parent.clone()));
        frontier = parents;
        if frontier.is_empty() {
            break;
        }
    }
    if let Some(objects) = objects {
        objects.end().await;
    }
    ends.sort_unstable();
    Ok(ends)
}

/// A `git cat-file --batch` that answers one question at a time.
struct Objects {
    process: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Objects {
    fn start(git: &Git, git_dir: &Path) -> Result<Self, GitError> {
        let mut command = git.at(git_dir);
        command.arg("--git-dir=.").args(["cat-file", "--batch"]).env("GIT_NO_REPLACE_OBJECTS", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| git.not_started(&error))?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(ask), Some(answer)) => Ok(Self { process, ask, answer: BufReader::new(answer) }),
            _ => Err(GitError::failed("read the history", "git has no pipes")),
        }
    }

    async fn parents(&mut self, commit: &str) -> Result<Vec<String>, GitError> {
        let body = self
            .body(commit)
            .await
            .map_err(|error| GitError::failed(format!("read commit {commit}"), error))?;
        let header = body.split("\n\n").next().unwrap_or_default();
        let parents = header.lines().filter_map(|line| line.strip_prefix("parent "));
        Ok(parents.filter(|id| is_object_id(id)).map(str::to_owned).collect())
    }

    /// Reads `<id> commit <size>\n<body>\n`.
    async fn body(&mut self, commit: &str) -> std::io::Result<String> {
        self.ask.write_all(format!("{commit}\n").as_bytes()).await?;
        let mut head = String::new();
        self.answer.read_line(&mut head).await?;
        let size = head.trim_end().strip_prefix(commit).and_then(|rest| rest.strip_prefix(" commit "));
        let Some(size) = size.and_then(|size| size.parse::<usize>().ok()) else {
            return Err(std::io::Error::other(format!("git answered `{}`", head.trim_end())));
        };
        let mut body = vec![0; size + 1];
        self.answer.read_exact(&mut body).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    async fn end(self) {
        let Self { mut process, ask, answer } = self;
        drop((ask, answer));
        // It ends with its input; how is of no interest any more.
        drop(process.wait().await);
    }
}
