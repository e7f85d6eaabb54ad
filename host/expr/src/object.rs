//! A mapping that keeps the order of its keys and, unless told otherwise, ignores their case.
//!
//! `env` on Linux and macOS is the one case-sensitive context (`CaseSensitiveDictionaryExpressionData.cs`);
//! everything else is a `DictionaryExpressionData.cs`.

use crate::text;
use crate::value::Value;
use indexmap::{Equivalent, IndexMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Whether keys that differ in case are one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyCase {
    /// `a` and `A` are the same key.
    #[default]
    Ignored,
    /// `a` and `A` are two keys.
    Significant,
}

/// A mapping from text to values, in order of insertion.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: IndexMap<Key, Value>,
    case: KeyCase,
}

#[derive(Clone, Debug)]
struct Key {
    text: Arc<str>,
    case: KeyCase,
}

struct Query<'a> {
    text: &'a str,
    case: KeyCase,
}

impl Query<'_> {
    fn matches(&self, other: &str) -> bool {
        match self.case {
            KeyCase::Ignored => text::eq_ignore_case(self.text, other),
            KeyCase::Significant => self.text == other,
        }
    }
}

impl Hash for Query<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.case {
            KeyCase::Ignored => text::hash_ignore_case(self.text, state),
            KeyCase::Significant => self.text.hash(state),
        }
    }
}

impl Equivalent<Key> for Query<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.matches(&key.text)
    }
}

impl Key {
    fn query(&self) -> Query<'_> {
        Query { text: &self.text, case: self.case }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.query().hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.query().matches(&other.text)
    }
}

impl Eq for Key {}

impl Object {
    /// Makes an empty object whose look-ups ignore case.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty object whose look-ups heed case, as `env` needs.
    #[must_use]
    pub fn case_sensitive() -> Self {
        Self { case: KeyCase::Significant, ..Self::default() }
    }

    /// Whether look-ups heed case.
    #[must_use]
    pub const fn key_case(&self) -> KeyCase {
        self.case
    }

    /// Sets a property. An existing one keeps its place and the spelling of its key.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) {
        self.entries.insert(self.key(key.into()), value.into());
    }

    /// Sets a property unless it is there already.
    pub fn insert_if_absent(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) {
        self.entries.entry(self.key(key.into())).or_insert_with(|| value.into());
    }

    /// Sets a property and returns the object: for building contexts in one expression.
    #[must_use]
    pub fn with(mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// Removes a property, keeping the order of the rest.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.entries.shift_remove(&self.query(key))
    }

    /// The value of a property.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// Whether there is such a property.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get_key_value(key).is_some()
    }

    /// The key and value of a property; the key as it was first written.
    #[must_use]
    pub fn get_key_value(&self, key: &str) -> Option<(&Arc<str>, &Value)> {
        // To hash a key takes longer than to compare it with a few others.
        const FEW: usize = 8;
        let query = self.query(key);
        if self.len() <= FEW {
            return self.iter().find(|(key, _)| query.matches(key));
        }
        self.entries.get_key_value(&query).map(|(key, value)| (&key.text, value))
    }

    /// The property at a position in the order of insertion.
    #[must_use]
    pub fn get_index(&self, index: usize) -> Option<(&Arc<str>, &Value)> {
        self.entries.get_index(index).map(|(key, value)| (&key.text, value))
    }

    /// How many properties there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> + DoubleEndedIterator {
        self.entries.iter().map(|(key, value)| (&key.text, value))
    }

    /// Keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.entries.keys().map(|key| &key.text)
    }

    /// Values, in order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries.values()
    }

    const fn key(&self, text: Arc<str>) -> Key {
        Key { text, case: self.case }
    }

    const fn query<'a>(&self, text: &'a str) -> Query<'a> {
        Query { text, case: self.case }
    }
}

/// Same rule of case, same keys in the same spelling and order, same values.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.case == other.case && self.iter().eq(other.iter())
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut object = Self::new();
        object.extend(pairs);
        object
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> Extend<(K, V)> for Object {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ignore_case_and_keep_their_first_spelling_and_place() {
        let mut object = Object::new().with("Foo", 1).with("bar", 2);
        object.insert("FOO", 3);
        object.insert_if_absent("BAR", 4);
        assert_eq!(object.keys().map(|key| &**key).collect::<Vec<_>>(), ["Foo", "bar"]);
        assert_eq!(object.get("foo"), Some(&Value::Number(3.0)));
        assert_eq!(object.get("Bar"), Some(&Value::Number(2.0)));
        assert_eq!(object.get("baz"), None);
    }

    #[test]
    fn a_case_sensitive_object_tells_spellings_apart() {
        let object = Object::case_sensitive().with("Path", "a").with("PATH", "b");
        assert_eq!(object.len(), 2);
        assert_eq!(object.get("PATH"), Some(&Value::from("b")));
        assert_eq!(object.get("path"), None);
    }
}
