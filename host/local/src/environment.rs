//! The port [`Environment`] on this machine: paths are real, files are near, processes are children.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use act_core::environment::{
    Brought, Cursor, EnvPath, Environment, EnvironmentError, ExecSpec, Facts, FileKind, Followed,
    LogicalPath, Root, Started, Stop, Target,
};
use act_core::ids::{Epoch, ExecId};
use act_core::tree::Tree;
use act_files::{Found, Versions, hash_files, search_path};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::aside::aside;
use crate::exec::Exec;
use crate::machine::Owned;

/// One epoch's hold on a machine.
#[derive(Debug)]
pub(crate) struct LocalEnvironment {
    pub(crate) machine: Arc<Owned>,
    pub(crate) epoch: Epoch,
    pub(crate) facts: Facts,
    pub(crate) versions: Arc<Versions>,
}

#[async_trait]
impl Environment for LocalEnvironment {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn path(&self, target: &Target, path: &LogicalPath) -> EnvPath {
        match target {
            Target::Job => shown(&self.machine.site.layout.path(path)),
        }
    }

    async fn start(&self, id: &ExecId, spec: &ExecSpec) -> Result<Started, EnvironmentError> {
        if self.machine.is_alone() {
            // Who is about to begin does it now, and is not kept waiting by this process.
            tokio::task::yield_now().await;
        }
        self.machine.check(self.epoch)?;
        let is_new = self.machine.start(id, spec)?;
        Ok(if is_new { Started::New } else { Started::Already })
    }

    async fn follow(
        &self,
        id: &ExecId,
        cursor: Cursor,
    ) -> Result<BoxStream<'static, Result<Followed, EnvironmentError>>, EnvironmentError> {
        Arc::clone(&self.exec(id)?.spool).follow(cursor)
    }

    async fn ack(&self, id: &ExecId, cursor: Cursor) -> Result<(), EnvironmentError> {
        let exec = self.exec(id)?;
        if exec.spool.ack(cursor) {
            exec.control.resume();
        }
        Ok(())
    }

    async fn stop(&self, id: &ExecId, how: Stop) -> Result<(), EnvironmentError> {
        self.machine.check(self.epoch)?;
        if let Some(exec) = self.machine.exec(id) {
            exec.control.stop(match how {
                Stop::Ask => act_process::Stop::Ask,
                Stop::Insist => act_process::Stop::Insist,
                Stop::Kill => act_process::Stop::Kill,
            });
        }
        Ok(())
    }

    async fn put_tree(&self, tree: Arc<dyn Tree>, path: &LogicalPath) -> Result<EnvPath, EnvironmentError> {
        self.machine.check(self.epoch)?;
        let target = self.machine.site.layout.path(path);
        if let Some(shared) = tree.shared_folder()
            && (path.root == Root::Actions || shared == target)
        {
            return Ok(shown(shared));
        }
        let work = move |is_unwanted: &dyn Fn() -> bool| {
            let refused =
                |error| EnvironmentError::Refused(format!("cannot write {}: {error}", target.display()));
            crate::tree::put(&*tree, &target, is_unwanted).map_err(refused)?;
            Ok(shown(&target))
        };
        self.machine.write(work).await
    }

    async fn get(&self, path: &EnvPath, limit: u64) -> Result<Option<Bytes>, EnvironmentError> {
        let path = self.real(path)?;
        let read = move || match act_files::read(&path, limit) {
            Ok(Found::Bytes(bytes)) => Ok(Some(bytes)),
            Ok(Found::Nothing) => Ok(None),
            Ok(Found::TooLarge { size }) => {
                let text = format!("{} is too large: {size} bytes, {limit} at most", path.display());
                Err(EnvironmentError::Refused(text))
            }
            Err(error) => Err(refused(&path, &error)),
        };
        aside(read).await?
    }

    /// Asks the disk at once: that is quicker than handing it to another thread.
    async fn stat(&self, path: &EnvPath) -> Result<Option<FileKind>, EnvironmentError> {
        let path = self.real(path)?;
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(if metadata.is_dir() { FileKind::Folder } else { FileKind::File })),
            Err(error) if act_files::is_absence(&error) => Ok(None),
            Err(error) => Err(refused(&path, &error)),
        }
    }

    async fn hash_files(&self, patterns: &[String], follow_links: bool) -> Result<String, EnvironmentError> {
        self.machine.check(self.epoch)?;
        let (machine, patterns) = (Arc::clone(&self.machine), patterns.to_vec());
        let hash = move || {
            let home = machine.site.config.env.iter().rev().find(|(name, _)| name == "HOME");
            let home = home.map(|(_, value)| value.as_str()).filter(|home| home.starts_with('/'));
            hash_files(machine.site.layout.workspace(), home, &patterns, follow_links)
                .map_err(|error| EnvironmentError::Refused(error.to_string()))
        };
        aside(hash).await?
    }

    /// Asks the disk at once, as [`Self::stat`] does.
    async fn find_program(
        &self,
        name: &str,
        prepend_path: &[String],
    ) -> Result<Option<EnvPath>, EnvironmentError> {
        self.machine.check(self.epoch)?;
        let path = search_path(&self.machine.site.config.env, prepend_path);
        let found =
            act_process::find_program(name.as_ref(), path.as_ref(), self.machine.site.layout.workspace());
        Ok(found.map(|file| shown(&file)))
    }

    async fn program_version(&self, program: &EnvPath) -> Result<Option<String>, EnvironmentError> {
        let program = self.real(program)?;
        let (machine, versions) = (Arc::clone(&self.machine), Arc::clone(&self.versions));
        aside(move || versions.ask(&program, &machine.site.config.env)).await
    }

    /// What is on this machine's `PATH` was found already.
    async fn bring_node(&self, _: u32) -> Result<Brought, EnvironmentError> {
        Ok(Brought::Nothing { why: None })
    }
}

impl LocalEnvironment {
    fn exec(&self, id: &ExecId) -> Result<Arc<Exec>, EnvironmentError> {
        self.machine.check(self.epoch)?;
        self.machine
            .exec(id)
            .ok_or_else(|| EnvironmentError::Refused(format!("no process {id} was started here")))
    }

    fn real(&self, path: &EnvPath) -> Result<PathBuf, EnvironmentError> {
        self.machine.check(self.epoch)?;
        let path = Path::new(path.as_str());
        let relative = || EnvironmentError::Refused(format!("{} is not absolute", path.display()));
        path.is_absolute().then(|| path.to_owned()).ok_or_else(relative)
    }
}

fn refused(path: &Path, error: &std::io::Error) -> EnvironmentError {
    EnvironmentError::Refused(format!("cannot read {}: {error}", path.display()))
}

/// Paths of this room's own making are UTF-8 as far as the configuration was.
fn shown(path: &Path) -> EnvPath {
    EnvPath(path.to_string_lossy().into_owned())
}
