//! The flags that say which workflows and jobs are meant: the same for `run`, `list` and `graph`.

use std::path::PathBuf;

use clap::Args;

use super::run::replace;

/// Which workflows and jobs.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(crate) struct SelectionFlags {
    /// The event, e.g. push or pull_request
    pub(crate) event: Option<String>,

    /// A workflow file, or a folder of them; may be given again [default: .github/workflows]
    #[arg(short = 'W', long = "workflows", value_name = "PATH", help_heading = "Selection")]
    pub(crate) workflows: Vec<PathBuf>,

    /// A job and the jobs it needs; may be given again
    #[arg(short = 'j', long = "job", value_name = "ID", help_heading = "Selection")]
    pub(crate) jobs: Vec<String>,

    /// Do not look for workflows below the folder's own files
    #[arg(long, help_heading = "Selection")]
    pub(crate) no_recurse: bool,

    /// Work in this folder: all other paths start from it [default: .]
    #[arg(short = 'C', long, value_name = "DIR", help_heading = "Selection")]
    pub(crate) directory: Option<PathBuf>,
}

impl SelectionFlags {
    /// Lays these flags over those of a weaker source.
    pub(crate) fn over(self, weaker: Self) -> Self {
        Self {
            event: self.event.or(weaker.event),
            workflows: replace(self.workflows, weaker.workflows),
            jobs: replace(self.jobs, weaker.jobs),
            no_recurse: self.no_recurse || weaker.no_recurse,
            directory: self.directory.or(weaker.directory),
        }
    }
}
