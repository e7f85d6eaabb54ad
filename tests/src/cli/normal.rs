//! Takes out of a text what differs from run to run: times, ids, commits, folders.

use std::sync::LazyLock;

use fancy_regex::Regex;

/// Replacements, in order.
#[derive(Clone, Debug, Default)]
pub struct Normal {
    words: Vec<(String, &'static str)>,
}

/// What is recognised by its form.
static FORMS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let forms = [
        (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "<run>"),
        (r"\b01[0-9a-hjkmnp-tv-z]{24}\b", "<run>"),
        (r"\b[0-9a-f]{40}\b", "<commit>"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?\b", "<date>"),
        // Times stand in columns: their width is theirs, too.
        (r" {2,}(\d+\.\ds|\d+m \d\ds)\b", "  <time>"),
        (r"\b(\d+\.\ds|\d+m \d\ds)\b", "<time>"),
        (r"\bafter \d+ ms\b", "after <time>"),
        (r"\b127\.0\.0\.1:\d+\b", "<server>"),
    ];
    forms.map(|(form, word)| (Regex::new(form).expect("the form is well written"), word)).into()
});

impl Normal {
    /// Adds a text that stands for itself alone, such as a folder.
    pub fn word(&mut self, text: impl Into<String>, word: &'static str) {
        self.words.push((text.into(), word));
    }

    /// Returns the text as it would be anywhere.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        // Forms first: a short commit must not be found in a long one.
        let text = FORMS.iter().fold(text.replace('\u{1b}', "␛"), |text, (form, word)| {
            form.replace_all(&text, *word).into_owned()
        });
        self.words.iter().fold(text, |text, (from, to)| text.replace(from, to))
    }
}

/// Leaves out the lines that name a step before it ends when it says nothing in between: whether they are there
/// is a matter of time.
pub(super) fn without_silent_steps(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_silent = |index: usize| {
        let Some((begin, name)) = lines[index].split_once("▸ ") else { return false };
        let next = lines.get(index + 1).and_then(|next| next.strip_prefix(begin));
        let end = next.and_then(|next| next.split_once(' ')).map(|(_, end)| end);
        end.is_some_and(|end| end.starts_with(&format!("{} (", name.trim_end())))
    };
    (0..lines.len()).filter(|index| !is_silent(*index)).map(|index| lines[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_steps_are_named_once_at_their_end() {
        for (text, expected) in [
            ("▸ Run true\n✓ Run true (<time>)\n", "✓ Run true (<time>)\n"),
            ("[a] ▸ Run x\n[a] ✗ Run x (failed after <time>)\n", "[a] ✗ Run x (failed after <time>)\n"),
            ("▸ Run x\n  said\n✓ Run x (<time>)", "▸ Run x\n  said\n✓ Run x (<time>)"),
            ("▸ Run x\n  ✓ Run x (<time>)", "▸ Run x\n  ✓ Run x (<time>)"),
        ] {
            assert_eq!(without_silent_steps(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_differs_from_run_to_run_is_named_and_the_rest_kept() {
        let mut normal = Normal::default();
        normal.word("/tmp/x/project", "$REPO");
        for (text, expected) in [
            ("run 01M7Y6Q3YSHNCX1XH7R61108J6!", "run <run>!"),
            ("01m7y6q3yshncx1xh7r61108j6-build-1-1", "<run>-build-1-1"),
            ("57e7201c3fc538597711e7181f003dbc6b58b3a6 x", "<commit> x"),
            ("build     success      0.0s", "build     success  <time>"),
            ("(1m 02s)", "(<time>)"),
            ("/tmp/x/project/a", "$REPO/a"),
            ("2026-11-21 04:44  failure", "<date>  failure"),
            ("1.2.3 stays", "1.2.3 stays"),
        ] {
            assert_eq!(normal.apply(text), expected, "{text}");
        }
    }
}
