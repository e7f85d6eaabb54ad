use std::ffi::OsString;
use std::fs;

use act_plugins::amount::Size;
use act_plugins::grants::{CredentialSource, DecisionKind};
use act_plugins::{Grants, OnError};

use super::*;

const FULL: &str = r#"
[[plugin]]
name = "labels-acme"
source = "plugins/labels_acme.wasm"
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
on-error = "next"
settings = { pool = "big", sizes = [1, 2.5], on = true }
limits = { memory = "64MiB", cpu = "200ms", wall = "1s", host-fuel = "1MiB", output = "1MiB", log-lines = 1000 }
[[plugin.grant.http]]
hosts = ["https://api.example.com"]
methods = ["GET"]
bearer = { env = "ACME_TOKEN" }
allow-private = true
[plugin.grant.kv]
quota = "64KiB"
[plugin.grant.decisions]
kinds = ["process"]

[[plugin]]
name = "other"
"#;

struct Place {
    folder: tempfile::TempDir,
    world: World,
}

impl Place {
    fn new(users: Option<&str>, repositorys: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str, text: Option<&str>| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            text.iter().for_each(|text| fs::write(&path, text).unwrap());
        };
        at("home/.config/act-host/act-host.toml", users);
        at("repo/act-host.toml", repositorys);
        let world = World {
            home: Some(folder.path().join("home")),
            cwd: Some(folder.path().to_owned()),
            ..World::default()
        };
        Self { folder, world }
    }

    fn read(&self, named: Option<&str>) -> Answer {
        read(named.map(Path::new), &self.folder.path().join("repo"), &[], &self.world)
    }

    fn entries(&self) -> Vec<PluginEntry> {
        self.read(None).unwrap().unwrap_or_else(|files| panic!("{}", shown_of(&files))).entries
    }

    fn wrong(&self) -> String {
        shown_of(&self.read(None).unwrap().unwrap_err())
    }
}

