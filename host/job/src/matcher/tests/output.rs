use act_core::event::Level;

use super::*;

fn message(regexp: &str) -> Value {
    json!([{"regexp": regexp, "message": 1}])
}

fn problem(text: &str) -> Result<String, &str> {
    Ok(text.to_owned())
}

fn two() -> Output {
    Output::new(&[("my-matcher-1", message("ERROR: (.+)")), ("my-matcher-2", message("NOT GOOD: (.+)"))])
}

#[test]
fn a_matcher_replaces_that_of_the_same_owner() {
    let mut output = two();
    assert_eq!(
        output.lines(&["ERROR: message 1", "NOT GOOD: message 2"]),
        [problem("message 1"), problem("message 2")]
    );
    output.matchers.add(&file("My-matcher-1", &message("ERROR: (.+) END MESSAGE"))).unwrap();
    assert_eq!(
        output.lines(&["ERROR: message 3 END MESSAGE", "ERROR: message 4", "NOT GOOD: message 5"]),
        [problem("message 3"), Err("ERROR: message 4"), problem("message 5")]
    );
}

#[test]
fn the_newest_matcher_comes_first() {
    let mut output = two();
    let told = output.matchers.add(&file("new-matcher", &message("ERROR: (.+) END MESSAGE"))).unwrap();
    assert!(told.unwrap().text.starts_with("Added matchers: 'new-matcher'. Problem matchers scan"));
    assert_eq!(output.matchers.owners().collect::<Vec<_>>(), ["new-matcher", "my-matcher-1", "my-matcher-2"]);
    assert_eq!(
        output.lines(&["ERROR: message 3 END MESSAGE", "ERROR: message 4", "NOT GOOD: message 5"]),
        [problem("message 3"), problem("message 4"), problem("message 5")]
    );
}

#[test]
fn a_matcher_is_removed_by_its_owner() {
    let mut output = two();
    assert_eq!(output.matchers.remove("MY-matcher-1").text, "Removed matchers: 'my-matcher-1'");
    assert_eq!(
        output.lines(&["ERROR: message 3", "NOT GOOD: message 4"]),
        [Err("ERROR: message 3"), problem("message 4")]
    );
    output.matchers.remove("my-matcher-2");
    assert!(output.matchers.is_empty());
    assert_eq!(output.lines(&["NOT GOOD: message 4"]), [Err("NOT GOOD: message 4")]);
}

#[test]
fn a_blank_code_is_none() {
    let mut output = Output::new(&[("a", json!([{"regexp": "(.*): (.+)", "code": 1, "message": 2}]))]);
    let found = output.scan(" BAD : real bad").unwrap();
    assert_eq!((found.code.as_deref(), found.message.as_str()), (Some("BAD"), "real bad"));
    assert_eq!(output.scan(": not working").unwrap().code, None);
}

#[test]
fn a_match_resets_the_other_matchers_only() {
    let mut output = Output::new(&[(
        "a",
        json!([{"regexp": "Start: .+"}, {"regexp": "Error: (.+)", "message": 1, "loop": true}]),
    )]);
    assert_eq!(
        output.lines(&[
            "Start: hello",
            "Error: it broke",
            "Error: oh no",
            "Error: not good",
            "regular message 1",
            "Start: hello again",
            "Error: it broke again",
            "Error: real bad",
            "regular message 2",
        ]),
        [
            Err("Start: hello"),
            problem("it broke"),
            problem("oh no"),
            problem("not good"),
            Err("regular message 1"),
            Err("Start: hello again"),
            problem("it broke again"),
            problem("real bad"),
            Err("regular message 2"),
        ]
    );
    let mut output = Output::new(&[
        (
            "my-matcher-1",
            json!([{"regexp": "Matches both line 1: .+"}, {"regexp": "Matches 1 only line 2: (.+)", "message": 1}]),
        ),
        ("my-matcher-2", json!([{"regexp": "Matches both line 1: (.+)"}, {"regexp": "(.+)", "message": 1}])),
    ]);
    assert_eq!(
        output.lines(&[
            "Matches both line 1: hello",
            "Matches 1 only line 2: it broke",
            "regular message 1",
            "regular message 2",
            "Matches both line 1: hello again",
            "oh no, another error",
        ]),
        [
            Err("Matches both line 1: hello"),
            problem("it broke"),
            Err("regular message 1"),
            Err("regular message 2"),
            Err("Matches both line 1: hello again"),
            problem("oh no, another error"),
        ]
    );
}

#[test]
fn a_line_or_column_that_is_no_number_is_left_out() {
    let mut output = Output::new(&[(
        "a",
        json!([{"regexp": r"\((.+),(.+)\): (.+)", "line": 1, "column": 2, "message": 3}]),
    )]);
    for (line, expected) in [
        ("(12,34): real bad", (Some(12), Some(34))),
        ("(12,thirty-four): it is broken", (Some(12), None)),
        ("(twelve,34): not working", (None, Some(34))),
        ("(+1,99999999999): x", (None, None)),
    ] {
        let found = output.scan(line).unwrap();
        assert_eq!((found.line, found.column), expected, "{line}");
        let place = found.into_annotation().place;
        assert_eq!((place.line, place.column), expected, "{line}");
    }
    assert_eq!(
        output.remarks[..2],
        ["Unable to parse column number 'thirty-four'", "Unable to parse line number 'twelve'",]
    );
}

