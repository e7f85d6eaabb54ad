//! What an expression works on: null, booleans, numbers, text, arrays and objects.
//!
//! Values are immutable and cheap to clone. Arrays and objects have identity: to an expression two of them are
//! equal only when they are the same one (see [`crate::coerce::equal`]), whatever they hold. The `PartialEq`
//! here is the structural one, for tests and for change detection.

use crate::object::Object;
use std::sync::Arc;

/// A value of the expression language (`ValueKind.cs`, `Data/*.cs`).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A double; NaN and infinities included.
    Number(f64),
    /// Text.
    String(Arc<str>),
    /// A list, compared by identity.
    Array(Arc<Array>),
    /// A mapping, compared by identity.
    Object(Arc<Object>),
}

/// The kind of a [`Value`], shown as GitHub names it in messages (`ValueKind.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A double.
    Number,
    /// Text.
    String,
    /// A list.
    Array,
    /// A mapping.
    Object,
}

impl Kind {
    /// The name GitHub uses: `Null`, `Boolean`, `Number`, `String`, `Array` or `Object`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "Null",
            Self::Boolean => "Boolean",
            Self::Number => "Number",
            Self::String => "String",
            Self::Array => "Array",
            Self::Object => "Object",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Value {
    /// Makes an object from its pairs; look-ups in it ignore case.
    pub fn object<K: Into<Arc<str>>, V: Into<Self>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::from(pairs.into_iter().collect::<Object>())
    }

    /// Makes an array from its items.
    pub fn array<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::from(items.into_iter().collect::<Array>())
    }

    /// The kind of this value.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Boolean,
            Self::Number(_) => Kind::Number,
            Self::String(_) => Kind::String,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
        }
    }

    /// Whether this is neither an array nor an object.
    #[must_use]
    pub const fn is_primitive(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// The text, if this is text; no coercion (for that see [`crate::coerce::to_text`]).
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The object, if this is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// Returns an [object over](Object::over) this one, to be changed; an empty one for what is none.
    #[must_use]
    pub fn to_object(&self) -> Object {
        if let Self::Object(object) = self { Object::over(object) } else { Object::new() }
    }

    /// The array, if this is one.
    #[must_use]
    pub fn as_array(&self) -> Option<&Array> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }

    /// The property `key` of an object, by that object's rule of case; `None` for anything else.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object().and_then(|object| object.get(key))
    }
}

/// A list of values.
///
/// One made by `.*` or `[*]` is *filtered*: what follows it is applied to each of its items.
#[derive(Clone, Debug, Default)]
pub struct Array {
    items: Vec<Value>,
    filtered: bool,
}

impl Array {
    /// Makes the result of a `.*`, which maps what follows over its items (`Index.cs`, `FilteredArray`).
    #[must_use]
    pub const fn filtered(items: Vec<Value>) -> Self {
        Self { items, filtered: true }
    }

    /// Whether this came from `.*` or `[*]`.
    #[must_use]
    pub const fn is_filtered(&self) -> bool {
        self.filtered
    }
}

/// Same items; where they came from does not matter.
impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl std::ops::Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        Self { items, filtered: false }
    }
}

impl<V: Into<Value>> FromIterator<V> for Array {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        Self::from(items.into_iter().map(Into::into).collect::<Vec<_>>())
    }
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $into:expr),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        })*
    };
}

value_from! {
    () => |_unit| Self::Null,
    bool => |value| Self::Bool(value),
    f64 => |value| Self::Number(value),
    i32 => |value| Self::Number(f64::from(value)),
    u32 => |value| Self::Number(f64::from(value)),
    &str => |value| Self::String(value.into()),
    String => |value| Self::String(value.into()),
    Arc<str> => |value| Self::String(value),
    Array => |value| Self::Array(Arc::new(value)),
    Object => |value| Self::Object(Arc::new(value)),
}

impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<V: Into<Self>> From<Vec<V>> for Value {
    fn from(items: Vec<V>) -> Self {
        Self::array(items)
    }
}
