//! Finds workflow commands in the lines that processes print.
//!
//! This file decides what a command is and how it is unescaped; [`Command::interpret`] says what it
//! means. Nothing here keeps state: while commands are stopped, ask [`resumes`] instead of [`parse`].
//!
//! Source: actions/runner `ActionCommand.cs`, `ActionCommandManager.cs`.

mod annotation;
mod known;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use annotation::{Annotation, relative_to};
pub use known::{Allowed, CommandError, Known, Meaning};

/// A name that a command may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// `add-mask`.
    AddMask,
    /// `add-matcher`.
    AddMatcher,
    /// `add-path`.
    AddPath,
    /// `debug`.
    Debug,
    /// `echo`.
    Echo,
    /// `endgroup`.
    EndGroup,
    /// `error`.
    Error,
    /// `group`.
    Group,
    /// `notice`.
    Notice,
    /// `remove-matcher`.
    RemoveMatcher,
    /// `save-state`.
    SaveState,
    /// `set-env`.
    SetEnv,
    /// `set-output`.
    SetOutput,
    /// `stop-commands`.
    StopCommands,
    /// `warning`.
    Warning,
}

impl Name {
    /// All names. GitHub's runner knows `internal-set-repo-path` too, but only while its own built-in
    /// checkout runs; from the processes of steps it is plain output.
    pub const ALL: [Self; 15] = [
        Self::AddMask,
        Self::AddMatcher,
        Self::AddPath,
        Self::Debug,
        Self::Echo,
        Self::EndGroup,
        Self::Error,
        Self::Group,
        Self::Notice,
        Self::RemoveMatcher,
        Self::SaveState,
        Self::SetEnv,
        Self::SetOutput,
        Self::StopCommands,
        Self::Warning,
    ];

    /// Returns the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddMask => "add-mask",
            Self::AddMatcher => "add-matcher",
            Self::AddPath => "add-path",
            Self::Debug => "debug",
            Self::Echo => "echo",
            Self::EndGroup => "endgroup",
            Self::Error => "error",
            Self::Group => "group",
            Self::Notice => "notice",
            Self::RemoveMatcher => "remove-matcher",
            Self::SaveState => "save-state",
            Self::SetEnv => "set-env",
            Self::SetOutput => "set-output",
            Self::StopCommands => "stop-commands",
            Self::Warning => "warning",
        }
    }

    /// Finds a name, whatever its case.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether `echo` never shows the command's own line: it shows otherwise, or holds a secret.
    #[must_use]
    pub const fn omits_echo(self) -> bool {
        matches!(self, Self::AddMask | Self::Debug | Self::Error | Self::Notice | Self::Warning)
    }
}

/// A command as it was written, unescaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Which.
    pub name: Name,
    /// What stands between the name and the data.
    pub properties: Properties,
    /// What stands behind it all.
    pub data: String,
}

/// The properties of a command: few, in order, their names without regard to case, the last one wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(Vec<(String, String)>);

