//! Counts what an evaluation holds, by the rough measure GitHub uses, and stops it when that is too much.
//!
//! Ported from `EvaluationMemory.cs` and `MemoryCounter.cs`. The sizes are .NET's, not ours: what matters is that
//! an expression GitHub refuses is refused here as well.

use crate::parse::MAX_DEPTH;
use crate::text::utf16_len;
use crate::value::Value;

/// The size of anything that is not text, and of the box around a primitive that comes from a context.
pub(crate) const OBJECT: u64 = 24;
/// The size of an empty text.
const STRING: u64 = 26;
/// The size of a reference to something that exists already.
pub(crate) const POINTER: u64 = 8;

/// More is held than may be.
pub(crate) struct Exceeded;

/// The size of a text.
pub(crate) const fn text_bytes(utf16_units: usize) -> u64 {
    STRING + 2 * utf16_units as u64
}

/// The size of a value, not counting what it refers to.
pub(crate) fn value_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text_bytes(utf16_len(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => OBJECT,
    }
}

/// Counts what one function or index builds.
pub(crate) struct Counter {
    bytes: u64,
    max: u64,
}

impl Counter {
    pub(crate) const fn new(max: u64) -> Self {
        Self { bytes: 0, max }
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn add(&mut self, bytes: u64) -> Result<(), Exceeded> {
        self.bytes += bytes;
        if self.bytes > self.max { Err(Exceeded) } else { Ok(()) }
    }

    pub(crate) fn add_object(&mut self) -> Result<(), Exceeded> {
        self.add(OBJECT)
    }

    pub(crate) fn add_text(&mut self, text: &str) -> Result<(), Exceeded> {
        self.add(text_bytes(utf16_len(text)))
    }
}

/// Counts what all nodes of an evaluation hold, by their level in the tree.
pub(crate) struct Memory {
    levels: [u64; MAX_DEPTH],
    /// One more than the deepest level in use.
    depth: usize,
    total: u64,
    max: u64,
}

impl Memory {
    pub(crate) const fn new(max: u64) -> Self {
        Self { levels: [0; MAX_DEPTH], depth: 0, total: 0, max }
    }

    /// Adds the result of a node. A primitive one refers to nothing, so what the nodes below it held is `released`.
    pub(crate) fn add(&mut self, level: usize, bytes: u64, released: bool) -> Result<(), Exceeded> {
        let level = level.min(MAX_DEPTH - 1);
        if released && self.depth > level + 1 {
            for below in &mut self.levels[level + 1..self.depth] {
                self.total -= std::mem::take(below);
            }
            self.depth = level + 1;
        }
        self.depth = self.depth.max(level + 1);
        self.levels[level] += bytes;
        self.total += bytes;
        if self.total > self.max { Err(Exceeded) } else { Ok(()) }
    }
}
