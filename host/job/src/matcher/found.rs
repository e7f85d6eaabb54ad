//! What a complete match says: its checks, and where its file would lie.
//!
//! Source: actions/runner `OutputManager.cs`, `ConvertToIssue` and `GetRepositoryPath`.

use act_core::event::{FilePlace, Level};

use super::running::Matched;
use crate::command::Annotation;
use crate::remark::Remark;

/// A problem that a matcher found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How grave; an error where neither line nor matcher say.
    pub level: Level,
    /// What; not blank.
    pub message: String,
    /// The tool's own name of the problem.
    pub code: Option<String>,
    /// As the tool wrote it.
    pub file: Option<String>,
    /// The file that [`Found::file`] is beside of, as the tool wrote it.
    pub from_path: Option<String>,
    /// From 1, as a rule.
    pub line: Option<u32>,
    /// From 1, as a rule.
    pub column: Option<u32>,
    /// What the log shows, marked with the level.
    pub text: String,
}

/// Checks a match; without a message or with a strange severity it counts for nothing.
pub(super) fn convert(matched: Matched, remarks: &mut Vec<Remark>) -> Option<Found> {
    let captured = matched.captured;
    let Some(message) = captured.message.filter(|message| !message.trim().is_empty()) else {
        let text = "Skipping logging an issue for the matched line because the message is empty.";
        remarks.push(Remark::debug(text));
        return None;
    };
    let severity = captured.severity.unwrap_or_default();
    let Some(level) = level(&severity) else {
        remarks.push(Remark::debug(format!(
            "Skipped logging an issue for the matched line because the severity '{severity}' is not supported."
        )));
        return None;
    };
    let mut number = |what, text: Option<String>| {
        let text = text.filter(|text| !text.is_empty())?;
        let number = digits(&text);
        if number.is_none() {
            remarks.push(Remark::debug(format!("Unable to parse {what} number '{text}'")));
        }
        number
    };
    let line = number("line", captured.line);
    let column = number("column", captured.column);
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Some(Found {
        level,
        message,
        code: filled(captured.code).map(|code| code.trim().to_owned()),
        file: filled(captured.file),
        from_path: filled(captured.from_path),
        line,
        column,
        text: matched.text,
    })
}

fn level(severity: &str) -> Option<Level> {
    if severity.is_empty() {
        return Some(Level::Error);
    }
    let mut levels = [Level::Error, Level::Warning, Level::Notice].into_iter();
    levels.find(|level| level.as_str().eq_ignore_ascii_case(severity))
}

/// Digits only, up to .NET's greatest `int`.
fn digits(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && i32::try_from(*number).is_ok())
}

impl Found {
    /// Returns the annotation, with the file as the tool wrote it: see [`Found::path`].
    #[must_use]
    pub fn into_annotation(self) -> Annotation {
        let (file, line, column) = (self.file, self.line, self.column);
        let place = FilePlace { file, line, column, ..FilePlace::default() };
        Annotation { level: self.level, message: self.message, title: None, place }
    }

    /// Returns where the file would lie: beside [`Found::from_path`] if that is given, from the workspace
    /// else; without `.` and `..`. Paths are those of Unix.
    ///
    /// GitHub then drops the file, with a debug line, unless it exists and one of the folders above it, up
    /// to 50 of them, holds a `.git/config` of the workflow's repository ([`is_config_of`]); it keeps the
    /// path from there.
    #[must_use]
    pub fn path(&self, workspace: &str) -> Option<String> {
        let file = self.file.as_deref()?;
        let beside = self.from_path.as_deref().and_then(folder);
        let file = beside.map_or_else(|| file.to_owned(), |folder| join(folder, file));
        Some(normal(&join(workspace, &file)))
    }
}

/// Whether the text of a `.git/config` names the workflow's repository.
#[must_use]
pub fn is_config_of(config: &str, server_url: &str, repository: &str) -> bool {
    let server = if server_url.is_empty() { "https://github.com" } else { server_url };
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let urls = [format!("url = {server}/{repository}"), format!("url = git@{host}:{repository}.git")];
    config.split('\n').map(str::trim).any(|line| urls.iter().any(|url| url.eq_ignore_ascii_case(line)))
}

/// The folder of a file; `None` for a bare name.
fn folder(path: &str) -> Option<&str> {
    let at = path.rfind('/')?;
    let folder = path[..at].trim_end_matches('/');
    Some(if folder.is_empty() { "/" } else { folder })
}

/// A second path that begins at the root stands for itself.
fn join(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    format!("{}/{path}", folder.trim_end_matches('/'))
}

fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
