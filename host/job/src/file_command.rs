//! Reads the files that steps write to: `GITHUB_ENV`, `GITHUB_OUTPUT`, `GITHUB_STATE`, `GITHUB_PATH`
//! and `GITHUB_STEP_SUMMARY`.
//!
//! Decides what a file says, not what becomes of it. A variable of the name `GITHUB_…` or `RUNNER_…` is
//! not refused here, as it is not on GitHub: it is stored, and then hidden, because the runner lays its
//! own values over it before every step.
//!
//! Source: actions/runner `FileCommandManager.cs`.

mod pairs;
#[cfg(test)]
mod tests;

use act_core::event::Level;

use crate::remark::Remark;

/// A file that steps write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileCommand {
    /// `GITHUB_PATH`.
    Path,
    /// `GITHUB_ENV`.
    Env,
    /// `GITHUB_STEP_SUMMARY`.
    StepSummary,
    /// `GITHUB_STATE`.
    State,
    /// `GITHUB_OUTPUT`.
    Output,
}

impl FileCommand {
    /// All files, in the order in which the runner reads them after a step.
    pub const ALL: [Self; 5] = [Self::Path, Self::Env, Self::StepSummary, Self::State, Self::Output];

    /// Returns the property of the `github` context that holds the file's path; in capitals and after
    /// `GITHUB_` it is the variable's name.
    #[must_use]
    pub const fn context_name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Env => "env",
            Self::StepSummary => "step_summary",
            Self::State => "state",
            Self::Output => "output",
        }
    }

    /// Returns the variable that holds the file's path.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Path => "GITHUB_PATH",
            Self::Env => "GITHUB_ENV",
            Self::StepSummary => "GITHUB_STEP_SUMMARY",
            Self::State => "GITHUB_STATE",
            Self::Output => "GITHUB_OUTPUT",
        }
    }

    /// Returns the beginning of the file's name.
    #[must_use]
    pub const fn file_prefix(self) -> &'static str {
        match self {
            Self::Path => "add_path_",
            Self::Env => "set_env_",
            Self::StepSummary => "step_summary_",
            Self::State => "save_state_",
            Self::Output => "set_output_",
        }
    }

    /// Returns the error lines of the log for a file that could not be read to its end; the step fails.
    #[must_use]
    pub fn error_lines(self, error: &FileCommandError) -> [String; 2] {
        [format!("Unable to process file command '{}' successfully.", self.context_name()), error.to_string()]
    }
}

/// What a file of names and values says. What stands before an error holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Names and values in order; of two with one name the last one wins.
    pub pairs: Vec<(String, String)>,
    /// Names that were passed over; annotations that do not fail the step.
    pub refused: Vec<Remark>,
    /// Why the rest was not read.
    pub error: Option<FileCommandError>,
}

/// Why a file fails its step. The texts are GitHub's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileCommandError {
    /// Neither `name=value` nor `name<<delimiter`.
    #[error("Invalid format '{0}'")]
    Format(String),
    /// `name<<delimiter` with one of the two missing.
    #[error("Invalid format '{0}'. Name must not be empty and delimiter must not be empty")]
    EmptyHeredoc(String),
    /// The file ended before the delimiter.
    #[error("Invalid value. Matching delimiter not found '{0}'")]
    NoDelimiter(String),
    /// The last line is neither the delimiter nor ended.
    #[error("Invalid value. EOF marker missing new line.")]
    NoNewLine,
    /// An output without a name.
    #[error("Value cannot be null. (Parameter 'name')")]
    NoName,
}

/// How lines end in files of names and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnds {
    /// By LF; a CR belongs to the value. Linux and macOS.
    Lf,
    /// By LF or CRLF. Windows.
    CrLf,
}

/// Reads a file of names and values: [`FileCommand::Env`], [`FileCommand::Output`] or
/// [`FileCommand::State`]. `NODE_OPTIONS` is refused in the first, an empty name in the second.
#[must_use]
pub fn read_pairs(file: FileCommand, bytes: &[u8], ends: LineEnds) -> Pairs {
    let text = decode(bytes);
    let mut read = Pairs::default();
    for pair in pairs::Reader::new(&text, ends) {
        let (name, value) = match pair {
            Ok(pair) => pair,
            Err(error) => {
                read.error = Some(error);
                break;
            }
        };
        if file == FileCommand::Env && name.eq_ignore_ascii_case(BLOCKED) {
            let text = format!("Can't store {BLOCKED} output parameter using '$GITHUB_ENV' command.");
            read.refused.push(Remark::annotation(Level::Error, text));
        } else if file == FileCommand::Output && name.is_empty() {
            read.error = Some(FileCommandError::NoName);
            break;
        } else {
            read.pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    read
}

const BLOCKED: &str = "NODE_OPTIONS";

/// Reads `GITHUB_PATH`: its lines without the empty ones, in order. Each in turn goes before all others
/// on `PATH`, and is taken from where it stood before; so the last line comes first.
#[must_use]
pub fn read_path(bytes: &[u8]) -> Vec<String> {
    lines(&decode(bytes)).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Puts folders before the others, in the order of the file: the last one of `entries` comes last, as it
/// is the first of `PATH`.
pub fn prepend(entries: &mut Vec<String>, folder: &str) {
    entries.retain(|known| known != folder);
    entries.push(folder.to_owned());
}

/// Bytes that a step may write to its summary.
pub const SUMMARY_LIMIT: u64 = 1024 * 1024;

/// Returns the error for a summary of `size` bytes, if it is too large; the step does not fail by it.
#[must_use]
pub fn summary_too_large(size: u64) -> Option<Remark> {
    (size > SUMMARY_LIMIT).then(|| {
        Remark::annotation(
            Level::Error,
            format!(
                "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of {}k, got {}k. For more information see: https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-markdown-summary",
                SUMMARY_LIMIT / 1024,
                size / 1024
            ),
        )
    })
}

/// Reads a summary; `None` for an empty file. `mask` is given one line at a time, and each leaves with
/// an LF, also the last.
#[must_use]
pub fn read_summary(bytes: &[u8], mut mask: impl FnMut(&str) -> String) -> Option<String> {
    if bytes.is_empty() {
        return None;
    }
    let text = decode(bytes);
    let mut out = String::with_capacity(text.len() + 1);
    for line in lines(&text) {
        out.push_str(&mask(line));
        out.push('\n');
    }
    Some(out)
}

/// Splits at CR, LF and CRLF, as .NET's `ReadLine` does: no line after the last end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(at) = rest.find(['\r', '\n']) else { return Some(std::mem::take(&mut rest)) };
        let (line, end) = rest.split_at(at);
        rest = end.strip_prefix("\r\n").unwrap_or(&end[1..]);
        Some(line)
    })
}

/// Reads text as .NET's `File.ReadAllText` does: a byte order mark chooses the encoding, UTF-8 else;
/// what is wrong becomes U+FFFD. PowerShell 5 writes UTF-16.
fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0, 0, 0xFE, 0xFF, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (units, odd) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(units.iter().map(|pair| unit(*pair)));
    let tail = (!odd.is_empty()).then_some(char::REPLACEMENT_CHARACTER);
    text.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).chain(tail).collect()
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> String {
    let (units, odd) = bytes.as_chunks::<4>();
    let text = units.iter().map(|four| char::from_u32(unit(*four)));
    let tail = (!odd.is_empty()).then_some(None);
    text.chain(tail).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
