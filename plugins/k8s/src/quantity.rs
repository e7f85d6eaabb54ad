//! Quantities in Kubernetes' form, as far as two are to be compared: `250m`, `1.5`, `512Mi`, `2G`.

use act_host_sdk::prelude::*;

/// Returns a quantity in thousandths; `None` of what is none.
pub(crate) fn thousandths(text: &str) -> Option<u128> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: u128 = match unit {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || whole.len() > 15 || fraction.len() > 9 {
        return None;
    }
    let part = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<u128>().ok() };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some(part(whole)? * factor + part(fraction)? * factor / scale)
}

/// Writes thousandths of a processor.
pub(crate) fn processors(millis: u64) -> String {
    if millis.is_multiple_of(1000) { (millis / 1000).to_string() } else { format!("{millis}m") }
}

/// Writes bytes, in the largest unit that fits.
pub(crate) fn bytes(bytes: u64) -> String {
    for (unit, bits) in [("Gi", 30), ("Mi", 20), ("Ki", 10)] {
        if bytes > 0 && bytes.trailing_zeros() >= bits {
            return format!("{}{unit}", bytes >> bits);
        }
    }
    bytes.to_string()
}
