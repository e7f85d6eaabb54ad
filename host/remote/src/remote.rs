//! The port [`Environment`] over a session.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use act_core::environment::{
    Brought, Cursor, EnvPath, Environment, EnvironmentError, ExecSpec, Facts, FileIn, FileKind, Followed,
    LogicalPath, Started, Stop, Target,
};
use act_core::ids::{Epoch, ExecId, LaunchId};
use act_core::tree::Tree;
use act_protocol::{Answer, Ask, Content, INLINE, Roots, Welcome, Wish};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::RemoteConfig;
use crate::convert::{arch_in, cursor_out, kind_in, os_in, place, stop_out};
use crate::desk::{Desk, Over};
use crate::dial::Dial;
use crate::fetch::{self, unexpected};
use crate::follow::Following;
use crate::link::Link;
use crate::node::{self, NodeFinder};
use crate::send;

/// A machine with an agent. Dropped, it is left alone: the agent goes on, and whoever connects takes its processes up.
pub struct Remote {
    desk: Arc<Desk>,
    facts: Facts,
    roots: Roots,
    epoch: u64,
    uploads: AtomicU64,
    /// Where programs are looked for that are found nowhere else.
    more_programs: Vec<String>,
    /// Which Node.js is sent where there is none.
    nodes: Option<NodeFinder>,
    /// Where one lies that was sent; held while it is.
    node: tokio::sync::Mutex<Option<EnvPath>>,
    /// Follows that began with their process and wait for who wants them.
    begun: Mutex<HashMap<String, Following>>,
    /// Keeps the stream; ends with this.
    _link: JoinSet<()>,
}

impl Remote {
    /// Connects to an agent, however many tries it takes within the configured patience.
    ///
    /// # Errors
    /// Fenced, if somebody with a higher epoch was there; refused by an agent of another launch or version; lost, if the
    /// machine is gone or not reached in time.
    pub async fn connect(
        dial: Arc<dyn Dial>,
        launch: &LaunchId,
        epoch: Epoch,
        config: RemoteConfig,
    ) -> Result<Arc<Self>, EnvironmentError> {
        let desk = Desk::new();
        let (welcome, mut welcomed) = watch::channel(None);
        let own = config.clone();
        let (launch, epoch) = (launch.to_string(), epoch.0);
        let link = Link { dial, desk: Arc::clone(&desk), launch, epoch, config, welcome };
        let mut tasks = JoinSet::new();
        tasks.spawn(link.run());
        let known = welcomed.wait_for(Option::is_some).await.ok().and_then(|welcome| welcome.clone());
        let Some(welcome) = known else {
            let ended = || EnvironmentError::Lost("the session ended before it began".to_owned());
            return Err(desk.over().map_or_else(ended, |over| over.error()));
        };
        let facts = facts(&welcome, &own)?;
        let roots = welcome.machine.roots;
        let (uploads, node, begun) = Default::default();
        let (more_programs, nodes) = (own.more_programs, own.nodes);
        Ok(Arc::new(Self {
            desk,
            facts,
            roots,
            epoch,
            uploads,
            more_programs,
            nodes,
            node,
            begun,
            _link: tasks,
        }))
    }

    /// Ends the session, and leaves the machine as it is.
    pub fn close(&self) {
        self.desk.finish(Over::Failed(EnvironmentError::Lost("the session was closed".to_owned())));
    }

    /// Has the agent end everything that runs there, and itself; then the session is over.
    ///
    /// # Errors
    /// The machine is gone, or somebody took over.
    pub async fn shutdown(&self) -> Result<(), EnvironmentError> {
        self.begun().clear();
        let done = self.desk.ask(Ask::Shutdown).await.map(drop);
        self.close();
        done
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, HashMap<String, Following>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    fn upload(&self) -> String {
        format!("{}.{}", self.epoch, self.uploads.fetch_add(1, Ordering::Relaxed))
    }

    fn at(&self, path: &LogicalPath) -> String {
        place(&self.roots, path)
    }

    /// Says a process in the session's words; files that are too large to ride with it are returned beside it.
    fn spec(&self, spec: &ExecSpec) -> (act_protocol::Spec, Vec<(String, Bytes)>) {
        let (mut room, mut large) = (INLINE, Vec::new());
        let mut file = |file: &FileIn| {
            let size = file.bytes.len();
            let content = if size <= room {
                room -= size;
                Content::Inline(file.bytes.clone())
            } else {
                let (upload, digest) = (self.upload(), Sha256::digest(&file.bytes).into());
                large.push((upload.clone(), file.bytes.clone()));
                Content::Uploaded { upload, size: size as u64, digest }
            };
            act_protocol::FileIn { path: self.at(&file.path), content }
        };
        let files_before = spec.files_before.iter().map(&mut file).collect();
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let wish =
            |wish: &act_core::environment::Collect| Wish { path: self.at(&wish.path), limit: wish.limit };
        let spec = act_protocol::Spec {
            argv: spec.argv.clone(),
            env: [&*spec.env, &*spec.env_of_job].concat(),
            prepend_path: spec.prepend_path.clone(),
            cwd: spec.cwd.0.clone(),
            timeout: spec.timeout.map(millis),
            ladder: (millis(spec.stop_ladder.interrupt), millis(spec.stop_ladder.terminate)),
            files_before,
            collect_after: spec.collect_after.iter().map(wish).collect(),
        };
        (spec, large)
    }

    async fn text(&self, ask: Ask) -> Result<Option<String>, EnvironmentError> {
        match self.desk.ask(ask).await? {
            (Answer::Text(text), _) => Ok(text),
            _ => Err(unexpected()),
        }
    }
}

fn facts(welcome: &Welcome, config: &RemoteConfig) -> Result<Facts, EnvironmentError> {
    let machine = &welcome.machine;
    let unknown =
        || EnvironmentError::Refused(format!("nothing is known of {} on {}", machine.os, machine.arch));
    Ok(Facts {
        os: os_in(&machine.os).ok_or_else(unknown)?,
        arch: arch_in(&machine.arch).ok_or_else(unknown)?,
        path_separator: '/',
        list_separator: ':',
        env_ignores_case: false,
        name: config.name.clone().unwrap_or_else(|| machine.name.clone()),
        services: config.services.clone(),
        survives_host: true,
        sees_host_files: false,
        node_advice: config.node_advice.clone(),
    })
}

#[async_trait]
impl Environment for Remote {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn path(&self, target: &Target, path: &LogicalPath) -> EnvPath {
        match target {
            Target::Job => EnvPath(self.at(path)),
        }
    }

