//! Reads and checks the file of `add-matcher`.
//!
//! Source: actions/runner `IssueMatcher.cs` (`IssueMatchersConfig` and below). Its JSON reader allows
//! comments and a comma after the last item, and ignores the case of names; so does this one.

use serde_json::{Map, Value};

use super::pattern::{Compiled, Pattern};
use super::running::Matcher;
use crate::command::same;

/// Why a file of problem matchers is refused. The texts are GitHub's where it has its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// Not JSON.
    #[error("the problem matcher file is not valid JSON: {0}")]
    Json(String),
    /// A value of the wrong type.
    #[error("`{name}` of a problem matcher must be {expected}")]
    Type {
        /// Whose value.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A matcher without owner.
    #[error("Owner must not be empty")]
    NoOwner,
    /// Two matchers with one owner.
    #[error("Duplicate owner name '{0}'")]
    DuplicateOwner(String),
    /// A severity other than error, warning and notice.
    #[error("Matcher '{owner}' contains unexpected default severity '{severity}'")]
    Severity {
        /// Of which matcher.
        owner: String,
        /// As written.
        severity: String,
    },
    /// A matcher without patterns.
    #[error("Matcher '{0}' does not contain any patterns")]
    NoPatterns(String),
    /// `loop` elsewhere than in the last of several patterns.
    #[error("Only the last pattern in a multiline matcher may set 'loop'")]
    LoopNotLast,
    /// `loop` without a message.
    #[error("The loop pattern must set 'message'")]
    LoopWithoutMessage,
    /// A regular expression that cannot be compiled.
    #[error("Invalid pattern '{pattern}'. {reason}")]
    Pattern {
        /// As written.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// Two patterns for one property.
    #[error("The property '{0}' is set twice")]
    SetTwice(&'static str),
    /// A group that does not exist.
    #[error("The property '{name}' is set to {group} which is out of range")]
    OutOfRange {
        /// Which property.
        name: &'static str,
        /// Its group.
        group: i32,
    },
    /// No pattern has a message.
    #[error("At least one pattern must set 'message'")]
    NoMessage,
}

/// Returns the owners that a file names, for `remove-matcher`; nothing else in it is checked.
///
/// # Errors
/// [`MatcherError::Json`] and [`MatcherError::Type`].
pub fn owners(json: &str) -> Result<Vec<String>, MatcherError> {
    matchers(&parse(json)?)?.into_iter().map(|matcher| text(matcher, "owner")).collect()
}

/// Checks a file of matchers as [`super::Matchers::add`] does.
///
/// # Errors
/// [`MatcherError`].
pub fn check(json: &str) -> Result<(), MatcherError> {
    read(json).map(drop)
}

/// Reads all matchers of a file.
pub(super) fn read(json: &str) -> Result<Vec<Matcher>, MatcherError> {
    let root = parse(json)?;
    let mut read: Vec<Matcher> = Vec::new();
    for matcher in matchers(&root)? {
        let matcher = read_matcher(matcher)?;
        if read.iter().any(|known| same(&known.owner, &matcher.owner)) {
            return Err(MatcherError::DuplicateOwner(matcher.owner));
        }
        read.push(matcher);
    }
    Ok(read)
}

type Object = Map<String, Value>;

fn matchers(root: &Value) -> Result<Vec<&Object>, MatcherError> {
    match root {
        Value::Null => Ok(Vec::new()),
        Value::Object(root) => objects(root, "problemMatcher"),
        _ => Err(MatcherError::Type { name: "problemMatcher", expected: "in an object" }),
    }
}

fn read_matcher(matcher: &Object) -> Result<Matcher, MatcherError> {
    let owner = text(matcher, "owner")?;
    if owner.is_empty() {
        return Err(MatcherError::NoOwner);
    }
    let severity = text(matcher, "severity")?;
    if !["", "error", "warning", "notice"].iter().any(|known| same(known, &severity)) {
        return Err(MatcherError::Severity { owner, severity });
    }
    let sources = objects(matcher, "pattern")?;
    if sources.is_empty() {
        return Err(MatcherError::NoPatterns(owner));
    }
    let mut taken = Taken::default();
    let last = sources.len() - 1;
    let patterns = sources
        .iter()
        .enumerate()
        .map(|(at, source)| read_pattern(source, at > 0 && at == last, &mut taken))
        .collect::<Result<Vec<_>, _>>()?;
    if !taken.0.contains(&"message") {
        return Err(MatcherError::NoMessage);
    }
    Ok(Matcher { owner, severity, from_path: text(matcher, "fromPath")?, patterns })
}

fn read_pattern(source: &Object, may_loop: bool, taken: &mut Taken) -> Result<Pattern, MatcherError> {
    let repeats = flag(source, "loop")?;
    if repeats && !may_loop {
        return Err(MatcherError::LoopNotLast);
    }
    if repeats && number(source, "message")?.is_none() {
        return Err(MatcherError::LoopWithoutMessage);
    }
    let pattern = text(source, "regexp")?;
    let regex = Compiled::new(&pattern).map_err(|reason| MatcherError::Pattern { pattern, reason })?;
    let count = regex.group_count();
    let mut group = |name| match number(source, name)? {
        None => Ok(None),
        Some(group) => taken.take(name, group, count).map(Some),
    };
    let [file, line, column] = [group("file")?, group("line")?, group("column")?];
    let [severity, code, message] = [group("severity")?, group("code")?, group("message")?];
    let from_path = group("fromPath")?;
    Ok(Pattern { file, line, column, severity, code, message, from_path, repeats, regex })
}

/// The properties that a pattern has set.
#[derive(Default)]
struct Taken(Vec<&'static str>);

impl Taken {
    fn take(&mut self, name: &'static str, group: i32, count: usize) -> Result<usize, MatcherError> {
        if self.0.contains(&name) {
            return Err(MatcherError::SetTwice(name));
        }
        self.0.push(name);
        let index = usize::try_from(group).ok().filter(|group| *group < count);
        index.ok_or(MatcherError::OutOfRange { name, group })
    }
}

fn get<'a>(object: &'a Object, name: &str) -> &'a Value {
    let any_case = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    object.get(name).or_else(any_case).unwrap_or(&Value::Null)
}

fn text(object: &Object, name: &'static str) -> Result<String, MatcherError> {
    match get(object, name) {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(if *flag { "True" } else { "False" }.to_owned()),
        _ => Err(MatcherError::Type { name, expected: "a string" }),
    }
}

fn number(object: &Object, name: &'static str) -> Result<Option<i32>, MatcherError> {
    let number = match get(object, name) {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.map(Some).ok_or(MatcherError::Type { name, expected: "a whole number" })
}

fn flag(object: &Object, name: &'static str) -> Result<bool, MatcherError> {
    match get(object, name) {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if same(text.trim(), "true") => Ok(true),
        Value::String(text) if same(text.trim(), "false") => Ok(false),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        // A null is no boolean to GitHub either, but says plainly what is meant.
        Value::Null => Ok(false),
        _ => Err(MatcherError::Type { name, expected: "true or false" }),
    }
}

fn objects<'a>(object: &'a Object, name: &'static str) -> Result<Vec<&'a Object>, MatcherError> {
    let wrong = MatcherError::Type { name, expected: "an array of objects" };
    match get(object, name) {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(Value::as_object).collect::<Option<_>>().ok_or(wrong),
        _ => Err(wrong),
    }
}

fn parse(json: &str) -> Result<Value, MatcherError> {
    let plain = plain_json(json.strip_prefix('\u{feff}').unwrap_or(json));
    if plain.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&plain).map_err(|error| MatcherError::Json(error.to_string()))
}

/// Blanks out comments, and commas before a closing bracket, so that places in errors stay true.
fn plain_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut comma = None;
    let mut rest = json;
    while let Some(c) = rest.chars().next() {
        let length = token_length(rest, c);
        let (token, after) = rest.split_at(length);
        if token.starts_with("//") || token.starts_with("/*") {
            out.extend(token.chars().map(|c| if c == '\n' { c } else { ' ' }));
        } else {
            if let (']' | '}', Some(at)) = (c, comma) {
                out.replace_range(at..=at, " ");
            }
            if c == ',' {
                comma = Some(out.len());
            } else if !c.is_ascii_whitespace() {
                comma = None;
            }
            out.push_str(token);
        }
        rest = after;
    }
    out
}

/// Length of a comment, a string or a character.
fn token_length(rest: &str, first: char) -> usize {
    let to_end = |end: Option<usize>| end.unwrap_or(rest.len());
    match first {
        '/' if rest.starts_with("//") => to_end(rest.find('\n')),
        '/' if rest.starts_with("/*") => to_end(rest[2..].find("*/").map(|at| at + 4)),
        '"' => {
            let mut escaped = false;
            let end = rest.bytes().skip(1).position(|byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            });
            to_end(end.map(|at| at + 2))
        }
        first => first.len_utf8(),
    }
}
