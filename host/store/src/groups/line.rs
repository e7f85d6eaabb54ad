//! The files of one group: who stands in line, who has the seat, who is to leave.
//!
//! ```text
//! groups/gate                          locked by whoever changes a line, for a moment
//! groups/<group>/name                  the group, for people
//! groups/<group>/seat                  the number that has the seat, or had it last
//! groups/<group>/<n>.ticket            locked by the process that stands in line or sits, as long as it lives
//! groups/<group>/<n>.holder            who that is
//! groups/<group>/<n>.superseded        by whom: never gets the seat
//! groups/<group>/<n>.cancel            by whom: is asked to leave the seat
//! ```
//!
//! A ticket that nobody holds locked is a dead process's and counts for nothing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use act_core::concurrency::{Granted, GroupAsk, GroupQueue, Holder, MAX_PENDING};

use crate::error::StoreError;
use crate::files;

/// What a ticket's files are about, as the end of their names.
const TICKET: &str = "ticket";
const HOLDER: &str = "holder";
const SUPERSEDED: &str = "superseded";
const CANCEL: &str = "cancel";

/// A place in a group's line. Dropping it leaves.
#[derive(Debug)]
pub(super) struct Place {
    line: Line,
    number: u64,
    ticket: File,
}

impl Place {
    /// Takes the last place in the line of a group, and tells those whom this concerns.
    pub(super) fn enter(groups: &Path, ask: &GroupAsk) -> Result<Self, StoreError> {
        files::make_folder(groups)?;
        let line = Line { gate: groups.join("gate"), folder: groups.join(folder_name(ask)) };
        let _gate = files::lock(&line.gate)?;
        files::make_folder(&line.folder)?;
        fs::write(line.folder.join("name"), format!("{} {}\n", ask.repository, ask.group))
            .map_err(StoreError::at("write", &line.folder))?;
        let number = line.highest()? + 1;
        let standing = line.settle()?;
        let place = line.draw(number, &ask.holder)?;
        place.line.admit(number, ask, &standing)?;
        Ok(place)
    }

    /// Says what came of waiting, if anything did yet. Goes through the gate only when the seat is free.
    pub(super) fn look(&self) -> Result<Option<Granted>, StoreError> {
        if let Some(answer) = self.answer()? {
            return Ok(Some(answer));
        }
        if let Some(seated) = self.line.seat()?
            && files::is_locked(&self.line.file(seated, TICKET))?
        {
            return Ok(None);
        }
        let _gate = files::lock(&self.line.gate)?;
        self.line.settle()?;
        self.answer()
    }

    fn answer(&self) -> Result<Option<Granted>, StoreError> {
        if let Some(by) = self.line.note(self.number, SUPERSEDED)? {
            return Ok(Some(Granted::Superseded { by }));
        }
        Ok((self.line.seat()? == Some(self.number)).then_some(Granted::Seated))
    }

    /// Says who wants the seat, if anybody does.
    pub(super) fn asked_to_leave(&self) -> Result<Option<Holder>, StoreError> {
        self.line.note(self.number, CANCEL)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Errors leave files that count for nothing once the ticket is unlocked, which closing it does
        // at the latest.
        let _ = self.line.discard(self.number);
        let _ = self.ticket.unlock();
        self.line.tidy();
    }
}

/// One group's files.
#[derive(Debug)]
struct Line {
    gate: PathBuf,
    folder: PathBuf,
}

/// Who is there, alive: the seat is free only if nobody waits.
struct Standing {
    seated: Option<u64>,
    waiting: Vec<u64>,
}

/// All but [`Line::seat`] and [`Line::note`] want the gate.
impl Line {
    fn file(&self, number: u64, what: &str) -> PathBuf {
        self.folder.join(format!("{number}.{what}"))
    }

    /// Returns who has the seat, or had it last.
    fn seat(&self) -> Result<Option<u64>, StoreError> {
        Ok(files::read_text(&self.folder.join("seat"))?.and_then(|text| text.trim().parse().ok()))
    }

    fn note(&self, number: u64, what: &str) -> Result<Option<Holder>, StoreError> {
        Ok(files::read_text(&self.file(number, what))?.map(Holder))
    }

