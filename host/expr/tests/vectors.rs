//! Drives GitHub's own cross-language test cases through the public API.
//!
//! Each file maps group names to cases `{expr, contexts?, result: {kind, value} | err: {kind, value}}`; the error's
//! `value` is a part of the message. Cases the TypeScript edition skips are run too.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and reports what it ran"
)]

use act_expr::batch::{Answer, Request, answer, answer_line};
use act_expr::{Object, Value};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Case {
    expr: String,
    contexts: Option<Object>,
    result: Option<Outcome>,
    err: Option<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    kind: String,
    value: serde_json::Value,
}

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("ACT_HOST_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    shared.join("vectors/expressions")
}

/// The case files, or `None` when there are none and that is allowed.
fn files() -> Option<Vec<PathBuf>> {
    let folder = folder();
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    files.retain(|path: &PathBuf| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    if files.is_empty() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no test vectors in {}", folder.display());
        eprintln!("skipped: no test vectors in {}", folder.display());
        return None;
    }
    Some(files)
}

fn cases(path: &Path) -> Vec<(String, Case)> {
    let text = std::fs::read_to_string(path).unwrap();
    let groups: BTreeMap<String, Vec<Case>> = serde_json::from_str(&text).unwrap();
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    groups
        .into_iter()
        .flat_map(|(group, cases)| {
            let label = format!("{file}: {group}");
            cases.into_iter().map(move |case| (label.clone(), case))
        })
        .collect()
}

/// What is wrong with an answer, if anything.
fn difference(case: &Case, answer: &Answer) -> Option<String> {
    let right = match (answer, &case.result, &case.err) {
        (Answer::Value(value), Some(expected), None) => {
            value.kind().name() == expected.kind && *value == Value::from(expected.value.clone())
        }
        (Answer::Failed(stage, message), None, Some(expected)) => {
            stage.name() == expected.kind && message.contains(expected.value.as_str().unwrap())
        }
        _ => false,
    };
    (!right).then(|| format!("{answer:?}"))
}

#[test]
fn vectors() {
    let Some(files) = files() else { return };
    let (mut ran, mut failed) = (0, 0);
    for file in files {
        for (label, case) in cases(&file) {
            ran += 1;
            let request = Request { expr: case.expr.as_str().into(), contexts: case.contexts.clone() };
            if let Some(got) = difference(&case, &answer(&request)) {
                failed += 1;
                eprintln!("{label}: {}\n    got {got}", case.expr);
            }
        }
    }
    eprintln!("{ran} cases, {failed} failed");
    assert_eq!(failed, 0);
}

/// The line protocol gives the same values as the library, as JSON.
#[test]
fn vectors_by_line() {
    let Some(files) = files() else { return };
    for (label, case) in files.iter().flat_map(|file| cases(file)) {
        let line = serde_json::json!({ "expr": case.expr, "contexts": case.contexts });
        let mut reply = Vec::new();
        answer_line(line.to_string().as_bytes(), &mut reply);
        let reply: serde_json::Value = serde_json::from_slice(&reply).unwrap();
        match (&case.result, &case.err) {
            (Some(expected), _) => {
                assert_eq!(reply["kind"], expected.kind, "{label}: {}", case.expr);
                let same = Value::from(reply["value"].clone()) == Value::from(expected.value.clone());
                assert!(same, "{label}: {} gave {reply}", case.expr);
            }
            (None, Some(expected)) => {
                assert_eq!(reply["error"]["kind"], expected.kind, "{label}: {}", case.expr)
            }
            (None, None) => panic!("{label}: {} expects nothing", case.expr),
        }
    }
}
