use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn masker(secrets: &[&str]) -> Masker {
    let mut masker = Masker::new();
    for secret in secrets {
        masker.add(secret);
    }
    masker
}

/// `HostContextL0.DefaultSecretMaskers`.
#[test]
fn githubs_cases_of_encodings() {
    let masker = masker(&[
        "Password123!",
        "Pass\"word\"123!",
        "Pass word 123!",
        "Pass<word>123!",
        "Pass'word'123!",
        "\"Password123!!\"",
        "\"short\"",
    ]);
    for (text, wanted) in [
        ("123Password123!123", "123***123"),
        ("password123", "password123"),
        ("123Pass\\\"word\\\"123!123", "123***123"),
        ("123Pass%20word%20123%21123", "123***123"),
        ("123Pass&lt;word&gt;123!123", "123***123"),
        ("123Pass''word''123!123", "123***123"),
        ("123Password123!!123", "123***123"),
        ("123short123", "123short123"),
        ("123\"short\"123", "123***123"),
    ] {
        assert_eq!(masker.mask(text), wanted);
    }
    for (before, wanted) in [
        (":", "OlBh***"),
        ("a:", "YTpQ***"),
        ("ab:", "YWI6***"),
        ("abc:", "YWJjOlBh***"),
        ("abcd:", "YWJjZDpQ***"),
        ("abcde:", "YWJjZGU6***"),
    ] {
        assert_eq!(masker.mask(&STANDARD.encode(format!("{before}Password123!"))), wanted);
    }
}

/// `HostContextL0.SecretSectionMasking`. There `\x0033` is the digit 3, not an escape character.
#[test]
fn githubs_cases_of_powershell_fragments() {
    for (secret, text, wanted) in [
        ("secret&secret&secret", "secret&secret&3[96msecret3[0m", "***3[96m***3[0m"),
        ("secret&secret+secret", "secret&3[96msecret+secret3[0m", "***3[96m***3[0m"),
        ("secret+secret&secret", "secret+secret&3[96msecret3[0m", "***3[96m***3[0m"),
        ("secret&secret&+secretsecret", "secret&secret&+3[96ms3[0mecretsecret", "***3[96ms3[0m***"),
        ("secret&+secret&secret", "secret&+3[96ms3[0mecret&secret", "***3[96ms3[0m***"),
        ("secret&+secret&+secret", "secret&+3[96ms3[0mecret&+secret", "***3[96ms3[0m***"),
        ("secret&+secret&secret&+secret", "secret&+3[96ms3[0mecret&secret&+secret", "***3[96ms3[0m***"),
        ("secret&secret&+", "secret&secret&+3[96m3[0m", "***3[96m3[0m"),
    ] {
        assert_eq!(masker(&[secret]).mask(text), wanted, "{secret}");
    }
}

#[test]
fn stretches_that_overlap_or_touch_become_one() {
    for (secrets, text, wanted) in [
        (&["abcd", "cdef"][..], "xabcdefx", "x***x"),
        (&["abcd", "efgh"], "xabcdefghx", "x***x"),
        (&["abcd", "bc"], "abcd bc", "*** ***"),
        (&["abcdefgh", "cd"], "xabcdefghx", "x***x"),
        (&["aa"], "aaa a aa", "*** a ***"),
        (&["abab"], "ababab", "***"),
        (&["a"], "banana", "b***n***n***"),
        (&["ü"], "für übel", "f***r ***bel"),
        (&["secret"], "secret", "***"),
        (&["secret"], "", ""),
        (&[], "secret", "secret"),
    ] {
        assert_eq!(masker(secrets).mask(text), wanted, "{secrets:?} in {text}");
        assert_eq!(masker(secrets).mask_bytes(text.as_bytes()), wanted.as_bytes());
        assert_eq!(masker(secrets).holds_secret(text), wanted != text);
    }
}

#[test]
fn base64_is_found_even_if_text_follows() {
    let masker = masker(&["Password123!", "hunter2hunter2"]);
    for secret in ["Password123!", "hunter2hunter2"] {
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["\n", ":x", "abc", "\u{0}\u{ff}"] {
                let encoded = STANDARD.encode(format!("{before}{secret}{after}"));
                let masked = masker.mask(&encoded);
                assert!(masked.contains(MASK), "{before:?} {after:?}: {encoded}");
                assert!(masked.len() < encoded.len(), "{before:?} {after:?}: {masked}");
            }
        }
    }
}

#[test]
fn a_secret_of_several_lines_is_masked_whole_and_by_line() {
    let masker = masker(&["\n  first line\r\nsecond line  \n\n"]);
    assert_eq!(masker.mask("a first line b"), "a *** b");
    assert_eq!(masker.mask("<second line>"), "<***>");
    assert_eq!(masker.mask("first line\r\nsecond line"), "***");
    assert_eq!(masker.mask(r"first line\r\nsecond line"), "***");
    let in_line = masker.forms.iter().filter(|form| !form.contains(&b'\n'));
    assert_eq!(Some(masker.longest_in_line()), in_line.map(|form| form.len()).max());
}

