//! `runs`: how an action runs. Port of `ActionManifestManager.ConvertRuns`.

use crate::action::{ActionRuns, DockerAction, DockerImage, NodeAction};
use crate::context::Context;
use crate::convert::condition::implied;
use crate::convert::steps::StepReader;
use crate::expression::{Allowed, Expression};
use crate::schema::Schema;
use crate::source::{Problem, Span, Spanned};
use crate::step::If;
use crate::token::{Token, TokenKind};
use crate::uses::DOCKER_PREFIX;
use act_expr::text::{ends_with_ignore_case, starts_with_ignore_case};
use std::sync::Arc;

/// Versions of node that `using` may name.
const NODE: [&str; 4] = ["node12", "node16", "node20", "node24"];

/// The problem of an action without `runs`.
pub(super) fn missing(span: Span, file: &str) -> Problem {
    Problem::new(span, format!("Top level 'runs:' section is required for {file}"))
}

/// Reads `runs`.
pub(super) fn runs(context: &mut Context<'_>, token: Token, file: &str) -> Result<ActionRuns, Problem> {
    let span = token.span;
    let Some(using) = token.get("using") else {
        let message = match token.get("plugin") {
            Some(_) => "'plugin' actions belong to GitHub's runner and are not supported",
            None => {
                "Missing 'using' value. 'using' requires 'composite', 'docker', 'node12', 'node16', 'node20' or 'node24'."
            }
        };
        return Err(Problem::new(span, message));
    };
    let kind = using.expect_string("using")?.to_ascii_lowercase();
    match kind.as_str() {
        "composite" => composite(context, token, file),
        "docker" => docker(&token, file),
        version if NODE.contains(&version) => node(&token, Spanned::new(version.into(), using.span), file),
        _ => {
            let written = using.literal_text();
            let message = format!(
                "'using: {written}' is not supported, use 'docker', 'node12', 'node16', 'node20' or 'node24' instead."
            );
            Err(Problem::new(using.span, message))
        }
    }
}

fn composite(context: &mut Context<'_>, token: Token, file: &str) -> Result<ActionRuns, Problem> {
    let span = token.span;
    let TokenKind::Mapping(entries) = token.kind else { return Err(missing(span, file)) };
    let Some((_, steps)) = entries.into_iter().find(|(key, _)| key.as_str() == Some("steps")) else {
        let message = format!("You are using a composite action but there are no steps provided in {file}.");
        return Err(Problem::new(span, message));
    };
    // The runner reads these conditions as those of a job's steps: a context they lack is null, not an error.
    let allowed = Schema::workflow().allowed("step-if");
    let steps = StepReader::new(context, &allowed).steps(steps);
    Ok(ActionRuns::Composite { steps, span })
}

fn node(token: &Token, version: Spanned<Arc<str>>, file: &str) -> Result<ActionRuns, Problem> {
    let Some(main) = text(token, "main")? else {
        let message = format!(
            "You are using a JavaScript Action but there is not an entry JavaScript file provided in {file}."
        );
        return Err(Problem::new(token.span, message));
    };
    Ok(ActionRuns::Node(NodeAction {
        version,
        main,
        pre: text(token, "pre")?,
        pre_if: condition(token, "pre-if")?,
        post: text(token, "post")?,
        post_if: condition(token, "post-if")?,
    }))
}

fn docker(token: &Token, file: &str) -> Result<ActionRuns, Problem> {
    let Some(image) = text(token, "image")? else {
        let message = format!("You are using a Container Action but an image is not provided in {file}.");
        return Err(Problem::new(token.span, message));
    };
    let image_span = token.get("image").map_or(token.span, |image| image.span);
    Ok(ActionRuns::Docker(DockerAction {
        image: Spanned::new(docker_image(&image, image_span)?, image_span),
        entrypoint: text(token, "entrypoint")?,
        args: token.get("args").cloned(),
        env: token.get("env").cloned(),
        pre_entrypoint: text(token, "pre-entrypoint")?,
        pre_if: condition(token, "pre-if")?,
        post_entrypoint: text(token, "post-entrypoint")?,
        post_if: condition(token, "post-if")?,
    }))
}

/// An image to pull, or the path of a Dockerfile (`ActionManager.PrepareRepositoryActionAsync`).
fn docker_image(image: &Arc<str>, span: Span) -> Result<DockerImage, Problem> {
    if starts_with_ignore_case(image, DOCKER_PREFIX) {
        return Ok(DockerImage::Registry(image[DOCKER_PREFIX.len()..].into()));
    }
    if ends_with_ignore_case(image, "Dockerfile") {
        return Ok(DockerImage::Dockerfile(image.clone()));
    }
    Err(Problem::new(
        span,
        format!("'{image}' should be either '[path]/Dockerfile' or 'docker://image[:tag]'."),
    ))
}

fn text(token: &Token, key: &str) -> Result<Option<Arc<str>>, Problem> {
    token.get(key).map(|value| value.expect_string(key).cloned()).transpose()
}

/// Conditions of `pre` and `post` run as written: nothing is put before them.
fn condition(token: &Token, key: &str) -> Result<If, Problem> {
    let allowed: Allowed = Schema::action().allowed("runs-if");
    let Some(value) = token.get(key) else { return Ok(implied("always()", &allowed)) };
    let written = value.expect_string(key)?;
    let expression =
        Expression::parse(written, &allowed).map_err(|error| Problem::new(value.span, error.to_string()))?;
    Ok(If { expression, span: Some(value.span) })
}
