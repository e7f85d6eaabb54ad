//! `act-host explain [EVENT]`: why each job would run, where, and who says so.

use clap::{Args, ValueEnum};

use crate::config::{self, Config, Mode};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::cluster::ClusterFlags;
use crate::flags::value::{Leg, Platform};
use crate::flags::{
    ActionFlags, EventFlags, LogFormat, MachineFlags, OutputFlags, PluginFlags, RunFlags, SelectionFlags,
    ValueFlags,
};
use crate::running;
use crate::world::World;

/// Flags of `explain`: those of `run` that decide what runs and where.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Flags {
    #[command(flatten)]
    selection: SelectionFlags,

    /// Explain only the matrix legs with this value; may be given again [e.g. os:ubuntu-latest]
    #[arg(long, value_name = "KEY:VALUE", help_heading = "Selection")]
    matrix: Vec<Leg>,

    /// Explain workflows whose branch, tag, path or type filters exclude the event
    #[arg(long, help_heading = "Selection")]
    no_filters: bool,

    #[command(flatten)]
    event: EventFlags,

    #[command(flatten)]
    values: ValueFlags,

    /// Map a label of runs-on to an image, `k8s:IMAGE[:KEY=VALUE]` to a pod and nodes for it, `-self-hosted` to this machine; may be given again
    #[arg(short = 'P', long, value_name = "LABEL=IMAGE", help_heading = "Machine")]
    platform: Vec<Platform>,

    #[command(flatten)]
    cluster: ClusterFlags,

    #[command(flatten)]
    actions: ActionFlags,

    #[command(flatten)]
    plugins: PluginFlags,

    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: Format,

    /// Show also what plugins log
    #[arg(short = 'v', long, help_heading = "Output")]
    verbose: bool,
}

/// How an explanation is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object a job instance
    Json,
}

/// What the exit code tells.
pub(crate) const HELP: &str = "\
Nothing is started or fetched, and plugins are given no network and no storage.
Exit codes:
    0  every selected job would run
    1  some would not, or nobody can say: denied, unplaced, failed, unknown
    2  invalid input, or nothing to run
    3  a plugin could not be loaded, or failed";

/// Explains what the flags, over those of configuration files, select.
pub(crate) fn run(flags: Flags, world: &World) -> Result<Exit, CliError> {
    let format = if flags.format == Format::Json { LogFormat::Json } else { LogFormat::Plain };
    let flags = RunFlags {
        selection: flags.selection,
        matrix: flags.matrix,
        no_filters: flags.no_filters,
        event: flags.event,
        values: flags.values,
        machine: MachineFlags { platform: flags.platform, cluster: flags.cluster, ..MachineFlags::default() },
        actions: flags.actions,
        plugins: flags.plugins,
        output: OutputFlags { verbose: flags.verbose, ..OutputFlags::default() },
        ..RunFlags::default()
    };
    let config::Layered { flags, yaml, notices } = config::layered(flags, world)?;
    super::notify(&notices);
    let mut config = Config::resolve(flags, world)?;
    config.mode = Mode::Explain;
    config.output.format = format;
    config.yaml = yaml;
    running::run(config, &[], world)
}
