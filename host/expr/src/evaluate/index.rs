//! `.`, `[]` and `*`: looking into arrays and objects (`Index.cs`).

use super::{Computed, Cost, Evaluator, Stop};
use crate::coerce;
use crate::memory::{Counter, POINTER, text_bytes};
use crate::object::Object;
use crate::scope::{HostCall, Named};
use crate::tree::{NodeId, NodeKind};
use crate::value::{Array, Value};
use std::sync::Arc;

/// What to look for.
enum Key {
    Wildcard,
    /// As a position, and as a name unless it is an array or object.
    Value(Value),
}

impl Key {
    /// A position is a whole number from 0 to the largest `Int32`; fractions are cut off.
    fn position(&self) -> Option<usize> {
        let Self::Value(value) = self else { return None };
        let number = coerce::to_number(value).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=i32::MAX")]
        (0.0..=f64::from(i32::MAX)).contains(&number).then_some(number as usize)
    }

    fn name(&self) -> Option<Arc<str>> {
        match self {
            Self::Value(value) if value.is_primitive() => Some(coerce::to_shared_text(value)),
            Self::Value(_) | Self::Wildcard => None,
        }
    }

    fn in_object(&self, object: &Object) -> Option<Value> {
        match self {
            Self::Value(Value::String(name)) => object.get(name).cloned(),
            _ => self.name().and_then(|name| object.get(&name).cloned()),
        }
    }

    fn in_array(&self, array: &[Value]) -> Option<Value> {
        array.get(self.position()?).cloned()
    }
}

impl Evaluator<'_> {
    pub(super) fn index(
        &mut self,
        id: NodeId,
        base: NodeId,
        key: NodeId,
        level: usize,
    ) -> Result<Computed, Stop> {
        let tree = self.tree;
        let is_wildcard = matches!(tree.node(key).kind, NodeKind::Wildcard);
        if !is_wildcard
            && matches!(tree.node(base).kind, NodeKind::Named)
            && matches!(self.scope.context(tree.name(base)), Named::Lazy)
        {
            return self.lazy_property(tree.name(base), key, level);
        }
        let below = level + 1;
        match self.node(base, below)? {
            Value::Array(array) => {
                let key = self.key(key, is_wildcard, below)?;
                if array.is_filtered() {
                    return self.map_filtered(id, &array, &key);
                }
                match key {
                    Key::Wildcard => self.filter(id, array.iter()),
                    Key::Value(_) => Ok(Computed::data(key.in_array(&array).unwrap_or_default())),
                }
            }
            Value::Object(object) => match self.key(key, is_wildcard, below)? {
                Key::Wildcard => self.filter(id, object.values()),
                key @ Key::Value(_) => Ok(Computed::data(key.in_object(&object).unwrap_or_default())),
            },
            _ if is_wildcard => Ok(Computed::plain(Array::filtered(Vec::new()).into())),
            _ => Ok(Computed::plain(Value::Null)),
        }
    }

    fn key(&mut self, key: NodeId, is_wildcard: bool, level: usize) -> Result<Key, Stop> {
        if is_wildcard {
            // GitHub evaluates the wildcard too, to the text `*`; only its memory matters.
            self.account(text_bytes(1), level, true)?;
            return Ok(Key::Wildcard);
        }
        self.node(key, level).map(Key::Value)
    }

    /// A property of a context that is answered piece by piece.
    fn lazy_property(&mut self, context: &str, key: NodeId, level: usize) -> Result<Computed, Stop> {
        let Some(name) = Key::Value(self.node(key, level + 1)?).name() else {
            return Ok(Computed::plain(Value::Null));
        };
        let reply = self.scope.lookup(context, &name);
        self.reply(reply, || HostCall::Lookup { context: context.into(), key: name }).map(Computed::data)
    }

    /// `*` on an array or object: its values, for what follows to be applied to each.
    fn filter<'v>(
        &self,
        id: NodeId,
        values: impl ExactSizeIterator<Item = &'v Value>,
    ) -> Result<Computed, Stop> {
        let mut counter = self.counter();
        let size = POINTER * values.len() as u64;
        counter
            .add_object()
            .and_then(|()| counter.add(size))
            .map_err(|exceeded| self.exceeded(exceeded, id))?;
        Ok(filtered(values.cloned().collect(), &counter))
    }

    /// What follows a `*`: applied to each item, dropping those where it finds nothing.
    fn map_filtered(&self, id: NodeId, array: &Array, key: &Key) -> Result<Computed, Stop> {
        let mut counter = self.counter();
        let mut found = Vec::new();
        for item in array.iter() {
            let before = found.len();
            match (item, key) {
                (Value::Object(object), Key::Wildcard) => found.extend(object.values().cloned()),
                (Value::Object(object), Key::Value(_)) => found.extend(key.in_object(object)),
                (Value::Array(array), Key::Wildcard) => found.extend(array.iter().cloned()),
                (Value::Array(array), Key::Value(_)) => found.extend(key.in_array(array)),
                (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => {}
            }
            let added = POINTER * (found.len() - before) as u64;
            counter.add(added).map_err(|exceeded| self.exceeded(exceeded, id))?;
        }
        Ok(filtered(found, &counter))
    }
}

fn filtered(items: Vec<Value>, counter: &Counter) -> Computed {
    Computed { value: Array::filtered(items).into(), cost: Cost::Bytes(counter.bytes()) }
}
