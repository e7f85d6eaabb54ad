use serde_json::{Map, Value, json};

use super::*;

fn git() -> GitFacts {
    GitFacts {
        head_sha: Some("head".into()),
        head_ref: Some(GitRef::branch("work")),
        default_branch: Some("trunk".into()),
        default_sha: Some("tip".into()),
        changed_files: None,
    }
}

/// ref, ref_name, ref_type, sha, base_ref, head_ref.
fn context(event: &str, payload: &Value, git: &GitFacts) -> [String; 6] {
    let facts = EventFacts::new(event.parse().expect(event), payload, git);
    let fields = facts.github_fields();
    assert_eq!(fields[0], ("event_name", event));
    ["ref", "ref_name", "ref_type", "sha", "base_ref", "head_ref"].map(|wanted| {
        let field = fields.iter().find(|(name, _)| *name == wanted);
        field.map(|(_, value)| (*value).to_owned()).expect(wanted)
    })
}

const OLD: &str = "0000000000000000000000000000000000000000";

#[test]
fn the_context_follows_the_documented_columns() {
    let pull_request = |merged: bool| {
        json!({"action": "opened", "number": 7, "pull_request": {"number": 7, "merged": merged,
            "merge_commit_sha": "merge", "base": {"ref": "main"}, "head": {"ref": "topic"}}})
    };
    let default = json!({"repository": {"default_branch": "main"}});
    let cases = [
        (
            "push",
            json!({"ref": "refs/heads/a/b", "after": "abc"}),
            ["refs/heads/a/b", "a/b", "branch", "abc", "", ""],
        ),
        (
            "push",
            json!({"ref": "refs/tags/v1", "after": "abc"}),
            ["refs/tags/v1", "v1", "tag", "abc", "", ""],
        ),
        ("push", json!({}), ["refs/heads/work", "work", "branch", "head", "", ""]),
        (
            "push",
            json!({"ref": "refs/heads/x", "after": OLD}),
            ["refs/heads/x", "x", "branch", "head", "", ""],
        ),
        (
            "push",
            json!({"ref": "refs/heads/gone", "after": OLD, "deleted": true}),
            ["refs/heads/trunk", "trunk", "branch", "tip", "", ""],
        ),
        (
            "pull_request",
            pull_request(false),
            ["refs/pull/7/merge", "7/merge", "branch", "merge", "main", "topic"],
        ),
        ("pull_request", pull_request(true), ["refs/heads/main", "main", "branch", "merge", "main", "topic"]),
        (
            "pull_request_target",
            pull_request(false),
            ["refs/heads/trunk", "trunk", "branch", "tip", "main", "topic"],
        ),
        (
            "pull_request_review",
            pull_request(false),
            ["refs/pull/7/merge", "7/merge", "branch", "merge", "", ""],
        ),
        ("pull_request", json!({}), ["refs/heads/work", "work", "branch", "head", "", ""]),
        ("release", json!({"release": {"tag_name": "v2"}}), ["refs/tags/v2", "v2", "tag", "head", "", ""]),
        ("create", json!({"ref": "v3", "ref_type": "tag"}), ["refs/tags/v3", "v3", "tag", "head", "", ""]),
        (
            "create",
            json!({"ref": "f/x", "ref_type": "branch"}),
            ["refs/heads/f/x", "f/x", "branch", "head", "", ""],
        ),
        (
            "delete",
            json!({"ref": "x", "ref_type": "branch"}),
            ["refs/heads/trunk", "trunk", "branch", "tip", "", ""],
        ),
        ("issues", default.clone(), ["refs/heads/main", "main", "branch", "tip", "", ""]),
        (
            "schedule",
            json!({"schedule": "0 0 * * *"}),
            ["refs/heads/trunk", "trunk", "branch", "tip", "", ""],
        ),
        ("workflow_run", default, ["refs/heads/main", "main", "branch", "tip", "", ""]),
        ("workflow_dispatch", json!({"ref": "refs/tags/v9"}), ["refs/tags/v9", "v9", "tag", "head", "", ""]),
        ("workflow_dispatch", json!({"ref": "main"}), ["refs/heads/main", "main", "branch", "head", "", ""]),
        ("workflow_dispatch", json!({}), ["refs/heads/work", "work", "branch", "head", "", ""]),
        (
            "deployment",
            json!({"deployment": {"ref": "main", "sha": "abc"}}),
            ["refs/heads/main", "main", "branch", "abc", "", ""],
        ),
        (
            "deployment_status",
            json!({"deployment": {"ref": "abc", "sha": "abc"}}),
            ["", "", "", "abc", "", ""],
        ),
        (
            "merge_group",
            json!({"merge_group": {"head_ref": "refs/heads/gh-readonly-queue/main/pr-1", "head_sha": "abc",
            "base_ref": "refs/heads/main"}}),
            [
                "refs/heads/gh-readonly-queue/main/pr-1",
                "gh-readonly-queue/main/pr-1",
                "branch",
                "abc",
                "",
                "",
            ],
        ),
        (
            "registry_package",
            json!({"registry_package": {"package_version": {"target_oid": "abc",
            "release": {"tag_name": "v4"}}}}),
            ["refs/tags/v4", "v4", "tag", "abc", "", ""],
        ),
        ("registry_package", json!({}), ["refs/heads/trunk", "trunk", "branch", "tip", "", ""]),
    ];
    for (event, payload, wanted) in cases {
        assert_eq!(context(event, &payload, &git()), wanted, "{event} {payload}");
    }
}

