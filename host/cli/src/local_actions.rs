//! Checks the actions of the own repository that steps use: their manifests, and what the steps give them.
//!
//! Which inputs there are is checked in the words of GitHub's editors (languageservice, `validate-action-reference`);
//! the runner itself only warns. An action that is not there is reported where nothing but the repository itself
//! can provide it: below `.github`, in a job that checks out no other repository or commit.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use act_workflow::action::{ActionManifest, ActionRuns};
use act_workflow::manifest::lint_action;
use act_workflow::model::Job;
use act_workflow::options::ParseOptions;
use act_workflow::source::{Problem, Sources, Span, Spanned};
use act_workflow::step::{Step, StepKind};
use act_workflow::token::Token;
use act_workflow::uses::UsesRef;

use crate::nearest::nearest;
use crate::repository_files::{inside, shown};
use crate::world::World;

/// The names a manifest may have, in the order in which the runner looks.
const MANIFESTS: [&str; 2] = ["action.yml", "action.yaml"];

/// Inputs that every action in a container takes.
const CONTAINER_INPUTS: [&str; 2] = ["args", "entrypoint"];

/// Returns what is wrong with the local actions that these jobs use, or how they use them.
pub(crate) fn check_jobs(jobs: &[Job], root: &Path, sources: &mut Sources, world: &World) -> Vec<Problem> {
    let mut checker = Checker::new(root, sources, world);
    for job in jobs {
        checker.steps(job.steps(), None);
    }
    checker.problems
}

/// Returns what is wrong with the local actions that an action's own steps use.
pub(crate) fn check_action(
    action: &ActionManifest,
    root: &Path,
    sources: &mut Sources,
    world: &World,
) -> Vec<Problem> {
    let mut checker = Checker::new(root, sources, world);
    checker.inner(action, None);
    checker.problems
}

/// What a folder holds.
#[derive(Clone)]
enum Content {
    Manifest(Rc<ActionManifest>),
    /// An action of which nothing is known (a Dockerfile), or one whose mistakes are reported already.
    Opaque,
    Nothing,
}

