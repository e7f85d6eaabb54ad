//! One call into a plugin: a fresh instance, held to its limits, gone afterwards.
//!
//! A store is never used twice: after a trap, a timeout or a dropped future all that lives in it is unusable, and a
//! new one costs microseconds.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Serialize;
use wasmtime::component::Instance;
use wasmtime::{PoolConcurrencyLimitError, Store};

use crate::engine::TICK;
use crate::failure::Failure;
use crate::patience::within;
use crate::plugin::Loaded;
use crate::state::{Call, Limit};

/// What came of a call: the guest's answer, and the capability that it asked for in vain.
pub(crate) struct Answered<R> {
    pub(crate) answer: R,
    pub(crate) needs: Option<&'static str>,
}

/// Why there is no answer, in one line that names the plugin.
pub(crate) struct Unanswered {
    pub(crate) reason: String,
    pub(crate) needs: Option<&'static str>,
}

/// Calls an export of a guest that was instantiated for it.
pub(crate) type Run<R> =
    Box<dyn for<'a> FnOnce(&'a mut Store<Call>, &'a Instance) -> BoxFuture<'a, wasmtime::Result<R>> + Send>;

impl Loaded {
    /// Runs `export` in an instance of its own, for a job, if it is known which.
    ///
    /// Waits for its turn where too many calls run; the limits count from then on. Dropped, it leaves nothing behind.
    pub(crate) async fn call<R: Send>(
        &self,
        export: &str,
        job: Option<String>,
        run: Run<R>,
    ) -> Result<Answered<R>, Unanswered> {
        if let Err(why) = self.health.check(Instant::now()) {
            return Err(Unanswered { reason: format!("{}: {why}", self.blame()), needs: None });
        }
        // It is never closed; if it were, the call would only run without waiting.
        let _turn = self.site.turns.acquire().await;
        let began = Instant::now();
        let mut store = Call::store(&self.site.engine, self.equipment(self.voice(job)));
        let done = self.run(&mut store, run).await;
        self.trace(export, began, store.data(), &done);
        let needs = store.data().needs;
        let said = store.data().voice.end();
        done.map(|answer| Answered { answer, needs }).map_err(|end| {
            let failure = end.failure(&store, said);
            let reason = format!("{}, `{export}`: {failure}", self.blame());
            if failure.guilty && needs.is_none() {
                self.health.failed(Instant::now(), &failure.to_string());
            }
            Unanswered { reason, needs }
        })
    }

    /// Traces a call, for whoever looks after this program: costs nothing where nobody listens.
    fn trace<R>(&self, export: &str, began: Instant, call: &Call, done: &Result<R, End>) {
        tracing::debug!(
            target: "act_host::plugin",
            plugin = &*self.name,
            version = self.manifest.version,
            digest = self.digest.short(),
            export,
            outcome = done.as_ref().map_or_else(End::word, |_| "answered"),
            micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            cpu_ticks = call.ticks(),
            memory = call.limiter.memory(),
            "called"
        );
    }

    async fn run<R>(&self, store: &mut Store<Call>, run: Run<R>) -> Result<R, End> {
        let whole = async {
            let instance = self.instance(store).await?;
            run(store, &instance).await
        };
        // A panic of a host function is this call's end, not the program's.
        let caught = AssertUnwindSafe(whole).catch_unwind();
        match within(self.limits.wall.0, caught).await {
            Some(Ok(Ok(answer))) => Ok(answer),
            Some(Ok(Err(error))) => Err(End::Error(error)),
            Some(Err(_)) => Err(End::Panicked),
            None => Err(End::Late),
        }
    }

    /// Makes an instance, waiting for room where a pool has none: large components take several places of it.
    async fn instance(&self, store: &mut Store<Call>) -> wasmtime::Result<Instance> {
        loop {
            match self.pre.instantiate_async(&mut *store).await {
                Err(full) if full.is::<PoolConcurrencyLimitError>() => {
                    // What half an instance took is gone with its store.
                    *store = Call::store(&self.site.engine, self.equipment(store.data().voice.clone()));
                    tokio::time::sleep(TICK).await;
                }
                done => return done,
            }
        }
    }

    /// Fails an answer that is larger than it may be.
    pub(crate) fn measure(&self, export: &str, answer: &impl Serialize) -> Result<(), Unanswered> {
        let mut counter = Counter(self.limits.output.bytes());
        serde_json::to_writer(&mut counter, answer).map_err(|_| {
            let failure = Failure::limit(Limit::Output, &self.limits);
            Unanswered { reason: format!("{}, `{export}`: {failure}", self.blame()), needs: None }
        })
    }

    /// Names the plugin in a message.
    pub(crate) fn blame(&self) -> String {
        format!("plugin `{}` {} ({})", self.name, self.manifest.version, self.digest.short())
    }
}

/// How a call ended without an answer.
enum End {
    Error(wasmtime::Error),
    Panicked,
    Late,
}

impl End {
    const fn word(&self) -> &'static str {
        match self {
            Self::Error(_) => "trapped",
            Self::Panicked => "host panicked",
            Self::Late => "late",
        }
    }

    fn failure(&self, store: &Store<Call>, said: Vec<String>) -> Failure {
        let limiter = &store.data().limiter;
        match self {
            Self::Error(error) => Failure::of(error, limiter.hit, &limiter.limits, said),
            Self::Panicked => {
                Failure::innocent("this program's own code failed while it ran; please report it")
            }
            Self::Late => Failure::limit(Limit::Wall, &limiter.limits),
        }
    }
}

/// Counts what is written, and fails once it is more than there is room for.
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
