//! Which secrets a fork's event may use.

use act_host_sdk::prelude::*;

use crate::at;

/// Finds what is wrong with the secrets that a job's files ask for.
///
/// `secrets: inherit` alone asks for nothing: what the called workflow uses of them is asked for there.
pub(crate) fn check_job(ask: &PolicyAsk, content: &JobContent, rules: &Json, wrong: &mut Vec<String>) {
    let Some(whose) = foreign(ask, rules) else { return };
    for used in &content.secrets {
        let what = match &used.wanted {
            SecretWanted::Named(name) if is_allowed(name, rules) => continue,
            SecretWanted::Named(name) => &format!("the secret `{name}`"),
            SecretWanted::Computed => "a secret that an expression names",
            SecretWanted::Whole => "all secrets",
            SecretWanted::Inherited => continue,
        };
        wrong.push(format!("{whose} asks for {what} ({})", at(&used.place)));
    }
}

/// Finds what is wrong with a secret that will be used now.
pub(crate) fn check_use(ask: &PolicyAsk, secret: &Secret, rules: &Json, wrong: &mut Vec<String>) {
    let Some(whose) = foreign(ask, rules).filter(|_| !is_allowed(&secret.name, rules)) else { return };
    let place = secret.place.as_ref().map(|place| format!(" ({})", at(place))).unwrap_or_default();
    wrong.push(format!("{whose} asks for the secret `{}`{place}", secret.name));
}

/// Says whose event it is, if it may not have every secret.
fn foreign(ask: &PolicyAsk, rules: &Json) -> Option<&'static str> {
    match ask.facts.trust {
        Trust::SameRepository => None,
        Trust::Fork => Some("an event of a fork"),
        Trust::Unknown if rules.get("unknown").as_str() == Some("own") => None,
        Trust::Unknown => Some("an event that may be a fork's"),
    }
}

fn is_allowed(name: &str, rules: &Json) -> bool {
    match rules.get("secrets") {
        // GitHub gives forks a token as well, one that may only read.
        Json::Null => name.eq_ignore_ascii_case("GITHUB_TOKEN"),
        allowed => allowed.strings().any(|allowed| allowed.eq_ignore_ascii_case(name)),
    }
}
