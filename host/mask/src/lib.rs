//! Keeps secrets out of what is shown: finds them in text, and cuts streams into lines without cutting them.
//!
//! [`Masker`] knows secrets in all the forms in which they come up and replaces them by `***`. [`Splitter`] turns
//! chunks of bytes into lines; a line too long to hold is given out in parts, cut where no secret is. The
//! two need each other only there. Both are pure: no IO, no clock, no threads, and few dependencies, as they also run
//! in the smallest programs of the workspace.
//!
//! What counts as a secret, and which lines are commands, is the caller's.

mod encode;
mod lines;
mod masker;
mod sieve;

pub use lines::{Line, MAX_LINE, ResumePoint, Splitter};
pub use masker::{MASK, MAX_FORM, Masker};
