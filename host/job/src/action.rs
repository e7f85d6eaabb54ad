//! The actions a job uses: remote ones are fetched before the first step, local ones when their step comes.

use std::sync::Arc;

use act_core::control::{FetchedAction, RemoteUses};
use act_core::environment::{EnvPath, LogicalPath, Root, Target};
use act_core::event::Event;
use act_core::ids::{Phase, StepPath, StepRef};
use act_core::record::Record;
use act_workflow::action::{ActionManifest, ActionRuns};
use act_workflow::expression::{Allowed, Expression};
use act_workflow::options::ParseOptions;
use act_workflow::source::Sources;
use act_workflow::step::{If, Step, StepKind};
use act_workflow::uses::UsesRef;
use bytes::Bytes;

use crate::executor::{Executor, Halt, job_part};

/// An action that is at hand.
pub(crate) struct Action {
    /// As written in `uses`.
    pub(crate) uses: String,
    pub(crate) manifest: ActionManifest,
    /// Where its folder lies in the environment.
    pub(crate) folder: String,
    /// `owner/repo` and the reference, of a remote one.
    pub(crate) repository: Option<(String, String)>,
    pub(crate) commit: Option<String>,
}

/// Composite actions may hold each other this deep.
///
/// Source: actions/runner `Constants.CompositeActionsMaxDepth`.
const MAX_DEPTH: usize = 9;

/// The manifests an action's folder may have, in the order they are looked for.
const MANIFESTS: [&str; 3] = ["action.yml", "action.yaml", "Dockerfile"];

/// Largest manifest that is read, in bytes.
const MANIFEST_LIMIT: u64 = 1024 * 1024;

