//! The flags of `run`, which are also those of `act`: raw, all optional, as one source wrote them.
//!
//! A source is a configuration file or the command line. [`RunFlags::over`] lays one source over another;
//! `config` makes the result complete.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use act_git::LocalRepository;
use clap::Args;

use super::cluster::ClusterFlags;
use super::output::LogFormat;
use super::selection::SelectionFlags;
use super::value::{Assigned, Leg, Named, Platform};

/// Flags of `act-host run`, and of the program when it is called `act`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct RunFlags {
    #[command(flatten)]
    pub(crate) selection: SelectionFlags,

    /// Run only the matrix legs with this value; may be given again [e.g. os:ubuntu-latest]
    #[arg(long, value_name = "KEY:VALUE", help_heading = "Selection")]
    pub(crate) matrix: Vec<Leg>,

    /// Run workflows whose branch, tag, path or type filters exclude the event
    #[arg(long, help_heading = "Selection")]
    pub(crate) no_filters: bool,

    #[command(flatten)]
    pub(crate) event: EventFlags,

    #[command(flatten)]
    pub(crate) values: ValueFlags,

    #[command(flatten)]
    pub(crate) machine: MachineFlags,

    #[command(flatten)]
    pub(crate) actions: ActionFlags,

    #[command(flatten)]
    pub(crate) plugins: PluginFlags,

    #[command(flatten)]
    pub(crate) instead: InsteadFlags,

    /// Take up a run whose process was killed, as it was: its id, the beginning or end of it, or `latest`
    #[arg(long, value_name = "RUN", conflicts_with = "instead", help_heading = "Selection")]
    pub(crate) resume: Option<String>,

    #[command(flatten)]
    pub(crate) output: OutputFlags,
}

/// The event that the run answers.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Event")]
pub(crate) struct EventFlags {
    /// Read the event's payload from a JSON file
    #[arg(short = 'e', long = "eventpath", value_name = "FILE")]
    pub(crate) event_path: Option<PathBuf>,

    /// Set an input of `workflow_dispatch`; may be given again
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) input: Vec<Assigned>,

    /// Read inputs from a file [default: .input]
    #[arg(long, value_name = "FILE")]
    pub(crate) input_file: Option<PathBuf>,

    /// Who triggered the run (github.actor) [default: act-host]
    #[arg(short = 'a', long, value_name = "LOGIN")]
    pub(crate) actor: Option<String>,

    /// The repository's default branch [default: what git knows of the remote, else main]
    #[arg(long = "defaultbranch", value_name = "BRANCH")]
    pub(crate) default_branch: Option<String>,

    /// The git remote that tells owner and name of the repository [default: origin]
    #[arg(long, value_name = "NAME")]
    pub(crate) remote_name: Option<String>,
}

/// Values that workflows read.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Values")]
pub(crate) struct ValueFlags {
    /// Set a secret; without a value it comes from the environment or is asked for
    #[arg(short = 's', long, value_name = "NAME[=VALUE]")]
    pub(crate) secret: Vec<Named>,

    /// Read secrets from a file [default: .secrets]
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    /// Set a configuration variable (vars.NAME); without a value it comes from the environment
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) var: Vec<Named>,

    /// Read configuration variables from a file [default: .vars]
    #[arg(long, value_name = "FILE")]
    pub(crate) var_file: Option<PathBuf>,

    /// Set an environment variable of all jobs; without a value it comes from the environment
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<Named>,

    /// Read environment variables from a file [default: .env]
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,

    /// Give jobs the whole environment of this process
    #[arg(long)]
    pub(crate) inherit_env: bool,
}

/// Where jobs run.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Machine")]
pub(crate) struct MachineFlags {
    /// Map a label of runs-on to an image, `k8s:IMAGE[:KEY=VALUE]` to a pod and nodes for it, `-self-hosted` to this machine; may be given again
    #[arg(short = 'P', long, value_name = "LABEL=IMAGE")]
    pub(crate) platform: Vec<Platform>,

    #[command(flatten)]
    pub(crate) cluster: ClusterFlags,

    /// Use the working tree itself as the workspace, instead of an empty one
    #[arg(short = 'b', long)]
    pub(crate) bind: bool,

    /// Keep workspaces and temporary files when jobs have ended; on a cluster, the pods of jobs that failed
    #[arg(long)]
    pub(crate) keep: bool,

    /// How many jobs run at once [default: 64]
    #[arg(long, value_name = "N")]
    pub(crate) concurrent_jobs: Option<NonZeroUsize>,
}

/// Where actions come from.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Actions")]
pub(crate) struct ActionFlags {
    /// Take a repository's actions and workflows from a folder; may be given again
    #[arg(long, value_name = "OWNER/REPO@REF=DIR", value_parser = LocalRepository::parse)]
    pub(crate) local_repository: Vec<LocalRepository>,

    /// Fetch nothing: use what is in the cache, or fail
    #[arg(long)]
    pub(crate) action_offline_mode: bool,

    /// Keep fetched actions here [default: $XDG_CACHE_HOME/act-host/actions]
    #[arg(long, value_name = "DIR")]
    pub(crate) action_cache_path: Option<PathBuf>,
}

