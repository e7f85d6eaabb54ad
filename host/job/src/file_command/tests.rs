use super::*;

fn pairs(read: &Pairs) -> Vec<(&str, &str)> {
    read.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

const KINDS: [FileCommand; 3] = [FileCommand::Env, FileCommand::Output, FileCommand::State];

type Case = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

// SetEnvFileCommandL0.cs, SetOutputFileCommandL0.cs, SaveStateFileCommandL0.cs: the same cases thrice.
const CASES: [Case; 10] = [
    ("an empty file", &[], &[]),
    ("a pair", &["MY_ENV=MY VALUE"], &[("MY_ENV", "MY VALUE")]),
    (
        "empty lines",
        &["", "MY_ENV=my value", "", "MY_ENV_2=my second value", ""],
        &[("MY_ENV", "my value"), ("MY_ENV_2", "my second value")],
    ),
    ("an empty value", &["MY_ENV="], &[("MY_ENV", "")]),
    (
        "several pairs",
        &["MY_ENV=my value", "MY_ENV_2=", "MY_ENV_3=my third value"],
        &[("MY_ENV", "my value"), ("MY_ENV_2", ""), ("MY_ENV_3", "my third value")],
    ),
    (
        "equals signs",
        &["MY_ENV==abc", "MY_ENV_2=def=ghi", "MY_ENV_3=jkl="],
        &[("MY_ENV", "=abc"), ("MY_ENV_2", "def=ghi"), ("MY_ENV_3", "jkl=")],
    ),
    (
        "a value of several lines",
        &["MY_ENV<<EOF", "line one", "line two", "line three", "EOF"],
        &[("MY_ENV", "line one\nline two\nline three")],
    ),
    ("a value of no lines", &["MY_ENV<<EOF", "EOF"], &[("MY_ENV", "")]),
    (
        "values of several lines between empty lines",
        &["", "MY_ENV<<EOF", "hello", "world", "EOF", "", "MY_ENV_2<<EOF", "HELLO", "AGAIN", "EOF", ""],
        &[("MY_ENV", "hello\nworld"), ("MY_ENV_2", "HELLO\nAGAIN")],
    ),
    (
        "delimiters that look like something else",
        &[
            "MY_ENV<<=EOF",
            "hello",
            "one",
            "=EOF",
            "MY_ENV_2<<<EOF",
            "hello",
            "two",
            "<EOF",
            "MY_ENV_3<<EOF",
            "hello",
            "",
            "three",
            "",
            "EOF",
            "MY_ENV_4<<EOF",
            "hello=four",
            "EOF",
            "MY_ENV_5<<EOF",
            " EOF",
            "EOF",
        ],
        &[
            ("MY_ENV", "hello\none"),
            ("MY_ENV_2", "hello\ntwo"),
            ("MY_ENV_3", "hello\n\nthree\n"),
            ("MY_ENV_4", "hello=four"),
            ("MY_ENV_5", " EOF"),
        ],
    ),
];

#[test]
fn names_and_values_are_read_as_by_github() {
    for (case, lines, expected) in CASES {
        for kind in KINDS {
            let text = format!("\u{feff}{}", lines.join("\n"));
            let read = read_pairs(kind, text.as_bytes(), LineEnds::Lf);
            assert_eq!(pairs(&read), expected, "{case}");
            assert_eq!((read.error, read.refused.len()), (None, 0), "{case}");
        }
    }
}

#[test]
fn on_windows_the_ends_of_lines_are_kept_as_written() {
    for (text, value) in
        [("A<<E\nhello\nworld\nE", "hello\nworld"), ("A<<E\r\nhello\r\nworld\r\nE\r\n", "hello\r\nworld")]
    {
        let read = read_pairs(FileCommand::Env, text.as_bytes(), LineEnds::CrLf);
        assert_eq!((pairs(&read), &read.error), (vec![("A", value)], &None));
    }
}

#[test]
fn elsewhere_a_carriage_return_belongs_to_the_value() {
    let read = read_pairs(FileCommand::Output, b"A=1\r\nB<<E\r\nx\r\nE\r\n", LineEnds::Lf);
    assert_eq!((pairs(&read), &read.error), (vec![("A", "1\r"), ("B", "x\r")], &None));
    let read = read_pairs(FileCommand::Output, b"\r\n", LineEnds::Lf);
    assert_eq!(read.error, Some(FileCommandError::Format("\r".to_owned())));
}

#[test]
fn what_stands_before_an_error_holds() {
    for (text, held, error) in [
        // SetEnvFileCommandL0.cs, `…_MissingNewLine` and `…_MissingNewLineMultipleLinesEnv`.
        (
            "MY_ENV<<EOF line one line two line three EOF",
            0,
            "Invalid value. Matching delimiter not found 'EOF line one line two line three EOF'",
        ),
        (
            "MY_ENV<<EOF line one\n                    line two\n                    line three EOF",
            0,
            "Invalid value. EOF marker missing new line.",
        ),
        ("A=1\nB", 1, "Invalid format 'B'"),
        ("A=1\nB=2\n<<E", 2, "Invalid format '<<E'. Name must not be empty and delimiter must not be empty"),
        ("A<<", 0, "Invalid format 'A<<'. Name must not be empty and delimiter must not be empty"),
        ("A<<E\nx\n", 0, "Invalid value. Matching delimiter not found 'E'"),
        ("A<<E\nx", 0, "Invalid value. EOF marker missing new line."),
        ("A<<E", 0, "Invalid value. Matching delimiter not found 'E'"),
    ] {
        for kind in KINDS {
            let read = read_pairs(kind, text.as_bytes(), LineEnds::Lf);
            assert_eq!(read.pairs.len(), held, "{text}");
            let error_lines = kind.error_lines(&read.error.unwrap());
            let first = format!("Unable to process file command '{}' successfully.", kind.context_name());
            assert_eq!(error_lines, [first, error.to_owned()], "{text}");
        }
    }
}

// SetEnvFileCommandL0.cs, `…_BlockListItemsFiltered` and `…_BlockListItemsFiltered_Heredoc`.
#[test]
fn node_options_are_kept_out_of_the_environment_only() {
    for text in ["NODE_OPTIONS=asdf\nA=1", "node_options<<EOF\nasdf\nEOF\nA=1"] {
        let read = read_pairs(FileCommand::Env, text.as_bytes(), LineEnds::Lf);
        assert_eq!((pairs(&read), &read.error), (vec![("A", "1")], &None));
        assert_eq!(
            read.refused[0].text,
            "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command."
        );
        for kind in [FileCommand::Output, FileCommand::State] {
            assert_eq!(read_pairs(kind, text.as_bytes(), LineEnds::Lf).pairs.len(), 2);
        }
    }
}

#[test]
fn only_an_output_needs_a_name() {
    for (kind, read, failed) in
        [(FileCommand::Output, 1, true), (FileCommand::Env, 3, false), (FileCommand::State, 3, false)]
    {
        let pairs = read_pairs(kind, b"A=1\n=2\nB=3", LineEnds::Lf);
        assert_eq!((pairs.pairs.len(), pairs.error.is_some()), (read, failed), "{kind:?}");
    }
}

#[test]
fn a_byte_order_mark_chooses_the_encoding() {
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| "\u{feff}A=ü😀\n".encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let utf32 = |bytes: fn(u32) -> [u8; 4]| {
        "\u{feff}A=ü😀\n".chars().flat_map(|c| bytes(u32::from(c))).collect::<Vec<u8>>()
    };
    for bytes in [
        "A=ü😀".as_bytes().to_vec(),
        "\u{feff}A=ü😀".as_bytes().to_vec(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        utf32(u32::to_le_bytes),
        utf32(u32::to_be_bytes),
    ] {
        assert_eq!(pairs(&read_pairs(FileCommand::Env, &bytes, LineEnds::Lf)), [("A", "ü😀")]);
    }
    assert_eq!(pairs(&read_pairs(FileCommand::Env, b"A=\xff\n", LineEnds::Lf)), [("A", "\u{fffd}")]);
    assert_eq!(
        pairs(&read_pairs(FileCommand::Env, b"\xff\xfeA\0=\0\x00", LineEnds::Lf)),
        [("A", "\u{fffd}")]
    );
}

#[test]
fn the_last_line_of_the_path_file_goes_first() {
    let mut entries = vec!["/old".to_owned(), "/b".to_owned()];
    for folder in read_path("\u{feff}/a\r\n\n/b\r/c d\n/a".as_bytes()) {
        prepend(&mut entries, &folder);
    }
    assert_eq!(entries, ["/old", "/b", "/c d", "/a"]);
}

// CreateStepSummaryCommandL0.cs.
#[test]
fn a_summary_is_masked_line_by_line_and_must_be_small() {
    assert_eq!(read_summary(b"", str::to_owned), None);
    assert_eq!(summary_too_large(0), None);
    assert_eq!(summary_too_large(SUMMARY_LIMIT), None);
    let error = summary_too_large(SUMMARY_LIMIT + 1).unwrap();
    assert!(error.text.starts_with(
        "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 1024k. For more"
    ));
    let text = "\u{feff}# This is some markdown content\n\n## This is more markdown content";
    assert_eq!(
        read_summary(text.as_bytes(), str::to_owned).unwrap(),
        "# This is some markdown content\n\n## This is more markdown content\n"
    );
    let masked = read_summary(b"# Password=Secret!\r\n\r\n# ghs_token", |line| {
        line.split_once("Password=").map_or(line.to_owned(), |(before, _)| format!("{before}***"))
    });
    assert_eq!(masked.unwrap(), "# ***\n\n# ghs_token\n");
}

#[test]
fn noise_never_panics_and_values_come_from_the_text() {
    let mut random = fastrand::Rng::with_seed(2);
    let parts: [&[u8]; 14] = [
        b"=",
        b"<<",
        b"\n",
        b"\r\n",
        b"\r",
        b"EOF",
        b"A",
        b"NODE_OPTIONS",
        b" ",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xff",
        b"\0",
        "ü".as_bytes(),
    ];
    for _ in 0..20_000 {
        let bytes: Vec<u8> =
            (0..random.usize(..16)).flat_map(|_| parts[random.usize(..parts.len())]).copied().collect();
        for kind in KINDS {
            for ends in [LineEnds::Lf, LineEnds::CrLf] {
                let read = read_pairs(kind, &bytes, ends);
                let text = decode(&bytes);
                assert!(read.pairs.iter().all(|(name, value)| text.contains(name) && text.contains(value)));
            }
        }
        assert!(read_path(&bytes).iter().all(|line| !line.is_empty()));
        let _ = read_summary(&bytes, str::to_owned);
    }
}
