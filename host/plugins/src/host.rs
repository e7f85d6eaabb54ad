//! Where plugins live: one engine a process, and the way from a file to a plugin that answers.

use std::path::Path;

use crate::compile::LARGEST_COMPONENT;
use crate::digest::Digest;
use crate::error::{HostError, LoadError, LoadFault};
use crate::manifest::{Manifest, is_name};
use crate::plugin::{Kinds, Loaded, Plugin};
use crate::settings;
use crate::spec::{HostConfig, PluginSpec};

/// Hosts plugins. One a process: its engine, its ticker and its cache are shared by all plugins.
pub struct PluginHost {
    #[expect(dead_code, reason = "what loads is built on it next")]
    config: HostConfig,
}

impl PluginHost {
    /// Starts without any plugin; nothing runs until one is loaded.
    ///
    /// # Errors
    /// The machine cannot run plugins, or the folders cannot be used.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        Ok(Self { config })
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
        let bytes = read(&spec.source).await?;
        let digest = Digest::of(&bytes);
        if let Some(pinned) = spec.pin.filter(|pinned| *pinned != digest) {
            return Err(LoadFault::Pin { pinned, actual: digest });
        }
        let manifest = Manifest::read_from(&bytes)?;
        settings::check(manifest.schema.as_ref(), &spec.settings).map_err(LoadFault::Settings)?;
        Ok(Plugin::new(Loaded { name: spec.name, manifest, digest, kinds: Kinds::default() }))
    }
}

/// Reads a component, no more of it than may be compiled.
async fn read(path: &Path) -> Result<Vec<u8>, LoadFault> {
    use tokio::io::AsyncReadExt as _;
    let failed = |source| LoadFault::Read { path: path.to_owned(), source };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(LARGEST_COMPONENT).unwrap_or(u64::MAX);
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() > LARGEST_COMPONENT { Err(LoadFault::TooLarge) } else { Ok(bytes) }
}
