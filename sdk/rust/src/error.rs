//! Errors: of the host towards a plugin, and of a plugin towards the host.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Error, ErrorKind};

impl Error {
    /// Makes an error of a kind. The message is one line for people.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: String::new(), message: message.into(), retry_after_ms: None, attrs: Vec::new() }
    }

    /// What was asked for makes no sense: settings that contradict each other, an answer nobody can read.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// Something is broken.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }
}
