//! Brings files from the machine, in parts where they are large.

use std::sync::Arc;

use act_core::environment::{Collected, EnvironmentError};
use act_protocol::{Answer, Ask, CHUNK, Source, Stamp};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream;
use sha2::{Digest, Sha256};

use crate::desk::Desk;

/// Parts that are asked for before the first of them is there.
const AT_ONCE: usize = 16;

/// How often a file is begun anew that somebody writes while it is read.
const TRIES: u32 = 3;

/// Returns a file of at most `limit` bytes; `None` where there is none.
pub(crate) async fn get(desk: &Arc<Desk>, path: &str, limit: u64) -> Result<Option<Bytes>, EnvironmentError> {
    for _ in 0..TRIES {
        match desk.ask(Ask::Get { path: path.to_owned(), limit }).await? {
            (Answer::Bytes, bytes) if bytes.len() as u64 <= limit => return Ok(Some(bytes)),
            (Answer::Nothing, _) => return Ok(None),
            (Answer::TooLarge { size }, _) => {
                let text = format!("{path} is too large: {size} bytes, {limit} at most");
                return Err(EnvironmentError::Refused(text));
            }
            (Answer::Large { stamp }, _) if stamp.size <= limit => {
                if let Some(bytes) =
                    parts(desk, &Source::Path(path.to_owned()), Some(stamp), stamp.size).await?
                {
                    return Ok(Some(bytes));
                }
            }
            _ => return Err(unexpected()),
        }
    }
    Err(EnvironmentError::Refused(format!("{path} is being written all the time")))
}

/// Returns a file that was collected of a process.
pub(crate) async fn collected(
    desk: &Arc<Desk>,
    exec: &str,
    index: u32,
    size: u64,
    digest: [u8; 32],
) -> Result<Collected, EnvironmentError> {
    let source = Source::Collected { exec: exec.to_owned(), index };
    let bytes = parts(desk, &source, None, size).await?;
    let whole = bytes.filter(|bytes| <[u8; 32]>::from(Sha256::digest(bytes)) == digest);
    let damaged = || EnvironmentError::Lost(format!("a file that {exec} wrote came damaged"));
    whole.map(Collected::Bytes).ok_or_else(damaged)
}

/// Reads `size` bytes; `None` where the file is another one than at first.
async fn parts(
    desk: &Arc<Desk>,
    source: &Source,
    stamp: Option<Stamp>,
    size: u64,
) -> Result<Option<Bytes>, EnvironmentError> {
    let mut whole = BytesMut::new();
    let offsets = stream::iter((0..size).step_by(CHUNK));
    let mut parts = offsets.map(|offset| part(desk, source, stamp, offset, size)).buffered(AT_ONCE);
    while let Some(part) = parts.next().await {
        let Some(bytes) = part? else { return Ok(None) };
        whole.extend_from_slice(&bytes);
    }
    Ok(Some(whole.freeze()))
}

/// Reads a chunk of a file of `size` bytes.
async fn part(
    desk: &Arc<Desk>,
    source: &Source,
    stamp: Option<Stamp>,
    offset: u64,
    size: u64,
) -> Result<Option<Bytes>, EnvironmentError> {
    let wanted = (size - offset).min(CHUNK as u64);
    let length = u32::try_from(wanted).unwrap_or(u32::MAX);
    let (answer, bytes) = desk.ask(Ask::Read { source: source.clone(), offset, length }).await?;
    let Answer::Part { stamp: now } = answer else { return Err(unexpected()) };
    let is_same = stamp.is_none_or(|stamp| stamp == now) && bytes.len() as u64 == wanted;
    Ok(is_same.then_some(bytes))
}

/// An answer to another question.
pub(crate) fn unexpected() -> EnvironmentError {
    EnvironmentError::Lost("the agent answered something else than was asked".to_owned())
}
