//! Limits and switches of reading.
//!
//! Defaults are GitHub's. Port of `ParseOptions.cs` and `WorkflowFeatures.cs`; features that are generally available
//! are not switches here.

/// Limits and switches of reading.
#[derive(Clone, Debug)]
pub struct ParseOptions {
    /// Levels of nesting, at most [`ParseOptions::DEPTH_CEILING`].
    pub max_depth: u16,
    /// Bytes the read files may take, by GitHub's estimate (not by ours).
    pub max_result_size: usize,
    /// UTF-16 units a file may hold.
    pub max_file_size: usize,
    /// Files one workflow may draw in, itself included.
    pub max_files: usize,
    /// Jobs in all files together; 0 is no limit.
    pub max_job_limit: usize,
    /// Levels of called workflows below the root; 0 allows none.
    pub max_nested_reusable_workflows_depth: usize,
    /// Problems after which no more are kept.
    pub max_errors: usize,
    /// UTF-16 units after which a message is cut, its place included.
    pub max_error_message_length: usize,
    /// Called workflows are not loaded.
    pub skip_reusable_workflows: bool,
    /// What callees may ask for when the caller's file says nothing.
    pub permissions_policy: PermissionsPolicy,
    /// `background`, `wait`, `wait-all` and `cancel` are known.
    pub background_steps: bool,
}

/// The repository's setting for tokens of workflows that say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PermissionsPolicy {
    /// `contents: read` and `packages: read`.
    LimitedRead,
    /// Everything.
    #[default]
    Write,
}

impl ParseOptions {
    /// Deeper nesting is refused whatever [`ParseOptions::max_depth`] says: reading descends by calls.
    pub const DEPTH_CEILING: u16 = 100;
    /// Events of a file and of all files it calls.
    pub(crate) const MAX_EVENTS: u32 = 1_000_000;
    /// YAML nodes of a file, aliases expanded.
    pub(crate) const MAX_NODES: u32 = 50_000;
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            max_depth: 50,
            max_result_size: 10 * 1024 * 1024,
            max_file_size: 1024 * 1024,
            max_files: 51,
            max_job_limit: 0,
            max_nested_reusable_workflows_depth: 9,
            max_errors: 10,
            max_error_message_length: 500,
            skip_reusable_workflows: false,
            permissions_policy: PermissionsPolicy::default(),
            background_steps: true,
        }
    }
}
