//! The form of `act-host.toml`: the user's, which may say all, and the repository's, which may only say less.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use act_plugins::amount::Size;
use act_plugins::grants::{CredentialSource, DecisionGrant, DecisionKind, HttpGrant, KvGrant};
use act_plugins::limits::LimitSettings;
use act_plugins::manifest::is_name;
use act_plugins::origin::Method;
use act_plugins::{Grants, OnError};

use act_workflow::source::{Problem, Spanned};

use super::entry::{GrantKind, Narrowing, PluginEntry};
use crate::config::cluster::{self, ClusterWords};
use crate::config::keys::Keys;
use crate::config::tree::Page;

/// Reads the user's file. `folder` is where it lies: paths start from there.
pub(super) fn users(page: &Page, text: &str, folder: &Path) -> (Vec<PluginEntry>, ClusterWords) {
    let Some(table) = page.parse(text) else { return (Vec::new(), ClusterWords::default()) };
    let mut file = Keys::of_file(page, &table);
    let backend = cluster::backend(&mut file);
    let words = file.table("kubernetes").map(|keys| cluster::kubernetes(keys, folder)).unwrap_or_default();
    let words = ClusterWords { backend, ..words };
    let mut entries: Vec<PluginEntry> = Vec::new();
    for keys in file.tables("plugin") {
        let entry = entry(keys, folder);
        entries
            .extend(entry.filter(|entry| !twice(page, &entry.name, entries.iter().map(|known| &known.name))));
    }
    file.finish();
    (entries, words)
}

/// Reads the repository's file.
pub(super) fn repositorys(page: &Page, text: &str) -> Vec<Narrowing> {
    let Some(table) = page.parse(text) else { return Vec::new() };
    let mut file = Keys::of_file(page, &table);
    let mut entries: Vec<Narrowing> = Vec::new();
    for keys in file.tables("plugin") {
        let entry = narrowing(page, keys);
        entries
            .extend(entry.filter(|entry| !twice(page, &entry.name, entries.iter().map(|known| &known.name))));
    }
    file.finish();
    entries
}

fn twice<'a>(
    page: &Page,
    name: &Spanned<String>,
    mut known: impl Iterator<Item = &'a Spanned<String>>,
) -> bool {
    let first = known.find(|known| known.value == name.value);
    if let Some(first) = first {
        let message = format!("`{}` is there already, in line {}", name.value, first.span.line);
        page.note(Problem::new(name.span, message));
    }
    first.is_some()
}

fn entry(mut keys: Keys<'_>, folder: &Path) -> Option<PluginEntry> {
    let name = name(&mut keys);
    let source = keys.text("source").map(|source| folder.join(source.value));
    let pin = keys.parsed("sha256", word);
    let on_error = keys.parsed("on-error", |word| match word {
        "fail" => Ok(OnError::Fail),
        "next" => Ok(OnError::Next),
        _ => Err("`on-error` is `fail` (the job ends) or `next` (the next mapper is asked)".to_owned()),
    });
    let settings = keys.object("settings").unwrap_or_else(|| serde_json::json!({}));
    let limits = keys.table("limits").map(limits).unwrap_or_default();
    let grants = keys.table("grant").map(grants).unwrap_or_default();
    keys.finish();
    let on_error = on_error.map(|word| word.value).unwrap_or_default();
    let ceilings = LimitSettings::default();
    Some(PluginEntry { name: name?, source, pin, on_error, settings, limits, ceilings, grants })
}

/// Keys that a file in the repository may not use, with the reason.
const REFUSED: [(&str, &str); 4] = [
    ("source", "bring a plugin along"),
    ("grant", "grant anything; it may take grants away: `revoke = [\"http\"]`"),
    ("settings", "change what a plugin is told"),
    ("on-error", "change what becomes of a mapper's failure"),
];

fn narrowing(page: &Page, mut keys: Keys<'_>) -> Option<Narrowing> {
    for (key, what) in REFUSED {
        if let Some(place) = keys.place_of(key) {
            let _ = keys.value(key);
            let problem = Problem::new(place, format!("a file in the repository may not {what}"));
            page.note(problem.with_hint(
                "it may pin (`sha256`), lower `limits` and `revoke`; all else is for your own act-host.toml",
            ));
        }
    }
    let name = name(&mut keys);
    let pin = keys.parsed("sha256", word);
    let limits = keys.table("limits").map(limits).unwrap_or_default();
    let revoked = keys.words("revoke", |word| match word {
        "http" => Ok(GrantKind::Http),
        "kv" => Ok(GrantKind::Kv),
        "decisions" => Ok(GrantKind::Decisions),
        _ => {
            let word = crate::stream::harmless(word);
            Err(format!("`{word}` is not a kind of grant; there are: http, kv, decisions"))
        }
    });
    keys.finish();
    Some(Narrowing { name: name?, pin, limits, revoked })
}

