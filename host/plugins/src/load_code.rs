//! Loading machine code that was compiled and authenticated before: the one unsafe step of this crate.

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cache::{Authentic, Code};

/// Makes a component of compiled code. What was compiled for another engine is an error.
#[expect(unsafe_code, reason = "the engine cannot tell its own output from a forgery; `Authentic` can")]
pub(crate) fn load(engine: &Engine, code: &Authentic) -> wasmtime::Result<Component> {
    // SAFETY: both run bytes as machine code, so they must be what `precompile_component` returned. An `Authentic` is
    // made in two ways only: of what the compiler just returned to this process, or of a file whose MAC, keyed with a
    // secret that only this user's account can read, was verified just before. It lies in a folder that only this
    // account can write, where files are replaced whole and never changed: what is mapped is what was verified.
    unsafe {
        match code.code() {
            Code::Bytes(bytes) => Component::deserialize(engine, bytes),
            // A disk may forbid to run what lies on it, never what was read from it.
            Code::File(path) => Component::deserialize_file(engine, path)
                .or_else(|_| Component::deserialize(engine, std::fs::read(path)?)),
        }
    }
}
