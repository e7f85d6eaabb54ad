//! Which files changed between two commits, for the path filters of a trigger. What the filters make of it
//! is for others.

use std::path::Path;

use crate::program::Git;

/// Which difference is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// From one commit to the other, as for a push.
    Commits,
    /// From where the second left the first, as for a pull request.
    MergeBase,
}

/// Returns the paths that differ from `base` to `head`, of a renamed file both; `None` where that is unknown:
/// no repository, a commit that is not here (a new branch's base is all zeros), no common history.
///
/// Source: GitHub docs, "Workflow syntax", `on.<push|pull_request>.paths`: "Git diff comparisons".
pub async fn changed_files(
    git: &Git,
    root: &Path,
    base: &str,
    head: &str,
    between: Between,
) -> Option<Vec<String>> {
    if [base, head].iter().any(|name| name.is_empty() || name.starts_with('-') || name.contains("..")) {
        return None;
    }
    let range = match between {
        Between::Commits => format!("{base}..{head}"),
        Between::MergeBase => format!("{base}...{head}"),
    };
    let mut command = git.at(root);
    command.args(["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none"]);
    // Paths are of the repository, wherever in it we stand.
    command.args(["--no-relative", &range, "--"]);
    let answer = git.answer(command).await.ok()?;
    answer.ok.then(|| {
        let names = answer.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fixture;

    #[tokio::test]
    async fn a_push_sees_both_sides_and_a_pull_request_its_own() {
        let repository = Fixture::new();
        let fork = repository.commit(&[("a", "1"), ("old", "same text in here")]);
        repository.git(&["checkout", "-q", "-b", "side"]);
        repository.git(&["mv", "old", "new"]);
        let side = repository.commit(&[("sub/ä b", "x")]);
        repository.git(&["checkout", "-q", "main"]);
        let main = repository.commit(&[("a", "2")]);
        let git = Git::default();
        for (base, head, between, expected) in [
            (&main, &side, Between::MergeBase, vec!["new", "old", "sub/ä b"]),
            (&main, &side, Between::Commits, vec!["a", "new", "old", "sub/ä b"]),
            (&fork, &main, Between::Commits, vec!["a"]),
            (&main, &main, Between::Commits, vec![]),
        ] {
            let changed = changed_files(&git, repository.path(), base, head, between).await;
            assert_eq!(changed.unwrap(), expected, "{base} {head} {between:?}");
        }
    }

    #[tokio::test]
    async fn what_git_cannot_compare_is_unknown() {
        let repository = Fixture::new();
        let head = repository.commit(&[("a", "1")]);
        let git = Git::default();
        for base in ["0000000000000000000000000000000000000000", "nope", "--output=x", ""] {
            let changed = changed_files(&git, repository.path(), base, &head, Between::Commits).await;
            assert_eq!(changed, None, "{base}");
        }
        let nowhere = tempfile::tempdir().unwrap();
        assert_eq!(changed_files(&git, nowhere.path(), &head, &head, Between::Commits).await, None);
    }
}
