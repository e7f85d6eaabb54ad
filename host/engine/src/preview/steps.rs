//! Steps as their files have them, and those of the composite actions that they use.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use act_core::control::RemoteUses;
use act_job::display::{Doing, first_line, step_name};
use act_workflow::action::{ActionManifest, ActionRuns};
use act_workflow::manifest::read_action;
use act_workflow::options::ParseOptions;
use act_workflow::source::Sources;
use act_workflow::step::{Step, StepKind};
use act_workflow::token::Token;
use act_workflow::uses::UsesRef;
use act_workflow::written;

use super::{ActionPlace, ActionPreview, FoundManifest, MAX_ITEMS, Manifests, StepPreview, StepPreviewKind};

/// Steps may stand within this many composite actions; what they use may not be one more.
///
/// Source: actions/runner `Constants.CompositeActionsMaxDepth`, `ActionManager.PrepareActionsRecursiveAsync`.
const MAX_DEPTH: usize = 9;

/// Looks at steps; reads each action once.
pub(super) struct Reader<'a> {
    manifests: &'a dyn Manifests,
    read: RefCell<HashMap<ActionPlace, Rc<Read>>>,
    /// Legs and steps that may still be shown.
    left: Cell<usize>,
}

enum Read {
    Action(Box<ActionManifest>),
    Other(ActionPreview),
}

/// The file that steps stand in.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// `None` for the run's own repository.
    repository: Option<&'a RemoteUses>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(manifests: &'a dyn Manifests) -> Self {
        Self { manifests, read: RefCell::default(), left: Cell::new(MAX_ITEMS) }
    }

    /// Takes one from what may still be shown.
    pub(super) fn take(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    /// Whether something was left out.
    pub(super) fn is_cut(&self) -> bool {
        self.left.get() == 0
    }

    /// Looks at the steps of a job; `repository` is that of a called workflow, if it is another one.
    pub(super) fn job(&self, steps: &[Step], repository: Option<&RemoteUses>) -> Vec<StepPreview> {
        self.steps(steps, Place { repository, depth: 0 })
    }

    fn steps(&self, steps: &[Step], place: Place<'_>) -> Vec<StepPreview> {
        steps.iter().take_while(|_| self.take()).map(|step| self.step(step, place)).collect()
    }

    fn step(&self, step: &Step, place: Place<'_>) -> StepPreview {
        let given = step.name.as_ref().map(written::token);
        let (name, kind) = match &step.kind {
            StepKind::Run { run, .. } => {
                let script = written::token(run);
                let first_line = first_line(&script).to_owned();
                (step_name(given.as_deref(), Doing::Run(&script)), StepPreviewKind::Run { first_line })
            }
            StepKind::Uses { uses, with } => {
                let action = self.action(&uses.value, with.as_ref(), place);
                let uses = uses.value.to_string();
                let name = step_name(given.as_deref(), Doing::Uses(&uses));
                (name, StepPreviewKind::Uses { uses, action })
            }
            StepKind::Parallel { steps } => {
                let steps = self.steps(steps, place);
                (other_name(given, step), StepPreviewKind::Other { keyword: step.keyword(), steps })
            }
            StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => {
                let kind = StepPreviewKind::Other { keyword: step.keyword(), steps: Vec::new() };
                (other_name(given, step), kind)
            }
        };
        let id = (!step.id_generated).then(|| step.id.as_str().to_owned());
        StepPreview { id, name, condition: written::condition(&step.condition), kind }
    }

    fn action(&self, uses: &UsesRef, with: Option<&Token>, place: Place<'_>) -> ActionPreview {
        let found = match uses {
            UsesRef::Docker { .. } => return ActionPreview::Docker,
            UsesRef::Remote { .. } if is_own_checkout(uses, with) => return ActionPreview::OwnCheckout,
            UsesRef::Local { path } => ActionPlace::Workspace(path.to_string()),
            UsesRef::SelfRepository { path } => match place.repository {
                None => ActionPlace::Repository(path.to_string()),
                Some(own) => ActionPlace::Remote(RemoteUses { path: path.to_string(), ..own.clone() }),
            },
            UsesRef::Remote { owner, repository, path, reference } => ActionPlace::Remote(RemoteUses {
                owner: owner.to_string(),
                repository: repository.to_string(),
                path: path.to_string(),
                reference: reference.to_string(),
            }),
        };
        match &*self.read(&found) {
            Read::Other(preview) => preview.clone(),
            Read::Action(manifest) => {
                let repository = match &found {
                    ActionPlace::Remote(uses) => Some(uses),
                    ActionPlace::Workspace(_) | ActionPlace::Repository(_) => None,
                };
                self.manifest(manifest, Place { repository, depth: place.depth + 1 })
            }
        }
    }

    fn manifest(&self, manifest: &ActionManifest, place: Place<'_>) -> ActionPreview {
        match &manifest.runs {
            ActionRuns::Composite { .. } if place.depth > MAX_DEPTH => ActionPreview::TooDeep,
            ActionRuns::Composite { .. } if self.is_cut() => ActionPreview::Cut,
            ActionRuns::Composite { steps, .. } => ActionPreview::Composite(self.steps(steps, place)),
            ActionRuns::Node(node) => ActionPreview::Node {
                version: node.version.value.to_string(),
                pre: node.pre.is_some(),
                post: node.post.is_some(),
            },
            ActionRuns::Docker(_) => ActionPreview::Docker,
        }
    }

    fn read(&self, place: &ActionPlace) -> Rc<Read> {
        if let Some(known) = self.read.borrow().get(place) {
            return known.clone();
        }
        let read = Rc::new(match self.manifests.find(place) {
            FoundManifest::NotFetched => Read::Other(ActionPreview::NotFetched),
            FoundManifest::Missing(reason) => Read::Other(ActionPreview::Wrong(vec![reason])),
            FoundManifest::File { file, .. } if file.eq_ignore_ascii_case("Dockerfile") => {
                Read::Other(ActionPreview::Docker)
            }
            FoundManifest::File { file, bytes } => parse(&format!("{place}/{file}"), &bytes),
        });
        self.read.borrow_mut().insert(place.clone(), read.clone());
        read
    }
}