#[test]
fn the_default_branch_is_the_checkout_when_it_is_checked_out() {
    let here = GitFacts { head_ref: Some(GitRef::branch("trunk")), ..git() };
    assert_eq!(context("schedule", &json!({}), &here)[3], "head");
}

#[test]
fn nothing_known_leaves_everything_empty() {
    for event in EventKind::ALL {
        let fields = context(event.name(), &json!({}), &GitFacts::default());
        assert_eq!(fields, [""; 6], "{event}");
    }
}

#[test]
fn filters_see_the_pushed_ref_even_if_it_was_deleted() {
    let payload = json!({"ref": "refs/heads/gone", "deleted": true});
    let facts = EventFacts::new(EventKind::Push, &payload, &git());
    assert_eq!(facts.filtered_ref, Some(GitRef::branch("gone")));
}

#[test]
fn changed_files_come_from_git_else_from_commits_that_all_list_them() {
    let commits = json!({"commits": [
        {"added": ["b"], "modified": ["a"], "removed": []},
        {"added": [], "modified": ["a"], "removed": ["c"]},
    ]});
    let changed =
        |payload: &Value, git: &GitFacts| EventFacts::new(EventKind::Push, payload, git).changed_files;
    let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    assert_eq!(changed(&commits, &git()), names(&["a", "b", "c"]));
    let known = GitFacts { changed_files: names(&["x"]), ..git() };
    assert_eq!(changed(&commits, &known), names(&["x"]));
    assert_eq!(changed(&json!({"commits": [{"added": ["b"]}]}), &git()), None);
    assert_eq!(changed(&json!({"commits": []}), &git()), None);
    assert_eq!(changed(&json!({}), &git()), None);
}

#[test]
fn the_table_knows_names_types_and_filters() {
    assert_eq!(EventKind::ALL.len(), 37);
    assert!(EventKind::ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()), "sorted by name");
    for event in EventKind::ALL {
        assert_eq!(event.name().parse(), Ok(*event));
        assert_eq!(event.takes(FilterKey::Types), event.activity_types() != ActivityTypes::None);
    }
    assert_eq!("Push".parse::<EventKind>(), Err(UnknownEvent("Push".into())));
    let pull_request = EventKind::PullRequest;
    assert!(pull_request.knows_activity("stacked") && !pull_request.starts_by_default("stacked"));
    assert!(pull_request.starts_by_default("synchronize") && !pull_request.takes(FilterKey::Tags));
    assert!(EventKind::Push.takes(FilterKey::TagsIgnore) && !EventKind::Push.takes(FilterKey::Types));
    assert!(EventKind::RepositoryDispatch.knows_activity("anything"));
    assert!(!EventKind::Fork.knows_activity("created"));
    assert!(EventKind::Issues.starts_by_default("typed") && !EventKind::Issues.knows_activity("starred"));
}

/// The table against the schema's own lines, where the folder of shared files is at hand.
#[test]
fn the_table_agrees_with_githubs_schema() {
    let root = std::env::var_os("ACT_HOST_SHARED").map_or_else(
        || std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        std::path::PathBuf::from,
    );
    let Ok(lines) = std::fs::read_to_string(root.join("vectors/workflow-schema-lines.txt")) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "the schema's lines are missing");
        eprintln!("skipped: no schema lines at {}", root.display());
        return;
    };
    let definition = |name: &str| -> Value {
        let line = lines.lines().find(|line| line.split(' ').next() == Some(name));
        let json = line.and_then(|line| line.split_once(' ')).map_or("null", |(_, json)| json);
        serde_json::from_str(json).expect(name)
    };
    let events = definition("on-mapping-strict");
    let events = events["mapping"]["properties"].as_object().expect("events");
    let names: Vec<&str> = events.keys().map(String::as_str).collect();
    assert_eq!(names, EventKind::ALL.iter().map(|event| event.name()).collect::<Vec<_>>());
    for event in EventKind::ALL {
        let name = event.name().replace('_', "-");
        let types = definition(&format!("{name}-activity-type"));
        if let ActivityTypes::All(known) | ActivityTypes::Some { known, .. } = event.activity_types()
            && !types.is_null()
        {
            assert_eq!(types["allowed-values"], json!(known), "{event}");
        }
        let properties = definition(&format!("{name}-mapping"));
        let Some(properties) = properties["mapping"]["properties"].as_object() else { continue };
        for key in properties.keys() {
            let taken = FILTER_KEYS.iter().any(|filter| filter.name() == key && event.takes(*filter));
            assert!(taken || key == "inputs" || key == "secrets" || key == "outputs", "{event} takes {key}");
        }
    }
    eprintln!("{} events compared", EventKind::ALL.len());
}

