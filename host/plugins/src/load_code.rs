//! Loading machine code that was compiled and authenticated before: the one unsafe step of this crate.

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cache::Authentic;

/// Makes a component of compiled code. What was compiled for another engine is an error.
#[expect(unsafe_code, reason = "the engine cannot tell its own output from a forgery; `Authentic` can")]
pub(crate) fn load(engine: &Engine, code: &Authentic) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` runs the bytes as machine code, so they must be what `precompile_component` returned.
    // An `Authentic` is made in two ways only: of what the compiler just returned to this process, or of bytes whose
    // HMAC, keyed with a secret that only this user's account can read, was verified over these very bytes in memory.
    unsafe { Component::deserialize(engine, code.bytes()) }
}
