//! Cuts a stream of bytes, coming in chunks of any size, into lines.
//!
//! A line ends at a line feed; a carriage return before it is dropped. A line longer than [`MAX_LINE`] is given out in
//! parts, so that memory stays bounded. Where it is cut depends on the bytes and the secrets alone, never on the
//! chunks: not within a character, and not within a secret. Lines that lie in one chunk are not copied.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use crate::masker::{MASK, Masker, merge};

/// The longest line, in bytes, that is given out in one piece.
pub const MAX_LINE: usize = 64 * 1024;

/// A line, or a part of one that is too long.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    bytes: &'a [u8],
    /// Bytes at the start that belong to a secret which began in the part before.
    hidden_start: usize,
    /// Bytes at the end that belong to a secret which goes on in the next part.
    hidden_end: usize,
    /// Whether the line goes on in the next piece.
    pub continues: bool,
    /// Whether the line began in an earlier piece.
    pub continued: bool,
    /// Where in the stream the piece ends, its line feed included.
    pub end: u64,
}

/// How far a stream has been given out, for taking it up again there.
///
/// Plain numbers, to be stored with what came of the lines before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResumePoint {
    /// Where to read on, in bytes from the stream's start.
    pub offset: u64,
    /// Whether that is within a line, of which parts have been given out.
    pub mid_line: bool,
    /// How many bytes from there belong to a secret that began before. Almost always 0: only where secrets overlap
    /// without a gap for more than [`MAX_LINE`] bytes is one of them cut.
    pub hidden: u32,
}

/// Turns chunks into lines; see the [module](self).
#[derive(Debug, Clone, Default)]
pub struct Splitter {
    /// The start of a line whose end has not come in, without the parts given out.
    pending: Vec<u8>,
    /// How many bytes have come in.
    received: u64,
    cut: Cut,
}

/// How the line at hand stands: what has been given out of it.
#[derive(Debug, Clone, Copy)]
struct Cut {
    given: u64,
    mid_line: bool,
    hidden: usize,
    /// [`MAX_LINE`], or less in tests.
    limit: usize,
}

impl Default for Cut {
    fn default() -> Self {
        Self { given: 0, mid_line: false, hidden: 0, limit: MAX_LINE }
    }
}

impl Splitter {
    /// Makes a splitter for a stream from its start.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a splitter for a stream that is read on from `point`.
    #[must_use]
    pub fn resume(point: ResumePoint) -> Self {
        let hidden = usize::try_from(point.hidden).unwrap_or(usize::MAX);
        let cut = Cut { given: point.offset, mid_line: point.mid_line, hidden, ..Cut::default() };
        Self { pending: Vec::new(), received: point.offset, cut }
    }

