//! Trees of files for an environment: a folder as it is, or the working tree as a checkout.

mod dot_git;
mod folder;
mod history;
mod listing;
mod working;

pub use dot_git::Objects;
pub use folder::DirTree;
pub(crate) use listing::hex;
pub use working::WorkingTree;

#[cfg(test)]
mod tests;
