//! Configuration files of flags: `.actrc`, one flag a line.
//!
//! Read in this order, the later over the earlier, all under the command line:
//!
//! | file | whose |
//! |---|---|
//! | `$XDG_CONFIG_HOME/act/actrc` (`~/.config`) | the user's, shared with `act` |
//! | `~/.actrc` | the user's, shared with `act` |
//! | `$XDG_CONFIG_HOME/act-host/actrc` | the user's, for this program |
//! | `./.actrc` | the repository's |
//!
//! A line is `--flag`, `--flag=value` or `--flag value` (split at the first blank; no quoting). Lines that
//! begin with `#` are comments. In the user's files `$NAME` and `${NAME}` are environment variables.
//! What a repository's file may say is decided in [`trust`]. A file that is YAML instead is read with `act-host.toml`: it
//! says which cluster, and how jobs run on it.

mod line;
mod trust;

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, FromArgMatches};

use crate::config::cluster::is_yaml;
use crate::flags::RunFlags;
use crate::flags::act_only::absence;
use crate::flags::problem::FlagProblem;
use crate::folders;
use crate::world::World;

/// Whose word a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The user's, shared with `act`: flags that only `act` has are passed over with a notice.
    UserForAct,
    /// The user's, for this program alone.
    User,
    /// The repository's: may only pin or narrow.
    Repository,
}

/// A file that may exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where.
    pub(crate) path: PathBuf,
    /// Whose.
    pub(crate) owner: Owner,
}

/// Something in a file that was passed over, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    path: PathBuf,
    line: usize,
    text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.text)
    }
}

/// A file of flags that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActrcError {
    /// It exists and cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is wrong.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        problem: FlagProblem,
    },
}

/// What the files say, laid over each other.
#[derive(Debug, Default)]
pub(crate) struct FromFiles {
    /// All of them, merged.
    pub(crate) flags: RunFlags,
    /// Those of the user's that are YAML, the weaker first.
    pub(crate) yaml: Vec<YamlFile>,
    /// What was passed over.
    pub(crate) notices: Vec<Notice>,
}

/// A file that is YAML, as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlFile {
    /// Where.
    pub(crate) path: PathBuf,
    /// All of it.
    pub(crate) text: String,
}

/// Reads every configuration file that exists.
pub(crate) fn read_all(world: &World) -> Result<FromFiles, ActrcError> {
    let mut all = FromFiles::default();
    for place in places(world) {
        let text = match std::fs::read_to_string(&place.path) {
            Ok(text) => text,
            Err(error) if is_absent(&error) => continue,
            Err(source) => return Err(ActrcError::Read { path: place.path, source }),
        };
        if is_yaml(&text) {
            match place.owner {
                Owner::User | Owner::UserForAct => all.yaml.push(YamlFile { path: place.path, text }),
                Owner::Repository => all.notices.push(not_trusted(place.path)),
            }
            continue;
        }
        let flags = Reader { place: &place, world, notices: &mut all.notices }.read(&text)?;
        all.flags = flags.over(all.flags);
    }
    Ok(all)
}

fn not_trusted(path: PathBuf) -> Notice {
    let text = "a file in the repository may not say where jobs run: `--config .actrc` takes it as yours";
    Notice { path, line: 1, text: text.to_owned() }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

/// Lists the files in the order in which they count. A file that is found twice counts where it is trusted.
fn places(world: &World) -> Vec<Place> {
    let configuration = folders::configuration(world);
    let user = [
        (configuration.as_ref().map(|folder| folder.join("act/actrc")), Owner::UserForAct),
        (world.home.as_ref().map(|home| home.join(".actrc")), Owner::UserForAct),
        (configuration.as_ref().map(|folder| folder.join("act-host/actrc")), Owner::User),
    ];
    let mut places: Vec<Place> =
        user.into_iter().filter_map(|(path, owner)| Some(Place { path: path?, owner })).collect();
    if let Some(cwd) = &world.cwd {
        let path = cwd.join(".actrc");
        if !places.iter().any(|place| place.path == path) {
            places.push(Place { path, owner: Owner::Repository });
        }
    }
    places
}

/// Returns the command that all flags, of files and of the command line, are read with.
fn command() -> Command {
    RunFlags::augment_args(
        Command::new("actrc").no_binary_name(true).disable_help_flag(true).args_override_self(true),
    )
}

struct Reader<'a> {
    place: &'a Place,
    world: &'a World,
    notices: &'a mut Vec<Notice>,
}

