//! The far double: another machine, behind a link that breaks.
//!
//! Stands for a pod, a virtual machine, an agent. It runs real processes, in an environment that it wraps, and differs in
//! all that an executor may wrongly take for granted: other path roots, with blanks and umlauts; no shared disk;
//! variables whose names ignore case; streams that break after some bytes and are asked for again; calls that
//! are done although their reply is lost; processes that live on when nobody follows.

use std::sync::{Arc, Mutex};

use act_core::environment::{
    Brought, Cursor, EnvPath, Environment, EnvironmentError, ExecSpec, Facts, FileKind, Followed,
    LogicalPath, Root, Started, Stop, Target,
};
use act_core::ids::ExecId;
use act_core::tree::Tree;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::tree::Distant;

/// What a far machine is called.
pub(crate) const FAR: &str = "far away";

/// What goes wrong between here and there. Equal seeds go wrong alike.
#[derive(Clone, Debug)]
pub struct Link {
    seed: u64,
    /// A stream breaks after 1 to so many bytes; 0 for never.
    break_within: u64,
    /// One reply of so many is lost; 0 for none.
    lose_one_of: u32,
}

impl Link {
    /// Streams break, replies get lost.
    #[must_use]
    pub const fn unreliable(seed: u64) -> Self {
        Self { seed, break_within: 2_000, lose_one_of: 6 }
    }

    /// Streams break, replies come.
    #[must_use]
    pub const fn breaking(seed: u64, within: u64) -> Self {
        Self { seed, break_within: within, lose_one_of: 0 }
    }
}

/// An environment seen from afar; see the [module](self).
pub struct FarEnvironment {
    inner: Arc<dyn Environment>,
    facts: Facts,
    link: Link,
    random: Mutex<fastrand::Rng>,
}

type Output = Result<Followed, EnvironmentError>;

impl FarEnvironment {
    /// Puts a link before an environment.
    #[must_use]
    pub fn new(inner: Arc<dyn Environment>, link: Link) -> Self {
        let name = FAR.to_owned();
        let facts = Facts { env_ignores_case: true, survives_host: true, name, ..inner.facts().clone() };
        let random = Mutex::new(fastrand::Rng::with_seed(link.seed));
        Self { inner, facts, link, random }
    }

    fn random(&self, below: u64) -> u64 {
        self.random.lock().unwrap().u64(0..below)
    }

    /// Lets the reply of a call that was done get lost, now and then.
    fn reply<T>(&self, done: Result<T, EnvironmentError>) -> Result<T, EnvironmentError> {
        let of = u64::from(self.link.lose_one_of);
        if of > 0 && self.random(of) == 0 {
            return Err(EnvironmentError::Lost("the reply was lost".to_owned()));
        }
        done
    }

    /// Returns after how many bytes the next stream breaks.
    fn budget(&self) -> u64 {
        match self.link.break_within {
            0 => u64::MAX,
            within => self.random(within) + 1,
        }
    }
}

/// Maps the places elsewhere: all but the workspace lie below one folder with a difficult name.
fn elsewhere(path: &LogicalPath) -> LogicalPath {
    let place = match path.root {
        Root::Workspace => return path.clone(),
        Root::Work => "work",
        Root::Temp => "temp files",
        Root::Scratch => "scratch",
        Root::Actions => "acciónes",
        Root::Tools => "tools",
    };
    LogicalPath::new(Root::Work, format!("far & wide/{place}")).join(&path.rest)
}

/// Lets the last spelling's value win and the first spelling's name stay, as Windows does.
fn caseless(env: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut merged: Vec<(String, String)> = Vec::new();
    for (name, value) in env {
        match merged.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, old)) => *old = value,
            None if name.eq_ignore_ascii_case("PATH") => merged.push(("PATH".to_owned(), value)),
            None => merged.push((name, value)),
        }
    }
    merged
}

#[async_trait]
impl Environment for FarEnvironment {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn path(&self, target: &Target, path: &LogicalPath) -> EnvPath {
        self.inner.path(target, &elsewhere(path))
    }