#[test]
fn blanks_are_no_secret() {
    let mut masker = masker(&["", "  ", "\n\r\n", "\t"]);
    assert!(masker.is_empty());
    assert_eq!(masker.mask("a  b\tc\n"), "a  b\tc\n");
    masker.add_token("");
    assert!(masker.is_empty());
}

#[test]
fn a_token_is_masked_as_git_sends_it() {
    let mut masker = Masker::new();
    masker.add_token("ghs_0123456789");
    let header = format!("AUTHORIZATION: basic {}", STANDARD.encode("x-access-token:ghs_0123456789"));
    assert_eq!(masker.mask(&header), "AUTHORIZATION: basic ***");
    assert_eq!(masker.mask("token=ghs_0123456789"), "token=***");
}

#[test]
fn text_without_a_secret_is_not_copied() {
    let masker = masker(&["Password123!", "xy"]);
    for text in ["", "nothing here", "Password123", "x y"] {
        assert!(matches!(masker.mask(text), Cow::Borrowed(_)), "{text}");
        assert!(matches!(masker.mask_bytes(text.as_bytes()), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn secrets_can_be_added_after_masking() {
    let mut masker = masker(&["first-secret"]);
    assert_eq!(masker.mask("first-secret second abc"), "*** second abc");
    let before = masker.clone();
    masker.add("second");
    masker.add("abc");
    assert_eq!(masker.mask("first-secret second abc"), "*** *** ***");
    assert_eq!(before.mask("first-secret second abc"), "*** second abc");
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let masker = masker(&["secret"]);
    assert_eq!(masker.mask_bytes(b"\xffsecret\xfe\x80"), b"\xff***\xfe\x80".as_slice());
}

#[test]
fn debugging_shows_no_secret() {
    assert_eq!(format!("{:?}", masker(&["hidden"])), "Masker { secrets: 1, .. }");
}

/// Masks as `SecretMasker.cs` does: every occurrence of every form, marked byte by byte.
fn naive(masker: &Masker, text: &str) -> String {
    let bytes = text.as_bytes();
    let mut hidden = vec![false; bytes.len()];
    for form in &masker.forms {
        for start in 0..bytes.len() {
            if bytes[start..].starts_with(form) {
                hidden[start..start + form.len()].fill(true);
            }
        }
    }
    let mut masked = Vec::new();
    for (at, &byte) in bytes.iter().enumerate() {
        match (hidden[at], at > 0 && hidden[at - 1]) {
            (true, false) => masked.extend_from_slice(MASK.as_bytes()),
            (true, true) => {}
            (false, _) => masked.push(byte),
        }
    }
    String::from_utf8(masked).expect("cut between characters")
}

#[test]
fn it_masks_what_trying_every_form_at_every_place_masks() {
    let mut random = fastrand::Rng::with_seed(41);
    let alphabet = ['a', 'b', 'A', '&', '+', '"', '\'', ' ', 'é', '%', '='];
    let word = |random: &mut fastrand::Rng, longest: usize| -> String {
        (0..random.usize(1..=longest)).map(|_| *random.choice(&alphabet).expect("not empty")).collect()
    };
    let mut masked_count = 0;
    for _ in 0..3000 {
        let secrets: Vec<_> = (0..random.usize(1..5)).map(|_| word(&mut random, 9)).collect();
        let mut masker = Masker::new();
        secrets.iter().for_each(|secret| masker.add(secret));
        let mut text = word(&mut random, 30);
        for _ in 0..random.usize(0..4) {
            let form = random.choice(&masker.forms).map(|form| String::from_utf8_lossy(form).into_owned());
            text.push_str(&form.unwrap_or_default());
            text.push_str(&word(&mut random, 5));
        }
        let masked = masker.mask(&text);
        masked_count += usize::from(masked != text);
        assert_eq!(masked, naive(&masker, &text), "{secrets:?} in {text}");
        assert_eq!(masker.mask_bytes(text.as_bytes()), masked.as_bytes());
    }
    assert!(masked_count > 1000, "only {masked_count} of the texts held a secret");
}

#[test]
fn a_long_form_is_cut_into_stretches_that_leave_nothing_out() {
    let cut = |form: &str, length| stretches(form, length).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cut("", 4), [""]);
    assert_eq!(cut("abcd", 4), ["abcd"]);
    assert_eq!(cut("abcde", 4), ["abcd", "bcde"]);
    assert_eq!(cut("abcdefgh", 4), ["abcd", "efgh"]);
    assert_eq!(cut("abcdefghi", 4), ["abcd", "efgh", "fghi"]);
    assert_eq!(cut("aöüöü", 4), ["aö", "üö", "öü"]);
}

#[test]
fn a_very_long_secret_is_masked_by_its_stretches() {
    let secret: String = (0..20_000).map(|number| format!("{number:06}")).collect();
    let masker = masker(&[&secret]);
    assert_eq!(masker.longest_in_line(), MAX_FORM);
    assert_eq!(masker.mask(&format!("a{secret}b")), "a***b");
    assert_eq!(masker.mask(&secret[..100]), &secret[..100]);
}