struct Checker<'a> {
    root: &'a Path,
    sources: &'a mut Sources,
    world: &'a World,
    known: HashMap<PathBuf, Content>,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn new(root: &'a Path, sources: &'a mut Sources, world: &'a World) -> Self {
        Self { root, sources, world, known: HashMap::new(), problems: Vec::new() }
    }

    /// Checks the steps of a job, or of an action that `caller` uses.
    fn steps(&mut self, steps: &[Step], caller: Option<Span>) {
        let own_tree = !steps.iter().flat_map(Step::walk).any(checks_out_another_tree);
        for step in steps.iter().flat_map(Step::walk) {
            let StepKind::Uses { uses, with } = &step.kind else { continue };
            if let Some(path) = local_path(&uses.value) {
                self.used(path, uses, with.as_ref(), caller, own_tree);
            }
        }
    }

    fn used(
        &mut self,
        path: &str,
        uses: &Spanned<UsesRef>,
        with: Option<&Token>,
        caller: Option<Span>,
        own_tree: bool,
    ) {
        let Some(folder) = inside(self.root, path) else { return };
        let first = !self.known.contains_key(&folder);
        match self.content(&folder, uses.span) {
            Content::Manifest(action) => {
                self.inputs(&action, uses.span, with, caller);
                if first {
                    self.inner(&action, Some(uses.span));
                }
            }
            Content::Nothing if own_tree && path.starts_with(".github/") => {
                self.add(missing(path, &folder, uses.span), caller);
            }
            Content::Nothing | Content::Opaque => {}
        }
    }

    fn inner(&mut self, action: &ActionManifest, caller: Option<Span>) {
        if let ActionRuns::Composite { steps, .. } = &action.runs {
            self.steps(steps, caller);
        }
    }

    /// Reads the action of a folder, once.
    fn content(&mut self, folder: &Path, caller: Span) -> Content {
        if let Some(content) = self.known.get(folder) {
            return content.clone();
        }
        let content = self.read(folder, caller);
        self.known.insert(folder.to_owned(), content.clone());
        content
    }

    fn read(&mut self, folder: &Path, caller: Span) -> Content {
        for name in MANIFESTS {
            let path = folder.join(name);
            let Ok(bytes) = fs::read(&path) else { continue };
            let name = shown(&path, self.world);
            let read = lint_action(self.sources, &name, &bytes, &ParseOptions::default());
            for problem in read.problems {
                self.add(problem, Some(caller));
            }
            return read.action.map_or(Content::Opaque, |action| Content::Manifest(Rc::new(action)));
        }
        let docker = ["Dockerfile", "dockerfile"].iter().any(|name| folder.join(name).is_file());
        if docker { Content::Opaque } else { Content::Nothing }
    }

    fn inputs(&mut self, action: &ActionManifest, uses: Span, with: Option<&Token>, caller: Option<Span>) {
        let given = with.and_then(Token::as_mapping).unwrap_or_default();
        let names: Vec<(&str, Span)> =
            given.iter().filter_map(|(key, _)| Some((key.as_str()?, key.span))).collect();
        for (name, span) in &names {
            let known = action.inputs.keys().any(|input| input.same_as(name));
            if !known && !is_container_input(action, name) {
                self.add(unknown_input(action, name, *span), caller);
            }
        }
        if names.len() < given.len() {
            // Keys that are computed may be any.
            return;
        }
        let missing: Vec<String> = action
            .inputs
            .iter()
            .filter(|(name, input)| {
                input.required
                    && input.default.is_none()
                    && !names.iter().any(|(given, _)| name.same_as(given))
            })
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        match &missing[..] {
            [] => {}
            [one] => self.add(Problem::new(uses, format!("Missing required input {one}")), caller),
            many => {
                self.add(Problem::new(uses, format!("Missing required inputs: {}", many.join(", "))), caller)
            }
        }
    }

    /// Keeps a problem; one of another file is marked with the place that led there.
    fn add(&mut self, mut problem: Problem, caller: Option<Span>) {
        if problem.called_from.is_none() {
            problem.called_from = caller.filter(|caller| caller.file != problem.span.file);
        }
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// Returns the folder that a local action is in, from the root of the repository.
fn local_path(uses: &UsesRef) -> Option<&str> {
    match uses {
        UsesRef::Local { path } => path.strip_prefix("./"),
        UsesRef::SelfRepository { path } => Some(path),
        UsesRef::Remote { .. } | UsesRef::Docker { .. } => None,
    }
}

/// Whether a step may put another tree than the repository's own into the workspace.
fn checks_out_another_tree(step: &Step) -> bool {
    let StepKind::Uses { uses, with: Some(with) } = &step.kind else { return false };
    let is_checkout = matches!(&uses.value, UsesRef::Remote { owner, repository, .. }
        if owner.eq_ignore_ascii_case("actions") && repository.eq_ignore_ascii_case("checkout"));
    let names = with.as_mapping().unwrap_or_default().iter().map(|(key, _)| key.as_str());
    is_checkout && names.into_iter().any(|name| matches!(name, None | Some("repository" | "ref" | "path")))
}

fn is_container_input(action: &ActionManifest, name: &str) -> bool {
    matches!(action.runs, ActionRuns::Docker(_))
        && CONTAINER_INPUTS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn unknown_input(action: &ActionManifest, name: &str, span: Span) -> Problem {
    let problem = Problem::new(span, format!("Invalid action input '{name}'"));
    let known: Vec<&str> = action.inputs.keys().map(|input| input.as_str()).collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => problem.with_hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem.with_hint("the action takes no inputs"),
        None => problem.with_hint(format!("the action takes {}", known.join(", "))),
    }
}

/// Source of the text: actions/runner `ActionManager.cs`.
fn missing(path: &str, folder: &Path, span: Span) -> Problem {
    let message = format!(
        "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{path}'. Did you forget to run actions/checkout before running your local action?"
    );
    let problem = Problem::new(span, message);
    let beside = folder.parent().and_then(|parent| fs::read_dir(parent).ok()).into_iter().flatten();
    let names: Vec<String> = beside.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let wanted = folder.file_name().unwrap_or_default().to_string_lossy();
    match nearest(&wanted, names.iter().map(String::as_str)).filter(|near| *near != wanted) {
        Some(near) => problem.with_hint(format!("did you mean `{near}`?")),
        None => problem,
    }
}
