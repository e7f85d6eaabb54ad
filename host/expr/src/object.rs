//! A mapping that keeps the order of its keys and, unless told otherwise, ignores their case.
//!
//! `env` on Linux and macOS is the one case-sensitive context (`CaseSensitiveDictionaryExpressionData.cs`);
//! everything else is a `DictionaryExpressionData.cs`.

use crate::text;
use crate::value::Value;
use indexmap::{Equivalent, IndexMap};
use std::collections::BTreeMap;
use std::fmt;
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
#[derive(Clone, Default)]
pub struct Object {
    /// What it was made [over](Object::over).
    over: Option<Box<Over>>,
    /// What is not below.
    entries: IndexMap<Key, Value>,
    case: KeyCase,
}

/// The first properties of an object, which are those of another one.
#[derive(Clone)]
struct Over {
    /// Is over none itself.
    below: Arc<Object>,
    /// Values that take the place of those below, by position.
    changed: BTreeMap<usize, Value>,
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

impl Over {
    fn position(&self, query: &Query<'_>) -> Option<usize> {
        self.below.entries.get_index_of(query)
    }

    fn get_index(&self, index: usize) -> Option<(&Arc<str>, &Value)> {
        let (key, value) = self.below.get_index(index)?;
        Some((key, self.changed.get(&index).unwrap_or(value)))
    }
}

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

    /// Makes an object that begins with the properties of another one, and holds only what is changed then: hundreds of jobs
    /// see the same `github`, but for a few properties.
    #[must_use]
    pub fn over(below: &Arc<Self>) -> Self {
        if below.over.is_some() {
            return (**below).clone();
        }
        let over = Over { below: Arc::clone(below), changed: BTreeMap::new() };
        Self { over: Some(Box::new(over)), case: below.case, ..Self::default() }
    }

    /// Whether look-ups heed case.
    #[must_use]
    pub const fn key_case(&self) -> KeyCase {
        self.case
    }

    /// Sets a property. An existing one keeps its place and the spelling of its key.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) {
        let key = self.key(key.into());
        if let Some(over) = &mut self.over
            && let Some(position) = over.position(&key.query())
        {
            over.changed.insert(position, value.into());
        } else {
            self.entries.insert(key, value.into());
        }
    }

    /// Sets a property unless it is there already.
    pub fn insert_if_absent(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) {
        let key = key.into();
        if !self.contains_key(&key) {
            self.insert(key, value);
        }
    }

    /// Sets a property and returns the object: for building contexts in one expression.
    #[must_use]
    pub fn with(mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
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
        if let Some(over) = &self.over
            && let Some(position) = over.position(&query)
        {
            return over.get_index(position);
        }
        self.entries.get_key_value(&query).map(|(key, value)| (&key.text, value))
    }

    /// The property at a position in the order of insertion.
    #[must_use]
    pub fn get_index(&self, index: usize) -> Option<(&Arc<str>, &Value)> {
        match index.checked_sub(self.count_below()) {
            Some(own) => self.entries.get_index(own).map(|(key, value)| (&key.text, value)),
            None => self.over.as_ref()?.get_index(index),
        }
    }

    /// How many properties there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count_below() + self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> + DoubleEndedIterator {
        let at = |index| self.get_index(index).expect("an index below the length has an entry");
        (0..self.len()).map(at)
    }

    /// Keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.iter().map(|(key, _)| key)
    }

    /// Values, in order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.iter().map(|(_, value)| value)
    }

    fn count_below(&self) -> usize {
        self.over.as_ref().map_or(0, |over| over.below.entries.len())
    }

    const fn key(&self, text: Arc<str>) -> Key {
        Key { text, case: self.case }
    }

    const fn query<'a>(&self, text: &'a str) -> Query<'a> {
        Query { text, case: self.case }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
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
    fn an_object_over_another_one_is_as_one_that_was_copied() {
        let numbers = || (0..20).map(|number| (format!("key-{number}"), number));
        let plain: Object = numbers().collect();
        let below = Arc::new(plain.clone());
        let change = |mut object: Object| {
            object.insert("KEY-3", "changed");
            object.insert("own", 1);
            object.insert("key-3", "again");
            object.insert_if_absent("key-4", "never");
            object.insert_if_absent("late", 2);
            object
        };
        let (copied, over) = (change(plain), change(Object::over(&below)));
        assert_eq!(over, copied);
        assert_eq!((over.len(), over.iter().rev().count()), (22, 22));
        for key in ["key-0", "Key-3", "key-19", "OWN", "late", "none"] {
            assert_eq!(over.get_key_value(key), copied.get_key_value(key), "{key}");
        }
        let over = change(Object::over(&Arc::new(over)));
        assert_eq!(over, copied, "over one that is over another one");
        assert_eq!(*below, numbers().collect(), "what is below stays as it is");
        assert!(Object::over(&Arc::new(Object::case_sensitive().with("a", 1))).get("A").is_none());
    }

    #[test]
    fn a_case_sensitive_object_tells_spellings_apart() {
        let object = Object::case_sensitive().with("Path", "a").with("PATH", "b");
        assert_eq!(object.len(), 2);
        assert_eq!(object.get("PATH"), Some(&Value::from("b")));
        assert_eq!(object.get("path"), None);
    }
}
