//! Prepares the actions that steps name by their repository, and those that they use, level by level.
//!
//! All that the job's own steps need is at hand before the first step; what a local action needs, before its first.

use std::collections::HashMap;
use std::sync::Arc;

use act_core::control::{ActionError, FetchedAction, RemoteUses};
use act_core::environment::{EnvPath, LogicalPath, Root};
use act_core::event::Event;
use act_core::record::Record;
use act_workflow::action::ActionRuns;
use act_workflow::step::Step;
use futures_util::future::join_all;

use crate::action::Action;
use crate::executor::{Executor, Halt};
use crate::home::Source;
use crate::unless_stopped::Purpose;

/// Composite actions may hold each other this deep.
///
/// Source: actions/runner `Constants.CompositeActionsMaxDepth`.
const MAX_DEPTH: usize = 9;

/// Where the run's own repository lies for `$/`, below [`Root::Actions`].
const OWN_REPOSITORY: &str = "_self";

impl Executor<'_> {
    /// Prepares the actions of `steps`, and those that they use.
    ///
    /// # Errors
    /// [`Halt::Failed`] with all that could not be had.
    pub(crate) async fn prepare_actions(
        &mut self,
        steps: &[Step],
        purpose: &mut Purpose<'_>,
    ) -> Result<(), Halt> {
        let mut level = self.sources(steps);
        let mut depth = purpose.at().path.indices().len();
        while !level.is_empty() {
            check_depth(depth)?;
            level = self.prepare_level(level, purpose).await?;
            depth += 1;
        }
        Ok(())
    }

    /// Returns what the actions of this level use, also where they are at hand already: actions in a ring are found by
    /// their depth.
    async fn prepare_level(
        &mut self,
        level: Vec<Source>,
        purpose: &mut Purpose<'_>,
    ) -> Result<Vec<Source>, Halt> {
        let control = self.control;
        let asked = level.iter().filter_map(|source| match source {
            Source::Fetched(uses) if !self.prepared.contains_key(source) => {
                Some(async move { (source, control.action(uses).await) })
            }
            Source::Fetched(_) | Source::Run(_) => None,
        });
        let asked: Vec<_> = asked.collect();
        let mut answers = HashMap::new();
        if !asked.is_empty() {
            answers.extend(self.unless_stopped(purpose, join_all(asked)).await?);
        }
        let mut next = Vec::new();
        let mut messages = Vec::new();
        for source in &level {
            match self.prepare_source(source, answers.remove(source), purpose).await {
                Ok(action) => next.extend(self.sources_inside(&action)),
                Err(Halt::Failed(found)) => messages.extend(found),
                Err(halt) => return Err(halt),
            }
        }
        if !messages.is_empty() {
            return Err(Halt::Failed(messages));
        }
        next.sort();
        next.dedup();
        Ok(next)
    }

    async fn prepare_source(
        &mut self,
        source: &Source,
        answer: Option<Result<FetchedAction, ActionError>>,
        purpose: &mut Purpose<'_>,
    ) -> Result<Arc<Action>, Halt> {
        if let Some(action) = self.prepared.get(source) {
            return Ok(action.clone());
        }
        let action = match (source, answer) {
            (Source::Run(path), _) => self.take_in_own(path, purpose).await?,
            (Source::Fetched(uses), Some(Ok(fetched))) => self.take_in(uses, fetched, purpose).await?,
            (_, Some(Err(error))) => return Err(Halt::failed(error.message)),
            (Source::Fetched(_), None) => {
                return Err(Halt::failed(format!("Action '{source}' was not asked for")));
            }
        };
        let action = Arc::new(action);
        self.prepared.insert(source.clone(), action.clone());
        Ok(action)
    }

    fn sources(&self, steps: &[Step]) -> Vec<Source> {
        let steps = steps.iter().filter(|step| !self.is_own_checkout(step));
        let mut found: Vec<_> = steps.filter_map(|step| self.source(step)).collect();
        found.sort();
        found.dedup();
        found
    }

    fn sources_inside(&self, action: &Action) -> Vec<Source> {
        match &action.manifest.runs {
            ActionRuns::Composite { steps, .. } => self.sources(steps),
            ActionRuns::Node(_) | ActionRuns::Docker(_) => Vec::new(),
        }
    }

    /// Takes a fetched action in. A repository at a reference is at one commit, whatever path of it is asked for.
    async fn take_in(
        &mut self,
        uses: &RemoteUses,
        fetched: FetchedAction,
        purpose: &mut Purpose<'_>,
    ) -> Result<Action, Halt> {
        let name = uses.to_string();
        let is_this =
            |record: &Record| matches!(record, Record::Resolved { uses: past, .. } if *past == name);
        let past = match self.journal.recall("a resolved action", is_this)? {
            Some(Record::Resolved { commit, .. }) => Some(commit),
            _ => None,
        };
        let is_new = past.is_none();
        let settled = past.or_else(|| self.commits.get(&uses.source()).cloned());
        let fetched = match settled {
            Some(commit) if commit != fetched.commit => self.fetch_commit(uses, commit, purpose).await?,
            _ => fetched,
        };
        let path =
            LogicalPath::new(Root::Actions, format!("{}/{}/{}", uses.owner, uses.repository, fetched.commit));
        let putting = self.env.put_tree(fetched.tree.clone(), &path);
        let root = self.unless_stopped(purpose, putting).await??;
        let source = Source::Fetched(uses.clone());
        let Some((file, bytes)) = &fetched.manifest else { return Err(no_manifest(&source)) };
        let manifest = self.read_manifest(&format!("{name}/{file}"), source.home(), file, bytes)?;
        let folder = self.join(&root, &uses.path);
        let is_first = self.commits.insert(uses.source(), fetched.commit.clone()).is_none();
        if is_new {
            if is_first {
                let line = format!("Download action repository '{}' (SHA:{})", uses.source(), fetched.commit);
                self.say(&purpose.at(), &line);
            }
            self.journal.tell(Event::ActionResolved { uses: name.clone(), commit: fetched.commit.clone() });
            let commit = fetched.commit.clone();
            self.journal.keep(Record::Resolved { uses: name.clone(), commit }).await?;
        }
        let repository = Some((format!("{}/{}", uses.owner, uses.repository), uses.reference.clone()));
        Ok(Action { uses: name, manifest, folder, repository, commit: Some(fetched.commit) })
    }

    async fn fetch_commit(
        &mut self,
        uses: &RemoteUses,
        commit: String,
        purpose: &mut Purpose<'_>,
    ) -> Result<FetchedAction, Halt> {
        let pinned = RemoteUses { reference: commit, ..uses.clone() };
        let fetching = self.control.action(&pinned);
        self.unless_stopped(purpose, fetching).await?.map_err(|error| Halt::failed(error.message))
    }

    /// Takes an action of the run's own repository in: its working tree, which has no commit to be asked for.
    async fn take_in_own(&mut self, path: &str, purpose: &mut Purpose<'_>) -> Result<Action, Halt> {
        let root = self.own_repository(purpose).await?;
        let folder = self.join(&root, path);
        let source = Source::Run(path.to_owned());
        let Some((file, bytes)) = self.settle_manifest(&folder, &purpose.at()).await? else {
            return Err(no_manifest(&source));
        };
        let uses = source.to_string();
        let manifest = self.read_manifest(&format!("{uses}/{file}"), source.home(), &file, &bytes)?;
        let own = &self.spec.source;
        let repository = Some((own.repository.clone(), own.sha.clone()));
        Ok(Action { uses, manifest, folder, repository, commit: None })
    }

    /// Brings the run's own repository, once a job.
    async fn own_repository(&mut self, purpose: &mut Purpose<'_>) -> Result<EnvPath, Halt> {
        if let Some(root) = &self.own_repository {
            return Ok(root.clone());
        }
        let place = LogicalPath::new(Root::Actions, OWN_REPOSITORY);
        let root = self.bring_own_repository(purpose, &place, 1).await?;
        self.own_repository = Some(root.clone());
        Ok(root)
    }
}

/// Refuses a step that stands within too many actions.
pub(crate) fn check_depth(depth: usize) -> Result<(), Halt> {
    if depth > MAX_DEPTH {
        return Err(Halt::failed(format!("Composite action depth exceeded max depth {MAX_DEPTH}")));
    }
    Ok(())
}

/// Source: `ActionManager.PrepareRepositoryActionAsync`.
fn no_manifest(source: &Source) -> Halt {
    Halt::failed(format!("Can't find 'action.yml', 'action.yaml' or 'Dockerfile' for action '{source}'."))
}
