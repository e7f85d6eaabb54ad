//! One entry of `include` or `exclude` as a filter: every leaf must equal what the combination has in its place.
//!
//! GitHub turns each leaf into an expression `matrix['a'][0] == literal` and evaluates it, so texts are compared
//! without regard to case, `1` equals `'1'`, and what isn't there is null (`MatrixFilter` in `MatrixBuilder.cs`).

use std::borrow::Cow;
use std::sync::Arc;

use act_expr::{Object, Value, coerce, number};

/// The leaves of an entry, each with the way to it.
pub(super) struct Filter {
    leaves: Vec<(Vec<Key>, Value)>,
}

#[derive(Clone)]
enum Key {
    Name(Arc<str>),
    Index(usize),
}

impl Filter {
    /// Collects the leaves, without recursion: values come from outside and may be deep.
    pub(super) fn new(entry: &Object) -> Self {
        let mut leaves = Vec::new();
        let mut pending: Vec<(Vec<Key>, Value)> = children(&[], &Value::from(entry.clone()));
        while let Some((way, value)) = pending.pop() {
            match value {
                Value::Array(_) | Value::Object(_) => pending.extend(children(&way, &value)),
                leaf => leaves.push((way, literal(leaf))),
            }
        }
        Self { leaves }
    }

    /// Whether every leaf equals its counterpart. Without leaves (`os: {}`) everything matches.
    pub(super) fn matches(&self, matrix: &Object) -> bool {
        self.leaves.iter().all(|(way, literal)| coerce::equal(find(matrix, way), literal))
    }
}

fn children(way: &[Key], value: &Value) -> Vec<(Vec<Key>, Value)> {
    let step = |key: Key, value: &Value| ([way, &[key]].concat(), value.clone());
    match value {
        Value::Object(object) => {
            object.iter().map(|(key, value)| step(Key::Name(Arc::clone(key)), value)).collect()
        }
        Value::Array(array) => {
            array.iter().enumerate().map(|(index, value)| step(Key::Index(index), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// The value as it comes back from being written into an expression: numbers keep 15 digits.
fn literal(value: Value) -> Value {
    match value {
        Value::Number(exact) => Value::Number(number::parse(&number::to_string(exact))),
        other => other,
    }
}

const NOTHING: &Value = &Value::Null;

/// `matrix['a'][0]`: null where the way ends early.
fn find<'a>(matrix: &'a Object, way: &[Key]) -> &'a Value {
    let Some((Key::Name(first), rest)) = way.split_first() else { return NOTHING };
    let first = matrix.get(first).unwrap_or(NOTHING);
    rest.iter().fold(first, |value, key| step_into(value, key).unwrap_or(NOTHING))
}

/// Indexing as expressions do it: objects by text, arrays by number, either converted if need be.
fn step_into<'a>(value: &'a Value, key: &Key) -> Option<&'a Value> {
    match (value, key) {
        (Value::Array(array), Key::Index(index)) => array.get(*index),
        (Value::Array(array), Key::Name(name)) => array.get(whole(number::parse(name))?),
        (Value::Object(object), key) => object.get(&key.text()),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => None,
    }
}

fn whole(number: f64) -> Option<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "indices are floored; the range is checked"
    )]
    (number >= 0.0 && number <= f64::from(i32::MAX)).then_some(number as usize)
}

impl Key {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Name(name) => Cow::Borrowed(name),
            Self::Index(index) => Cow::Owned(index.to_string()),
        }
    }
}
