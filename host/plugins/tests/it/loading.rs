//! What can be loaded, what cannot, and what is said then.

use std::path::Path;

use act_core::decide::Mapped;
use act_plugins::grants::{HttpGrant, KvGrant};
use act_plugins::{Capabilities, Digest, LoadFault, Manifest, PluginHost, PluginSpec};
use serde_json::json;

use crate::guests::{Guest, mapper, not_mine};
use crate::support::{Bench, config, map};

const HTTP: &str = r#"(import "act-host:host/http@0.1.0" "send" (func $send
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;
const KV: &str = r#"(import "act-host:host/kv@0.1.0" "delete" (func $delete (param i32 i32 i32)))"#;
const REQUEST: &str = "[[request.http]]\nwhy = 'asks the catalogue'\nhosts = ['https://api.example.com']";

/// Deletes the key `fine`, whatever comes of it, and answers.
fn deletes() -> Guest {
    let guest = not_mine("fine");
    let body = format!("(call $delete (i32.const 1024) (i32.const 4) (i32.const 60000)) {}", guest.body);
    let request = "[request.kv]\nwhy = 'remembers'\nquota = '1KiB'".into();
    Guest { world: "with-kv", imports: KV, body, request, ..guest }
}

fn asks() -> Guest {
    Guest { world: "with-http", imports: HTTP, request: REQUEST.into(), ..not_mine("fine") }
}

#[tokio::test]
async fn an_import_needs_a_request_and_a_grant() {
    let bench = Bench::new();
    let silent = Guest { request: String::new(), ..asks() };
    let error = bench.load_with("silent", &silent, |_| {}).await.unwrap_err().to_string();
    assert!(error.contains("act-host:host/http") && error.contains("[request.http]"), "{error}");

    let error = bench.load_with("asks", &asks(), |_| {}).await.unwrap_err();
    let LoadFault::NotGranted { file, lines, .. } = *error.fault else { panic!("{error}") };
    let granted = format!(
        "[[plugin]]\nname = \"asks\"\nsource = \"{}\"\n[[plugin.grant.http]]  # asks the catalogue\n\
         hosts = [\"https://api.example.com\"]\nmethods = [\"GET\"]\n",
        file.display()
    );
    assert_eq!(lines, granted);
    let grant: HttpGrant = toml::from_str("hosts = ['https://api.example.com']").unwrap();
    let plugin = bench.load_with("asks", &asks(), |spec| spec.grants.http = vec![grant]).await.unwrap();
    assert!(matches!(map(&plugin).await, Mapped::NotMine { .. }));
}

#[tokio::test]
async fn a_grant_that_nobody_requested_is_noticed() {
    let bench = Bench::new();
    let kv = KvGrant { quota: act_plugins::amount::Size::kib(1) };
    bench.load_with("fine", &not_mine("fine"), |spec| spec.grants.kv = Some(kv)).await.unwrap();
    assert_eq!(
        bench.said.all(),
        ["notice: plugin `fine` is granted `kv`, which its manifest does not request"]
    );
}

/// Sends `GET` to this URL; traps if that is an error.
fn sends(url: &str, request: &str) -> Guest {
    let guest = not_mine("sent");
    let zeros = "(i32.const 0) ".repeat(10);
    let body = format!(
        "(call $send (i32.const 2048) (i32.const 3) (i32.const 2056) (i32.const {}) {zeros}
            (i32.const 60000))
         (if (i32.load8_u (i32.const 60000)) (then unreachable)) {}",
        url.len(),
        guest.body
    );
    let data = format!("(data (i32.const 2048) \"GET\") (data (i32.const 2056) \"{url}\")");
    let fields = data + &guest.fields;
    Guest { world: "with-http", imports: HTTP, body, fields, request: request.to_owned() }
}

