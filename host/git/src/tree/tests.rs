use std::path::Path;

use act_core::tree::Tree;

use super::*;
use crate::facts::{Facts, Repository, facts};
use crate::program::Git;
use crate::testing::{Fixture, Witness, git_in, materialise, names};

async fn repository(folder: &Path) -> Repository {
    match facts(&Git::default(), folder, "origin").await.unwrap() {
        Facts::Repository(repository) => *repository,
        Facts::NotARepository => panic!("{} is a repository", folder.display()),
    }
}

async fn checkout(source: &Fixture, depth: u32) -> (WorkingTree, tempfile::TempDir) {
    let repository = repository(source.path()).await;
    let tree =
        WorkingTree::of_repository(&Git::default(), &repository, depth, Objects::Borrowed).await.unwrap();
    let folder = materialise(&tree);
    (tree, folder)
}

/// Without what `.git` holds.
fn files(tree: &dyn Tree) -> Vec<String> {
    names(tree).into_iter().filter(|name| !name.starts_with(".git/")).collect()
}

fn executable(path: &Path) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

/// Three commits, a merge among them, two branches, two tags, a remote.
fn history() -> Fixture {
    let source = Fixture::new();
    source.git(&["remote", "add", "origin", "https://u:secret@github.com/octo/app.git"]);
    source.commit(&[("a", "1"), ("sub/b", "1"), (".gitignore", "ignored\n/target\n")]);
    source.git(&["tag", "v1"]);
    source.git(&["checkout", "-q", "-b", "side"]);
    source.commit(&[("c", "1")]);
    source.git(&["checkout", "-q", "main"]);
    source.commit(&[("a", "2")]);
    source.git(&["merge", "-q", "--no-edit", "side"]);
    source.git(&["tag", "-a", "v2", "-m", "two"]);
    source.git(&["update-ref", "refs/remotes/origin/far", "v1"]);
    source
}

#[tokio::test]
async fn a_checkout_holds_the_files_as_they_are_now() {
    let source = history();
    source.write(&[("ignored", "x"), ("target/y", "x"), ("new/ä b", "x"), ("run.sh", "x")]);
    executable(&source.path().join("run.sh"));
    std::os::unix::fs::symlink("nowhere/at all", source.path().join("link")).unwrap();
    std::fs::remove_file(source.path().join("c")).unwrap();
    let (tree, _folder) = checkout(&source, 1).await;
    assert_eq!(files(&tree), [".gitignore", "a", "link -> nowhere/at all", "new/ä b", "run.sh*", "sub/b"]);
    let mut sorted = names(&tree);
    sorted.sort();
    assert_eq!(names(&tree), sorted);
    assert!(tree.left_out().is_empty());
}

#[tokio::test]
async fn git_works_in_a_checkout_of_one_commit() {
    let source = history();
    source.write(&[("a", "changed"), ("new", "x")]);
    let head = source.git(&["rev-parse", "HEAD"]);
    let (_, folder) = checkout(&source, 1).await;
    let git = |args: &[&str]| git_in(folder.path(), args);
    assert_eq!(git(&["rev-parse", "HEAD"]), head);
    assert_eq!(git(&["rev-parse", "--abbrev-ref", "HEAD"]), "main");
    assert_eq!(git(&["status", "--porcelain"]), " M a\n?? new");
    assert_eq!(git(&["diff", "--stat"]), source.git(&["diff", "--stat"]));
    assert_eq!(git(&["rev-list", "--count", "HEAD"]), "1");
    assert_eq!(git(&["log", "--format=%H"]), head);
    assert_eq!(git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main\nrefs/remotes/origin/main");
    assert_eq!(git(&["remote", "get-url", "origin"]), "https://github.com/octo/app.git");
    git(&["fsck", "--connectivity-only"]);

    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "from the job"]);
    assert_eq!(git(&["rev-list", "--count", "HEAD"]), "2");
    assert_eq!(git(&["status", "--porcelain"]), "");
    git(&["tag", "made-here"]);
    assert_eq!(source.git(&["rev-parse", "HEAD"]), head, "the source is left alone");
    assert_eq!(source.git(&["tag"]), "v1\nv2");
    assert_eq!(source.git(&["status", "--porcelain"]), " M a\n?? new");
}

