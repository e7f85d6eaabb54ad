use act_core::event::{FilePlace, Level, Mark};

use super::*;

type Case = (&'static str, Name, &'static [(&'static str, &'static str)], &'static str);

fn check(cases: &[Case]) {
    for (line, name, properties, data) in cases {
        let command = parse(line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(command.name, *name, "{line}");
        assert_eq!(command.properties.iter().collect::<Vec<_>>(), *properties, "{line}");
        assert_eq!(command.data, *data, "{line}");
    }
}

// ActionCommandL0.cs, `CommandParserV2Test`.
#[test]
fn a_command_is_read_as_by_github() {
    check(&[
        ("::debug k1=v1,::msg", Name::Debug, &[("k1", "v1")], "msg"),
        ("::debug::", Name::Debug, &[], ""),
        (
            "::debug k1=;=%2C=%0D=%0A=]=%3A,::;-%0D-%0A-]-:-,",
            Name::Debug,
            &[("k1", ";=,=\r=\n=]=:")],
            ";-\r-\n-]-:-,",
        ),
        (
            "::debug k1=;=%252C=%250D=%250A=]=%253A,::;-%250D-%250A-]-:-,",
            Name::Debug,
            &[("k1", ";=%2C=%0D=%0A=]=%3A")],
            ";-%0D-%0A-]-:-,",
        ),
        ("::debug k1=,k2=,::", Name::Debug, &[], ""),
        ("::debug k1=v1::", Name::Debug, &[("k1", "v1")], ""),
        ("   ::debug k1=v1,::msg", Name::Debug, &[("k1", "v1")], "msg"),
    ]);
    assert_eq!(parse("   >>>   ::debug k1=v1,::msg"), None);
}

// ActionCommandL0.cs, `CommandParserTest`.
#[test]
fn an_old_style_command_is_read_as_by_github() {
    check(&[
        ("##[debug k1=v1;]msg", Name::Debug, &[("k1", "v1")], "msg"),
        ("##[debug]", Name::Debug, &[], ""),
        ("##[debug k1=%3B=%0D=%0A=%5D;]%3B-%0D-%0A-%5D", Name::Debug, &[("k1", ";=\r=\n=]")], ";-\r-\n-]"),
        (
            "##[debug k1=%253B=%250D=%250A=%255D;]%253B-%250D-%250A-%255D",
            Name::Debug,
            &[("k1", "%3B=%0D=%0A=%5D")],
            "%3B-%0D-%0A-%5D",
        ),
        ("##[debug k1=;k2=;]", Name::Debug, &[], ""),
        (">>>   ##[debug k1=v1;]msg", Name::Debug, &[("k1", "v1")], "msg"),
    ]);
}

#[test]
fn corners_of_the_syntax_are_those_of_dotnet() {
    check(&[
        ("::WARNING File=a.rs,file=b.rs::m", Name::Warning, &[("File", "b.rs")], "m"),
        ("::error file=a, line=5::m", Name::Error, &[("file", "a"), (" line", "5")], "m"),
        ("::error   file=a  ::m", Name::Error, &[("file", "a")], "m"),
        ("##[error  file=a ]m", Name::Error, &[(" file", "a ")], "m"),
        ("::error =a==b=c::m", Name::Error, &[("a", "b=c")], "m"),
        ("\t\u{a0}::notice::a::b", Name::Notice, &[], "a::b"),
        ("::notice::50%25 %2 %0d %2525 %", Name::Notice, &[], "50% %2 %0d %25 %"),
        ("::unknown::##[group]a", Name::Group, &[], "a"),
        ("# ## ##[endgroup]", Name::EndGroup, &[], ""),
        ("::set-output name=x::y", Name::SetOutput, &[("name", "x")], "y"),
    ]);
    for plain in [
        "",
        " ",
        ":",
        "::",
        "::::",
        "::debug",
        "::debug:",
        ":: debug::x",
        "::debugger::x",
        "::internal-set-repo-path repoFullName=a/b,workspaceRepo=true::p",
        "##[debug",
        "##[]x",
        "##[foo]##[debug]x",
        "##",
        "#####",
        "é::debug::x",
    ] {
        assert_eq!(parse(plain), None, "{plain:?}");
    }
}

#[test]
fn every_name_is_found_by_its_word_in_any_case() {
    for name in Name::ALL {
        assert_eq!(Name::find(&name.as_str().to_uppercase()), Some(name));
    }
    assert_eq!(Name::find("debu"), None);
}

// ActionCommandManagerL0.cs, `StopProcessCommand…`.
#[test]
fn commands_stop_until_their_token_comes() {
    for (line, token, resumed) in [
        ("##[stopToken]", "stopToken", true),
        ("::stoptoken::", "stopToken", true),
        ("  ::randomToken a=b::x", "randomToken", true),
        ("text ##[t]", "t", true),
        ("##[set-env name=foo]bar", "stopToken", false),
        ("::stopToken", "stopToken", false),
        ("stopToken", "stopToken", false),
        ("::other::##[t]", "t", true),
        ("::debug::##[t]", "t", false),
        ("::debug::", "debug", true),
        ("::::", "", false),
    ] {
        assert_eq!(resumes(line, token), resumed, "{line} {token}");
    }
}

fn known(line: &str, allowed: Allowed) -> Result<Known, CommandError> {
    parse(line).unwrap().interpret(allowed).known
}

#[test]
fn a_token_that_others_could_say_is_refused_unless_allowed() {
    for token in ["stop-commands", "", "set-env", "Pause-Logging"] {
        let line = format!("::stop-commands::{token}");
        assert_eq!(known(&line, Allowed::default()), Err(CommandError::Token), "{token}");
        for yes in ["1", "true", "$TRUE"] {
            let allowed = Allowed::read(|name| (name == Allowed::UNSECURE_TOKENS).then_some(yes));
            let expected = Known::StopCommands { token: token.to_owned(), mask: token.len() > 6 };
            assert_eq!(known(&line, allowed), Ok(expected), "{token}");
        }
    }
    let short = Known::StopCommands { token: "sixsix".to_owned(), mask: false };
    assert_eq!(known("::stop-commands::sixsix", Allowed::default()), Ok(short));
}

// ActionCommandManagerL0.cs, `EchoProcessCommand…`.
#[test]
fn echo_is_on_or_off() {
    for (line, on) in
        [("::echo::on", true), ("::echo::off", false), ("::echo::ON", true), ("::echo::Off   ", false)]
    {
        assert_eq!(known(line, Allowed::default()), Ok(Known::Echo(on)), "{line}");
    }
    for (line, text) in [
        (
            "::echo::invalid",
            "Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: 'invalid'.",
        ),
        ("::echo::", "Value cannot be null. (Parameter 'value')"),
    ] {
        let error = known(line, Allowed::default()).unwrap_err();
        let expected = [format!("Unable to process command '{line}' successfully."), text.to_owned()];
        assert_eq!(error.lines(&parse(line).unwrap(), line), expected);
    }
}

// ActionCommandManagerL0.cs, `AddMaskWithMultilineValue`.
#[test]
fn a_mask_holds_for_each_line_of_its_value() {
    let masks = |line| match known(line, Allowed::default()) {
        Ok(Known::AddMask(values)) => values,
        _ => Vec::new(),
    };
    assert_eq!(
        masks("::add-mask::abc%0Ddef%0Aghi%0D%0A jkl "),
        ["abc\rdef\nghi\r\n jkl ", "abc", "def", "ghi", "jkl"]
    );
    assert_eq!(masks("::add-mask::abc"), ["abc"]);
    let meaning = parse("::add-mask:: %0D  %0A   %0D%0A    %0D").unwrap().interpret(Allowed::default());
    assert_eq!(meaning.known, Ok(Known::Nothing));
    assert_eq!(meaning.remarks[0].mark, Mark::Warning);
    assert_eq!(meaning.remarks[0].text, "Can't add secret mask for empty string in ##[add-mask] command.");
}

#[test]
fn disabled_commands_work_only_where_allowed() {
    for (line, name) in [("::set-env name=foo::bar", "set-env"), ("::add-path::/bin", "add-path")] {
        let error = known(line, Allowed::default()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("The `{name}` command is disabled. Please upgrade")), "{error}");
    }
    let allowed = Allowed::read(|name| (name == Allowed::UNSECURE_COMMANDS).then_some("True"));
    assert_eq!(
        known("::set-env name=foo::bar", allowed),
        Ok(Known::SetEnv { name: "foo".to_owned(), value: "bar".to_owned() })
    );
    assert_eq!(known("::add-path::/bin", allowed), Ok(Known::AddPath("/bin".to_owned())));
    assert_eq!(known("::add-path::", allowed), Err(CommandError::Empty("path")));
    assert_eq!(
        known("::set-env::bar", allowed).unwrap_err().to_string(),
        "Required field 'name' is missing in ##[set-env] command."
    );
    let meaning = parse("::set-env name=node_options::x").unwrap().interpret(allowed);
    assert_eq!((meaning.known, meaning.remarks[0].mark), (Ok(Known::Nothing), Mark::Error));
    let one = Allowed::read(|name| (name == Allowed::UNSECURE_COMMANDS).then_some("1"));
    assert!(!one.unsecure_commands, "only `true` allows them");
}

#[test]
fn outputs_and_state_warn_that_they_are_deprecated() {
    for (line, good) in [
        ("::set-output name=a::b", true),
        ("##[save-state name=a]b", true),
        ("::set-output::b", false),
        ("::save-state nam=a::b", false),
    ] {
        let meaning = parse(line).unwrap().interpret(Allowed::default());
        assert_eq!(meaning.known.is_ok(), good, "{line}");
        assert_eq!(meaning.remarks.len(), 1, "{line}");
        assert!(
            meaning.remarks[0].text.contains("command is deprecated and will be disabled soon."),
            "{line}"
        );
    }
}

#[test]
fn matchers_are_added_by_file_and_removed_by_owner_or_file() {
    let file = "m.json".to_owned();
    for (line, expected) in [
        ("::add-matcher::m.json", Known::AddMatcher { file: file.clone() }),
        ("::add-matcher::", Known::Nothing),
        ("::remove-matcher owner=a::", Known::RemoveMatcher { owner: "a".to_owned() }),
        ("::remove-matcher::m.json", Known::RemoveMatchersOf { file }),
        ("::remove-matcher owner=a::m.json", Known::Nothing),
        ("::remove-matcher::", Known::Nothing),
    ] {
        let meaning = parse(line).unwrap().interpret(Allowed::default());
        assert_eq!(meaning.remarks.is_empty(), expected != Known::Nothing, "{line}");
        assert_eq!(meaning.known, Ok(expected), "{line}");
    }
}

// ActionCommandManagerL0.cs, `IssueCommandInvalidColumns`.
#[test]
fn lines_and_columns_hold_only_where_they_make_sense() {
    for (written, [line, end_line, column, end_column], complaints) in [
        ("line=1,endLine=2,col=1,endColumn=2", [Some(1), Some(2), None, None], 1),
        ("col=1,endColumn=2", [None, None, None, None], 1),
        ("endLine=1", [Some(1), Some(1), None, None], 1),
        ("line=1,endColumn=2", [Some(1), None, Some(2), Some(2)], 1),
        ("line=,endLine=3", [Some(3), Some(3), None, None], 1),
        ("line=4,endLine=3", [None, None, None, None], 1),
        ("line=1,endLine=1,col=3,endColumn=2", [Some(1), Some(1), None, None], 1),
        ("line=1,endLine=1,col=1,endColumn=2", [Some(1), Some(1), Some(1), Some(2)], 0),
        ("line=1,col=1,file=test.txt", [Some(1), None, Some(1), None], 0),
        ("line=x,col=1", [None, None, None, None], 1),
        ("line= +7 ", [Some(7), None, None, None], 0),
        ("line=-7", [None, None, None, None], 0),
        ("line=99999999999", [None, None, None, None], 0),
        ("line=1,endLine=-1", [None, None, None, None], 1),
    ] {
        let meaning = parse(&format!("::warning {written}::m")).unwrap().interpret(Allowed::default());
        assert_eq!(meaning.remarks.len(), complaints, "{written} {:?}", meaning.remarks);
        let Ok(Known::Annotate(annotation)) = meaning.known else { panic!("{written}") };
        let file = annotation.place.file.clone();
        assert_eq!(annotation.place, FilePlace { file, line, end_line, column, end_column }, "{written}");
    }
}

#[test]
fn an_annotation_keeps_title_and_file() {
    let Ok(Known::Annotate(annotation)) =
        known("::error title=Bad%2C bad,file=/w/src/a.rs::it%0Abroke", Allowed::default())
    else {
        panic!()
    };
    assert_eq!((annotation.level, annotation.message.as_str()), (Level::Error, "it\nbroke"));
    assert_eq!(annotation.title.as_deref(), Some("Bad, bad"));
    assert_eq!(relative_to(annotation.place.file.as_deref().unwrap(), "/w"), "src/a.rs");
}

// IOUtil.cs, the examples of `MakeRelative`.
#[test]
fn a_path_is_relative_only_to_a_folder_above_it() {
    for (path, folder, expected) in [
        ("/src/project/foo.cpp", "/src", "project/foo.cpp"),
        ("/src/project/foo.cpp", "/src/", "project/foo.cpp"),
        ("/src/project/foo.cpp", "/specs", "/src/project/foo.cpp"),
        ("/src/project/foo.cpp", "/src/proj", "/src/project/foo.cpp"),
        ("/src", "/src", ""),
        ("a/b", "/src", "a/b"),
    ] {
        assert_eq!(relative_to(path, folder), expected, "{path} {folder}");
    }
}

// OutputManagerL0.cs, `StripCompositeMarkers_…`.
#[test]
fn a_process_cannot_mark_the_steps_of_an_action() {
    for (line, expected) in [
        ("##[start-action display=Fake;id=fake]", r"##[\start-action display=Fake;id=fake]"),
        ("##[end-action id=fake]", r"##[\end-action id=fake]"),
        ("Some text ##[start-action id=fake] more", r"Some text ##[\start-action id=fake] more"),
        ("##[group]My Group", "##[group]My Group"),
    ] {
        assert_eq!(disarm(line), expected);
    }
}

#[test]
fn noise_never_panics_and_reads_back_as_a_command_only_if_it_is_one() {
    let mut random = fastrand::Rng::with_seed(1);
    let parts = [
        "::",
        ":",
        "##[",
        "]",
        "#",
        " ",
        "=",
        ",",
        ";",
        "%25",
        "%0A",
        "%",
        "é",
        "\u{2003}",
        "debug",
        "error",
        "line",
        "col",
        "endLine",
        "endColumn",
        "-1",
        "7",
        "echo",
        "on",
        "stop-commands",
        "add-mask",
    ];
    let mut commands = 0;
    for _ in 0..20_000 {
        let rest: String = (0..random.usize(..12)).map(|_| parts[random.usize(..parts.len())]).collect();
        let start = ["", "", "::error ", "##[warning ", "::stop-commands::"][random.usize(..5)];
        let line = format!("{start}{rest}");
        let _ = resumes(&line, "debug");
        if let Some(command) = parse(&line) {
            commands += 1;
            let _ = command.interpret(Allowed { unsecure_commands: true, unsecure_tokens: random.bool() });
            assert!(line.contains("::") || line.contains("##["), "{line}");
        }
    }
    assert!(commands > 5000, "{commands}");
}

#[test]
fn a_plain_line_is_neither_a_command_nor_a_mark() {
    let mut random = fastrand::Rng::with_seed(6);
    let parts = ["::", "##[", "#", "debug", "end-action", " ", "]", "x", "\u{a0}", "\t", ":"];
    let mut plain = 0;
    for _ in 0..50_000 {
        let line: String = (0..random.usize(0..8)).map(|_| parts[random.usize(..parts.len())]).collect();
        if is_plain(&line) {
            plain += 1;
            assert_eq!(parse(&line), None, "{line:?}");
            assert!(matches!(disarm(&line), Cow::Borrowed(_)), "{line:?}");
        }
    }
    assert!(plain > 5_000 && is_plain("") && is_plain("test a::b ... ok"), "{plain}");
    assert!(!is_plain(" ::debug::x") && !is_plain("x ##[debug]"));
}
