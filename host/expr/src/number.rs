//! Numbers in and out of text, as .NET reads and writes them.
//!
//! Reading follows `ExpressionUtility.ParseNumber` (`Double.TryParse` with the invariant culture, then `0x` and
//! `0o` as `Int32`); writing follows the `G15` format. Anything unreadable is NaN, never an error.

use std::fmt::Write;

/// Reads a number; NaN when the text is none.
///
/// Blanks around it are ignored and the empty text is 0. Sign, decimals and exponent are allowed; `Infinity`
/// and `NaN` in any case, as `Double.TryParse` accepts them; `0x` and `0o` are 32-bit patterns, so
/// `0xFFFFFFFF` is -1 and anything wider is NaN.
///
/// Source: `ExpressionUtility.cs`, `ParseNumber`.
#[must_use]
pub fn parse(text: &str) -> f64 {
    if let Some(whole) = small_whole(text.as_bytes()) {
        return whole;
    }
    let text = text.trim();
    match text.as_bytes() {
        [] => 0.0,
        [b'0', b'x', digits @ ..] if !digits.is_empty() => int32(digits, 16),
        [b'0', b'o', digits @ ..] if !digits.is_empty() => int32(digits, 8),
        bytes => decimal(text, bytes),
    }
}

/// Reads a few digits and nothing else: what most numbers are.
fn small_whole(bytes: &[u8]) -> Option<f64> {
    const MAX_DIGITS: usize = 9;
    if bytes.is_empty() || bytes.len() > MAX_DIGITS {
        return None;
    }
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    bytes.iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?)).map(f64::from)
}

/// Reads digits as the bits of an `Int32`; NaN when there are too many or a wrong one.
fn int32(digits: &[u8], radix: u32) -> f64 {
    let mut bits: u32 = 0;
    for &byte in digits {
        let Some(digit) = char::from(byte).to_digit(radix) else { return f64::NAN };
        match bits.checked_mul(radix).and_then(|shifted| shifted.checked_add(digit)) {
            Some(next) => bits = next,
            None => return f64::NAN,
        }
    }
    f64::from(bits.cast_signed())
}

fn decimal(text: &str, bytes: &[u8]) -> f64 {
    match decimal_length(bytes) {
        // .NET tolerates NUL characters behind a number.
        Some(end) if bytes[end..].iter().all(|&byte| byte == 0) => text[..end].parse().unwrap_or(f64::NAN),
        _ => symbol(text),
    }
}

/// Reads a decimal number and nothing else.
pub(crate) fn parse_decimal(text: &str) -> Option<f64> {
    let end = decimal_length(text.as_bytes())?;
    if end == text.len() { text.parse().ok() } else { None }
}

/// Length of the number at the start of `bytes`: `[sign] digits [. digits] [e [sign] digits]`.
fn decimal_length(bytes: &[u8]) -> Option<usize> {
    let digits_from = |start: usize| bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits_from(end);
    end += whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits_from(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let start = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = if start <= bytes.len() { digits_from(start) } else { 0 };
        if exponent > 0 {
            end = start + exponent;
        }
    }
    Some(end)
}

fn symbol(text: &str) -> f64 {
    if text.eq_ignore_ascii_case("infinity") || text.eq_ignore_ascii_case("+infinity") {
        f64::INFINITY
    } else if text.eq_ignore_ascii_case("-infinity") {
        f64::NEG_INFINITY
    } else {
        f64::NAN
    }
}

/// Writes a number as an expression shows it: .NET's `G15`, with negative zero as `0`.
#[must_use]
pub fn to_string(number: f64) -> String {
    let mut text = String::new();
    write(number, &mut text);
    text
}

