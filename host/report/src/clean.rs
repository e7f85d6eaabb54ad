//! Takes out of a step's output what would move the cursor, clear the screen, set titles or ring.
//!
//! Colours (SGR, `ESC [ … m`) may stay. Of a line that was written over with carriage returns, what
//! was written last stays.

/// Adds a line to `out`, cleaned. Returns whether colours were let through, so that they want an end.
pub(crate) fn push(out: &mut Vec<u8>, text: &str, keep_color: bool) -> bool {
    // No early exit, so that the compiler checks many bytes at once: nearly every line is clean.
    let unclean = text.bytes().fold(false, |seen, byte| seen | suspicious(byte));
    if !unclean {
        out.extend_from_slice(text.as_bytes());
        return false;
    }
    push_unclean(out, text.as_bytes(), keep_color)
}

/// Whether a byte may begin something that controls a terminal. 0xC2 begins U+0080 to U+00BF.
const fn suspicious(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f || byte == 0xc2
}

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

fn push_unclean(out: &mut Vec<u8>, text: &[u8], keep_color: bool) -> bool {
    let (begin, mut colored, mut at) = (out.len(), false, 0);
    let end = text.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    let text = &text[..end];
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        let taken = match byte {
            ESC => escape(rest),
            // The one-character forms of `ESC @` to `ESC _`, in UTF-8.
            0xc2 if matches!(rest.get(1), Some(0x80..=0x9f)) => escape_8_bit(rest),
            b'\r' => {
                out.truncate(begin);
                colored = false;
                Sequence::hidden(1)
            }
            b'\n' => {
                out.push(b' ');
                Sequence::hidden(1)
            }
            b'\t' => Sequence { length: 1, color: true },
            0x00..=0x1f | 0x7f => Sequence::hidden(1),
            _ => {
                let clean = rest.iter().skip(1).position(|byte| suspicious(*byte));
                let length = clean.map_or(rest.len(), |clean| clean + 1);
                out.extend_from_slice(&rest[..length]);
                Sequence::hidden(length)
            }
        };
        if taken.color && (keep_color || byte == b'\t') {
            out.extend_from_slice(&rest[..taken.length]);
            colored |= byte != b'\t';
        }
        at += taken.length;
    }
    colored
}

/// How many bytes a control sequence takes, and whether it only sets colours.
struct Sequence {
    length: usize,
    color: bool,
}

impl Sequence {
    const fn hidden(length: usize) -> Self {
        Self { length, color: false }
    }
}

/// Measures what begins with ESC.
fn escape(text: &[u8]) -> Sequence {
    match text.get(1) {
        Some(b'[') => control(text, 2),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => Sequence::hidden(string(text, 2)),
        Some(0x20..=0x2f) => {
            let between = text[1..].iter().take_while(|byte| matches!(byte, 0x20..=0x2f)).count();
            let last = usize::from(text.get(1 + between).is_some_and(u8::is_ascii));
            Sequence::hidden(1 + between + last)
        }
        Some(0x30..=0x7e) => Sequence::hidden(2),
        _ => Sequence::hidden(1),
    }
}

/// Measures what begins with a C1 character.
fn escape_8_bit(text: &[u8]) -> Sequence {
    match text.get(1) {
        Some(0x9b) => Sequence { color: false, ..control(text, 2) },
        Some(0x90 | 0x98 | 0x9d | 0x9e | 0x9f) => Sequence::hidden(string(text, 2)),
        _ => Sequence::hidden(2),
    }
}

/// Measures a control sequence whose parameters begin at `from`.
fn control(text: &[u8], from: usize) -> Sequence {
    let parameters = text[from..].iter().take_while(|byte| matches!(byte, 0x30..=0x3f)).count();
    let at = from + parameters;
    let between = text[at..].iter().take_while(|byte| matches!(byte, 0x20..=0x2f)).count();
    match text.get(at + between) {
        // `<`, `=`, `>` and `?` make it private: another thing than a colour.
        Some(b'm') => {
            let public = text[from..at].iter().all(|byte| *byte < 0x3c);
            Sequence { length: at + between + 1, color: between == 0 && public }
        }
        Some(0x40..=0x7e) => Sequence::hidden(at + between + 1),
        _ => Sequence::hidden(at + between),
    }
}

/// Measures a string (a title, a link) up to BEL or ST; all of the line where it has no end.
fn string(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = text.get(at) {
        match (byte, text.get(at + 1)) {
            (&BEL, _) => return at + 1,
            (&ESC, Some(b'\\')) | (0xc2, Some(0x9c)) => return at + 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    fn clean(text: &str, keep_color: bool) -> String {
        let mut out = b"> ".to_vec();
        super::push(&mut out, text, keep_color);
        String::from_utf8(out.split_off(2)).unwrap()
    }

    #[test]
    fn what_controls_a_terminal_goes_and_the_text_stays() {
        for (what, text, kept) in [
            ("plain", "a b\tc ü 日本 «·»", "a b\tc ü 日本 «·»"),
            ("clear the line", "\x1b[2Ka\x1b[1A\x1b[?25lb", "ab"),
            ("private m", "a\x1b[>4;1mb\x1b[?1mc", "abc"),
            ("title with BEL", "a\x1b]0;title\x07b", "ab"),
            ("link with ST", "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "text"),
            ("8-bit sequence", "a\u{9b}2Kb\u{85}c\u{9d}0;x\u{9c}d", "abcd"),
            ("charset, reset, keypad", "a\x1b(Bb\x1bcc\x1b=d", "abcd"),
            ("bell, backspace, NUL, DEL", "a\x07\x08\0\x7fb", "ab"),
            ("written over", "10%\r20%\r100%\r", "100%"),
            ("windows line", "text\r", "text"),
            ("only returns", "\r\r", ""),
            ("unfinished", "a\x1b[12", "a"),
            ("a lone escape", "a\x1b", "a"),
            ("an endless title", "a\x1b]0;b", "a"),
            ("escape before text beyond ASCII", "\x1bü\x1b(ü", "üü"),
        ] {
            assert_eq!(clean(text, true), kept, "{what}");
            assert_eq!(clean(text, false), kept, "{what}, no colour");
        }
    }

    #[test]
    fn colours_stay_only_where_they_are_wanted() {
        let text = "\x1b[1;31mred\x1b[0m \x1b[38:2:1:2:3mrgb\x1b[m";
        assert_eq!(clean(text, true), text);
        assert_eq!(clean(text, false), "red rgb");
    }
}
