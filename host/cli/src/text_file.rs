//! Reads files that must be text, and says clearly what is wrong with those that are not.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes of a file that nobody wrote by hand: not read into memory.
const TOO_LARGE: u64 = 64 * 1024 * 1024;

/// Why a file is not usable text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextError {
    /// There is no such file.
    #[error("there is no file {}", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// A folder where a file was expected.
    #[error("{} is a folder", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// It exists and cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Far too large.
    #[error("{} is too large to be read", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// Not UTF-8.
    #[error("{} is not text: {what}", path.display())]
    NotText {
        /// Which.
        path: PathBuf,
        /// What it is instead.
        what: NotText,
    },
}

/// What a file is instead of UTF-8 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotText {
    /// Holds a NUL byte.
    #[error("it is binary")]
    Binary,
    /// Begins with a byte order mark of UTF-16.
    #[error("it is UTF-16; save it as UTF-8")]
    Utf16,
    /// An invalid byte.
    #[error("line {0} is not UTF-8")]
    InvalidLine(usize),
}

/// Reads a file. A byte order mark stays in the text; readers of it pass over one.
pub(crate) fn read(path: &Path) -> Result<String, TextError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            TextError::Missing { path: path.to_owned() }
        }
        io::ErrorKind::IsADirectory => TextError::Folder { path: path.to_owned() },
        _ => TextError::Read { path: path.to_owned(), source },
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(TOO_LARGE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > TOO_LARGE {
        return Err(TextError::TooLarge { path: path.to_owned() });
    }
    decode(bytes).map_err(|what| TextError::NotText { path: path.to_owned(), what })
}

fn decode(bytes: Vec<u8>) -> Result<String, NotText> {
    String::from_utf8(bytes)
        .map_err(|error| describe(error.as_bytes(), error.utf8_error().valid_up_to()))
        .and_then(|text| if text.contains('\0') { Err(NotText::Binary) } else { Ok(text) })
}

fn describe(bytes: &[u8], valid: usize) -> NotText {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        NotText::Utf16
    } else if bytes.contains(&0) {
        NotText::Binary
    } else {
        NotText::InvalidLine(bytes[..valid].iter().filter(|byte| **byte == b'\n').count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, expected) in [
            (&b"a: 1\n"[..], None),
            ("\u{feff}é".as_bytes(), None),
            (b"\xff\xfea\0", Some(NotText::Utf16)),
            (b"PK\x03\x04\0\0", Some(NotText::Binary)),
            (b"\x7fELF\xff\0", Some(NotText::Binary)),
            (b"a\nb\nc\xe9", Some(NotText::InvalidLine(3))),
        ] {
            assert_eq!(decode(bytes.to_vec()).err(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_missing_file_and_a_folder_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(TextError::Folder { .. })));
        assert!(matches!(read(&folder.path().join("x")), Err(TextError::Missing { .. })));
    }
}
