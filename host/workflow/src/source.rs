//! Where a thing was written: files, spans, and problems that point at them.
//!
//! Decides nothing; every other file of the crate speaks of places in these terms. Lines and columns start at 1.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Index of a file in [`Sources`], in the order of first use (the root workflow is 0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub u16);

/// A range of a file: lines and columns start at 1, columns count characters, the end is exclusive.
///
/// `line == 0` means the file as a whole, for problems that belong to no place in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub file: FileId,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

impl Span {
    /// The file as a whole.
    #[must_use]
    pub const fn whole(file: FileId) -> Self {
        Self { file, line: 0, column: 0, end_line: 0, end_column: 0 }
    }

    /// No file at all, for problems of a whole run of files.
    #[must_use]
    pub const fn nowhere() -> Self {
        Self::whole(FileId(u16::MAX))
    }

    /// One position, of width zero.
    #[must_use]
    pub const fn at(file: FileId, line: u32, column: u32) -> Self {
        Self { file, line, column, end_line: line, end_column: column }
    }

    /// Whether the span names a file but no place in it.
    #[must_use]
    pub const fn is_whole_file(&self) -> bool {
        self.line == 0
    }
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Puts a value and its place together.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One file that was read: the name used in messages, and its text for excerpts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    pub name: Arc<str>,
    pub text: Arc<str>,
}

/// Every file that took part in reading one workflow or action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self { files: Vec::new() }
    }

    /// Adds a file; a file of the same name (ignoring case, as GitHub does) keeps its first entry.
    ///
    /// After 65,534 files all further ones share the last id; limits of the readers stop long before.
    pub fn add(&mut self, name: &str, text: &str) -> FileId {
        if let Some(id) = self.find(name) {
            return id;
        }
        self.files.push(SourceFile { name: name.into(), text: text.into() });
        FileId(u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX))
    }

    /// The id of a file by its name, ignoring case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<FileId> {
        let index = self.files.iter().position(|file| file.name.eq_ignore_ascii_case(name))?;
        Some(FileId(u16::try_from(index).unwrap_or(u16::MAX)))
    }

    /// The file with this id.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(usize::from(id.0))
    }

    /// The name of a file; empty for an id that was never handed out.
    #[must_use]
    pub fn name(&self, id: FileId) -> &str {
        self.get(id).map_or("", |file| &file.name)
    }

    /// All files in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().zip(0u16..).map(|(file, index)| (FileId(index), file))
    }
}

/// A mistake in a file, in GitHub's words where GitHub has words for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub message: String,
    pub span: Span,
    /// Where the caller names the called workflow that has the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_from: Option<Span>,
    /// What to do about it, in our own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, called_from: None, hint: None }
    }

    /// Adds advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The problem as GitHub prints it: `file (Line: 3, Col: 7): message`.
    ///
    /// Source: `TemplateContext.GetErrorPrefix`, `ReusableWorkflowsLoader.PrefixErrorsWithCallerInfo`.
    #[must_use]
    pub fn display<'a>(&'a self, sources: &'a Sources) -> impl fmt::Display + 'a {
        DisplayProblem { problem: self, sources }
    }

    /// What GitHub prints before the message of a problem in its own file: `file (Line: 3, Col: 7): `.
    pub(crate) fn place(&self, sources: &Sources) -> String {
        let name = sources.name(self.span.file);
        match (name.is_empty(), self.span.is_whole_file()) {
            (false, false) => format!("{name} (Line: {}, Col: {}): ", self.span.line, self.span.column),
            (false, true) => format!("{name}: "),
            (true, false) => format!("(Line: {}, Col: {}): ", self.span.line, self.span.column),
            (true, true) => String::new(),
        }
    }
}

struct DisplayProblem<'a> {
    problem: &'a Problem,
    sources: &'a Sources,
}

impl fmt::Display for DisplayProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(caller) = self.problem.called_from {
            let name = self.sources.name(caller.file);
            write!(
                f,
                "In {name} (Line: {}, Col: {}): Error from called workflow ",
                caller.line, caller.column
            )?;
        }
        write!(f, "{}{}", self.problem.place(self.sources), self.problem.message)
    }
}
