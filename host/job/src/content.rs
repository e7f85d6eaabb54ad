//! What a step runs, as policies judge it: where it comes from, never what its expressions come to.

use std::fmt::Write as _;

use act_core::control::RemoteUses;
use act_core::decide::{CodePlace, StepContent, StepRuns, Used};
use act_core::ids::StepPath;
use act_workflow::source::Span;
use act_workflow::step::{Step, StepKind};
use act_workflow::token::Token;
use act_workflow::uses::{CallTarget, UsesRef};
use act_workflow::written;
use sha2::{Digest, Sha256};

use crate::home::{Home, Source};

/// Returns what a step runs, as far as its own file says. `files` are names by [`act_workflow::FileId`].
#[must_use]
pub fn of_step(step: &Step, path: StepPath, files: &[String]) -> StepContent {
    let file = files.get(usize::from(step.span.file.0)).map_or("", String::as_str);
    of_step_at(step, path, files, &Home::of_workflow(file), None)
}

/// Returns what a step runs whose file lies in `home`; `commit` is that of its action, where it was fetched.
pub(crate) fn of_step_at(
    step: &Step,
    path: StepPath,
    files: &[String],
    home: &Home,
    commit: Option<&String>,
) -> StepContent {
    let runs = match &step.kind {
        StepKind::Run { run, shell, .. } => {
            StepRuns::Script { shell: shell.as_ref().map(written::token), sha256: script_digest(run) }
        }
        StepKind::Uses { uses, .. } => StepRuns::Action(used(&uses.value, home, commit)),
        StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } | StepKind::Parallel { .. } => {
            StepRuns::Nothing
        }
    };
    StepContent {
        path,
        id: (!step.id_generated).then(|| step.id.as_str().to_owned()),
        name: step.name.as_ref().map(written::token),
        place: place(step.span, files),
        runs,
    }
}

/// Returns where a span lies, in the words of messages.
#[must_use]
pub fn place(span: Span, files: &[String]) -> CodePlace {
    let file = files.get(usize::from(span.file.0)).cloned().unwrap_or_default();
    CodePlace { file, line: span.line, column: span.column }
}

/// Returns what a job calls.
#[must_use]
pub fn of_call(target: &CallTarget) -> Used {
    match target {
        CallTarget::Local { .. } => Used::Local { path: target.to_string() },
        CallTarget::Remote { owner, repository, path, reference } => {
            let uses = RemoteUses {
                owner: owner.to_string(),
                repository: repository.to_string(),
                path: path.to_string(),
                reference: reference.to_string(),
            };
            remote(uses, None)
        }
    }
}

fn used(uses: &UsesRef, home: &Home, commit: Option<&String>) -> Used {
    match (uses, home.source(uses)) {
        (_, Some(Source::Fetched(uses))) => remote(uses, commit),
        (UsesRef::Docker { image }, _) => Used::Image { image: image.to_string() },
        (UsesRef::Local { .. } | UsesRef::SelfRepository { .. } | UsesRef::Remote { .. }, _) => {
            Used::Local { path: uses.to_string() }
        }
    }
}

fn remote(uses: RemoteUses, commit: Option<&String>) -> Used {
    let pinned = is_commit(&uses.reference);
    Used::Remote { uses, pinned, commit: commit.cloned() }
}

/// Whether a reference is a whole hash: of SHA-1, or of SHA-256. Nobody can move one.
fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn script_digest(run: &Token) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(written::token(run).as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_hash_pins() {
        for (reference, pinned) in [
            ("1234567890123456789012345678901234567890", true),
            ("ABCDEF7890123456789012345678901234567890", true),
            (&"0f".repeat(32), true),
            ("1234567890", false),
            ("v4", false),
            ("123456789012345678901234567890123456789g", false),
        ] {
            assert_eq!(is_commit(reference), pinned, "{reference}");
        }
    }

    #[test]
    fn a_use_is_told_by_where_it_comes_from() {
        let far = Home::of_workflow("acme/flows/.github/workflows/called.yml@v1");
        let commit = "c".repeat(40);
        for (home, uses, expected) in [
            (&Home::Run, "$/own", "local $/own"),
            (&far, "$/own", "remote acme/flows/own@v1 false"),
            (&far, "./here", "local ./here"),
            (&Home::Run, "docker://alpine:3", "image alpine:3"),
            (&Home::Run, &format!("a/b/c@{commit}"), &format!("remote a/b/c@{commit} true")),
        ] {
            let shown = match used(&UsesRef::parse(uses).unwrap(), home, Some(&commit)) {
                Used::Remote { uses, pinned, commit: known } => {
                    assert_eq!(known.as_ref(), Some(&commit));
                    format!("remote {uses} {pinned}")
                }
                Used::Local { path } => format!("local {path}"),
                Used::Image { image } => format!("image {image}"),
                Used::Computed { written } => format!("computed {written}"),
            };
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn a_script_is_hashed_as_written() {
        // printf 'echo hi\n' | sha256sum
        let run = Token::string("echo hi\n", Span::nowhere());
        assert_eq!(script_digest(&run), "ab08508fdf5ca4da5c4995987bc41c56c048aaa5eeb046417ae4049b7d40286e");
    }
}
