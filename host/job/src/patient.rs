//! An environment whose calls are repeated when their replies get lost.
//!
//! Every call of the port may be repeated; a start that was done is found done. A reply that does not
//! come several times in a row means that the machine is gone.

use std::sync::Arc;

use act_core::environment::{
    Brought, Cursor, EnvPath, Environment, EnvironmentError, ExecSpec, Facts, FileKind, Followed,
    LogicalPath, Started, Stop, Target,
};
use act_core::ids::ExecId;
use act_core::tree::Tree;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

/// How often a call is made before its silence counts. How long to wait between is for the environment
/// to know: the executor has no clock to sleep by.
const TRIES: u32 = 10;

pub(crate) struct Patient<'a>(pub(crate) &'a dyn Environment);

/// Makes a call again while its reply is lost.
macro_rules! repeat {
    ($call:expr) => {{
        let mut tries = 1;
        loop {
            match $call.await {
                Err(EnvironmentError::Lost(_)) if tries < TRIES => tries += 1,
                reply => break reply,
            }
        }
    }};
}

#[async_trait]
impl Environment for Patient<'_> {
    fn facts(&self) -> &Facts {
        self.0.facts()
    }

    fn path(&self, target: &Target, path: &LogicalPath) -> EnvPath {
        self.0.path(target, path)
    }

    async fn start(&self, id: &ExecId, spec: &ExecSpec) -> Result<Started, EnvironmentError> {
        repeat!(self.0.start(id, spec))
    }

    async fn follow(
        &self,
        id: &ExecId,
        cursor: Cursor,
    ) -> Result<BoxStream<'static, Result<Followed, EnvironmentError>>, EnvironmentError> {
        repeat!(self.0.follow(id, cursor))
    }

    async fn ack(&self, id: &ExecId, cursor: Cursor) -> Result<(), EnvironmentError> {
        repeat!(self.0.ack(id, cursor))
    }

    async fn stop(&self, id: &ExecId, how: Stop) -> Result<(), EnvironmentError> {
        repeat!(self.0.stop(id, how))
    }

    async fn put_tree(&self, tree: Arc<dyn Tree>, path: &LogicalPath) -> Result<EnvPath, EnvironmentError> {
        repeat!(self.0.put_tree(Arc::clone(&tree), path))
    }

    async fn get(&self, path: &EnvPath, limit: u64) -> Result<Option<Bytes>, EnvironmentError> {
        repeat!(self.0.get(path, limit))
    }

    async fn stat(&self, path: &EnvPath) -> Result<Option<FileKind>, EnvironmentError> {
        repeat!(self.0.stat(path))
    }

    async fn hash_files(&self, patterns: &[String], follow_links: bool) -> Result<String, EnvironmentError> {
        repeat!(self.0.hash_files(patterns, follow_links))
    }

    async fn find_program(
        &self,
        name: &str,
        prepend_path: &[String],
    ) -> Result<Option<EnvPath>, EnvironmentError> {
        repeat!(self.0.find_program(name, prepend_path))
    }

    async fn program_version(&self, program: &EnvPath) -> Result<Option<String>, EnvironmentError> {
        repeat!(self.0.program_version(program))
    }

    async fn bring_node(&self, wanted: u32) -> Result<Brought, EnvironmentError> {
        repeat!(self.0.bring_node(wanted))
    }
}
