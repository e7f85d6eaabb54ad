//! Reads the command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Version,
    Serve(Box<Flags>),
    Proxy { dir: PathBuf },
    Install { dest: PathBuf },
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) dir: PathBuf,
    pub(crate) job: Option<String>,
    pub(crate) epoch: u64,
    pub(crate) orphan_grace: Duration,
    pub(crate) parting: Option<PathBuf>,
    pub(crate) journal_cap: u64,
    pub(crate) name: Option<String>,
    pub(crate) marker: String,
    pub(crate) home: PathBuf,
    pub(crate) workspace: PathBuf,
    pub(crate) work: PathBuf,
    pub(crate) temp: PathBuf,
    pub(crate) scratch: PathBuf,
    pub(crate) actions: PathBuf,
    pub(crate) tools: PathBuf,
}

/// The least that a journal keeps: what hosts may need to see at once is 4 MiB, and segments go as a whole.
const LEAST_CAP: u64 = 16 * 1024 * 1024;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("no command given")]
    Nothing,
    #[error("there is no `{0}`")]
    Unknown(String),
    #[error("{0} needs a value")]
    NoValue(String),
    #[error("{0} is needed")]
    Missing(&'static str),
    #[error("`{value}` is no value of {flag}: {expected}")]
    Value { flag: String, value: String, expected: &'static str },
    #[error("{0} is not valid UTF-8")]
    Encoding(String),
}

pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Wrong> {
    let mut arguments = arguments.into_iter().map(|argument| {
        argument.into_string().map_err(|argument| Wrong::Encoding(argument.to_string_lossy().into_owned()))
    });
    let command = arguments.next().ok_or(Wrong::Nothing)??;
    match command.as_str() {
        "serve" => serve(given(&mut arguments)?).map(|flags| Command::Serve(Box::new(flags))),
        "proxy" => {
            let mut given = given(&mut arguments)?;
            let dir = take(&mut given, "--dir").ok_or(Wrong::Missing("--dir"))?;
            nothing_left(given)?;
            Ok(Command::Proxy { dir: dir.into() })
        }
        "install" => {
            let dest = arguments.next().ok_or(Wrong::Missing("where to install"))??;
            nothing_left(given(&mut arguments)?)?;
            Ok(Command::Install { dest: dest.into() })
        }
        "--version" | "-V" => Ok(Command::Version),
        "--help" | "-h" | "help" => Ok(Command::Help),
        _ => Err(Wrong::Unknown(command)),
    }
}

type Given = Vec<(String, String)>;

/// Reads `--flag value` and `--flag=value`.
fn given(arguments: &mut impl Iterator<Item = Result<String, Wrong>>) -> Result<Given, Wrong> {
    let mut given = Vec::new();
    while let Some(flag) = arguments.next() {
        let flag = flag?;
        let pair = match flag.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), value.to_owned()),
            None if flag.starts_with("--") => {
                let value = arguments.next().ok_or_else(|| Wrong::NoValue(flag.clone()))??;
                (flag, value)
            }
            None => return Err(Wrong::Unknown(flag)),
        };
        given.push(pair);
    }
    Ok(given)
}

/// Of one flag the last value counts.
fn take(given: &mut Given, flag: &str) -> Option<String> {
    let value = given.iter().rev().find(|(name, _)| name == flag).map(|(_, value)| value.clone());
    given.retain(|(name, _)| name != flag);
    value
}

fn nothing_left(given: Given) -> Result<(), Wrong> {
    given.into_iter().next().map_or(Ok(()), |(flag, _)| Err(Wrong::Unknown(flag)))
}

fn serve(mut given: Given) -> Result<Flags, Wrong> {
    let dir = PathBuf::from(take(&mut given, "--dir").ok_or(Wrong::Missing("--dir"))?);
    let place = |given: &mut Given, flag: &str, below: &Path| {
        take(given, flag).map_or_else(|| below.to_owned(), PathBuf::from)
    };
    let work = place(&mut given, "--work", &dir.join("work"));
    let flags = Flags {
        job: take(&mut given, "--job"),
        epoch: number(&mut given, "--epoch", 0)?,
        orphan_grace: time(&mut given, "--orphan-grace", Duration::from_secs(600))?,
        parting: take(&mut given, "--termination-message").map(PathBuf::from),
        journal_cap: number(&mut given, "--journal-cap", 64 * 1024 * 1024)?.max(LEAST_CAP),
        name: take(&mut given, "--name"),
        marker: take(&mut given, "--marker").unwrap_or_else(|| "ACT_AGENT_ID".to_owned()),
        home: place(&mut given, "--home", &dir.join("home")),
        workspace: place(&mut given, "--workspace", &work.join("workspace")),
        temp: place(&mut given, "--temp", &dir.join("temp")),
        scratch: place(&mut given, "--scratch", &dir.join("scratch")),
        actions: place(&mut given, "--actions", &dir.join("actions")),
        tools: place(&mut given, "--tools", &dir.join("tools")),
        work,
        dir,
    };
    nothing_left(given)?;
    Ok(flags)
}

fn number(given: &mut Given, flag: &str, default: u64) -> Result<u64, Wrong> {
    let Some(value) = take(given, flag) else { return Ok(default) };
    let wrong = |_| Wrong::Value {
        flag: flag.to_owned(),
        value: value.clone(),
        expected: "a whole number is expected",
    };
    value.parse().map_err(wrong)
}

/// Reads `90`, `90s`, `10m`, `2h`, `500ms`.
fn time(given: &mut Given, flag: &str, default: Duration) -> Result<Duration, Wrong> {
    let Some(value) = take(given, flag) else { return Ok(default) };
    let expected = "a time like 600s or 10m is expected";
    let wrong = || Wrong::Value { flag: flag.to_owned(), value: value.clone(), expected };
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = |factor: u64| number.checked_mul(factor).map(Duration::from_secs);
    match &value[digits.len()..] {
        "" | "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3_600),
        "ms" => Some(Duration::from_millis(number)),
        _ => None,
    }
    .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, Wrong> {
        parse(line.split_ascii_whitespace().map(OsString::from))
    }

    #[test]
    fn flags_are_read_and_the_rest_has_defaults() {
        let line = "serve --dir /a --job=run/x/1.1 --epoch 3 --orphan-grace 2m --workspace /w --tools=/opt";
        let Ok(Command::Serve(flags)) = read(line) else { panic!("it is a command") };
        assert_eq!((flags.job.as_deref(), flags.epoch), (Some("run/x/1.1"), 3));
        assert_eq!(flags.orphan_grace, Duration::from_secs(120));
        let places = [&flags.workspace, &flags.work, &flags.temp, &flags.tools, &flags.home];
        assert_eq!(
            places.map(|place| place.to_str().unwrap()),
            ["/w", "/a/work", "/a/temp", "/opt", "/a/home"]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, text) in [
            ("", "no command given"),
            ("server", "there is no `server`"),
            ("serve", "--dir is needed"),
            ("serve --dir", "--dir needs a value"),
            ("serve --dir /a --what 1", "there is no `--what`"),
            ("serve --dir /a --epoch x", "`x` is no value of --epoch: a whole number is expected"),
            (
                "serve --dir /a --orphan-grace 5y",
                "`5y` is no value of --orphan-grace: a time like 600s or 10m is expected",
            ),
            ("install", "where to install is needed"),
        ] {
            assert_eq!(read(line).unwrap_err().to_string(), text, "{line}");
        }
    }
}
