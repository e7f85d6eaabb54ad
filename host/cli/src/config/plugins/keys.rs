//! A TOML file read key by key: every mistake is noted with its place, and reading goes on.
//!
//! Knows nothing of plugins. A key that nobody asked for is a mistake, too; the nearest known one is named.

use std::cell::RefCell;
use std::ops::Range;

use act_workflow::source::{FileId, Problem, Span, Spanned};
use toml::Spanned as Ranged;
use toml::de::{DeTable, DeValue};

use crate::nearest::nearest;

/// A file while it is read.
pub(super) struct Page<'t> {
    file: FileId,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Page<'t> {
    /// Opens a file's text.
    pub(super) fn new(file: FileId, text: &'t str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, lines, text, problems: RefCell::default() }
    }

    /// Parses the text; what is no TOML is noted, and there is no table then.
    pub(super) fn parse(&self) -> Option<Ranged<DeTable<'t>>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            self.wrong(error.span().unwrap_or(0..0), error.message());
        }
        errors.is_empty().then_some(table)
    }

    /// Turns bytes into lines and columns.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end.max(range.start));
        Span { file: self.file, line, column, end_line, end_column }
    }

    fn position(&self, byte: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let before = self.text.get(self.lines[line - 1]..byte).unwrap_or_default();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(line), number(before.chars().count() + 1))
    }

    /// Notes a mistake.
    pub(super) fn wrong(&self, range: Range<usize>, message: impl Into<String>) {
        self.note(Problem::new(self.span(range), message));
    }

    /// Notes a mistake that is complete.
    pub(super) fn note(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Returns what was noted, in the order of the file.
    pub(super) fn problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.span.line, problem.span.column));
        problems
    }
}

/// The keys of one table.
pub(super) struct Keys<'a, 't> {
    page: &'a Page<'t>,
    table: &'a DeTable<'t>,
    /// Where the table is, for what is missing in it.
    range: Range<usize>,
    asked: Vec<&'static str>,
}

impl<'a, 't> Keys<'a, 't> {
    /// Opens the table of a whole file.
    pub(super) fn of_file(page: &'a Page<'t>, table: &'a Ranged<DeTable<'t>>) -> Self {
        Self { page, table: table.get_ref(), range: 0..0, asked: Vec::new() }
    }

    fn of(page: &'a Page<'t>, value: &'a Ranged<DeValue<'t>>, key: &str) -> Option<Self> {
        match value.get_ref() {
            DeValue::Table(table) => Some(Self { page, table, range: value.span(), asked: Vec::new() }),
            other => {
                page.wrong(value.span(), format!("`{key}` must be a table, not {}", kind(other)));
                None
            }
        }
    }

    /// Returns a value of any kind.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Ranged<DeValue<'t>>> {
        self.asked.push(key);
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// Where a key stands, if it is there.
    pub(super) fn range_of(&self, key: &str) -> Option<Range<usize>> {
        self.table.keys().find(|name| name.get_ref().as_ref() == key).map(Ranged::span)
    }

    /// Returns a text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let value = self.value(key)?;
        text(self.page, value, key)
    }

    /// Returns a text that means something; `parse` says what is wrong with one that does not.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Spanned<T>> {
        let Spanned { value, span } = self.text(key)?;
        match parse(&value) {
            Ok(value) => Some(Spanned::new(value, span)),
            Err(message) => {
                self.page.note(Problem::new(span, message));
                None
            }
        }
    }

    /// Returns yes or no.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => {
                let message = format!("`{key}` must be true or false, not {}", kind(other));
                self.page.wrong(value.span(), message);
                None
            }
        }
    }

    /// Returns a number from 0.
    pub(super) fn count(&mut self, key: &'static str) -> Option<u32> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(integer) => u32::from_str_radix(integer.as_str(), integer.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            self.page.wrong(value.span(), format!("`{key}` must be a whole number from 0 to {}", u32::MAX));
        }
        number
    }

    /// Returns a list of texts that mean something; those that do not are noted and left out.
    pub(super) fn words<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let message = format!("`{key}` must be a list, not {}", kind(value.get_ref()));
            self.page.wrong(value.span(), message);
            return Vec::new();
        };
        let texts = items.iter().filter_map(|item| text(self.page, item, key));
        let read = texts.map(|text| parse(&text.value).map_err(|message| Problem::new(text.span, message)));
        read.filter_map(|word| word.map_err(|problem| self.page.note(problem)).ok()).collect()
    }

    /// Returns a table in this one.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Self> {
        let value = self.value(key)?;
        Self::of(self.page, value, key)
    }

    /// Returns a list of tables: `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.page.wrong(value.span(), format!("`{key}` is a list of tables: write `[[…{key}]]`"));
            return Vec::new();
        };
        items.iter().filter_map(|item| Self::of(self.page, item, key)).collect()
    }

    /// Notes what is missing in this table.
    pub(super) fn missing(&self, message: impl Into<String>) {
        self.page.wrong(self.range.clone(), message);
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(self) {
        for name in self.table.keys().filter(|name| !self.asked.contains(&name.get_ref().as_ref())) {
            let problem = Problem::new(
                self.page.span(name.span()),
                format!("`{}` is not a key here", crate::stream::harmless(name.get_ref())),
            );
            let near = nearest(name.get_ref(), self.asked.iter().copied());
            self.page.note(match near {
                Some(near) => problem.with_hint(format!("did you mean `{near}`?")),
                None => problem.with_hint(format!("there are: {}", self.asked.join(", "))),
            });
        }
    }
}

fn text<'t>(page: &Page<'t>, value: &Ranged<DeValue<'t>>, key: &str) -> Option<Spanned<String>> {
    match value.get_ref() {
        DeValue::String(text) => Some(Spanned::new(text.to_string(), page.span(value.span()))),
        other => {
            page.wrong(value.span(), format!("`{key}` must be a text, not {}", kind(other)));
            None
        }
    }
}

const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Turns a TOML value into JSON; a time becomes its text, and a float that JSON does not know is noted.
pub(super) fn json<'t>(page: &Page<'t>, value: &Ranged<DeValue<'t>>) -> serde_json::Value {
    match value.get_ref() {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            if number.is_err() {
                page.wrong(value.span(), "the number does not fit into 64 bits");
            }
            number.unwrap_or_default().into()
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(serde_json::Number::from_f64);
            if number.is_none() {
                page.wrong(value.span(), "JSON, which plugins get, has no such number");
            }
            number.map_or(serde_json::Value::Null, serde_json::Value::Number)
        }
        DeValue::Array(items) => items.iter().map(|item| json(page, item)).collect(),
        DeValue::Table(table) => {
            let pairs = table.iter().map(|(name, value)| (name.get_ref().to_string(), json(page, value)));
            serde_json::Value::Object(pairs.collect())
        }
    }
}
