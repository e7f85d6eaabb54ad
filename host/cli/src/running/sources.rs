//! What jobs run: actions from the store, the repository from the disk.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use act_core::control::{ActionError, Checkout, CheckoutAsk, FetchedAction, RemoteUses};
use act_core::tree::Tree;
use act_engine::ports::Sources;
use act_engine::request::RunRequest;
use act_git::{ActionStore, Git, Objects, Repository, WorkingTree};
use act_store::Runs;
use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::facts::Facts;
use super::trouble::UsedAt;
use crate::config::Config;
use crate::stream;

/// A working tree, listed by whoever asks first.
type KnownTree = Arc<OnceCell<Arc<dyn Tree>>>;

/// Actions from the store, the repository from the disk.
pub(super) struct RunSources {
    store: Arc<ActionStore>,
    git: Git,
    repository: Option<Repository>,
    root: PathBuf,
    in_place: bool,
    /// In the run's folder, where nobody forgets it: git's objects, as long as machines may ask for them.
    scratch: PathBuf,
    used: UsedAt,
    /// By depth, and whether git's objects are in it: all jobs of a run see the same files, listed once.
    trees: Mutex<HashMap<(u32, bool), KnownTree>>,
}

impl RunSources {
    /// Names what a run is made of. What a killed process left of it in the run's folder is removed.
    pub(super) fn of(config: &Config, facts: &Facts, request: &RunRequest, store: Arc<ActionStore>) -> Self {
        let scratch = Runs::new(&config.state).folder(request.run).join("checkout");
        let _ = std::fs::remove_dir_all(&scratch);
        Self {
            store,
            git: facts.git.clone(),
            repository: facts.work_tree.clone(),
            root: config.selection.root.clone(),
            in_place: config.machine.bind,
            scratch,
            used: UsedAt::of(request),
            trees: Mutex::default(),
        }
    }

    async fn working_tree(&self, ask: &CheckoutAsk) -> Result<Arc<dyn Tree>, ActionError> {
        let objects = if ask.with_objects { Objects::Packed(&self.scratch) } else { Objects::Borrowed };
        let tree = match &self.repository {
            Some(repository) => {
                WorkingTree::of_repository(&self.git, repository, ask.fetch_depth, objects).await
            }
            None => WorkingTree::of_folder(self.root.clone()).await,
        };
        let tree = tree.map_err(|error| ActionError { message: error.to_string() })?;
        for left_out in tree.left_out() {
            stream::complain(&format!("warning: {left_out} is not checked out: its name is not UTF-8\n"));
        }
        Ok(Arc::new(tree))
    }
}

#[async_trait]
impl Sources for RunSources {
    async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, ActionError> {
        self.store.action(uses).await.map_err(|error| self.used.explain(uses, &error))
    }

    async fn checkout(&self, ask: &CheckoutAsk) -> Result<Checkout, ActionError> {
        if self.in_place {
            return Ok(Checkout::InPlace);
        }
        let known = {
            let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(trees.entry((ask.fetch_depth, ask.with_objects)).or_default())
        };
        let tree = known.get_or_try_init(|| self.working_tree(ask)).await?;
        Ok(Checkout::Tree(Arc::clone(tree)))
    }
}

impl Drop for RunSources {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}