/// Appends what [`to_string`] returns.
pub fn write(number: f64, out: &mut String) {
    const EXACT: f64 = 1e15;
    let written = if number.is_nan() {
        out.push_str("NaN");
        Ok(())
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
        Ok(())
    } else if number.abs() < EXACT && number.trunc().to_bits() == number.to_bits() {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e15, so it fits")]
        let whole = number as i64;
        write!(out, "{whole}")
    } else {
        general(number, out)
    };
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

/// `G15` of a finite number that is not a small whole one.
fn general(number: f64, out: &mut String) -> std::fmt::Result {
    const DIGITS: usize = 15;
    let scientific = format!("{:.*e}", DIGITS - 1, number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    if number < 0.0 {
        out.push('-');
    }
    match usize::try_from(exponent) {
        Ok(exponent) if exponent < DIGITS => {
            let (whole, fraction) = digits.split_at(digits.len().min(exponent + 1));
            write!(out, "{whole:0<width$}", width = exponent + 1)?;
            if fraction.is_empty() { Ok(()) } else { write!(out, ".{fraction}") }
        }
        Err(_) if exponent >= -4 => {
            write!(out, "0.{:0>width$}", digits, width = digits.len() - 1 + exponent.unsigned_abs() as usize)
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let (point, sign) =
                (if rest.is_empty() { "" } else { "." }, if exponent < 0 { '-' } else { '+' });
            write!(out, "{first}{point}{rest}E{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_dotnet_reads_it() {
        for (text, number) in [
            ("", 0.0),
            ("  ", 0.0),
            (" 12.5\t", 12.5),
            ("+1", 1.0),
            ("-.5", -0.5),
            ("1.", 1.0),
            ("1e2", 100.0),
            ("1E+1", 10.0),
            ("1e999", f64::INFINITY),
            ("-1e999", f64::NEG_INFINITY),
            ("0x", f64::NAN),
            ("0xff", 255.0),
            ("0xFFFFFFFF", -1.0),
            ("0x00000000FF", 255.0),
            ("0x1FFFFFFFF", f64::NAN),
            ("0X1", f64::NAN),
            ("-0x1", f64::NAN),
            ("0o17", 15.0),
            ("0o37777777777", -1.0),
            ("0o47777777777", f64::NAN),
            ("0o8", f64::NAN),
            ("Infinity", f64::INFINITY),
            ("+Infinity", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("inf", f64::NAN),
            ("NaN", f64::NAN),
            (".", f64::NAN),
            ("e1", f64::NAN),
            ("1e", f64::NAN),
            ("1e+", f64::NAN),
            ("1 2", f64::NAN),
            ("--1", f64::NAN),
            ("1_0", f64::NAN),
            ("1,0", f64::NAN),
            ("1\0\0", 1.0),
            ("\u{a0}7\u{2003}", 7.0),
            ("é", f64::NAN),
        ] {
            let read = parse(text);
            assert!(read == number || (read.is_nan() && number.is_nan()), "{text:?}: {read} is not {number}");
        }
        assert!(parse("-0").is_sign_negative());
    }

    #[test]
    fn numbers_are_written_in_g15() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (42.0, "42"),
            (-1234.5, "-1234.5"),
            (0.1 + 0.2, "0.3"),
            (0.5, "0.5"),
            (1.0 / 3.0, "0.333333333333333"),
            (2.0 / 3.0, "0.666666666666667"),
            (1e14, "100000000000000"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1E+15"),
            (1.5e15, "1.5E+15"),
            (123_456_789_012_345_680.0, "1.23456789012346E+17"),
            (9_007_199_254_740_991.0, "9.00719925474099E+15"),
            (123_456_789_012.345_67, "123456789012.346"),
            (100_000_000_000_000.5, "100000000000000"),
            (999_999_999_999_999.9, "1E+15"),
            (0.0001, "0.0001"),
            (0.000_12, "0.00012"),
            (0.000_01, "1E-05"),
            (1.25e-7, "1.25E-07"),
            (1e100, "1E+100"),
            (5e-324, "4.94065645841247E-324"),
            (f64::MAX, "1.79769313486232E+308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(to_string(number), text);
        }
    }
}
