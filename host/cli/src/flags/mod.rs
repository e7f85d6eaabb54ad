//! Flags as they are written: what clap reads, before anything is decided.

pub(crate) mod act_only;
pub(crate) mod cluster;
mod output;
pub(crate) mod problem;
mod run;
mod selection;
pub(crate) mod value;

pub(crate) use output::LogFormat;
pub(crate) use run::{ActionFlags, EventFlags, MachineFlags, OutputFlags, PluginFlags, RunFlags, ValueFlags};
pub(crate) use selection::SelectionFlags;
