//! Where plugins live: one engine a process, and the way from a file to a plugin that answers.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::cache::{Authentic, Cache, Found};
use crate::compile::{self, LARGEST_COMPONENT};
use crate::digest::Digest;
use crate::engine::{self, CALLS_AT_ONCE, Ticker};
use crate::error::{HostError, LoadError, LoadFault};
use crate::health::Health;
use crate::link::{self, Permitted};
use crate::load_code;
use crate::manifest::{Manifest, is_name};
use crate::plugin::{Exports, Kinds, Loaded, Plugin};
use crate::settings;
use crate::spec::{HostConfig, PluginSpec};
use crate::state::Call;
use crate::survey::Survey;
use crate::text;

/// Hosts plugins. One a process: its engine, its ticker and its cache are shared by all plugins.
pub struct PluginHost {
    shared: Arc<Shared>,
    linker: Linker<Call>,
    cache: Option<Cache>,
}

/// What plugins need of their host as long as they live.
pub(crate) struct Shared {
    // The order matters: the ticker ends before its engine does.
    ticker: Mutex<Option<Ticker>>,
    pub(crate) engine: Engine,
    pub(crate) config: HostConfig,
    /// A permit for each call that may run at once.
    pub(crate) turns: Semaphore,
}

impl PluginHost {
    /// Starts without any plugin; nothing runs until one is loaded.
    ///
    /// # Errors
    /// The machine cannot run plugins, or the folders cannot be used.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let engine = engine::start(config.allocation, config.log.as_ref())?;
        let linker = link::base(&engine).map_err(|error| HostError::Engine(format!("{error:#}")))?;
        let cache = config.cache.as_ref().map(|folder| Cache::open(folder, &engine)).transpose()?;
        let pooled = engine.get_pooling_config().map(|pool| pool.get_total_component_instances());
        let turns = Semaphore::new(pooled.unwrap_or(CALLS_AT_ONCE) as usize);
        let shared = Arc::new(Shared { ticker: Mutex::new(None), engine, config, turns });
        Ok(Self { shared, linker, cache })
    }

    /// Loads a plugin: reads, checks, compiles (or finds it compiled) and links it.
    ///
    /// # Errors
    /// Why it cannot be used, in words for its operator.
    pub async fn load(&self, spec: PluginSpec) -> Result<Plugin, LoadError> {
        let name = spec.name.clone();
        self.try_load(spec).await.map_err(|fault| LoadError { plugin: name, fault: Box::new(fault) })
    }

    async fn try_load(&self, spec: PluginSpec) -> Result<Plugin, LoadFault> {
        if !is_name(&spec.name) {
            return Err(LoadFault::Name);
        }
        let (bytes, digest) = read(spec.source.clone()).await?;
        if let Some(pinned) = spec.pin.filter(|pinned| *pinned != digest) {
            return Err(LoadFault::Pin { pinned, actual: digest });
        }
        // All that can be said without the compiler is said first: it is the dearest step.
        let manifest = Manifest::read_from(&bytes)?;
        let survey = Survey::of(&bytes)?;
        survey.check()?;
        let config = &self.shared.config;
        let permitted = Permitted::settle(&survey, &manifest, &spec, &config.state, &config.secrets)?;
        for grant in link::idle(&manifest, &spec) {
            let name = &spec.name;
            config.log.notice(&format!(
                "plugin `{name}` is granted `{grant}`, which its manifest does not request"
            ));
        }
        settings::check(manifest.schema.as_ref(), &spec.settings).map_err(LoadFault::Settings)?;
        let component = self.component(&digest, bytes).await?;
        let pre = self.link(&component, &permitted)?;
        let exports = exports(&pre, survey.kinds)?;
        self.shared.tick()?;
        Ok(Plugin::new(Loaded {
            shared: self.shared.clone(),
            name: spec.name.into(),
            settings: spec.settings.to_string().into(),
            manifest,
            digest,
            kinds: survey.kinds,
            pre,
            exports,
            permitted,
            limits: spec.limits,
            on_error: spec.on_error,
            health: Health::default(),
        }))
    }

    /// Returns the compiled component: from the cache, or of the compiler, and then kept.
    async fn component(&self, digest: &Digest, bytes: Vec<u8>) -> Result<Component, LoadFault> {
        let (engine, config) = (&self.shared.engine, &self.shared.config);
        match self.cache.as_ref().map(|cache| cache.get(digest)) {
            Some(Found::Code(code)) => match load_code::load(engine, &code) {
                Ok(component) => return Ok(component),
                Err(error) => config.log.notice(&format!(
                    "a compiled plugin in the cache does not fit this act-host and is compiled again: {}",
                    text::reason(&error.to_string())
                )),
            },
            Some(Found::Forged(path)) => config.log.notice(&format!(
                "`{}` is not what act-host put there; it is deleted, and the plugin compiled again",
                path.display()
            )),
            Some(Found::Nothing) | None => {}
        }
        let code = Authentic::compiled(compile::compile(&config.compiler, engine, bytes).await?);
        let component = load_code::load(engine, &code).map_err(|error| LoadFault::Compile(told(&error)))?;
        if let Some(cache) = &self.cache
            && let Err(error) = cache.put(digest, &code)
        {
            config.log.notice(&format!(
                "a compiled plugin cannot be kept, and is compiled again next time: {error}"
            ));
        }
        Ok(component)
    }

    fn link(&self, component: &Component, permitted: &Permitted) -> Result<InstancePre<Call>, LoadFault> {
        let misfit = |error: wasmtime::Error| LoadFault::Link(told(&error));
        let linker = link::extend(self.linker.clone(), permitted).map_err(misfit)?;
        linker.instantiate_pre(component).map_err(misfit)
    }
}

impl Shared {
    /// Starts the clock with the first plugin.
    fn tick(&self) -> Result<(), LoadFault> {
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

/// Finds the functions of each kind that a component exports, with the types they must have.
fn exports(pre: &InstancePre<Call>, kinds: Kinds) -> Result<Exports, LoadFault> {
    let misfit = |error: wasmtime::Error| LoadFault::Link(told(&error));
    let mapper = kinds.mapper.then(|| act_bindings::label_mapper::GuestIndices::new(pre));
    let policy = kinds.policy.then(|| act_bindings::policy::GuestIndices::new(pre));
    let scheduler = kinds.scheduler.then(|| act_bindings::scheduler::GuestIndices::new(pre));
    Ok(Exports {
        mapper: mapper.transpose().map_err(misfit)?,
        policy: policy.transpose().map_err(misfit)?,
        scheduler: scheduler.transpose().map_err(misfit)?,
    })
}

fn told(error: &wasmtime::Error) -> String {
    text::reason(&format!("{error:#}"))
}

/// Reads a component, no more of it than may be compiled, and names it.
async fn read(path: PathBuf) -> Result<(Vec<u8>, Digest), LoadFault> {
    let work = move || {
        let mut bytes = Vec::new();
        let most = u64::try_from(LARGEST_COMPONENT).unwrap_or(u64::MAX);
        let read = File::open(&path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
        read.map_err(|source| LoadFault::Read { path, source })?;
        if bytes.len() > LARGEST_COMPONENT {
            return Err(LoadFault::TooLarge);
        }
        let digest = Digest::of(&bytes);
        Ok((bytes, digest))
    };
    let failed = |error: tokio::task::JoinError| LoadFault::Invalid(error.to_string());
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}
