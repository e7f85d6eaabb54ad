//! What a job writes down, and what it was given back of it when it is resumed.
//!
//! The executor walks its job in one deterministic way. Whatever it learns from outside — a time, a
//! digest, the end of a process — is settled here first: a resumed walk gets the past's answer and says
//! nothing, a new one is kept together with the events that led to it. So no event is lost or told twice.

use act_core::Loss;
use act_core::control::{Control, Emission};
use act_core::event::{Event, LogLine, Mark};
use act_core::ids::StepRef;
use act_core::record::Record;

pub(crate) struct Journal<'a> {
    control: &'a dyn Control,
    past: std::slice::Iter<'a, Record>,
    noted: Vec<Record>,
    pending: Vec<Event>,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(control: &'a dyn Control, past: &'a [Record]) -> Self {
        Self { control, past: past.iter(), noted: Vec::new(), pending: Vec::new() }
    }

    /// Returns the next record of the past, without taking it.
    pub(crate) fn next_past(&self) -> Option<&'a Record> {
        self.past.as_slice().first()
    }

    /// Adds an event to those that go out with the next record.
    pub(crate) fn tell(&mut self, event: Event) {
        self.pending.push(event);
    }

    /// Adds a line to a step's log; it goes out with the next record. The text is masked already.
    pub(crate) fn say(&mut self, step: &StepRef, line: LogLine) {
        match self.pending.last_mut() {
            Some(Event::Output { step: last, lines }) if last == step => lines.push(line),
            _ => self.pending.push(Event::Output { step: step.clone(), lines: vec![line] }),
        }
    }

    /// Adds many lines, or none.
    pub(crate) fn say_all(&mut self, step: &StepRef, mut news: Vec<LogLine>) {
        match self.pending.last_mut() {
            Some(Event::Output { step: last, lines }) if last == step => lines.append(&mut news),
            _ if news.is_empty() => {}
            _ => self.pending.push(Event::Output { step: step.clone(), lines: news }),
        }
    }

    /// Adds a masked text of one or more lines to a step's log: its first line is marked, as at GitHub.
    pub(crate) fn say_marked(&mut self, step: &StepRef, mark: Mark, text: &str) {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        self.say(step, LogLine::Marked(mark, first));
        lines.for_each(|line| self.say(step, LogLine::Text(line.to_owned())));
    }

    /// Takes the next record of the past if there is one; it must be of the same point as `point` says.
    ///
    /// # Errors
    /// [`Loss::Journal`] when the past went another way.
    pub(crate) fn recall(
        &mut self,
        what: &str,
        point: impl Fn(&Record) -> bool,
    ) -> Result<Option<Record>, Loss> {
        match self.next_past() {
            None => Ok(None),
            Some(record) if point(record) => {
                self.past.next();
                self.pending.clear();
                Ok(Some(record.clone()))
            }
            Some(other) => Err(Loss::Journal(format!("expected {what}, found {}", point_name(other)))),
        }
    }

    /// Adds a record to those that are kept with the next one, which saves a write. For what could as well have happened
    /// a moment later: before anything outside is done or waited for, [`Self::write_down`] has to come.
    pub(crate) fn note(&mut self, record: Record) {
        self.noted.push(record);
    }

    /// Keeps what was noted, if anything was.
    ///
    /// # Errors
    /// See [`Journal::keep`].
    pub(crate) async fn write_down(&mut self) -> Result<(), Loss> {
        match self.noted.pop() {
            Some(last) => self.keep(last).await.map(drop),
            None => Ok(()),
        }
    }

    /// Keeps a record of now, and sends the pending events out with it. Only when the past is used up.
    ///
    /// # Errors
    /// Why it could not be kept.
    pub(crate) async fn keep(&mut self, record: Record) -> Result<Record, Loss> {
        let events = std::mem::take(&mut self.pending);
        let mut records = std::mem::take(&mut self.noted);
        records.push(record.clone());
        self.control.emit(Emission { records, events }).await?;
        Ok(record)
    }

    /// Settles a point that needs no work to learn: the past's record if there is one, else `now`.
    ///
    /// # Errors
    /// See [`Journal::recall`] and [`Journal::keep`].
    pub(crate) async fn settle(
        &mut self,
        what: &str,
        point: impl Fn(&Record) -> bool,
        now: impl FnOnce() -> Record,
    ) -> Result<Record, Loss> {
        match self.recall(what, point)? {
            Some(record) => Ok(record),
            None => self.keep(now()).await,
        }
    }

    /// As [`Journal::settle`], but keeps the record with the next one.
    ///
    /// # Errors
    /// See [`Journal::recall`].
    pub(crate) fn settle_with_next(
        &mut self,
        what: &str,
        point: impl Fn(&Record) -> bool,
        now: impl FnOnce() -> Record,
    ) -> Result<(), Loss> {
        if self.recall(what, point)?.is_none() {
            self.note(now());
        }
        Ok(())
    }
}

/// Names a record's kind, for the message about a past that does not fit.
const fn point_name(record: &Record) -> &'static str {
    match record {
        Record::JobBegan { .. } => "the job's beginning",
        Record::Resolved { .. } => "a resolved action",
        Record::Began { .. } => "a step's beginning",
        Record::Judged { .. } => "an answer of policies",
        Record::Read { .. } => "a manifest",
        Record::Hashed { .. } => "a digest of files",
        Record::Progress { .. } => "output",
        Record::Ended { .. } => "the end of a process",
        Record::CheckedOut { .. } => "a checkout",
        Record::Finished { .. } => "a step's end",
        Record::Cancelled { .. } => "a cancellation",
        Record::Stopped { .. } => "a stop",
        Record::JobEnded { .. } => "the job's end",
    }
}
