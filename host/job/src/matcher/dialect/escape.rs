//! What a backslash means.

/// ASCII ranges, both ends with them.
pub(super) type Ranges = &'static [(char, char)];

const DIGIT: Ranges = &[('0', '9')];
const WORD: Ranges = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const SPACE: Ranges = &[('\t', '\r'), (' ', ' ')];

/// What stands behind a backslash.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Escape<'a> {
    /// A character.
    Literal(char),
    /// `\d`, `\W` and their like.
    Set { ranges: Ranges, negated: bool },
    /// `\p{…}`, without the backslash.
    Property(&'a str),
    /// A place between characters.
    Assertion(&'static str),
    /// Group by number.
    Group(usize),
    /// Group by name.
    Name(&'a str),
}

/// Reads what follows a backslash outside of a class. `groups` counts the groups, with group 0.
pub(super) fn read(rest: &str, groups: usize) -> Result<(Escape<'_>, &str), String> {
    let c = rest.chars().next().ok_or("Illegal \\ at end of pattern.")?;
    let after = &rest[c.len_utf8()..];
    let assertion = |text| Ok((Escape::Assertion(text), after));
    match c {
        'A' => assertion("\\A"),
        'b' => assertion("\\b"),
        'B' => assertion("\\B"),
        'G' => assertion("\\G"),
        // Lines hold no newline, so that before the last one is the end.
        'z' | 'Z' => assertion("\\z"),
        'k' => named(after),
        '1'..='9' => Ok(numbered(rest, groups)),
        _ => common(rest),
    }
}

/// Reads what follows a backslash in a class.
pub(super) fn read_in_class(rest: &str) -> Result<(Escape<'_>, &str), String> {
    match rest.strip_prefix('b') {
        Some(after) => Ok((Escape::Literal('\x08'), after)),
        None => common(rest),
    }
}

fn common(rest: &str) -> Result<(Escape<'_>, &str), String> {
    let c = rest.chars().next().ok_or("Illegal \\ at end of pattern.")?;
    let after = &rest[c.len_utf8()..];
    let set = |ranges, negated| Ok((Escape::Set { ranges, negated }, after));
    let literal = |c| Ok((Escape::Literal(c), after));
    match c {
        'd' => set(DIGIT, false),
        'D' => set(DIGIT, true),
        'w' => set(WORD, false),
        'W' => set(WORD, true),
        's' => set(SPACE, false),
        'S' => set(SPACE, true),
        'a' => literal('\x07'),
        'e' => literal('\x1b'),
        'f' => literal('\x0c'),
        'n' => literal('\n'),
        'r' => literal('\r'),
        't' => literal('\t'),
        'v' => literal('\x0b'),
        'x' => hex(after, 2),
        'u' => unicode(after),
        'c' => control(after),
        'p' | 'P' => property(rest, after),
        '0'..='7' => Ok(octal(rest)),
        // The option ECMAScript lets a backslash stand before anything.
        c => literal(c),
    }
}

fn named(after: &str) -> Result<(Escape<'_>, &str), String> {
    let inner = after.strip_prefix('<').and_then(|inner| inner.split_once('>'));
    let inner = inner.or_else(|| after.strip_prefix('\'').and_then(|inner| inner.split_once('\'')));
    let (name, rest) = inner.ok_or("Malformed \\k<...> named back reference.")?;
    Ok((Escape::Name(name), rest))
}

/// As many digits as still name a group; else an octal character.
fn numbered(rest: &str, groups: usize) -> (Escape<'_>, &str) {
    let mut found = None;
    let mut number = 0;
    for (at, digit) in rest.bytes().enumerate().take_while(|(_, byte)| byte.is_ascii_digit()) {
        number = number * 10 + usize::from(digit - b'0');
        if number >= groups {
            break;
        }
        found = Some((Escape::Group(number), &rest[at + 1..]));
    }
    found.unwrap_or_else(|| octal(rest))
}

/// Up to three octal digits, while they make less than 32; `8` and `9` stand for themselves.
fn octal(rest: &str) -> (Escape<'_>, &str) {
    let mut value = 0_u8;
    let mut length = 0;
    for digit in rest.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)) {
        value = value * 8 + (digit - b'0');
        length += 1;
        if value >= 0x20 {
            break;
        }
    }
    match rest.chars().next() {
        Some(c) if length == 0 => (Escape::Literal(c), &rest[c.len_utf8()..]),
        _ => (Escape::Literal(char::from(value)), &rest[length..]),
    }
}

fn hex_value(text: &str, digits: usize) -> Result<(u32, &str), String> {
    let value = text.get(..digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let value = value.and_then(|text| u32::from_str_radix(text, 16).ok());
    Ok((value.ok_or("Insufficient or invalid hexadecimal digits.")?, &text[digits..]))
}

fn hex(after: &str, digits: usize) -> Result<(Escape<'_>, &str), String> {
    let (value, rest) = hex_value(after, digits)?;
    let c = char::from_u32(value).ok_or("A surrogate stands alone.")?;
    Ok((Escape::Literal(c), rest))
}

/// A character beyond the basic plane is written as two.
fn unicode(after: &str) -> Result<(Escape<'_>, &str), String> {
    let (first, rest) = hex_value(after, 4)?;
    if let Some(second) = rest.strip_prefix("\\u")
        && (0xD800..0xDC00).contains(&first)
    {
        let (second, rest) = hex_value(second, 4)?;
        let value = 0x10000 + ((first - 0xD800) << 10) + second.wrapping_sub(0xDC00);
        let paired = (0xDC00..0xE000).contains(&second).then(|| char::from_u32(value)).flatten();
        return Ok((Escape::Literal(paired.ok_or("A surrogate stands alone.")?), rest));
    }
    hex(after, 4)
}

fn control(after: &str) -> Result<(Escape<'_>, &str), String> {
    let byte = after.bytes().next().map(|byte| byte.to_ascii_uppercase());
    let byte = byte.filter(|byte| (b'@'..=b'_').contains(byte)).ok_or("Unrecognized control character.")?;
    Ok((Escape::Literal(char::from(byte - b'@')), &after[1..]))
}

fn property<'a>(rest: &'a str, after: &'a str) -> Result<(Escape<'a>, &'a str), String> {
    const WRONG: &str = "Malformed \\p{X} character escape.";
    let name = after.strip_prefix('{').and_then(|name| name.split_once('}')).ok_or(WRONG)?.0;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(WRONG.to_owned());
    }
    let length = name.len() + 3;
    Ok((Escape::Property(&rest[..length]), &rest[length..]))
}
