//! Reading files whole, but never more than so much.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads a file, and nothing beyond `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len().min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
