//! Sizes and spans of time as people write them: `64MiB`, `200ms`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// A number of bytes, written `64KiB`; `B`, `KiB`, `MiB` and `GiB` are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

/// A span of time, written `200ms`; `ms`, `s` and `m` are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

/// A text that is no amount of the asked kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind}, like `{example}`")]
pub struct InvalidAmount {
    text: String,
    kind: &'static str,
    example: &'static str,
}

/// Smallest unit first: a value is written in the largest one that divides it.
const SIZES: &[(&str, u64)] = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
const SPANS: &[(&str, u64)] = &[("ms", 1), ("s", 1000), ("m", 60_000)];

impl Size {
    /// Makes a size of mebibytes.
    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    /// Makes a size of kibibytes.
    #[must_use]
    pub const fn kib(count: u64) -> Self {
        Self(count << 10)
    }

    /// Returns the bytes as this machine counts them, as many as it can.
    #[must_use]
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Span {
    /// Makes a span of milliseconds.
    #[must_use]
    pub const fn millis(count: u64) -> Self {
        Self(Duration::from_millis(count))
    }
}

impl FromStr for Size {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let invalid = || InvalidAmount { text: text.to_owned(), kind: "a size", example: "64MiB" };
        read(text, SIZES).map(Self).ok_or_else(invalid)
    }
}

impl FromStr for Span {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let invalid = || InvalidAmount { text: text.to_owned(), kind: "a span of time", example: "200ms" };
        read(text, SPANS).map(|millis| Self(Duration::from_millis(millis))).ok_or_else(invalid)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, SIZES)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), SPANS)
    }
}

macro_rules! deserialize_from_text {
    ($($name:ty),*) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}
deserialize_from_text!(Size, Span);

fn read(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn write(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let fits = |(_, factor): &&(&str, u64)| value >= *factor && value.is_multiple_of(*factor);
    let (unit, factor) = units.iter().rev().find(fits).unwrap_or(&units[0]);
    write!(f, "{}{unit}", value / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_they_are_read() {
        for (text, bytes) in [("0B", 0), ("512B", 512), ("64KiB", 65_536), ("3GiB", 3 << 30)] {
            assert_eq!(text.parse(), Ok(Size(bytes)));
            assert_eq!(Size(bytes).to_string(), text);
        }
        for (text, millis) in [("0ms", 0), ("200ms", 200), ("1s", 1000), ("90s", 90_000), ("5m", 300_000)] {
            assert_eq!(text.parse(), Ok(Span::millis(millis)));
            assert_eq!(Span::millis(millis).to_string(), text);
        }
    }

    #[test]
    fn what_has_no_unit_or_is_too_much_is_refused() {
        for text in ["", "64", "MiB", "-1B", "1.5GiB", "64MB", "99999999999999999999B", "99999999999999GiB"] {
            let said = text.parse::<Size>().map_err(|error| error.to_string());
            assert_eq!(said, Err(format!("`{text}` is not a size, like `64MiB`")));
        }
        assert!("1h".parse::<Span>().is_err());
    }
}
