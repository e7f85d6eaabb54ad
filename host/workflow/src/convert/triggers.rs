//! `on`: events, their filters, schedules and inputs.
//!
//! The strict schema has checked keys and types; what is read here is what the filters, the scheduler and the caller of a
//! workflow need. What GitHub's service refuses beyond the schema is refused here: see each check for where its text
//! is from.

#[cfg(test)]
mod tests;

use crate::cron::{Cron, time_zone};
use crate::filter::Pattern;
use crate::ids::{EventName, InputName, OutputName, SecretName};
use crate::source::{Problem, Span, Spanned};
use crate::token::{Token, TokenKind};
use crate::triggers::{
    CallSignature, EventFilters, Input, InputType, OutputDefinition, Patterns, Schedule, SecretDefinition,
    Trigger, TriggerConfig, Triggers,
};
use indexmap::IndexMap;
use std::sync::Arc;

/// Pairs of filters that exclude each other.
const EXCLUSIVE: [(&str, &str); 3] =
    [("branches", "branches-ignore"), ("tags", "tags-ignore"), ("paths", "paths-ignore")];

/// Inputs that a `workflow_dispatch` may have: 25 since 2025-12-04, 10 before.
const MAX_DISPATCH_INPUTS: usize = 25;

/// Reads `on`.
pub(crate) fn triggers(token: &Token, problems: &mut Vec<Problem>) -> Triggers {
    let nothing = Token::new(TokenKind::Null, token.span);
    let mut result = Triggers { events: Vec::new(), span: token.span };
    match &token.kind {
        TokenKind::String(name) => result.events.push(trigger(name, token.span, &nothing, problems)),
        TokenKind::Sequence(items) => {
            for item in items {
                if let Some(name) = item.as_str().filter(|name| result.get(name).is_none()) {
                    result.events.push(trigger(name, item.span, &nothing, problems));
                }
            }
        }
        TokenKind::Mapping(entries) => {
            for (key, value) in entries {
                if let Some(name) = key.as_str() {
                    result.events.push(trigger(name, key.span, value, problems));
                }
            }
        }
        _ => {}
    }
    result
}

fn trigger(name: &str, span: Span, value: &Token, problems: &mut Vec<Problem>) -> Trigger {
    let config = match name {
        "schedule" => {
            let entries = value.as_sequence().unwrap_or_default().iter();
            TriggerConfig::Schedule(entries.filter_map(|entry| schedule(entry, problems)).collect())
        }
        "workflow_dispatch" => {
            TriggerConfig::Dispatch { inputs: dispatch_inputs(value.get("inputs"), problems) }
        }
        "workflow_call" => TriggerConfig::Call(Box::new(signature(value))),
        _ => TriggerConfig::Filters(Box::new(filters(name, value, problems))),
    };
    Trigger { event: EventName::new(name), span, config }
}

/// Source of the text: `convertSchedule` of `@actions/workflow-parser`.
fn schedule(token: &Token, problems: &mut Vec<Problem>) -> Option<Schedule> {
    let text = |key| token.get(key).and_then(text);
    let cron = text("cron")?;
    if let Err(error) = Cron::parse(&cron.value) {
        problems.push(Problem::new(cron.span, error.to_string()).with_hint(error.problem.to_string()));
    }
    let timezone = text("timezone");
    if let Some(zone) = &timezone
        && let Err(error) = time_zone(&zone.value)
    {
        problems.push(Problem::new(zone.span, error.to_string()));
    }
    Some(Schedule { cron, timezone })
}

/// Source of the text: annotations of github.com, where the number was 10 until the limit was raised.
fn dispatch_inputs(token: Option<&Token>, problems: &mut Vec<Problem>) -> IndexMap<InputName, Input> {
    let inputs = token.map(inputs).unwrap_or_default();
    if let Some((_, first_too_many)) = inputs.get_index(MAX_DISPATCH_INPUTS) {
        let message = format!(
            "you may only define up to {MAX_DISPATCH_INPUTS} `inputs` for a `workflow_dispatch` event"
        );
        let hint = format!("there are {}; this is the first too many", inputs.len());
        problems.push(Problem::new(first_too_many.span, message).with_hint(hint));
    }
    inputs
}

