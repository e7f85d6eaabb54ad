//! Secrets, variables, environment variables and inputs: from flags, files, this process's environment, the user.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::discover::is_yaml;
use crate::dotenv::{self, DotenvError};
use crate::error::CliError;
use crate::flags::RunFlags;
use crate::flags::value::Named;
use crate::flat_map::{self, FlatMapError};
use crate::text_file::{self, TextError};
use crate::world::World;

/// Secrets by name, in upper case. Shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secrets(pub(crate) IndexMap<String, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// All values of a run.
pub(super) struct Values {
    pub(super) secrets: Secrets,
    pub(super) vars: IndexMap<String, String>,
    pub(super) env: IndexMap<String, String>,
    pub(super) inputs: IndexMap<String, String>,
}

/// Why a value cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValueError {
    /// A file of values cannot be read.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A file is no dotenv.
    #[error("{}: {problem}", path.display())]
    Dotenv {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        problem: DotenvError,
    },
    /// A file is no flat map.
    #[error("{}: {problem}", path.display())]
    FlatMap {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        problem: FlatMapError,
    },
    /// A default file is a link that leads out of the repository.
    #[error("{} leads out of the repository", path.display())]
    Outside {
        /// Which file.
        path: PathBuf,
        /// The flag that would name it.
        flag: &'static str,
    },
    /// A name that GitHub would not take.
    #[error("`{name}` is not a name of a {what}: letters, digits and `_`, not beginning with a digit")]
    Name {
        /// As written.
        name: String,
        /// What it should name.
        what: &'static str,
    },
    /// A flag without a value, and the environment has none.
    #[error("`{flag} {name}`: the environment has no `{name}`")]
    Unset {
        /// Which flag.
        flag: &'static str,
        /// Which name.
        name: String,
    },
    /// The user could not be asked.
    #[error("cannot ask for the secret `{name}`")]
    Ask {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<ValueError> for CliError {
    fn from(error: ValueError) -> Self {
        let hint = match &error {
            ValueError::Outside { path, flag } => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Some(format!("to use it all the same: `{flag} {name}`"))
            }
            ValueError::Unset { flag, name } => Some(format!("give it a value: `{flag} {name}=…`")),
            _ => None,
        };
        Self::invalid(error).maybe_hint(hint)
    }
}

/// Finds all values. Flags are stronger than files, later flags than earlier ones.
pub(super) fn resolve(flags: &RunFlags, root: &Path, world: &World) -> Result<Values, ValueError> {
    let source = Source { root, world };
    let given = &flags.values;
    let secret_file = source.file(given.secret_file.as_deref(), ".secrets", "--secret-file")?;
    let var_file = source.file(given.var_file.as_deref(), ".vars", "--var-file")?;
    let mut env = source.file(given.env_file.as_deref(), ".env", "--env-file")?;
    let mut inputs = source.file(flags.event.input_file.as_deref(), ".input", "--input-file")?;
    for named in &given.env {
        let value = source.value(named, "--env")?;
        env.insert(named.name.clone(), value);
    }
    for assigned in &flags.event.input {
        inputs.insert(assigned.name.clone(), assigned.value.clone());
    }
    let mut vars = upper(var_file, "variable")?;
    for named in &given.var {
        vars.insert(upper_name(&named.name, "variable")?, source.value(named, "--var")?);
    }
    let mut secrets = upper(secret_file, "secret")?;
    for (name, named) in last_of_each(&given.secret)? {
        secrets.insert(name, source.secret(named)?);
    }
    Ok(Values { secrets: Secrets(secrets), vars, env, inputs })
}

/// Keeps the last word on each secret, so that nobody is asked for one that is given later.
fn last_of_each(given: &[Named]) -> Result<IndexMap<String, &Named>, ValueError> {
    given.iter().map(|named| Ok((upper_name(&named.name, "secret")?, named))).collect()
}

/// Names of secrets and variables are upper case to GitHub.
fn upper(
    values: IndexMap<String, String>,
    what: &'static str,
) -> Result<IndexMap<String, String>, ValueError> {
    values.into_iter().map(|(name, value)| Ok((upper_name(&name, what)?, value))).collect()
}

fn upper_name(name: &str, what: &'static str) -> Result<String, ValueError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let valid =
        name.chars().all(legal) && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    if valid { Ok(name.to_ascii_uppercase()) } else { Err(ValueError::Name { name: name.to_owned(), what }) }
}

struct Source<'a> {
    root: &'a Path,
    world: &'a World,
}

impl Source<'_> {
    /// Reads a file of values: the one that was named, which must exist, or the default, which may.
    fn file(
        &self,
        named: Option<&Path>,
        default: &str,
        flag: &'static str,
    ) -> Result<IndexMap<String, String>, ValueError> {
        let path = self.root.join(named.unwrap_or(Path::new(default)));
        match text_file::read(&path) {
            // The file is read before the check: what matters is whether its content is used.
            Ok(text) if named.is_some() || self.lies_inside(&path) => parse(&path, &text),
            Ok(_) => Err(ValueError::Outside { path, flag }),
            Err(TextError::Missing { .. } | TextError::Folder { .. }) if named.is_none() => {
                Ok(IndexMap::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn lies_inside(&self, path: &Path) -> bool {
        match (path.canonicalize(), self.root.canonicalize()) {
            (Ok(path), Ok(root)) => path.starts_with(root),
            _ => false,
        }
    }

    fn value(&self, named: &Named, flag: &'static str) -> Result<String, ValueError> {
        let given = named.value.as_deref().or_else(|| self.environment(&named.name));
        given.map(str::to_owned).ok_or_else(|| ValueError::Unset { flag, name: named.name.clone() })
    }

    fn secret(&self, named: &Named) -> Result<String, ValueError> {
        match (self.value(named, "--secret"), self.world.ask) {
            (Ok(value), _) => Ok(value),
            (Err(_), Some(ask)) => ask(&format!("Value of the secret {}: ", named.name))
                .map_err(|source| ValueError::Ask { name: named.name.clone(), source }),
            (Err(error), None) => Err(error),
        }
    }

    /// Looks a name up as written, then in upper case. Set and empty is a value.
    fn environment(&self, name: &str) -> Option<&str> {
        let look = |name: &str| self.world.env.get(std::ffi::OsStr::new(name))?.to_str();
        look(name).or_else(|| look(&name.to_ascii_uppercase()))
    }
}

fn parse(path: &Path, text: &str) -> Result<IndexMap<String, String>, ValueError> {
    if is_yaml(path) {
        flat_map::read(text).map_err(|problem| ValueError::FlatMap { path: path.to_owned(), problem })
    } else {
        dotenv::read(text).map_err(|problem| ValueError::Dotenv { path: path.to_owned(), problem })
    }
}