    /// Writes a note that the other side may read at any time. The first one stays.
    fn write_note(&self, number: u64, what: &str, by: &Holder) -> Result<(), StoreError> {
        let path = self.file(number, what);
        if path.exists() { Ok(()) } else { files::replace(&path, &by.0) }
    }

    /// Returns all numbers that have files.
    fn numbers(&self) -> Result<BTreeSet<u64>, StoreError> {
        let entries = fs::read_dir(&self.folder).map_err(StoreError::at("list", &self.folder))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter_map(|name| name.split_once('.')?.0.parse().ok()).collect())
    }

    /// Returns the highest number ever seen. The seat's counts: its ticket may be gone, and nobody may
    /// be taken for its holder.
    fn highest(&self) -> Result<u64, StoreError> {
        Ok(self.numbers()?.into_iter().chain(self.seat()?).max().unwrap_or(0))
    }

    /// Removes the dead, and gives a free seat to the first in line.
    fn settle(&self) -> Result<Standing, StoreError> {
        let mut standing = Standing { seated: None, waiting: Vec::new() };
        let seat = self.seat()?;
        for number in self.numbers()? {
            if !files::is_locked(&self.file(number, TICKET))? {
                self.discard(number)?;
            } else if seat == Some(number) {
                standing.seated = Some(number);
            } else if !self.file(number, SUPERSEDED).exists() {
                standing.waiting.push(number);
            }
        }
        if standing.seated.is_none() && !standing.waiting.is_empty() {
            let first = standing.waiting.remove(0);
            self.sit(first)?;
            standing.seated = Some(first);
        }
        Ok(standing)
    }

    fn sit(&self, number: u64) -> Result<(), StoreError> {
        files::replace(&self.folder.join("seat"), &number.to_string())
    }

    /// Makes the files of a newcomer.
    fn draw(self, number: u64, holder: &Holder) -> Result<Place, StoreError> {
        files::replace(&self.file(number, HOLDER), &holder.0)?;
        let ticket = files::lock(&self.file(number, TICKET))?;
        Ok(Place { line: self, number, ticket })
    }

    /// Decides what a newcomer gets, and what it takes from the others.
    fn admit(&self, number: u64, ask: &GroupAsk, standing: &Standing) -> Result<(), StoreError> {
        let Some(seated) = standing.seated else { return self.sit(number) };
        match ask.queue {
            GroupQueue::Single => {
                for earlier in &standing.waiting {
                    self.write_note(*earlier, SUPERSEDED, &ask.holder)?;
                }
            }
            GroupQueue::Max if standing.waiting.len() >= MAX_PENDING => {
                let by = self.note(seated, HOLDER)?.unwrap_or_else(|| ask.holder.clone());
                return self.write_note(number, SUPERSEDED, &by);
            }
            GroupQueue::Max => {}
        }
        if ask.cancel_in_progress {
            self.write_note(seated, CANCEL, &ask.holder)?;
        }
        Ok(())
    }

    /// Removes the files of one number, the ticket last: what is left of a half removal is found by it.
    fn discard(&self, number: u64) -> Result<(), StoreError> {
        [HOLDER, SUPERSEDED, CANCEL, TICKET]
            .iter()
            .try_for_each(|what| files::remove(&self.file(number, what)))
    }

    /// Removes the folder of an empty line, if that can be done at once.
    fn tidy(&self) {
        let Ok(gate) = files::open_lock(&self.gate) else { return };
        if !matches!(files::try_lock(&gate, &self.gate), Ok(true)) {
            return;
        }
        if let Ok(Standing { seated: None, .. }) = self.settle()
            && self.numbers().is_ok_and(|numbers| numbers.is_empty())
        {
            // Left behind, it is a few bytes that the next one in this group uses again.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Names a group's folder: readable, short, the same for all spellings that are one group to GitHub.
fn folder_name(ask: &GroupAsk) -> String {
    let (repository, group) = (ask.repository.to_lowercase(), ask.group.to_lowercase());
    files::name_for(&group, &format!("{repository}\n{group}"))
}
