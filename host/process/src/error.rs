//! Why a process could not be started, in words that say what to change.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// A process that never began. Texts are GitHub's where it has some (`WhichUtil.cs`; .NET's `Process.Start`).
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The argument list was empty.
    #[error("no program given")]
    NoProgram,
    /// No folder of `PATH` has it.
    #[error("{program}: command not found")]
    NotFound {
        /// As given.
        program: String,
    },
    /// The working directory is missing, or no folder.
    #[error(
        "An error occurred trying to start process '{}' with working directory '{}'. {reason}",
        program.display(),
        cwd.display()
    )]
    Cwd {
        /// What was to be started.
        program: PathBuf,
        /// The folder.
        cwd: PathBuf,
        /// What the system says of it.
        reason: &'static str,
    },
    /// The program is there, the interpreter that its first line names is not.
    #[error("{}: the interpreter named in its first line does not exist", program.display())]
    Interpreter {
        /// What was to be started.
        program: PathBuf,
    },
    /// The program may not be executed.
    #[error("{}: Permission denied", program.display())]
    Permission {
        /// What was to be started.
        program: PathBuf,
    },
    /// Arguments and environment together are larger than the system allows.
    #[error("{}: Argument list too long ({bytes} bytes of arguments and environment)", program.display())]
    TooLarge {
        /// What was to be started.
        program: PathBuf,
        /// Their size.
        bytes: usize,
    },
    /// Anything else.
    #[error("{}: {source}", program.display())]
    System {
        /// What was to be started.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SpawnError {
    /// Finds out what a failed start was about; the system gives one code for several mistakes.
    pub(crate) fn explain(program: &Path, cwd: &Path, bytes: usize, source: io::Error) -> Self {
        let program = program.to_owned();
        if let Some(reason) = fault_of(cwd) {
            return Self::Cwd { program, cwd: cwd.to_owned(), reason };
        }
        match source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOENT) if program.is_file() => Self::Interpreter { program },
            Some(Errno::NOENT | Errno::NOTDIR) => Self::NotFound { program: program.display().to_string() },
            Some(Errno::ACCESS | Errno::PERM | Errno::ISDIR) => Self::Permission { program },
            Some(Errno::TOOBIG) => Self::TooLarge { program, bytes },
            _ => Self::System { program, source },
        }
    }
}

fn fault_of(cwd: &Path) -> Option<&'static str> {
    match cwd.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            let may_enter = rustix::fs::access(cwd, rustix::fs::Access::EXEC_OK).is_ok();
            (!may_enter).then_some("Permission denied")
        }
        Ok(_) => Some("Not a directory"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some("No such file or directory"),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some("Permission denied"),
        Err(_) => None,
    }
}
