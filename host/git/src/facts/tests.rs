use super::*;
use crate::testing::{Fixture, Witness, git_in};

async fn repository(folder: &Path) -> Repository {
    match facts(&Git::default(), folder, "origin").await.unwrap() {
        Facts::Repository(repository) => *repository,
        Facts::NotARepository => panic!("{} is a repository", folder.display()),
    }
}

#[tokio::test]
async fn a_branch_with_a_remote_is_known_from_any_folder_in_it() {
    let source = Fixture::new();
    let commit = source.commit(&[("sub/a", "1")]);
    source.git(&["remote", "add", "origin", "https://u:p@github.com/octo/app.git"]);
    source.git(&["update-ref", "refs/remotes/origin/trunk/x", &commit]);
    source.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk/x"]);
    for folder in ["", "sub"] {
        let found = repository(&source.path().join(folder)).await;
        assert_eq!(found.root, source.path());
        assert_eq!(
            (&found.git_dir, &found.common_dir),
            (&source.path().join(".git"), &source.path().join(".git"))
        );
        assert_eq!(found.head, Head::Branch { name: "main".to_owned(), commit: commit.clone() });
        assert_eq!(found.head.reference().as_deref(), Some("refs/heads/main"));
        assert_eq!(found.default_branch.as_deref(), Some("trunk/x"));
        let remote = found.remote.unwrap();
        assert_eq!(remote.url, "https://github.com/octo/app.git");
        assert_eq!(remote.place, place_of("https://github.com/octo/app"));
    }
}

#[tokio::test]
async fn the_number_of_tags_does_not_change_what_is_asked() {
    let source = Fixture::new();
    let commit = source.commit(&[("a", "1")]);
    let packed: String = (0..3000).map(|n| format!("{commit} refs/tags/v{n:05}\n")).collect();
    std::fs::write(source.path().join(".git/packed-refs"), packed).unwrap();
    let witness = Witness::new();
    facts(&witness.git, source.path(), "origin").await.unwrap();
    assert_eq!(witness.calls().len(), 2, "{:?}", witness.calls());
    source.git(&["checkout", "-q", "v02999"]);
    let Facts::Repository(found) = facts(&witness.git, source.path(), "origin").await.unwrap() else {
        panic!()
    };
    assert_eq!(found.head.reference().as_deref(), Some("refs/tags/v02999"));
    assert_eq!(witness.calls().len(), 5, "{:?}", witness.calls());
    for command in ["for-each-ref", "show-ref", "describe", "tag", "name-rev"] {
        assert_eq!(witness.count(command), 0, "{command}");
    }
}

#[tokio::test]
async fn a_detached_head_remembers_the_tag_it_came_by() {
    let source = Fixture::new();
    let first = source.commit(&[("a", "1")]);
    source.git(&["tag", "-a", "v1", "-m", "annotated"]);
    source.git(&["tag", "light/v1"]);
    let object = source.git(&["rev-parse", "v1"]);
    let tag = |name: &str, object: &str| Head::Tag {
        name: name.to_owned(),
        object: object.to_owned(),
        commit: first.clone(),
    };
    for (target, head) in [
        ("v1", tag("v1", &object)),
        ("refs/tags/v1", tag("v1", &object)),
        ("light/v1", tag("light/v1", &first)),
        ("v1~0", Head::Detached { commit: first.clone() }),
        (first.as_str(), Head::Detached { commit: first.clone() }),
    ] {
        source.git(&["checkout", "-q", "main"]);
        source.git(&["checkout", "-q", "--detach", target]);
        assert_eq!(repository(source.path()).await.head, head, "{target}");
    }
    source.git(&["checkout", "-q", "v1"]);
    let second = source.commit(&[("a", "2")]);
    assert_eq!(repository(source.path()).await.head, Head::Detached { commit: second });
}

#[tokio::test]
async fn an_unborn_head_has_a_branch_and_no_commit() {
    let source = Fixture::new();
    source.git(&["checkout", "-q", "--orphan", "new/one"]);
    let found = repository(source.path()).await;
    assert_eq!(found.head, Head::Unborn { branch: "new/one".to_owned() });
    assert_eq!((found.head.commit(), found.remote, found.default_branch), (None, None, None));
}

#[tokio::test]
async fn linked_work_trees_and_submodules_are_repositories() {
    let inner = Fixture::new();
    inner.commit(&[("lib", "1")]);
    let outer = Fixture::new();
    outer.commit(&[("a", "1")]);
    outer.git(&["submodule", "-q", "add", inner.path().to_str().unwrap(), "deps/inner"]);
    outer.commit(&[]);
    let found = repository(&outer.path().join("deps/inner")).await;
    assert_eq!(found.root, outer.path().join("deps/inner"));
    assert_eq!(found.git_dir, outer.path().join(".git/modules/deps/inner"));
    assert_eq!(found.common_dir, found.git_dir);

    let linked = tempfile::tempdir().unwrap();
    let path = linked.path().canonicalize().unwrap().join("side");
    outer.git(&["worktree", "add", "-q", "-b", "side", path.to_str().unwrap()]);
    let found = repository(&path).await;
    assert_eq!(found.root, path);
    assert_eq!(found.git_dir, outer.path().join(".git/worktrees/side"));
    assert_eq!(found.common_dir, outer.path().join(".git"));
    assert_eq!(found.head.reference().as_deref(), Some("refs/heads/side"));
}

#[tokio::test]
async fn a_folder_outside_of_git_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let git = Git::default();
    assert_eq!(facts(&git, folder.path(), "origin").await, Ok(Facts::NotARepository));
    git_in(folder.path(), &["init", "-q", "--bare"]);
    assert_eq!(facts(&git, folder.path(), "origin").await, Ok(Facts::NotARepository));
}

#[tokio::test]
async fn what_stands_in_the_way_of_git_is_named() {
    let source = Fixture::new();
    let missing = facts(&Git::new("no-such-git"), source.path(), "origin").await;
    assert_eq!(missing, Err(GitError::Missing { program: "no-such-git".into() }));
    let witness = Witness::doing("export GIT_TEST_ASSUME_DIFFERENT_OWNER=1");
    let refused = facts(&witness.git, source.path(), "origin").await;
    assert!(matches!(refused, Err(GitError::DubiousOwnership { .. })), "{refused:?}");
    std::fs::write(source.path().join(".git/HEAD"), "ref: refs/heads/x\n").unwrap();
    std::fs::write(source.path().join(".git/config"), "[core\n").unwrap();
    let broken = facts(&Git::default(), source.path(), "origin").await;
    assert!(
        matches!(&broken, Err(GitError::Failed { reason, .. }) if reason.contains("config")),
        "{broken:?}"
    );
}

#[tokio::test]
async fn a_short_form_of_the_users_is_spelled_out() {
    let source = Fixture::new();
    source.commit(&[]);
    source.git(&["remote", "add", "up", "gh:octo/app"]);
    source.git(&["config", "url.https://github.com/.insteadOf", "gh:"]);
    let Facts::Repository(found) = facts(&Git::default(), source.path(), "up").await.unwrap() else {
        panic!()
    };
    assert_eq!(found.remote.unwrap().place, place_of("https://github.com/octo/app"));
}
