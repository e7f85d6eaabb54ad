//! The commands, one file each: flags in, exit code out.

pub(crate) mod completions;
pub(crate) mod expr;
pub(crate) mod run;
