//! Decides the names of steps that people see, and the titles that derive from them.
//!
//! Expressions are evaluated before; here there are plain strings.
//!
//! Source: actions/runner `ActionRunner.cs` (`GenerateDisplayName`, `FormatStepName`), `JobExtension.cs`,
//! `StepsRunner.cs`.

/// What a step does, as far as its name goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing<'a> {
    /// A script: its text.
    Run(&'a str),
    /// An action: `owner/repo/path@ref`, `./path` or `docker://image`.
    Uses(&'a str),
}

/// Returns a step's name: the given one, else `Run` and what it does; always one line, `run` if nothing
/// is left.
#[must_use]
pub fn step_name(given: Option<&str>, doing: Doing<'_>) -> String {
    let (prefix, name) = match (given, doing) {
        (Some(given), _) => ("", given),
        (None, Doing::Run(script)) => ("Run ", script),
        (None, Doing::Uses(uses)) => ("Run ", uses.strip_prefix("docker://").unwrap_or(uses)),
    };
    // What is blank keeps its prefix, what is empty does not.
    let full = if name.is_empty() { String::new() } else { format!("{prefix}{}", first_line(name)) };
    if full.is_empty() { "run".to_owned() } else { full }
}

/// Returns the first line that is not blank, without the blanks before it: the title of a script's group.
#[must_use]
pub fn first_line(text: &str) -> &str {
    let text = text.trim_start_matches([' ', '\t', '\r', '\n']);
    text.find(['\r', '\n']).map_or(text, |end| &text[..end])
}

/// Returns the name of an action's `pre` step.
#[must_use]
pub fn pre_name(name: &str) -> String {
    format!("Pre {name}")
}

/// Returns the name of an action's `post` step. `name` is that of the step that registers it, which may
/// be the `pre` step.
#[must_use]
pub fn post_name(name: &str) -> String {
    let pre = name.get(..4).filter(|start| start.eq_ignore_ascii_case("Pre "));
    format!("Post {}", pre.map_or(name, |_| &name[4..]))
}

/// Returns the error of a step that ran for longer than its `timeout-minutes`.
#[must_use]
pub fn timed_out(name: &str, minutes: u64) -> String {
    format!("The action '{name}' has timed out after {minutes} minutes.")
}

/// The error of a step within a composite action whose job or step ran out of time.
pub const TIMED_OUT_INSIDE: &str = "The action has timed out.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_named_by_its_name_or_by_what_it_does() {
        for (given, doing, expected) in [
            (Some("Build"), Doing::Run("make"), "Build"),
            (Some("  Build\nall"), Doing::Run("make"), "Build"),
            (Some(""), Doing::Run("make"), "run"),
            (Some(" \n"), Doing::Run("make"), "run"),
            (None, Doing::Run("make all"), "Run make all"),
            (None, Doing::Run("\n\t make all \r\nmake test"), "Run make all "),
            (None, Doing::Run(""), "run"),
            (None, Doing::Run("\n"), "Run "),
            (None, Doing::Uses("actions/checkout@v4"), "Run actions/checkout@v4"),
            (None, Doing::Uses("owner/repo/sub/dir@main"), "Run owner/repo/sub/dir@main"),
            (None, Doing::Uses("./.github/actions/a"), "Run ./.github/actions/a"),
            (None, Doing::Uses("docker://alpine:3.8"), "Run alpine:3.8"),
        ] {
            assert_eq!(step_name(given, doing), expected, "{given:?} {doing:?}");
        }
    }

    #[test]
    fn a_post_step_is_named_after_the_main_step() {
        for (name, expected) in [
            ("Run a/b@v1", "Post Run a/b@v1"),
            ("Pre Run a/b@v1", "Post Run a/b@v1"),
            ("pre flight", "Post flight"),
            ("Pré x", "Post Pré x"),
            ("", "Post "),
        ] {
            assert_eq!(post_name(name), expected);
        }
        assert_eq!(post_name(&pre_name("Build")), "Post Build");
    }

    #[test]
    fn a_timeout_is_told_with_githubs_words() {
        assert_eq!(timed_out("Build", 1), "The action 'Build' has timed out after 1 minutes.");
    }
}
