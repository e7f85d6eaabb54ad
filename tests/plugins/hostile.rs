//! Guests in Rust that misbehave: the host lives, the error names who and what, and another plugin answers after each.

use act_core::decide::{Mapped, Verdict};
use act_plugins::amount::{Size, Span};
use act_plugins::grants::{HttpGrant, KvGrant};
use act_plugins::{Grants, Limits, Manifest, Plugin};
use serde_json::json;

use crate::support::{Bench, component, judge, map};

/// Asks a guest that must fail; says why.
async fn failure(plugin: &Plugin, label: &str) -> String {
    match map(plugin, label).await {
        Mapped::Failed { reason, .. } => reason,
        other => panic!("{label}: {other:?}"),
    }
}

/// Asks a guest that answers with what it found out.
async fn told(plugin: &Plugin, label: &str) -> String {
    match map(plugin, label).await {
        Mapped::NotMine { reason, .. } => reason,
        other => panic!("{label}: {other:?}"),
    }
}

#[tokio::test]
async fn each_is_stopped_at_its_limit_and_named_with_it() {
    let (Some(hostile), Some(acme)) = (component("guest-hostile"), component("labels-acme")) else { return };
    let bench = Bench::new();
    let neighbour = bench.load(&acme, json!({})).await;
    // More than the defaults: a million values take their time to make, while other tests run.
    let limits = Limits { cpu: Span::millis(3000), wall: Span::millis(10_000), ..Limits::default() };
    for (label, said) in [
        ("panic", "the guest gave up"),
        ("exit", "exit"),
        ("spin", "(limit `cpu`)"),
        ("log-forever", "(limit `"),
        ("sleep", "(limit `wall`)"),
        ("memory", "(limit `memory`)"),
        ("recursion", "in `guest_hostile::deep`"),
        ("giant-list", "(limit `host-fuel`)"),
        ("giant-text", "(limit `host-fuel`)"),
    ] {
        // Loaded anew each time: one that keeps trapping is left alone.
        let plugin = bench.load_with(&hostile, |spec| spec.limits = limits).await.unwrap();
        let why = failure(&plugin, label).await;
        let blame = format!("plugin `guest-hostile` 0.1.0 ({}), `map-labels`: ", plugin.digest().short());
        assert!(why.starts_with(&blame) && why.contains(said) && !why.contains('\u{1b}'), "{label}: {why}");
        assert!(
            matches!(map(&neighbour, "acme-small").await, Mapped::Mine { .. }),
            "{label} touched another"
        );
    }
}

#[tokio::test]
async fn a_policy_that_fails_denies() {
    let Some(hostile) = component("guest-hostile") else { return };
    let bench = Bench::new();
    for (label, said) in [("panic", "the guest gave up"), ("spin", "(limit `cpu`)"), ("error", "broken")] {
        let plugin = bench.load(&hostile, json!({})).await;
        let verdict = judge(&*plugin.policy().unwrap(), label).await;
        assert!(matches!(&verdict, Verdict::Failed { reason, .. } if reason.contains(said)), "{verdict:?}");
        assert!(verdict.denial().is_some_and(|why| why.contains("guest-hostile")), "{verdict:?}");
    }
    let plugin = bench.load(&hostile, json!({})).await;
    assert_eq!(judge(&*plugin.policy().unwrap(), "fine").await, Verdict::Abstain);
}

#[tokio::test]
async fn there_is_no_way_out() {
    let Some(hostile) = component("guest-hostile") else { return };
    let bench = Bench::new();
    let plugin = bench.load(&hostile, json!({})).await;
    for label in ["files", "network", "surroundings"] {
        assert_eq!(told(&plugin, label).await, "nothing worked", "{label}");
    }
}

#[tokio::test]
async fn what_guests_say_is_fit_to_be_shown() {
    let Some(hostile) = component("guest-hostile") else { return };
    let bench = Bench::new();
    // A hundred thousand lines take their time in a debug build.
    let limits = Limits { cpu: Span::millis(30_000), wall: Span::millis(60_000), ..Limits::default() };
    let plugin = bench.load_with(&hostile, |spec| spec.limits = limits).await.unwrap();
    let reason = told(&plugin, "bad-text").await;
    let error = failure(&plugin, "error").await;
    assert!(matches!(map(&plugin, "flood").await, Mapped::Mine { .. }), "too much log ends nobody");
    assert!(matches!(map(&plugin, "output").await, Mapped::Mine { .. }));
    let said = bench.said.all();
    assert!(said.len() < 1100, "{} lines", said.len());
    for text in said.iter().chain([&reason, &error]) {
        assert!(!text.contains(['\u{1b}', '\n', '\r', '\u{7}']), "{text:?}");
        let words = text.strip_prefix("guest-hostile: ").unwrap_or(text);
        assert!(!words.trim_start().starts_with("::"), "{text:?}");
    }
}