impl Executor<'_> {
    /// Fetches the remote actions of `steps`, and those that they use, level by level.
    ///
    /// # Errors
    /// [`Halt::Failed`] with all that could not be had.
    pub(crate) async fn prepare_actions(&mut self, steps: &[Step], at: &StepRef) -> Result<(), Halt> {
        let mut level: Vec<RemoteUses> = self.remote_uses(steps);
        let mut depth = at.path.indices().len();
        while !level.is_empty() {
            if depth > MAX_DEPTH {
                return Err(Halt::failed(format!("Composite action depth exceeded max depth {MAX_DEPTH}")));
            }
            let control = self.control;
            let asked = level.iter().map(|uses| control.action(uses));
            let answers = futures_util::future::join_all(asked).await;
            let mut next = Vec::new();
            let mut messages = Vec::new();
            for (uses, answer) in level.iter().zip(answers) {
                match answer {
                    Ok(fetched) => match self.take_in(uses, fetched, at).await {
                        Ok(action) => next.extend(self.inner_uses(&action)),
                        Err(Halt::Failed(found)) => messages.extend(found),
                        Err(lost) => return Err(lost),
                    },
                    Err(error) => messages.push(error.message),
                }
            }
            if !messages.is_empty() {
                return Err(Halt::Failed(messages));
            }
            next.sort();
            next.dedup();
            level = next;
            depth += 1;
        }
        Ok(())
    }

    fn remote_uses(&self, steps: &[Step]) -> Vec<RemoteUses> {
        let mut found: Vec<_> = steps
            .iter()
            .filter(|step| !self.is_own_checkout(step))
            .filter_map(|step| step.uses())
            .filter_map(|uses| remote(&uses.value))
            .filter(|uses| !self.remote.contains_key(&uses.to_string()))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    fn inner_uses(&self, action: &Action) -> Vec<RemoteUses> {
        match &action.manifest.runs {
            ActionRuns::Composite { steps, .. } => self.remote_uses(steps),
            ActionRuns::Node(_) | ActionRuns::Docker(_) => Vec::new(),
        }
    }

    async fn take_in(
        &mut self,
        uses: &RemoteUses,
        fetched: FetchedAction,
        at: &StepRef,
    ) -> Result<Arc<Action>, Halt> {
        let name = uses.to_string();
        let is_this =
            |record: &Record| matches!(record, Record::Resolved { uses: past, .. } if *past == name);
        let past = self.journal.recall("a resolved action", is_this)?;
        let is_new = past.is_none();
        let fetched = match past {
            Some(Record::Resolved { commit, .. }) if commit != fetched.commit => {
                self.fetch_commit(uses, commit).await?
            }
            _ => fetched,
        };
        let path =
            LogicalPath::new(Root::Actions, format!("{}/{}/{}", uses.owner, uses.repository, fetched.commit));
        let root = self.env.put_tree(fetched.tree.clone(), &path).await?;
        let Some((file, bytes)) = &fetched.manifest else {
            let place = self.join(&root, &uses.path);
            return Err(Halt::failed(missing_manifest(&place)));
        };
        let action = Action {
            uses: name.clone(),
            manifest: self.read_manifest(&format!("{name}/{file}"), file, bytes)?,
            folder: self.join(&root, &uses.path),
            repository: Some((format!("{}/{}", uses.owner, uses.repository), uses.reference.clone())),
            commit: Some(fetched.commit.clone()),
        };
        if is_new {
            let line = format!("Download action repository '{}' (SHA:{})", uses.source(), fetched.commit);
            self.say(at, &line);
            self.journal.tell(Event::ActionResolved { uses: name.clone(), commit: fetched.commit.clone() });
            self.journal.keep(Record::Resolved { uses: name.clone(), commit: fetched.commit }).await?;
        }
        let action = Arc::new(action);
        self.remote.insert(name, action.clone());
        Ok(action)
    }

    async fn fetch_commit(&self, uses: &RemoteUses, commit: String) -> Result<FetchedAction, Halt> {
        let pinned = RemoteUses { reference: commit, ..uses.clone() };
        self.control.action(&pinned).await.map_err(|error| Halt::failed(error.message))
    }

    /// Returns the action of a step: fetched before, or read from the workspace now.
    ///
    /// # Errors
    /// [`Halt::Failed`] when there is none, or its manifest is wrong.
    pub(crate) async fn load(&mut self, step: &Step, at: &StepRef) -> Result<Arc<Action>, Halt> {
        if let Some(action) = self.loaded.get(&at.path) {
            return Ok(action.clone());
        }
        let StepKind::Uses { uses, .. } = &step.kind else {
            return Err(Halt::failed("the step uses no action"));
        };
        let action = match &uses.value {
            UsesRef::Remote { .. } => self.remote_action(&uses.value)?,
            UsesRef::Local { path } => {
                let root = self.env.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""));
                self.read_local(path, self.join(&root, path), at).await?
            }
            UsesRef::SelfRepository { path } => self.read_self(path, at).await?,
            UsesRef::Docker { .. } => {
                return Err(Halt::failed("Docker actions are not built yet: this step cannot run here"));
            }
        };
        self.loaded.insert(at.path.clone(), action.clone());
        Ok(action)
    }

    fn remote_action(&self, uses: &UsesRef) -> Result<Arc<Action>, Halt> {
        let known = remote(uses).and_then(|uses| self.remote.get(&uses.to_string()).cloned());
        known.ok_or_else(|| Halt::failed(format!("Action '{uses}' was not prepared")))
    }

    async fn read_self(&mut self, path: &str, at: &StepRef) -> Result<Arc<Action>, Halt> {
        let place = LogicalPath::new(Root::Actions, "_self");
        let root = self.bring_own_repository(&place, 1).await?;
        let folder = self.join(&root, path);
        self.read_local(&format!("$/{path}"), folder, at).await
    }

    /// Reads a manifest in the environment; what was read is settled.
    async fn read_local(&mut self, uses: &str, folder: String, at: &StepRef) -> Result<Arc<Action>, Halt> {
        let is_this = |record: &Record| matches!(record, Record::Read { step, .. } if step == at);
        let found = match self.journal.recall("a manifest", is_this)? {
            Some(Record::Read { file, .. }) => file,
            _ => {
                let file = self.find_manifest(&folder).await?;
                self.journal.keep(Record::Read { step: at.clone(), file: file.clone() }).await?;
                file
            }
        };
        let Some((file, bytes)) = found else { return Err(Halt::failed(missing_manifest(&folder))) };
        let manifest = self.read_manifest(&format!("{uses}/{file}"), &file, &bytes)?;
        let action =
            Arc::new(Action { uses: uses.to_owned(), manifest, folder, repository: None, commit: None });
        if let ActionRuns::Composite { steps, .. } = &action.manifest.runs {
            let steps = steps.clone();
            Box::pin(self.prepare_actions(&steps, at)).await?;
        }
        Ok(action)
    }

    /// Reads a manifest's text. Its file joins the job's, so that places in it can be told.
    fn read_manifest(&mut self, name: &str, file: &str, bytes: &[u8]) -> Result<ActionManifest, Halt> {
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

    /// Whether an action has a post part; a composite one, if a remote action inside has one.
    fn has_post(&self, action: &Action) -> bool {
        match &action.manifest.runs {
            ActionRuns::Node(node) => node.post.is_some(),
            ActionRuns::Composite { steps, .. } => {
                let uses = steps.iter().filter_map(|step| remote(&step.uses()?.value));
                uses.filter_map(|uses| self.remote.get(&uses.to_string())).any(|inner| self.has_post(inner))
            }
            ActionRuns::Docker(_) => false,
        }
    }

    fn known_action(&self, path: &StepPath, step: &Step) -> Option<Arc<Action>> {
        if let Some(action) = self.loaded.get(path) {
            return Some(action.clone());
        }
        let uses = remote(&step.uses()?.value)?;
        self.remote.get(&uses.to_string()).cloned()
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
        self.prepare_actions(&spec.steps, &at).await
    }
}

/// Returns the reference of a remote action.
pub(crate) fn remote(uses: &UsesRef) -> Option<RemoteUses> {
    match uses {
        UsesRef::Remote { owner, repository, path, reference } => Some(RemoteUses {
            owner: owner.to_string(),
            repository: repository.to_string(),
            path: path.to_string(),
            reference: reference.to_string(),
        }),
        UsesRef::Local { .. } | UsesRef::SelfRepository { .. } | UsesRef::Docker { .. } => None,
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
