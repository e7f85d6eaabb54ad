//! Text as .NET's `StringComparison.OrdinalIgnoreCase` sees it.
//!
//! Every character is mapped to its *simple* upper-case form before it is compared, so `ς`, `σ` and `Σ` are
//! equal while `ß` and `SS`, `ı` and `I`, `İ` and `i` are not. Order is that of UTF-16 units. No culture is
//! involved, and nothing here allocates.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// Maps a character to its simple upper-case form, as .NET's `OrdinalCasing` does.
///
/// `ı` (U+0131) and `ſ` (U+017F) stay as they are: .NET keeps them out of ordinal comparisons on purpose.
#[must_use]
pub fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    match c {
        '\u{131}' | '\u{17f}' => c,
        // Their full upper-case form is two characters, their simple one is the title-case letter.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => offset(c, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => offset(c, 9),
        _ => {
            let mut full = c.to_uppercase();
            match (full.next(), full.next()) {
                (Some(single), None) => single,
                _ => c,
            }
        }
    }
}

fn offset(c: char, by: u32) -> char {
    char::from_u32(c as u32 + by).unwrap_or(c)
}

/// Whether two texts are equal under `OrdinalIgnoreCase`.
#[must_use]
pub fn eq_ignore_case(left: &str, right: &str) -> bool {
    if left.eq_ignore_ascii_case(right) {
        return true;
    }
    if left.is_ascii() && right.is_ascii() {
        return false;
    }
    left.chars().map(upper).eq(right.chars().map(upper))
}

/// Orders two texts under `OrdinalIgnoreCase`, by UTF-16 unit.
#[must_use]
pub fn cmp_ignore_case(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        let upper = |byte: u8| byte.to_ascii_uppercase();
        return left.bytes().map(upper).cmp(right.bytes().map(upper));
    }
    left.chars().map(|c| rank(upper(c))).cmp(right.chars().map(|c| rank(upper(c))))
}

/// A key that sorts characters as their UTF-16 units sort: pairs of surrogates come before U+E000.
fn rank(c: char) -> u32 {
    match c as u32 {
        code @ 0x1_0000.. => code - 0x1_0000 + 0xd800,
        code @ 0xe000.. => code + 0x10_0000,
        code => code,
    }
}

/// Whether `text` begins with `prefix` under `OrdinalIgnoreCase`.
#[must_use]
pub fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    let mut text = text.chars();
    prefix.chars().all(|expected| text.next().is_some_and(|c| upper(c) == upper(expected)))
}

/// Whether `text` ends with `suffix` under `OrdinalIgnoreCase`.
#[must_use]
pub fn ends_with_ignore_case(text: &str, suffix: &str) -> bool {
    let mut text = text.chars().rev();
    suffix.chars().rev().all(|expected| text.next().is_some_and(|c| upper(c) == upper(expected)))
}

/// Whether `needle` occurs in `text` under `OrdinalIgnoreCase`; the empty text occurs everywhere.
#[must_use]
pub fn contains_ignore_case(text: &str, needle: &str) -> bool {
    if text.is_ascii() && needle.is_ascii() {
        return contains_ascii(text.as_bytes(), needle.as_bytes());
    }
    let mut rest = text;
    loop {
        if starts_with_ignore_case(rest, needle) {
            return true;
        }
        let mut chars = rest.chars();
        if chars.next().is_none() {
            return false;
        }
        rest = chars.as_str();
    }
}

fn contains_ascii(text: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    text.windows(needle.len())
        .any(|window| window[0].eq_ignore_ascii_case(first) && window.eq_ignore_ascii_case(needle))
}

/// Feeds a text to a hasher so that texts equal under [`eq_ignore_case`] have equal hashes.
pub fn hash_ignore_case<H: Hasher>(text: &str, state: &mut H) {
    if !text.is_ascii() {
        text.chars().for_each(|c| upper(c).hash(state));
        return;
    }
    // One `write` per block: per character would cost more than the comparison it saves. A character's own
    // `Hash` is a `write_u32`, so an ASCII-only text never has to match a text from the branch above.
    let mut block = [0_u8; 64];
    for chunk in text.as_bytes().chunks(block.len()) {
        let block = &mut block[..chunk.len()];
        block.copy_from_slice(chunk);
        block.make_ascii_uppercase();
        state.write(block);
    }
    state.write_u8(0xff);
}

/// Length in UTF-16 units: what `String.Length` is in .NET, and what positions in GitHub's messages count.
#[must_use]
pub fn utf16_len(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.bytes().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::DefaultHasher;

    fn hash(text: &str) -> u64 {
        let mut state = DefaultHasher::new();
        hash_ignore_case(text, &mut state);
        state.finish()
    }

    #[test]
    fn equality_uses_the_simple_upper_case_mapping() {
        for (left, right, equal) in [
            ("abc", "ABC", true),
            ("ς", "Σ", true),
            ("σ", "ς", true),
            ("ü", "Ü", true),
            ("ß", "SS", false),
            ("ß", "ẞ", false),
            ("ı", "I", false),
            ("İ", "i", false),
            ("ſ", "S", false),
            ("ᾳ", "ᾼ", true),
            ("ᾀ", "ᾈ", true),
            ("ǆ", "Ǆ", true),
            ("ⱥ", "Ⱥ", true),
            ("𐐨", "𐐀", true),
            ("\u{212a}", "k", false),
            ("ab", "abc", false),
        ] {
            assert_eq!(eq_ignore_case(left, right), equal, "{left} {right}");
            if equal {
                assert_eq!(hash(left), hash(right), "{left} {right}");
            }
        }
    }

    #[test]
    fn order_is_by_upper_cased_utf16_unit() {
        for (left, right, order) in [
            ("a", "B", Ordering::Less),
            ("_", "a", Ordering::Greater),
            ("_", "A", Ordering::Greater),
            ("", "a", Ordering::Less),
            ("ab", "A", Ordering::Greater),
            ("😀", "\u{ffff}", Ordering::Less),
            ("😀", "\u{d7ff}", Ordering::Greater),
            ("𐐨", "𐐀", Ordering::Equal),
        ] {
            assert_eq!(cmp_ignore_case(left, right), order, "{left} {right}");
        }
    }

    #[test]
    fn searching_ignores_case_on_both_sides() {
        assert!(contains_ignore_case("hello ΣΟΦΟΣ", "σοφος"));
        assert!(contains_ignore_case("Hello", "LL"));
        assert!(contains_ignore_case("", ""));
        assert!(!contains_ignore_case("Hello", "lol"));
        assert!(!contains_ignore_case("a", "ab"));
        assert!(starts_with_ignore_case("Ünder", "üN") && !starts_with_ignore_case("a", "ab"));
        assert!(ends_with_ignore_case("xΣ", "Xς") && !ends_with_ignore_case("b", "ab"));
    }

    #[test]
    fn length_counts_utf16_units() {
        for text in ["", "abc", "äß", "😀a", "\u{ffff}"] {
            assert_eq!(utf16_len(text), text.encode_utf16().count(), "{text}");
        }
    }
}
