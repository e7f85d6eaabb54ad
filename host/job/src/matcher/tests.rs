//! Cases of IssueMatcherL0.cs and OutputManagerL0.cs, and more.

mod config;
mod output;
mod patterns;
mod several_lines;

use super::*;
use serde_json::{Value, json};

fn file(owner: &str, patterns: &Value) -> String {
    json!({"problemMatcher": [{"owner": owner, "pattern": patterns}]}).to_string()
}

/// What a step's output makes of problem matchers: `Ok` for a problem's message, `Err` for a plain line.
struct Output {
    matchers: Matchers,
    stream: Stream,
    remarks: Vec<String>,
}

impl Output {
    /// The first one is found first.
    fn new(matchers: &[(&str, Value)]) -> Self {
        let list: Vec<Value> =
            matchers.iter().map(|(owner, patterns)| json!({"owner": owner, "pattern": patterns})).collect();
        let mut matchers = Matchers::default();
        matchers.add(&json!({"problemMatcher": list}).to_string()).unwrap();
        let stream = matchers.stream();
        Self { matchers, stream, remarks: Vec::new() }
    }

    fn scan(&mut self, line: &str) -> Option<Found> {
        let scanned = self.matchers.scan(&mut self.stream, line);
        self.remarks.extend(scanned.remarks.into_iter().map(|remark| remark.text));
        scanned.found
    }

    fn lines<'a>(&mut self, lines: &[&'a str]) -> Vec<Result<String, &'a str>> {
        lines.iter().map(|line| self.scan(line).map(|found| found.message).ok_or(*line)).collect()
    }
}
