//! The one place that looks at the process: arguments, environment, home, working directory, terminals.
//!
//! Everything else is told. So the rest of the command line can be tested with a made-up world, and the
//! engine can run in a server.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// What the program was started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// Command line, the program's own name first.
    pub(crate) args: Vec<OsString>,
    /// The program's own file.
    pub(crate) program: Option<PathBuf>,
    /// Environment variables.
    pub(crate) env: BTreeMap<OsString, OsString>,
    /// Working directory; `None` when it was removed under us.
    pub(crate) cwd: Option<PathBuf>,
    /// The user's home.
    pub(crate) home: Option<PathBuf>,
    /// Asks whoever sits at the terminal, without showing the answer; `None` when nobody does.
    pub(crate) ask: Option<fn(&str) -> io::Result<String>>,
    /// Whether standard output is a terminal.
    pub(crate) terminal: bool,
}

impl World {
    /// Looks around.
    pub(crate) fn of_process() -> Self {
        let ask: fn(&str) -> io::Result<String> = |prompt| rpassword::prompt_password(prompt);
        let somebody_types = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self {
            args: std::env::args_os().collect(),
            program: std::env::current_exe().ok(),
            env: std::env::vars_os().collect(),
            cwd: std::env::current_dir().ok(),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            ask: somebody_types.then_some(ask),
            terminal: io::stdout().is_terminal(),
        }
    }

    /// Returns a variable that is valid Unicode and not empty.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.env.get(OsStr::new(name))?.to_str().filter(|value| !value.is_empty())
    }

    /// Returns `path` as seen from the working directory.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        self.cwd.as_deref().unwrap_or(Path::new("")).join(path)
    }

    /// Returns a path of a configuration file or a variable: `~/` is the user's home.
    pub(crate) fn below_home(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => path.into(),
        }
    }

    /// Whether the program was called by the name `act`, through a link.
    pub(crate) fn called_act(&self) -> bool {
        let name = self.args.first().map(Path::new).and_then(Path::file_stem);
        name == Some(OsStr::new("act"))
    }
}