    /// Takes a chunk and gives out every line that ends in it, and parts of one that gets too long.
    ///
    /// `masker` is asked for where a long line may be cut, and should know all secrets by then.
    pub fn push(&mut self, chunk: &[u8], masker: &Masker, mut sink: impl FnMut(Line<'_>)) {
        self.received += chunk.len() as u64;
        let mut rest = chunk;
        if !self.pending.is_empty() {
            let end = memchr(b'\n', chunk);
            let (head, tail) = chunk.split_at(end.unwrap_or(chunk.len()));
            self.pending.extend_from_slice(head);
            let mut pending = std::mem::take(&mut self.pending);
            if end.is_some() {
                self.cut.finish_line(&pending, 1, masker, &mut sink);
                pending.clear();
            } else {
                let given = self.cut.give_parts(&pending, look_ahead(masker), masker, &mut sink);
                pending.drain(..given);
            }
            self.pending = pending;
            // Empty unless it starts with the line feed.
            rest = tail.get(1..).unwrap_or_default();
        }
        let mut start = 0;
        for end in memchr_iter(b'\n', rest) {
            self.cut.finish_line(&rest[start..end], 1, masker, &mut sink);
            start = end + 1;
        }
        let open = &rest[start..];
        if !open.is_empty() {
            let given = self.cut.give_parts(open, look_ahead(masker), masker, &mut sink);
            self.pending.extend_from_slice(&open[given..]);
        }
    }

    /// Takes the stream's end and gives out what is left: a last line without a line feed.
    pub fn finish(&mut self, masker: &Masker, mut sink: impl FnMut(Line<'_>)) {
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            self.cut.finish_line(&pending, 0, masker, &mut sink);
        }
    }

    /// Returns up to where the stream has been given out.
    #[must_use]
    pub fn position(&self) -> ResumePoint {
        // A secret longer than 4 GiB is no matter.
        let hidden = u32::try_from(self.cut.hidden).unwrap_or(u32::MAX);
        ResumePoint { offset: self.cut.given, mid_line: self.cut.mid_line, hidden }
    }

    /// Returns how many bytes have come in, those before the point of resuming included.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }
}

impl Cut {
    /// Gives out the rest of a line, followed by `line_end` bytes that are no part of it.
    #[inline]
    fn finish_line(&mut self, line: &[u8], line_end: u64, masker: &Masker, sink: &mut impl FnMut(Line<'_>)) {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let given = if text.len() > self.limit { self.give_parts(text, 0, masker, sink) } else { 0 };
        let bytes = &text[given..];
        let dropped = (line.len() - text.len()) as u64;
        self.given += bytes.len() as u64 + dropped + line_end;
        sink(Line {
            bytes,
            hidden_start: self.hidden.min(bytes.len()),
            hidden_end: 0,
            continues: false,
            continued: self.mid_line,
            end: self.given,
        });
        self.mid_line = false;
        self.hidden = 0;
    }

    /// Gives out parts from the start of `text` while more than the limit and `ahead` bytes are left, and returns
    /// how many bytes that were. `ahead` must reach as far as a secret across the cut can; 0 if the line ends there.
    fn give_parts(
        &mut self,
        text: &[u8],
        ahead: usize,
        masker: &Masker,
        sink: &mut impl FnMut(Line<'_>),
    ) -> usize {
        let mut given = 0;
        while text.len() - given > self.limit + ahead {
            given += self.give_part(&text[given..], masker, sink);
        }
        given
    }

    fn give_part(&mut self, text: &[u8], masker: &Masker, sink: &mut impl FnMut(Line<'_>)) -> usize {
        let place = find_cut(text, self.limit, self.hidden, masker);
        self.given += place.at as u64;
        sink(Line {
            bytes: &text[..place.at],
            hidden_start: self.hidden.min(place.at),
            hidden_end: place.at - place.hidden_from,
            continues: true,
            continued: self.mid_line,
            end: self.given,
        });
        self.mid_line = true;
        self.hidden = place.hidden_to - place.at;
        place.at
    }
}

/// A place to cut, and the stretch around it that belongs to secrets cut there; both ends at it if there are none.
struct Place {
    at: usize,
    hidden_from: usize,
    hidden_to: usize,
}

/// How many bytes after a cut must be known to choose it: the longest secret, and the rest of a character.
fn look_ahead(masker: &Masker) -> usize {
    masker.longest_in_line().max(4)
}

/// Finds the last place up to `limit` where `text`, longer than that, may be cut. The first `hidden` bytes belong to a
/// secret that was cut before.
fn find_cut(text: &[u8], limit: usize, hidden: usize, masker: &Masker) -> Place {
    let limit = between_characters(text, limit);
    let reach = text.len().min(limit + masker.longest_in_line());
    // Stretches in which every place lies within a secret.
    let mut closed: Vec<Range<usize>> = Vec::new();
    if hidden > 0 {
        closed.push(0..hidden);
    }
    let mut crossing: Option<Range<usize>> = (hidden > limit).then_some(0..hidden);
    masker.each_match(&text[..reach], |found| {
        if found.start < limit && found.end > limit {
            let known = crossing.get_or_insert_with(|| found.clone());
            *known = known.start.min(found.start)..known.end.max(found.end);
        }
        merge(&mut closed, found, |last, found| last.end > found.start);
    });
    let Some(crossing) = crossing else {
        return Place { at: limit, hidden_from: limit, hidden_to: limit };
    };
    let start = closed.iter().find(|closed| closed.end > limit).map_or(crossing.start, |closed| closed.start);
    if start > 0 {
        Place { at: start, hidden_from: start, hidden_to: start }
    } else {
        Place { at: limit, hidden_from: crossing.start, hidden_to: crossing.end }
    }
}

/// The last place up to `limit` that is not within a character, nor within bytes that one replacement character
/// stands for.
fn between_characters(text: &[u8], limit: usize) -> usize {
    let lead = (limit.saturating_sub(3)..limit).rev().find(|&at| text[at] & 0b1100_0000 != 0b1000_0000);
    let Some(lead) = lead else { return limit };
    let sequence = &text[lead..text.len().min(lead + 4)];
    let length = match std::str::from_utf8(sequence) {
        Ok(valid) => valid.chars().next().map_or(1, char::len_utf8),
        Err(error) if error.valid_up_to() > 0 => {
            let valid = sequence.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
            valid.and_then(|valid| valid.chars().next()).map_or(1, char::len_utf8)
        }
        Err(error) => error.error_len().unwrap_or(sequence.len()),
    };
    if lead + length > limit && lead > 0 { lead } else { limit }
}

impl<'a> Line<'a> {
    /// The bytes as they came, secrets and all.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.bytes
    }

    /// The text as it came, secrets and all; what is no UTF-8 is replaced by U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        lossy(self.bytes)
    }

    /// Whether this is not the whole line.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.continues || self.continued
    }

    /// The text with every secret replaced by `***`, also one that was cut. Not copied if there is nothing to replace.
    #[must_use]
    pub fn masked(&self, masker: &Masker) -> Cow<'a, str> {
        if self.hidden_start == 0 && self.hidden_end == 0 {
            return match masker.mask_bytes(self.bytes) {
                Cow::Borrowed(bytes) => lossy(bytes),
                Cow::Owned(bytes) => Cow::Owned(lossy(&bytes).into_owned()),
            };
        }
        Cow::Owned(self.masked_around_cut(masker))
    }

    /// Masks a part at an end of which a secret was cut. The `***` of such a secret stands in the part it begins in.
    fn masked_around_cut(&self, masker: &Masker) -> String {
        let end = self.bytes.len() - self.hidden_end.min(self.bytes.len());
        let start = std::iter::once(0..self.hidden_start);
        let hidden = start.chain(masker.find(self.bytes)).chain(std::iter::once(end..self.bytes.len()));
        let mut masked = Vec::with_capacity(self.bytes.len().min(1024));
        let mut from = 0;
        let mut open = self.hidden_start > 0;
        for stretch in hidden.filter(|stretch| !stretch.is_empty()) {
            if stretch.start > from {
                masked.extend_from_slice(&self.bytes[from..stretch.start]);
                open = false;
            }
            if !open {
                masked.extend_from_slice(MASK.as_bytes());
                open = true;
            }
            from = from.max(stretch.end);
        }
        masked.extend_from_slice(&self.bytes[from..]);
        lossy(&masked).into_owned()
    }
}

/// Like `String::from_utf8_lossy`, which is several times slower on text that is fine.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Says how long the piece is, not what it holds: secrets are still in it.
impl std::fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("bytes", &self.bytes.len())
            .field("continues", &self.continues)
            .field("continued", &self.continued)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
