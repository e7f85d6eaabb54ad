//! Reads the selected workflow files, with the workflows that they call, also those of other repositories.

use std::collections::HashMap;
use std::path::Path;

use act_core::control::{ActionError, RemoteUses};
use act_git::{ActionStore, StoreError};
use act_workflow::called::{Found, WorkflowFiles};
use act_workflow::model::{CallTarget, Workflow};
use act_workflow::options::ParseOptions;
use act_workflow::read::read_workflow;
use act_workflow::source::{Problem, Sources, Span};
use act_workflow::uses::UsesRef;

use super::facts::Facts;
use super::frozen::{Keeping, Texts};
use crate::config::{Config, Mode};
use crate::diagnostics::CheckedFile;
use crate::discover::{self, Found as File};
use crate::error::CliError;
use crate::repository_files::{RepositoryFiles, shown};
use crate::world::World;

/// Mistakes of a file that are shown at the most.
const MAX_PROBLEMS: usize = 100;

/// A workflow that was read.
pub(crate) struct ReadFile {
    pub(crate) workflow: Workflow,
    pub(crate) sources: Sources,
    /// From the root of the repository.
    pub(crate) name: String,
    /// Whether the user named the file itself.
    pub(crate) named: bool,
    /// What was read.
    pub(super) texts: Texts,
}

type Answer = Result<Result<Vec<ReadFile>, Vec<CheckedFile>>, CliError>;

/// Reads them all; the inner error holds every file that is wrong.
pub(crate) async fn read(config: &Config, world: &World, store: &ActionStore, facts: &Facts) -> Answer {
    let selection = &config.selection;
    let files = discover::workflows(&selection.root, &selection.workflows, selection.recurse)?;
    let mut read = Vec::new();
    let mut invalid = Vec::new();
    for file in files {
        match read_one(file, config, world, store, facts).await {
            Ok(file) => read.push(file),
            Err(checked) => invalid.push(checked),
        }
    }
    Ok(if invalid.is_empty() { Ok(read) } else { Err(invalid) })
}

async fn read_one(
    file: File,
    config: &Config,
    world: &World,
    store: &ActionStore,
    facts: &Facts,
) -> Result<ReadFile, CheckedFile> {
    let bytes = match std::fs::read(&file.path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(unreadable(&file, &error, world)),
    };
    let mut fetched = HashMap::new();
    loop {
        let mut sources = Sources::new();
        let near = RepositoryFiles::new(&config.selection.root, world);
        let mut files = AllFiles { near, fetched: &fetched, missing: Vec::new() };
        let options = ParseOptions { max_errors: MAX_PROBLEMS, ..ParseOptions::default() };
        let mut keeping = Keeping::new(&mut files);
        let read = read_workflow(&mut sources, &file.name, &bytes, &options, &mut keeping);
        let texts = keeping.texts(&file.name, &bytes);
        let missing = std::mem::take(&mut files.missing);
        if missing.is_empty() {
            return match read.workflow {
                Some(workflow) => {
                    Ok(ReadFile { workflow, sources, name: file.name, named: file.named, texts })
                }
                None => {
                    let name = shown(&file.path, world);
                    Err(CheckedFile { name, jobs: Vec::new(), problems: read.problems, sources })
                }
            };
        }
        for uses in missing {
            let answer = fetch(store, facts, &uses, config.mode != Mode::Run).await;
            fetched.insert(uses, answer);
        }
    }
}

fn unreadable(file: &File, error: &std::io::Error, world: &World) -> CheckedFile {
    let mut sources = Sources::new();
    let name = shown(&file.path, world);
    let id = sources.add(&name, "");
    let problem = Problem::new(Span::whole(id), format!("the file cannot be read: {error}"));
    CheckedFile { name, jobs: Vec::new(), problems: vec![problem], sources }
}

/// Gets a workflow; a dry run and an explanation go on without those that are not in the store.
async fn fetch(store: &ActionStore, facts: &Facts, uses: &RemoteUses, offline: bool) -> Found {
    match store.workflow(uses).await {
        Ok(workflow) => {
            let (own, _) = facts.repository.repository.split_once('/').unwrap_or_default();
            let trusted = uses.owner.eq_ignore_ascii_case(own);
            Found::Workflow { name: uses.to_string().into(), bytes: workflow.bytes, trusted }
        }
        Err(StoreError::NotFetched { .. }) if offline => Found::OutOfReach,
        Err(error) => Found::Missing(ActionError::from(error).message),
    }
}

/// The repository's own files, and those fetched so far.
struct AllFiles<'a> {
    near: RepositoryFiles<'a>,
    fetched: &'a HashMap<RemoteUses, Found>,
    missing: Vec<RemoteUses>,
}

impl WorkflowFiles for AllFiles<'_> {
    fn find(&mut self, caller: &str, target: &CallTarget) -> Found {
        let Some(uses) = remote(caller, target) else { return self.near.find(caller, target) };
        if let Some(found) = self.fetched.get(&uses) {
            return found.clone();
        }
        let reason = format!("{uses} is not fetched yet");
        self.missing.push(uses);
        Found::Missing(reason)
    }
}

/// Returns what is to be fetched; `./` in a fetched workflow means that workflow's repository and commit.
fn remote(caller: &str, target: &CallTarget) -> Option<RemoteUses> {
    match target {
        CallTarget::Remote { owner, repository, path, reference } => Some(RemoteUses {
            owner: owner.to_string(),
            repository: repository.to_string(),
            path: path.to_string(),
            reference: reference.to_string(),
        }),
        CallTarget::Local { path } => {
            let Some(UsesRef::Remote { owner, repository, reference, .. }) = remote_name(caller) else {
                return None;
            };
            Some(RemoteUses {
                owner: owner.to_string(),
                repository: repository.to_string(),
                path: path.to_string(),
                reference: reference.to_string(),
            })
        }
    }
}

/// Reads the name of a fetched file, `owner/repo/path@ref`. Files of this repository lie in `.github`, or
/// are named by a path that holds no such reference.
fn remote_name(caller: &str) -> Option<UsesRef> {
    let near = caller.starts_with('.') || Path::new(caller).is_absolute();
    if near { None } else { UsesRef::parse(caller) }
}
