//! `container` and `services`.

use super::{When, texts};
use crate::source::Problem;
use crate::token::{Token, TokenKind};
use crate::uses::DOCKER_PREFIX;
use crate::values::{Container, Credentials, Services};

/// Whether a container is the job's own or a service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Job,
    Service,
}

/// `container`; nothing when its image is empty, which is how a matrix leg goes without.
pub(crate) fn container(
    token: &Token,
    when: When,
    problems: &mut Vec<Problem>,
) -> Result<Option<Container>, Problem> {
    read(token, when, Role::Job, problems)
}

/// `services`; those whose image is empty map to nothing.
pub(crate) fn services(token: &Token, when: When, problems: &mut Vec<Problem>) -> Result<Services, Problem> {
    let mut result = Vec::new();
    if when == When::Reading && token.has_expression() {
        return Ok(result);
    }
    for (key, value) in token.expect_mapping("services")? {
        let name = key.expect_string("services key")?.to_string();
        result.push((name, read(value, when, Role::Service, problems)?));
    }
    Ok(result)
}

fn read(
    token: &Token,
    when: When,
    role: Role,
    problems: &mut Vec<Problem>,
) -> Result<Option<Container>, Problem> {
    let mut result = Container::default();
    if when == When::Reading && token.has_expression() {
        return Ok(None);
    }
    match &token.kind {
        TokenKind::String(image) => result.image = image.to_string(),
        _ => {
            for (key, value) in token.expect_mapping("container")? {
                property(&mut result, key, value)?;
            }
        }
    }
    let without_prefix = result.image.strip_prefix(DOCKER_PREFIX).map(str::to_owned);
    let had_prefix = without_prefix.is_some();
    result.image = without_prefix.unwrap_or(result.image);
    if !result.image.is_empty() {
        return Ok(Some(result));
    }
    // `container: ''` alone may be meant: it is what an expression gives for a leg without container.
    let may_be_meant = role == Role::Job && !had_prefix && token.as_str().is_some();
    if when == When::Reading && !may_be_meant {
        problems.push(Problem::new(token.span, "Container image cannot be empty"));
    }
    Ok(None)
}

fn property(result: &mut Container, key: &Token, value: &Token) -> Result<(), Problem> {
    let name = key.expect_string("container key")?;
    let text = || value.expect_string(&format!("container {name}")).map(ToString::to_string);
    match &**name {
        "image" => result.image = text()?,
        "options" => result.options = Some(text()?),
        "entrypoint" => result.entrypoint = Some(text()?),
        "command" => result.command = Some(text()?),
        "env" => result.env = texts(value, When::Evaluated, "container env")?,
        "ports" => result.ports = list(value, name)?,
        "volumes" => result.volumes = list(value, name)?,
        "credentials" => result.credentials = Some(credentials(value)?),
        _ => return Err(key.unexpected_value("container key")),
    }
    Ok(())
}

fn list(token: &Token, name: &str) -> Result<Vec<String>, Problem> {
    let what = format!("container {name}");
    token
        .expect_sequence(&what)?
        .iter()
        .map(|item| item.expect_string(&what).map(ToString::to_string))
        .collect()
}

fn credentials(token: &Token) -> Result<Credentials, Problem> {
    let mut result = Credentials::default();
    for (key, value) in token.expect_mapping("credentials")? {
        match &**key.expect_string("credentials key")? {
            "username" => result.username = Some(value.expect_string("username")?.to_string()),
            "password" => result.password = Some(value.expect_string("password")?.to_string()),
            _ => return Err(key.unexpected_value("credentials key")),
        }
    }
    Ok(result)
}
