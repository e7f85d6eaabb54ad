//! Requests over HTTP. Must be requested in `plugin.toml`, with the hosts, and granted by the operator. Redirects are
//! not followed.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Error;
pub use crate::bindings::host::http::{Request, Response};

/// Sends a request and waits for all of its response. A response of any status is no error.
///
/// # Errors
/// `invalid`, `not-granted`, `timeout`, `unavailable`, `quota`.
pub fn send(request: &Request) -> Result<Response, Error> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::host::http::send(request);
    #[cfg(not(target_arch = "wasm32"))]
    crate::mock::answer(request)
}

impl Request {
    /// Makes a request without headers and body. The URL has scheme and host.
    #[must_use]
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            credential: None,
            timeout_ms: None,
        }
    }

    /// Makes a `GET`.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// Adds a header. `authorization` is refused: see [`Request::credential`].
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Names a credential of the grant: the host adds it, and the plugin never sees it.
    #[must_use]
    pub fn credential(mut self, name: &str) -> Self {
        self.credential = Some(name.into());
        self
    }
}
