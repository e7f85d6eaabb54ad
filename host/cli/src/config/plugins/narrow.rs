//! The repository's word on a plugin, laid over the user's: the stricter of the two counts.

use act_workflow::source::Problem;

use super::entry::{GrantKind, Narrowing, PluginEntry};

/// Takes what a repository says of the plugin.
///
/// Returns a mistake of the repository's file: a pin that contradicts the user's, since nothing could meet both.
pub(super) fn narrow(entry: &mut PluginEntry, narrowings: &[Narrowing]) -> Option<Problem> {
    let narrowing = narrowings.iter().find(|narrowing| narrowing.name.value == entry.name.value)?;
    entry.ceilings = narrowing.limits;
    for grant in &narrowing.revoked {
        match grant {
            GrantKind::Http => entry.grants.http.clear(),
            GrantKind::Kv => entry.grants.kv = None,
            GrantKind::Decisions => entry.grants.decisions = None,
        }
    }
    let theirs = narrowing.pin.as_ref()?;
    let own = entry.pin.get_or_insert_with(|| theirs.clone());
    let contradicts = own.value != theirs.value;
    let message = || format!("your own act-host.toml pins another `{}`", entry.name.value);
    contradicts.then(|| Problem::new(theirs.span, message()))
}
