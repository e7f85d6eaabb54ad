//! The exit codes that scripts may rely on. Nothing else in the program chooses a number.

use std::process::ExitCode;

/// How the program ends. The numbers are part of its interface, shown by `--help` ([`Exit::TABLE`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done: every job that ran succeeded, every file is valid.
    Success = 0,
    /// A job failed.
    JobFailed = 1,
    /// The input is wrong (a flag, a file, a workflow), or there is nothing to run.
    Invalid = 2,
    /// A machine, a disk or a service failed, not the workflow.
    Infrastructure = 3,
    /// A mistake in this program.
    Internal = 70,
    /// Stopped by Ctrl-C or another stop signal.
    Cancelled = 130,
}

impl Exit {
    /// Every code with its meaning, for the help text.
    pub(crate) const TABLE: &str = "\
Exit codes:
    0  success
    1  a job failed
    2  invalid input, or nothing to run
    3  infrastructure failure: a machine, a disk, a service
   70  internal error
  130  cancelled";

    /// Returns the one that counts where several things ended.
    pub(crate) fn graver(self, other: Self) -> Self {
        if (self as u8) < (other as u8) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
