//! Inputs of `workflow_dispatch`: defaults, types, and what is wrong with what was given.
//!
//! Texts of errors are those of GitHub's REST API where it has one. Inputs of reusable workflows follow other rules
//! (`ConvertToWorkflowJobInputs`) and are not handled here.

use serde_json::{Map, Value};

/// One input as `on.workflow_dispatch.inputs` declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct InputDefinition {
    /// Its name.
    pub name: String,
    /// Its type; `string` if none is declared.
    pub kind: InputKind,
    /// Whether a value must be given when there is no default.
    pub required: bool,
    /// The default: a string, number or boolean as the workflow has it.
    pub default: Option<Value>,
}

/// The type of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// Any text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// One of these; the first if there is no default.
    Choice(Vec<String>),
    /// Name of an environment.
    Environment,
}

/// Inputs in the two forms in which a workflow sees them, in the order declared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResolvedInputs {
    /// The `inputs` context: booleans and numbers as such, all else as text.
    pub context: Map<String, Value>,
    /// `github.event.inputs`: everything as text.
    pub event: Map<String, Value>,
}

/// What is wrong with given inputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A required input is missing or empty, and has no default.
    #[error("Required input '{0}' not provided")]
    Missing(String),
    /// Names that the workflow doesn't declare.
    #[error("Unexpected inputs provided: {0:?}")]
    Unexpected(Vec<String>),
    /// A value that is none of a choice's options, or no boolean.
    #[error("Provided value '{value}' for input '{name}' not in the list of allowed values")]
    NotAllowed {
        /// The input.
        name: String,
        /// What was given.
        value: String,
    },
    /// A value that is no number.
    #[error("Provided value '{value}' for input '{name}' is not a number")]
    NotANumber {
        /// The input.
        name: String,
        /// What was given.
        value: String,
    },
}

/// Applies defaults and types to `given`.
///
/// Names are matched without regard to case. An input without value and default is `false` if boolean, the first
/// option if a choice, else empty. Values may be given as text, boolean or number.
///
/// # Errors
/// Everything that is wrong, unexpected names last.
pub fn resolve_inputs(
    definitions: &[InputDefinition],
    given: &Map<String, Value>,
) -> Result<ResolvedInputs, Vec<InputError>> {
    let mut resolved = ResolvedInputs::default();
    let mut errors = Vec::new();
    for definition in definitions {
        match definition.resolve(given) {
            Ok((text, typed)) => {
                resolved.event.insert(definition.name.clone(), Value::String(text));
                resolved.context.insert(definition.name.clone(), typed);
            }
            Err(error) => errors.push(error),
        }
    }
    let is_declared = |name: &str| definitions.iter().any(|input| input.name.eq_ignore_ascii_case(name));
    let unexpected: Vec<_> = given.keys().filter(|name| !is_declared(name)).cloned().collect();
    if !unexpected.is_empty() {
        errors.push(InputError::Unexpected(unexpected));
    }
    if errors.is_empty() { Ok(resolved) } else { Err(errors) }
}

impl InputDefinition {
    /// The value as text and as the type says.
    fn resolve(&self, given: &Map<String, Value>) -> Result<(String, Value), InputError> {
        let found = given.iter().find(|(name, _)| name.eq_ignore_ascii_case(&self.name));
        let provided = found.map(|(_, value)| text_of(value));
        let default = self.default.as_ref().map(text_of);
        let text = match (provided, default) {
            (Some(provided), None) if provided.is_empty() && self.required => return Err(self.missing()),
            (Some(provided), _) => provided,
            (None, Some(default)) => default,
            (None, None) if self.required => return Err(self.missing()),
            (None, None) => self.fallback(),
        };
        let typed = self.typed(&text)?;
        Ok((text, typed))
    }

    fn missing(&self) -> InputError {
        InputError::Missing(self.name.clone())
    }

    fn fallback(&self) -> String {
        match &self.kind {
            InputKind::Boolean => "false".to_owned(),
            InputKind::Choice(options) => options.first().cloned().unwrap_or_default(),
            InputKind::String | InputKind::Number | InputKind::Environment => String::new(),
        }
    }

    fn typed(&self, text: &str) -> Result<Value, InputError> {
        let not_allowed = || InputError::NotAllowed { name: self.name.clone(), value: text.to_owned() };
        match &self.kind {
            InputKind::Boolean => text.parse().map(Value::Bool).map_err(|_| not_allowed()),
            InputKind::Choice(options) if !options.iter().any(|option| option == text) => Err(not_allowed()),
            InputKind::Number if !text.is_empty() => number(text)
                .ok_or_else(|| InputError::NotANumber { name: self.name.clone(), value: text.to_owned() }),
            InputKind::String | InputKind::Number | InputKind::Choice(_) | InputKind::Environment => {
                Ok(Value::String(text.to_owned()))
            }
        }
    }
}

/// Reads a number, whole where it can be, so that `1` stays `1` when shown as JSON.
fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    let number: f64 = text.parse().ok()?;
    serde_json::Number::from_f64(number).map(Value::Number)
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
