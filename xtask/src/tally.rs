//! Reads what `cargo test` says: counts, and what the vector suites told of their cases.

/// Tests that passed and failed, over all test programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Sums the lines `test result: ok. 12 passed; 0 failed; …`.
    pub(crate) fn of(text: &str) -> Self {
        text.lines().filter_map(result_line).fold(Self::default(), |sum, one| Self {
            passed: sum.passed + one.passed,
            failed: sum.failed + one.failed,
        })
    }
}

fn result_line(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?;
    let count = |word: &str| {
        let before = counts.split(word).next()?;
        before.split_whitespace().next_back()?.parse().ok()
    };
    Some(Tally { passed: count(" passed")?, failed: count(" failed")? })
}

/// Returns what tests of programs named `vectors` printed, in order: how many cases ran, which were skipped.
///
/// Needs the output of `cargo test -- --show-output`, both streams in one text: `Running tests/vectors…` names
/// a program, `---- name stdout ----` opens what a test of it printed, an empty line closes it.
pub(crate) fn told_by_vectors(text: &str) -> Vec<String> {
    told(text, |program, _| program.contains("vectors"), |_| true)
}

/// Returns the lines by which tests say that they were skipped, and why, with the test's name.
pub(crate) fn skips(text: &str) -> Vec<String> {
    told(text, |_, _| true, |line| line.starts_with("skipped"))
}

/// Returns what is left without the tests that passed: what the compiler said, and what failing tests printed.
pub(crate) fn without_successes(text: &str) -> String {
    let mut within = false;
    let kept = text.lines().filter(|line| {
        within = (within || *line == "successes:") && *line != "failures:" && result_line(line).is_none();
        !(within || line.starts_with("test ") && line.ends_with(" ... ok"))
    });
    kept.fold(String::new(), |text, line| text + line + "\n")
}

fn told(text: &str, wanted: impl Fn(&str, &str) -> bool, keep: impl Fn(&str) -> bool) -> Vec<String> {
    let mut program = "";
    let mut test = None;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.trim_start().strip_prefix("Running ") {
            (program, test) = (name, None);
        } else if let Some(name) =
            line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----"))
        {
            test = Some(name);
        } else if line.is_empty() {
            test = None;
        } else if let Some(name) = test
            && wanted(program, name)
            && keep(line)
        {
            found.push(format!("{name}: {line}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
     Running unittests src/lib.rs (target/debug/deps/act_expr-1)

running 2 tests
..
successes:

---- quiet::says stdout ----
skipped: no terminal


test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

     Running tests/vectors.rs (target/debug/deps/vectors-2)
successes:

---- expressions stdout ----
basic.json: 10 cases, 0 failed
518 cases, 0 failed

successes:
    expressions
test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

    #[test]
    fn counts_are_summed_over_test_programs() {
        assert_eq!(Tally::of(OUTPUT), Tally { passed: 3, failed: 3 });
        assert_eq!(Tally::of("no tests at all"), Tally::default());
    }

    #[test]
    fn only_vector_suites_are_quoted() {
        let told = told_by_vectors(OUTPUT);
        assert_eq!(told, ["expressions: basic.json: 10 cases, 0 failed", "expressions: 518 cases, 0 failed"]);
    }

    #[test]
    fn passing_tests_are_left_out_of_a_failures_report() {
        let text = "error: one\ntest a ... ok\ntest b ... FAILED\nsuccesses:\n\n---- a stdout ----\nfine\n\n\
                    failures:\n\n---- b stdout ----\nbroken\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n";
        let kept = "error: one\ntest b ... FAILED\nfailures:\n\n---- b stdout ----\nbroken\n\n\
                    test result: FAILED. 1 passed; 1 failed; 0 ignored\n";
        assert_eq!(without_successes(text), kept);
    }

    #[test]
    fn skips_are_quoted_with_their_test() {
        assert_eq!(skips(OUTPUT), ["quiet::says: skipped: no terminal"]);
    }
}
