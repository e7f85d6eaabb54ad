//! The plugins of a run: found, loaded, in the order in which they are asked.
//!
//! First those of `--plugin`, in the order given, then those of the user's `act-host.toml`, in the order of the file. A
//! plugin of both comes where `--plugin` puts it, with what the file says of it. Without any, nothing of the plugin
//! host is started.
//!
//! Where jobs are to run on a cluster and none of them is a scheduler, `k8s` comes last: the one that is installed, else
//! `k8s.wasm` beside this program. Where only labels that `-P` names are to go there, it is asked about those alone.
//! What flags, variables and YAML files say of pods is told to `k8s`, whoever names it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use act_core::control::Secret;
use act_plugins::grants::{CredentialSource, DecisionGrant};
use act_plugins::{
    Allocation, Capabilities, Compiler, Credentials, HostConfig, LogSink, Manifest, Plugin, PluginHost,
    PluginSpec,
};

use crate::config::cluster::laid_over;
use crate::config::plugins::{PluginEntry, PluginFiles};
use crate::config::{Config, Mode, Plugins};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::value::{Backend, Platform};
use crate::folders::Folders;
use crate::nearest::nearest;
use crate::world::World;

/// The plugins of a run.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// In the order in which they are asked.
    pub(crate) asked: Vec<Plugin>,
    /// Who is asked about the labels that `-P` sends to a cluster, and about no others.
    pub(crate) pods: Option<Plugin>,
}

/// Loads all plugins that are wanted.
pub(crate) async fn load(
    config: &Config,
    files: &PluginFiles,
    log: Arc<dyn LogSink>,
    world: &World,
) -> Result<Loaded, CliError> {
    let specs = specs(&config.plugins, files)?;
    let on_cluster = config.machine.backend == Some(Backend::Kubernetes);
    let sent = config.machine.backend.is_none() && config.machine.platforms.iter().any(Platform::is_pod);
    if specs.is_empty() && !on_cluster && !sent {
        return Ok(Loaded::default());
    }
    let secrets = OperatorSecrets { env: world.env.clone(), secrets: config.secrets.0.clone() };
    let capabilities = match config.mode {
        Mode::Run => Capabilities::Linked,
        Mode::DryRun | Mode::Explain => Capabilities::NoneLinked,
    };
    let host =
        start(&config.plugins, config.state.join("plugins"), log, Arc::new(secrets), capabilities, world)?;
    let mut plugins = Vec::new();
    for spec in specs {
        plugins.push(load_one(&host, told(spec, config, files), files).await?);
    }
    if (on_cluster || sent) && !plugins.iter().any(|plugin| plugin.kinds().scheduler) {
        if plugins.iter().any(|plugin| plugin.name() == PODS) {
            let message = format!("the plugin `{PODS}` is no scheduler: nothing decides which pods jobs get");
            return Err(
                CliError::invalid(message).hint("`name` and `source` in act-host.toml give it another name")
            );
        }
        let spec = told(pods(&config.plugins, files, world)?, config, files);
        let pods = load_one(&host, spec, files).await?;
        if sent {
            return Ok(Loaded { asked: plugins, pods: Some(pods) });
        }
        plugins.push(pods);
    }
    Ok(Loaded { asked: plugins, pods: None })
}

/// Lays what flags and variables say of pods over the settings of `k8s`, and those over what YAML files say.
fn told(mut spec: PluginSpec, config: &Config, files: &PluginFiles) -> PluginSpec {
    if spec.name != PODS {
        return spec;
    }
    if let serde_json::Value::Object(own) = spec.settings {
        let own = laid_over(own, files.yaml.told.clone());
        spec.settings = laid_over(config.machine.cluster.told.clone(), own).into();
    }
    spec
}

async fn load_one(host: &PluginHost, spec: PluginSpec, files: &PluginFiles) -> Result<Plugin, CliError> {
    let place = files.place(&spec.name);
    host.load(spec).await.map_err(|error| {
        CliError::new(Exit::Infrastructure, error)
            .maybe_hint(place.map(|place| format!("it is set up in {place}")))
    })
}

/// The plugin that makes pods of jobs, where no other one does.
pub(super) const PODS: &str = "k8s";

/// Names that plugin. No file speaks of it, so it is granted none of the decisions that it could ask for.
fn pods(plugins: &Plugins, files: &PluginFiles, world: &World) -> Result<PluginSpec, CliError> {
    let mut entry = files.unnamed(PODS);
    entry.grants.decisions = Some(DecisionGrant::default());
    let beside = || Some(world.program.as_ref()?.parent()?.join(PODS).with_extension("wasm"));
    let source = match installed(PODS, &plugins.installed) {
        Ok(path) => path,
        Err(_) => beside().filter(|path| path.is_file()).ok_or_else(|| {
            let message = "no plugin decides which pods jobs get";
            CliError::invalid(message)
                .hint("`act-host plugin install k8s.wasm`, or `--plugin FILE` of one that is a scheduler")
        })?,
    };
    Ok(entry.spec(source))
}

/// Starts a plugin host outside of a run.
pub(crate) fn plugin_host(
    log: Arc<dyn LogSink>,
    secrets: Arc<dyn Credentials>,
    capabilities: Capabilities,
    world: &World,
) -> Result<PluginHost, CliError> {
    let folders = Folders::of(world)?;
    let state = folders.state.join("plugins");
    start(&Plugins::of(&folders), state, log, secrets, capabilities, world)
}

