//! Checks files: workflows with everything of the repository that they use, and actions.
//!
//! What cannot be read is a problem of that file; the others are checked all the same.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use act_workflow::manifest::lint_action;
use act_workflow::model::Workflow;
use act_workflow::options::ParseOptions;
use act_workflow::read::{ReadWorkflow, read_workflow};
use act_workflow::source::{Problem, Sources, Span};

use crate::diagnostics::CheckedFile;
use crate::local_actions;
use crate::repository_files::{RepositoryFiles, shown};
use crate::world::World;

/// Problems of one file that are shown. GitHub stops at ten; whoever repairs a file wants them all.
const MAX_PROBLEMS: usize = 1000;
/// Bytes of a file that are read: more than any reader takes.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// Room for most files, so that one read takes them.
const USUAL_BYTES: usize = 8 * 1024;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A workflow.
    Workflow,
    /// `action.yml` or `action.yaml`.
    Action,
}

impl Kind {
    /// Tells by the name.
    pub(crate) fn of(path: &Path) -> Self {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("action.yml" | "action.yaml") => Self::Action,
            _ => Self::Workflow,
        }
    }
}

/// A file to check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    /// Absolute.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) kind: Kind,
    /// The repository that it belongs to: where `./` begins.
    pub(crate) root: PathBuf,
}

/// Checks one file.
pub(crate) fn check(subject: &Subject, world: &World) -> CheckedFile {
    match subject.kind {
        Kind::Workflow => workflow(subject, world).0,
        Kind::Action => action(subject, world),
    }
}

/// Checks a workflow, and returns it if it can be run. (A step that gives an action an input it does not know is
/// a mistake, and runs all the same.)
pub(crate) fn workflow(subject: &Subject, world: &World) -> (CheckedFile, Option<Workflow>) {
    let name = shown(&subject.path, world);
    let root = &subject.root;
    let mut sources = Sources::new();
    let mut read = match bytes(&subject.path) {
        Ok(bytes) => {
            let mut files = RepositoryFiles::new(root, world);
            read_workflow(&mut sources, &name, &bytes, &options(), &mut files)
        }
        Err(error) => {
            ReadWorkflow { workflow: None, problems: vec![unreadable(&error, &name, &mut sources)] }
        }
    };
    if let Some(workflow) = &read.workflow {
        read.problems.extend(local_actions::check_jobs(&workflow.jobs, root, &mut sources, world));
    }
    let jobs =
        read.workflow.iter().flat_map(|workflow| &workflow.jobs).map(|job| job.id.to_string()).collect();
    (CheckedFile { name, jobs, problems: read.problems, sources }, read.workflow)
}

fn action(subject: &Subject, world: &World) -> CheckedFile {
    let name = shown(&subject.path, world);
    let mut sources = Sources::new();
    let problems = match bytes(&subject.path) {
        Ok(bytes) => {
            let mut read = lint_action(&mut sources, &name, &bytes, &options());
            if let Some(action) = &read.action {
                read.problems.extend(local_actions::check_action(action, &subject.root, &mut sources, world));
            }
            read.problems
        }
        Err(error) => vec![unreadable(&error, &name, &mut sources)],
    };
    CheckedFile { name, jobs: Vec::new(), problems, sources }
}

fn options() -> ParseOptions {
    ParseOptions { max_errors: MAX_PROBLEMS, ..ParseOptions::default() }
}

fn unreadable(error: &io::Error, name: &str, sources: &mut Sources) -> Problem {
    let file = sources.add(name, "");
    Problem::new(Span::whole(file), format!("the file cannot be read: {error}"))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
