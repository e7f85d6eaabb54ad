//! The forms in which a secret turns up in output.
//!
//! A port of `ValueEncoders.cs`, in the set that `HostContext.cs` registers, plus one of our own: base64 cut before
//! its last, incomplete group (see [`base64_forms`]). Lengths are counted in UTF-16 units, as there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// PowerShell colours parts of a secret with `&`; shorter parts are not masked.
const SHORTEST_FRAGMENT: usize = 6;

/// A secret in quotes is also masked without them if it is longer than this.
const LONGEST_QUOTED_KEPT: usize = 8;

/// Cut base64 of fewer characters is left alone: it says little, and turns up by chance.
const SHORTEST_CUT_BASE64: usize = 8;

/// Every form of `value`, itself first; some may be equal or empty.
pub(crate) fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    base64_forms(value, &mut forms);
    forms.push(value.replace('"', "\\\""));
    forms.push(value.replace('\'', "''"));
    forms.push(json(value));
    forms.push(uri(value));
    forms.push(xml(value));
    forms.extend(unquoted(value));
    forms.extend(before_ampersand(value));
    forms.extend(after_ampersand(value));
    forms
}

/// The password that git is given for a token: base64 of `x-access-token:<token>` (`ActionManager.cs`).
pub(crate) fn git_credential(token: &str) -> String {
    STANDARD.encode(format!("x-access-token:{token}"))
}

/// Base64 of the secret from its first, second and third byte on: within the base64 of a longer text, all but the
/// first and last few characters of the secret read like one of them.
///
/// GitHub's forms are those of a secret that ends the text. If text follows, if only a line feed as in
/// `echo "$SECRET" | base64`, the last group differs, so each form is also added up to the last character that the
/// secret alone decides.
fn base64_forms(value: &str, forms: &mut Vec<String>) {
    let bytes = value.as_bytes();
    for shift in 0..3 {
        let tail = if bytes.len() > shift { &bytes[shift..] } else { bytes };
        let encoded = STANDARD.encode(tail);
        // Six bits a character: whole groups, then one character for one byte left over, two for two.
        let decided = tail.len() / 3 * 4 + tail.len() % 3;
        if decided >= SHORTEST_CUT_BASE64 && decided < encoded.len() {
            forms.push(encoded[..decided].to_owned());
        }
        forms.push(encoded);
    }
}

/// Escapes as Newtonsoft's `JsonConvert.ToString` does, without the quotes.
fn json(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str("\\u");
                push_hex(&mut escaped, u32::from(c), 4, b"0123456789abcdef");
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// Escapes as `Uri.EscapeDataString` does: all but the unreserved characters of RFC 3986.
fn uri(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            push_hex(&mut escaped, u32::from(byte), 2, b"0123456789ABCDEF");
        }
    }
    escaped
}

fn push_hex(out: &mut String, number: u32, digits: u32, alphabet: &[u8; 16]) {
    for place in (0..digits).rev() {
        out.push(char::from(alphabet[(number >> (4 * place) & 0xf) as usize]));
    }
}

/// Escapes as `SecurityElement.Escape` does.
fn xml(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '&' => escaped.push_str("&amp;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Without double quotes around it, which shells take off.
fn unquoted(value: &str) -> Option<String> {
    if units(value) <= LONGEST_QUOTED_KEPT {
        return None;
    }
    value.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

/// What PowerShell prints before the colour codes it puts into a command with `&`: up to the first `&+`, else up to
/// the last `&`.
fn before_ampersand(value: &str) -> Option<String> {
    let end = match value.find("&+") {
        Some(plus) => plus + "&+".len(),
        None => value.rfind('&')? + "&".len(),
    };
    long_enough(&value[..end])
}

/// What it prints after them; after `&+` it colours one character more.
fn after_ampersand(value: &str) -> Option<String> {
    let rest = match value.find("&+") {
        Some(plus) => {
            let mut rest = value[plus + "&+".len()..].chars();
            rest.next();
            rest.as_str()
        }
        None => &value[value.rfind('&')? + "&".len()..],
    };
    long_enough(rest)
}

fn long_enough(fragment: &str) -> Option<String> {
    (units(fragment) >= SHORTEST_FRAGMENT).then(|| fragment.to_owned())
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_dot_net() {
        for (value, json_form, uri_form, xml_form) in [
            ("plain-1._~", "plain-1._~", "plain-1._~", "plain-1._~"),
            ("a\"b'c", "a\\\"b'c", "a%22b%27c", "a&quot;b&apos;c"),
            ("<&>", "<&>", "%3C%26%3E", "&lt;&amp;&gt;"),
            ("\\\n\r\t\u{8}\u{c}", "\\\\\\n\\r\\t\\b\\f", "%5C%0A%0D%09%08%0C", "\\\n\r\t\u{8}\u{c}"),
            ("\u{1}\u{1f}\u{2028}", "\\u0001\\u001f\\u2028", "%01%1F%E2%80%A8", "\u{1}\u{1f}\u{2028}"),
            ("é/😀", "é/😀", "%C3%A9%2F%F0%9F%98%80", "é/😀"),
        ] {
            assert_eq!(json(value), json_form);
            assert_eq!(uri(value), uri_form);
            assert_eq!(xml(value), xml_form);
        }
    }

    #[test]
    fn base64_comes_at_three_alignments_whole_and_cut() {
        let mut forms = Vec::new();
        base64_forms("Password123!", &mut forms);
        let wanted = [
            // Twelve bytes end with a whole group: nothing to cut.
            "UGFzc3dvcmQxMjMh",
            // Of eleven, two characters of the last group are certain; of ten, one.
            "YXNzd29yZDEyMy",
            "YXNzd29yZDEyMyE=",
            "c3N3b3JkMTIzI",
            "c3N3b3JkMTIzIQ==",
        ];
        assert_eq!(forms, wanted);
    }

    #[test]
    fn short_secrets_are_not_cut() {
        let mut forms = Vec::new();
        base64_forms("a", &mut forms);
        assert_eq!(forms, ["YQ==", "YQ==", "YQ=="]);
    }

    #[test]
    fn quotes_come_off_longer_secrets_only() {
        assert_eq!(unquoted("\"1234567\""), Some("1234567".to_owned()));
        assert_eq!(unquoted("\"123456\""), None);
        assert_eq!(unquoted("\"12345678"), None);
        assert_eq!(unquoted("\"\"\"\"\"\"\"\"\"\""), Some("\"\"\"\"\"\"\"\"".to_owned()));
    }

    #[test]
    fn fragments_around_ampersands_are_long_enough_or_left_out() {
        for (value, before, after) in [
            ("secret&secret", Some("secret&"), Some("secret")),
            ("a&b", None, None),
            ("secret&+secret1", Some("secret&+"), Some("ecret1")),
            ("secret&+secret", Some("secret&+"), None),
            ("secret&+", Some("secret&+"), None),
            ("abcdef", None, None),
            ("abcd&+é", Some("abcd&+"), None),
        ] {
            assert_eq!(before_ampersand(value).as_deref(), before, "{value}");
            assert_eq!(after_ampersand(value).as_deref(), after, "{value}");
        }
    }

    #[test]
    fn a_token_is_known_as_git_sends_it() {
        assert_eq!(git_credential("ghs_x"), "eC1hY2Nlc3MtdG9rZW46Z2hzX3g=");
    }
}
