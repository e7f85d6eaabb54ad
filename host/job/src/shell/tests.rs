use super::*;

/// What is asked for and where; candidates, file extension and arguments.
type Case<'a> = (Option<&'a str>, Host, &'a [&'a str], &'a str, &'a [&'a str]);

fn arguments(asked: Option<&str>, host: Host) -> Result<Vec<String>, String> {
    Shell::parse(asked, host).arguments("/t/a.sh").map_err(|error| error.to_string())
}

#[test]
fn shells_are_run_as_by_github() {
    let pipefail = ["--noprofile", "--norc", "-e", "-o", "pipefail", "/t/a.sh"];
    let power = ["-command", ". '/t/a.sh'"];
    let cases: [Case<'_>; 12] = [
        (None, Host::Unix, &["bash", "sh"], ".sh", &["-e", "/t/a.sh"]),
        (Some(""), Host::Unix, &["bash", "sh"], ".sh", &["-e", "/t/a.sh"]),
        (None, Host::Container, &["sh"], ".sh", &["-e", "/t/a.sh"]),
        (None, Host::Windows, &["pwsh", "powershell"], ".ps1", &power),
        (Some("bash"), Host::Unix, &["bash"], ".sh", &pipefail),
        (Some("bash "), Host::Unix, &["bash"], ".sh", &pipefail),
        (Some("Bash"), Host::Unix, &["Bash"], ".sh", &pipefail),
        (Some("sh"), Host::Unix, &["sh"], ".sh", &["-e", "/t/a.sh"]),
        (Some("pwsh"), Host::Unix, &["pwsh"], ".ps1", &power),
        (Some("python"), Host::Unix, &["python"], ".py", &["/t/a.sh"]),
        (Some("bash --login {0}"), Host::Unix, &["bash"], ".sh", &["--login", "/t/a.sh"]),
        (Some("perl  -w \"a b\" '{0}'"), Host::Unix, &["perl"], "", &["-w", "a b", "'/t/a.sh'"]),
    ];
    for (asked, host, candidates, extension, expected) in cases {
        let shell = Shell::parse(asked, host);
        assert_eq!(shell.candidates().collect::<Vec<_>>(), candidates, "{asked:?}");
        assert_eq!(shell.extension(), extension, "{asked:?}");
        assert_eq!(arguments(asked, host).unwrap(), expected, "{asked:?}");
    }
}

#[test]
fn cmd_takes_its_arguments_as_one_text() {
    let shell = Shell::parse(Some("cmd"), Host::Windows);
    assert_eq!(shell.arguments_text(r"C:\t\a.cmd").unwrap(), r#"/D /E:ON /V:OFF /S /C "CALL "C:\t\a.cmd"""#);
}

#[test]
fn the_log_shows_the_program_and_its_arguments() {
    for (asked, host, found, expected) in [
        (None, Host::Unix, Some("/usr/bin/bash"), "/usr/bin/bash -e {0}"),
        (None, Host::Unix, Some("/bin/sh"), "/bin/sh -e {0}"),
        (None, Host::Container, None, "sh -e {0}"),
        (
            Some("bash"),
            Host::Unix,
            Some("/usr/bin/bash"),
            "/usr/bin/bash --noprofile --norc -e -o pipefail {0}",
        ),
        (Some("python"), Host::Unix, Some("/usr/bin/python"), "/usr/bin/python {0}"),
        (Some("pwsh"), Host::Unix, Some("/usr/bin/pwsh"), "/usr/bin/pwsh -command \". '{0}'\""),
        (Some("node"), Host::Container, None, "node "),
    ] {
        assert_eq!(Shell::parse(asked, host).display(found), expected, "{asked:?}");
    }
}

#[test]
fn wrong_shells_are_refused_with_githubs_words() {
    let invalid = "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string containing '{0}'";
    for (asked, text) in [
        ("node", invalid),
        ("bash -x", invalid),
        (" bash", invalid),
        (
            "a {0} {1}",
            "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.",
        ),
        (
            "a {0} }",
            "Input string was not in a correct format. Failure to parse near offset 5. Unexpected closing brace without a corresponding opening brace.",
        ),
        (
            "a {0} {x}",
            "Input string was not in a correct format. Failure to parse near offset 5. Expected an ASCII digit.",
        ),
        (
            "a {0} {0",
            "Input string was not in a correct format. Failure to parse near offset 6. Format item ends prematurely.",
        ),
    ] {
        assert_eq!(arguments(Some(asked), Host::Unix).unwrap_err(), text, "{asked}");
    }
    let missing = |asked| Shell::parse(asked, Host::Unix).not_found().to_string();
    assert_eq!(missing(Some("fish {0}")), "fish: command not found");
    assert_eq!(missing(None), "sh: command not found");
    assert_eq!(missing(Some(" bash")), "Value cannot be null. (Parameter 'command')");
}

#[test]
fn braces_are_those_of_dotnets_format() {
    for (format, expected) in [
        ("{0}", "/t/a.sh"),
        ("{{0}} {0}", "{0} /t/a.sh"),
        ("{0:x}", "/t/a.sh"),
        ("{0,9}|", "  /t/a.sh|"),
        ("{0,-9}|", "/t/a.sh  |"),
        ("{0 , 8 :x}|", " /t/a.sh|"),
        ("{0,3}|", "/t/a.sh|"),
        ("{{ {0} }}", "{ /t/a.sh }"),
    ] {
        assert_eq!(format::format(format, "/t/a.sh").unwrap(), expected, "{format}");
    }
    assert!(format::format("{99999999999999999999}", "").is_err());
}

#[test]
fn arguments_are_split_as_dotnet_splits_them() {
    for (text, expected) in [
        ("", &[][..]),
        (" \t ", &[]),
        ("a  b\tc", &["a", "b", "c"]),
        (r#""a b" c"#, &["a b", "c"]),
        (r#"a"b c"d"#, &["ab cd"]),
        (r#""" x"#, &["", "x"]),
        (r#""a""b""#, &["a\"b"]),
        (r#"a""b"#, &["ab"]),
        (r#"\"a\""#, &["\"a\""]),
        (r#"\\"a b""#, &[r"\a b"]),
        (r#"\\\"a"#, &[r#"\"a"#]),
        (r"a\b\\c\", &[r"a\b\\c\"]),
        ("'a b'", &["'a", "b'"]),
        ("\"a b", &["a b"]),
        ("a\nb", &["a\nb"]),
    ] {
        assert_eq!(split::split(text), expected, "{text}");
    }
}

#[test]
fn a_quote_in_the_scripts_path_stays_a_quote() {
    let shell = Shell::parse(Some("bash"), Host::Unix);
    assert_eq!(shell.arguments("/t/a\"b.sh").unwrap().last().unwrap(), "/t/a\"b.sh");
}

#[test]
fn a_blank_in_the_scripts_path_does_not_split_it() {
    for (asked, expected) in [
        ("bash", &["--noprofile", "--norc", "-e", "-o", "pipefail", "/my jobs/a b.sh"][..]),
        ("pwsh", &["-command", ". '/my jobs/a b.sh'"]),
        ("x \"{0}\" -f={0}", &["/my jobs/a b.sh", "-f=/my jobs/a b.sh"]),
    ] {
        assert_eq!(Shell::parse(Some(asked), Host::Unix).arguments("/my jobs/a b.sh").unwrap(), expected);
    }
}

#[test]
fn scripts_are_completed_for_their_shell() {
    for (asked, host, expected) in [
        (Some("bash"), Host::Unix, "a\r\nb\n"),
        (Some("cmd"), Host::Windows, "@echo off\r\na\r\nb\r\n"),
        (
            Some("pwsh"),
            Host::Unix,
            "$ErrorActionPreference = 'stop'\na\r\nb\n\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }",
        ),
        (Some("PWSH"), Host::Unix, "a\r\nb\n"),
        (Some("python"), Host::Windows, "a\r\nb\r\n"),
    ] {
        assert_eq!(Shell::parse(asked, host).script("a\r\nb\n"), expected, "{asked:?}");
    }
}

#[test]
fn a_hook_runs_bash_without_its_usual_options() {
    let hook = |shell| Shell::for_hook(shell, Host::Unix).display(None);
    assert_eq!(hook("bash"), "bash -e {0}");
    assert_eq!(hook("pwsh"), "pwsh -command \". '{0}'\"");
}

#[test]
fn noise_never_panics() {
    let mut random = fastrand::Rng::with_seed(3);
    let parts = ["{0}", "{", "}", "{{", ",", ":", "-", "9", "\"", "\\", " ", "\t", "'", "é", "bash", "1"];
    for _ in 0..20_000 {
        let text: String = (0..random.usize(..12)).map(|_| parts[random.usize(..parts.len())]).collect();
        for host in [Host::Unix, Host::Container, Host::Windows] {
            let shell = Shell::parse(Some(&text), host);
            let _ = (shell.arguments("/a b"), shell.display(None), shell.not_found());
        }
        let _ = split::split(&text);
    }
}
