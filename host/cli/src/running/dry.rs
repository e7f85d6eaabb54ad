//! What would run, told without any effect: `--dryrun`.
//!
//! Nothing is written, fetched or started (but git, which is asked about the repository): actions of other
//! repositories are looked for in the store only. What would run is the engine's [`preview`]; here its manifests
//! are found, and it is shown: for people, or with `--json` as one object a job instance (see [`json`]).

pub(super) mod json;
#[cfg(test)]
pub(super) mod tests;
mod text;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use act_core::control::RemoteUses;
use act_core::event::RunStarted;
use act_core::place::Decision;
use act_core::provisioner::Document;
use act_engine::Prepared;
use act_engine::preview::{
    ActionPlace, Around, Fate, FoundManifest, JobPreview, LegPreview, Manifests, Preview, Work, Would,
    preview,
};
use act_git::{ActionStore, StoreError};

use super::deciders::Deciders;
use super::machines::describe;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::LogFormat;
use crate::repository_files::inside;
use crate::stream;

/// Shows all workflows of a plan. `store` must be offline. Ends as a run would where a job is certain to fail.
pub(super) async fn show(
    prepared: &[Prepared],
    config: &Config,
    deciders: &Deciders,
    store: &ActionStore,
) -> Result<Exit, CliError> {
    let describe = |decision: &Decision| describe(config, decision);
    let (shown, exit) = each(prepared, config, deciders, store, &describe, |started, found, shown| {
        match config.output.format {
            LogFormat::Json => json::lines(started, found, shown),
            _ => text::workflow(started, found, config.output.verbose, shown),
        }
        if found.jobs.iter().any(is_broken) {
            Exit::Infrastructure
        } else if found.jobs.iter().any(fail) {
            Exit::JobFailed
        } else {
            Exit::Success
        }
    })
    .await;
    stream::print_text(&stream::harmless(&shown))?;
    Ok(exit)
}

/// What a decision would come to.
pub(super) type Describe<'a> = dyn Fn(&Decision) -> Vec<Document> + 'a;

/// Looks ahead at each workflow of a plan. Returns what `tell` writes of all, and the gravest of its answers.
pub(super) async fn each(
    prepared: &[Prepared],
    config: &Config,
    deciders: &Deciders,
    store: &ActionStore,
    describe: &Describe<'_>,
    tell: impl Fn(&RunStarted, &Preview, &mut String) -> Exit,
) -> (String, Exit) {
    let mut shown = String::new();
    let mut exit = Exit::Success;
    for prepared in prepared {
        let found = look(prepared, config, deciders, store, describe).await;
        if config.output.format != LogFormat::Json && !shown.is_empty() {
            shown.push('\n');
        }
        exit = exit.graver(tell(&prepared.request.started, &found, &mut shown));
    }
    (shown, exit)
}

/// Looks again while actions are asked for that were not looked up before.
async fn look(
    prepared: &Prepared,
    config: &Config,
    deciders: &Deciders,
    store: &ActionStore,
    describe: &Describe<'_>,
) -> Preview {
    let mut at_hand =
        AtHand { root: &config.selection.root, remote: HashMap::new(), asked: RefCell::default() };
    loop {
        let around = Around {
            mappers: &deciders.mappers,
            policies: &deciders.policies,
            scheduler: &*deciders.scheduler,
            describe: &|decision| describe(decision),
            manifests: &at_hand,
        };
        let found = preview(&prepared.request, &around).await;
        let asked = at_hand.asked.take();
        if asked.is_empty() {
            return found;
        }
        for uses in asked {
            let manifest = stored(store, &uses).await;
            at_hand.remote.insert(uses, manifest);
        }
    }
}

/// Actions of the working tree, and those looked up in the store so far.
struct AtHand<'a> {
    root: &'a Path,
    remote: HashMap<RemoteUses, FoundManifest>,
    asked: RefCell<Vec<RemoteUses>>,
}

impl Manifests for AtHand<'_> {
    fn find(&self, place: &ActionPlace) -> FoundManifest {
        match place {
            ActionPlace::Workspace(path) | ActionPlace::Repository(path) => in_tree(self.root, path),
            ActionPlace::Remote(uses) => self.remote.get(uses).cloned().unwrap_or_else(|| {
                self.asked.borrow_mut().push(uses.clone());
                FoundManifest::NotFetched
            }),
        }
    }
}

/// The names a manifest may have, in the order in which the runner looks.
const MANIFESTS: [&str; 3] = ["action.yml", "action.yaml", "Dockerfile"];

fn in_tree(root: &Path, path: &str) -> FoundManifest {
    let Some(folder) = inside(root, &path.replace('\\', "/")) else {
        return FoundManifest::Missing("the path leads out of the repository".to_owned());
    };
    for name in MANIFESTS {
        let file = folder.join(name);
        if !file.is_file() {
            continue;
        }
        return match std::fs::read(&file) {
            Ok(bytes) => FoundManifest::File { file: name.to_owned(), bytes },
            Err(error) => FoundManifest::Missing(format!("{name} cannot be read: {error}")),
        };
    }
    FoundManifest::Missing("not in the working tree".to_owned())
}

async fn stored(store: &ActionStore, uses: &RemoteUses) -> FoundManifest {
    match store.action(uses).await {
        Ok(fetched) => fetched.manifest.map_or_else(
            || FoundManifest::Missing("it has no action.yml, action.yaml or Dockerfile".to_owned()),
            |(file, bytes)| FoundManifest::File { file, bytes },
        ),
        Err(StoreError::NotFetched { .. }) => FoundManifest::NotFetched,
        Err(error) => FoundManifest::Missing(error.to_string()),
    }
}

/// Whether a plugin that was asked about a job, or about one that it calls, failed itself.
fn is_broken(job: &JobPreview) -> bool {
    let is_certain = matches!(job.fate, Fate::Run(_) | Fate::Fail(_));
    let calls_broken = |work: &Work| match work {
        Work::Call(called) => called.now().into_iter().flatten().flatten().any(is_broken),
        Work::Machine(_) => false,
    };
    let is_leg_broken = |leg: &LegPreview| matches!(leg.would(), Would::Failed(_)) || calls_broken(&leg.work);
    is_certain && job.legs.iter().any(is_leg_broken)
}

/// Whether a job, or one that it calls, is certain to fail, or nobody can say here that it is not.
fn fail(job: &JobPreview) -> bool {
    let leg_fails = |work: &Work| match work {
        Work::Call(called) => called.now().into_iter().flatten().flatten().any(fail),
        Work::Machine(_) => false,
    };
    match &job.fate {
        Fate::Fail(_) | Fate::Unknown(_) => true,
        Fate::Run(_) => job.legs.iter().any(|leg| !leg.wrong().is_empty() || leg_fails(&leg.work)),
        Fate::Skip(_) | Fate::Deferred(_) => false,
    }
}
