//! Loads the workflows that a workflow calls, and those that they call.
//!
//! Depth, number and size are limited; a problem ends the loading, as with GitHub. Port of
//! `Conversion/ReusableWorkflowsLoader.cs`.

#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::convert::called::{Caller, called};
use crate::model::{CallTarget, Job, JobKind, Workflow};
use crate::read::take;
use crate::schema::Schema;
use crate::source::{FileId, Problem, Span};
use crate::template;
use crate::token::Token;
use std::sync::Arc;

/// Where the files of called workflows come from. The reader itself does no IO.
pub trait WorkflowFiles {
    /// Finds the workflow that a job of `caller` calls.
    ///
    /// `caller` is the name of the calling file: the root's own, or one this trait gave. `./` targets mean the caller's
    /// repository and commit.
    fn find(&mut self, caller: &str, target: &CallTarget) -> Found;
}

/// The answer of [`WorkflowFiles::find`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Workflow {
        /// Name of the file in messages, and for its own calls: `owner/repo/.github/workflows/f.yml@ref`.
        name: Arc<str>,
        bytes: Vec<u8>,
        /// The file belongs to the caller's own organization: it may ask for `id-token: write`.
        trusted: bool,
    },
    /// There is none, for this reason: a problem of the caller.
    Missing(String),
    /// It cannot be looked at here; the call is left unloaded, and whether it fits is not checked.
    OutOfReach,
}

/// No called workflow is found.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl WorkflowFiles for NoFiles {
    fn find(&mut self, _: &str, _: &CallTarget) -> Found {
        Found::Missing("called workflows are not available here".to_owned())
    }
}

/// Loads everything `workflow` calls; what is wrong goes to the context.
pub(crate) fn load(context: &mut Context<'_>, workflow: &mut Workflow, files: &mut dyn WorkflowFiles) {
    if context.options.skip_reusable_workflows || !context.problems.is_empty() {
        return;
    }
    let mut loader = Loader { context, files, loaded: vec![workflow.file] };
    for job in &mut workflow.jobs {
        if loader.job(job, 1).is_err() {
            return;
        }
    }
    let max = context.options.max_job_limit;
    if max > 0 && context.jobs > max {
        context.error(Span::nowhere(), format!("The workflow may not contain more than {max} jobs"));
    }
}

/// Loading ends: the problem is in the context.
struct Stop;

struct Loader<'a, 'c> {
    context: &'a mut Context<'c>,
    files: &'a mut dyn WorkflowFiles,
    /// Every file once.
    loaded: Vec<FileId>,
}

impl Loader<'_, '_> {
    fn job(&mut self, job: &mut Job, depth: usize) -> Result<(), Stop> {
        if !matches!(job.kind, JobKind::Call(_)) {
            return Ok(());
        }
        self.check_depth(job, depth)?;
        self.call(job)?;
        let JobKind::Call(call) = &mut job.kind else { return Ok(()) };
        for nested in call.called.iter_mut().flat_map(|called| &mut called.jobs) {
            self.job(nested, depth + 1)?;
        }
        Ok(())
    }

    fn check_depth(&mut self, job: &Job, depth: usize) -> Result<(), Stop> {
        let max = self.context.options.max_nested_reusable_workflows_depth;
        if depth <= max {
            return Ok(());
        }
        let place = Problem::new(job.id_span, "").place(self.context.sources);
        let problem =
            Problem::new(Span::nowhere(), format!("Nested reusable workflow depth exceeded {max}."));
        self.context.problem(problem.with_hint(format!("the first call too deep: {place}job `{}`", job.id)));
        Err(Stop)
    }

    /// Loads the callee of one job.
    fn call(&mut self, job: &mut Job) -> Result<(), Stop> {
        let JobKind::Call(call) = &mut job.kind else { return Ok(()) };
        let place = call.uses.span;
        let caller_name = self.context.sources.name(place.file).to_owned();
        let (name, bytes, trusted) = match self.files.find(&caller_name, &call.target) {
            Found::Workflow { name, bytes, trusted } => (name, bytes, trusted),
            Found::OutOfReach => return Ok(()),
            Found::Missing(reason) => {
                let message =
                    format!("error parsing called workflow \"{}\": workflow was not found.", call.uses.value);
                self.context.problem(Problem::new(place, message).with_hint(reason));
                return Err(Stop);
            }
        };
        let caller = Caller {
            id_span: job.id_span,
            call,
            callee: &name,
            permissions: job.permissions.as_ref(),
            trusted,
            policy: self.context.options.permissions_policy,
        };
        let result = read(self.context, &mut self.loaded, &name, &bytes)
            .and_then(|(file, root)| called(self.context, root, file, &caller));
        if !self.context.problems.is_empty() {
            self.context.problems.called_from(place);
            return Err(Stop);
        }
        call.called = result.map(Box::new);
        Ok(())
    }
}

/// Reads the file of a callee (`YamlTemplateLoader.LoadFile`).
fn read(
    context: &mut Context<'_>,
    loaded: &mut Vec<FileId>,
    name: &str,
    bytes: &[u8],
) -> Option<(FileId, Token)> {
    match open(context, loaded, name, bytes) {
        Ok((file, text)) => {
            let root = template::read(context, Schema::workflow(), "workflow-root-strict", file, text)?;
            Some((file, root))
        }
        Err(problem) => {
            context.problem(problem);
            None
        }
    }
}

fn open<'b>(
    context: &mut Context<'_>,
    loaded: &mut Vec<FileId>,
    name: &str,
    bytes: &'b [u8],
) -> Result<(FileId, &'b str), Problem> {
    let max = context.options.max_files;
    let is_known = context.sources.find(name).is_some_and(|file| loaded.contains(&file));
    if !is_known && max > 0 && loaded.len() >= max {
        let message = format!("The maximum file count of {max} has been exceeded");
        return Err(Problem::new(Span::nowhere(), message));
    }
    let (file, text) = take(context, name, bytes)?;
    if !loaded.contains(&file) {
        loaded.push(file);
    }
    Ok((file, text))
}
