//! A configuration file as a tree of values, each with its place: TOML and YAML alike.
//!
//! What a file may say is decided by those who read its [`keys`](super::keys); here only its form is.

mod toml;
mod yaml;

use std::borrow::Cow;
use std::cell::RefCell;

use act_workflow::source::{FileId, Problem, Span, Spanned};
use serde_json::Number;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) data: Data,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// YAML's `null`, or nothing behind a `:`.
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    /// TOML's dates and times, as written.
    Time(String),
    List(Vec<Node>),
    Table(Table),
}

/// Keys in the order of the file.
pub(crate) type Table = Vec<(Spanned<String>, Node)>;

/// How a file spells keys that are two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `orphan-grace`, in TOML.
    Kebab,
    /// `orphanGrace`, in YAML.
    Camel,
}

/// A file while it is read.
pub(crate) struct Page {
    file: FileId,
    pub(crate) spelling: Spelling,
    problems: RefCell<Vec<Problem>>,
}

impl Page {
    /// Opens a file of TOML.
    pub(crate) const fn toml(file: FileId) -> Self {
        Self { file, spelling: Spelling::Kebab, problems: RefCell::new(Vec::new()) }
    }

    /// Opens a file of YAML.
    pub(crate) const fn yaml(file: FileId) -> Self {
        Self { file, spelling: Spelling::Camel, problems: RefCell::new(Vec::new()) }
    }

    /// Returns which file it is.
    pub(crate) const fn file(&self) -> FileId {
        self.file
    }

    /// Parses the text, a table as a whole; what is none is noted, and there is no table then.
    pub(crate) fn parse(&self, text: &str) -> Option<Table> {
        match self.spelling {
            Spelling::Kebab => toml::parse(self, text),
            Spelling::Camel => yaml::parse(self, text),
        }
    }

    /// Spells a key, written `two-words`, as this file does.
    pub(crate) fn spell<'k>(&self, key: &'k str) -> Cow<'k, str> {
        if self.spelling == Spelling::Kebab || !key.contains('-') {
            return key.into();
        }
        let mut words = key.split('-');
        let mut spelled = words.next().unwrap_or_default().to_owned();
        for word in words {
            let mut letters = word.chars();
            spelled.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            spelled.push_str(letters.as_str());
        }
        spelled.into()
    }

    /// Notes a mistake.
    pub(crate) fn wrong(&self, span: Span, message: impl Into<String>) {
        self.note(Problem::new(span, message));
    }

    /// Notes a mistake that is complete.
    pub(crate) fn note(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Returns what was noted, in the order of the file.
    pub(crate) fn problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.span.line, problem.span.column));
        problems
    }
}

impl Data {
    /// Returns what people call such a value.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Time(_) => "a time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// Returns it as JSON; a time becomes its text.
    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Flag(flag) => (*flag).into(),
            Self::Number(number) => number.clone().into(),
            Self::Text(text) | Self::Time(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(|item| item.data.json()).collect(),
            Self::Table(table) => {
                let pairs = table.iter().map(|(key, node)| (key.value.clone(), node.data.json()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(page: &Page, text: &str) -> serde_json::Value {
        Data::Table(page.parse(text).unwrap_or_default()).json()
    }

    #[test]
    fn both_forms_come_to_the_same_values() {
        let toml = "a = 1\nb = [1.5, true, 'x']\n[c]\nd = { e = '1' }\n";
        let yaml = "a: 1\nb: [1.5, true, x]\nc:\n  d:\n    e: '1'\n";
        let values = serde_json::json!({ "a": 1, "b": [1.5, true, "x"], "c": { "d": { "e": "1" } } });
        assert_eq!(json(&Page::toml(FileId(0)), toml), values);
        assert_eq!(json(&Page::yaml(FileId(0)), yaml), values);
    }

    #[test]
    fn keys_of_two_words_are_spelled_as_each_form_does() {
        let spelled = [Page::toml(FileId(0)), Page::yaml(FileId(0))].map(|page| {
            ["namespace", "orphan-grace", "image-pull-secrets"].map(|key| page.spell(key).into_owned())
        });
        assert_eq!(spelled[0], ["namespace", "orphan-grace", "image-pull-secrets"]);
        assert_eq!(spelled[1], ["namespace", "orphanGrace", "imagePullSecrets"]);
    }

    #[test]
    fn values_know_their_places() {
        for (page, text) in
            [(Page::toml(FileId(0)), "a = [\n  'ä', 2]\n"), (Page::yaml(FileId(0)), "a:\n  - 2\n")]
        {
            let table = page.parse(text).unwrap();
            let (key, node) = &table[0];
            assert_eq!((key.span.line, key.span.column, key.span.end_column), (1, 1, 2), "{text}");
            let Data::List(items) = &node.data else { panic!("{text}") };
            let last = items.last().unwrap().span;
            assert_eq!((last.line, last.end_column - last.column), (2, 1), "{text}");
        }
    }

    #[test]
    fn what_is_no_yaml_of_one_table_is_said_at_its_place() {
        for (text, expected) in [
            ("a: 'x", "1:4 invalid YAML: "),
            ("- a\n", "1:1 expected keys and values"),
            ("a: &x 1\nb: *x\n", "2:4 an alias has no meaning here"),
            ("a: 1\n---\nb: 2\n", "2:1 expected the end of the file"),
            ("a: 1\na: 2\n", "2:1 `a` is there already, in line 1"),
            ("[a]: 2\n", "1:1 a key must be a text"),
        ] {
            let page = Page::yaml(FileId(0));
            page.parse(text);
            let problems = page.problems();
            let found = problems
                .first()
                .map(|problem| format!("{}:{} {}", problem.span.line, problem.span.column, problem.message));
            assert!(found.as_ref().is_some_and(|found| found.starts_with(expected)), "{text:?}: {found:?}");
        }
        assert!(Page::yaml(FileId(0)).parse("# nothing\n").is_some_and(|table| table.is_empty()));
    }
}
