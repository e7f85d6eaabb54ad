//! The plugin's log: kept with the run, shown with `-v`.

pub use crate::bindings::host::log::Level;

/// Writes one line. Escape codes and workflow commands are taken out by the host, and long lines cut.
pub fn line(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::host::log::log(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    crate::mock::write(level, message);
}

/// Writes what only who writes the plugin wants to know.
pub fn debug(message: &str) {
    line(Level::Debug, message);
}

/// Writes what its operator may want to know.
pub fn info(message: &str) {
    line(Level::Info, message);
}

/// Writes what its operator should look at.
pub fn warn(message: &str) {
    line(Level::Warn, message);
}

/// Writes what went wrong.
pub fn error(message: &str) {
    line(Level::Error, message);
}
