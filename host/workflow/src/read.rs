//! Reads a workflow file: bytes in, workflow and problems out.

use crate::called::{self, WorkflowFiles};
use crate::context::Context;
use crate::convert;
use crate::model::Workflow;
use crate::options::ParseOptions;
use crate::schema::Schema;
use crate::source::{FileId, Problem, Sources, Span};
use crate::template;
use act_expr::text::utf16_len;

/// A workflow, or why there is none.
#[derive(Clone, Debug)]
pub struct ReadWorkflow {
    /// There is a workflow when there is no problem.
    pub workflow: Option<Workflow>,
    /// All mistakes of the file, up to the limits of the options, in GitHub's order.
    pub problems: Vec<Problem>,
}

/// Builds what the first reading would build, for whoever has to wait for something else before it.
pub fn prepare() {
    Schema::workflow();
}

/// Reads a workflow and the workflows it calls. `name` is the path in messages, as `.github/workflows/ci.yml`.
///
/// The texts of all files that were read are added to `sources`; spans lead there.
///
/// Source: `WorkflowTemplateParser.LoadWorkflow`.
pub fn read_workflow(
    sources: &mut Sources,
    name: &str,
    bytes: &[u8],
    options: &ParseOptions,
    files: &mut dyn WorkflowFiles,
) -> ReadWorkflow {
    let mut context = Context::new(options, sources);
    let workflow = read(&mut context, name, bytes, files);
    let problems = context.problems.into_vec();
    ReadWorkflow { workflow: workflow.filter(|_| problems.is_empty()), problems }
}

fn read(
    context: &mut Context<'_>,
    name: &str,
    bytes: &[u8],
    files: &mut dyn WorkflowFiles,
) -> Option<Workflow> {
    let (file, text) = open(context, name, bytes)?;
    let root = template::read(context, Schema::workflow(), "workflow-root-strict", file, text)?;
    if !context.problems.is_empty() {
        return None;
    }
    let mut workflow = convert::workflow(context, root, file)?;
    called::load(context, &mut workflow, files);
    Some(workflow)
}

/// Names a file and takes its text.
pub(crate) fn open<'b>(context: &mut Context<'_>, name: &str, bytes: &'b [u8]) -> Option<(FileId, &'b str)> {
    take(context, name, bytes).map_err(|problem| context.problem(problem)).ok()
}

/// The same, where problems are kept in another way.
pub(crate) fn take<'b>(
    context: &mut Context<'_>,
    name: &str,
    bytes: &'b [u8],
) -> Result<(FileId, &'b str), Problem> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let file = context.add_file(name, &String::from_utf8_lossy(bytes))?;
            let (line, column) = position(&bytes[..error.valid_up_to()]);
            return Err(Problem::new(Span::at(file, line, column), "the file is not valid UTF-8"));
        }
    };
    let file = context.add_file(name, text)?;
    if let Some(nul) = text.find('\0') {
        let (line, column) = position(&bytes[..nul]);
        return Err(Problem::new(
            Span::at(file, line, column),
            "the file is not text: it has a NUL character",
        ));
    }
    let max = context.options.max_file_size;
    if text.len() > max && utf16_len(text) > max {
        return Err(Problem::new(
            Span::whole(file),
            format!("The maximum file size of {max} characters has been exceeded"),
        ));
    }
    Ok((file, text))
}

/// The position behind some valid text.
fn position(before: &[u8]) -> (u32, u32) {
    let text = String::from_utf8_lossy(before);
    let line_start = text.rfind('\n').map_or(0, |newline| newline + 1);
    let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
    (number(text.matches('\n').count()), number(text[line_start..].chars().count()))
}