#[tokio::test]
async fn a_guest_reaches_what_is_granted_with_a_credential_it_never_sees() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let request = format!("[[request.http]]\nwhy = 'asks'\nhosts = ['{origin}']");
    let grant = format!("hosts = ['{origin}']\nbearer = {{ env = 'TOKEN' }}\nallow-private = true");
    let grant: HttpGrant = toml::from_str(&grant).unwrap();
    let bench = Bench::new();
    let guest = sends(&format!("{origin}/labels"), &request);
    let plugin =
        bench.load_with("sends", &guest, |spec| spec.grants.http = vec![grant.clone()]).await.unwrap();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&asked[..length]).into_owned()
    };
    let (mapped, asked) = tokio::join!(map(&plugin), serve);
    assert!(matches!(mapped, Mapped::NotMine { .. }), "{mapped:?}");
    assert!(
        asked.starts_with("GET /labels ") && asked.contains("authorization: Bearer s3cret\r\n"),
        "{asked}"
    );

    let public = HttpGrant { allow_private: false, ..grant };
    let plugin = bench.load_with("public", &guest, |spec| spec.grants.http = vec![public]).await.unwrap();
    assert!(matches!(map(&plugin).await, Mapped::Failed { .. }));
}

#[tokio::test]
async fn an_explanation_touches_nothing_and_says_what_was_needed() {
    let run = Bench::new();
    let kv = KvGrant { quota: act_plugins::amount::Size::kib(1) };
    let plugin = run.load_with("keeps", &deletes(), |spec| spec.grants.kv = Some(kv)).await.unwrap();
    assert!(matches!(map(&plugin).await, Mapped::NotMine { .. }));

    let explain = Bench::with(|config| config.capabilities = Capabilities::NoneLinked);
    let plugin = explain.load_with("keeps", &deletes(), |spec| spec.grants.kv = Some(kv)).await.unwrap();
    let Mapped::Failed { needs, .. } = map(&plugin).await else { panic!("an answer") };
    assert_eq!(needs.as_deref(), Some("kv"));
    assert!(!explain.folder.path().join("state").exists());
}

#[tokio::test]
async fn a_pin_holds_the_bytes() {
    let bench = Bench::new();
    let guest = not_mine("fine");
    let right = Digest::of(&guest.build("pinned"));
    assert!(bench.load_with("pinned", &guest, |spec| spec.pin = Some(right)).await.is_ok());
    let wrong = Digest::of(b"other");
    let error =
        bench.load_with("pinned", &guest, |spec| spec.pin = Some(wrong)).await.unwrap_err().to_string();
    assert!(error.contains(&right.to_string()) && error.contains(&wrong.to_string()), "{error}");
}

#[tokio::test]
async fn settings_are_checked_before_anything_runs() {
    let bench = Bench::new();
    let schema = "[config]\ntype = 'object'\nproperties.pool.type = 'string'".to_owned();
    let guest = Guest { request: schema, ..not_mine("fine") };
    let set = |value| move |spec: &mut PluginSpec| spec.settings = json!({ "pool": value });
    assert!(bench.load_with("set", &guest, set(json!("big"))).await.is_ok());
    let error = bench.load_with("set", &guest, set(json!(5))).await.unwrap_err().to_string();
    assert!(error.contains("`pool`"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_loaded_is_told_in_words() {
    let bench = Bench::new();
    let manifest = "[plugin]\nname = 'x'\nversion = '1'";
    let component = |text: &str| Manifest::embed(&wat::parse_str(text).unwrap(), manifest).unwrap();
    let other = r#"(component (instance $i) (export "act-host:policy/policy@0.2.0" (instance $i)))"#;
    let wrong = r#"(component (instance $i) (export "act-host:policy/policy@0.1.0" (instance $i)))"#;
    let world = r#"(component (import "wasi:http/types@0.2.0" (instance)) (instance $i)
        (export "act-host:policy/policy@0.1.0" (instance $i)))"#;
    let shape = r#"(component (import "act-host:host/log@0.1.0" (instance (export "shout" (func))))
        (instance $i) (export "act-host:policy/policy@0.1.0" (instance $i)))"#;
    for (bytes, said) in [
        (b"text".to_vec(), "it is not a component"),
        (wat::parse_str("(module)").unwrap(), "it is a core module"),
        (wat::parse_str("(component)").unwrap(), "there is no manifest in it"),
        (component("(component)"), "neither a label mapper nor a policy nor a scheduler"),
        (component(other), "`act-host:policy/policy@0.2.0`, and this act-host has version 0.1"),
        (component(wrong), "its interfaces do not fit: "),
        (component(world), "what act-host does not have: `wasi:http/types@0.2.0`"),
        (component(shape), "its interfaces do not fit: "),
    ] {
        let path = bench.folder.path().join("x.wasm");
        std::fs::write(&path, bytes).unwrap();
        let error = bench.host.load(PluginSpec::new("x".into(), path)).await.unwrap_err().to_string();
        assert!(
            error.starts_with("plugin `x` cannot be loaded: ") && error.contains(said),
            "{said}: {error}"
        );
    }
    let gone = PluginSpec::new("x".into(), bench.folder.path().join("gone.wasm"));
    assert!(matches!(*bench.host.load(gone).await.unwrap_err().fault, LoadFault::Read { .. }));
    let named = PluginSpec::new("../x".into(), bench.folder.path().join("x.wasm"));
    assert!(matches!(*bench.host.load(named).await.unwrap_err().fault, LoadFault::Name));
}

/// Returns the compiled files of a cache.
fn compiled(folder: &Path) -> Vec<std::path::PathBuf> {
    let engines =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = engines.flat_map(|path| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "cwasm")).collect()
}