    async fn start(&self, id: &ExecId, spec: &ExecSpec) -> Result<Started, EnvironmentError> {
        let env = caseless([&*spec.env, &*spec.env_of_job].concat());
        let mut spec = ExecSpec { env, env_of_job: [].into(), ..spec.clone() };
        spec.files_before.iter_mut().for_each(|file| file.path = elsewhere(&file.path));
        spec.collect_after.iter_mut().for_each(|file| file.path = elsewhere(&file.path));
        self.reply(self.inner.start(id, &spec).await)
    }

    async fn follow(
        &self,
        id: &ExecId,
        cursor: Cursor,
    ) -> Result<BoxStream<'static, Output>, EnvironmentError> {
        let stream = self.reply(self.inner.follow(id, cursor).await)?;
        let breaks_before_end = self.link.break_within > 0 && self.random(4) == 0;
        Ok(until_break(stream, self.budget(), breaks_before_end))
    }

    async fn ack(&self, id: &ExecId, cursor: Cursor) -> Result<(), EnvironmentError> {
        self.reply(self.inner.ack(id, cursor).await)
    }

    async fn stop(&self, id: &ExecId, how: Stop) -> Result<(), EnvironmentError> {
        self.reply(self.inner.stop(id, how).await)
    }

    async fn put_tree(&self, tree: Arc<dyn Tree>, path: &LogicalPath) -> Result<EnvPath, EnvironmentError> {
        self.reply(self.inner.put_tree(Arc::new(Distant(tree)), &elsewhere(path)).await)
    }

    async fn get(&self, path: &EnvPath, limit: u64) -> Result<Option<Bytes>, EnvironmentError> {
        self.reply(self.inner.get(path, limit).await)
    }

    async fn stat(&self, path: &EnvPath) -> Result<Option<FileKind>, EnvironmentError> {
        self.reply(self.inner.stat(path).await)
    }

    async fn hash_files(&self, patterns: &[String], follow_links: bool) -> Result<String, EnvironmentError> {
        self.reply(self.inner.hash_files(patterns, follow_links).await)
    }

    async fn find_program(
        &self,
        name: &str,
        prepend_path: &[String],
    ) -> Result<Option<EnvPath>, EnvironmentError> {
        self.reply(self.inner.find_program(name, prepend_path).await)
    }

    async fn program_version(&self, program: &EnvPath) -> Result<Option<String>, EnvironmentError> {
        self.reply(self.inner.program_version(program).await)
    }

    async fn bring_node(&self, wanted: u32) -> Result<Brought, EnvironmentError> {
        self.reply(self.inner.bring_node(wanted).await)
    }
}

struct Breaking {
    stream: BoxStream<'static, Output>,
    budget: u64,
    before_end: bool,
    over: bool,
}

/// Breaks a stream after so many bytes, within a chunk if need be, or before its end.
fn until_break(
    stream: BoxStream<'static, Output>,
    budget: u64,
    before_end: bool,
) -> BoxStream<'static, Output> {
    let state = Breaking { stream, budget, before_end, over: false };
    stream::unfold(state, |mut state| async move {
        if state.over {
            return None;
        }
        let item = if state.budget == 0 { None } else { Some(state.stream.next().await?) };
        let item = match item {
            None => broken(&mut state),
            Some(Ok(Followed::Ended(_))) if state.before_end => broken(&mut state),
            Some(Ok(Followed::Output { stream, offset, bytes })) => {
                let length = usize::try_from(state.budget).unwrap_or(usize::MAX).min(bytes.len());
                state.budget -= length as u64;
                Ok(Followed::Output { stream, offset, bytes: bytes.slice(..length) })
            }
            Some(other) => other,
        };
        Some((item, state))
    })
    .boxed()
}

fn broken(state: &mut Breaking) -> Output {
    state.over = true;
    Err(EnvironmentError::Lost("the link broke".to_owned()))
}
