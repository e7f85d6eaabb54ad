//! Durations as people read them.

/// Shows milliseconds: `0.4s`, `12.3s`, `1m 02s`, `1h 02m`.
pub(crate) fn show(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}.{}s", millis % 1000 / 100),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_unit_grows_with_the_duration() {
        for (millis, text) in [
            (0, "0.0s"),
            (449, "0.4s"),
            (59_999, "59.9s"),
            (62_000, "1m 02s"),
            (3_599_999, "59m 59s"),
            (3_720_000, "1h 02m"),
            (360_000_000, "100h 00m"),
        ] {
            assert_eq!(super::show(millis), text);
        }
    }
}
