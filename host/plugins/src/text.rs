//! Text that a guest wrote, made fit for a terminal and a log.
//!
//! Escape codes could repaint what a person reads, and a line that begins like a workflow command would be obeyed by
//! whatever reads this program's output as a runner does. Both are taken out before anybody sees the text.

/// The longest reason, in characters.
pub(crate) const LONGEST_REASON: usize = 1000;

/// The longest line of a guest's log, in bytes.
pub(crate) const LONGEST_LINE: usize = 4096;

/// Makes one line of a text: what is no printable character becomes a space or goes, and what is too long is cut.
pub(crate) fn line(text: &str, longest: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(longest));
    for c in without_escapes(text) {
        if clean.len() + c.len_utf8() > longest {
            clean.push('…');
            break;
        }
        if c.is_whitespace() {
            clean.push(' ');
        } else if is_shown(c) {
            clean.push(c);
        }
    }
    disarm(clean.trim())
}

/// Makes one line of a reason.
pub(crate) fn reason(text: &str) -> String {
    line(text, LONGEST_REASON)
}

/// Whether a text is one line that needs no cleaning.
pub(crate) fn is_clean(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || (is_shown(c) && !c.is_whitespace()))
}

/// Drops escape sequences whole, so that no `[31m` is left behind.
fn without_escapes(text: &str) -> impl Iterator<Item = char> {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            let c = chars.next()?;
            match c {
                '\u{1b}' => match chars.next()? {
                    '[' => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                    // Titles, links and their like: up to BEL or ESC \.
                    ']' | 'P' | 'X' | '^' | '_' => while chars.next_if(|c| !ends(*c)).is_some() {},
                    _ => {}
                },
                '\u{9b}' => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                c => return Some(c),
            }
        }
    })
}

const fn ends(c: char) -> bool {
    matches!(c, '\u{7}' | '\u{1b}' | '\u{9c}' | '\n')
}

/// Whether a character shows itself and nothing else: no control, and none that reorders or hides its neighbours.
fn is_shown(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hidden
}

/// Takes the meaning from what a runner would read as a command: `::name::` in front, `##[name]` anywhere.
fn disarm(line: &str) -> String {
    let line = line.replace("##[", "# #[");
    match line.strip_prefix("::") {
        Some(rest) => format!(": :{rest}"),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_what_was_written_and_nothing_else() {
        for (text, clean) in [
            ("no label `x`", "no label `x`"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;https://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}2Jcleared", "cleared"),
            ("two\nlines\r\n", "two lines"),
            ("a\u{202e}b\u{200b}c\u{0}d", "abcd"),
            ("::add-mask::x", ": :add-mask::x"),
            ("  \u{1b}[0m::set-output name=a::b", ": :set-output name=a::b"),
            ("::\u{200b}:error::x", ": ::error::x"),
            ("see a::b", "see a::b"),
            ("x ##[error]y", "x # #[error]y"),
            ("\u{1b}", ""),
        ] {
            assert_eq!(line(text, 100), clean, "{text:?}");
            assert!(is_clean(&line(text, 100)), "{text:?}");
        }
    }

    #[test]
    fn a_line_is_cut_where_a_character_ends() {
        assert_eq!(line("ééé", 4), "éé…");
        assert_eq!(line(&"x".repeat(5000), LONGEST_LINE).len(), LONGEST_LINE + '…'.len_utf8());
    }
}
