//! Coercion and comparison: which values count as true, as which number, as which text, and which are equal.
//!
//! Ported from `EvaluationResult.cs`. It resembles JavaScript's `==`, except that texts are compared without
//! regard to case and that arrays and objects are never turned into primitives.

use crate::number;
use crate::text;
use crate::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// Whether a value counts as false: null, `false`, 0, NaN and the empty text.
#[must_use]
pub fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(bool) => !bool,
        Value::Number(number) => *number == 0.0 || number.is_nan(),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Whether a value counts as true; arrays and objects do, even empty ones.
#[must_use]
pub fn is_truthy(value: &Value) -> bool {
    !is_falsy(value)
}

/// The value as a number: null is 0, `true` is 1, text as [`number::parse`] reads it, arrays and objects NaN.
#[must_use]
pub fn to_number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(bool) => f64::from(*bool),
        Value::Number(number) => *number,
        Value::String(text) => number::parse(text),
        Value::Array(_) | Value::Object(_) => f64::NAN,
    }
}

/// The value as text: null is empty, arrays and objects are `Array` and `Object`.
#[must_use]
pub fn to_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Number(number) => Cow::Owned(number::to_string(*number)),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(_) | Value::Object(_) => Cow::Borrowed(value.kind().name()),
    }
}

/// [`to_text`] as a shared text, without a copy when the value is text already.
#[must_use]
pub fn to_shared_text(value: &Value) -> Arc<str> {
    if let Value::String(text) = value { Arc::clone(text) } else { to_text(value).into() }
}

/// What is left to compare once two values have been coerced to one kind.
enum Pair<'a> {
    Nulls,
    Bools(bool, bool),
    Numbers(f64, f64),
    Texts(&'a str, &'a str),
    Same(bool),
    Unlike,
}

/// `CoerceTypes`: like kinds stay; text beside a number, and null or a boolean beside anything, become numbers.
fn pair<'a>(left: &'a Value, right: &'a Value) -> Pair<'a> {
    use Value::{Array, Bool, Null, Number, Object, String};
    match (left, right) {
        (Null, Null) => Pair::Nulls,
        (Bool(left), Bool(right)) => Pair::Bools(*left, *right),
        (String(left), String(right)) => Pair::Texts(left, right),
        (Array(left), Array(right)) => Pair::Same(Arc::ptr_eq(left, right)),
        (Object(left), Object(right)) => Pair::Same(Arc::ptr_eq(left, right)),
        (Array(_) | Object(_), _) | (_, Array(_) | Object(_)) => Pair::Unlike,
        (Null | Bool(_) | Number(_) | String(_), Null | Bool(_) | Number(_) | String(_)) => {
            Pair::Numbers(to_number(left), to_number(right))
        }
    }
}

/// `left == right`.
#[must_use]
pub fn equal(left: &Value, right: &Value) -> bool {
    match pair(left, right) {
        Pair::Nulls => true,
        Pair::Bools(left, right) => left == right,
        Pair::Numbers(left, right) => left.partial_cmp(&right) == Some(Ordering::Equal),
        Pair::Texts(left, right) => text::eq_ignore_case(left, right),
        Pair::Same(same) => same,
        Pair::Unlike => false,
    }
}

/// How `left` stands to `right` for `<` and `>`; `None` when neither holds nor the two are equal in order.
///
/// Null beside null has no order, so `null > null` is false while `null >= null` is true by [`equal`].
#[must_use]
pub fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match pair(left, right) {
        Pair::Bools(left, right) => Some(left.cmp(&right)),
        Pair::Numbers(left, right) => left.partial_cmp(&right),
        Pair::Texts(left, right) => Some(text::cmp_ignore_case(left, right)),
        Pair::Nulls | Pair::Same(_) | Pair::Unlike => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_follows_github() {
        for (value, falsy) in [
            (Value::Null, true),
            (false.into(), true),
            ((-0.0).into(), true),
            (f64::NAN.into(), true),
            ("".into(), true),
            ("false".into(), false),
            (Value::array::<Value>([]), false),
            (Value::object::<&str, Value>([]), false),
        ] {
            assert_eq!(is_falsy(&value), falsy, "{value:?}");
        }
    }

    #[test]
    fn unlike_kinds_meet_as_numbers() {
        let list = Value::array([1]);
        for (left, right, same) in [
            (Value::Null, Value::from(0), true),
            (Value::Null, "".into(), true),
            (Value::Null, false.into(), true),
            (true.into(), "1".into(), true),
            (true.into(), "true".into(), false),
            ("0xff".into(), 255.into(), true),
            ("abc".into(), "ABC".into(), true),
            ("abc".into(), f64::NAN.into(), false),
            (f64::NAN.into(), f64::NAN.into(), false),
            (list.clone(), list.clone(), true),
            (list.clone(), Value::array([1]), false),
            (list, 1.into(), false),
        ] {
            assert_eq!(equal(&left, &right), same, "{left:?} {right:?}");
            assert_eq!(equal(&right, &left), same, "{right:?} {left:?}");
        }
    }

    #[test]
    fn order_needs_two_comparable_values() {
        assert_eq!(order(&Value::Null, &Value::Null), None);
        assert_eq!(order(&true.into(), &false.into()), Some(Ordering::Greater));
        assert_eq!(order(&"b".into(), &"A".into()), Some(Ordering::Greater));
        assert_eq!(order(&"2".into(), &10.into()), Some(Ordering::Less));
        assert_eq!(order(&"x".into(), &10.into()), None);
        assert_eq!(order(&Value::array([1]), &0.into()), None);
    }
}
