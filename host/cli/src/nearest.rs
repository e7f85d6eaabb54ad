//! "Did you mean": finds the candidate that a mistyped word most likely stood for.

/// Returns the candidate nearest to `word`, ignoring case; `None` when nothing is near enough to be meant.
///
/// Two letters changed, swapped, lost or added at most, and no more than a third of the word.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    let limit = (folded.chars().count() / 3).clamp(1, 2);
    let distance = |candidate: &str| strsim::osa_distance(&folded, &candidate.to_lowercase());
    let near = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    near.filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_word_and_another_word_does_not() {
        for (word, meant) in [
            ("biuld", Some("build")),
            ("BUILD", Some("build")),
            ("tests", Some("test")),
            ("deploy", None),
            ("bld", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, ["build", "test", "lint"]), meant, "{word}");
        }
    }
}