#[tokio::test]
async fn a_corrupted_cache_is_noticed_thrown_away_and_made_again() {
    let bench = Bench::new();
    let cache = bench.folder.path().join("cwasm");
    let host = || {
        let config = act_plugins::HostConfig {
            cache: Some(cache.clone()),
            ..config(bench.folder.path(), &bench.said)
        };
        PluginHost::new(config).unwrap()
    };
    let path = not_mine("fine").write(bench.folder.path(), "cached");
    let spec = || PluginSpec::new("cached".into(), path.clone());
    host().load(spec()).await.unwrap();
    let [file] = compiled(&cache).try_into().unwrap();
    let good = std::fs::read(&file).unwrap();
    for at in [0, 40, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&file, bad).unwrap();
        let plugin = host().load(spec()).await.unwrap();
        assert!(matches!(map(&plugin).await, Mapped::NotMine { .. }));
        assert_eq!(std::fs::read(&file).unwrap(), good);
    }
    let notices = bench.said.all();
    assert_eq!(notices.len(), 4);
    assert!(notices.iter().all(|notice| notice.contains("is not what act-host put there")), "{notices:?}");
    host().load(spec()).await.unwrap();
    assert_eq!(bench.said.all().len(), 4, "a good file is taken as it is");
}

#[tokio::test]
async fn settings_are_checked_once_and_others_anew() {
    let bench = Bench::new();
    let cache = bench.folder.path().join("cwasm");
    let request = "[config]\ntype = 'object'\nadditionalProperties = false\nproperties.a.type = 'integer'";
    let guest = Guest { request: request.to_owned(), ..not_mine("fine") };
    let path = guest.write(bench.folder.path(), "schemed");
    let load = async |settings: serde_json::Value| {
        let config = act_plugins::HostConfig {
            cache: Some(cache.clone()),
            ..config(bench.folder.path(), &bench.said)
        };
        let spec = PluginSpec { settings, ..PluginSpec::new("schemed".into(), path.clone()) };
        PluginHost::new(config).unwrap().load(spec).await.map(|plugin| plugin.name().to_owned())
    };
    for _ in 0..2 {
        assert!(load(serde_json::json!({ "a": 1 })).await.is_ok());
        let refused = load(serde_json::json!({ "a": "one" })).await.unwrap_err();
        assert!(matches!(*refused.fault, LoadFault::Settings(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_guest_without_its_own_answer_still_names_its_kind() {
    let bench = Bench::new();
    let plugin = bench.load("kinds", &mapper("unreachable")).await;
    assert_eq!(plugin.kinds().to_string(), "label mapper");
    assert_eq!((plugin.name(), plugin.version()), ("kinds", "1.2.3"));
}
