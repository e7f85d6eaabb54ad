//! The complete, typed configuration of a run, made of flags and files.
//!
//! | what | strongest first |
//! |---|---|
//! | any flag | command line · `./.actrc` · `~/.config/act-host/actrc` · `~/.actrc` · `~/.config/act/actrc` · the default named in `--help` |
//! | a secret, variable, environment variable or input, by name | its flag (in the order above) · its file |
//! | a file of values | its flag · `.secrets`, `.vars`, `.env`, `.input` in the folder of `-C`, if there |
//! | a value without `=` | this process's environment · for secrets on a terminal: a question |
//!
//! | the cluster, and how jobs run on it | see [`cluster`] |
//!
//! Nothing else is read from the environment: what a job gets of it is said with `--env NAME` or `--inherit-env`.

pub(crate) mod cluster;
mod event;
pub(crate) mod keys;
pub(crate) mod plugins;
pub(crate) mod tree;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use act_git::LocalRepository;
use indexmap::IndexMap;

use self::cluster::ClusterWords;
use self::plugins::PluginFiles;
use crate::actrc::{self, Notice, YamlFile};
use crate::error::CliError;
use crate::flags::value::{Backend, Leg, Platform};
use crate::flags::{LogFormat, RunFlags, SelectionFlags};
use crate::folders::Folders;
use crate::running::name_of;
use crate::world::World;

pub(crate) use event::Payload;
pub(crate) use values::Secrets;

/// Everything that a run is told.
#[derive(Debug)]
pub(crate) struct Config {
    /// What to run.
    pub(crate) selection: Selection,
    /// Which matrix legs; empty means all.
    pub(crate) matrix: Vec<Leg>,
    /// Whether filters of triggers count.
    pub(crate) filters: bool,
    /// The event.
    pub(crate) event: Event,
    /// `secrets.*`, names in upper case.
    pub(crate) secrets: Secrets,
    /// `vars.*`, names in upper case.
    pub(crate) vars: IndexMap<String, String>,
    /// Environment of all jobs.
    pub(crate) env: IndexMap<String, String>,
    /// Where jobs run.
    pub(crate) machine: Machine,
    /// Where actions come from.
    pub(crate) actions: Actions,
    /// Where runs are kept.
    pub(crate) state: PathBuf,
    /// Who decides besides this program.
    pub(crate) plugins: Plugins,
    /// How the run is shown.
    pub(crate) output: Output,
    /// Files that are YAML, the weaker first.
    pub(crate) yaml: Vec<YamlFile>,
    /// What becomes of what was planned.
    pub(crate) mode: Mode,
}

/// What becomes of what was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It runs.
    Run,
    /// What would run is shown.
    DryRun,
    /// Why it would run where is shown.
    Explain,
}

/// Which plugins, as far as flags say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plugins {
    /// Files and names of installed ones, in the order in which they are asked; before those of `act-host.toml`.
    pub(crate) wanted: Vec<PathBuf>,
    /// The user's `act-host.toml`, if another than the usual one.
    pub(crate) file: Option<PathBuf>,
    /// Where installed ones are.
    pub(crate) installed: PathBuf,
    /// Where what was compiled is kept.
    pub(crate) cache: PathBuf,
}

/// Which workflows and jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The folder that stands for the repository; absolute.
    pub(crate) root: PathBuf,
    /// Files and folders, from `root`; empty means the default.
    pub(crate) workflows: Vec<PathBuf>,
    /// Whether folders below folders count.
    pub(crate) recurse: bool,
    /// Ids of jobs; empty means all.
    pub(crate) jobs: Vec<String>,
}

/// The event, as far as the user says.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its name; `None` lets the workflows decide.
    pub(crate) name: Option<String>,
    /// What the user's file says.
    pub(crate) payload: Option<Payload>,
    /// Inputs of `workflow_dispatch`; stronger than those of the payload.
    pub(crate) inputs: IndexMap<String, String>,
    /// `github.actor`; `None` asks git.
    pub(crate) actor: Option<String>,
    /// `None` asks git.
    pub(crate) default_branch: Option<String>,
    /// The remote that names the repository.
    pub(crate) remote: String,
}

