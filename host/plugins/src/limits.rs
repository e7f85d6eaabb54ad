//! What one call into a plugin may use. Every limit has a default that any plugin that decides something keeps to.

use serde::Deserialize;

use crate::amount::{Size, Span};

/// What one call may use. A call that wants more is ended, and its plugin named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All linear memories of the call together: 64 MiB.
    pub memory: Size,
    /// Time on a processor, counted in ticks of 10 ms: 200 ms.
    pub cpu: Span,
    /// Time that passes, waits for the network counted in: 1 s.
    pub wall: Span,
    /// Data that one call out of the guest, or its answer, may copy into the host: 1 MiB.
    pub host_fuel: Size,
    /// Size of an answer, written as JSON: 1 MiB.
    pub output: Size,
    /// Lines of log: 1,000, each of 4 KiB at most.
    pub log_lines: u32,
    /// Elements in any one table: 100,000.
    pub table_elements: u32,
    /// Core instances: 64.
    pub instances: u32,
    /// Linear memories: 16.
    pub memories: u32,
    /// Tables: 64.
    pub tables: u32,
    /// Handles to resources that live at once: 10,000.
    pub handles: u32,
    /// Requests over HTTP: 16.
    pub http_requests: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: Size::mib(64),
            cpu: Span::millis(200),
            wall: Span::millis(1000),
            host_fuel: Size::mib(1),
            output: Size::mib(1),
            log_lines: 1000,
            table_elements: 100_000,
            instances: 64,
            memories: 16,
            tables: 64,
            handles: 10_000,
            http_requests: 16,
        }
    }
}

/// The limits an operator sets: the `limits` of a `[[plugin]]`. What is absent stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LimitSettings {
    /// [`Limits::memory`].
    pub memory: Option<Size>,
    /// [`Limits::cpu`].
    pub cpu: Option<Span>,
    /// [`Limits::wall`].
    pub wall: Option<Span>,
    /// [`Limits::host_fuel`].
    pub host_fuel: Option<Size>,
    /// [`Limits::output`].
    pub output: Option<Size>,
    /// [`Limits::log_lines`].
    pub log_lines: Option<u32>,
    /// [`Limits::http_requests`].
    pub http_requests: Option<u32>,
}

impl Limits {
    /// Sets what the operator's settings say.
    #[must_use]
    pub fn set(self, settings: &LimitSettings) -> Self {
        self.with(settings, |_, new| new, |_, new| new, |_, new| new)
    }

    /// Lowers what settings of a less trusted place say; never raises anything.
    #[must_use]
    pub fn lowered(self, settings: &LimitSettings) -> Self {
        self.with(settings, Ord::min, Ord::min, Ord::min)
    }

    fn with(
        mut self,
        settings: &LimitSettings,
        size: fn(Size, Size) -> Size,
        span: fn(Span, Span) -> Span,
        count: fn(u32, u32) -> u32,
    ) -> Self {
        let LimitSettings { memory, cpu, wall, host_fuel, output, log_lines, http_requests } = *settings;
        self.memory = memory.map_or(self.memory, |new| size(self.memory, new));
        self.cpu = cpu.map_or(self.cpu, |new| span(self.cpu, new));
        self.wall = wall.map_or(self.wall, |new| span(self.wall, new));
        self.host_fuel = host_fuel.map_or(self.host_fuel, |new| size(self.host_fuel, new));
        self.output = output.map_or(self.output, |new| size(self.output, new));
        self.log_lines = log_lines.map_or(self.log_lines, |new| count(self.log_lines, new));
        self.http_requests = http_requests.map_or(self.http_requests, |new| count(self.http_requests, new));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> LimitSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_operator_sets_what_a_less_trusted_place_can_only_lower() {
        let both = settings("memory = '128MiB'\ncpu = '50ms'\nlog-lines = 5");
        let set = Limits::default().set(&both);
        assert_eq!((set.memory, set.cpu, set.log_lines), (Size::mib(128), Span::millis(50), 5));
        assert_eq!(set.wall, Limits::default().wall);
        let lowered = Limits::default().lowered(&both);
        assert_eq!((lowered.memory, lowered.cpu, lowered.log_lines), (Size::mib(64), Span::millis(50), 5));
    }

    #[test]
    fn an_unknown_limit_is_refused() {
        assert!(toml::from_str::<LimitSettings>("fuel = '1MiB'").is_err());
    }
}
