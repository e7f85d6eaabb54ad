//! Plugins of all kinds, good ones and hostile ones: the host lives, the error names the culprit, others answer.

mod answers;
mod fuzz;
mod guests;
mod hostile;
mod loading;
mod support;