/// Where jobs run.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Label to target, each label once, in the order given; the last word on a label counts.
    pub(crate) platforms: Vec<Platform>,
    /// Which kind of machine; `None` leaves it to the scheduler.
    pub(crate) backend: Option<Backend>,
    /// Which cluster, and how jobs run on it.
    pub(crate) cluster: ClusterWords,
    /// The agents that go into pods: the first where a pod names no processor.
    pub(crate) agents: Vec<PathBuf>,
    /// Why pods wait is looked into, and told.
    pub(crate) debug_scheduling: bool,
    /// The workspace is the working tree itself.
    pub(crate) bind: bool,
    /// Nothing is removed afterwards.
    pub(crate) keep: bool,
    /// How many jobs at once; `None` asks the machine.
    pub(crate) concurrent_jobs: Option<NonZeroUsize>,
    /// The environment of this process: what the machine itself needs (`PATH`, `HOME`, …) is taken from it.
    pub(crate) host_env: BTreeMap<OsString, OsString>,
    /// Whether jobs get all of it.
    pub(crate) inherit_env: bool,
}

/// Where actions come from.
#[derive(Clone, Debug)]
pub(crate) struct Actions {
    /// Repositories that are folders of this machine; their folders absolute.
    pub(crate) local: Vec<LocalRepository>,
    /// Nothing is fetched.
    pub(crate) offline: bool,
    /// Where fetched ones are kept.
    pub(crate) cache: PathBuf,
}

/// How the run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// The form.
    pub(crate) format: LogFormat,
    /// Debug lines, too.
    pub(crate) verbose: bool,
    /// Not what steps print.
    pub(crate) quiet: bool,
    /// Secrets in clear.
    pub(crate) show_secrets: bool,
}

impl Plugins {
    /// None, and where they would be.
    pub(crate) fn of(folders: &Folders) -> Self {
        let (installed, cache) = (folders.data.join("plugins"), folders.cache.join("plugins"));
        Self { wanted: Vec::new(), file: None, installed, cache }
    }
}

impl Selection {
    /// Completes the flags that select.
    pub(crate) fn resolve(flags: SelectionFlags, world: &World) -> Result<Self, CliError> {
        let root = world.absolute(flags.directory.as_deref().unwrap_or(".".as_ref()));
        if !root.is_absolute() {
            return Err(
                CliError::invalid("the working directory does not exist any more").hint("name one with `-C`")
            );
        }
        let root: PathBuf = root.components().collect();
        if !root.is_dir() {
            return Err(CliError::invalid(format!("there is no folder {}", root.display())));
        }
        Ok(Self { root, workflows: flags.workflows, recurse: !flags.no_recurse, jobs: flags.jobs })
    }
}

/// Flags of all sources.
pub(crate) struct Layered {
    pub(crate) flags: RunFlags,
    /// Files that are YAML, the weaker first.
    pub(crate) yaml: Vec<YamlFile>,
    pub(crate) notices: Vec<Notice>,
}

/// Lays the command line over the configuration files.
pub(crate) fn layered(flags: RunFlags, world: &World) -> Result<Layered, CliError> {
    let files = actrc::read_all(world)?;
    Ok(Layered { flags: flags.over(files.flags), yaml: files.yaml, notices: files.notices })
}

