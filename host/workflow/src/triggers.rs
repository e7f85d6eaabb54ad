//! `on`: which events start a workflow, with their filters, schedules and inputs.
//!
//! Holds what the file says. Whether an event matches is decided in `filter` and `cron`.

use crate::ids::{EventName, InputName, OutputName, SecretName};
use crate::source::{Span, Spanned};
use crate::token::Token;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Everything under `on`, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Triggers {
    pub events: Vec<Trigger>,
    pub span: Span,
}

impl Triggers {
    /// The trigger for an event, by its exact name.
    #[must_use]
    pub fn get(&self, event: &str) -> Option<&Trigger> {
        self.events.iter().find(|trigger| trigger.event.as_str() == event)
    }

    /// The inputs of `workflow_dispatch`; `None` when the workflow cannot be dispatched.
    #[must_use]
    pub fn dispatch(&self) -> Option<&IndexMap<InputName, Input>> {
        match &self.get("workflow_dispatch")?.config {
            TriggerConfig::Dispatch { inputs } => Some(inputs),
            TriggerConfig::Filters(_) | TriggerConfig::Schedule(_) | TriggerConfig::Call(_) => None,
        }
    }

    /// The signature of `workflow_call`; `None` when the workflow cannot be called.
    #[must_use]
    pub fn call(&self) -> Option<&CallSignature> {
        match &self.get("workflow_call")?.config {
            TriggerConfig::Call(signature) => Some(signature),
            TriggerConfig::Filters(_) | TriggerConfig::Schedule(_) | TriggerConfig::Dispatch { .. } => None,
        }
    }
}

/// One event that starts the workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    pub event: EventName,
    /// Where the event's name stands.
    pub span: Span,
    pub config: TriggerConfig,
}

/// What stands under an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerConfig {
    /// A webhook event; all lists are empty options when nothing is configured.
    Filters(Box<EventFilters>),
    /// `schedule`.
    Schedule(Vec<Schedule>),
    /// `workflow_dispatch`.
    Dispatch { inputs: IndexMap<InputName, Input> },
    /// `workflow_call`.
    Call(Box<CallSignature>),
}

/// A list of names or patterns as written.
pub type Patterns = Vec<Spanned<Arc<str>>>;

/// Filters of a webhook event. `None` is a key that is not there; an empty list is one without entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct EventFilters {
    /// Activity types; `None` means the event's default types.
    pub types: Option<Patterns>,
    pub branches: Option<Patterns>,
    pub branches_ignore: Option<Patterns>,
    pub tags: Option<Patterns>,
    pub tags_ignore: Option<Patterns>,
    pub paths: Option<Patterns>,
    pub paths_ignore: Option<Patterns>,
    /// Names of workflows (`workflow_run`).
    pub workflows: Option<Patterns>,
    /// Names of images (`image_version`).
    pub names: Option<Patterns>,
    /// Versions of images (`image_version`).
    pub versions: Option<Patterns>,
}

/// One entry of `schedule`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Five fields, not yet parsed.
    pub cron: Spanned<Arc<str>>,
    /// IANA name; UTC when absent.
    pub timezone: Option<Spanned<Arc<str>>>,
}

/// Type of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputType {
    #[default]
    String,
    Boolean,
    Number,
    /// Only for `workflow_dispatch`.
    Choice,
    /// Only for `workflow_dispatch`.
    Environment,
}

impl InputType {
    /// The word a file uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::Choice => "choice",
            Self::Environment => "environment",
        }
    }

    /// Reads the word a file uses.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::String, Self::Boolean, Self::Number, Self::Choice, Self::Environment]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// An input of `workflow_dispatch` or `workflow_call`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Where the input's name stands.
    pub span: Span,
    #[serde(rename = "type")]
    pub kind: InputType,
    pub required: bool,
    /// May hold an expression for `workflow_call`; a literal for `workflow_dispatch`.
    pub default: Option<Token>,
    pub description: Option<Arc<str>>,
    /// Choices of a `choice`.
    pub options: Vec<Arc<str>>,
}

/// What a called workflow takes and gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallSignature {
    pub inputs: IndexMap<InputName, Input>,
    pub secrets: IndexMap<SecretName, SecretDefinition>,
    pub outputs: IndexMap<OutputName, OutputDefinition>,
}

/// A secret a called workflow takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecretDefinition {
    pub span: Span,
    pub required: bool,
    pub description: Option<Arc<str>>,
}

/// An output of a called workflow or a composite action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputDefinition {
    pub span: Span,
    /// Evaluated when the callee has ended. `None` only for actions that set outputs themselves.
    pub value: Option<Token>,
    pub description: Option<Arc<str>>,
}
