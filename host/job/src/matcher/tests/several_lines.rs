use super::*;

type Properties = (&'static str, &'static [(&'static str, &'static str)]);

fn scanned(json: &Value, lines: &[Properties]) {
    let mut matchers = Matchers::default();
    matchers.add(&json!({"problemMatcher": [json]}).to_string()).unwrap();
    let mut running = matchers.stream().running.remove(0);
    for (line, expected) in lines {
        let matched = running.step(&Line::new(line)).unwrap();
        assert_eq!(matched.is_some(), !expected.is_empty(), "{line}");
        let Some(matched) = matched else { continue };
        for (name, value) in *expected {
            let captured = &matched.captured;
            let found = match *name {
                "file" => &captured.file,
                "line" => &captured.line,
                "column" => &captured.column,
                "severity" => &captured.severity,
                "code" => &captured.code,
                "message" => &captured.message,
                "fromPath" => &captured.from_path,
                other => panic!("{other}"),
            };
            assert_eq!(found.as_deref(), Some(*value), "{line} {name}");
        }
    }
}

const NONE: &[(&str, &str)] = &[];

#[test]
fn a_default_severity_fills_in_for_an_empty_one() {
    scanned(
        &json!({"owner": "a", "severity": "warning", "pattern": [
            {"regexp": "^(ERROR)?(?: )?(.+):$", "severity": 1, "code": 2},
            {"regexp": "^(.+)$", "message": 1},
        ]}),
        &[
            ("ABC:", NONE),
            ("not-working", &[("severity", "warning"), ("code", "ABC"), ("message", "not-working")]),
            ("ERROR ABC:", NONE),
            ("not-working", &[("severity", "ERROR"), ("code", "ABC"), ("message", "not-working")]),
        ],
    );
    scanned(
        &json!({"owner": "a", "severity": "notice", "pattern": [{"regexp": "^(.+)$", "message": 1}]}),
        &[("just-a-notice", &[("severity", "notice"), ("message", "just-a-notice")])],
    );
    scanned(
        &json!({"owner": "a", "severity": "warning", "pattern": [
            {"regexp": "^(ERROR)?(?: )?(.+): (.+)$", "severity": 1, "code": 2, "message": 3},
        ]}),
        &[
            ("ABC: not-working", &[("severity", "warning"), ("code", "ABC"), ("message", "not-working")]),
            ("ERROR ABC: not-working", &[("severity", "ERROR"), ("code", "ABC"), ("message", "not-working")]),
        ],
    );
}

fn file_code_message(repeats: bool) -> Value {
    json!({"owner": "a", "pattern": [
        {"regexp": "^(.+)$", "file": 1},
        {"regexp": "^(.+)$", "code": 1},
        {"regexp": "^message:(.+)$", "message": 1, "loop": repeats},
    ]})
}

#[test]
fn each_line_adds_to_the_state_with_loop() {
    scanned(
        &file_code_message(true),
        &[
            ("file1", NONE),
            ("code1", NONE),
            ("message:message1", &[("file", "file1"), ("code", "code1"), ("message", "message1")]),
            ("message:message1-2", &[("file", "file1"), ("code", "code1"), ("message", "message1-2")]),
            ("abc", NONE),
            ("file2", NONE),
            ("code2", NONE),
            ("message:message2", &[("file", "file2"), ("code", "code2"), ("message", "message2")]),
            ("abc", NONE),
            ("abc", NONE),
            ("file3", NONE),
            ("code3", NONE),
            ("message:message3", &[("file", "file3"), ("code", "code3"), ("message", "message3")]),
        ],
    );
}

#[test]
fn each_line_adds_to_the_state_without_loop() {
    scanned(
        &file_code_message(false),
        &[
            ("file1", NONE),
            ("code1", NONE),
            ("message:message1", &[("file", "file1"), ("code", "code1"), ("message", "message1")]),
            ("abc", NONE),
            ("file2", NONE),
            ("code2", NONE),
            ("message:message2", &[("file", "file2"), ("code", "code2"), ("message", "message2")]),
            ("abc", NONE),
            ("abc", NONE),
            ("file3", NONE),
            ("code3", NONE),
            ("message:message3", &[("file", "file3"), ("code", "code3"), ("message", "message3")]),
            ("message:message3", NONE),
        ],
    );
}

#[test]
fn a_broken_loop_clears_the_state() {
    scanned(
        &json!({"owner": "a", "pattern": [
            {"regexp": "^(.+)$", "file": 1},
            {"regexp": "^(.+)$", "severity": 1},
            {"regexp": "^message:(.+)$", "message": 1, "loop": true},
        ]}),
        &[
            ("my-file.cs", NONE),
            ("real-bad", NONE),
            (
                "message:not-working",
                &[("file", "my-file.cs"), ("severity", "real-bad"), ("message", "not-working")],
            ),
            ("message:problem", &[("file", "my-file.cs"), ("severity", "real-bad"), ("message", "problem")]),
            ("other-file.cs", NONE),
            ("message:not-good", NONE),
            (
                "message:broken",
                &[("file", "other-file.cs"), ("severity", "message:not-good"), ("message", "broken")],
            ),
        ],
    );
}

