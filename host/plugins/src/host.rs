//! Where plugins live: one engine a process, and the way from a file to a plugin that answers.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use wasmtime::component::{Component, InstancePre};

use crate::cache::{Authentic, Cache, Found, Name};
use crate::compile::{self, LARGEST_COMPONENT};
use crate::digest::Digest;
use crate::error::{HostError, LoadError, LoadFault};
use crate::file;
use crate::health::Health;
use crate::link::{self, Permitted};
use crate::load_code;
use crate::manifest::{Manifest, is_name};
use crate::plugin::{Exports, Kinds, Loaded, Plugin};
use crate::settings;
use crate::site::Site;
use crate::spec::{Allocation, HostConfig, PluginSpec};
use crate::state::Call;
use crate::survey::Survey;
use crate::text;

/// Hosts plugins. One a process: its engine, its ticker and its cache are shared by all plugins.
pub struct PluginHost {
    config: Arc<HostConfig>,
    site: Arc<Site>,
    /// For components that do not fit the pool.
    unpooled: OnceLock<Arc<Site>>,
    cache: Option<Cache>,
}

impl PluginHost {
    /// Starts without any plugin; nothing runs until one is loaded.
    ///
    /// # Errors
    /// The machine cannot run plugins, or the folders cannot be used.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let site = Site::new(config.allocation, config.log.as_ref())?;
        let cache = config.cache.as_ref().map(|folder| Cache::open(folder, &site.engine)).transpose()?;
        Ok(Self { config: Arc::new(config), site, unpooled: OnceLock::new(), cache })
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
        let bytes = read(&spec.source)?;
        let (kept, digest) = self.identify(&bytes);
        if let Some(pinned) = spec.pin.filter(|pinned| *pinned != digest) {
            return Err(LoadFault::Pin { pinned, actual: digest });
        }
        // All that can be said without the compiler is said first: it is the dearest step.
        let manifest = Manifest::read_from(&bytes)?;
        let survey = Survey::of(&bytes)?;
        survey.check()?;
        let config = &self.config;
        let permitted = Permitted::settle(&survey, &manifest, &spec, &config.state, &config.secrets)?;
        for grant in link::idle(&manifest, &spec) {
            let name = &spec.name;
            config.log.notice(&format!(
                "plugin `{name}` is granted `{grant}`, which its manifest does not request"
            ));
        }
        let settings = spec.settings.to_string();
        self.check_settings(&digest, &manifest, &spec, &settings)?;
        let (site, component) = self.component(kept, &digest, bytes).await?;
        let misfit = |error: wasmtime::Error| LoadFault::Link(told(&error));
        let linker = site.linker(&permitted).map_err(misfit)?;
        let pre = linker.instantiate_pre(&component).map_err(misfit)?;
        let exports = exports(&pre, survey.kinds)?;
        site.tick()?;
        Ok(Plugin::new(Loaded {
            config: config.clone(),
            site,
            name: spec.name.into(),
            settings: settings.into(),
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

    /// Checks settings, unless they are known to fit.
    fn check_settings(
        &self,
        digest: &Digest,
        manifest: &Manifest,
        spec: &PluginSpec,
        text: &str,
    ) -> Result<(), LoadFault> {
        if self.cache.as_ref().is_some_and(|cache| cache.fits(digest, text)) {
            return Ok(());
        }
        settings::check(manifest.schema.as_ref(), &spec.settings).map_err(LoadFault::Settings)?;
        if let Some(cache) = &self.cache {
            // What is not remembered is checked again.
            let _ = cache.remember(digest, text);
        }
        Ok(())
    }

    /// Returns the digest of a component, with what the cache has of it, which knows the digest of what it knows.
    fn identify(&self, bytes: &[u8]) -> (Option<(Name, Found)>, Digest) {
        let kept = self.cache.as_ref().map(|cache| {
            let name = cache.name(bytes);
            (name, cache.get(name))
        });
        let digest = match &kept {
            Some((_, Found::Code(_, digest))) => *digest,
            _ => Digest::of(bytes),
        };
        (kept, digest)
    }

    /// Returns the compiled component, as it was kept, or of the compiler, and then kept; and where it runs.
    async fn component(
        &self,
        kept: Option<(Name, Found)>,
        digest: &Digest,
        bytes: Vec<u8>,
    ) -> Result<(Arc<Site>, Component), LoadFault> {
        let config = &self.config;
        let (name, found) = kept.unzip();
        match found {
            Some(Found::Code(code, _)) => match self.settle(&code) {
                Ok(settled) => return Ok(settled),
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
        let compiled = compile::compile(&config.compiler, &self.site.engine, bytes).await?;
        let code = Authentic::compiled(compiled);
        let settled = self.settle(&code).map_err(|error| LoadFault::Compile(told(&error)))?;
        if let Some((cache, name)) = self.cache.as_ref().zip(name)
            && let Err(error) = cache.put(name, digest, &code)
        {
            config.log.notice(&format!(
                "a compiled plugin cannot be kept, and is compiled again next time: {error}"
            ));
        }
        Ok(settled)
    }

    /// Loads code where it has room: what does not fit the places of a pool is made one by one.
    fn settle(&self, code: &Authentic) -> wasmtime::Result<(Arc<Site>, Component)> {
        match load_code::load(&self.site.engine, code) {
            Err(_) if self.site.is_pooled() => {
                let site = self.unpooled()?;
                let component = load_code::load(&site.engine, code)?;
                Ok((site, component))
            }
            loaded => Ok((self.site.clone(), loaded?)),
        }
    }

    fn unpooled(&self) -> wasmtime::Result<Arc<Site>> {
        if let Some(site) = self.unpooled.get() {
            return Ok(site.clone());
        }
        let site = Site::new(Allocation::OnDemand, self.config.log.as_ref())?;
        Ok(self.unpooled.get_or_init(|| site).clone())
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

/// Reads a component, no more of it than may be compiled. On the caller's thread: a hop to another one
/// takes longer than reading what most compilers make.
fn read(path: &Path) -> Result<Vec<u8>, LoadFault> {
    let most = u64::try_from(LARGEST_COMPONENT).unwrap_or(u64::MAX);
    let read = file::read(path, most + 1);
    let bytes = read.map_err(|source| LoadFault::Read { path: path.to_owned(), source })?;
    if bytes.len() > LARGEST_COMPONENT {
        return Err(LoadFault::TooLarge);
    }
    Ok(bytes)
}