fn parse(name: &str, bytes: &[u8]) -> Read {
    let mut sources = Sources::new();
    let read = read_action(&mut sources, name, bytes, &ParseOptions::default());
    match read.action {
        Some(action) => Read::Action(Box::new(action)),
        None => {
            let messages = read.problems.iter().map(|problem| problem.display(&sources).to_string());
            Read::Other(ActionPreview::Wrong(messages.collect()))
        }
    }
}

fn other_name(given: Option<String>, step: &Step) -> String {
    given.or_else(|| step.kind.default_name().map(str::to_owned)).unwrap_or_else(|| step.keyword().to_owned())
}

/// Whether a step can only be a checkout of the run's own repository, which the host brings.
fn is_own_checkout(uses: &UsesRef, with: Option<&Token>) -> bool {
    let UsesRef::Remote { owner, repository, path, .. } = uses else { return false };
    let is_checkout = owner.eq_ignore_ascii_case("actions")
        && repository.eq_ignore_ascii_case("checkout")
        && path.is_empty();
    let given = |name: &str| with.and_then(|with| with.get(name));
    let own = |name: &str| {
        given(name).is_none_or(|token| {
            token.as_str() == Some("")
                || token.as_expression().is_some_and(|found| found.source() == format!("github.{name}"))
        })
    };
    is_checkout && own("repository") && own("ref")
}

impl std::fmt::Display for ActionPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Workspace(path) => f.write_str(path),
            Self::Repository(path) => write!(f, "$/{path}"),
            Self::Remote(uses) => write!(f, "{uses}"),
        }
    }
}
