//! Why a call came to nothing, told so that its reader knows whom to ask: which plugin, which export, which limit,
//! and where in the guest.

use std::fmt;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::limits::Limits;
use crate::state::Limit;
use crate::text;

/// How many frames of the guest are named, innermost first.
const FRAMES: usize = 5;

/// A call that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    what: String,
    frames: Vec<String>,
    said: Vec<String>,
    /// Whether the plugin is to blame: such failures use up its restarts.
    pub(crate) guilty: bool,
}

impl Failure {
    /// A failure that no trap explains.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), frames: Vec::new(), said: Vec::new(), guilty: true }
    }

    /// A failure of the host: the plugin never had its turn.
    pub(crate) fn innocent(what: impl Into<String>) -> Self {
        Self { guilty: false, ..Self::new(what) }
    }

    /// A limit.
    pub(crate) fn limit(limit: Limit, limits: &Limits) -> Self {
        Self::new(limit.told(limits))
    }

    /// An error of the engine, `hit` being the limit that the call had run into.
    pub(crate) fn of(
        error: &wasmtime::Error,
        hit: Option<Limit>,
        limits: &Limits,
        said: Vec<String>,
    ) -> Self {
        let what = match (hit, trap(error)) {
            (Some(Limit::Cpu), _) | (None, Some(Trap::Interrupt)) => Limit::Cpu.told(limits),
            // Most guests answer a refused growth with a trap of their own.
            (Some(limit), Some(_)) => format!("{}, and gave up ({})", limit.told(limits), cause(error)),
            (Some(limit), None) => limit.told(limits),
            (None, Some(Trap::StackOverflow)) => "recursed too deeply: its stack is exhausted".to_owned(),
            (None, _) if is_fuel(error) => {
                format!("passed more than {} to the host in one call (limit `host-fuel`)", limits.host_fuel)
            }
            (None, _) if error.is::<I32Exit>() => "ended itself instead of answering".to_owned(),
            (None, Some(Trap::UnreachableCodeReached)) => "panicked".to_owned(),
            (None, Some(_)) => format!("trapped: {}", cause(error)),
            (None, None) => format!("failed: {}", cause(error)),
        };
        Self { what, frames: frames(error), said, guilty: true }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.frames.is_empty() {
            write!(f, "; in {}", self.frames.join(" < "))?;
        }
        if !self.said.is_empty() {
            write!(f, "; it said: {}", self.said.join(" / "))?;
        }
        Ok(())
    }
}

impl Limit {
    fn told(self, limits: &Limits) -> String {
        match self {
            Self::Memory => format!("wanted more than {} of memory (limit `memory`)", limits.memory),
            Self::Table => format!("wanted a table of more than {} elements", limits.table_elements),
            Self::Cpu => format!("ran longer than {} on the processor (limit `cpu`)", limits.cpu),
            Self::Wall => format!("took longer than {} (limit `wall`)", limits.wall),
            Self::Output => format!("answered with more than {} (limit `output`)", limits.output),
        }
    }
}

fn trap(error: &wasmtime::Error) -> Option<Trap> {
    error.downcast_ref::<Trap>().copied()
}

/// Whether too much was copied: the engine has no type for it.
fn is_fuel(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| cause.to_string().contains("fuel allocated for hostcalls has been exhausted"))
}

/// Returns the root of an error in one line: what lies over it is the backtrace, which is told apart.
fn cause(error: &wasmtime::Error) -> String {
    let root = error.root_cause().to_string();
    text::line(root.strip_prefix("wasm trap: ").unwrap_or(&root), 300)
}

/// Names the guest's functions that were running, innermost first.
fn frames(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    for frame in trace.frames() {
        let symbol = frame.symbols().first().and_then(|symbol| symbol.name());
        let name = symbol.or_else(|| frame.func_name()).map(|name| text::line(&demangled(name), 120));
        let name = name.unwrap_or_else(|| format!("function {}", frame.func_index()));
        if names.last() != Some(&name) {
            names.push(name);
        }
        if names.len() == FRAMES {
            break;
        }
    }
    names.into_iter().map(|name| format!("`{name}`")).collect()
}

/// Writes a symbol of Rust as its author does, without the hash that says nothing to a reader; another one as it is. The
/// linker has done so with the older symbols, but for the hash.
fn demangled(name: &str) -> String {
    let hash = |tail: &str| {
        tail.len() == 17 && tail.starts_with('h') && tail[1..].bytes().all(|b| b.is_ascii_hexdigit())
    };
    match name.rsplit_once("::") {
        Some((path, tail)) if hash(tail) => path.to_owned(),
        _ => format!("{:#}", rustc_demangle::demangle(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_read_as_their_author_wrote_them() {
        for (symbol, name) in [
            ("_ZN6plugin5parse17h05af221e174051e9E", "plugin::parse"),
            ("_RNvCs4fqI2P2rA04_6plugin5parse", "plugin::parse"),
            ("plugin::parse::h05af221e174051e9", "plugin::parse"),
            ("parse_cpu", "parse_cpu"),
        ] {
            assert_eq!(demangled(symbol), name);
        }
    }
}
