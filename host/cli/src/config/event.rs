//! The payload of an event, from the user's file.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::CliError;
use crate::text_file::{self, TextError};

/// What a file says of the event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Payload {
    /// The file, absolute.
    pub(crate) path: PathBuf,
    /// Its content.
    pub(crate) value: Map<String, Value>,
}

/// Why a file is no payload.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventError {
    /// It cannot be read.
    #[error(transparent)]
    Text(#[from] TextError),
    /// It is no JSON object.
    #[error("{} is not a JSON object", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads a payload.
pub(super) fn read(path: &Path) -> Result<Payload, EventError> {
    let text = text_file::read(path)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let value =
        serde_json::from_str(text).map_err(|source| EventError::Json { path: path.to_owned(), source })?;
    Ok(Payload { path: path.to_owned(), value })
}

impl From<EventError> for CliError {
    fn from(error: EventError) -> Self {
        Self::invalid(error)
    }
}
