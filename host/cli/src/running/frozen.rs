//! A run as it is written down when it begins, so that it can be taken up again: the words of the user, the texts that
//! were read, the request. Never what a secret holds.

use std::ffi::OsString;
use std::path::PathBuf;

use act_engine::{FrozenRequest, RunRequest};
use act_workflow::called::{Found, WorkflowFiles};
use act_workflow::model::CallTarget;
use act_workflow::options::ParseOptions;
use act_workflow::read::read_workflow;
use act_workflow::source::Sources;
use serde::{Deserialize, Serialize};

use super::read::ReadFile;
use crate::flags::value::Named;
use crate::world::World;

/// The name of it among what is frozen of a run.
pub(super) const RUN: &str = "run";

/// What is written down.
#[derive(Serialize, Deserialize)]
pub(super) struct FrozenRun {
    /// The command line, the program's own name first.
    args: Vec<String>,
    cwd: Option<PathBuf>,
    texts: Texts,
    pub(super) request: FrozenRequest,
}

/// A workflow file, and the files of all that it calls.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Texts {
    name: String,
    text: String,
    called: Vec<Called>,
}

/// The file of a called workflow.
#[derive(Clone, Serialize, Deserialize)]
struct Called {
    caller: String,
    target: String,
    name: String,
    text: String,
    trusted: bool,
}

impl FrozenRun {
    pub(super) fn new(request: &RunRequest, texts: Texts, secrets: &[Named], world: &World) -> Self {
        let args = world.args.iter().map(|arg| without_secrets(&arg.to_string_lossy(), secrets)).collect();
        Self { args, cwd: world.cwd.clone(), texts, request: request.freeze() }
    }

    /// Returns the surroundings of now, as the user called the program then.
    pub(super) fn world(&self, now: &World) -> World {
        let args = self.args.iter().map(OsString::from).collect();
        World { args, cwd: self.cwd.clone(), ..now.clone() }
    }

    /// Reads the workflow as it was.
    ///
    /// # Errors
    /// What is wrong with it for this version of the program.
    pub(super) fn read(&self) -> Result<ReadFile, String> {
        let mut sources = Sources::new();
        let Texts { name, text, .. } = &self.texts;
        let mut files = &self.texts;
        let read = read_workflow(&mut sources, name, text.as_bytes(), &ParseOptions::default(), &mut files);
        let Some(workflow) = read.workflow else {
            let first = read.problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
            return Err(format!("{name} cannot be read any more: {first}"));
        };
        let (name, texts) = (name.clone(), self.texts.clone());
        Ok(ReadFile { workflow, sources, name, named: true, texts })
    }
}

/// Returns an argument without the value of a secret. Taken up again, the run asks for it as for one without a value.
fn without_secrets(arg: &str, secrets: &[Named]) -> String {
    for secret in secrets {
        let Some(value) = &secret.value else { continue };
        if let Some(flag) = arg.strip_suffix(&format!("={value}"))
            && flag.trim_end().ends_with(&secret.name)
        {
            return flag.to_owned();
        }
    }
    arg.to_owned()
}

impl WorkflowFiles for &Texts {
    fn find(&mut self, caller: &str, target: &CallTarget) -> Found {
        let target = target.to_string();
        let found = self.called.iter().find(|called| called.caller == caller && called.target == target);
        match found {
            Some(Called { name, text, trusted, .. }) => {
                Found::Workflow { name: name.as_str().into(), bytes: text.clone().into(), trusted: *trusted }
            }
            None => Found::OutOfReach,
        }
    }
}

/// Finds files as another does, and keeps what was found.
pub(super) struct Keeping<'a, F> {
    files: &'a mut F,
    called: Vec<Called>,
}

impl<'a, F: WorkflowFiles> Keeping<'a, F> {
    pub(super) fn new(files: &'a mut F) -> Self {
        Self { files, called: Vec::new() }
    }

    /// Returns what was found, beside the file of `name` that was read.
    pub(super) fn texts(self, name: &str, bytes: &[u8]) -> Texts {
        let text = String::from_utf8_lossy(bytes).into_owned();
        Texts { name: name.to_owned(), text, called: self.called }
    }
}

impl<F: WorkflowFiles> WorkflowFiles for Keeping<'_, F> {
    fn find(&mut self, caller: &str, target: &CallTarget) -> Found {
        let found = self.files.find(caller, target);
        if let Found::Workflow { name, bytes, trusted } = &found {
            self.called.push(Called {
                caller: caller.to_owned(),
                target: target.to_string(),
                name: name.to_string(),
                text: String::from_utf8_lossy(bytes).into_owned(),
                trusted: *trusted,
            });
        }
        found
    }
}
