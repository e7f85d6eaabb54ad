//! The commands, one file each: flags in, exit code out.

pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod expr;
pub(crate) mod graph;
pub(crate) mod kubernetes;
pub(crate) mod list;
pub(crate) mod plugin;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod validate;

use crate::actrc::Notice;
use crate::diagnostics::CheckedFile;
use crate::exit::Exit;
use crate::stream;

/// Shows what configuration files said in vain.
pub(crate) fn notify(notices: &[Notice]) {
    for notice in notices {
        stream::complain(&format!("notice: {notice}\n"));
    }
}

/// Shows what is wrong with files that should have been used, and returns the code that follows.
pub(crate) fn show_invalid(files: &[CheckedFile]) -> Exit {
    let colour = stream::colour_err();
    for file in files {
        stream::complain(&file.excerpts(colour));
    }
    if files.is_empty() { Exit::Success } else { Exit::Invalid }
}
