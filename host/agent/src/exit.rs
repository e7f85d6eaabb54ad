//! How the program itself ends.

use std::process::ExitCode;

/// What the exit code says. The third proof of an end: what stands behind a code other than 0 is never success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: told to end by its host, or nothing to serve.
    Done,
    /// 2: flags that are none.
    Usage,
    /// 3: the folder, the socket or the machine is at fault.
    CannotServe,
    /// 4: no host for too long.
    Orphaned,
    /// 128 + the number of the signal that ended it.
    Signal(u8),
}

impl Exit {
    /// Returns the code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 2,
            Self::CannotServe => 3,
            Self::Orphaned => 4,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why the program cannot do its work, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Cannot(pub(crate) String);
