//! Values as plain JSON, for serde: contexts, outputs and wire messages.
//!
//! This is not the language's `fromJson` and `toJson` (see [`crate::json`]): it is strict, compact, and writes
//! whole numbers without a point (`NumberExpressionData.cs`, `ToJToken`).

use crate::object::Object;
use crate::value::{Array, Value};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;
use std::sync::Arc;

/// Numbers of this size and above are written as doubles: they need not fit an `i64`.
const WHOLE: f64 = 9_223_372_036_854_775_808.0;

impl Serialize for Value {
    /// NaN and infinities become null where the format has no name for them, as JSON has none.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Number(number) => match whole(*number) {
                Some(whole) => serializer.serialize_i64(whole),
                None => serializer.serialize_f64(*number),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(array) => serializer.collect_seq(array.iter()),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the range of i64")]
    (number.trunc() == number && number.abs() < WHOLE).then_some(number as i64)
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(&**key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reading::default().deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Object {
    /// Reads an object whose look-ups ignore case; of keys that differ in case only, the first spelling and the
    /// last value count.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectReading(Reading::default()))
    }
}

/// Reads JSON as `fromJson` does under strict parsing (`JsonParser.cs`).
pub(crate) fn read_strict(json: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = Reading { rule: Rule::Strict, depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Rule {
    /// The last of equal keys counts, and depth is the format's concern.
    #[default]
    Plain,
    /// The first of equal keys counts, and depth is limited.
    Strict,
}

/// How to read a value, and how deep it lies.
#[derive(Clone, Copy, Default)]
struct Reading {
    rule: Rule,
    depth: usize,
}

/// The same for what must be an object.
struct ObjectReading(Reading);

/// Reads a key without a copy in between.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Arc<str>, E> {
        Ok(key.into())
    }
}

impl Reading {
    /// For what an array or object holds.
    fn inner<E: Error>(self) -> Result<Self, E> {
        const MAX_DEPTH: usize = 100;
        let depth = self.depth + 1;
        if self.rule == Rule::Strict && depth > MAX_DEPTH {
            return Err(E::custom(format!("the maximum depth of {MAX_DEPTH} has been exceeded")));
        }
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ObjectReading {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let inner = self.0.inner()?;
        let mut object = Object::new();
        while let Some(key) = map.next_key_seed(Key)? {
            let value = map.next_value_seed(inner)?;
            match inner.rule {
                Rule::Plain => object.insert(key, value),
                Rule::Strict => object.insert_if_absent(key, value),
            }
        }
        Ok(object)
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "every number of the language is a double")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "every number of the language is a double")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Array::from(items).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        ObjectReading(self).visit_map(map).map(Value::from)
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(bool),
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::from(text),
            serde_json::Value::Array(items) => Self::array(items),
            serde_json::Value::Object(pairs) => Self::object(pairs),
        }
    }
}

impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Number(number) => whole(*number).map_or_else(|| Self::from(*number), Self::from),
            Value::String(text) => Self::String(text.to_string()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(object) => {
                Self::Object(object.iter().map(|(key, value)| (key.to_string(), Self::from(value))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_survives_the_round_trip_in_order() {
        let json = r#"{"z":[1,-2.5,1e300,true,null,{}],"A":"ä","b":{"c":[]}}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), json.replace("1e300", "1e+300"));
        let tree: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(Value::from(tree.clone()), value);
        assert_eq!(
            serde_json::to_string(&serde_json::Value::from(&value)).unwrap(),
            serde_json::to_string(&tree).unwrap()
        );
    }

    #[test]
    fn keys_that_differ_in_case_only_are_one_key() {
        let value: Value = serde_json::from_str(r#"{"A":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"A":3,"b":2}"#);
    }
}