/// Who decides besides this program.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Plugins")]
pub(crate) struct PluginFlags {
    /// Ask this plugin before those of act-host.toml: a file, or the name of one that is installed; may be given again
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) plugin: Vec<PathBuf>,

    /// Read plugins, their settings, limits and grants, and how jobs run on a cluster, from this file; or the latter from a YAML `.actrc` [default: $XDG_CONFIG_HOME/act-host/act-host.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Ask instead of run.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq)]
#[command(next_help_heading = "Instead of running")]
pub(crate) struct InsteadFlags {
    /// Show what would run; start nothing
    #[arg(short = 'n', long = "dryrun", alias = "dry-run", group = "instead")]
    pub(crate) dry_run: bool,

    /// List the jobs, as `act-host list`
    #[arg(short = 'l', long, group = "instead")]
    pub(crate) list: bool,

    /// Draw the jobs and what they need, as `act-host graph`
    #[arg(short = 'g', long, group = "instead")]
    pub(crate) graph: bool,

    /// Check the workflows, as `act-host validate`
    #[arg(long, group = "instead")]
    pub(crate) validate: bool,
}

/// How the run is shown.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputFlags {
    /// Write one JSON object a line, as `--log-format json`
    #[arg(long)]
    pub(crate) json: bool,

    /// How to show the run [default: terminal or plain, by what standard output is]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,

    /// Show also what steps are given, the set-up of jobs, and debug lines
    #[arg(short = 'v', long, alias = "debug")]
    pub(crate) verbose: bool,

    /// Leave out what steps print
    #[arg(short = 'q', long)]
    pub(crate) quiet: bool,

    /// Mask nothing: logs show secrets
    #[arg(long)]
    pub(crate) insecure_secrets: bool,
}

impl RunFlags {
    /// Lays these flags over those of a weaker source.
    ///
    /// A single value replaces, lists of names and values are joined (the later wins by name), and what
    /// selects (`-W`, `-j`, `--matrix`) replaces as a whole: `-j test` beside a file's `-j build` means `test`.
    pub(crate) fn over(self, weaker: Self) -> Self {
        Self {
            selection: self.selection.over(weaker.selection),
            matrix: replace(self.matrix, weaker.matrix),
            no_filters: self.no_filters || weaker.no_filters,
            event: self.event.over(weaker.event),
            values: self.values.over(weaker.values),
            machine: self.machine.over(weaker.machine),
            actions: self.actions.over(weaker.actions),
            plugins: self.plugins.over(weaker.plugins),
            instead: if self.instead == InsteadFlags::default() { weaker.instead } else { self.instead },
            resume: self.resume.or(weaker.resume),
            output: self.output.over(weaker.output),
        }
    }
}

impl EventFlags {
    fn over(self, weaker: Self) -> Self {
        Self {
            event_path: self.event_path.or(weaker.event_path),
            input: join(weaker.input, self.input),
            input_file: self.input_file.or(weaker.input_file),
            actor: self.actor.or(weaker.actor),
            default_branch: self.default_branch.or(weaker.default_branch),
            remote_name: self.remote_name.or(weaker.remote_name),
        }
    }
}

impl ValueFlags {
    fn over(self, weaker: Self) -> Self {
        Self {
            secret: join(weaker.secret, self.secret),
            secret_file: self.secret_file.or(weaker.secret_file),
            var: join(weaker.var, self.var),
            var_file: self.var_file.or(weaker.var_file),
            env: join(weaker.env, self.env),
            env_file: self.env_file.or(weaker.env_file),
            inherit_env: self.inherit_env || weaker.inherit_env,
        }
    }
}

impl MachineFlags {
    fn over(self, weaker: Self) -> Self {
        Self {
            platform: join(weaker.platform, self.platform),
            cluster: self.cluster.over(weaker.cluster),
            bind: self.bind || weaker.bind,
            keep: self.keep || weaker.keep,
            concurrent_jobs: self.concurrent_jobs.or(weaker.concurrent_jobs),
        }
    }
}

impl ActionFlags {
    fn over(self, weaker: Self) -> Self {
        Self {
            local_repository: join(weaker.local_repository, self.local_repository),
            action_offline_mode: self.action_offline_mode || weaker.action_offline_mode,
            action_cache_path: self.action_cache_path.or(weaker.action_cache_path),
        }
    }
}

impl PluginFlags {
    fn over(self, weaker: Self) -> Self {
        // Who is asked first is the command line's to say.
        Self { plugin: join(self.plugin, weaker.plugin), config: self.config.or(weaker.config) }
    }
}

impl OutputFlags {
    fn over(self, weaker: Self) -> Self {
        let format_named = self.log_format.is_some();
        Self {
            json: self.json || (weaker.json && !format_named),
            log_format: self.log_format.or(weaker.log_format),
            verbose: self.verbose || weaker.verbose,
            quiet: self.quiet || weaker.quiet,
            insecure_secrets: self.insecure_secrets || weaker.insecure_secrets,
        }
    }
}

fn join<T>(mut weaker: Vec<T>, stronger: Vec<T>) -> Vec<T> {
    weaker.extend(stronger);
    weaker
}

/// What selects is not added up.
pub(super) fn replace<T>(stronger: Vec<T>, weaker: Vec<T>) -> Vec<T> {
    if stronger.is_empty() { weaker } else { stronger }
}