const FILTER_KEYS: [FilterKey; 11] = [
    FilterKey::Types,
    FilterKey::Branches,
    FilterKey::BranchesIgnore,
    FilterKey::Tags,
    FilterKey::TagsIgnore,
    FilterKey::Paths,
    FilterKey::PathsIgnore,
    FilterKey::Workflows,
    FilterKey::Names,
    FilterKey::Versions,
    FilterKey::Cron,
];

fn input(name: &str, kind: InputKind, required: bool, default: Value) -> InputDefinition {
    let default = (!default.is_null()).then_some(default);
    InputDefinition { name: name.to_owned(), kind, required, default }
}

fn given(json: Value) -> Map<String, Value> {
    json.as_object().cloned().unwrap_or_default()
}

#[test]
fn inputs_get_defaults_and_types() {
    let level = InputKind::Choice(vec!["info".into(), "debug".into()]);
    let definitions = [
        input("text", InputKind::String, false, json!("hi")),
        input("flag", InputKind::Boolean, false, Value::Null),
        input("on", InputKind::Boolean, true, json!(true)),
        input("count", InputKind::Number, false, json!(3)),
        input("level", level, false, Value::Null),
        input("where", InputKind::Environment, false, Value::Null),
        input("none", InputKind::Number, false, Value::Null),
    ];
    let resolved = resolve_inputs(&definitions, &given(json!({}))).expect("defaults suffice");
    let wanted = json!({"text": "hi", "flag": false, "on": true, "count": 3, "level": "info", "where": "", "none": ""});
    assert_eq!(Value::Object(resolved.context), wanted);
    let wanted = json!({"text": "hi", "flag": "false", "on": "true", "count": "3", "level": "info", "where": "", "none": ""});
    assert_eq!(Value::Object(resolved.event), wanted);

    let values =
        json!({"TEXT": "", "flag": "true", "on": false, "count": "2.50", "level": "debug", "none": 7});
    let resolved = resolve_inputs(&definitions, &given(values)).expect("valid");
    let wanted = json!({"text": "", "flag": true, "on": false, "count": 2.5, "level": "debug", "where": "", "none": 7});
    assert_eq!(Value::Object(resolved.context), wanted);
    assert_eq!(resolved.event["count"], "2.50");
}

#[test]
fn wrong_inputs_are_refused_with_githubs_texts() {
    let definitions = [
        input("must", InputKind::String, true, Value::Null),
        input("empty", InputKind::String, true, Value::Null),
        input("flag", InputKind::Boolean, false, Value::Null),
        input("count", InputKind::Number, false, Value::Null),
        input("level", InputKind::Choice(vec!["a".into()]), false, Value::Null),
    ];
    let values = json!({"empty": "", "flag": "yes", "count": "many", "level": "b", "x": 1, "y": 2});
    let errors = resolve_inputs(&definitions, &given(values)).expect_err("all wrong");
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "Required input 'must' not provided",
            "Required input 'empty' not provided",
            "Provided value 'yes' for input 'flag' not in the list of allowed values",
            "Provided value 'many' for input 'count' is not a number",
            "Provided value 'b' for input 'level' not in the list of allowed values",
            r#"Unexpected inputs provided: ["x", "y"]"#,
        ]
    );
}

/// Payloads of any shape must be harmless: they come from files that anybody writes.
#[test]
fn no_payload_makes_it_panic() {
    let mut random = fastrand::Rng::with_seed(29);
    let keys = [
        "ref",
        "pull_request",
        "base",
        "merged",
        "number",
        "after",
        "commits",
        "added",
        "inputs",
        "deployment",
        "sha",
    ];
    fn any(random: &mut fastrand::Rng, keys: &[&str], depth: u32) -> Value {
        match random.u8(0..if depth == 0 { 4 } else { 8 }) {
            0 => Value::Null,
            1 => json!(random.bool()),
            2 => json!(random.i64(-3..9)),
            3 => json!(["", "refs/heads/x", "é", "0"][random.usize(0..4)]),
            4 => (0..random.usize(0..3)).map(|_| any(random, keys, depth - 1)).collect(),
            _ => {
                let pairs = (0..random.usize(0..5))
                    .map(|_| (keys[random.usize(0..keys.len())].to_owned(), any(random, keys, depth - 1)));
                Value::Object(pairs.collect())
            }
        }
    }
    for _ in 0..20_000 {
        let payload = any(&mut random, &keys, 4);
        let event = *random.choice(EventKind::ALL).expect("not empty");
        let facts = EventFacts::new(event, &payload, &git());
        assert_eq!(facts.github_fields()[0].1, event.name());
    }
}