fn shown_of(files: &[CheckedFile]) -> String {
    let text: String = files.iter().map(|file| file.excerpts(false)).collect();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_files_there_are_no_plugins() {
    assert_eq!(Place::new(None, None).entries(), []);
    assert_eq!(Place::new(Some(""), Some("# nothing\n")).entries(), []);
}

#[test]
fn a_users_file_says_everything_of_a_plugin() {
    let place = Place::new(Some(FULL), None);
    let [acme, other] = &place.entries()[..] else { panic!() };
    assert_eq!(acme.name.value, "labels-acme");
    let folder = place.folder.path().join("home/.config/act-host");
    assert_eq!(acme.source, Some(folder.join("plugins/labels_acme.wasm")));
    assert!(acme.pin.as_ref().unwrap().value.to_string().starts_with("0123456789abcdef"));
    assert_eq!(acme.on_error, OnError::Next);
    assert_eq!(acme.settings, serde_json::json!({ "pool": "big", "sizes": [1, 2.5], "on": true }));
    let limits = acme.spec("x".into()).limits;
    let sizes = [limits.memory, limits.host_fuel, limits.output].map(|size| size.0 >> 20);
    assert_eq!((sizes, limits.log_lines), ([64, 1, 1], 1000));
    assert_eq!([limits.cpu, limits.wall].map(|limit| limit.0.as_millis()), [200, 1000]);
    let Grants { http, kv, decisions } = &acme.grants;
    assert_eq!((http.len(), http[0].allow_private, kv.unwrap().quota), (1, true, Size::kib(64)));
    assert_eq!(http[0].bearer, Some(CredentialSource::Env("ACME_TOKEN".to_owned())));
    assert_eq!(decisions.as_ref().unwrap().kinds, [DecisionKind::Process]);
    assert_eq!((&*other.name.value, &other.source, &other.pin), ("other", &None, &None));
    assert_eq!(other.grants, Grants::default());
}

#[test]
fn every_mistake_is_shown_with_its_place_and_what_was_meant() {
    let text = r#"
[[plugin]]
name = "Labels"
sha265 = "x"
limits = { memory = "64MB", cpus = "1s" }
[[plugin.grant.http]]
bearer = { env = "A", secret = "B" }

[[plugin]]
source = 1
on-error = "ignore"
[plugin.grant.kv]
[plugin.grant.decisions]
kinds = ["process", "root"]

[docker]
"#;
    insta::assert_snapshot!(Place::new(Some(text), None).wrong(), @r#"
    error: `Labels` is not a plugin's name: 1 to 64 of a-z, 0-9 and `-`, with no `-` in front
     --> home/.config/act-host/act-host.toml:3:8
      |
    3 | name = "Labels"
      |        ^^^^^^^^

    error: `sha265` is not a key here
     --> home/.config/act-host/act-host.toml:4:1
      |
    4 | sha265 = "x"
      | ^^^^^^
      |
    hint: did you mean `sha256`?

    error: `64MB` is not a size, like `64MiB`
     --> home/.config/act-host/act-host.toml:5:21
      |
    5 | limits = { memory = "64MB", cpus = "1s" }
      |                     ^^^^^^

    error: `cpus` is not a key here
     --> home/.config/act-host/act-host.toml:5:29
      |
    5 | limits = { memory = "64MB", cpus = "1s" }
      |                             ^^^^
      |
    hint: did you mean `cpu`?

    error: `http` needs `hosts`, as `["https://api.example.com"]`
     --> home/.config/act-host/act-host.toml:6:1
      |
    6 | [[plugin.grant.http]]
      | ^^^^^^^^^^^^^^^^^^^^^

    error: `bearer` is `{ env = "NAME" }` or `{ secret = "NAME" }`
     --> home/.config/act-host/act-host.toml:7:10
      |
    7 | bearer = { env = "A", secret = "B" }
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: a plugin needs a `name`
     --> home/.config/act-host/act-host.toml:9:1
      |
    9 | [[plugin]]
      | ^^^^^^^^^^

    error: `source` must be a text, not a number
      --> home/.config/act-host/act-host.toml:10:10
       |
    10 | source = 1
       |          ^

    error: `on-error` is `fail` (the job ends) or `next` (the next mapper is asked)
      --> home/.config/act-host/act-host.toml:11:12
       |
    11 | on-error = "ignore"
       |            ^^^^^^^^

    error: `kv` needs a `quota`, as `64KiB`
      --> home/.config/act-host/act-host.toml:12:1
       |
    12 | [plugin.grant.kv]
       | ^^^^^^^^^^^^^^^^^

    error: `root` is not a kind of decision; there are: process, privileged, host-path, host-network, namespace
      --> home/.config/act-host/act-host.toml:14:21
       |
    14 | kinds = ["process", "root"]
       |                     ^^^^^^

    error: `docker` is not a key here
      --> home/.config/act-host/act-host.toml:16:2
       |
    16 | [docker]
       |  ^^^^^^
       |
    hint: there are: backend, kubernetes, plugin
    "#);
}

#[test]
fn text_that_is_no_toml_is_shown_where_it_goes_wrong() {
    insta::assert_snapshot!(Place::new(Some("[[plugin]]\nname = labels\n"), None).wrong(), @"
    error: string values must be quoted, expected literal string
     --> home/.config/act-host/act-host.toml:2:8
      |
    2 | name = labels
      |        ^^^^^^
    ");
}

#[test]
fn one_plugin_has_one_entry() {
    let text = "[[plugin]]\nname = \"a\"\n[[plugin]]\nname = \"a\"\n";
    insta::assert_snapshot!(Place::new(Some(text), None).wrong(), @r#"
    error: `a` is there already, in line 2
     --> home/.config/act-host/act-host.toml:4:8
      |
    4 | name = "a"
      |        ^^^
    "#);
}

#[test]
fn a_repository_pins_lowers_and_revokes() {
    let less = r#"
[[plugin]]
name = "labels-acme"
limits = { memory = "1GiB", cpu = "1ms" }
revoke = ["http", "kv"]
[[plugin]]
name = "other"
sha256 = "00000000000000000000000000000000000000000000000000000000000000ff"
[[plugin]]
name = "absent"
"#;
    let place = Place::new(Some(FULL), Some(less));
    let [acme, other] = &place.entries()[..] else { panic!() };
    let Grants { http, kv, decisions } = &acme.grants;
    assert!(http.is_empty() && kv.is_none() && decisions.is_some());
    let limits = acme.spec("x".into()).limits;
    assert_eq!((limits.memory, limits.cpu.0.as_millis()), (Size::mib(64), 1));
    assert!(other.pin.as_ref().unwrap().value.to_string().ends_with("00ff"));
}

#[test]
fn a_repository_that_wants_more_is_refused_at_the_place() {
    let more = r#"
[[plugin]]
name = "labels-acme"
source = "evil.wasm"
sha256 = "00000000000000000000000000000000000000000000000000000000000000ff"
revoke = ["https"]
[plugin.grant.kv]
quota = "1GiB"
"#;
    insta::assert_snapshot!(Place::new(Some(FULL), Some(more)).wrong(), @r#"
    error: a file in the repository may not bring a plugin along
     --> repo/act-host.toml:4:1
      |
    4 | source = "evil.wasm"
      | ^^^^^^
      |
    hint: it may pin (`sha256`), lower `limits` and `revoke`; all else is for your own act-host.toml

    error: your own act-host.toml pins another `labels-acme`
     --> repo/act-host.toml:5:10
      |
    5 | sha256 = "00000000000000000000000000000000000000000000000000000000000000ff"
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: `https` is not a kind of grant; there are: http, kv, decisions
     --> repo/act-host.toml:6:11
      |
    6 | revoke = ["https"]
      |           ^^^^^^^

    error: a file in the repository may not grant anything; it may take grants away: `revoke = ["http"]`
     --> repo/act-host.toml:7:9
      |
    7 | [plugin.grant.kv]
      |         ^^^^^
      |
    hint: it may pin (`sha256`), lower `limits` and `revoke`; all else is for your own act-host.toml
    "#);
}

#[test]
fn the_users_file_is_the_one_named_first() {
    let place = Place::new(Some("[[plugin]]\nname = \"a\"\n"), None);
    let at = |name: &str| {
        fs::write(place.folder.path().join(name), format!("[[plugin]]\nname = \"{}\"\n", &name[..1]))
            .unwrap();
    };
    at("b.toml");
    at("c.toml");
    let mut world = place.world.clone();
    let first = |named: Option<&str>, world: &World| {
        let files = read(named.map(Path::new), place.folder.path(), &[], world).unwrap().unwrap();
        files.entries[0].name.value.clone()
    };
    assert_eq!(first(None, &world), "a");
    world.env.insert("ACT_HOST_CONFIG".into(), OsString::from("b.toml"));
    assert_eq!(first(None, &world), "b");
    assert_eq!(first(Some("c.toml"), &world), "c");
    let error = place.read(Some("none.toml")).unwrap_err();
    assert!(error.render(false).contains("there is no file"), "{}", error.render(false));
}

#[test]
fn a_users_file_that_lies_in_the_repository_is_the_users() {
    let place = Place::new(None, Some("[[plugin]]\nname = \"a\"\nsource = \"a.wasm\"\n"));
    let files = place.read(Some("repo/act-host.toml")).unwrap().unwrap();
    assert_eq!(files.entries.len(), 1);
}
