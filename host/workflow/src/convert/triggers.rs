//! `on`: events, their filters, schedules and inputs.
//!
//! The strict schema has checked keys and types; what is read here is what the filters, the scheduler and the caller of a
//! workflow need.

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
        "schedule" => TriggerConfig::Schedule(
            value.as_sequence().unwrap_or_default().iter().filter_map(schedule).collect(),
        ),
        "workflow_dispatch" => {
            TriggerConfig::Dispatch { inputs: value.get("inputs").map(inputs).unwrap_or_default() }
        }
        "workflow_call" => TriggerConfig::Call(Box::new(signature(value))),
        _ => TriggerConfig::Filters(Box::new(filters(name, value, problems))),
    };
    Trigger { event: EventName::new(name), span, config }
}

fn schedule(token: &Token) -> Option<Schedule> {
    let text = |key| token.get(key).and_then(text);
    Some(Schedule { cron: text("cron")?, timezone: text("timezone") })
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
    let list = |key| token.get(key).map(patterns);
    EventFilters {
        types: list("types"),
        branches: list("branches"),
        branches_ignore: list("branches-ignore"),
        tags: list("tags"),
        tags_ignore: list("tags-ignore"),
        paths: list("paths"),
        paths_ignore: list("paths-ignore"),
        workflows: list("workflows"),
        names: list("names"),
        versions: list("versions"),
    }
}

/// One text, or a list of texts.
fn patterns(token: &Token) -> Patterns {
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
    let options = token.get("options").map(patterns).unwrap_or_default();
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
