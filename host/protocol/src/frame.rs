//! Messages as bytes: a length, a number, a head and a body. Sans-IO; bounded on both sides.
//!
//! ```text
//! u32 length of what follows the number · u32 number, from 0 in each direction of each stream · head · body
//! ```
//! Both numbers are little-endian. The head is the message itself in `postcard`'s form, which says where it ends; bytes
//! in bulk are the body, so that they are not copied on their way through a decoder. The highest bit of the length says
//! that the body was made smaller: only a side that was asked for it ([`crate::Hello::squeezed`]) writes such frames, and
//! both read them.

use std::fmt::Debug;
use std::marker::PhantomData;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::message::{ToAgent, ToHost};
use crate::squeeze::{Squeezer, expand};
use crate::{MAX_TO_AGENT, MAX_TO_HOST};

const HEADER: usize = 8;
/// In the length: the body was made smaller.
const SQUEEZED: u32 = 1 << 31;

/// What may go in one direction.
pub trait Side: Serialize + DeserializeOwned + Debug {
    /// Bytes of a frame at the most, its header left out; with its body as it was and as it is sent.
    const LIMIT: usize;
}

impl Side for ToAgent {
    const LIMIT: usize = MAX_TO_AGENT;
}

impl Side for ToHost {
    const LIMIT: usize = MAX_TO_HOST;
}

/// A message with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<T> {
    /// The message.
    pub head: T,
    /// Bytes in bulk; mostly empty.
    pub body: Bytes,
}

/// Bytes that are no session, or a message that is too large for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame is longer than may be.
    #[error("a message of {size} bytes is too large; {limit} at the most")]
    TooLarge {
        /// Bytes.
        size: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// Something was lost or repeated on the way.
    #[error("frame {expected} was expected and {found} came: the stream lost or repeated something")]
    Number {
        /// The number that was due.
        expected: u32,
        /// The number that came.
        found: u32,
    },
    /// The head is no message.
    #[error("a frame holds no message: {0}")]
    Malformed(postcard::Error),
    /// The body was made smaller, and what is there makes none.
    #[error("the body of a frame is spoilt")]
    Spoilt,
}

/// Writes the frames of one direction of one stream.
#[derive(Debug)]
pub struct Encoder<T> {
    number: u32,
    squeezer: Option<Squeezer>,
    side: PhantomData<fn(&T)>,
}

impl<T> Default for Encoder<T> {
    fn default() -> Self {
        Self { number: 0, squeezer: None, side: PhantomData }
    }
}

impl<T: Side> Encoder<T> {
    /// From now on bodies are made smaller where they get smaller.
    #[must_use]
    pub fn squeezing(self) -> Self {
        Self { squeezer: Some(Squeezer::default()), ..self }
    }

    /// Adds a frame to `out`.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`]; `out` is as before then, and the next frame may follow.
    pub fn frame(&mut self, head: &T, body: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let before = out.len();
        out.extend_from_slice(&[0; HEADER]);
        let written = postcard::to_extend(head, Appended(out)).map(|_| ());
        let size = out.len() - before - HEADER + body.len();
        if written.is_err() || size > T::LIMIT {
            out.truncate(before);
            return Err(match written {
                Err(error) => FrameError::Malformed(error),
                Ok(()) => FrameError::TooLarge { size, limit: T::LIMIT },
            });
        }
        let is_squeezed = self.squeezer.as_mut().is_some_and(|squeezer| squeezer.add(body, out));
        if !is_squeezed {
            out.extend_from_slice(body);
        }
        // The limit is far below 2 GiB.
        let length = u32::try_from(out.len() - before - HEADER).unwrap_or(u32::MAX);
        let length = if is_squeezed { length | SQUEEZED } else { length };
        out[before..before + 4].copy_from_slice(&length.to_le_bytes());
        out[before + 4..before + HEADER].copy_from_slice(&self.number.to_le_bytes());
        self.number = self.number.wrapping_add(1);
        Ok(())
    }
}

struct Appended<'a>(&'a mut Vec<u8>);

impl Extend<u8> for Appended<'_> {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        self.0.extend(bytes);
    }
}

/// Reads the frames of one direction of one stream, from pieces of any size.
#[derive(Debug)]
pub struct Decoder<T> {
    buffer: BytesMut,
    number: u32,
    side: PhantomData<fn() -> T>,
}

impl<T> Default for Decoder<T> {
    fn default() -> Self {
        Self { buffer: BytesMut::new(), number: 0, side: PhantomData }
    }
}

impl<T: Side> Decoder<T> {
    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns where bytes that are read may be added, with room for at least `room` more.
    pub fn space(&mut self, room: usize) -> &mut BytesMut {
        self.buffer.reserve(room);
        &mut self.buffer
    }

    /// Returns the next message; `None` until more bytes are there. Not more than one frame is ever held.
    ///
    /// # Errors
    /// The stream is of no use any more.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would be over for good at the first `None`"
    )]
    pub fn next(&mut self) -> Result<Option<Frame<T>>, FrameError> {
        let Some(length) = self.number_at(0) else { return Ok(None) };
        let (size, is_squeezed) = ((length & !SQUEEZED) as usize, length & SQUEEZED != 0);
        if size > T::LIMIT {
            return Err(FrameError::TooLarge { size, limit: T::LIMIT });
        }
        if self.buffer.len() < HEADER + size {
            return Ok(None);
        }
        let found = self.number_at(4).unwrap_or_default();
        if found != self.number {
            return Err(FrameError::Number { expected: self.number, found });
        }
        self.number = self.number.wrapping_add(1);
        let frame = self.buffer.split_to(HEADER + size).freeze().slice(HEADER..);
        let (head, rest) = postcard::take_from_bytes(&frame).map_err(FrameError::Malformed)?;
        let body = if is_squeezed {
            expand(rest, T::LIMIT).ok_or(FrameError::Spoilt)?
        } else {
            frame.slice_ref(rest)
        };
        Ok(Some(Frame { head, body }))
    }

    fn number_at(&self, at: usize) -> Option<u32> {
        let bytes = self.buffer.get(at..at + 4)?;
        bytes.try_into().ok().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests;
