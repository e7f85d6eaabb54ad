//! The engine that all plugins share, and the clock that holds them to their time.

use std::num::NonZeroUsize;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::error::HostError;
use crate::spec::{Allocation, LogSink};

/// How long a tick of the processor clock is.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// How many calls run at once; more wait for their turn.
pub(crate) const CALLS_AT_ONCE: u32 = 256;

/// Returns what every engine here has in common, the one in the compiling child as well: what one compiles the other
/// loads.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(true)
        .epoch_interruption(true)
        .consume_fuel(false)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(32))
        .cranelift_nan_canonicalization(false)
        // Functions of a trace have names without it, and places in a source only guests with debug data would have.
        .generate_address_map(false)
        // For debuggers alone: traces of wasmtime and panics of this program do without. To register it is dear.
        .native_unwind_info(false)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .parallel_compilation(true);
    config
}

/// Makes the engine. A pool that finds no room is tried smaller, then given up with a notice.
pub(crate) fn start(allocation: Allocation, log: &dyn LogSink) -> Result<Engine, HostError> {
    let failed = |error: wasmtime::Error| HostError::Engine(format!("{error:#}"));
    let mut config = config();
    if let Allocation::Pooled { calls } = allocation {
        let calls = calls.clamp(1, CALLS_AT_ONCE);
        for calls in [calls, calls.div_ceil(8)] {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(calls)));
            if let Ok(engine) = Engine::new(&config) {
                return Ok(engine);
            }
        }
        log.notice("this machine has no room for a pool of plugin instances; they are made one by one");
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    }
    Engine::new(&config).map_err(failed)
}

/// Returns a pool for so many calls at once: the sizes are what the toolchains of four languages need.
fn pool(calls: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls * 8)
        .total_memories(calls * 4)
        .total_tables(calls * 8)
        .total_stacks(calls * 2)
        .max_memory_size(4 << 30)
        .table_elements(100_000)
        .max_core_instances_per_component(64)
        .max_tables_per_module(8)
        .max_memories_per_module(4)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(1 << 20)
        // What an official plugin has of memory. More would be cleared even where nothing was written: a guest of the
        // toolchain's own making has a megabyte of stack in front, of which it uses the end.
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10);
    pool
}

/// Raises the engine's epoch every tick, until it is dropped.
///
/// A thread of its own: a task of the runtime would starve behind the very guest that it is to interrupt.
pub(crate) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts ticking.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let engine: EngineWeak = engine.weak();
        let tick = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new().name("plugin-ticker".to_owned()).spawn(tick)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only ticks: it ends at once, and has nothing to say if it panicked.
            let _ = thread.join();
        }
    }
}
