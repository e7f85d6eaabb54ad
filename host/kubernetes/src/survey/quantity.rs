//! Amounts as Kubernetes writes them, in thousandths.

/// What stands behind a number, and what it stands for, in thousandths.
const UNITS: [(&str, f64); 14] = [
    ("m", 1.0),
    ("k", 1e6),
    ("M", 1e9),
    ("G", 1e12),
    ("T", 1e15),
    ("P", 1e18),
    ("E", 1e21),
    ("Ki", 1024e3),
    ("Mi", 1_048_576e3),
    ("Gi", 1_073_741_824e3),
    ("Ti", 1_099_511_627_776e3),
    ("Pi", 1_125_899_906_842_624e3),
    ("u", 1e-3),
    ("n", 1e-6),
];

/// Reads an amount; nothing where it is none.
pub(super) fn thousandths(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    match unit {
        "" => Some(number * 1000.0),
        unit => UNITS.iter().find(|(known, _)| *known == unit).map(|(_, factor)| number * factor),
    }
}
