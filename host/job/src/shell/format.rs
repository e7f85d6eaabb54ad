//! Puts the script's path into the arguments, by the rules of .NET's `string.Format`.
//!
//! Source: dotnet/runtime `CompositeFormat`: `{{` and `}}` are braces, `{0}` may carry a width (`{0,9}`)
//! and a format (`{0:x}`, which means nothing for text).

use super::ShellError;

pub(super) fn format(template: &str, script: &str) -> Result<String, ShellError> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let here = Place { template, rest };
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            out.push_str(&rest[..1]);
            rest = after;
        } else if rest.starts_with('}') {
            return Err(here.error(1, "Unexpected closing brace without a corresponding opening brace."));
        } else {
            let item = here.item()?;
            item.write(script, &mut out);
            rest = item.after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// An opening brace in the template.
struct Place<'a> {
    template: &'a str,
    rest: &'a str,
}

/// `{0}`, or with width and format.
struct Item<'a> {
    width: i64,
    after: &'a str,
}

/// .NET's own bound for numbers in format strings.
const LIMIT: i64 = 1_000_000;

impl<'a> Place<'a> {
    fn error(&self, further: usize, reason: &'static str) -> ShellError {
        let at = self.template.len() - self.rest.len();
        let offset = self.template[..at].encode_utf16().count() + further;
        ShellError::Format { offset, reason }
    }

    fn unclosed(&self, rest: &str) -> ShellError {
        self.error(self.rest.len() - rest.len(), "Format item ends prematurely.")
    }

    fn no_digit(&self, rest: &str) -> ShellError {
        if rest.is_empty() {
            return self.unclosed(rest);
        }
        self.error(self.rest.len() - rest.len(), "Expected an ASCII digit.")
    }

    fn item(&self) -> Result<Item<'a>, ShellError> {
        let (index, rest) = number(&self.rest[1..]).ok_or_else(|| self.no_digit(&self.rest[1..]))?;
        let mut rest = rest.trim_start_matches(' ');
        let mut width = 0;
        if let Some(after) = rest.strip_prefix(',') {
            let after = after.trim_start_matches(' ');
            let (sign, digits) = after.strip_prefix('-').map_or((1, after), |digits| (-1, digits));
            let (value, after) = number(digits).ok_or_else(|| self.no_digit(digits))?;
            width = sign * value;
            rest = after.trim_start_matches(' ');
        }
        if let Some(format) = rest.strip_prefix(':') {
            rest = format.find(['{', '}']).map_or("", |at| &format[at..]);
        }
        let after = rest.strip_prefix('}').ok_or_else(|| self.unclosed(rest))?;
        if index == 0 { Ok(Item { width, after }) } else { Err(ShellError::Index) }
    }
}

impl Item<'_> {
    fn write(&self, script: &str, out: &mut String) {
        let missing = usize::try_from(self.width.abs()).unwrap_or(0);
        let padding = std::iter::repeat_n(' ', missing.saturating_sub(script.encode_utf16().count()));
        if self.width > 0 {
            out.extend(padding);
            out.push_str(script);
        } else {
            out.push_str(script);
            out.extend(padding);
        }
    }
}

fn number(text: &str) -> Option<(i64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let value =
        text[..digits].bytes().fold(0, |value, digit| (value * 10 + i64::from(digit - b'0')).min(LIMIT));
    (digits > 0).then_some((value, &text[digits..]))
}
