//! What a leg is called: segments from its values, the name to show, and an id.

use act_expr::{Object, Value, coerce, text};

use crate::id_builder::IdBuilder;

/// GitHub counts UTF-16 units, here and in ids.
const MAX_NAME: usize = 100;

/// With `ShortMatrixIds`, which GitHub has on by default (`WorkflowFeatures.cs`).
const MAX_ID: usize = 25;

/// The scalar leaves of a combination as text, depth first; null and empty ones are left out.
pub(super) fn segments(named: &Object) -> Vec<String> {
    let mut segments = Vec::new();
    let mut pending: Vec<&Value> = last_first(named).collect();
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(object) => pending.extend(last_first(object)),
            Value::Array(array) => pending.extend(array.iter().rev()),
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let segment = coerce::to_text(value);
                if !segment.is_empty() {
                    segments.push(segment.into_owned());
                }
            }
        }
    }
    segments
}

/// An object's values in the order a stack wants them.
fn last_first(object: &Object) -> impl Iterator<Item = &Value> {
    object.iter().rev().map(|(_, value)| value)
}

/// `base (a, b)`, at most 100 units long (`JobNameBuilder.cs`).
pub(super) fn display(base: &str, segments: &[String]) -> String {
    let name = if segments.is_empty() || base.is_empty() {
        base.to_owned()
    } else {
        format!("{base} ({})", segments.join(", "))
    };
    if text::utf16_len(&name) <= MAX_NAME {
        return name;
    }
    let mut cut = prefix(&name, MAX_NAME - 3).to_owned();
    cut.push_str("...");
    cut
}

/// The longest start of `name` of at most `units` UTF-16 units; never half a surrogate pair, which GitHub may leave.
fn prefix(name: &str, units: usize) -> &str {
    let mut left = units;
    let end = name.char_indices().find(|(_, c)| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        !fits
    });
    end.map_or(name, |(end, _)| &name[..end])
}

/// Makes an id from the segments, unlike any that `ids` has made.
///
/// # Panics
/// Never: a matrix has at most 256 legs, and a thousand ids can be made from the same segments.
pub(super) fn id(ids: &mut IdBuilder, segments: &[String]) -> String {
    for segment in segments {
        ids.append_segment(segment);
    }
    let id = ids.build(false, MAX_ID);
    id.expect("fewer legs than ids that differ in their suffix").as_ref().to_owned()
}
