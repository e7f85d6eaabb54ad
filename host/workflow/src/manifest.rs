//! Reads `action.yml` and `action.yaml`.
//!
//! To run an action its form is checked as the runner checks it, which is laxer than GitHub's editors: unknown keys are
//! ignored, and an action needs no name. Port of `Runner.Worker/ActionManifestManager.cs`.

mod runs;
#[cfg(test)]
mod tests;

use crate::action::{ActionInput, ActionManifest, Branding};
use crate::context::Context;
use crate::convert;
use crate::ids::{InputName, OutputName};
use crate::options::ParseOptions;
use crate::read::open;
use crate::schema::Schema;
use crate::source::{FileId, Problem, Sources, Span};
use crate::template;
use crate::token::{Token, TokenKind};
use crate::triggers::OutputDefinition;
use indexmap::IndexMap;
use std::sync::Arc;

/// What only an action that is published needs; those of a repository often have neither.
const PUBLISHED: [&str; 2] =
    ["Required property is missing: name", "Required property is missing: description"];

/// An action, or why there is none.
#[derive(Clone, Debug)]
pub struct ReadAction {
    /// There is an action when there is no problem.
    pub action: Option<ActionManifest>,
    /// All mistakes of the file, up to the limits of the options.
    pub problems: Vec<Problem>,
}

/// Reads an action's manifest. `name` is the path in messages, as `actions/checkout/v4/action.yml`.
///
/// The text is added to `sources`; spans lead there.
pub fn read_action(sources: &mut Sources, name: &str, bytes: &[u8], options: &ParseOptions) -> ReadAction {
    let mut context = Context::new(options, sources);
    let action = read(&mut context, name, bytes);
    let problems = context.problems.into_vec();
    ReadAction { action: action.filter(|_| problems.is_empty()), problems }
}

/// Reads an action's manifest for its author: what keeps it from running, and what GitHub's editors complain about as
/// well, as a key that does not exist. There may be an action with such problems: it runs.
pub fn lint_action(sources: &mut Sources, name: &str, bytes: &[u8], options: &ParseOptions) -> ReadAction {
    let mut read = read_action(sources, name, bytes, options);
    let mut context = Context::new(options, sources);
    if let Some((file, text)) = open(&mut context, name, bytes) {
        template::read(&mut context, Schema::action(), "action-root-strict", file, text);
    }
    // Both see many mistakes, in words of their own.
    let place = |problem: &Problem| (problem.span.line.max(1), problem.span.column.max(1));
    let seen: Vec<_> = read.problems.iter().map(place).collect();
    let form = context.problems.into_vec();
    let counts =
        |problem: &Problem| !seen.contains(&place(problem)) && !PUBLISHED.contains(&&*problem.message);
    read.problems.extend(form.into_iter().filter(counts));
    read.problems.sort_by_key(place);
    read
}

fn read(context: &mut Context<'_>, name: &str, bytes: &[u8]) -> Option<ActionManifest> {
    let (file, text) = open(context, name, bytes)?;
    let root = template::read(context, Schema::action(), "action-root", file, text)?;
    if !context.problems.is_empty() {
        return None;
    }
    convert(context, root, file).map_err(|problem| context.problem(problem)).ok()
}

fn convert(context: &mut Context<'_>, root: Token, file: FileId) -> Result<ActionManifest, Problem> {
    let whole = Span::whole(file);
    let name = context.sources.name(file).to_owned();
    root.expect_mapping("action manifest root")?;
    let text = |key: &str| root.get(key).map(Token::literal_text).filter(|text| !text.is_empty());
    let branding = root.get("branding").map(|branding| {
        let text = |key: &str| branding.get(key).map(Token::literal_text);
        Branding { icon: text("icon"), color: text("color") }
    });
    let outputs = convert::triggers::named(root.get("outputs"), OutputName::new, output);
    let inputs = inputs(root.get("inputs"))?;
    let (title, description, author) = (text("name"), text("description"), text("author"));
    let TokenKind::Mapping(entries) = root.kind else { return Err(runs::missing(whole, &name)) };
    let found = entries.into_iter().find(|(key, _)| key.as_str() == Some("runs"));
    let (_, runs) = found.ok_or_else(|| runs::missing(whole, &name))?;
    let runs = runs::runs(context, runs, &name)?;
    Ok(ActionManifest { file, name: title, description, author, branding, inputs, outputs, runs })
}

fn inputs(token: Option<&Token>) -> Result<IndexMap<InputName, ActionInput>, Problem> {
    let mut inputs = IndexMap::new();
    for (key, value) in token.map(|token| token.expect_mapping("inputs")).transpose()?.unwrap_or_default() {
        let name = key.expect_string("input name")?;
        inputs
            .insert(InputName::new(name.clone()), input(key.span, value.expect_mapping("input metadata")?)?);
    }
    Ok(inputs)
}

/// Keys of an input are compared ignoring case, as the runner does.
fn input(span: Span, entries: &[(Token, Token)]) -> Result<ActionInput, Problem> {
    let get = |wanted: &str| {
        let is_wanted = |key: &Token| key.as_str().is_some_and(|key| key.eq_ignore_ascii_case(wanted));
        entries.iter().find(|(key, _)| is_wanted(key)).map(|(_, value)| value)
    };
    let deprecation =
        get("deprecationMessage").map(|message| message.expect_string("input deprecationMessage"));
    Ok(ActionInput {
        span,
        required: get("required")
            .is_some_and(|required| required.literal_text().eq_ignore_ascii_case("true")),
        default: get("default").cloned(),
        description: get("description").map(Token::literal_text).filter(|text| !text.is_empty()),
        deprecation_message: deprecation.transpose()?.map(Arc::clone),
    })
}

fn output(span: Span, token: &Token) -> OutputDefinition {
    let description = token.get("description").map(Token::literal_text);
    OutputDefinition { span, value: token.get("value").cloned(), description }
}