fn text(token: &Token) -> Option<Spanned<Arc<str>>> {
    match &token.kind {
        TokenKind::String(text) => Some(Spanned::new(text.clone(), token.span)),
        _ => None,
    }
}

fn filters(event: &str, token: &Token, problems: &mut Vec<Problem>) -> EventFilters {
    for (one, other) in EXCLUSIVE {
        if let (Some(_), Some(second)) = (token.get(one), token.get(other)) {
            let message = format!("you may only define one of `{one}` and `{other}` for a single event");
            let hint = format!(
                "use `{one}` alone and put `!` before the patterns of `{other}`, in the event `{event}`"
            );
            problems.push(Problem::new(second.span, message).with_hint(hint));
        }
    }
    let list = |key| token.get(key).map(texts);
    let mut patterns = |key| token.get(key).map(|token| patterns(token, problems));
    EventFilters {
        types: list("types"),
        branches: patterns("branches"),
        branches_ignore: patterns("branches-ignore"),
        tags: patterns("tags"),
        tags_ignore: patterns("tags-ignore"),
        paths: patterns("paths"),
        paths_ignore: patterns("paths-ignore"),
        workflows: list("workflows"),
        names: patterns("names"),
        versions: patterns("versions"),
    }
}

/// One filter pattern, or a list of them. The text is our own: what GitHub says is not published.
fn patterns(token: &Token, problems: &mut Vec<Problem>) -> Patterns {
    let patterns = texts(token);
    for pattern in &patterns {
        if let Err(error) = Pattern::parse(&pattern.value) {
            problems.push(Problem::new(pattern.span, error.to_string()).with_hint(
                "`*`, `**`, `?`, `+`, `[]` and `!` are special in filters: put `\\` before one that is meant as it is",
            ));
        }
    }
    patterns
}

/// One text, or a list of texts.
fn texts(token: &Token) -> Patterns {
    match &token.kind {
        TokenKind::Sequence(items) => items.iter().filter_map(text).collect(),
        _ => text(token).into_iter().collect(),
    }
}

/// What a called workflow takes and gives: the value of `workflow_call`.
pub(crate) fn signature(token: &Token) -> CallSignature {
    CallSignature {
        inputs: token.get("inputs").map(inputs).unwrap_or_default(),
        secrets: named(token.get("secrets"), SecretName::new, secret),
        outputs: named(token.get("outputs"), OutputName::new, output),
    }
}

fn inputs(token: &Token) -> IndexMap<InputName, Input> {
    named(Some(token), InputName::new, input)
}

pub(crate) fn named<N: Eq + std::hash::Hash, T>(
    token: Option<&Token>,
    name: fn(Arc<str>) -> N,
    read: fn(Span, &Token) -> T,
) -> IndexMap<N, T> {
    let entries = token.and_then(Token::as_mapping).unwrap_or_default();
    let read = |(key, value): &(Token, Token)| Some((name(text(key)?.value), read(key.span, value)));
    entries.iter().filter_map(read).collect()
}

fn description(token: &Token) -> Option<Arc<str>> {
    token.get("description").and_then(text).map(|text| text.value)
}

fn required(token: &Token) -> bool {
    token.get("required").and_then(Token::as_bool).unwrap_or_default()
}

fn input(span: Span, token: &Token) -> Input {
    let options = token.get("options").map(texts).unwrap_or_default();
    Input {
        span,
        kind: token.get("type").and_then(Token::as_str).and_then(InputType::parse).unwrap_or_default(),
        required: required(token),
        default: token.get("default").cloned(),
        description: description(token),
        options: options.into_iter().map(|option| option.value).collect(),
    }
}

fn secret(span: Span, token: &Token) -> SecretDefinition {
    SecretDefinition { span, required: required(token), description: description(token) }
}

fn output(span: Span, token: &Token) -> OutputDefinition {
    OutputDefinition { span, value: token.get("value").cloned(), description: description(token) }
}
