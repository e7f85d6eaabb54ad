//! Linking a component with what it may have: WASI with nothing behind it, its log, its settings, and what its
//! manifest requests and its operator grants.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use act_bindings::host;
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::caps::http::HttpRules;
use crate::caps::kv::Kv;
use crate::error::LoadFault;
use crate::grants::DecisionKind;
use crate::manifest::{Manifest, Requests};
use crate::spec::{Credentials, PluginSpec};
use crate::state::Call;
use crate::survey::{Import, Survey};

/// What a plugin may do: what it requests and is granted.
pub(crate) struct Permitted {
    pub(crate) http: Option<Arc<HttpRules>>,
    pub(crate) kv: Option<Arc<Kv>>,
    pub(crate) decisions: BTreeSet<DecisionKind>,
}

impl Permitted {
    /// Settles what is requested against what is granted. An import with a request and no grant fails here, with the
    /// lines that would grant it.
    pub(crate) fn settle(
        survey: &Survey,
        manifest: &Manifest,
        spec: &PluginSpec,
        state: &Path,
        secrets: &Arc<dyn Credentials>,
    ) -> Result<Self, LoadFault> {
        let asked = &manifest.request;
        requested(survey, asked)?;
        granted(survey, asked, spec)?;
        let http = survey.imports(&Import::Http).then(|| {
            let (requested, granted) = (asked.http.clone(), spec.grants.http.clone());
            Arc::new(HttpRules { requested, granted, secrets: secrets.clone() })
        });
        let kv = survey.imports(&Import::Kv).then_some(()).and(asked.kv.as_ref().zip(spec.grants.kv));
        let kv =
            kv.map(|(asked, granted)| Arc::new(Kv::new(state, &spec.name, asked.quota.min(granted.quota))));
        let granted = spec.grants.decisions.iter().flat_map(|granted| &granted.kinds);
        let requested = asked.decisions.iter().flat_map(|asked| &asked.kinds).collect::<BTreeSet<_>>();
        let decisions = granted.filter(|kind| requested.contains(kind)).copied().collect();
        Ok(Self { http, kv, decisions })
    }
}

/// Fails an import that the manifest does not speak of: its operator would never hear of it.
fn requested(survey: &Survey, asked: &Requests) -> Result<(), LoadFault> {
    let missing = |import: &str, request| LoadFault::NotRequested { import: import.to_owned(), request };
    if survey.imports(&Import::Http) && asked.http.is_empty() {
        return Err(missing("act-host:host/http", "[request.http]"));
    }
    if survey.imports(&Import::Kv) && asked.kv.is_none() {
        return Err(missing("act-host:host/kv", "request.kv"));
    }
    Ok(())
}

/// Fails requests without a grant, all of them at once.
fn granted(survey: &Survey, asked: &Requests, spec: &PluginSpec) -> Result<(), LoadFault> {
    let mut missing = Requests::default();
    let mut what = Vec::new();
    if survey.imports(&Import::Http) && spec.grants.http.is_empty() {
        missing.http.clone_from(&asked.http);
        what.push("requests over the network (`http`)");
    }
    if survey.imports(&Import::Kv) && spec.grants.kv.is_none() {
        missing.kv.clone_from(&asked.kv);
        what.push("a store of its own (`kv`)");
    }
    if survey.kinds.scheduler && spec.grants.decisions.is_none() && asked.decisions.is_some() {
        missing.decisions.clone_from(&asked.decisions);
        what.push("decisions that reach this host (`decisions`)");
    }
    if what.is_empty() {
        return Ok(());
    }
    // A basic string of TOML has JSON's escapes.
    let source = serde_json::Value::from(spec.source.to_string_lossy());
    let lines = format!("[[plugin]]\nname = \"{}\"\nsource = {source}\n{}", spec.name, missing.grant_lines());
    Err(LoadFault::NotGranted { what: what.join(" and "), file: spec.source.clone(), lines })
}

/// Names the grants that the manifest does not request: they open nothing, and their operator may believe they do.
pub(crate) fn idle(manifest: &Manifest, spec: &PluginSpec) -> Vec<&'static str> {
    let (asked, grants) = (&manifest.request, &spec.grants);
    let idle = [
        (asked.http.is_empty() && !grants.http.is_empty(), "http"),
        (asked.kv.is_none() && grants.kv.is_some(), "kv"),
        (asked.decisions.is_none() && grants.decisions.is_some(), "decisions"),
    ];
    idle.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect()
}

/// Makes a linker with what every plugin has, and what this one may have.
pub(crate) fn linker(engine: &Engine, permitted: &Permitted) -> wasmtime::Result<Linker<Call>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    host::log::add_to_linker::<Call, HasSelf<Call>>(&mut linker, |call| call)?;
    host::config::add_to_linker::<Call, HasSelf<Call>>(&mut linker, |call| call)?;
    if permitted.http.is_some() {
        host::http::add_to_linker::<Call, HasSelf<Call>>(&mut linker, |call| call)?;
    }
    if permitted.kv.is_some() {
        host::kv::add_to_linker::<Call, HasSelf<Call>>(&mut linker, |call| call)?;
    }
    Ok(linker)
}
