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

#[cfg(test)]
mod tests {
    use super::*;

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
