//! The actions a job uses: those of a repository are prepared before the first step, local ones read when their
//! step comes.

use std::sync::Arc;

use act_core::environment::{EnvPath, LogicalPath, Root, Target};
use act_core::ids::{Phase, StepPath, StepRef};
use act_core::record::Record;
use act_workflow::action::{ActionManifest, ActionRuns};
use act_workflow::expression::{Allowed, Expression};
use act_workflow::options::ParseOptions;
use act_workflow::source::{Sources, Span};
use act_workflow::step::{If, Step, StepKind};
use act_workflow::uses::UsesRef;
use bytes::Bytes;

use crate::executor::{Executor, Halt, job_part};
use crate::home::{Home, Source};
use crate::prepare::check_depth;
use crate::step::Running;
use crate::unless_stopped::Purpose;

/// An action that is at hand.
pub(crate) struct Action {
    /// As written in `uses`; `$/path` of another repository is written out.
    pub(crate) uses: String,
    pub(crate) manifest: ActionManifest,
    /// Where its folder lies in the environment.
    pub(crate) folder: String,
    /// `owner/repo` and the reference; `None` for a local one.
    pub(crate) repository: Option<(String, String)>,
    /// Of one that was fetched.
    pub(crate) commit: Option<String>,
}

/// The manifests an action's folder may have, in the order they are looked for.
const MANIFESTS: [&str; 3] = ["action.yml", "action.yaml", "Dockerfile"];

/// Largest manifest that is read, in bytes.
const MANIFEST_LIMIT: u64 = 1024 * 1024;

