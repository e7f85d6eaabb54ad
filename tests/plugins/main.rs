//! Components that were built (`cargo xtask plugins --all`) behind the ports, as the program loads them: the official
//! plugins and the examples, guests in other languages, and guests that misbehave.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "code of tests: what goes wrong fails them")]

mod examples;
mod hostile;
mod languages;
mod official;
mod support;