impl Config {
    /// Completes the flags: reads the files of values, finds the folders, asks for secrets that are missing.
    pub(crate) fn resolve(flags: RunFlags, world: &World) -> Result<Self, CliError> {
        let folders = Folders::of(world)?;
        let selection = Selection::resolve(flags.selection.clone(), world)?;
        let values = values::resolve(&flags, &selection.root, world)?;
        let event = Event {
            name: flags.selection.event,
            payload: flags
                .event
                .event_path
                .map(|path| event::read(&selection.root.join(path)))
                .transpose()?,
            inputs: values.inputs,
            actor: flags.event.actor,
            default_branch: flags.event.default_branch,
            remote: flags.event.remote_name.unwrap_or_else(|| "origin".to_owned()),
        };
        let cache = flags.actions.action_cache_path.map(|path| selection.root.join(path));
        let wanted = |plugin: PathBuf| match name_of(&plugin) {
            Some(_) => plugin,
            None => selection.root.join(plugin),
        };
        let absolute = |mut local: LocalRepository| {
            local.folder = selection.root.join(&local.folder);
            local
        };
        let platforms = last_of_each(flags.machine.platform);
        let debug_scheduling = flags.machine.cluster.debug_scheduling;
        let words = flags.machine.cluster.words(&platforms, &selection.root);
        let words = words.over(cluster::read_environment(world)?);
        Ok(Self {
            matrix: flags.matrix,
            filters: !flags.no_filters,
            event,
            secrets: values.secrets,
            vars: values.vars,
            env: values.env,
            machine: Machine {
                platforms,
                backend: words.backend,
                cluster: words,
                agents: agents(world),
                debug_scheduling,
                bind: flags.machine.bind,
                keep: flags.machine.keep,
                concurrent_jobs: flags.machine.concurrent_jobs,
                host_env: world.env.clone(),
                inherit_env: flags.values.inherit_env,
            },
            actions: Actions {
                local: flags.actions.local_repository.into_iter().map(absolute).collect(),
                offline: flags.actions.action_offline_mode,
                cache: cache.unwrap_or_else(|| folders.cache.join("actions")),
            },
            state: folders.state.clone(),
            output: Output {
                format: format(flags.output.json, flags.output.log_format, world.terminal),
                verbose: flags.output.verbose,
                quiet: flags.output.quiet,
                show_secrets: flags.output.insecure_secrets,
            },
            plugins: Plugins {
                wanted: flags.plugins.plugin.into_iter().map(wanted).collect(),
                file: flags.plugins.config.map(|path| selection.root.join(path)),
                ..Plugins::of(&folders)
            },
            yaml: Vec::new(),
            mode: if flags.instead.dry_run { Mode::DryRun } else { Mode::Run },
            selection,
        })
    }
}

impl Config {
    /// Lays what flags and variables say of the cluster over what files say of it.
    pub(crate) fn settle(&mut self, files: &PluginFiles) {
        let said = std::mem::take(&mut self.machine.cluster);
        let told = said.told.clone();
        let under = files.cluster.clone().over(files.yaml.clone());
        // What the plugin `k8s` is told by files lies under its settings in act-host.toml, not over them.
        self.machine.cluster = ClusterWords { told, ..said.over(under) };
        self.machine.backend = self.machine.cluster.backend;
    }
}

/// Processors of which there are agents, as nodes are labelled, this machine's own first.
const PROCESSORS: [&str; 2] =
    if cfg!(target_arch = "aarch64") { ["arm64", "amd64"] } else { ["amd64", "arm64"] };

/// Finds the agents that go into pods: the one that `ACT_HOST_AGENT` names, else `act-agent` beside this program, and
/// what lies there for one processor alone: `act-agent-aarch64`.
fn agents(world: &World) -> Vec<PathBuf> {
    let named = world.var("ACT_HOST_AGENT").map(|path| world.absolute(path.as_ref()));
    let folder = named.as_ref().or(world.program.as_ref()).and_then(|path| path.parent());
    let names = [act_kubernetes::agent::PROGRAM.to_owned()].into_iter().filter(|_| named.is_none());
    let names = names.chain(PROCESSORS.map(act_kubernetes::agent::file_name));
    let beside = names.filter_map(|name| Some(folder?.join(name))).filter(|path| path.is_file());
    // What was named must be there, and is not taken twice.
    let beside = beside.filter(|path| Some(path) != named.as_ref()).collect::<Vec<_>>();
    named.clone().into_iter().chain(beside).collect()
}

fn format(json: bool, named: Option<LogFormat>, terminal: bool) -> LogFormat {
    match named {
        _ if json => LogFormat::Json,
        Some(format) => format,
        None if terminal => LogFormat::Terminal,
        None => LogFormat::Plain,
    }
}

/// Keeps the last word on each label.
fn last_of_each(platforms: Vec<Platform>) -> Vec<Platform> {
    let by_label: IndexMap<String, Platform> =
        platforms.into_iter().map(|platform| (platform.label.clone(), platform)).collect();
    by_label.into_values().collect()
}

#[cfg(test)]
mod tests;