fn name(keys: &mut Keys<'_>) -> Option<Spanned<String>> {
    if keys.place_of("name").is_none() {
        let _ = keys.value("name");
        keys.missing("a plugin needs a `name`");
        return None;
    }
    keys.parsed("name", |name| {
        let wrong = || {
            let name = crate::stream::harmless(name);
            format!("`{name}` is not a plugin's name: 1 to 64 of a-z, 0-9 and `-`, with no `-` in front")
        };
        is_name(name).then(|| name.to_owned()).ok_or_else(wrong)
    })
}

/// Reads a word that its type reads itself.
fn word<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| crate::stream::harmless(&error.to_string()))
}

fn limits(mut keys: Keys<'_>) -> LimitSettings {
    let limits = LimitSettings {
        memory: keys.parsed("memory", word).map(|limit| limit.value),
        cpu: keys.parsed("cpu", word).map(|limit| limit.value),
        wall: keys.parsed("wall", word).map(|limit| limit.value),
        host_fuel: keys.parsed("host-fuel", word).map(|limit| limit.value),
        output: keys.parsed("output", word).map(|limit| limit.value),
        log_lines: keys.count("log-lines"),
        http_requests: keys.count("http-requests"),
    };
    keys.finish();
    limits
}

fn grants(mut keys: Keys<'_>) -> Grants {
    let http = keys.tables("http").into_iter().map(http).collect();
    let kv = keys.table("kv").and_then(|mut keys| {
        let quota = keys.parsed("quota", word);
        if keys.place_of("quota").is_none() {
            keys.missing("`kv` needs a `quota`, as `64KiB`");
        }
        keys.finish();
        quota.map(|quota| KvGrant { quota: quota.value })
    });
    let decisions = keys.table("decisions").map(|mut keys| {
        let kinds = keys.words("kinds", decision_kind);
        keys.finish();
        DecisionGrant { kinds }
    });
    keys.finish();
    Grants { http, kv, decisions }
}

/// Every kind of decision that is granted by name.
const KINDS: [DecisionKind; 5] = [
    DecisionKind::Process,
    DecisionKind::Privileged,
    DecisionKind::HostPath,
    DecisionKind::HostNetwork,
    DecisionKind::Namespace,
];

fn decision_kind(word: &str) -> Result<DecisionKind, String> {
    let known = KINDS.map(DecisionKind::as_str).join(", ");
    let word_of = |kind: &DecisionKind| kind.as_str() == word;
    KINDS.into_iter().find(word_of).ok_or_else(|| {
        format!("`{}` is not a kind of decision; there are: {known}", crate::stream::harmless(word))
    })
}

fn http(mut keys: Keys<'_>) -> HttpGrant {
    if keys.place_of("hosts").is_none() {
        keys.missing("`http` needs `hosts`, as `[\"https://api.example.com\"]`");
    }
    let hosts = keys.words("hosts", word);
    let methods = keys.place_of("methods").map(|_| keys.words("methods", word));
    let grant = HttpGrant {
        hosts,
        methods: methods.unwrap_or_else(|| vec![Method::get()]),
        bearer: keys.table("bearer").and_then(bearer),
        allow_private: keys.flag("allow-private").unwrap_or_default(),
        max_response: keys.parsed("max-response", word).map_or(Size::mib(1), |size| size.value),
    };
    let _ = keys.value("methods");
    keys.finish();
    grant
}

fn bearer(mut keys: Keys<'_>) -> Option<CredentialSource> {
    let env = keys.text("env").map(|name| CredentialSource::Env(name.value));
    let secret = keys.text("secret").map(|name| CredentialSource::Secret(name.value));
    let one = env.is_some() != secret.is_some();
    if !one {
        keys.missing("`bearer` is `{ env = \"NAME\" }` or `{ secret = \"NAME\" }`");
    }
    keys.finish();
    env.or(secret).filter(|_| one)
}
