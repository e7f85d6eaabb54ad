//! `snapshot`: the custom image a job makes. Port of `WorkflowTemplateConverter.ConvertToSnapshot`.

use super::condition::condition;
use super::early::When;
use crate::schema::Schema;
use crate::source::Problem;
use crate::token::{Token, TokenKind};
use crate::values::Snapshot;

const DEFAULT_VERSION: &str = "1.*";

/// `snapshot`; nothing while it has expressions or when it is wrong.
pub(crate) fn snapshot(
    token: &Token,
    when: When,
    problems: &mut Vec<Problem>,
) -> Result<Option<Snapshot>, Problem> {
    if when.passes_over(token) {
        return Ok(None);
    }
    let mut result =
        Snapshot { image_name: String::new(), version: DEFAULT_VERSION.to_owned(), condition: None };
    if let TokenKind::String(name) = &token.kind {
        result.image_name = name.to_string();
        return Ok(Some(result));
    }
    for (key, value) in token.expect_mapping("job snapshot")? {
        match &**key.expect_string("job snapshot key")? {
            "image-name" | "version" if when.passes_over(value) => return Ok(None),
            "image-name" => result.image_name = value.expect_string("job snapshot image-name")?.to_string(),
            "version" => {
                let version = value.expect_string("job snapshot version")?;
                if !is_version(version) {
                    let message = format!("Expected format '{{major-version}}.*' Actual '{version}'");
                    problems.push(Problem::new(token.span, message));
                    return Ok(None);
                }
                result.version = version.to_string();
            }
            "if" => {
                let schema = Schema::workflow();
                let allowed = &schema.get(schema.named("snapshot-if")).allowed;
                result.condition = Some(condition(Some(value), allowed, "Snapshot if")?);
            }
            _ => return Err(key.unexpected_value("job snapshot key")),
        }
    }
    Ok(Some(result))
}

/// `N.*`.
fn is_version(version: &str) -> bool {
    let Some(major) = version.strip_suffix(".*") else { return false };
    !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit()) && major.parse::<i32>().is_ok()
}
