//! What a guest can ask of the host: one file a capability.

mod basic;
pub(crate) mod egress;
pub(crate) mod http;
pub(crate) mod http_client;
pub(crate) mod kv;

use act_bindings::types::common::{Error, ErrorKind};

/// Makes an error that a guest gets.
pub(crate) fn error(kind: ErrorKind, code: &str, message: impl Into<String>) -> Error {
    let (code, message) = (code.to_owned(), message.into());
    Error { kind, code, message, retry_after_ms: None, attrs: Vec::new() }
}

/// What every call of a capability is answered where none is linked.
pub(crate) fn refused(capability: &str) -> Error {
    let message = format!("`{capability}` does nothing here: this is an explanation, not a run");
    error(ErrorKind::NotGranted, capability, message)
}
