//! The keys of a configuration's tables: asked for one by one, and what nobody asked for is a mistake.

use act_workflow::source::{Problem, Span, Spanned};

use super::tree::{Data, Node, Page, Table};
use crate::nearest::nearest;

/// The keys of one table. Keys are named `two-words`, however the file spells them.
pub(crate) struct Keys<'a> {
    page: &'a Page,
    table: &'a Table,
    /// Where the table is, for what is missing in it.
    span: Span,
    asked: Vec<&'static str>,
}

impl<'a> Keys<'a> {
    /// Opens the table of a whole file.
    pub(crate) fn of_file(page: &'a Page, table: &'a Table) -> Self {
        let span = Span::at(page.file(), 1, 1);
        Self { page, table, span, asked: Vec::new() }
    }

    fn of(page: &'a Page, node: &'a Node, key: &str) -> Option<Self> {
        match &node.data {
            Data::Table(table) => Some(Self { page, table, span: node.span, asked: Vec::new() }),
            other => {
                page.wrong(node.span, format!("`{key}` must be a table, not {}", other.kind()));
                None
            }
        }
    }

    /// Returns the file.
    pub(crate) const fn page(&self) -> &'a Page {
        self.page
    }

    /// Returns a value of any kind.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        let spelled = self.page.spell(key);
        self.table.iter().find(|(name, _)| name.value == spelled).map(|(_, value)| value)
    }

    /// Where a key stands, if it is there.
    pub(crate) fn place_of(&self, key: &str) -> Option<Span> {
        let spelled = self.page.spell(key);
        self.table.iter().find(|(name, _)| name.value == spelled).map(|(name, _)| name.span)
    }

    /// Returns a text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let node = self.value(key)?;
        text(self.page, node, &self.page.spell(key))
    }

    /// Returns a text that means something; `parse` says what is wrong with one that does not.
    pub(crate) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Spanned<T>> {
        let Spanned { value, span } = self.text(key)?;
        match parse(&value) {
            Ok(value) => Some(Spanned::new(value, span)),
            Err(message) => {
                self.page.wrong(span, message);
                None
            }
        }
    }

    /// Returns yes or no.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.value(key)?;
        match &node.data {
            Data::Flag(flag) => Some(*flag),
            other => {
                let key = self.page.spell(key);
                self.page.wrong(node.span, format!("`{key}` must be true or false, not {}", other.kind()));
                None
            }
        }
    }

    /// Returns a number from 0.
    pub(crate) fn count(&mut self, key: &'static str) -> Option<u32> {
        let node = self.value(key)?;
        let number = match &node.data {
            Data::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        if number.is_none() {
            let key = self.page.spell(key);
            self.page.wrong(node.span, format!("`{key}` must be a whole number from 0 to {}", u32::MAX));
        }
        number
    }

    /// Returns a list of texts that mean something; those that do not are noted and left out.
    pub(crate) fn words<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(node) = self.value(key) else { return Vec::new() };
        let key = self.page.spell(key);
        let Data::List(items) = &node.data else {
            self.page.wrong(node.span, format!("`{key}` must be a list, not {}", node.data.kind()));
            return Vec::new();
        };
        let texts = items.iter().filter_map(|item| text(self.page, item, &key));
        let read = texts.map(|text| parse(&text.value).map_err(|message| Problem::new(text.span, message)));
        read.filter_map(|word| word.map_err(|problem| self.page.note(problem)).ok()).collect()
    }

    /// Returns a table in this one.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Self> {
        let node = self.value(key)?;
        Self::of(self.page, node, &self.page.spell(key))
    }

    /// Returns a table in this one as JSON, whatever is in it.
    pub(crate) fn object(&mut self, key: &'static str) -> Option<serde_json::Value> {
        let node = self.value(key)?;
        Self::of(self.page, node, &self.page.spell(key)).map(|_| node.data.json())
    }

    /// Returns the tables in this one with their keys, whatever those are.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'a Spanned<String>, Option<Self>)> {
        let page = self.page;
        self.table.iter().map(move |(name, node)| (name, Self::of(page, node, &name.value)))
    }

    /// Returns a list of tables: `[[key]]`.
    pub(crate) fn tables(&mut self, key: &'static str) -> Vec<Self> {
        let Some(node) = self.value(key) else { return Vec::new() };
        let Data::List(items) = &node.data else {
            self.page.wrong(node.span, format!("`{key}` is a list of tables: write `[[…{key}]]`"));
            return Vec::new();
        };
        items.iter().filter_map(|item| Self::of(self.page, item, key)).collect()
    }

    /// Notes what is missing in this table.
    pub(crate) fn missing(&self, message: impl Into<String>) {
        self.page.wrong(self.span, message);
    }

    /// Notes the keys that nobody asked for.
    pub(crate) fn finish(self) {
        let known: Vec<_> = self.asked.iter().map(|key| self.page.spell(key)).collect();
        for (name, _) in self.table.iter().filter(|(name, _)| !known.iter().any(|key| *key == name.value)) {
            let message = format!("`{}` is not a key here", crate::stream::harmless(&name.value));
            let near = nearest(&name.value, known.iter().map(|key| &**key));
            self.page.note(Problem::new(name.span, message).with_hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", known.join(", ")),
            }));
        }
    }
}

fn text(page: &Page, node: &Node, key: &str) -> Option<Spanned<String>> {
    match &node.data {
        Data::Text(text) => Some(Spanned::new(text.clone(), node.span)),
        other => {
            page.wrong(node.span, format!("`{key}` must be a text, not {}", other.kind()));
            None
        }
    }
}
