//! `backend` and `[kubernetes]` of the user's `act-host.toml`.

use std::num::NonZeroU32;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use act_core::place::Reach;
use act_plugins::amount::Span;
use act_workflow::source::Spanned;
use clap::ValueEnum as _;
use serde_json::Value;

use super::ClusterWords;
use crate::config::keys::Keys;
use crate::config::tree::Data;
use crate::flags::value::{Backend, Delivery};
use crate::text_file;

/// Reads `backend`.
pub(crate) fn backend(keys: &mut Keys<'_>) -> Option<Backend> {
    let backend = keys.parsed("backend", |word| {
        Backend::from_str(word, false).map_err(|_| "`backend` is `local` or `kubernetes`".to_owned())
    });
    backend.map(|backend| backend.value)
}

/// Reads `[kubernetes]`; paths start from `folder`.
pub(crate) fn kubernetes(mut keys: Keys<'_>, folder: &Path) -> ClusterWords {
    let is_allowing = keys.place_of("allow").is_some();
    let allowed = keys.words("allow", reach);
    let words = ClusterWords {
        backend: None,
        kubeconfig: keys.text("kubeconfig").map(|path| folder.join(path.value)),
        context: some(&mut keys, "context"),
        namespace: namespace(&mut keys),
        agent: keys.parsed("agent", word::<Delivery>).map(|delivery| delivery.value),
        node_image: some(&mut keys, "node-image"),
        node: some(&mut keys, "node").map(|path| folder.join(path)),
        allowed: is_allowing.then(|| allowed.into_iter().collect()),
        pod_template: pod_template(&mut keys, folder),
        pod_security: keys.object("pod-security"),
        container_security: keys.object("container-security"),
        dns_policy: some(&mut keys, "dns-policy"),
        dns_config: keys.object("dns-config"),
        image_mirror: some(&mut keys, "image-mirror"),
        orphan_grace: span(&mut keys, "orphan-grace"),
        spare_time: span(&mut keys, "spare-time"),
        keep_finished: span(&mut keys, "keep-finished"),
        silent_node: span(&mut keys, "silent-node"),
        call_rate: call_rate(&mut keys),
        told: serde_json::Map::new(),
    };
    keys.finish();
    words
}

/// Returns the namespace; one that is empty is a mistake.
pub(super) fn namespace(keys: &mut Keys<'_>) -> Option<String> {
    let required = |text: &str| match text {
        "" => Err("kubernetes namespace is required".to_owned()),
        name => Ok(name.to_owned()),
    };
    keys.parsed("namespace", required).map(|name| name.value)
}

/// Returns a text; an empty one says nothing.
pub(super) fn some(keys: &mut Keys<'_>, key: &'static str) -> Option<String> {
    keys.text(key).map(|text| text.value).filter(|text| !text.is_empty())
}

fn span(keys: &mut Keys<'_>, key: &'static str) -> Option<Duration> {
    keys.parsed(key, word::<Span>).map(|span| span.value.0)
}

/// Returns a number of calls a second; with none at all nothing would ever run.
fn call_rate(keys: &mut Keys<'_>) -> Option<NonZeroU32> {
    let place = keys.place_of("call-rate");
    let rate = NonZeroU32::new(keys.count("call-rate")?);
    if let (None, Some(place)) = (rate, place) {
        keys.page().wrong(place, "`call-rate` must be at least 1: calls to the API server a second");
    }
    rate
}

/// Reads a word that its type reads itself.
fn word<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| crate::stream::harmless(&error.to_string()))
}

/// What `container.options` may be allowed.
const ALLOWED: [Reach; 2] = [Reach::Privileged, Reach::HostPath];

fn reach(word: &str) -> Result<Reach, String> {
    ALLOWED.into_iter().find(|reach| reach.as_str() == word).ok_or_else(|| {
        let known = ALLOWED.map(Reach::as_str).join(", ");
        format!("`{}` is nothing that can be allowed; there are: {known}", crate::stream::harmless(word))
    })
}

/// A template is written out, or the name of a file: YAML or JSON.
fn pod_template(keys: &mut Keys<'_>, folder: &Path) -> Option<Value> {
    let node = keys.value("pod-template")?;
    match &node.data {
        Data::Table(_) => Some(node.data.json()),
        Data::Text(path) => {
            let path = Spanned::new(folder.join(path), node.span);
            let read = text_file::read(&path.value).map_err(|error| error.to_string());
            let read = read.and_then(|text| template(&text));
            read.map_err(|message| keys.page().wrong(path.span, format!("the pod template: {message}"))).ok()
        }
        other => {
            let message =
                format!("`pod-template` must be a table or the name of a file, not {}", other.kind());
            keys.page().wrong(node.span, message);
            None
        }
    }
}

fn template(text: &str) -> Result<Value, String> {
    use crate::config::tree::Page;
    let page = Page::yaml(act_workflow::source::FileId(0));
    let table = page.parse(text);
    match (table, page.problems().first()) {
        (Some(table), None) => Ok(Data::Table(table).json()),
        (_, Some(problem)) => {
            Err(format!("line {}, column {}: {}", problem.span.line, problem.span.column, problem.message))
        }
        (None, None) => Err("it is no table".to_owned()),
    }
}
