//! What was probably meant.

use alloc::vec;
use alloc::vec::Vec;

/// Returns which of `known` is nearest to a word, if one is near enough to be meant: at most two letters, and not more than
/// a third of them, are added, left out, swapped or other ones. Case does not count, in ASCII, which labels and keys are; of equally near
/// ones the first.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let enough = 2.min(word.len() / 3);
    // What differs more in length need not be compared.
    let near = known.into_iter().filter(|other| other.len().abs_diff(word.len()) <= enough);
    let near = near.map(|other| (distance(word, other), other)).filter(|(distance, _)| *distance <= enough);
    near.min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
}

/// Counts how many letters must be added, left out, replaced or swapped with the next to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.to_ascii_lowercase().into_bytes(), other.to_ascii_lowercase().into_bytes());
    // The rows of one letter before, and of two.
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut above = row.clone();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1; other.len() + 1];
        for (j, b) in other.iter().enumerate() {
            next[j + 1] = (row[j] + usize::from(a != b)).min(row[j + 1] + 1).min(next[j] + 1);
            let is_swapped = i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b;
            if is_swapped {
                next[j + 1] = next[j + 1].min(above[j - 1] + 1);
            }
        }
        above = core::mem::replace(&mut row, next);
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_enough_is_found() {
        let known = ["ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04", "cpu"];
        for (word, found) in [
            ("ubuntu-lastest", Some("ubuntu-latest")),
            ("UBUNTU-2404", Some("ubuntu-24.04")),
            ("ubuntu-23.04", Some("ubuntu-24.04")),
            ("cpus", Some("cpu")),
            ("pcu", Some("cpu")),
            ("cp", None),
            ("gpu", Some("cpu")),
            ("fedora-latest", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), found, "{word}");
        }
        assert_eq!((distance("", "abc"), distance("abc", ""), distance("kitten", "sitting")), (3, 3, 3));
    }
}
