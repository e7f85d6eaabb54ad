//! Full names of git refs, and the short names that GitHub derives from them.

use std::fmt;

/// A full ref name, such as `refs/heads/main`, `refs/tags/v1` or `refs/pull/7/merge`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GitRef(String);

/// What a [`GitRef`] names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefKind {
    /// `refs/heads/…`.
    Branch,
    /// `refs/tags/…`.
    Tag,
    /// Anything else: pull requests, notes.
    Other,
}

const HEADS: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

impl GitRef {
    /// Names a branch by its short name.
    #[must_use]
    pub fn branch(name: &str) -> Self {
        Self(format!("{HEADS}{name}"))
    }

    /// Names a tag by its short name.
    #[must_use]
    pub fn tag(name: &str) -> Self {
        Self(format!("{TAGS}{name}"))
    }

    /// Names the merge of a pull request into its base.
    #[must_use]
    pub fn pull_request_merge(number: u64) -> Self {
        Self(format!("refs/pull/{number}/merge"))
    }

    /// Takes a full name as it is; any other name is taken for a branch, as GitHub does when dispatching.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        if name.starts_with("refs/") { Self(name.to_owned()) } else { Self::branch(name) }
    }

    /// The full name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it names.
    #[must_use]
    pub fn kind(&self) -> RefKind {
        if self.0.starts_with(HEADS) {
            RefKind::Branch
        } else if self.0.starts_with(TAGS) {
            RefKind::Tag
        } else {
            RefKind::Other
        }
    }

    /// `github.ref_name`: without `refs/heads/`, `refs/tags/` or `refs/pull/` (`7/merge`).
    #[must_use]
    pub fn short_name(&self) -> &str {
        let short = [HEADS, TAGS, "refs/pull/"].iter().find_map(|prefix| self.0.strip_prefix(prefix));
        short.unwrap_or(&self.0)
    }

    /// `github.ref_type`: `tag` for tags and `branch` for all else, pull requests included.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.kind() {
            RefKind::Tag => "tag",
            RefKind::Branch | RefKind::Other => "branch",
        }
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
