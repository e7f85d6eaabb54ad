//! Character classes: `[…]`.

use super::escape::{self, Escape, Ranges};

/// Rewrites a class; `rest` begins behind its bracket. Returns the class and what follows it.
pub(super) fn read(rest: &str) -> Result<(String, &str), String> {
    let mut out = String::from("[");
    let mut rest = rest;
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut first = true;
    loop {
        // A bracket right at the start stands for itself.
        if let Some(after) = rest.strip_prefix(']')
            && !first
        {
            out.push(']');
            return Ok((out, after));
        }
        first = false;
        rest = item(rest, &mut out)?;
    }
}

/// One character, set or range.
fn item<'a>(rest: &'a str, out: &mut String) -> Result<&'a str, String> {
    let (low, after) = match member(rest)? {
        (Escape::Literal(low), after) => (low, after),
        (Escape::Set { ranges, negated }, after) => {
            write_set(out, ranges, negated);
            return Ok(after);
        }
        (Escape::Property(text), after) => {
            out.push('\\');
            out.push_str(text);
            return Ok(after);
        }
        // `member` gives none of these.
        (Escape::Assertion(_) | Escape::Group(_) | Escape::Name(_), after) => return Ok(after),
    };
    character(out, low);
    let Some(high) = after.strip_prefix('-').filter(|high| !high.starts_with(']')) else { return Ok(after) };
    let (Escape::Literal(high), after) = member(high)? else {
        return Err("Cannot include a class in a character range.".to_owned());
    };
    if high < low {
        return Err("[x-y] range in reverse order.".to_owned());
    }
    out.push('-');
    character(out, high);
    Ok(after)
}

fn member(rest: &str) -> Result<(Escape<'_>, &str), String> {
    let c = rest.chars().next().ok_or("Unterminated [] set.")?;
    let after = &rest[c.len_utf8()..];
    if c == '\\' { escape::read_in_class(after) } else { Ok((Escape::Literal(c), after)) }
}

/// Writes a set, as a class of its own.
pub(super) fn write_set(out: &mut String, ranges: Ranges, negated: bool) {
    out.push_str(if negated { "[^" } else { "[" });
    for (low, high) in ranges {
        character(out, *low);
        out.push('-');
        character(out, *high);
    }
    out.push(']');
}

/// Writes a character so that it means nothing else within a class.
fn character(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        // By number, as blanks vanish where the option `x` is on.
        out.push_str("\\x");
        for digit in [c as u32 >> 4, c as u32 & 15] {
            out.extend(char::from_digit(digit, 16));
        }
    }
}