impl Executor<'_> {
    /// Returns the action of a step: fetched before, or read from the workspace now.
    ///
    /// # Errors
    /// [`Halt::Failed`] when there is none, or its manifest is wrong.
    pub(crate) async fn load(&mut self, step: &Step, running: &mut Running) -> Result<Arc<Action>, Halt> {
        let at = running.at.clone();
        if let Some(action) = self.loaded.get(&at.path) {
            return Ok(action.clone());
        }
        let StepKind::Uses { uses, .. } = &step.kind else {
            return Err(Halt::failed("the step uses no action"));
        };
        check_depth(at.path.depth())?;
        let action = match &uses.value {
            UsesRef::Remote { .. } | UsesRef::SelfRepository { .. } => self.prepared_action(step)?,
            UsesRef::Local { path } => {
                let root = self.env.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""));
                self.read_local(path, self.join(&root, path), running).await?
            }
            UsesRef::Docker { .. } => {
                return Err(Halt::failed("Docker actions are not built yet: this step cannot run here"));
            }
        };
        self.loaded.insert(at.path.clone(), action.clone());
        Ok(action)
    }

    fn prepared_action(&self, step: &Step) -> Result<Arc<Action>, Halt> {
        let source = self.source(step);
        let known = source.as_ref().and_then(|source| self.prepared.get(source).cloned());
        known.ok_or_else(|| {
            let name = source.map_or_else(|| step.keyword().to_owned(), |source| source.to_string());
            Halt::failed(format!("Action '{name}' was not prepared"))
        })
    }

    /// Returns the action that a step names by its repository, as the step's file means it.
    pub(crate) fn source(&self, step: &Step) -> Option<Source> {
        let uses = step.uses()?;
        self.home_of(uses.span).source(&uses.value)
    }

    /// Returns the repository of the file that holds a place.
    pub(crate) fn home_of(&self, span: Span) -> Home {
        self.homes.get(usize::from(span.file.0)).cloned().unwrap_or(Home::Run)
    }

    /// Returns the repository of the workflow's file. Local actions are at home there: nobody knows more of the
    /// workspace they lie in.
    ///
    /// Source: `ActionManager.LoadAction`.
    fn workflow_home(&self, at: &StepRef) -> Home {
        let index = at.path.indices().first().copied().unwrap_or_default();
        let uses = self.spec.steps.get(index as usize).and_then(Step::uses);
        uses.map_or(Home::Run, |uses| self.home_of(uses.span))
    }

    async fn read_local(
        &mut self,
        uses: &str,
        folder: String,
        running: &mut Running,
    ) -> Result<Arc<Action>, Halt> {
        let Some((file, bytes)) = self.settle_manifest(&folder, &running.at).await? else {
            return Err(Halt::failed(missing_manifest(&folder)));
        };
        let home = self.workflow_home(&running.at);
        let manifest = self.read_manifest(&format!("{uses}/{file}"), home, &file, &bytes)?;
        let action =
            Arc::new(Action { uses: uses.to_owned(), manifest, folder, repository: None, commit: None });
        if let ActionRuns::Composite { steps, .. } = &action.manifest.runs {
            let steps = steps.clone();
            Box::pin(self.prepare_actions(&steps, &mut Purpose::Step(running))).await?;
        }
        Ok(action)
    }

    /// Reads a manifest in the environment; what was read is settled.
    pub(crate) async fn settle_manifest(
        &mut self,
        folder: &str,
        at: &StepRef,
    ) -> Result<Option<(String, Bytes)>, Halt> {
        let is_this = |record: &Record| matches!(record, Record::Read { step, .. } if step == at);
        match self.journal.recall("a manifest", is_this)? {
            Some(Record::Read { file, .. }) => Ok(file),
            _ => {
                let file = self.find_manifest(folder).await?;
                self.journal.keep(Record::Read { step: at.clone(), file: file.clone() }).await?;
                Ok(file)
            }
        }
    }

    /// Reads a manifest's text. Its file joins the job's, so that places in it can be told, and what `$/` means there.
    pub(crate) fn read_manifest(
        &mut self,
        name: &str,
        home: Home,
        file: &str,
        bytes: &[u8],
    ) -> Result<ActionManifest, Halt> {
        if file == "Dockerfile" {
            return Err(Halt::failed(format!(
                "{name}: Docker actions are not built yet: this step cannot run here"
            )));
        }
        let mut sources = Sources::new();
        for known in &self.files {
            sources.add(known, "");
        }
        let read = act_workflow::manifest::read_action(&mut sources, name, bytes, &ParseOptions::default());
        self.files = sources.iter().map(|(_, file)| file.name.to_string()).collect();
        self.homes.resize(self.files.len(), home);
        let problems = || read.problems.iter().map(|problem| problem.display(&sources).to_string()).collect();
        read.action.ok_or_else(|| Halt::Failed(problems()))
    }

    async fn find_manifest(&self, folder: &str) -> Result<Option<(String, Bytes)>, Halt> {
        for name in MANIFESTS {
            let path = EnvPath(self.join(&EnvPath(folder.to_owned()), name));
            if let Some(bytes) = self.env.get(&path, MANIFEST_LIMIT).await? {
                return Ok(Some((name.to_owned(), bytes)));
            }
        }
        Ok(None)
    }

    /// Joins a path of a workflow to one of the environment.
    pub(crate) fn join(&self, root: &EnvPath, rest: &str) -> String {
        let separator = self.env.facts().path_separator;
        let mut path = root.0.clone();
        for part in rest.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".") {
            if !path.ends_with(separator) {
                path.push(separator);
            }
            path.push_str(part);
        }
        path
    }

    /// Returns the condition of a step's pre part; `None` where it has none. Local actions have none.
    pub(crate) fn pre_condition(&self, path: &StepPath, step: &Step) -> Option<If> {
        let action = self.known_action(path, step)?;
        action.repository.as_ref()?;
        match &action.manifest.runs {
            ActionRuns::Node(node) => node.pre.as_ref().map(|_| node.pre_if.clone()),
            ActionRuns::Composite { steps, .. } => {
                let inner = (0..).zip(steps);
                let mut pre = inner.filter_map(|(index, step)| self.pre_condition(&path.step(index), step));
                pre.next().map(|_| always())
            }
            ActionRuns::Docker(_) => None,
        }
    }

    /// Returns the condition of a step's post part; `None` where it has none.
    pub(crate) fn post_condition(&self, path: &StepPath) -> Option<If> {
        match &self.loaded.get(path)?.manifest.runs {
            ActionRuns::Node(node) => node.post.as_ref().map(|_| node.post_if.clone()),
            ActionRuns::Composite { .. } => self.has_post(self.loaded.get(path)?).then(always),
            ActionRuns::Docker(_) => None,
        }
    }

    /// Whether an action has a post part; a composite one, if an action inside that is no local one has one.
    fn has_post(&self, action: &Action) -> bool {
        match &action.manifest.runs {
            ActionRuns::Node(node) => node.post.is_some(),
            ActionRuns::Composite { steps, .. } => {
                let used = steps.iter().filter_map(|step| self.prepared.get(&self.source(step)?));
                used.into_iter().any(|inner| self.has_post(inner))
            }
            ActionRuns::Docker(_) => false,
        }
    }

    fn known_action(&self, path: &StepPath, step: &Step) -> Option<Arc<Action>> {
        if let Some(action) = self.loaded.get(path) {
            return Some(action.clone());
        }
        self.prepared.get(&self.source(step)?).cloned()
    }

    /// Says what set-up has to say, and prepares all that is known before the first step.
    ///
    /// # Errors
    /// [`Halt::Failed`] with every reason why the job cannot begin.
    pub(crate) async fn set_up(&mut self) -> Result<(), Halt> {
        let at = job_part(Phase::Pre);
        let facts = self.env.facts().clone();
        self.say(&at, &format!("Runner name: '{}'", facts.name));
        self.say(&at, &format!("Operating system: {} {}", facts.os, facts.arch));
        self.evaluate_job_env(&at).await?;
        let spec = self.spec;
        self.prepare_actions(&spec.steps, &mut Purpose::SetUp).await
    }
}

/// The condition of a composite action's pre and post parts: each step inside has its own.
fn always() -> If {
    let expression = Expression::parse("always()", &Allowed::new(["always(0,0)".into()]))
        .expect("a call of an allowed function parses");
    If { expression, span: None }
}

/// Source: `ActionManager.LoadAction`.
fn missing_manifest(folder: &str) -> String {
    format!(
        "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{folder}'. Did you forget to run actions/checkout before running your local action?"
    )
}
