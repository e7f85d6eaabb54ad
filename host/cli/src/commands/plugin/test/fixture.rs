//! One fixture: what a plugin is asked, and what it must answer.

use std::path::Path;

use act_core::decide::{Case, LabelAsk, PolicyAsk, Seen};
use act_plugins::Plugin;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::inspect::kind_words;
use crate::error::CliError;
use crate::nearest::nearest;
use crate::text_file;

/// A fixture that was read.
pub(super) struct Fixture {
    /// Its file's name.
    pub(super) name: String,
    kind: Option<String>,
    pub(super) settings: Value,
    ask: Value,
    /// Only of schedulers: what is seen, for `react`.
    seen: Option<Value>,
    pub(super) expect: Value,
}

/// Reads all fixtures of a folder, by name.
pub(super) fn read_all(folder: &Path) -> Result<Vec<Fixture>, CliError> {
    let wrong = |error: &dyn std::fmt::Display| CliError::invalid(format!("{}: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(|error| {
        wrong(&error).hint("fixtures are files in tests/fixtures; `act-host plugin new` shows how they look")
    })?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| wrong(&error))?.path();
        if path.extension().is_some_and(|kind| kind == "toml" || kind == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(wrong(&"there are no fixtures, .toml or .json"));
    }
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Fixture, CliError> {
    let text = text_file::read(path).map_err(CliError::invalid)?;
    let wrong = |error: String| CliError::invalid(format!("{}: {error}", path.display()));
    let is_toml = path.extension().is_some_and(|kind| kind == "toml");
    let value: Value = if is_toml {
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))?
    } else {
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    of_value(name, value).map_err(wrong)
}

const KEYS: [&str; 5] = ["kind", "settings", "ask", "seen", "expect"];

fn of_value(name: String, value: Value) -> Result<Fixture, String> {
    let Value::Object(mut keys) = value else { return Err("a fixture is a table".to_owned()) };
    if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("`{key}` is not a key of a fixture; there are: {}", KEYS.join(", ")));
    }
    let kind = match keys.remove("kind") {
        None => None,
        Some(Value::String(kind)) => Some(kind),
        Some(_) => return Err("`kind` must be a text".to_owned()),
    };
    let expect =
        keys.remove("expect").filter(|expect| expect.as_object().is_some_and(|keys| !keys.is_empty()));
    Ok(Fixture {
        name,
        kind,
        settings: keys.remove("settings").unwrap_or_else(|| json!({})),
        ask: keys.remove("ask").unwrap_or_else(|| json!({})),
        seen: keys.remove("seen"),
        expect: expect.ok_or("`expect` must say what the plugin answers")?,
    })
}

impl Fixture {
    /// Asks the plugin, and returns its answer as logs keep it.
    pub(super) async fn ask(&self, plugin: &Plugin) -> Result<Value, CliError> {
        let wrong = |message: String| CliError::invalid(format!("{}: {message}", self.name));
        let kinds = kind_words(plugin.kinds());
        let kind = match (&self.kind, &kinds[..]) {
            (Some(kind), known) if known.contains(&kind.as_str()) => kind,
            (None, [only]) => *only,
            (Some(kind), _) => {
                return Err(wrong(format!("the plugin is no `{kind}`; it is: {}", kinds.join(", "))));
            }
            (None, _) => return Err(wrong(format!("`kind` must say which: {}", kinds.join(", ")))),
        };
        let answer = match kind {
            "label-mapper" => self.ask_mapper(plugin).await,
            "policy" => self.ask_policy(plugin).await,
            _ => self.ask_scheduler(plugin).await,
        };
        answer.map_err(wrong)
    }

    async fn ask_mapper(&self, plugin: &Plugin) -> Result<Value, String> {
        let ask: LabelAsk = self.filled(json!({ "labels": [], "group": null, "facts": facts() }))?;
        let Some(mapper) = plugin.mapper() else { return Ok(Value::Null) };
        Ok(json!(mapper.map(&ask).await))
    }

    async fn ask_policy(&self, plugin: &Plugin) -> Result<Value, String> {
        let phase = json!({ "phase": "job-queued", "content": {}, "placement": {}, "mapper": "act-host" });
        let empty = json!({ "labels": [], "group": null, "facts": facts(), "phase": phase });
        let ask: PolicyAsk = self.filled(empty)?;
        let Some(policy) = plugin.policy() else { return Ok(Value::Null) };
        Ok(json!(policy.judge(&ask).await))
    }

    async fn ask_scheduler(&self, plugin: &Plugin) -> Result<Value, String> {
        let (run, now) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "2026-01-01T00:00:00Z");
        let empty = json!({
            "launch": { "run": run, "job": "build", "attempt": 1, "launch": 1 },
            "facts": facts(), "placement": {}, "hop": 0,
            "bind": { "repository": "octo/hello", "deadline": null },
            "now": now, "waiting_since": now, "history": [],
        });
        let case: Case = self.filled(empty)?;
        let Some(scheduler) = plugin.scheduler() else { return Ok(Value::Null) };
        let seen: Option<Seen> = self.seen.clone().map(|seen| typed("seen", seen)).transpose()?;
        Ok(match seen {
            None => json!(scheduler.decide(&case).await),
            Some(seen) => json!(scheduler.react(&case, &seen).await),
        })
    }

    /// Lays what the fixture asks over an empty ask. What nobody is asked is a mistake: the fixture would mean nothing.
    fn filled<T: DeserializeOwned + Serialize>(&self, mut empty: Value) -> Result<T, String> {
        lay_over(&mut empty, &self.ask);
        let ask: T = typed("ask", empty)?;
        let mut unknown = Vec::new();
        left_out(&self.ask, &json!(ask), "ask", &mut unknown);
        if unknown.is_empty() { Ok(ask) } else { Err(unknown.join("; ")) }
    }
}

