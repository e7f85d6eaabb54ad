//! TOML to the tree.

use std::ops::Range;

use act_workflow::source::{Span, Spanned};
use serde_json::Number;
use toml::Spanned as Ranged;
use toml::de::{DeTable, DeValue};

use super::{Data, Node, Page, Table};

pub(super) fn parse(page: &Page, text: &str) -> Option<Table> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let reader = Reader { page, text, lines };
    for error in &errors {
        page.wrong(reader.span(error.span().unwrap_or(0..0)), error.message());
    }
    errors.is_empty().then(|| reader.table(table.get_ref()))
}

struct Reader<'a> {
    page: &'a Page,
    text: &'a str,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
}

impl Reader<'_> {
    fn table(&self, table: &DeTable<'_>) -> Table {
        let pair = |(name, value): (&Ranged<std::borrow::Cow<'_, str>>, &Ranged<DeValue<'_>>)| {
            (Spanned::new(name.get_ref().to_string(), self.span(name.span())), self.node(value))
        };
        table.iter().map(pair).collect()
    }

    fn node(&self, value: &Ranged<DeValue<'_>>) -> Node {
        let span = self.span(value.span());
        let data = match value.get_ref() {
            DeValue::String(text) => Data::Text(text.to_string()),
            DeValue::Boolean(flag) => Data::Flag(*flag),
            DeValue::Datetime(time) => Data::Time(time.to_string()),
            DeValue::Integer(integer) => {
                let number = i64::from_str_radix(integer.as_str(), integer.radix());
                if number.is_err() {
                    self.page.wrong(span, "the number does not fit into 64 bits");
                }
                Data::Number(number.unwrap_or_default().into())
            }
            DeValue::Float(float) => {
                let number = float.as_str().parse().ok().and_then(Number::from_f64);
                if number.is_none() {
                    self.page.wrong(span, "JSON, which plugins get, has no such number");
                }
                number.map_or(Data::Null, Data::Number)
            }
            DeValue::Array(items) => Data::List(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Data::Table(self.table(table)),
        };
        Node { span, data }
    }

    /// Turns bytes into lines and columns.
    fn span(&self, range: Range<usize>) -> Span {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end.max(range.start));
        Span { file: self.page.file, line, column, end_line, end_column }
    }

    fn position(&self, byte: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let before = self.text.get(self.lines[line - 1]..byte).unwrap_or_default();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(line), number(before.chars().count() + 1))
    }
}