fn start(
    folders: &Plugins,
    state: PathBuf,
    log: Arc<dyn LogSink>,
    secrets: Arc<dyn Credentials>,
    capabilities: Capabilities,
    world: &World,
) -> Result<PluginHost, CliError> {
    let program = world.program.clone().ok_or_else(|| {
        CliError::new(Exit::Infrastructure, "this program cannot find its own file, which compiles plugins")
    })?;
    let config = HostConfig {
        cache: Some(folders.cache.clone()),
        state,
        compiler: Compiler::Child(vec![program.into(), OsString::from(COMPILE)]),
        log,
        secrets,
        capabilities,
        allocation: Allocation::Pooled { calls: CALLS_AT_ONCE },
    };
    PluginHost::new(config).map_err(|error| CliError::new(Exit::Infrastructure, error))
}

/// Places of the pool: more calls than this are seldom under way at once, as most take microseconds.
const CALLS_AT_ONCE: u32 = 32;

/// The hidden command that compiles one component.
pub(crate) const COMPILE: &str = "__compile";

/// Names each plugin once, in order.
fn specs(plugins: &Plugins, files: &PluginFiles) -> Result<Vec<PluginSpec>, CliError> {
    let mut specs: Vec<PluginSpec> = Vec::new();
    for wanted in &plugins.wanted {
        let spec = wanted_spec(wanted, plugins, files)?;
        if let Some(known) = specs.iter().find(|known| known.name == spec.name) {
            let message = format!(
                "two plugins are called `{}`: {} and {}",
                spec.name,
                known.source.display(),
                spec.source.display()
            );
            return Err(
                CliError::invalid(message).hint("`name` and `source` in act-host.toml give one another name")
            );
        }
        specs.push(spec);
    }
    for entry in &files.entries {
        if !specs.iter().any(|known| known.name == entry.name.value) {
            specs.push(entry.spec(source(entry, plugins)?));
        }
    }
    Ok(specs)
}

fn wanted_spec(wanted: &Path, plugins: &Plugins, files: &PluginFiles) -> Result<PluginSpec, CliError> {
    let by_name = |name: &str| files.entries.iter().find(|entry| entry.name.value == name).cloned();
    match name_of(wanted) {
        Some(name) => {
            let entry = by_name(name).unwrap_or_else(|| files.unnamed(name));
            Ok(entry.spec(source(&entry, plugins)?))
        }
        None => {
            let name = own_name(wanted);
            let entry = by_name(&name).unwrap_or_else(|| files.unnamed(&name));
            Ok(entry.spec(wanted.to_owned()))
        }
    }
}

/// Returns the name that `--plugin` gives; `None` when it gives a file: what has a `/` or ends in `.wasm`.
pub(crate) fn name_of(wanted: &Path) -> Option<&str> {
    let text = wanted.to_str()?;
    let file = text.contains(std::path::is_separator) || wanted.extension() == Some(OsStr::new("wasm"));
    (!file).then_some(text)
}

/// The name in a component's manifest. What cannot be read is called by its file, and loading it says what is wrong.
fn own_name(path: &Path) -> String {
    let manifest = std::fs::read(path).ok().and_then(|bytes| Manifest::read_from(&bytes).ok());
    let stem = || path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
    manifest.map_or_else(stem, |manifest| manifest.name)
}

/// Returns the file of a plugin: the one that is named, else the one that is installed.
fn source(entry: &PluginEntry, plugins: &Plugins) -> Result<PathBuf, CliError> {
    match &entry.source {
        Some(source) => Ok(source.clone()),
        None => installed(&entry.name.value, &plugins.installed),
    }
}

/// Finds an installed plugin.
pub(crate) fn installed(name: &str, folder: &Path) -> Result<PathBuf, CliError> {
    let path = folder.join(format!("{name}.wasm"));
    if path.is_file() {
        return Ok(path);
    }
    let names = installed_names(folder);
    let near = nearest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    let known = match &names[..] {
        [] => "no plugin is installed; `act-host plugin install FILE` installs one".to_owned(),
        names => format!("installed are: {}", names.join(", ")),
    };
    let message = format!("there is no installed plugin `{name}`");
    Err(CliError::new(Exit::Infrastructure, message).hint(near.unwrap_or(known)))
}

/// Lists what is installed, by name.
pub(crate) fn installed_names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        entry.file_name().to_str().and_then(|name| name.strip_suffix(".wasm")).map(str::to_owned)
    };
    let mut names: Vec<String> = entries.filter_map(name).collect();
    names.sort();
    names
}

/// What grants name: variables of this process, and the secrets of the run.
struct OperatorSecrets {
    env: BTreeMap<OsString, OsString>,
    secrets: indexmap::IndexMap<String, String>,
}

impl Credentials for OperatorSecrets {
    fn reveal(&self, source: &CredentialSource) -> Option<Secret> {
        let value = match source {
            CredentialSource::Env(name) => self.env.get(OsStr::new(name))?.to_str()?.to_owned(),
            CredentialSource::Secret(name) => self.secrets.get(&name.to_ascii_uppercase())?.clone(),
        };
        Some(Secret::new(value))
    }
}
