//! Checks files: workflows with everything of the repository that they use, and actions.
//!
//! What cannot be read is a problem of that file; the others are checked all the same.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use act_workflow::model::Workflow;
use act_workflow::options::ParseOptions;
use act_workflow::read::{ReadWorkflow, read_workflow};
use act_workflow::source::{Problem, Sources, Span};

use crate::diagnostics::CheckedFile;
use crate::repository_files::{RepositoryFiles, root_of, shown};
use crate::world::World;

/// Problems of one file that are shown. GitHub stops at ten; whoever repairs a file wants them all.
const MAX_PROBLEMS: usize = 1000;
/// Bytes of a file that are read: more than any reader takes.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

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
}

/// Checks one file.
pub(crate) fn check(subject: &Subject, world: &World) -> CheckedFile {
    match subject.kind {
        Kind::Workflow => workflow(subject, world).0,
        Kind::Action => action(subject, world),
    }
}

/// Checks a workflow, and returns it if nothing is wrong.
pub(crate) fn workflow(subject: &Subject, world: &World) -> (CheckedFile, Option<Workflow>) {
    let name = shown(&subject.path, world);
    let mut sources = Sources::new();
    let read = match bytes(&subject.path) {
        Ok(bytes) => read_in_repository(&name, &bytes, &mut sources, &subject.path, world),
        Err(error) => {
            ReadWorkflow { workflow: None, problems: vec![unreadable(&error, &name, &mut sources)] }
        }
    };
    let jobs =
        read.workflow.iter().flat_map(|workflow| &workflow.jobs).map(|job| job.id.to_string()).collect();
    (CheckedFile { name, jobs, problems: read.problems, sources }, read.workflow)
}

fn action(subject: &Subject, world: &World) -> CheckedFile {
    let name = shown(&subject.path, world);
    let mut sources = Sources::new();
    let problems = match bytes(&subject.path) {
        Ok(_) => Vec::new(),
        Err(error) => vec![unreadable(&error, &name, &mut sources)],
    };
    CheckedFile { name, jobs: Vec::new(), problems, sources }
}

fn unreadable(error: &io::Error, name: &str, sources: &mut Sources) -> Problem {
    let file = sources.add(name, "");
    Problem::new(Span::whole(file), format!("the file cannot be read: {error}"))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a workflow with the workflows of its own repository that it calls.
///
/// Calls into other repositories cannot be followed here; then none of the file's calls are.
fn read_in_repository(
    name: &str,
    bytes: &[u8],
    sources: &mut Sources,
    path: &Path,
    world: &World,
) -> ReadWorkflow {
    let root = root_of(path);
    let mut files = RepositoryFiles::new(&root, world);
    let options = ParseOptions { max_errors: MAX_PROBLEMS, ..ParseOptions::default() };
    let read = read_workflow(sources, name, bytes, &options, &mut files);
    if !files.remote {
        return read;
    }
    let options = ParseOptions { skip_reusable_workflows: true, ..options };
    read_workflow(sources, name, bytes, &options, &mut files)
}
