use super::*;

fn error(json: &str) -> Option<String> {
    Matchers::default().add(json).err().map(|error| error.to_string())
}

fn of(patterns: &Value) -> Option<String> {
    error(&file("myMatcher", patterns))
}

#[test]
fn patterns_are_checked_as_by_github() {
    let last = "Only the last pattern in a multiline matcher may set 'loop'";
    for (case, bad, text, good) in [
        (
            "loop in a single pattern",
            json!([{"regexp": "^error: (.+)$", "message": 1, "loop": true}]),
            last,
            json!([{"regexp": "^file: (.+)$", "file": 1}, {"regexp": "^error: (.+)$", "message": 1, "loop": true}]),
        ),
        (
            "loop before the last pattern",
            json!([
                {"regexp": "^(error)$", "severity": 1},
                {"regexp": "^file: (.+)$", "file": 1, "loop": true},
                {"regexp": "^error: (.+)$", "message": 1},
            ]),
            last,
            json!([
                {"regexp": "^(error)$", "severity": 1},
                {"regexp": "^file: (.+)$", "file": 1, "loop": false},
                {"regexp": "^error: (.+)$", "message": 1, "loop": true},
            ]),
        ),
        (
            "loop without message",
            json!([{"regexp": "^file: (.+)$", "message": 1}, {"regexp": "^file: (.+)$", "file": 1, "loop": true}]),
            "The loop pattern must set 'message'",
            json!([{"regexp": "^file: (.+)$", "message": 1}, {"regexp": "^error: (.+)$", "file": 1}]),
        ),
        (
            "no message",
            json!([{"regexp": "^error: (.+)$", "file": 1}]),
            "At least one pattern must set 'message'",
            json!([{"regexp": "^error: (.+)$", "message": 1, "file": null}]),
        ),
        (
            "no pattern",
            json!([]),
            "Matcher 'myMatcher' does not contain any patterns",
            json!([{"regexp": "^error: (.+)$", "message": 1}]),
        ),
        (
            "a property set twice",
            json!([
                {"regexp": "^severity: (.+)$", "file": 1},
                {"regexp": "^file: (.+)$", "file": 1},
                {"regexp": "^(.+)$", "message": 1},
            ]),
            "The property 'file' is set twice",
            json!([
                {"regexp": "^severity: (.+)$", "severity": 1},
                {"regexp": "^file: (.+)$", "file": 1},
                {"regexp": "^(.+)$", "message": 1},
            ]),
        ),
        (
            "a group too high",
            json!([{"regexp": "^(.+)$", "message": 2}]),
            "The property 'message' is set to 2 which is out of range",
            json!([{"regexp": "^(.+)$", "message": 0}]),
        ),
        (
            "a group below zero",
            json!([{"regexp": "^(.+)$", "message": -1}]),
            "The property 'message' is set to -1 which is out of range",
            json!([{"regexp": "^(.+)$", "message": "1"}]),
        ),
    ] {
        assert_eq!(of(&bad).as_deref(), Some(text), "{case}");
        assert_eq!(of(&good), None, "{case}");
    }
}

#[test]
fn matchers_are_checked_as_by_github() {
    let matcher = |owner: &str, severity: &str| json!({"owner": owner, "severity": severity, "pattern": [{"regexp": "(.+)", "message": 1}]});
    for (matchers, text) in [
        (json!([matcher("myMatcher", ""), matcher("MYmatcher", "")]), "Duplicate owner name 'MYmatcher'"),
        (json!([matcher("", "")]), "Owner must not be empty"),
        (json!([{"pattern": []}]), "Owner must not be empty"),
        (json!([matcher("a", "fatal")]), "Matcher 'a' contains unexpected default severity 'fatal'"),
        (json!([{"owner": "a"}]), "Matcher 'a' does not contain any patterns"),
    ] {
        assert_eq!(error(&json!({"problemMatcher": matchers}).to_string()).as_deref(), Some(text));
    }
    for severity in ["", "Error", "WARNING", "notice"] {
        let matchers = json!([matcher("a", severity), matcher("b", severity)]);
        assert_eq!(error(&json!({"problemMatcher": matchers}).to_string()), None);
    }
}

#[test]
fn a_file_without_matchers_does_nothing() {
    for json in ["", "null", "{}", "\u{feff}{\"problemMatcher\": []}", "{\"problemMatcher\": null} // x"] {
        let mut matchers = Matchers::default();
        assert_eq!(matchers.add(json), Ok(None), "{json}");
        assert!(matchers.is_empty());
    }
}

#[test]
fn a_file_that_is_no_matcher_file_is_refused() {
    for json in [
        "{",
        "[]",
        "1",
        "{\"problemMatcher\": {}}",
        "{\"problemMatcher\": [1]}",
        "{\"problemMatcher\": [{\"owner\": [], \"pattern\": []}]}",
        "{\"problemMatcher\": [{\"owner\": \"a\", \"pattern\": {}}]}",
        "{\"problemMatcher\": [{\"owner\": \"a\", \"pattern\": [{\"regexp\": \"(a)\", \"message\": 1.5}]}]}",
        "{\"problemMatcher\": [{\"owner\": \"a\", \"pattern\": [{\"regexp\": \"(a)\", \"message\": \"x\"}]}]}",
        "{\"problemMatcher\": [{\"owner\": \"a\", \"pattern\": [{\"regexp\": \"(\", \"message\": 0}]}]}",
        "{\"a\": \"",
        "/*",
    ] {
        let refused = error(json);
        assert_eq!(refused.is_some(), json != "/*", "{json} {refused:?}");
    }
}

#[test]
fn comments_and_last_commas_are_no_mistake() {
    let json = r#"{ // "problemMatcher"
        "ProblemMatcher": [ /* one */ {
            "owner": "a//b,]",
            "pattern": [{"regexp": "^/\\*\",} (.+)$", "message": 1, } , /* last */ ],
        },
    ]}"#;
    let mut matchers = Matchers::default();
    matchers.add(json).unwrap();
    assert_eq!(matchers.owners().collect::<Vec<_>>(), ["a//b,]"]);
    let found = matchers.scan(&mut matchers.stream(), "/*\",} x").found.unwrap();
    assert_eq!(found.message, "x");
    assert_eq!(owners(json).unwrap(), ["a//b,]"]);
}

#[test]
fn owners_are_read_without_checks() {
    let json = json!({"problemMatcher": [{"owner": "a"}, {}, {"owner": "b", "pattern": 7}]}).to_string();
    assert_eq!(owners(&json).unwrap(), ["a", "", "b"]);
}
