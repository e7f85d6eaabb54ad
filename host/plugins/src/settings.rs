//! A plugin's settings, checked against the schema that the plugin brings.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

/// How many mistakes are named at once.
const MISTAKES: usize = 5;

/// Makes a validator of a schema. Nothing is fetched: a reference out of the schema is a mistake in it.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    // Patterns come from strangers: only those that run in linear time.
    let options = options.with_pattern_options(PatternOptions::regex().size_limit(1 << 20));
    options.build(schema).map_err(|error| placed(&error))
}

/// Says what is wrong where: a path of keys.
fn placed(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().to_string();
    let said = crate::text::reason(&error.to_string());
    if at.is_empty() { said } else { format!("`{}`: {said}", at.trim_start_matches('/')) }
}

/// Checks settings; says what is wrong where.
pub(crate) fn check(schema: Option<&Value>, settings: &Value) -> Result<(), String> {
    if !settings.is_object() {
        return Err("they must be a table".to_owned());
    }
    let Some(schema) = schema else { return Ok(()) };
    let validator = compile(schema)?;
    let mistakes: Vec<_> =
        validator.iter_errors(settings).take(MISTAKES).map(|error| placed(&error)).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_checked_where_there_is_a_schema() {
        let schema = json!({
            "type": "object",
            "properties": { "pool": { "type": "string" }, "most": { "type": "integer" } },
            "additionalProperties": false,
        });
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
            assert!(compile(&schema).is_err(), "{schema}");
        }
        let said = compile(&json!({ "properties": { "pool": { "type": "objct" } } })).unwrap_err();
        assert!(said.starts_with("`properties/pool/type`: \"objct\""), "{said}");
    }
}