/// Finds the keys that were given and did not come into the ask.
fn left_out(given: &Value, asked: &Value, path: &str, found: &mut Vec<String>) {
    match (given, asked) {
        (Value::Object(given), Value::Object(asked)) => {
            for (key, value) in given {
                match asked.get(key) {
                    Some(asked) => left_out(value, asked, &format!("{path}.{key}"), found),
                    // What is empty is left out of what is written.
                    None if is_empty(value) => {}
                    None => {
                        let near = nearest(key, asked.keys().map(String::as_str));
                        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                        found.push(format!("`{path}.{key}` is nothing that a plugin is asked{hint}"));
                    }
                }
            }
        }
        (Value::Array(given), Value::Array(asked)) => {
            for (index, (given, asked)) in given.iter().zip(asked).enumerate() {
                left_out(given, asked, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(keys) => keys.is_empty(),
        Value::Bool(true) => false,
    }
}

fn facts() -> Value {
    json!({ "repository": "octo/hello" })
}

/// Reads what lies under `key`; a mistake is named by where it is.
fn typed<T: DeserializeOwned>(key: &str, value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place = match error.path().to_string().as_str() {
            "." => key.to_owned(),
            path => format!("{key}.{path}"),
        };
        format!("`{place}` is not what the plugin is asked: {}", error.into_inner())
    })
}

/// Tables are joined, all else is replaced.
fn lay_over(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, above) in above {
                lay_over(below.entry(key.clone()).or_insert(Value::Null), above);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// Returns where an answer is not what is expected; what nothing is expected of may be anything.
pub(super) fn differences(expected: &Value, answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, answer, "", &mut found);
    found
}

fn compare(expected: &Value, answer: &Value, path: &str, found: &mut Vec<String>) {
    if let (Value::Object(expected), Value::Object(answer)) = (expected, answer) {
        for (key, expected) in expected {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            compare(expected, answer.get(key).unwrap_or(&Value::Null), &path, found);
        }
    } else if expected != answer {
        let answer = if answer.is_null() { "nothing".to_owned() } else { answer.to_string() };
        found.push(format!("{path}: expected {expected}, got {answer}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_expected_counts() {
        let answer =
            json!({ "answer": "mine", "reason": "x", "placement": { "os": "Linux", "attrs": { "a": "1" } } });
        let said = |expected: Value| differences(&expected, &answer);
        assert_eq!(said(json!({ "answer": "mine" })), Vec::<String>::new());
        assert_eq!(said(json!({ "placement": { "attrs": { "a": "1" } } })), Vec::<String>::new());
        assert_eq!(
            said(json!({ "answer": "not-mine", "placement": { "os": "macOS", "pool": "p" } })),
            [
                r#"answer: expected "not-mine", got "mine""#,
                r#"placement.os: expected "macOS", got "Linux""#,
                r#"placement.pool: expected "p", got nothing"#,
            ]
        );
    }

    #[test]
    fn asks_of_every_kind_are_filled_up() {
        let fixture = |ask: Value| {
            of_value("x".to_owned(), json!({ "ask": ask, "expect": { "answer": "mine" } })).unwrap()
        };
        let empty = json!({ "labels": [], "group": null, "facts": facts() });
        let ask: LabelAsk = fixture(json!({ "labels": ["a"] })).filled(empty).unwrap();
        assert_eq!((ask.labels, &*ask.facts.repository), (vec!["a".to_owned()], "octo/hello"));
        let empty =
            json!({ "labels": [], "group": null, "facts": facts(), "phase": { "phase": "job-queued" } });
        let uses = json!({ "owner": "a", "repository": "b", "path": "", "reference": "v1", "pinned": true });
        let runs = json!({ "kind": "action", "from": "remote", "uses": uses });
        let content = json!({ "steps": [{ "runs": runs }] });
        let ask = json!({ "lables": ["a"], "group": "", "phase": { "content": content } });
        let wrong = fixture(ask).filled::<PolicyAsk>(empty).unwrap_err();
        assert_eq!(
            wrong.split("; ").collect::<Vec<_>>(),
            [
                "`ask.lables` is nothing that a plugin is asked",
                "did you mean `labels`?",
                "`ask.phase.content.steps[0].runs.uses.pinned` is nothing that a plugin is asked",
            ]
        );
        let ask = json!({ "labels": ["a"], "facts": { "repository": 1 } });
        let wrong = fixture(ask).filled::<LabelAsk>(json!({ "group": null })).unwrap_err();
        assert_eq!(
            wrong,
            "`ask.facts.repository` is not what the plugin is asked: invalid type: integer `1`, expected a string"
        );
        let wrong = of_value("x".to_owned(), json!({ "asks": {} })).err().unwrap();
        assert_eq!(wrong, "`asks` is not a key of a fixture; there are: kind, settings, ask, seen, expect");
        assert!(of_value("x".to_owned(), json!({ "ask": {} })).is_err());
    }
}
