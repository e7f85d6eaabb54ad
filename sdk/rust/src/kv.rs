//! A small store of the plugin's own, kept between calls and runs. Must be requested in `plugin.toml` and granted by
//! the operator, who says how much it may hold.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Error;
#[cfg(target_arch = "wasm32")]
use crate::bindings::host::kv as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::mock::kv as host;

/// Returns a value; `None` where there is no such key.
///
/// # Errors
/// The host's: `not-granted` where nobody granted the store.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    host::get(key)
}

/// Sets a value. Keys: 1 to 200 characters of `A-Z a-z 0-9 . _ - /`.
///
/// # Errors
/// `invalid` of a key; `quota`, whose code says which.
pub fn set(key: &str, value: &[u8]) -> Result<(), Error> {
    host::set(key, value)
}

/// Deletes a value; succeeds where there is none.
///
/// # Errors
/// The host's.
pub fn delete(key: &str) -> Result<(), Error> {
    host::delete(key)
}

/// Returns the keys that begin so, sorted; all for an empty prefix.
///
/// # Errors
/// The host's.
pub fn keys(prefix: &str) -> Result<Vec<String>, Error> {
    host::keys(prefix)
}
