//! Plugins of all kinds, good ones and hostile ones: the host lives, the error names the culprit, others answer.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

mod answers;
mod fuzz;
mod guests;
mod hostile;
mod loading;
mod support;