#[tokio::test]
async fn depth_counts_from_commit_to_parent_as_a_clone_does() {
    let source = history();
    source.commit(&[("d", "1")]);
    for depth in [1_u32, 2, 3, 4, 50] {
        let (_, folder) = checkout(&source, depth).await;
        let cloned = tempfile::tempdir().unwrap();
        let url = format!("file://{}", source.path().display());
        git_in(cloned.path(), &["clone", "-q", &format!("--depth={depth}"), &url, "."]);
        let log = ["log", "--format=%H %P", "--topo-order"];
        assert_eq!(git_in(folder.path(), &log), git_in(cloned.path(), &log), "depth {depth}");
    }
}

#[tokio::test]
async fn depth_0_is_all_of_it_with_branches_and_tags() {
    let source = history();
    source.git(&["update-ref", "refs/remotes/origin/main", "v1"]);
    let (_, folder) = checkout(&source, 0).await;
    let refs = git_in(folder.path(), &["for-each-ref", "--format=%(refname) %(objecttype)"]);
    assert_eq!(
        refs,
        "refs/heads/main commit\nrefs/remotes/origin/far commit\nrefs/remotes/origin/main commit\n\
         refs/remotes/origin/side commit\nrefs/tags/v1 commit\nrefs/tags/v2 tag"
    );
    let git = |args: &[&str]| git_in(folder.path(), args);
    assert_eq!(
        git(&["rev-parse", "origin/main"]),
        source.git(&["rev-parse", "main"]),
        "the run's own commit counts as pushed"
    );
    assert_eq!(git(&["rev-list", "--count", "--all"]), source.git(&["rev-list", "--count", "--all"]));
    assert_eq!(git(&["describe"]), "v2");
    assert_eq!(git(&["rev-parse", "--is-shallow-repository"]), "false");
}

#[tokio::test]
async fn packed_objects_are_all_that_the_checkout_knows_of_and_no_more() {
    let source = history();
    source.write(&[("staged", "not committed yet")]);
    source.git(&["add", "staged"]);
    let scratch = tempfile::tempdir().unwrap();
    for depth in [1, 2, 0] {
        let repository = repository(source.path()).await;
        let tree =
            WorkingTree::of_repository(&Git::default(), &repository, depth, Objects::Packed(scratch.path()))
                .await
                .unwrap();
        let copy = materialise(&tree);
        drop(tree);
        assert_eq!(scratch.path().read_dir().unwrap().count(), 0, "nothing of it is left");
        let git = |args: &[&str]| git_in(copy.path(), args);
        git(&["fsck", "--connectivity-only"]);
        assert_eq!(git(&["status", "--porcelain"]), "A  staged");
        assert_eq!(git(&["show", ":staged"]), "not committed yet");
        let cloned = tempfile::tempdir().unwrap();
        let url = format!("file://{}", source.path().display());
        let limit = format!("--depth={depth}");
        let words = ["clone", "-q", "--single-branch", &url, "."];
        let words = words.into_iter().chain((depth > 0).then_some(limit.as_str()));
        git_in(cloned.path(), &words.collect::<Vec<_>>());
        let log = ["log", "--format=%H %P", "--topo-order"];
        assert_eq!(git(&log), git_in(cloned.path(), &log), "depth {depth}");
        let objects = git(&["count-objects", "-v"]);
        assert!(
            depth != 1 || objects.contains("in-pack: 7\n"),
            "a commit, two trees, three files, a staged one: {objects}"
        );
    }
}

