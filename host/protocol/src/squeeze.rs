//! Bodies made smaller on their way: the log of a build is a fourth to a half of itself, and each process between two
//! machines costs by the byte.
//!
//! ```text
//! u32 bytes of the body, little-endian · one LZ4 block
//! ```
//! Nothing is kept between two bodies, so a frame that is lost with its stream spoils no other.

use bytes::Bytes;
use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

/// A shorter body goes as it is.
const LEAST: usize = 256;
/// Bodies that go as they are before the next try, at the most, once they do not get smaller.
const LONGEST_PAUSE: u32 = 64;
const SIZE: usize = 4;

/// Makes bodies smaller, and soon stops to try where they are archives or noise.
#[derive(Debug, Default)]
pub(crate) struct Squeezer {
    pause: u32,
    left: u32,
}

impl Squeezer {
    /// Adds a body to `out` if it gets smaller by an eighth at least; else `out` is as before, and `false` comes back.
    pub(crate) fn add(&mut self, body: &[u8], out: &mut Vec<u8>) -> bool {
        if body.len() < LEAST {
            return false;
        }
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        let before = out.len();
        let pays = squeeze(body, out).is_some_and(|size| size <= body.len() - body.len() / 8);
        if pays {
            self.pause = 0;
        } else {
            out.truncate(before);
            self.pause = (self.pause * 2 + 1).min(LONGEST_PAUSE);
            self.left = self.pause;
        }
        pays
    }
}

/// Returns how many bytes were added to `out`.
fn squeeze(body: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let size = u32::try_from(body.len()).ok()?;
    let before = out.len();
    out.extend_from_slice(&size.to_le_bytes());
    out.resize(before + SIZE + get_maximum_output_size(body.len()), 0);
    let count = compress_into(body, &mut out[before + SIZE..]).ok()?;
    out.truncate(before + SIZE + count);
    Some(SIZE + count)
}

/// Returns the body; `None` where the bytes are none of [`Squeezer::add`], or make more than `limit`.
pub(crate) fn expand(bytes: &[u8], limit: usize) -> Option<Bytes> {
    let (size, block) = bytes.split_first_chunk::<SIZE>()?;
    let size = usize::try_from(u32::from_le_bytes(*size)).ok().filter(|size| *size <= limit)?;
    let mut body = vec![0; size];
    let count = decompress_into(block, &mut body).ok()?;
    (count == size).then(|| body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(size: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(4);
        std::iter::repeat_with(|| random.u8(..)).take(size).collect()
    }

    fn added(squeezer: &mut Squeezer, body: &[u8]) -> Option<Vec<u8>> {
        let mut out = b"before".to_vec();
        let is_added = squeezer.add(body, &mut out);
        assert_eq!((&out[..6], out.len() > 6), (&b"before"[..], is_added));
        is_added.then(|| out.split_off(6))
    }

    #[test]
    fn what_gets_smaller_comes_out_as_it_was() {
        let lines: Vec<u8> = (0..400).flat_map(|line| format!("test {line} ... ok\n").into_bytes()).collect();
        for body in [&lines[..], &[0; LEAST], &lines[..LEAST * 2], &vec![7; 1 << 20]] {
            let small = added(&mut Squeezer::default(), body).unwrap();
            assert!(small.len() <= body.len() - body.len() / 8);
            assert_eq!(expand(&small, body.len()).unwrap(), body);
            assert_eq!(expand(&small, body.len() - 1), None, "more than may be");
        }
    }

    #[test]
    fn what_does_not_get_smaller_goes_as_it_is_and_is_tried_less_and_less() {
        let mut squeezer = Squeezer::default();
        assert_eq!(added(&mut squeezer, &[0; LEAST - 1]), None, "too short");
        let noise = noise(16 * 1024);
        let mut tries = 0;
        for _ in 0..1_000 {
            let waits = squeezer.left > 0;
            assert_eq!(added(&mut squeezer, &noise), None);
            tries += u32::from(!waits);
        }
        assert!(tries < 30, "{tries}");
        // And not given up for ever.
        let zeros = vec![0; 16 * 1024];
        let again = (0..=LONGEST_PAUSE).find_map(|_| added(&mut squeezer, &zeros));
        assert!(again.is_some());
    }

    /// Whatever the bytes are: a body of the size that they say, or none.
    #[test]
    fn no_bytes_make_it_panic_or_larger_than_the_limit() {
        let mut random = fastrand::Rng::with_seed(5);
        let body: Vec<u8> =
            (0..600).flat_map(|line| format!("line {}\n", line * line).into_bytes()).collect();
        let good = added(&mut Squeezer::default(), &body).unwrap();
        for round in 0..20_000 {
            let mut bytes = good.clone();
            match round % 3 {
                0 => bytes.truncate(random.usize(0..bytes.len())),
                1 => (0..=random.usize(0..8)).for_each(|_| {
                    let at = random.usize(0..bytes.len());
                    bytes[at] = random.u8(..);
                }),
                _ => {
                    bytes.truncate(SIZE);
                    bytes.extend(std::iter::repeat_with(|| random.u8(..)).take(200));
                }
            }
            if let Some(body) = expand(&bytes, 10_000) {
                assert!(body.len() <= 10_000);
            }
        }
    }
}