#[test]
fn the_severity_is_error_warning_or_notice() {
    let mut output = Output::new(&[
        ("my-matcher-1", json!([{"regexp": "(.*): (.+)", "severity": 1, "message": 2}])),
        ("my-matcher-2", message("ERROR! (.+)")),
    ]);
    for (line, expected) in [
        ("ERRor: real bad", Some(Level::Error)),
        ("WARNing: not great", Some(Level::Warning)),
        ("Notice: hm", Some(Level::Notice)),
        ("info: hey", None),
        (": not working", Some(Level::Error)),
        ("ERROR! uh oh", Some(Level::Error)),
    ] {
        assert_eq!(output.scan(line).map(|found| found.level), expected, "{line}");
    }
    assert_eq!(
        output.remarks,
        ["Skipped logging an issue for the matched line because the severity 'info' is not supported."]
    );
}

#[test]
fn a_blank_message_is_no_problem() {
    let mut output = Output::new(&[("a", message("ERROR:(.*)"))]);
    assert_eq!(output.lines(&["ERROR: "]), [Err("ERROR: ")]);
    assert_eq!(
        output.remarks,
        ["Skipping logging an issue for the matched line because the message is empty."]
    );
}

#[test]
fn colours_hide_a_problem_only_from_patterns_that_expect_them() {
    let mut output = Output::new(&[("a", message("^the error: (.+)$"))]);
    let line = "\x1b[1mthe error: \x1b[31mred, \x1b[1;31mbright red, \x1b[mreset";
    let found = output.scan(line).unwrap();
    assert_eq!(found.message, "red, bright red, reset");
    assert_eq!(found.text, "the error: red, bright red, reset");
    let mut output = Output::new(&[("b", message("\\x1b\\[31m(.+)\\033\\[0m$"))]);
    let found = output.scan("\x1b[31mbad\x1b[0m").unwrap();
    assert_eq!((found.message.as_str(), found.text.as_str()), ("bad", "\x1b[31mbad\x1b[0m"));
}

#[test]
fn a_matcher_that_takes_too_long_is_given_up_in_its_stream() {
    let mut output = Output::new(&[("slow", message(r"^((a|aa|b\2)+)c$")), ("err", message("ERR: (.+)"))]);
    assert_eq!(output.lines(&["aac"]), [problem("aa")]);
    let slow = "a".repeat(60);
    assert_eq!(output.lines(&[&slow, "aac", "ERR: this error"])[1..], [Err("aac"), problem("this error")]);
    assert_eq!(output.remarks.len(), 1, "{:?}", output.remarks);
    assert!(
        output.remarks[0]
            .starts_with("Removing issue matcher 'slow'. Matcher failed 3 times. Error: The Regex")
    );
    output.stream = output.matchers.stream();
    assert_eq!(output.lines(&["aac"]), [problem("aa")], "the next step has it again");
}

#[test]
fn a_change_while_a_stream_runs_keeps_the_state_of_others() {
    let mut output =
        Output::new(&[("a", json!([{"regexp": "^file (.+)"}, {"regexp": "^msg (.+)", "message": 1}]))]);
    assert_eq!(output.lines(&["file x"]), [Err("file x")]);
    output.matchers.add(&file("b", &message("ERROR: (.+)"))).unwrap();
    assert_eq!(output.lines(&["msg y"]), [problem("y")]);
    let mut fresh = output.matchers.stream();
    assert_eq!(output.matchers.scan(&mut fresh, "msg y").found, None);
}

#[test]
fn a_file_is_found_from_the_workspace_or_beside_another() {
    let mut output = Output::new(&[(
        "a",
        json!([{"regexp": r"^(.+): (.+?)(?: \[(.*)\])?$", "file": 1, "message": 2, "fromPath": 3}]),
    )]);
    for (line, expected) in [
        ("/w/repo/a.txt: some error", "/w/repo/a.txt"),
        ("repo/a.txt: some error", "/w/repo/a.txt"),
        ("./x/../a.txt: some error", "/w/a.txt"),
        ("../../../a.txt: some error", "/a.txt"),
        ("dir/a.txt: some error [repo/project/p.proj]", "/w/repo/project/dir/a.txt"),
        ("a.txt: some error [p.proj]", "/w/a.txt"),
        ("a.txt: some error [/p.proj]", "/a.txt"),
        ("/a.txt: some error [/x/p.proj]", "/a.txt"),
    ] {
        assert_eq!(output.scan(line).unwrap().path("/w").as_deref(), Some(expected), "{line}");
    }
    assert_eq!(output.scan(" : some error").unwrap().path("/w"), None);
}

#[test]
fn the_workflows_repository_is_known_by_its_git_config() {
    let config =
        |url: &str| format!("[core]\n\tbare = false\n[remote \"origin\"]\r\n\turl = {url}\r\n\tfetch = +x\n");
    for (url, expected) in [
        ("https://github.com/my-org/workflow-repo", true),
        ("HTTPS://github.com/My-Org/workflow-repo", true),
        ("git@github.com:my-org/workflow-repo.git", true),
        ("https://github.com/my-org/other-repo", false),
        ("https://github.com/my-org/workflow-repo.git", false),
    ] {
        assert_eq!(
            is_config_of(&config(url), "https://github.com", "my-org/workflow-repo"),
            expected,
            "{url}"
        );
        assert_eq!(is_config_of(&config(url), "", "my-org/workflow-repo"), expected, "{url}");
    }
    assert!(is_config_of(&config("git@a.example:o/r.git"), "http://a.example:8080/x", "o/r"));
}
