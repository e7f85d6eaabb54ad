//! `permissions` of workflows and jobs, and what a called workflow may ask for.
//!
//! Port of `WorkflowTemplateConverter.ConvertToPermissions` and `PermissionsHelper.cs`.

use crate::options::PermissionsPolicy;
use crate::permissions::{Level, Permissions, Scope};
use crate::source::{Problem, Spanned};
use crate::token::{Token, TokenKind};

/// Scopes that never grant more than reading, whatever shorthand asks for.
const READ_AT_MOST: [Scope; 2] = [Scope::Models, Scope::VulnerabilityAlerts];
/// Scopes that cannot be read, only written.
const WRITE_ONLY: [Scope; 1] = [Scope::CopilotRequests];
/// Scopes GitHub added after its rules for called workflows were written down (in its test suite); a shorthand that asks
/// for too much is told about the others first.
const RECENT: [Scope; 7] = [
    Scope::ArtifactMetadata,
    Scope::Attestations,
    Scope::Models,
    Scope::VulnerabilityAlerts,
    Scope::CodeQuality,
    Scope::CopilotRequests,
    Scope::Drives,
];

/// Reads `permissions`.
pub(crate) fn permissions(token: &Token) -> Result<Spanned<Permissions>, Problem> {
    let value = match &token.kind {
        TokenKind::String(shorthand) => match &**shorthand {
            "read-all" => all(Level::Read),
            "write-all" => all(Level::Write),
            _ => return Err(token.unexpected_value("permissions")),
        },
        _ => {
            let mut value = Permissions::none();
            for (key, level) in token.expect_mapping("permissions")? {
                let scope = Scope::parse(key.expect_string("permissions.key")?)
                    .ok_or_else(|| key.unexpected_value("permissions.key"))?;
                let word = level.expect_string("permissions.value")?;
                value.set(
                    scope,
                    Level::parse(word).ok_or_else(|| level.unexpected_value("permissions.value"))?,
                );
            }
            value
        }
    };
    Ok(Spanned::new(value, token.span))
}

/// What a shorthand stands for.
fn all(level: Level) -> Permissions {
    let mut permissions = Permissions::none();
    for scope in Scope::ALL.iter().copied() {
        let level = if READ_AT_MOST.contains(&scope) { level.min(Level::Read) } else { level };
        let level = if WRITE_ONLY.contains(&scope) && level == Level::Read { Level::None } else { level };
        permissions.set(scope, level);
    }
    permissions
}

/// What a workflow has that says nothing.
fn of_policy(policy: PermissionsPolicy, trusted: bool) -> Permissions {
    match policy {
        PermissionsPolicy::LimitedRead => {
            let mut permissions = Permissions::none();
            permissions.set(Scope::Contents, Level::Read);
            permissions.set(Scope::Packages, Level::Read);
            permissions
        }
        PermissionsPolicy::Write => {
            let mut permissions = all(Level::Write);
            if !trusted {
                permissions.set(Scope::IdToken, Level::None);
            }
            permissions
        }
    }
}

/// Who may ask for how much.
#[derive(Clone, Copy)]
pub(crate) struct Limit<'a> {
    /// What the caller's file allows; `None` when it says nothing, then the policy counts.
    pub(crate) explicit: Option<&'a Permissions>,
    pub(crate) policy: PermissionsPolicy,
    /// The callee belongs to the caller's own organization.
    pub(crate) trusted: bool,
}

/// Both sides of a request that asks for too much: `'actions: write', but is only allowed 'actions: read'`.
pub(crate) fn excess(requested: &Permissions, limit: Limit<'_>) -> Option<String> {
    let allowed = limit.explicit.cloned().unwrap_or_else(|| of_policy(limit.policy, limit.trusted));
    let exceeding = |scope: &Scope| requested.level(*scope) > allowed.level(*scope);
    let mut scopes: Vec<Scope> = Scope::ALL.iter().copied().filter(exceeding).collect();
    if is_shorthand(requested) && scopes.iter().any(|scope| !RECENT.contains(scope)) {
        scopes.retain(|scope| !RECENT.contains(scope));
    }
    if scopes.is_empty() {
        return None;
    }
    let list = |of: &Permissions| {
        let shown = scopes.iter().map(|scope| format!("{}: {}", scope.as_str(), of.level(*scope).as_str()));
        shown.collect::<Vec<_>>().join(", ")
    };
    Some(format!("'{}', but is only allowed '{}'", list(requested), list(&allowed)))
}

fn is_shorthand(permissions: &Permissions) -> bool {
    *permissions == all(Level::Read) || *permissions == all(Level::Write)
}
