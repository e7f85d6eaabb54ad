use std::process::Command;
use std::time::Duration;

use act_core::control::ActionError;
use tempfile::TempDir;

use super::*;
use crate::testing::{Access, Fixture, GitServer, Witness, names};

/// `octo/tool` with v1 (annotated), v2 (light) and main, below a folder that servers can serve.
struct World {
    folder: TempDir,
    tool: Fixture,
    first: String,
    second: String,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tool = Fixture::at(folder.path().join("served/octo/tool"));
        let first = tool.commit(&[
            ("action.yml", "name: one"),
            ("sub/action.yaml", "name: sub"),
            ("docker/Dockerfile", "FROM x"),
            (".github/workflows/w.yml", "on: push"),
            ("dist/index.js", "1"),
        ]);
        tool.git(&["tag", "-a", "v1", "-m", "one"]);
        let second = tool.commit(&[("action.yml", "name: two")]);
        tool.git(&["tag", "v2"]);
        Self { folder, tool, first, second }
    }

    fn served(&self) -> PathBuf {
        self.folder.path().join("served")
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn file_url(&self) -> String {
        format!("file://{}", self.served().display())
    }

    fn options(&self, server: &str) -> StoreOptions {
        StoreOptions {
            root: self.root(),
            server: Server::parse(server).unwrap(),
            token: None,
            offline: false,
            local: Vec::new(),
        }
    }

    /// What the store holds of the tool.
    fn stored(&self, server: &str) -> Vec<String> {
        let folder =
            RepositoryFolder::of(&self.root(), &Server::parse(server).unwrap(), &uses("octo/tool@x"));
        let mut names: Vec<String> = std::fs::read_dir(folder.commit(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn store(git: &Git, options: StoreOptions) -> ActionStore {
    ActionStore::new(git.clone(), options, |notice| panic!("{notice:?}"))
}

fn uses(text: &str) -> RemoteUses {
    let (name, reference) = text.split_once('@').unwrap();
    let mut parts = name.splitn(3, '/').map(str::to_owned);
    RemoteUses {
        owner: parts.next().unwrap(),
        repository: parts.next().unwrap(),
        path: parts.next().unwrap_or_default(),
        reference: reference.to_owned(),
    }
}

async fn failure(store: &ActionStore, text: &str) -> StoreError {
    match store.action(&uses(text)).await {
        Ok(action) => panic!("{text} is {}", action.commit),
        Err(error) => error,
    }
}

#[tokio::test]
async fn every_kind_of_reference_names_its_commit() {
    let world = World::new();
    let server = GitServer::start(&world.served(), Access::Public);
    for url in [server.url(), &world.file_url()] {
        let store = store(&Git::default(), world.options(url));
        for (reference, commit) in [
            ("v1", &world.first),
            ("v2", &world.second),
            ("main", &world.second),
            ("refs/heads/main", &world.second),
            ("refs/tags/v1", &world.first),
            (world.first.as_str(), &world.first),
            (world.second.to_ascii_uppercase().as_str(), &world.second),
        ] {
            let action = store.action(&uses(&format!("octo/tool@{reference}"))).await.unwrap();
            assert_eq!(&action.commit, commit, "{url} {reference}");
            assert_eq!(action.tree.id().0, *commit);
        }
    }
}

#[tokio::test]
async fn an_action_comes_with_its_files_and_manifest() {
    let world = World::new();
    let store = store(&Git::default(), world.options(&world.file_url()));
    let action = store.action(&uses("octo/tool@v1")).await.unwrap();
    let files =
        [".github/workflows/w.yml", "action.yml", "dist/index.js", "docker/Dockerfile", "sub/action.yaml"];
    assert_eq!(names(action.tree.as_ref()), files);
    assert!(action.tree.shared_folder().unwrap().join("dist/index.js").is_file());
    for (name, manifest) in [
        ("octo/tool@v1", Some(("action.yml", "name: one"))),
        ("octo/tool/sub@v1", Some(("action.yaml", "name: sub"))),
        ("octo/tool/docker/@v1", Some(("Dockerfile", "FROM x"))),
        ("octo/tool/dist@v1", None),
        ("octo/tool/nope@v1", None),
        ("octo/tool/../..@v1", None),
    ] {
        let found = store.action(&uses(name)).await.unwrap().manifest;
        let manifest = manifest.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        assert_eq!(found, manifest, "{name}");
    }
}

#[tokio::test]
async fn a_workflow_comes_with_its_commit() {
    let world = World::new();
    let store = store(&Git::default(), world.options(&world.file_url()));
    let workflow = store.workflow(&uses("octo/tool/.github/workflows/w.yml@main")).await.unwrap();
    assert_eq!((workflow.commit, workflow.bytes), (world.second.clone(), b"on: push".to_vec()));
    let missing = store.workflow(&uses("octo/tool/.github/workflows/x.yml@main")).await.unwrap_err();
    assert_eq!(missing.to_string(), "`octo/tool/.github/workflows/x.yml@main`: workflow was not found.");
}

#[tokio::test]
async fn links_out_of_the_repository_are_not_read() {
    let world = World::new();
    std::os::unix::fs::symlink("/etc", world.tool.path().join("out")).unwrap();
    std::os::unix::fs::symlink("sub/action.yaml", world.tool.path().join("inside")).unwrap();
    world.tool.commit(&[]);
    let store = store(&Git::default(), world.options(&world.file_url()));
    assert!(matches!(
        store.workflow(&uses("octo/tool/out/passwd@main")).await,
        Err(StoreError::FileNotFound { .. })
    ));
    assert_eq!(store.workflow(&uses("octo/tool/inside@main")).await.unwrap().bytes, b"name: sub");
}

#[tokio::test]
async fn what_does_not_exist_is_told_in_githubs_words() {
    let world = World::new();
    let server = GitServer::start(&world.served(), Access::Public);
    let short = &world.first[..8];
    let unknown = "1".repeat(40);
    for url in [server.url(), &world.file_url()] {
        let store = store(&Git::default(), world.options(url));
        for (name, text) in [
            (
                "octo/tool@v9",
                "Unable to resolve action `octo/tool@v9`, unable to find version `v9`".to_owned(),
            ),
            (
                &format!("octo/tool@{unknown}"),
                format!("Unable to resolve action `octo/tool@{unknown}`, unable to find version `{unknown}`"),
            ),
            (
                &format!("octo/tool@{short}"),
                format!(
                    "Unable to resolve action `octo/tool@{short}`, the provided ref `{short}` is the shortened version \
                     of a commit SHA, which is not supported. Please use the full commit SHA instead."
                ),
            ),
            ("octo/nope@v1", "Unable to resolve action octo/nope, repository not found".to_owned()),
        ] {
            assert_eq!(failure(&store, name).await.to_string(), text, "{url}");
        }
    }
}

#[tokio::test]
async fn names_that_are_none_never_reach_git() {
    let world = World::new();
    let witness = Witness::new();
    let store = store(&witness.git, world.options(&world.file_url()));
    for name in ["../tool@v1", "octo/..@v1", "oc to/tool@v1", "-x/to:ol@v1"] {
        let error = failure(&store, name).await;
        assert_eq!(
            error.to_string(),
            format!("Expected format {{org}}/{{repo}}[/path]@ref. Actual '{name}'")
        );
    }
    for reference in ["-x", "a:b", "^main", "a*", "a..b", "a b", "@{0}", "a\nb", "", "/a", "a/"] {
        let error = failure(&store, &format!("octo/tool@{reference}")).await;
        assert!(matches!(error, StoreError::VersionNotFound { .. }), "{reference}: {error}");
    }
    assert_eq!(witness.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_commit_in_the_store_needs_no_git_and_a_known_one_no_checkout() {
    let world = World::new();
    let url = world.file_url();
    let first = Witness::new();
    store(&first.git, world.options(&url)).action(&uses("octo/tool@v1")).await.unwrap();
    assert_eq!((first.count("fetch"), first.count("rev-parse"), first.count("read-tree")), (1, 1, 1));

    let again = Witness::new();
    let next_run = store(&again.git, world.options(&url));
    next_run.action(&uses(&format!("octo/tool@{}", world.first))).await.unwrap();
    assert_eq!(again.calls(), Vec::<String>::new());
    next_run.action(&uses("octo/tool@v1")).await.unwrap();
    next_run.action(&uses("OCTO/tool/sub@v1")).await.unwrap();
    assert_eq!((again.calls().len(), again.count("fetch")), (1, 1));
}

#[tokio::test]
async fn references_move_between_runs_but_not_within_one() {
    let world = World::new();
    let options = world.options(&world.file_url());
    let run = store(&Git::default(), options.clone());
    assert_eq!(run.action(&uses("octo/tool@main")).await.unwrap().commit, world.second);
    let third = world.tool.commit(&[("action.yml", "name: three")]);
    world.tool.git(&["tag", "-f", "-a", "v1", "-m", "moved"]);
    assert_eq!(run.action(&uses("octo/tool@main")).await.unwrap().commit, world.second);
    let offline = store(&Git::default(), StoreOptions { offline: true, ..options.clone() });
    assert_eq!(offline.action(&uses("octo/tool@main")).await.unwrap().commit, world.second);
    let next = store(&Git::default(), options);
    for reference in ["main", "v1"] {
        let action = next.action(&uses(&format!("octo/tool@{reference}"))).await.unwrap();
        assert_eq!(action.commit, third, "{reference}");
    }
}

#[tokio::test]
async fn offline_uses_what_is_there_and_asks_nobody() {
    let world = World::new();
    let options = world.options(&world.file_url());
    store(&Git::default(), options.clone()).action(&uses("octo/tool@v1")).await.unwrap();
    std::fs::remove_dir_all(world.served()).unwrap();
    let witness = Witness::new();
    let offline = store(&witness.git, StoreOptions { offline: true, ..options });
    for reference in ["v1", &world.first] {
        let action = offline.action(&uses(&format!("octo/tool@{reference}"))).await.unwrap();
        assert_eq!(action.commit, world.first);
        assert_eq!(action.manifest.unwrap().1, b"name: one");
    }
    for name in ["octo/tool@v2", "octo/other@v1", &format!("octo/tool@{}", world.second)] {
        let error = failure(&offline, name).await;
        assert_eq!(error, StoreError::NotFetched { source_name: name.to_owned() });
    }
    assert_eq!(witness.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_network_the_server_is_named() {
    let world = World::new();
    let store = store(&Git::default(), world.options("http://127.0.0.1:1"));
    let message = ActionError::from(failure(&store, "octo/tool@v1").await).message;
    assert!(
        message.starts_with("could not reach http://127.0.0.1:1/octo/tool: fatal: unable to access"),
        "{message}"
    );
    assert!(message.ends_with("(what was fetched before can be used in offline mode)"), "{message}");
}

#[tokio::test]
async fn a_revoked_token_does_not_stand_before_a_public_repository() {
    let world = World::new();
    let server = GitServer::start(&world.served(), Access::PublicWithoutToken);
    let notices = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&notices);
    let witness = Witness::new();
    let token = Some(Secret::new("ghp_revoked".to_owned()));
    let options = StoreOptions { token, ..world.options(server.url()) };
    let store =
        ActionStore::new(witness.git.clone(), options, move |notice| seen.lock().unwrap().push(notice));
    assert_eq!(store.action(&uses("octo/tool@v1")).await.unwrap().commit, world.first);
    assert_eq!(store.action(&uses("octo/tool@v2")).await.unwrap().commit, world.second);
    let error = failure(&store, "octo/tool@v9").await;
    assert!(matches!(error, StoreError::VersionNotFound { .. }), "{error}");
    let notices = notices.lock().unwrap();
    assert_eq!(notices.len(), 1, "{notices:?}");
    let Notice::TokenRefused { url, reason } = &notices[0];
    assert_eq!(url, &format!("{}/octo/tool", server.url()));
    assert!(!reason.is_empty());
    let sent = server.authorizations();
    assert!(sent.iter().any(|header| header.starts_with("basic ")), "{sent:?}");
    assert!(sent.iter().any(String::is_empty), "{sent:?}");
    for call in witness.calls() {
        assert!(!call.contains("ghp_revoked") && !call.contains("basic"), "{call}");
    }
}

#[tokio::test]
async fn a_private_repository_needs_the_right_token() {
    let world = World::new();
    let server = GitServer::start(&world.served(), Access::Token);
    for (token, works) in [(Some("good"), true), (Some("bad"), false), (None, false)] {
        let token = token.map(|token| Secret::new(token.to_owned()));
        let options = StoreOptions { token, ..world.options(server.url()) };
        let answer = store(&Git::default(), options).action(&uses("octo/tool@v1")).await;
        match answer {
            Ok(action) => assert!(works && action.commit == world.first),
            Err(error) => {
                assert!(!works, "{error}");
                let message = ActionError::from(error).message;
                assert!(
                    message.starts_with("Unable to resolve action octo/tool, repository not found: "),
                    "{message}"
                );
                assert!(
                    message.ends_with("(a private repository needs a token that may read it)"),
                    "{message}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_kept_from_servers_that_anybody_can_listen_to() {
    let world = World::new();
    let witness = Witness::new();
    let token = Some(Secret::new("x".to_owned()));
    let store = store(&witness.git, StoreOptions { token, ..world.options("http://no-such-host.invalid") });
    failure(&store, "octo/tool@v1").await;
    assert_eq!(witness.count("fetch"), 1);
    assert!(witness.calls().iter().all(|call| !call.contains("--config-env")), "{:?}", witness.calls());
}

#[test]
fn the_token_is_masked_in_what_git_says() {
    let world = World::new();
    let witness = Witness::doing("echo \"fatal: $ACT_HOST_GIT_HEADER and ghp_123456 end\" >&2; exit 1");
    let token = Some(Secret::new("ghp_123456".to_owned()));
    let options = StoreOptions { token, ..world.options("https://127.0.0.1:1") };
    let store = store(&witness.git, options);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let message = ActionError::from(runtime.block_on(failure(&store, "octo/tool@v1"))).message;
    assert!(message.contains("AUTHORIZATION: basic *** and *** end"), "{message}");
}

#[tokio::test]
async fn who_asks_at_the_same_time_shares_one_fetch() {
    let world = World::new();
    let witness = Witness::new();
    let options = world.options(&world.file_url());
    let one = Arc::new(store(&witness.git, options.clone()));
    let other = Arc::new(store(&witness.git, options));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let store = Arc::clone(if number % 2 == 0 { &one } else { &other });
        tasks.spawn(async move { store.action(&uses("octo/tool@v1")).await.map(|action| action.commit) });
    }
    while let Some(answer) = tasks.join_next().await {
        assert_eq!(answer.unwrap().as_ref(), Ok(&world.first));
    }
    assert_eq!((witness.count("fetch"), witness.count("read-tree")), (2, 1));

    let failing = store(&witness.git, world.options("http://127.0.0.1:1"));
    let asks = (0..3).map(|_| failure(&failing, "octo/tool@v1"));
    let (mut first, rest) = (Vec::new(), asks.collect::<Vec<_>>());
    for ask in rest {
        first.push(ask);
    }
    let [a, b, c] = <[_; 3]>::try_from(first).ok().unwrap();
    let (a, b, c) = tokio::join!(a, b, c);
    assert!(a == b && b == c, "{a} {b} {c}");
    assert_eq!(witness.count("fetch"), 3, "the failure is shared, too");
    failure(&failing, "octo/tool@v1").await;
    assert_eq!(witness.count("fetch"), 4, "but not remembered");
}

/// Not a test by itself: what the tests below run in processes of their own.
#[tokio::test]
#[ignore = "started by tests, as another process"]
async fn another_process_fetches() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let options = StoreOptions {
        root: variable("ACT_GIT_TEST_ROOT").into(),
        server: Server::parse(&variable("ACT_GIT_TEST_SERVER")).unwrap(),
        token: None,
        offline: false,
        local: Vec::new(),
    };
    let store = store(&Git::new(variable("ACT_GIT_TEST_PROGRAM")), options);
    let action = store.action(&uses("octo/tool@v1")).await.unwrap();
    assert_eq!(action.manifest.unwrap().1, b"name: one");
}

fn another_process(world: &World, witness: &Witness, url: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "store::tests::another_process_fetches", "--ignored", "--quiet"]);
    command.env("ACT_GIT_TEST_ROOT", world.root()).env("ACT_GIT_TEST_SERVER", url);
    command.env("ACT_GIT_TEST_PROGRAM", &witness.program);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command
}

#[test]
fn processes_that_fetch_the_same_action_do_not_disturb_each_other() {
    let world = World::new();
    let server = GitServer::start(&world.served(), Access::Public);
    let witness = Witness::new();
    let processes: Vec<_> =
        (0..4).map(|_| another_process(&world, &witness, server.url()).spawn().unwrap()).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!((witness.count("fetch"), witness.count("read-tree")), (4, 1));
    let commit = &world.first;
    assert_eq!(world.stored(server.url()), sorted([commit, &format!("{commit}.completed")]));
}

/// What a store holds between runs.
fn sorted(of_commits: [&str; 2]) -> Vec<String> {
    let mut names: Vec<String> =
        ["lock", "mirror.git", "refs"].into_iter().chain(of_commits).map(str::to_owned).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_killed_fetch_leaves_nothing_that_matters() {
    let world = World::new();
    let url = world.file_url();
    // $4… differ from call to call; the mirror follows --git-dir.
    let mirror = r#"m=; for a; do [ "$p" = --git-dir ] && m=$a; p=$a; done"#;
    let in_fetch = format!(
        r#"{mirror}; case " $* " in *" fetch "*) : > "$m/shallow.lock"; : > "$m/objects/pack/tmp_pack_x"; kill -9 $PPID;; esac"#
    );
    let in_checkout = r#"case " $* " in *" read-tree "*) git "$@"; kill -9 $PPID; exit;; esac"#.to_owned();
    let at_the_end = format!(
        r#"{mirror}; case " $* " in *" read-tree "*) git "$@"; mv "$m/../partial" "$m/../{}"; kill -9 $PPID; exit;; esac"#,
        world.first
    );
    for script in [in_fetch, in_checkout, at_the_end] {
        let witness = Witness::doing(&script);
        let status = another_process(&world, &witness, &url).status().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{:?}", witness.calls());
        let offline = StoreOptions { offline: true, ..world.options(&url) };
        let error = failure(&store(&Git::default(), offline), "octo/tool@v1").await;
        assert!(matches!(error, StoreError::NotFetched { .. }), "{error}");
    }
    let action = store(&Git::default(), world.options(&url)).action(&uses("octo/tool@v1")).await.unwrap();
    assert_eq!(action.manifest.unwrap().1, b"name: one");
    let commit = &world.first;
    assert_eq!(world.stored(&url), sorted([commit, &format!("{commit}.completed")]));
}

#[tokio::test]
async fn a_fetch_that_outlives_its_killed_parent_keeps_the_lock() {
    let world = World::new();
    let url = world.file_url();
    let done = world.folder.path().join("done");
    let script = format!(
        r#"case " $* " in *" fetch "*) kill -9 $PPID; sleep 1; : > {}; exec git "$@";; esac"#,
        done.display()
    );
    let witness = Witness::doing(&script);
    assert!(!another_process(&world, &witness, &url).status().unwrap().success());
    assert!(!done.exists());
    let action = store(&Git::default(), world.options(&url)).action(&uses("octo/tool@v1")).await.unwrap();
    assert!(done.exists() && action.commit == world.first);
}

#[tokio::test]
async fn a_broken_mirror_is_made_anew() {
    let world = World::new();
    let options = world.options(&world.file_url());
    store(&Git::default(), options.clone()).action(&uses("octo/tool@v1")).await.unwrap();
    let folder = RepositoryFolder::of(&options.root, &options.server, &uses("octo/tool@v1"));
    for entry in std::fs::read_dir(folder.mirror().join("objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(path, "not a pack").unwrap();
    }
    let action = store(&Git::default(), options).action(&uses("octo/tool@v2")).await.unwrap();
    assert_eq!(action.commit, world.second);
}

#[tokio::test]
async fn a_dropped_ask_stops_its_git_and_does_not_block_the_next() {
    let world = World::new();
    let options = world.options(&world.file_url());
    let slow = Witness::doing("case \" $* \" in *\" fetch \"*) exec sleep 60;; esac");
    let store = store(&slow.git, options.clone());
    let tool = uses("octo/tool@v1");
    let waited = tokio::time::timeout(Duration::from_millis(200), store.action(&tool)).await;
    assert!(waited.is_err());
    let next = self::store(&Git::default(), options);
    let action = tokio::time::timeout(Duration::from_secs(20), next.action(&tool)).await.unwrap().unwrap();
    assert_eq!(action.commit, world.first);
}

#[tokio::test]
async fn a_local_repository_is_used_as_it_is() {
    let world = World::new();
    let own = Fixture::new();
    let head = own.commit(&[("action.yml", "name: own"), (".gitignore", "dist"), ("w.yml", "on: {}")]);
    own.write(&[("action.yml", "name: edited"), ("dist/x.js", "1")]);
    let plain = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(own.path().join("inner")).unwrap();
    let local = [
        format!("octo/tool@v1={}", own.path().display()),
        format!("octo/plain@v1={}", plain.path().display()),
        format!("octo/inner@v1={}", own.path().join("inner").display()),
        format!("https://ghe.corp/octo/far@v1={}", own.path().display()),
        "octo/gone@v1=/no/such/folder".to_owned(),
    ]
    .map(|text| LocalRepository::parse(&text).unwrap())
    .to_vec();
    let options = StoreOptions { local, ..world.options(&world.file_url()) };
    let store = store(&Git::default(), options);
    let action = store.action(&uses("Octo/Tool@v1")).await.unwrap();
    assert_eq!(
        (action.commit.as_str(), action.manifest.unwrap().1),
        (head.as_str(), b"name: edited".to_vec())
    );
    assert_eq!(names(action.tree.as_ref()), [".gitignore", "action.yml", "dist/x.js", "inner/", "w.yml"]);
    assert_eq!(store.workflow(&uses("octo/tool/w.yml@v1")).await.unwrap().bytes, b"on: {}");
    assert_eq!(store.action(&uses("octo/plain@v1")).await.unwrap().commit, "local");
    assert_eq!(store.action(&uses("octo/inner@v1")).await.unwrap().commit, "local");
    assert_eq!(store.action(&uses("octo/tool@v2")).await.unwrap().commit, world.second);
    assert!(matches!(failure(&store, "octo/far@v1").await, StoreError::RepositoryNotFound { .. }));
    assert!(matches!(failure(&store, "octo/gone@v1").await, StoreError::LocalRepository { .. }));
}

#[tokio::test]
async fn files_are_those_of_the_commit_whatever_the_attributes() {
    let world = World::new();
    world.tool.commit(&[
        (".gitattributes", "*.bin filter=lfs\n*.txt text eol=crlf\n"),
        ("a.bin", "version lfs"),
        ("run", "x"),
    ]);
    world.tool.git(&["update-index", "--chmod=+x", "run"]);
    world.tool.git(&["commit", "-q", "-m", "x"]);
    std::os::unix::fs::symlink("run", world.tool.path().join("link")).unwrap();
    world.tool.git(&["add", "link"]);
    world.tool.git(&["commit", "-q", "-m", "x"]);
    let store = store(&Git::default(), world.options(&world.file_url()));
    let action = store.action(&uses("octo/tool@main")).await.unwrap();
    let names = names(action.tree.as_ref());
    for name in ["a.bin", "link -> run", "run*"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
    let folder = action.tree.shared_folder().unwrap();
    assert_eq!(std::fs::read(folder.join("a.bin")).unwrap(), b"version lfs");
}

#[tokio::test]
async fn an_empty_commit_is_an_empty_folder() {
    let world = World::new();
    world.tool.git(&["checkout", "-q", "--orphan", "bare"]);
    world.tool.git(&["rm", "-rfq", "."]);
    world.tool.commit(&[]);
    let store = store(&Git::default(), world.options(&world.file_url()));
    let action = store.action(&uses("octo/tool@bare")).await.unwrap();
    assert_eq!((names(action.tree.as_ref()), action.manifest), (Vec::new(), None));
}
