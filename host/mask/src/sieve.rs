//! A quick test that tells most texts free of secrets, without looking at every byte.
//!
//! If all patterns have at least m bytes, then among any m - 3 places in a row within a match, there is one divisible by
//! m - 3, and the four bytes there are one of the first m - 3 four-byte groups of the pattern. So it suffices to look
//! at every (m - 3)th place and ask whether its four bytes are such a group; that is kept in a Bloom filter of 32 KiB,
//! which stays in a core's first cache. The places don't depend on one another, so a processor looks at several at a
//! time; that is what makes this several times faster than an automaton, which goes byte by byte.

/// Length of a group in bytes, and of the shortest pattern the sieve takes.
pub(crate) const GROUP: usize = 4;

/// Places further apart would save little, and each pattern adds as many groups.
const MAX_STRIDE: usize = 8;

const WORDS: usize = 4096;

/// Groups of bytes with which patterns begin.
#[derive(Clone)]
pub(crate) struct Sieve {
    words: Box<[u64; WORDS]>,
    stride: usize,
}

impl Sieve {
    /// Makes a sieve for patterns of at least [`GROUP`] bytes each; `None` without any.
    pub(crate) fn new<'a>(patterns: impl Iterator<Item = &'a [u8]> + Clone) -> Option<Self> {
        let shortest = patterns.clone().map(<[u8]>::len).min()?;
        let mut sieve = Self::empty((shortest + 1).saturating_sub(GROUP).clamp(1, MAX_STRIDE));
        for pattern in patterns {
            sieve.insert(pattern);
        }
        Some(sieve)
    }

    fn empty(stride: usize) -> Self {
        Self { words: Box::new([0; WORDS]), stride }
    }

    /// Whether a pattern of this length can be added without making the sieve anew.
    pub(crate) fn takes(&self, length: usize) -> bool {
        length + 1 >= GROUP + self.stride
    }

    /// Adds a pattern that the sieve [takes](Self::takes).
    pub(crate) fn insert(&mut self, pattern: &[u8]) {
        for start in 0..self.stride {
            if let Some(group) = group_at(pattern, start) {
                let (word, bits) = place(group);
                self.words[word] |= bits;
            }
        }
    }

    /// Whether `text` may hold a pattern; `false` is certain.
    #[inline]
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        let mut start = 0;
        while let Some(group) = group_at(text, start) {
            let (word, bits) = place(group);
            if self.words[word] & bits == bits {
                return true;
            }
            start += self.stride;
        }
        false
    }
}

#[inline]
fn group_at(text: &[u8], start: usize) -> Option<u32> {
    let group = text.get(start..)?.first_chunk::<GROUP>()?;
    Some(u32::from_le_bytes(*group))
}

/// The word of a group, and two bits in it, from one multiplication.
#[inline]
fn place(group: u32) -> (usize, u64) {
    let hash = group.wrapping_mul(0x9e37_79b1);
    let bits = 1 << (hash >> 14 & 63) | 1 << (hash >> 8 & 63);
    ((hash >> 20) as usize % WORDS, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_at_every_place_passes() {
        let mut random = fastrand::Rng::with_seed(1);
        for shortest in GROUP..16 {
            let patterns: Vec<Vec<u8>> = (0..20)
                .map(|_| (0..shortest + random.usize(0..9)).map(|_| random.alphanumeric() as u8).collect())
                .collect();
            let sieve = Sieve::new(patterns.iter().map(Vec::as_slice)).expect("has patterns");
            for pattern in &patterns {
                for before in 0..20 {
                    let text = [vec![b' '; before], pattern.clone(), vec![b' '; before % 3]].concat();
                    assert!(sieve.may_hold(&text), "{} after {before}", String::from_utf8_lossy(pattern));
                }
            }
        }
    }

    #[test]
    fn random_text_rarely_passes() {
        let mut random = fastrand::Rng::with_seed(2);
        let mut word = |length: usize| (0..length).map(|_| random.alphanumeric() as u8).collect::<Vec<_>>();
        let patterns: Vec<_> = (0..400).map(|_| word(20)).collect();
        let sieve = Sieve::new(patterns.iter().map(Vec::as_slice)).expect("has patterns");
        let passed = (0..10_000).filter(|_| sieve.may_hold(&word(80))).count();
        assert!(passed < 200, "{passed} of 10000 lines passed");
    }

    #[test]
    fn texts_shorter_than_a_group_never_pass() {
        let sieve = Sieve::new([b"abcd".as_slice()].into_iter()).expect("has patterns");
        assert!(!sieve.may_hold(b"abc"));
        assert!(!sieve.may_hold(b""));
        assert!(sieve.may_hold(b"abcd"));
        assert!(!sieve.takes(3) && sieve.takes(4) && sieve.takes(9));
    }
}
