use super::super::pattern::Compiled;
use super::*;

fn captured(pattern: &str, line: &str) -> Option<Vec<String>> {
    let compiled = Compiled::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let groups = compiled.captures(line).unwrap()?;
    Some((1..compiled.group_count()).map(|number| groups.get(number).to_owned()).collect())
}

#[test]
fn patterns_mean_what_they_mean_to_dotnet() {
    let cases: [(&str, &str, Option<&[&str]>); 42] = [
        (r"^(\d+)$", "12", Some(&["12"])),
        (r"^(\d+)$", "١٢", None),
        (r"^(\w+)$", "é", None),
        (r"^([\w-]+)$", "a-b_9", Some(&["a-b_9"])),
        (r"^([^\W\d]+)$", "ab_", Some(&["ab_"])),
        (r"^([\S]+)$", "a.b", Some(&["a.b"])),
        (r"^x(\s)y$", "x\u{a0}y", None),
        (r"^x([\s\S]*)y$", "x\u{a0}y", Some(&["\u{a0}"])),
        (r"^\<(a)\>$", "<a>", Some(&["a"])),
        (r"^\_\y(\-\/\:\'\#\ )$", "_y-/:'# ", Some(&["-/:'# "])),
        (r"^([^[]+)\[", "ab[", Some(&["ab"])),
        (r"^([[\]&&~~+--a]+)$", "[]&~,-a", Some(&["[]&~,-a"])),
        (r"^([]a]+)$", "]a", Some(&["]a"])),
        (r"^([^]a]+)$", "bc", Some(&["bc"])),
        (r"^([a-]+)$", "a-", Some(&["a-"])),
        (r"^([+-]\d)$", "-1", Some(&["-1"])),
        (r"^([!-/]+)$", "#$%", Some(&["#$%"])),
        (r"^([a^]+)$", "a^", Some(&["a^"])),
        (r"^{(a)}$", "{a}", Some(&["a"])),
        (r"^a{,2}(b)$", "a{,2}b", Some(&["b"])),
        (r"^(a{2}b{1,}c{1,2})$", "aabcc", Some(&["aabcc"])),
        (r"^(a)]$", "a]", Some(&["a"])),
        (r"^\033\[(.+)\x1b\u001B\e$", "\x1b[a\x1b\x1b\x1b", Some(&["a"])),
        (r"^[\033](a)", "\x1ba", Some(&["a"])),
        (r"^(\0401)$", "\u{4}01", None),
        (r"^([\b])(\cI)(x)", "\x08\tx", Some(&["\x08", "\t", "x"])),
        (r"^(\ud83d\ude00)$", "😀", Some(&["😀"])),
        (r"^(a|b)\1$", "aa", Some(&["a"])),
        (r"^(a|b)\1$", "ab", None),
        (r"^(a)\10$", "aa0", Some(&["a"])),
        (r"^(a)\2$", "a\u{2}", Some(&["a"])),
        (r"^(?<n>a)(b)\k<n>\2$", "abaa", Some(&["b", "a"])),
        (r"^(?<n>a)(?'m'b)\k'm'$", "abb", Some(&["a", "b"])),
        (r"^(?:a)(?=b)(?!c)(.)(?<=b)(?<!c)$", "ab", Some(&["b"])),
        (r"^(?>a+)(b)$", "aab", Some(&["b"])),
        (r"(?i)^(ABC)$", "abc", Some(&["abc"])),
        (r"^(?i:A)(b)$", "ab", Some(&["b"])),
        (r"^a(?#comment (with [x)(b)$", "ab", Some(&["b"])),
        (
            r"^(.+?)\((\d+),(\d+)\):\s+(error|warning)\s+(TS\d+)\s*:\s*(.*)$",
            "a.ts(1,2): error TS1: x",
            Some(&["a.ts", "1", "2", "error", "TS1", "x"]),
        ),
        (r"^(a)?(b)$", "b", Some(&["", "b"])),
        (r"^(\p{L}+)([\P{L}]+)$", "é1", Some(&["é", "1"])),
        (r"^(a)\z", "a", Some(&["a"])),
    ];
    for (pattern, line, expected) in cases {
        let found = captured(pattern, line);
        let found = found.as_ref().map(|groups| groups.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found.as_deref(), expected, "{pattern} on {line}");
    }
}

#[test]
fn patterns_that_dotnet_refuses_are_refused() {
    for pattern in [
        "(", "a)", "[a", "[", "a\\", "*a", "(*FAIL)", "(?", "(?<", "(?<n", "(?<>a)", "(?P>n)", "(?R)",
        "(?~a)", "(?|a)", "(?(1)a)", r"[b-a]", r"[a-\d]", r"\x1", r"\u00", r"\ud83d", r"\p{", r"\p",
        r"\k<n>", r"\c", "(?#", "a**",
    ] {
        assert!(Compiled::new(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn huge_patterns_are_refused_and_not_compiled_for_ever() {
    let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(Compiled::new(&deep).is_err());
    assert!(Compiled::new("((a{1000}){1000}){1000}").is_err());
    assert!(Compiled::new(r"(?=(((a{1000}){1000}){1000}))\1").is_err());
}

#[test]
fn noise_never_panics() {
    let mut random = fastrand::Rng::with_seed(4);
    let parts = [
        "(", ")", "(?:", "(?=", "(?<n>", "(?<!", "[", "[^", "]", "-", "a", "é", "\\", "\\d", "\\1", "\\k<n>",
        "\\u00e9", "{2}", "{", "}", "*", "+", "?", "|", "^", "$", ".", "\\x", "&&", "(?i)", "#",
    ];
    let mut compiled = 0;
    for _ in 0..4_000 {
        let pattern: String = (0..random.usize(..9)).map(|_| parts[random.usize(..parts.len())]).collect();
        let json = file("a", &json!([{"regexp": pattern, "message": 0}]));
        let mut matchers = Matchers::default();
        if matchers.add(&json).is_ok() {
            compiled += 1;
            for line in ["", "aé-a", "a\x1b[1m]"] {
                matchers.scan(&mut matchers.stream(), line);
            }
        }
        let at = random.usize(..json.len());
        if let (Some(start), Some(end)) = (json.get(..at), json.get(at + 1..)) {
            let _ = Matchers::default().add(&format!("{start}{end}"));
        }
    }
    assert!(compiled > 100, "{compiled}");
}