#[test]
fn a_match_clears_the_state_without_loop() {
    scanned(
        &json!({"owner": "a", "pattern": [
            {"regexp": "^(.+)$", "file": 1},
            {"regexp": "^(.+)$", "severity": 1},
            {"regexp": "^(.+)$", "message": 1},
        ]}),
        &[
            ("my-file.cs", NONE),
            ("real-bad", NONE),
            ("not-working", &[("file", "my-file.cs"), ("severity", "real-bad"), ("message", "not-working")]),
            ("other-file.cs", NONE),
            ("not-good", NONE),
            ("broken", &[("file", "other-file.cs"), ("severity", "not-good"), ("message", "broken")]),
        ],
    );
    scanned(
        &json!({"owner": "a", "pattern": [
            {"regexp": "^file:(.+)$", "file": 1},
            {"regexp": "^message:(.+)$", "message": 1},
        ]}),
        &[
            ("file:my-file.cs", NONE),
            ("message:not-working", &[("file", "my-file.cs"), ("message", "not-working")]),
            ("message:not-working", NONE),
        ],
    );
}

fn all_properties(repeats: bool) -> Value {
    json!({"owner": "a", "pattern": [
        {"regexp": "^file:(.+) fromPath:(.+)$", "file": 1, "fromPath": 2},
        {"regexp": "^severity:(.+)$", "severity": 1},
        {
            "regexp": "^line:(.+) column:(.+) code:(.+) message:(.+)$",
            "line": 1, "column": 2, "code": 3, "message": 4, "loop": repeats,
        },
    ]})
}

const FIRST: &[(&str, &str)] = &[
    ("file", "my-file.cs"),
    ("fromPath", "my-project.proj"),
    ("severity", "real-bad"),
    ("line", "123"),
    ("column", "45"),
    ("code", "uh-oh"),
    ("message", "not-working"),
];

#[test]
fn all_properties_are_read() {
    let start = [("file:my-file.cs fromPath:my-project.proj", NONE), ("severity:real-bad", NONE)];
    let line = "line:123 column:45 code:uh-oh message:not-working";
    scanned(&all_properties(false), &[start[0], start[1], (line, FIRST), (line, NONE)]);
    let second: &[(&str, &str)] = &[
        ("file", "my-file.cs"),
        ("fromPath", "my-project.proj"),
        ("severity", "real-bad"),
        ("line", "234"),
        ("column", "56"),
        ("code", "yikes"),
        ("message", "broken"),
    ];
    let third: &[(&str, &str)] = &[("file", "my-file.cs"), ("line", "345"), ("message", "cant-do-that")];
    scanned(
        &all_properties(true),
        &[
            start[0],
            start[1],
            (line, FIRST),
            ("line:234 column:56 code:yikes message:broken", second),
            ("line:345 column:67 code:failed message:cant-do-that", third),
        ],
    );
    scanned(
        &json!({"owner": "a", "pattern": [{
            "regexp": "^file:(.+) line:(.+) column:(.+) severity:(.+) code:(.+) message:(.+) fromPath:(.+)$",
            "file": 1, "line": 2, "column": 3, "severity": 4, "code": 5, "message": 6, "fromPath": 7,
        }]}),
        &[(
            "file:my-file.cs line:123 column:45 severity:real-bad code:uh-oh message:not-working fromPath:my-project.proj",
            FIRST,
        )],
    );
}

#[test]
fn a_default_from_path_fills_in_where_a_pattern_has_none() {
    let default = "subdir/default-project.csproj";
    let line = "line:123 column:45 code:uh-oh message:not-working";
    let mut several = all_properties(false);
    several["fromPath"] = default.into();
    let start = "file:my-file.cs fromPath:my-project.proj";
    scanned(&several, &[(start, NONE), ("severity:real-bad", NONE), (line, FIRST)]);
    several["pattern"][0] = json!({"regexp": "^file:(.+)$", "file": 1});
    let filled: &[(&str, &str)] =
        &[("file", "my-file.cs"), ("fromPath", "subdir/default-project.csproj"), ("message", "not-working")];
    scanned(&several, &[("file:my-file.cs", NONE), ("severity:real-bad", NONE), (line, filled)]);
    let single = |regexp: &str, from_path: Value| {
        json!({"owner": "a", "fromPath": default, "pattern": [
            {"regexp": regexp, "file": 1, "message": 2, "fromPath": from_path},
        ]})
    };
    scanned(
        &single("^file:(.+) message:(.+)$", Value::Null),
        &[("file:my-file.cs message:not-working", filled)],
    );
    scanned(
        &single("^file:(.+) message:(.+) fromPath:(.+)$", 3.into()),
        &[("file:my-file.cs message:not-working fromPath:p", &[("file", "my-file.cs"), ("fromPath", "p")])],
    );
}