    async fn start(&self, id: &ExecId, spec: &ExecSpec) -> Result<Started, EnvironmentError> {
        let exec = id.to_string();
        let (spec, large) = self.spec(spec);
        loop {
            for (upload, bytes) in &large {
                send::bytes(&self.desk, upload, bytes).await?;
            }
            let (answer, items, number) = self.desk.start(&exec, spec.clone()).await?;
            let following = Following::new(&self.desk, &exec, number, items);
            match answer {
                Answer::Started { new } => {
                    let before = new.then(|| self.begun().insert(exec, following));
                    drop(before);
                    return Ok(if new { Started::New } else { Started::Already });
                }
                // An upload is not whole.
                Answer::Held { .. } if !large.is_empty() => {}
                _ => return Err(unexpected()),
            }
        }
    }

    async fn follow(
        &self,
        id: &ExecId,
        cursor: Cursor,
    ) -> Result<BoxStream<'static, Result<Followed, EnvironmentError>>, EnvironmentError> {
        let exec = id.to_string();
        let begun = self.begun().remove(&exec);
        if let Some(following) = begun.filter(|_| cursor == Cursor::default()) {
            return Ok(following.stream());
        }
        let cursor = cursor_out(cursor);
        match self.desk.follow(&exec, cursor) {
            Ok((number, items, opened)) => {
                let following = Following::new(&self.desk, &exec, number, items);
                let ended = || EnvironmentError::Lost("the session ended".to_owned());
                opened.await.map_err(|_| ended())??;
                Ok(following.stream())
            }
            Err(Over::Failed(error)) => Err(error),
            Err(Over::Gone(fate)) => {
                let concluded = fate.conclude(&exec, cursor)?;
                Ok(stream::once(async { Ok(concluded) }).boxed())
            }
        }
    }

    /// Goes with what is said next. Of a machine that is gone there is nothing to forget.
    async fn ack(&self, id: &ExecId, cursor: Cursor) -> Result<(), EnvironmentError> {
        match self.desk.over() {
            None => self.desk.ack(&id.to_string(), cursor_out(cursor)),
            Some(Over::Gone(_)) => {}
            Some(Over::Failed(error)) => return Err(error),
        }
        Ok(())
    }

    async fn stop(&self, id: &ExecId, how: Stop) -> Result<(), EnvironmentError> {
        self.desk.ask(Ask::Stop { exec: id.to_string(), how: stop_out(how) }).await.map(drop)
    }

    async fn put_tree(&self, tree: Arc<dyn Tree>, path: &LogicalPath) -> Result<EnvPath, EnvironmentError> {
        let path = self.at(path);
        send::tree(&self.desk, &self.upload(), tree, &path).await?;
        Ok(EnvPath(path))
    }

    async fn get(&self, path: &EnvPath, limit: u64) -> Result<Option<Bytes>, EnvironmentError> {
        fetch::get(&self.desk, path.as_str(), limit).await
    }

    async fn stat(&self, path: &EnvPath) -> Result<Option<FileKind>, EnvironmentError> {
        match self.desk.ask(Ask::Stat { path: path.0.clone() }).await? {
            (Answer::Kind(kind), _) => Ok(kind.map(kind_in)),
            _ => Err(unexpected()),
        }
    }

    async fn hash_files(&self, patterns: &[String], follow_links: bool) -> Result<String, EnvironmentError> {
        let ask = Ask::HashFiles { patterns: patterns.to_vec(), follow_links };
        self.text(ask).await?.ok_or_else(unexpected)
    }

    async fn find_program(
        &self,
        name: &str,
        prepend_path: &[String],
    ) -> Result<Option<EnvPath>, EnvironmentError> {
        let ask = |path: Vec<String>| Ask::FindProgram { name: name.to_owned(), prepend_path: path };
        let found = self.text(ask(prepend_path.to_vec())).await?;
        if found.is_some() || self.more_programs.is_empty() {
            return Ok(found.map(EnvPath));
        }
        // It is in none of the folders before these.
        Ok(self.text(ask(self.more_programs.clone())).await?.map(EnvPath))
    }

    async fn program_version(&self, program: &EnvPath) -> Result<Option<String>, EnvironmentError> {
        self.text(Ask::ProgramVersion { program: program.0.clone() }).await
    }

    async fn bring_node(&self, wanted: u32) -> Result<Brought, EnvironmentError> {
        let Some(nodes) = &self.nodes else { return Ok(Brought::Nothing { why: None }) };
        let mut node = self.node.lock().await;
        if let Some(path) = &*node {
            return Ok(Brought::There(path.clone()));
        }
        let brought = node::bring(self, nodes, wanted).await?;
        if let Brought::There(path) = &brought {
            *node = Some(path.clone());
        }
        Ok(brought)
    }
}
