//! Finds secrets in text and puts `***` in their place.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

use crate::encode;
use crate::sieve::{GROUP, Sieve};

/// What stands in a secret's place.
pub const MASK: &str = "***";

/// The longest form in bytes that is looked for as a whole; of a longer one, its stretches of this length are.
pub const MAX_FORM: usize = 64 * 1024;

/// Secrets in all their forms, and the means to find them.
///
/// Every occurrence of every form is masked; occurrences that overlap or touch become one `***`. Text without any is
/// handed back as it is.
///
/// Adding is cheap: what finding needs is built when a text first may hold a secret, and again after a further secret.
/// Clones share it.
///
/// Source: `SecretMasker.cs`, `ValueSecret.cs`.
#[derive(Clone, Default)]
pub struct Masker {
    values: HashSet<Arc<str>>,
    forms: HashSet<Arc<[u8]>>,
    longest: usize,
    longest_in_line: usize,
    /// Tells most texts without a secret, for the forms of four bytes and more.
    sieve: Option<Sieve>,
    /// The same for shorter ones, where there are any.
    short: Vec<Arc<[u8]>>,
    short_finder: OnceLock<Finder>,
    finder: OnceLock<Finder>,
}

/// An automaton; an error if there is more text in the secrets than one can be built for.
type Finder = Result<AhoCorasick, BuildError>;

impl Masker {
    /// Makes a masker that knows no secret.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret: as it is, without blanks around it, and each of its lines likewise.
    ///
    /// A secret of blanks alone is ignored. Lines count by themselves because output is masked line by line; as at
    /// GitHub, a line of one character is masked wherever that character stands.
    ///
    /// Source: `InitializeSecretMasker` in `Worker.cs`, `AddMaskCommandExtension` in `ActionCommandManager.cs`.
    pub fn add(&mut self, value: &str) {
        let trimmed = value.trim();
        if trimmed.is_empty() {
            return;
        }
        self.add_value(value);
        self.add_value(trimmed);
        for line in trimmed.split(['\r', '\n']).map(str::trim) {
            if !line.is_empty() {
                self.add_value(line);
            }
        }
    }

    /// Adds a token for git: itself, and as the password that git is given for it.
    pub fn add_token(&mut self, token: &str) {
        self.add(token);
        if !token.is_empty() {
            self.add_value(&encode::git_credential(token));
        }
    }

    /// Whether no secret is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Length in bytes of the longest form that can stand within one line; [`MAX_FORM`] at the most.
    #[must_use]
    pub fn longest_in_line(&self) -> usize {
        self.longest_in_line
    }

