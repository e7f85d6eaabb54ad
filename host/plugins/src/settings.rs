//! A plugin's settings, checked against the schema that the plugin brings.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// How many mistakes are named at once.
const MISTAKES: usize = 5;

/// A JSON Schema (draft 2020-12) of settings. It is JSON, and no more is known of it until it is needed: to take it
/// apart is dearer than all the rest of a manifest, and to make a validator of it dearer than all of loading.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Schema(Box<RawValue>);

/// `[config]` may hold the text of a schema instead of the schema.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inline {
    schema: String,
}

impl Schema {
    /// Takes the schema of `[config]`.
    pub(crate) fn of_config(config: Box<RawValue>) -> Result<Self, String> {
        match serde_json::from_str(config.get()) {
            Ok(Inline { schema }) => {
                RawValue::from_string(schema).map(Self).map_err(|error| error.to_string())
            }
            Err(_) => Ok(Self(config)),
        }
    }

    /// Makes a validator. Nothing is fetched: a reference out of the schema is a mistake in it.
    pub(crate) fn compile(&self) -> Result<Validator, String> {
        let schema: Value = serde_json::from_str(self.0.get()).map_err(|error| error.to_string())?;
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        // Patterns come from strangers: only those that run in linear time.
        let options = options.with_pattern_options(PatternOptions::regex().size_limit(1 << 20));
        options.build(&schema).map_err(|error| placed(&error))
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// Says what is wrong where: a path of keys.
fn placed(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().to_string();
    let said = crate::text::reason(&error.to_string());
    if at.is_empty() { said } else { format!("`{}`: {said}", at.trim_start_matches('/')) }
}

/// Checks settings; says what is wrong where.
pub(crate) fn check(schema: Option<&Schema>, settings: &Value) -> Result<(), String> {
    if !settings.is_object() {
        return Err("they must be a table".to_owned());
    }
    let Some(schema) = schema else { return Ok(()) };
    let validator = schema.compile()?;
    let mistakes: Vec<_> =
        validator.iter_errors(settings).take(MISTAKES).map(|error| placed(&error)).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(config: &Value) -> Schema {
        Schema::of_config(serde_json::value::to_raw_value(config).unwrap()).unwrap()
    }

    #[test]
    fn settings_are_checked_where_there_is_a_schema() {
        let schema = schema(&json!({
            "type": "object",
            "properties": { "pool": { "type": "string" }, "most": { "type": "integer" } },
            "additionalProperties": false,
        }));
        assert_eq!(check(Some(&schema), &json!({ "pool": "big" })), Ok(()));
        assert_eq!(check(None, &json!({ "anything": 1 })), Ok(()));
        let said = check(Some(&schema), &json!({ "most": "many", "pol": 1 })).unwrap_err();
        assert!(said.contains("`most`: ") && said.contains("pol"), "{said}");
        assert!(check(None, &json!([])).is_err());
    }

    #[test]
    fn a_schema_that_is_none_or_looks_elsewhere_is_refused() {
        for schema in [
            json!({ "type": "strong" }),
            json!({ "$ref": "https://example.com/schema.json" }),
            json!({ "pattern": "(?=x)" }),
        ] {
            assert!(self::schema(&schema).compile().is_err(), "{schema}");
        }
        let said = schema(&json!({ "properties": { "pool": { "type": "objct" } } })).compile().unwrap_err();
        assert!(said.starts_with("`properties/pool/type`: \"objct\""), "{said}");
    }
}
