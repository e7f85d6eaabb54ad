//! The plugin's own settings, as its operator wrote them.

use alloc::format;
use alloc::string::String;

use crate::Error;
use crate::json::Json;

/// Returns the settings: one JSON object, checked against the schema of `plugin.toml` before the plugin runs; empty
/// where there are none.
///
/// # Errors
/// `invalid`, where a host hands over no JSON.
pub fn read() -> Result<Json, Error> {
    Json::parse(&text()).map_err(|error| Error::invalid(format!("the settings: {error}")))
}

/// Returns the settings as JSON text, for plugins that bring a reader of their own.
#[must_use]
pub fn text() -> String {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::host::config::settings();
    #[cfg(not(target_arch = "wasm32"))]
    crate::mock::settings_text()
}
