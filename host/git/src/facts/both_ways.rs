//! What is read of a repository is what git answers: git itself is the truth.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::read::{LEADING_ELSEWHERE, Surroundings, Unusual};
use super::{Found, ask, read};
use crate::program::GitError;
use crate::testing::{Fixture, Witness, git_in};

/// A home, a machine's configuration, variables: the same to both.
struct World {
    folder: TempDir,
    variables: HashMap<String, OsString>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        Self { folder, variables: HashMap::from([("HOME".to_owned(), home.into())]) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Writes a file at home.
    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    fn read(&self, folder: &Path) -> Result<Option<Found>, Unusual> {
        let variable = |name: &str| self.variables.get(name).cloned();
        let surroundings = Surroundings { machine: Some(self.path("machine")), variable: &variable };
        read::found(&surroundings, folder, "origin")
    }

    async fn ask(&self, folder: &Path) -> Result<Option<Found>, GitError> {
        let mut exports =
            format!("unset PWD XDG_CONFIG_HOME GIT_CONFIG_NOSYSTEM {}\n", LEADING_ELSEWHERE.join(" "));
        if !self.variables.contains_key("GIT_CONFIG_NOSYSTEM") {
            writeln!(exports, "export GIT_CONFIG_SYSTEM={}", self.path("machine").display()).unwrap();
        }
        for (name, value) in &self.variables {
            writeln!(exports, "export {name}='{}'", value.display()).unwrap();
        }
        ask::found(&Witness::doing(&exports).git, folder, "origin").await
    }

    /// Expects something to be read, and git to say the same.
    async fn same(&self, name: &str, folder: &Path) -> Option<Found> {
        let read = self.read(folder).unwrap_or_else(|Unusual| panic!("{name} is nothing unusual"));
        assert_eq!(Ok(&read), self.ask(folder).await.as_ref(), "{name}");
        read
    }
}

fn with_remote(source: &Fixture) -> String {
    let commit = source.commit(&[("sub/a", "1")]);
    source.git(&["remote", "add", "origin", "https://u:p@github.com/octo/app.git"]);
    source.git(&["update-ref", "refs/remotes/origin/trunk", &commit]);
    source.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
    commit
}

#[tokio::test]
async fn a_plain_repository_is_the_same_both_ways() {
    type Make = fn(&Fixture, &str);
    let table: [(&str, Make); 22] = [
        ("plain", |_, _| ()),
        ("unborn", |source, _| drop(source.git(&["checkout", "-q", "--orphan", "new/one"]))),
        ("at a tag", |source, _| {
            source.git(&["tag", "-a", "v1", "-m", "x"]);
            source.git(&["checkout", "-q", "v1"]);
        }),
        ("at a commit", |source, commit| drop(source.git(&["checkout", "-q", commit]))),
        ("packed", |source, _| {
            source.git(&["tag", "-a", "v1", "-m", "x"]);
            source.git(&["pack-refs", "--all"]);
        }),
        ("packed before ids were peeled", |source, commit| {
            source.git(&["pack-refs", "--all"]);
            let lines: String = (0..300).map(|n| format!("{commit} refs/tags/v{n}\n")).collect();
            let text = format!("{lines}{commit} refs/heads/main\n{commit} refs/remotes/origin/trunk\n");
            fs::write(source.path().join(".git/packed-refs"), text).unwrap();
        }),
        ("a name for a name", |source, _| {
            source.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
            source.git(&["symbolic-ref", "HEAD", "refs/heads/alias"]);
        }),
        ("a name for a branch to come", |source, _| {
            source.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/later"]);
            source.git(&["symbolic-ref", "HEAD", "refs/heads/alias"]);
        }),
        ("HEAD by the name of a tag", |source, _| {
            source.git(&["tag", "v1"]);
            fs::write(source.path().join(".git/HEAD"), "ref: refs/tags/v1\n").unwrap();
        }),
        ("a branch with a folder of its name", |source, _| {
            source.git(&["checkout", "-q", "-b", "a/b/c"]);
            source.git(&["pack-refs", "--all"]);
            fs::create_dir_all(source.path().join(".git/refs/heads/a/b/c")).unwrap();
        }),
        ("no default branch", |source, _| {
            drop(source.git(&["symbolic-ref", "-d", "refs/remotes/origin/HEAD"]))
        }),
        ("a default branch that is gone", |source, _| {
            drop(source.git(&["update-ref", "-d", "refs/remotes/origin/trunk"]));
        }),
        ("a default branch that is a commit", |source, commit| {
            fs::write(source.path().join(".git/refs/remotes/origin/HEAD"), format!("{commit}\n")).unwrap();
        }),
        ("a branch named as the remote's HEAD would be", |source, commit| {
            source.git(&["symbolic-ref", "-d", "refs/remotes/origin/HEAD"]);
            source.git(&["update-ref", "refs/heads/origin/HEAD", commit]);
        }),
        ("no remote", |source, _| drop(source.git(&["remote", "remove", "origin"]))),
        ("two URLs and a short form", |source, _| {
            source.git(&["remote", "set-url", "origin", "gh:octo/app"]);
            source.git(&["remote", "set-url", "--add", "origin", "gh:octo/other"]);
            source.git(&["config", "url.https://github.com/.insteadOf", "gh:"]);
        }),
        ("a partial clone", |source, _| {
            source.git(&["config", "remote.origin.promisor", "true"]);
            source.git(&["config", "remote.origin.partialclonefilter", "blob:none"]);
            source.git(&["config", "extensions.partialClone", "origin"]);
        }),
        ("a configuration of the work tree", |source, _| {
            source.git(&["config", "extensions.worktreeConfig", "true"]);
            source.git(&["config", "core.autocrlf", "input"]);
            source.git(&["config", "--worktree", "core.autocrlf", "true"]);
        }),
        ("a configuration of the work tree that nobody asked for", |source, _| {
            fs::write(source.path().join(".git/config.worktree"), "[core]\n\tautocrlf = true\n").unwrap();
        }),
        ("the work tree by its name", |source, _| drop(source.git(&["config", "core.worktree", ".."]))),
        ("an include", |source, _| {
            source.git(&["config", "include.path", "more"]);
            fs::write(source.path().join(".git/more"), "[core]\n\tautocrlf = input\n").unwrap();
            source.git(&["config", "core.eol", "lf"]);
        }),
        ("a configuration by hand", |source, _| {
            let config = source.path().join(".git/config");
            let mut text = fs::read_to_string(&config).unwrap();
            // Comments, quotes, a line that goes on, capitals, a section of old.
            text.push_str(
                "# a\n[CORE] AutoCRLF = \"in\"put ; b\n\tsymlinks=yes\n[remote.origin]\n\turl = x\n",
            );
            text.push_str("[remote \"ori\\\"gin\"] url = y\n[core]\n\teol = l\\\nf # c\n\tfileMode =\n");
            fs::write(config, text.replace('\n', "\r\n")).unwrap();
        }),
    ];
    for (name, make) in table {
        let source = Fixture::new();
        let commit = with_remote(&source);
        make(&source, &commit);
        let world = World::new();
        for folder in ["", "sub"] {
            let found = world.same(name, &source.path().join(folder)).await.expect(name);
            assert_eq!(found.root, source.path(), "{name}");
        }
        // By a link, too.
        let link = world.path("link");
        std::os::unix::fs::symlink(source.path(), &link).unwrap();
        world.same(name, &link).await;
    }
}

#[tokio::test]
async fn other_places_of_a_repository_are_the_same_both_ways() {
    let inner = Fixture::new();
    inner.commit(&[("lib", "1")]);
    let outer = Fixture::new();
    with_remote(&outer);
    outer.git(&["submodule", "-q", "add", inner.path().to_str().unwrap(), "deps/inner"]);
    outer.commit(&[]);
    let world = World::new();
    let found = world.same("submodule", &outer.path().join("deps/inner")).await.unwrap();
    assert_eq!(found.git_dir, outer.path().join(".git/modules/deps/inner"));

    let side = world.path("side");
    outer.git(&["worktree", "add", "-q", "-b", "side", side.to_str().unwrap()]);
    for (key, value) in [("extensions.worktreeConfig", "true"), ("core.eol", "lf")] {
        world.same("linked", &side).await.unwrap();
        outer.git(&["config", key, value]);
    }
    git_in(&side, &["config", "--worktree", "core.eol", "crlf"]);
    let found = world.same("linked, with its own configuration", &side).await.unwrap();
    assert_eq!(
        (found.common_dir, found.settings.carried["core.eol"].as_str()),
        (outer.path().join(".git"), "crlf")
    );
    world.same("unlike the main one", outer.path()).await;

    let bare = world.path("bare.git");
    git_in(outer.path(), &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let tree = world.path("of-bare");
    git_in(&bare, &["worktree", "add", "-q", tree.to_str().unwrap()]);
    let found = world.same("linked to a bare one", &tree).await.unwrap();
    assert_eq!((found.root, found.common_dir), (tree, bare));

    let away = world.path("away.git");
    let path = away.to_str().unwrap();
    let split = Fixture::new();
    git_in(split.path(), &["init", "-q", "--separate-git-dir", path]);
    split.commit(&[("a", "1")]);
    assert_eq!(world.same("separate", split.path()).await.unwrap().git_dir, away);
    fs::remove_file(split.path().join(".git")).unwrap();
    std::os::unix::fs::symlink(&away, split.path().join(".git")).unwrap();
    assert_eq!(world.same("by a link", split.path()).await.unwrap().git_dir, away);
}

#[tokio::test]
async fn ids_of_both_kinds_are_the_same_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    git_in(&path, &["init", "-q", "-b", "main", "--object-format=sha256"]);
    git_in(&path, &["commit", "-q", "--allow-empty", "-m", "x"]);
    git_in(&path, &["tag", "v1"]);
    git_in(&path, &["pack-refs", "--all"]);
    let found = World::new().same("sha256", &path).await.unwrap();
    assert_eq!(found.commit.unwrap().len(), 64);
    assert_eq!(found.settings.carried["extensions.objectformat"], "sha256");
}

#[tokio::test]
async fn no_repository_is_the_same_both_ways() {
    let world = World::new();
    assert_eq!(world.same("nowhere", &world.path("")).await, None);
}

#[tokio::test]
async fn the_configuration_of_user_and_machine_is_the_same_both_ways() {
    let source = Fixture::new();
    with_remote(&source);
    source.git(&["checkout", "-q", "-b", "feature/x"]);
    let at = source.path().to_str().unwrap();
    let included = |condition: &str| {
        let text = format!("[core]\n\teol = crlf\n[includeIf \"{condition}\"]\n\tpath = ~/more\n");
        vec![(".gitconfig", text), ("more", "[core]\n\teol = lf\n".to_owned())]
    };
    let sets = |file, eol| (file, format!("[core]\n\teol = {eol}\n"));
    for (files, expected) in [
        (vec![], ""),
        (vec![sets("machine", "lf")], "lf"),
        (vec![sets("machine", "lf"), sets(".config/git/config", "crlf")], "crlf"),
        (
            vec![sets("machine", "lf"), sets(".config/git/config", "crlf"), sets(".gitconfig", "native")],
            "native",
        ),
        (vec![("machine", "[include]\n\tpath = more\n".to_owned()), sets("more", "lf")], "lf"),
        (included(&format!("gitdir:{at}/")), "lf"),
        (included(&format!("gitdir:{at}")), "crlf"),
        (included(&format!("gitdir/i:{}/.GIT", at.to_uppercase())), "lf"),
        (included("gitdir:~/"), "crlf"),
        (included("gitdir:/**/.git"), "lf"),
        (included("onbranch:feature/"), "lf"),
        (included("onbranch:feature/*"), "lf"),
        (included("onbranch:main"), "crlf"),
    ] {
        let world = World::new();
        files.iter().for_each(|(name, text)| world.write(name, text));
        let found = world.same(&format!("{files:?}"), source.path()).await.unwrap();
        assert_eq!(found.settings.carried.get("core.eol").map_or("", String::as_str), expected, "{files:?}");
    }
}

#[tokio::test]
async fn variables_say_where_the_configuration_is() {
    let source = Fixture::new();
    let world = World::new();
    world.write("machine", "[core]\n\teol = lf\n");
    world.write("xdg/git/config", "[core]\n\tautocrlf = input\n");
    let xdg = world.path("xdg");
    let found = world.with("XDG_CONFIG_HOME", xdg).with("GIT_CONFIG_NOSYSTEM", "1");
    let found = found.same("variables", source.path()).await.unwrap();
    assert_eq!(found.settings.carried["core.autocrlf"], "input");
    assert_eq!(found.settings.carried.get("core.eol"), None);
    World::new().with("XDG_CONFIG_HOME", "").same("empty", source.path()).await.unwrap();
}

#[tokio::test]
async fn a_home_by_another_name_is_the_same_both_ways() {
    let world = World::new();
    let source = Fixture::at(world.path("real/work/app"));
    std::os::unix::fs::symlink(world.path("real"), world.path("home")).unwrap();
    world.write("real/.gitconfig", "[includeIf \"gitdir:~/work/\"]\n\tpath = ~/more\n");
    world.write("real/more", "[core]\n\teol = lf\n");
    let home = world.path("home");
    let found = world.with("HOME", home).same("a link", source.path()).await.unwrap();
    assert_eq!(found.settings.carried["core.eol"], "lf");
}

/// Git takes the shell's name for where it is, if that is true, for another name of the repository.
#[tokio::test]
async fn a_folder_by_the_name_that_the_shell_has_for_it_is_left_to_git() {
    let world = World::new();
    let source = Fixture::at(world.path("real/app"));
    std::os::unix::fs::symlink(world.path("real"), world.path("link")).unwrap();
    let [real, link] = ["real/app", "link/app"].map(|name| world.path(name));
    let condition = format!("[includeIf \"gitdir:{}/\"]\n\tpath = ~/more\n", link.display());
    world.write(".gitconfig", &condition);
    world.write("more", "[core]\n\teol = lf\n");
    let world = world.with("PWD", real);
    assert!(!world.same("real", source.path()).await.unwrap().settings.carried.contains_key("core.eol"));
    let world = world.with("PWD", link);
    assert_eq!(world.read(source.path()), Err(Unusual));
}

#[tokio::test]
async fn what_could_be_read_otherwise_is_left_to_git() {
    type Make = fn(&Fixture);
    let table: [(&str, Make); 16] = [
        ("broken", |source| append(source, "[core\n")),
        ("a format to come", |source| drop(source.git(&["config", "core.repositoryFormatVersion", "2"]))),
        ("refs in a table", |source| {
            append(source, "[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefstorage = reftable\n");
        }),
        ("ids of a format of old", |source| append(source, "[extensions]\n\tobjectformat = sha1\n")),
        ("bare", |source| drop(source.git(&["config", "core.bare", "true"]))),
        ("nobody knows if bare", |source| drop(source.git(&["config", "core.bare", "perhaps"]))),
        ("a key alone", |source| append(source, "[core]\n\tsymlinks\n")),
        ("a value without =", |source| append(source, "[core]\n\tautocrlf true\n")),
        ("a tab", |source| append(source, "[remote \"origin\"]\n\turl = a\tb\n")),
        ("nobody knows what", |source| drop(source.git(&["config", "core.autocrlf", "perhaps"]))),
        ("a work tree elsewhere", |source| drop(source.git(&["config", "core.worktree", "../.."]))),
        ("a condition about a remote", |source| {
            append(source, "[includeIf \"hasconfig:remote.*.url:*\"]\n\tpath = more\n");
        }),
        ("a condition about here", |source| append(source, "[includeIf \"gitdir:./\"]\n\tpath = more\n")),
        ("a condition in small letters", |source| {
            append(source, "[includeif \"gitdir:/\"]\n\tpath = more\n")
        }),
        ("two includes in one", |source| append(source, "[include]\n\tpath = a\n\tpath = b\n")),
        ("HEAD by a link", |source| {
            let head = source.path().join(".git/HEAD");
            fs::remove_file(&head).unwrap();
            std::os::unix::fs::symlink("refs/heads/main", head).unwrap();
        }),
    ];
    for (name, make) in table {
        let source = Fixture::new();
        source.commit(&[("a", "1")]);
        make(&source);
        assert_eq!(World::new().read(source.path()), Err(Unusual), "{name}");
    }
    let source = Fixture::new();
    for name in ["GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL", "GIT_CEILING_DIRECTORIES"] {
        assert_eq!(World::new().with(name, "0").read(source.path()), Err(Unusual), "{name}");
    }
    assert_eq!(World::new().read(&source.path().join(".git")), Err(Unusual), "inside");
}

fn append(source: &Fixture, text: &str) {
    let config = source.path().join(".git/config");
    fs::write(&config, fs::read_to_string(&config).unwrap() + text).unwrap();
}

#[tokio::test]
async fn what_belongs_to_another_user_is_gits_to_refuse() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for part in ["", ".git"] {
        let source = Fixture::new();
        source.commit(&[("a", "1")]);
        let world = World::new();
        std::os::unix::fs::chown(source.path().join(part), Some(12345), None).unwrap();
        assert_eq!(world.read(source.path()), Err(Unusual), "{part}");
        let refused = world.ask(source.path()).await;
        assert!(matches!(refused, Err(GitError::DubiousOwnership { .. })), "{refused:?}");
        let at = source.path().display();
        world.write(".gitconfig", &format!("[safe]\n\tdirectory = {at}\n"));
        assert!(world.ask(source.path()).await.unwrap().is_some());
    }
}
