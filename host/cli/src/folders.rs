//! Where this program keeps things: state, cache, the user's configuration.
//!
//! Follows the XDG base directory specification: an `XDG_` variable that holds a relative path does not count.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::world::World;

const NAME: &str = "act-host";

/// The folders of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folders {
    /// Runs and their logs: `$ACT_HOST_STATE`, `$XDG_STATE_HOME/act-host`, `~/.local/state/act-host`.
    pub(crate) state: PathBuf,
    /// What can be fetched again: `$XDG_CACHE_HOME/act-host`, `~/.cache/act-host`.
    pub(crate) cache: PathBuf,
    /// What was installed: `$XDG_DATA_HOME/act-host`, `~/.local/share/act-host`.
    pub(crate) data: PathBuf,
}

/// No folder can be named.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no folder to keep {what} in: there is no home directory, and {variable} is not set")]
pub(crate) struct NoFolder {
    what: &'static str,
    variable: &'static str,
}

impl Folders {
    /// Finds them; makes none.
    pub(crate) fn of(world: &World) -> Result<Self, NoFolder> {
        let own_state = world.var("ACT_HOST_STATE").map(|path| world.absolute(path.as_ref()));
        let state =
            own_state.or_else(|| xdg(world, "XDG_STATE_HOME", ".local/state").map(|base| base.join(NAME)));
        let cache = xdg(world, "XDG_CACHE_HOME", ".cache").map(|base| base.join(NAME));
        let data = xdg(world, "XDG_DATA_HOME", ".local/share").map(|base| base.join(NAME));
        Ok(Self {
            state: state.ok_or(NoFolder { what: "runs", variable: "ACT_HOST_STATE" })?,
            cache: cache.ok_or(NoFolder { what: "actions", variable: "XDG_CACHE_HOME" })?,
            data: data.ok_or(NoFolder { what: "plugins", variable: "XDG_DATA_HOME" })?,
        })
    }
}

/// Returns the folder of configuration files, without a program's name: `$XDG_CONFIG_HOME`, `~/.config`.
pub(crate) fn configuration(world: &World) -> Option<PathBuf> {
    xdg(world, "XDG_CONFIG_HOME", ".config")
}

fn xdg(world: &World, variable: &str, below_home: &str) -> Option<PathBuf> {
    absolute_variable(world, variable).or_else(|| Some(world.home.as_ref()?.join(below_home)))
}

fn absolute_variable(world: &World, name: &str) -> Option<PathBuf> {
    world.env.get(OsStr::new(name)).map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(home: Option<&str>, env: &[(&str, &str)]) -> World {
        let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        World { env, home: home.map(PathBuf::from), ..World::default() }
    }

    #[test]
    fn the_most_specific_variable_names_the_folder_and_home_is_the_last_resort() {
        for (case, env, state, cache) in [
            ("home", vec![], "/h/.local/state/act-host", "/h/.cache/act-host"),
            ("xdg", vec![("XDG_STATE_HOME", "/s"), ("XDG_CACHE_HOME", "/c")], "/s/act-host", "/c/act-host"),
            (
                "own",
                vec![("XDG_STATE_HOME", "/s"), ("ACT_HOST_STATE", "/mine")],
                "/mine",
                "/h/.cache/act-host",
            ),
            ("relative", vec![("XDG_STATE_HOME", "s")], "/h/.local/state/act-host", "/h/.cache/act-host"),
        ] {
            let folders = Folders::of(&world(Some("/h"), &env)).unwrap();
            assert_eq!((folders.state, folders.cache), (state.into(), cache.into()), "{case}");
        }
    }

    #[test]
    fn without_a_home_the_variable_to_set_is_named() {
        let error = Folders::of(&world(None, &[])).unwrap_err().to_string();
        assert_eq!(
            error,
            "no folder to keep runs in: there is no home directory, and ACT_HOST_STATE is not set"
        );
    }
}
