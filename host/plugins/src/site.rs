//! Where plugins run: an engine, what is linked in it, and how many calls it has room for.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::engine::{self, CALLS_AT_ONCE, Ticker};
use crate::error::{HostError, LoadFault};
use crate::link::{self, Permitted};
use crate::spec::{Allocation, LogSink};
use crate::state::Call;

/// An engine and what all plugins in it share.
pub(crate) struct Site {
    // The order matters: the ticker ends before its engine does.
    ticker: Mutex<Option<Ticker>>,
    pub(crate) engine: Engine,
    /// By what is granted: linking starts from what others were linked with.
    linkers: [OnceLock<Linker<Call>>; 4],
    /// A permit for each call that may run at once.
    pub(crate) turns: Semaphore,
}

impl Site {
    /// Makes a site where nothing runs yet.
    ///
    /// # Errors
    /// The machine cannot run plugins.
    pub(crate) fn new(allocation: Allocation, log: &dyn LogSink) -> Result<Arc<Self>, HostError> {
        let engine = engine::start(allocation, log)?;
        let pooled = engine.get_pooling_config().map(|pool| pool.get_total_component_instances());
        let turns = Semaphore::new(pooled.unwrap_or(CALLS_AT_ONCE) as usize);
        Ok(Arc::new(Self { ticker: Mutex::new(None), engine, linkers: Default::default(), turns }))
    }

    /// Whether instances come from a pool, which not every component fits.
    pub(crate) fn is_pooled(&self) -> bool {
        self.engine.get_pooling_config().is_some()
    }

    /// Returns a linker with what every plugin has and what this one may have.
    pub(crate) fn linker(&self, permitted: &Permitted) -> wasmtime::Result<&Linker<Call>> {
        let set = usize::from(permitted.http.is_some()) + 2 * usize::from(permitted.kv.is_some());
        // There is one for each set of two capabilities.
        let known = &self.linkers[set];
        match known.get() {
            Some(linker) => Ok(linker),
            None => {
                let linker = link::linker(&self.engine, permitted)?;
                Ok(known.get_or_init(|| linker))
            }
        }
    }

    /// Starts the clock with the first plugin.
    pub(crate) fn tick(&self) -> Result<(), LoadFault> {
        let mut ticker = self.ticker.lock().unwrap_or_else(PoisonError::into_inner);
        if ticker.is_none() {
            let started = Ticker::start(&self.engine);
            *ticker = Some(
                started.map_err(|error| LoadFault::Compile(format!("no thread for its clock: {error}")))?,
            );
        }
        Ok(())
    }
}
