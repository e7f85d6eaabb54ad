//! The form of one line: a flag, and perhaps a value after the first blank.

use std::ffi::OsString;

/// Splits a trimmed line at its first blank.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(char::is_whitespace) {
        Some((flag, value)) => (flag, Some(value.trim_start())),
        None => (text, None),
    }
}

/// Replaces `$NAME` and `${NAME}`; the names of variables that are not set are added to `unset`, and nothing
/// stands in their place.
pub(super) fn expand<'a>(
    text: &str,
    lookup: impl Fn(&str) -> Option<&'a OsString>,
    unset: &mut Vec<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some((name, length)) = variable(rest) else {
            out.push('$');
            continue;
        };
        match lookup(name).and_then(|value| value.to_str()) {
            Some(value) => out.push_str(value),
            None => unset.push(name.to_owned()),
        }
        rest = &rest[length..];
    }
    out + rest
}

/// Returns the name that stands after a `$`, and how many bytes it takes.
fn variable(text: &str) -> Option<(&str, usize)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(braced) = text.strip_prefix('{') {
        let end = braced.find('}')?;
        let name = &braced[..end];
        return (!name.is_empty() && name.chars().all(is_name)).then_some((name, end + 2));
    }
    let length = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    (length > 0).then_some((&text[..length], length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_at_its_first_blank_only() {
        assert_eq!(split("--json"), ("--json", None));
        assert_eq!(split("-P a=b"), ("-P", Some("a=b")));
        assert_eq!(split("--env  A=b c"), ("--env", Some("A=b c")));
        assert_eq!(split("--env=A=b c"), ("--env=A=b", Some("c")));
    }

    #[test]
    fn variables_are_replaced_and_missing_ones_named() {
        let home = OsString::from("/h");
        let lookup = |name: &str| (name == "HOME").then_some(&home);
        for (text, expected, missing) in [
            ("$HOME/x", "/h/x", vec![]),
            ("${HOME}x", "/hx", vec![]),
            ("a$NO-b", "a-b", vec!["NO"]),
            ("5$", "5$", vec![]),
            ("${HOME", "${HOME", vec![]),
            ("$-", "$-", vec![]),
        ] {
            let mut unset = Vec::new();
            assert_eq!(expand(text, lookup, &mut unset), expected);
            assert_eq!(unset, missing);
        }
    }
}
