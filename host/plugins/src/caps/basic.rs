//! What every plugin has: a log, and its settings.

use act_bindings::host::log::Level;
use act_bindings::host::{config, log};

use crate::spec::LogLevel;
use crate::state::Call;

impl log::Host for Call {
    async fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.voice.log(level, &message);
        Ok(())
    }
}

impl config::Host for Call {
    async fn settings(&mut self) -> wasmtime::Result<String> {
        Ok(self.settings.to_string())
    }
}
