//! Brings trees and large files to the machine, in chunks, from where they broke off.

use std::io::Read;
use std::sync::Arc;

use act_core::environment::EnvironmentError;
use act_core::tree::{Tree, TreeEntry};
use act_protocol::{Answer, Ask, CHUNK, Entry, EntryKind, end_pack, pack_entry};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::desk::Desk;
use crate::fetch::unexpected;

/// How often an upload may come out wrong although its stream held.
const TRIES: u32 = 3;

/// What an upload is when it is whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole {
    pub(crate) size: u64,
    pub(crate) digest: [u8; 32],
}

/// Brings a tree to a folder.
pub(crate) async fn tree(
    desk: &Arc<Desk>,
    upload: &str,
    tree: Arc<dyn Tree>,
    path: &str,
) -> Result<(), EnvironmentError> {
    let mut failed = 0;
    while failed < TRIES {
        let (stream, held) = (desk.stream(), held(desk, upload).await?);
        let Some(whole) = packed(desk, stream, upload, Arc::clone(&tree), held).await? else { continue };
        let Whole { size, digest } = whole;
        let (upload, path) = (upload.to_owned(), path.to_owned());
        match desk.ask(Ask::Unpack { upload, size, digest, path }).await? {
            (Answer::Done, _) => return Ok(()),
            (Answer::Held { .. }, _) => failed += u32::from(desk.stream() == stream),
            _ => return Err(unexpected()),
        }
    }
    Err(EnvironmentError::Refused("the tree changed while it was sent".to_owned()))
}

/// Brings bytes that a process wants as a file; they are whole when the agent says so.
pub(crate) async fn bytes(desk: &Arc<Desk>, upload: &str, bytes: &Bytes) -> Result<(), EnvironmentError> {
    loop {
        let (stream, held) = (desk.stream(), held(desk, upload).await?);
        let mut offset = usize::try_from(held).unwrap_or(usize::MAX).min(bytes.len());
        let mut is_sent = true;
        while offset < bytes.len() && is_sent {
            let end = bytes.len().min(offset + CHUNK);
            is_sent = desk.chunk(stream, upload, offset as u64, bytes.slice(offset..end)).await;
            offset = end;
        }
        if is_sent {
            return Ok(());
        }
        if let Some(over) = desk.over() {
            return Err(over.error());
        }
    }
}

async fn held(desk: &Arc<Desk>, upload: &str) -> Result<u64, EnvironmentError> {
    match desk.ask(Ask::Open { upload: upload.to_owned(), afresh: false }).await? {
        (Answer::Held { bytes }, _) => Ok(bytes),
        _ => Err(unexpected()),
    }
}

/// Sends what is missing of a tree; `None` where the stream broke.
async fn packed(
    desk: &Arc<Desk>,
    stream: u64,
    upload: &str,
    tree: Arc<dyn Tree>,
    held: u64,
) -> Result<Option<Whole>, EnvironmentError> {
    let (sender, mut chunks) = mpsc::channel(2);
    let packing = tokio::task::spawn_blocking(move || Packer::new(sender).pack(&*tree));
    while let Some((offset, chunk)) = chunks.recv().await {
        let end = offset + chunk.len() as u64;
        if end <= held {
            continue;
        }
        let skip = usize::try_from(held.saturating_sub(offset)).unwrap_or(0);
        if !desk.chunk(stream, upload, offset + skip as u64, chunk.slice(skip..)).await {
            // The packer notices that nobody listens.
            drop(chunks);
            let _ = packing.await;
            return desk.over().map_or(Ok(None), |over| Err(over.error()));
        }
    }
    match packing.await {
        Ok(Ok(whole)) => Ok(Some(whole)),
        Ok(Err(why)) => Err(EnvironmentError::Refused(format!("cannot read what is to be sent: {why}"))),
        Err(error) => Err(EnvironmentError::Lost(format!("file work broke off: {error}"))),
    }
}

/// Makes one stream of bytes of a tree, on a thread that may block.
struct Packer {
    to: mpsc::Sender<(u64, Bytes)>,
    hash: Sha256,
    /// Handed on.
    sent: u64,
    pending: Vec<u8>,
}

impl Packer {
    fn new(to: mpsc::Sender<(u64, Bytes)>) -> Self {
        Self { to, hash: Sha256::new(), sent: 0, pending: Vec::with_capacity(CHUNK) }
    }

    fn pack(mut self, tree: &dyn Tree) -> std::io::Result<Whole> {
        tree.walk(&mut |path, entry| self.entry(tree, path, entry))?;
        end_pack(&mut self.pending);
        self.hand_on(0)?;
        Ok(Whole { size: self.sent, digest: self.hash.finalize().into() })
    }

    fn entry(&mut self, tree: &dyn Tree, path: &str, entry: TreeEntry) -> std::io::Result<()> {
        let (kind, size) = match entry {
            TreeEntry::Folder => (EntryKind::Folder, None),
            TreeEntry::Link(to) => (EntryKind::Link(to), None),
            TreeEntry::File { executable, size } => (EntryKind::File { executable, size }, Some(size)),
        };
        pack_entry(&Entry { path: path.to_owned(), kind }, &mut self.pending)
            .map_err(std::io::Error::other)?;
        if let Some(size) = size {
            self.file(tree, path, size)?;
        }
        self.hand_on(CHUNK)
    }

    fn file(&mut self, tree: &dyn Tree, path: &str, size: u64) -> std::io::Result<()> {
        let mut source = tree.open(path)?.take(size);
        let mut left = size;
        while left > 0 {
            let before = self.pending.len();
            let room = u64::try_from(CHUNK).unwrap_or(left).min(left);
            let read = (&mut source).take(room).read_to_end(&mut self.pending)?;
            debug_assert_eq!(self.pending.len(), before + read);
            if read == 0 {
                let text = format!("{path} became shorter while it was read");
                return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text));
            }
            left -= read as u64;
            self.hand_on(CHUNK)?;
        }
        Ok(())
    }

    /// Hands on what is there, as long as it is at least so much.
    fn hand_on(&mut self, least: usize) -> std::io::Result<()> {
        while self.pending.len() >= least && !self.pending.is_empty() {
            let rest = self.pending.split_off(self.pending.len().min(CHUNK));
            let chunk = Bytes::from(std::mem::replace(&mut self.pending, rest));
            self.hash.update(&chunk);
            let offset = self.sent;
            self.sent += chunk.len() as u64;
            self.to.blocking_send((offset, chunk)).map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        }
        Ok(())
    }
}
