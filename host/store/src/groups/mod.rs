//! Implements `concurrency` groups over files that every process with the same state folder sees.
//!
//! [`line`] knows the files; here is the waiting. Nobody is told of a change: who waits, or may be asked
//! to leave, looks ten times a second, which a dead process cannot forget to answer.

mod line;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use act_core::concurrency::{ConcurrencyGroups, Granted, GroupAsk, GroupError, Holder, Seat};
use async_trait::async_trait;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::error::StoreError;
use line::Place;

/// How long a waiter waits before it looks again.
const POLL: Duration = Duration::from_millis(100);

/// The groups of a state folder.
#[derive(Clone, Debug)]
pub struct FileGroups {
    folder: PathBuf,
}

impl FileGroups {
    /// Names the groups under the state folder `root`. Touches nothing.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { folder: root.join("groups") }
    }
}

#[async_trait]
impl ConcurrencyGroups for FileGroups {
    async fn enter(&self, ask: &GroupAsk) -> Result<Box<dyn Seat>, GroupError> {
        let (folder, asked) = (self.folder.clone(), ask.clone());
        let place = blocking(&ask.group, move || Place::enter(&folder, &asked)).await?;
        Ok(Box::new(FileSeat { group: ask.group.clone(), place: Arc::new(place), answer: OnceLock::new() }))
    }
}

/// A place in a line. The last of its handles to be dropped leaves.
#[derive(Debug)]
struct FileSeat {
    group: String,
    place: Arc<Place>,
    answer: OnceLock<Granted>,
}

#[async_trait]
impl Seat for FileSeat {
    async fn granted(&self) -> Result<Granted, GroupError> {
        loop {
            if let Some(answer) = self.answer.get() {
                return Ok(answer.clone());
            }
            let place = Arc::clone(&self.place);
            if let Some(answer) = blocking(&self.group, move || place.look()).await? {
                return Ok(self.answer.get_or_init(|| answer).clone());
            }
            sleep(POLL).await;
        }
    }

    async fn cancel_requested(&self) -> Holder {
        loop {
            let place = Arc::clone(&self.place);
            // What cannot be read now is asked again: a seat is not given up for a busy disk.
            if let Ok(Some(by)) = blocking(&self.group, move || place.asked_to_leave()).await {
                return by;
            }
            sleep(POLL).await;
        }
    }

    async fn leave(self: Box<Self>) {
        let Self { group, place, .. } = *self;
        // Dropping the place leaves; the files of one that cannot be removed are swept by whoever comes next.
        let left = move || {
            drop(place);
            Ok(())
        };
        let _ = blocking(&group, left).await;
    }
}

/// Runs what may wait for the disk where that is allowed.
async fn blocking<T: Send + 'static>(
    group: &str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, GroupError> {
    let failed = |reason| GroupError { group: group.to_owned(), reason };
    match spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| failed(format!("{error}: {}", error.source))),
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