impl Properties {
    /// Returns a property's value; none is ever empty as written.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Sets a property.
    pub fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Drops a property.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Returns them all, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Reads a command from a line, if it holds one: `::name k=v,k2=v2::data` at its start, or the old
/// `##[name k=v;k2=v2]data` anywhere. A line with an unknown name is plain output.
#[must_use]
pub fn parse(line: &str) -> Option<Command> {
    if let Some(raw) = current(line)
        && let Some(name) = Name::find(raw.name)
    {
        return Some(raw.unescape(name, ',', unescape_property, unescape_data));
    }
    let raw = legacy(line)?;
    let name = Name::find(raw.name)?;
    Some(raw.unescape(name, ';', unescape_legacy, unescape_legacy))
}

/// Whether a line is sure to mean nothing: [`parse`] finds no command in it and [`disarm`] no mark. Lines that are not
/// may mean nothing as well.
#[must_use]
pub(crate) fn is_plain(line: &str) -> bool {
    // An old command has a `#`, and so has a mark.
    let may_begin = |byte: &u8| *byte == b':' || !byte.is_ascii_graphic();
    !line.as_bytes().first().is_some_and(may_begin) && memchr::memchr(b'#', line.as_bytes()).is_none()
}

/// Whether a line ends `stop-commands`: a command whose name is the token. All other lines are plain
/// output until then.
#[must_use]
pub fn resumes(line: &str, token: &str) -> bool {
    if token.is_empty() {
        return false;
    }
    match current(line) {
        Some(raw) if same(raw.name, token) => true,
        // A known command comes first even while stopped, so it hides an old-style token in its data.
        Some(raw) if Name::find(raw.name).is_some() => false,
        _ => legacy(line).is_some_and(|raw| same(raw.name, token)),
    }
}

/// Takes their meaning from the marks that the runner itself writes around the steps of composite
/// actions, where a process prints them. For lines that are no commands.
///
/// Source: actions/runner `OutputManager.cs`.
#[must_use]
pub fn disarm(line: &str) -> Cow<'_, str> {
    const MARKS: [&str; 2] = ["##[start-action", "##[end-action"];
    // Looked for first, as it is rare and found fast.
    if !line.contains('#') || !MARKS.iter().any(|mark| line.contains(mark)) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(MARKS.iter().fold(line.to_owned(), |line, mark| line.replace(mark, &mark.replace('[', "[\\"))))
}

/// Ordinal comparison without case, as .NET's `OrdinalIgnoreCase`.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
        || a.chars().flat_map(char::to_uppercase).eq(b.chars().flat_map(char::to_uppercase))
}

/// The parts of a command before they are unescaped.
struct Raw<'a> {
    name: &'a str,
    properties: &'a str,
    data: &'a str,
}

impl<'a> Raw<'a> {
    fn new(info: &'a str, data: &'a str) -> Self {
        let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
        Self { name, properties, data }
    }

    fn unescape(&self, name: Name, separator: char, property: Unescape, data: Unescape) -> Command {
        let mut properties = Properties::default();
        // Current commands trim the list as a whole; the old ones do not.
        let list = if separator == ',' { self.properties.trim() } else { self.properties };
        for pair in list.split(separator) {
            // .NET drops empty parts, so `=` before the name and before the value vanish.
            let Some((key, value)) = pair.trim_start_matches('=').split_once('=') else { continue };
            let value = value.trim_start_matches('=');
            if !value.is_empty() {
                properties.set(key, property(value));
            }
        }
        Command { name, properties, data: data(self.data) }
    }
}

fn current(line: &str) -> Option<Raw<'_>> {
    let line = match line.as_bytes().first()? {
        b':' => line,
        // Only blanks can precede it: the usual line leaves here after one byte.
        byte if byte.is_ascii_graphic() => return None,
        _ => line.trim_start(),
    };
    let (info, data) = line.strip_prefix("::")?.split_once("::")?;
    Some(Raw::new(info, data))
}

fn legacy(line: &str) -> Option<Raw<'_>> {
    let mut from = 0;
    // Searching one byte is several times as fast as searching the three.
    while let Some(at) = line[from..].find('#') {
        let rest = &line[from + at..];
        if let Some(rest) = rest.strip_prefix("##[") {
            let (info, data) = rest.split_once(']')?;
            return Some(Raw::new(info, data));
        }
        from += at + 1;
    }
    None
}

type Unescape = fn(&str) -> String;

fn unescape_data(text: &str) -> String {
    unescape(text, &[("%0D", '\r'), ("%0A", '\n'), ("%25", '%')])
}

fn unescape_property(text: &str) -> String {
    unescape(text, &[("%0D", '\r'), ("%0A", '\n'), ("%3A", ':'), ("%2C", ','), ("%25", '%')])
}

fn unescape_legacy(text: &str) -> String {
    unescape(text, &[("%3B", ';'), ("%0D", '\r'), ("%0A", '\n'), ("%5D", ']'), ("%25", '%')])
}

/// One pass gives what GitHub's passes give: `%25` is its last one.
fn unescape(text: &str, table: &[(&str, char)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match table.iter().find(|(code, _)| rest.starts_with(code)) {
            Some((code, plain)) => {
                out.push(*plain);
                rest = &rest[code.len()..];
            }
            None => {
                out.push('%');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}