impl Reader<'_> {
    /// Reads each line for itself, so that a mistake has a line, then all that are accepted as one.
    fn read(&mut self, text: &str) -> Result<RunFlags, ActrcError> {
        let mut command = command();
        let mut accepted = Vec::new();
        for (text, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
            if let Some(arguments) = self.line(text.trim(), number, &mut command)? {
                accepted.extend(arguments);
            }
        }
        let last = text.lines().count();
        let matches = command.try_get_matches_from_mut(accepted).map_err(|error| self.wrong(last, &error))?;
        RunFlags::from_arg_matches(&matches).map_err(|error| self.wrong(last, &error))
    }

    /// Returns the arguments of a line that counts.
    fn line(
        &mut self,
        text: &str,
        number: usize,
        command: &mut Command,
    ) -> Result<Option<Vec<String>>, ActrcError> {
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        if !text.starts_with('-') {
            self.notice(number, "a line begins with a flag or with `#`: passed over");
            return Ok(None);
        }
        let arguments = self.arguments(text, number);
        let matches = match command.try_get_matches_from_mut(&arguments) {
            Ok(matches) => matches,
            Err(error) => return self.refused(number, &error).map(|()| None),
        };
        if trust::given(&matches, command).any(|id| id == "event") {
            return Err(self.line_error(number, FlagProblem::not_a_flag(text)));
        }
        if self.place.owner != Owner::Repository {
            return Ok(Some(arguments));
        }
        let root = self.place.path.parent().unwrap_or(Path::new("."));
        match trust::judge(&matches, command, root) {
            Ok(()) => Ok(Some(arguments)),
            Err(reason) => {
                self.notice(number, &format!("passed over: {reason}"));
                Ok(None)
            }
        }
    }

    fn arguments(&mut self, text: &str, number: usize) -> Vec<String> {
        let (flag, value) = line::split(text);
        let parts = std::iter::once(flag).chain(value);
        if self.place.owner == Owner::Repository {
            return parts.map(str::to_owned).collect();
        }
        let mut unset = Vec::new();
        let arguments =
            parts.map(|part| line::expand(part, |name| self.world.env.get(OsStr::new(name)), &mut unset));
        let arguments = arguments.collect();
        for name in unset {
            self.notice(number, &format!("environment variable `{name}` is not set"));
        }
        arguments
    }

    /// A flag that only `act` has is no mistake in a file that `act` reads, too.
    fn refused(&mut self, number: usize, error: &clap::Error) -> Result<(), ActrcError> {
        let problem = FlagProblem::of(error, &command());
        match problem.unknown().and_then(absence) {
            Some(absence) if self.place.owner != Owner::User => {
                let flag = problem.unknown().unwrap_or_default();
                self.notice(number, &format!("`{flag}` passed over: {}", absence.sentence()));
                Ok(())
            }
            _ => Err(self.line_error(number, problem)),
        }
    }

    fn wrong(&self, number: usize, error: &clap::Error) -> ActrcError {
        self.line_error(number, FlagProblem::of(error, &command()))
    }

    fn line_error(&self, line: usize, problem: FlagProblem) -> ActrcError {
        ActrcError::Line { path: self.place.path.clone(), line, problem }
    }

    fn notice(&mut self, line: usize, text: &str) {
        self.notices.push(Notice { path: self.place.path.clone(), line, text: text.to_owned() });
    }
}

#[cfg(test)]
mod tests;
