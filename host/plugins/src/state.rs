//! What one call has while it runs: its limits, its voice, its capabilities. Gone with the call.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::caps::http::HttpCall;
use crate::caps::kv::Kv;
use crate::engine::TICK;
use crate::limits::Limits;
use crate::output::Voice;

/// The state of one call.
pub(crate) struct Call {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) limiter: Limiter,
    pub(crate) voice: Voice,
    pub(crate) settings: Arc<str>,
    pub(crate) kv: Option<Arc<Kv>>,
    pub(crate) http: Option<HttpCall>,
    /// Whether capabilities refuse, as in an explanation.
    pub(crate) refusing: bool,
    /// The capability that was asked for and refused.
    pub(crate) needs: Option<&'static str>,
    /// Whether the call waited for the network since the last tick: that was no time on the processor.
    pub(crate) waited: bool,
    ticks: u32,
}

/// What a call is equipped with.
pub(crate) struct Equipment {
    pub(crate) limits: Limits,
    pub(crate) voice: Voice,
    pub(crate) settings: Arc<str>,
    pub(crate) kv: Option<Arc<Kv>>,
    pub(crate) http: Option<HttpCall>,
    pub(crate) refusing: bool,
}

/// A limit that a call ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Memory,
    Table,
    Cpu,
    Wall,
    Output,
}

impl Call {
    /// Makes the store of one call, its limits set.
    pub(crate) fn store(engine: &Engine, equipment: Equipment) -> Store<Self> {
        let Equipment { limits, voice, settings, kv, http, refusing } = equipment;
        let wasi = WasiCtx::builder()
            .stdout(voice.stdout())
            .stderr(voice.stderr())
            .max_random_size(64 << 10)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(1000);
        let limiter = Limiter { limits, memory: 0, grown: 0, hit: None };
        let call = Self {
            wasi,
            table,
            limiter,
            voice,
            settings,
            kv,
            http,
            refusing,
            needs: None,
            waited: false,
            ticks: 0,
        };
        let mut store = Store::new(engine, call);
        store.limiter(|call| &mut call.limiter);
        store.set_hostcall_fuel(limits.host_fuel.bytes());
        store.set_max_component_handles(limits.handles as usize);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(tick);
        store
    }

    /// Returns how many ticks it was on a processor.
    pub(crate) const fn ticks(&self) -> u32 {
        self.ticks
    }

    /// Notes that a capability was asked for where there is none.
    pub(crate) fn refuse(&mut self, capability: &'static str) {
        self.needs = self.needs.or(Some(capability));
    }
}

/// Counts a tick; the guest gives way to others, until it has used up its time.
fn tick(mut store: StoreContextMut<'_, Call>) -> wasmtime::Result<UpdateDeadline> {
    let call = store.data_mut();
    if !std::mem::take(&mut call.waited) {
        call.ticks = call.ticks.saturating_add(1);
    }
    if TICK.saturating_mul(call.ticks) > call.limiter.limits.cpu.0 {
        call.limiter.hit = Some(Limit::Cpu);
        return Ok(UpdateDeadline::Interrupt);
    }
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
}

impl WasiView for Call {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Counts what a call uses: all its memories together.
pub(crate) struct Limiter {
    pub(crate) limits: Limits,
    memory: usize,
    grown: usize,
    /// The limit that the call ran into, if it did.
    pub(crate) hit: Option<Limit>,
}

impl Limiter {
    /// Returns how much memory the call has, in bytes: it never gives any back.
    pub(crate) const fn memory(&self) -> usize {
        self.memory
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let grown = desired.saturating_sub(current);
        let memory = self.memory.saturating_add(grown);
        if memory > self.limits.memory.bytes() {
            self.hit = Some(Limit::Memory);
            return Ok(false);
        }
        (self.memory, self.grown) = (memory, grown);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory = self.memory.saturating_sub(std::mem::take(&mut self.grown));
        Ok(())
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired <= self.limits.table_elements as usize;
        if !fits {
            self.hit = Some(Limit::Table);
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.tables as usize
    }

    fn memories(&self) -> usize {
        self.limits.memories as usize
    }
}