    /// Replaces every secret in `text` by `***`.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.find(text.as_bytes());
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for range in found {
            // Forms are valid UTF-8, so they start and end between characters.
            masked.push_str(text.get(from..range.start).unwrap_or_default());
            masked.push_str(MASK);
            from = range.end;
        }
        masked.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// Replaces every secret in `bytes` by `***`; the rest need not be UTF-8.
    #[must_use]
    pub fn mask_bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        let found = self.find(bytes);
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        Cow::Owned(replace(bytes, &found))
    }

    /// Whether `text` holds a secret.
    #[must_use]
    pub fn holds_secret(&self, text: &str) -> bool {
        !self.find(text.as_bytes()).is_empty()
    }

    /// The stretches to mask, in order; neither overlapping nor touching one another.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut merged: Vec<Range<usize>> = Vec::new();
        self.each_match(text, |found| merge(&mut merged, found, |last, found| last.end >= found.start));
        merged
    }

    /// Calls `take` with every single match, in an order for [`merge`].
    pub(crate) fn each_match(&self, text: &[u8], mut take: impl FnMut(Range<usize>)) {
        // Blocks, so that one secret in a long text doesn't send the automaton over all of it.
        let block = self.longest.max(BLOCK);
        let mut start = 0;
        while start < text.len() {
            let end = text.len().min(start + block);
            let reach = text.len().min(end + self.longest);
            self.matches_from(&text[start..reach], end - start, |found| {
                take(start + found.start..start + found.end);
            });
            start = end;
        }
    }

    /// Calls `take` with the matches that start before `end`, in order of their ends.
    #[inline]
    fn matches_from(&self, text: &[u8], end: usize, mut take: impl FnMut(Range<usize>)) {
        if !self.may_hold(text) {
            return;
        }
        match self.finder.get_or_init(|| build(&self.forms, MatchKind::Standard)) {
            Ok(automaton) => automaton
                .find_overlapping_iter(text)
                .filter(|found| found.start() < end)
                .for_each(|found| take(found.range())),
            // Rather show nothing than a secret.
            Err(_) => take(0..end),
        }
    }

    #[inline]
    fn may_hold(&self, text: &[u8]) -> bool {
        self.sieve.as_ref().is_some_and(|sieve| sieve.may_hold(text)) || self.may_hold_short(text)
    }

    fn may_hold_short(&self, text: &[u8]) -> bool {
        if self.short.is_empty() {
            return false;
        }
        // Leftmost matching is the kind that aho-corasick searches with vector instructions.
        let finder = self.short_finder.get_or_init(|| build(&self.short, MatchKind::LeftmostFirst));
        finder.as_ref().map_or(true, |automaton| automaton.is_match(text))
    }

    fn add_value(&mut self, value: &str) {
        if self.values.contains(value) {
            return;
        }
        self.values.insert(value.into());
        for form in encode::forms(value) {
            stretches(&form, MAX_FORM).for_each(|stretch| self.add_form(stretch.as_bytes()));
        }
    }

    fn add_form(&mut self, form: &[u8]) {
        if form.is_empty() || self.forms.contains(form) {
            return;
        }
        let form: Arc<[u8]> = form.into();
        self.forms.insert(Arc::clone(&form));
        self.finder = OnceLock::new();
        self.longest = self.longest.max(form.len());
        if !form.contains(&b'\n') {
            self.longest_in_line = self.longest_in_line.max(form.len());
        }
        if form.len() < GROUP {
            self.short.push(form);
            self.short_finder = OnceLock::new();
            return;
        }
        match &mut self.sieve {
            Some(sieve) if sieve.takes(form.len()) => sieve.insert(&form),
            _ => {
                let long = self.forms.iter().map(AsRef::as_ref).filter(|form: &&[u8]| form.len() >= GROUP);
                self.sieve = Sieve::new(long);
            }
        }
    }
}

/// Cuts a long form into stretches of `length` bytes or a few less, the last one no shorter: none is so short that it would
/// mask what is no secret.
fn stretches(form: &str, length: usize) -> impl Iterator<Item = &str> {
    let last = form.ceil_char_boundary(form.len().saturating_sub(length));
    let mut start = Some(0);
    std::iter::from_fn(move || {
        let from = start?;
        let to = if from == last { form.len() } else { form.floor_char_boundary(from + length) };
        start = (from != last).then_some(to.min(last));
        form.get(from..to)
    })
}

/// How much text the automaton walks at least when there may be a secret in it; little in tests, to have many seams.
const BLOCK: usize = if cfg!(test) { 16 } else { 4096 };

/// Adds a match to stretches that are sorted and apart, joining it with those that `joins` says it belongs to.
///
/// Only the last ones can: matches come in order of their ends within a block, and in order of their starts from block to
/// block.
pub(crate) fn merge(
    stretches: &mut Vec<Range<usize>>,
    found: Range<usize>,
    joins: impl Fn(&Range<usize>, &Range<usize>) -> bool,
) {
    let mut found = found;
    while let Some(last) = stretches.pop_if(|last| joins(last, &found)) {
        found = found.start.min(last.start)..found.end.max(last.end);
    }
    stretches.push(found);
}

fn build<'a>(forms: impl IntoIterator<Item = &'a Arc<[u8]>>, kind: MatchKind) -> Finder {
    AhoCorasick::builder().match_kind(kind).build(forms)
}

/// Puts `***` in place of each stretch of `found`.
fn replace(bytes: &[u8], found: &[Range<usize>]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for range in found {
        masked.extend_from_slice(&bytes[from..range.start]);
        masked.extend_from_slice(MASK.as_bytes());
        from = range.end;
    }
    masked.extend_from_slice(&bytes[from..]);
    masked
}

/// Says how many secrets there are, and nothing about them.
impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker").field("secrets", &self.values.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