#[tokio::test]
async fn capabilities_stop_where_their_grants_do() {
    let Some(greedy) = component("guest-greedy") else { return };
    let bench = Bench::new();
    let refused = bench.load_with(&greedy, |_| {}).await.unwrap_err().to_string();
    for line in ["[[plugin.grant.http]]", "[plugin.grant.kv]", "https://api.example.com", "quota = \"64KiB\""]
    {
        assert!(refused.contains(line), "{refused}");
    }
    let host = |text: &str| text.parse().unwrap();
    let hosts =
        vec![host("http://localhost:1"), host("https://api.example.com"), host("http://169.254.169.254")];
    let methods = vec!["GET".parse().unwrap()];
    let http =
        vec![HttpGrant { hosts, methods, bearer: None, allow_private: false, max_response: Size::mib(1) }];
    let kv = Some(KvGrant { quota: "64KiB".parse().unwrap() });
    let grants = Grants { http, kv, ..Grants::default() };
    let limits = Limits { cpu: Span::millis(100), wall: Span::millis(5000), ..Limits::default() };
    let plugin =
        bench.load_with(&greedy, |spec| (spec.grants, spec.limits) = (grants, limits)).await.unwrap();
    for (label, said) in [
        ("http://localhost:1/", "NotGranted http"),
        ("http://169.254.169.254/latest/meta-data", "NotGranted http"),
        ("http://example.org/", "NotGranted http"),
        ("https://api.example.com:8443/", "NotGranted http"),
        ("ftp://api.example.com/", "http"),
        ("authorization", "Invalid"),
        ("kv-fill", "Quota kv-bytes"),
        ("kv-space", "Invalid"),
    ] {
        let reason = told(&plugin, label).await;
        assert!(reason.contains(said) && !reason.contains("worked"), "{label}: {reason}");
    }
    assert_eq!(told(&plugin, "kv-path").await, "worked", "dots and slashes are letters of a key as others");
    assert!(failure(&plugin, "kv-forever").await.contains("(limit `"));
    let outside: Vec<_> =
        std::fs::read_dir(bench.state.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(outside, ["state"], "what is kept is kept in its own folder");
}

#[tokio::test]
async fn components_that_are_no_plugins_are_told_in_words() {
    for (name, said) in [
        ("guest-newer", "it was built for `act-host:label-mapper/label-mapper@0.2.0`"),
        ("guest-stranger", "it is neither a label mapper nor a policy nor a scheduler: it exports"),
    ] {
        let Some(path) = component(name) else { return };
        let refused = Bench::new().load_with(&path, |_| {}).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("plugin `{name}`")) && refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn a_second_manifest_is_refused_whatever_it_says() {
    let Some(path) = component("labels-acme") else { return };
    let bench = Bench::new();
    let text = "[plugin]\nname = \"labels-acme\"\nversion = \"9.9.9\"\n";
    let honest = std::fs::read(&path).unwrap();
    let replaced = Manifest::embed(&honest, text).unwrap();
    // A forged one behind the author's own, as anybody can append it.
    let section = &replaced[honest.len() - author(&honest)..];
    let forged = bench.state.path().join("labels-acme.wasm");
    std::fs::write(&forged, [&honest, section].concat()).unwrap();
    let refused = bench.load_with(&forged, |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("2 manifests"), "{refused}");
    std::fs::write(&forged, &replaced).unwrap();
    assert_eq!(bench.load(&forged, json!({})).await.version(), "9.9.9", "one alone is its author's");
}

/// Returns how long the author's section is: it is the last one.
fn author(component: &[u8]) -> usize {
    let name = b"act-host:manifest";
    let at = component.windows(name.len()).rposition(|window| window == name).unwrap();
    // Before the name stand its length, the section's, which here has two bytes, and its id.
    component.len() - (at - 4)
}