#[tokio::test]
async fn a_detached_tag_is_the_only_ref_of_its_checkout() {
    let source = history();
    source.git(&["checkout", "-q", "v2"]);
    let (_, folder) = checkout(&source, 1).await;
    assert_eq!(git_in(folder.path(), &["for-each-ref", "--format=%(refname)"]), "refs/tags/v2");
    assert_eq!(git_in(folder.path(), &["describe"]), "v2");
    assert_eq!(git_in(folder.path(), &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn a_checkout_reads_no_tags_and_starts_one_process() {
    let source = history();
    let commit = source.git(&["rev-parse", "HEAD"]);
    let packed: String = (0..3000).map(|n| format!("{commit} refs/tags/t{n:05}\n")).collect();
    std::fs::write(source.path().join(".git/packed-refs"), packed).unwrap();
    let repository = repository(source.path()).await;
    for (depth, processes) in [(1, 1), (3, 2), (0, 2)] {
        let witness = Witness::new();
        WorkingTree::of_repository(&witness.git, &repository, depth, Objects::Borrowed).await.unwrap();
        assert_eq!(witness.calls().len(), processes, "depth {depth}: {:?}", witness.calls());
        assert_eq!(witness.count("for-each-ref"), usize::from(depth == 0));
    }
}

#[tokio::test]
async fn work_trees_and_borrowed_or_shallow_sources_can_be_checked_out() {
    let source = history();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    source.git(&["worktree", "add", "-q", path.join("linked").to_str().unwrap(), "side"]);
    let here = source.path().to_str().unwrap();
    git_in(&path, &["clone", "-q", "--shared", here, "borrowed"]);
    git_in(&path, &["clone", "-q", "--shared", "borrowed", "twice"]);
    git_in(&path, &["clone", "-q", "--depth=2", &format!("file://{here}"), "shallow"]);
    source.git(&["config", "uploadpack.allowFilter", "true"]);
    git_in(&path, &["clone", "-q", "--filter=blob:none", &format!("file://{here}"), "partial"]);
    git_in(&path, &["clone", "-q", here, "sparse"]);
    git_in(&path.join("sparse"), &["sparse-checkout", "set", "--sparse-index", "nothing"]);
    let kinds = [
        ("linked", "2"),
        ("borrowed", "4"),
        ("twice", "4"),
        ("shallow", "3"),
        ("partial", "4"),
        ("sparse", "4"),
    ];
    let scratch = tempfile::tempdir().unwrap();
    let both = |kind| [Objects::Borrowed, Objects::Packed(scratch.path())].map(|objects| (kind, objects));
    for ((name, commits), objects) in kinds.into_iter().flat_map(both) {
        let repository = repository(&path.join(name)).await;
        for depth in [0, 50] {
            let tree =
                WorkingTree::of_repository(&Git::default(), &repository, depth, objects).await.unwrap();
            let copy = materialise(&tree);
            let borrows = copy.path().join(".git/objects/info/alternates").exists();
            assert_eq!(borrows, objects == Objects::Borrowed);
            assert_eq!(git_in(copy.path(), &["status", "--porcelain"]), "", "{name}");
            assert_eq!(git_in(copy.path(), &["rev-list", "--count", "HEAD"]), commits, "{name} {depth}");
            git_in(copy.path(), &["fsck", "--connectivity-only"]);
        }
    }
}

#[tokio::test]
async fn submodules_and_repositories_inside_follow_the_same_rule() {
    let inner = Fixture::new();
    inner.commit(&[("lib", "1"), (".gitignore", "built\n")]);
    let source = history();
    let url = inner.path().to_str().unwrap();
    source.git(&["submodule", "-q", "add", url, "deps/inner"]);
    source.git(&["submodule", "-q", "add", url, "deps/empty"]);
    source.commit(&[]);
    source.git(&["submodule", "-q", "deinit", "-f", "deps/empty"]);
    source.write(&[("deps/inner/built", "x"), ("deps/inner/more", "x")]);
    let nested = Fixture::at(source.path().join("nested"));
    nested.commit(&[("n", "1")]);
    std::fs::create_dir_all(source.path().join("broken")).unwrap();
    source.write(&[("broken/.git", "gitdir: /no/such\n"), ("broken/file", "x")]);
    let (tree, folder) = checkout(&source, 1).await;
    let expected = [
        ".gitignore",
        ".gitmodules",
        "a",
        "broken/file",
        "c",
        "deps/empty/",
        "deps/inner/.gitignore",
        "deps/inner/lib",
        "deps/inner/more",
        "nested/n",
        "sub/b",
    ];
    let listed = files(&tree);
    // What git makes of a broken repository inside differs between its versions.
    let listed: Vec<&str> =
        listed.iter().map(String::as_str).filter(|name| !name.starts_with("broken")).collect();
    assert_eq!(listed, expected.into_iter().filter(|name| !name.starts_with("broken")).collect::<Vec<_>>());
    assert_eq!(git_in(folder.path(), &["diff", "--stat"]), "");
}

#[tokio::test]
async fn a_folder_replaced_by_a_link_leads_nobody_outside() {
    let source = history();
    std::fs::remove_dir_all(source.path().join("sub")).unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("b"), "outside").unwrap();
    std::os::unix::fs::symlink(outside.path(), source.path().join("sub")).unwrap();
    let (tree, _folder) = checkout(&source, 1).await;
    let link = format!("sub -> {}", outside.path().display());
    assert_eq!(files(&tree), [".gitignore", "a", "c", link.as_str()]);
    for path in ["sub/b", "../x", "/etc/passwd", "sub", "nope", ""] {
        assert!(tree.open(path).is_err(), "{path}");
        assert_eq!(tree.file_path(path), None, "{path}");
    }
}

#[tokio::test]
async fn names_that_are_no_text_are_left_out_and_told() {
    use std::os::unix::ffi::OsStrExt;
    let source = history();
    std::fs::write(source.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "x").unwrap();
    let (tree, _folder) = checkout(&source, 1).await;
    assert_eq!(tree.left_out(), ["caf\u{fffd}"]);
}

#[tokio::test]
async fn an_unborn_repository_can_be_checked_out() {
    let source = Fixture::new();
    source.write(&[("a", "1")]);
    let (tree, folder) = checkout(&source, 1).await;
    assert_eq!(files(&tree), ["a"]);
    assert_eq!(git_in(folder.path(), &["status", "--porcelain"]), "?? a");
    assert!(tree.id().0.starts_with("unborn+"));
}

#[tokio::test]
async fn a_split_index_and_odd_settings_survive() {
    let source = history();
    source.git(&["update-index", "--split-index"]);
    source.git(&["config", "core.filemode", "false"]);
    source.git(&["config", "core.hooksPath", "/no/such \"hooks\""]);
    let (tree, folder) = checkout(&source, 1).await;
    assert!(names(&tree).iter().any(|name| name.starts_with(".git/sharedindex.")));
    assert_eq!(git_in(folder.path(), &["status", "--porcelain"]), "");
    assert_eq!(git_in(folder.path(), &["config", "core.filemode"]), "false");
}

#[tokio::test]
async fn the_id_changes_with_the_files() {
    let source = history();
    let head = source.git(&["rev-parse", "HEAD"]);
    let (first, _) = checkout(&source, 1).await;
    let (again, _) = checkout(&source, 1).await;
    assert_eq!(first.id(), again.id());
    assert!(first.id().0.starts_with(&format!("{head}+")));
    source.write(&[("a", "other bytes")]);
    let (changed, _) = checkout(&source, 1).await;
    assert_ne!(first.id(), changed.id());
    let (deeper, _) = checkout(&source, 2).await;
    assert_ne!(changed.id(), deeper.id());
}

#[tokio::test]
async fn a_folder_outside_of_git_is_copied_but_for_what_it_ignores() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    for (path, text) in [
        ("../.gitignore", "kept\n"),
        (".gitignore", "*.log\n/out/\n"),
        ("kept", "1"),
        (".hidden/file", "1"),
        ("x.log", "1"),
        ("out/y", "1"),
        ("sub/.gitignore", "!keep.log\nz\n"),
        ("sub/keep.log", "1"),
        ("sub/z", "1"),
        ("sub/a-b", "1"),
        ("sub-2", "1"),
        (".git/junk", "1"),
    ] {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::create_dir_all(root.join("empty/inner")).unwrap();
    let tree = WorkingTree::of_folder(root).await.unwrap();
    assert_eq!(
        names(&tree),
        [
            ".gitignore",
            ".hidden/file",
            "empty/inner/",
            "kept",
            "sub-2",
            "sub/.gitignore",
            "sub/a-b",
            "sub/keep.log"
        ]
    );
    materialise(&tree);
}

#[test]
fn a_living_folder_is_all_of_it_but_its_git() {
    let source = history();
    source.write(&[("ignored", "x"), ("run", "x")]);
    executable(&source.path().join("run"));
    std::fs::create_dir_all(source.path().join("empty")).unwrap();
    let tree = DirTree::living(source.path().to_owned()).unwrap();
    assert_eq!(names(&tree), [".gitignore", "a", "c", "empty/", "ignored", "run*", "sub/b"]);
    assert_eq!(tree.shared_folder(), None);
    assert_eq!(tree.file_path("../x"), None);
    assert!(tree.open("/etc/passwd").is_err());
    materialise(&tree);
    let before = tree.id();
    source.write(&[("ignored", "longer")]);
    assert_ne!(DirTree::living(source.path().to_owned()).unwrap().id(), before);
}
