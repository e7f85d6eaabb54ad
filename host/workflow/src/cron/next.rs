//! The next time a schedule is due.
//!
//! The rule when clocks change, GitHub's being undocumented, is Vixie cron's:
//! - A wall time that is skipped (02:30 when 02:00 jumps to 03:00) runs at the first instant after the gap.
//! - A wall time that comes twice runs the first time only.
//! - A schedule that runs by the hour (hour field starting with `*`) follows elapsed time instead: nothing is
//!   made up for the gap, and both passes of a repeated hour count.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

use super::parse::Cron;

/// A cron expression in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

/// A `timezone` that is not in the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unknown time zone '{0}'. Expected an IANA name such as 'Europe/Berlin'.")]
pub struct UnknownTimeZone(pub String);

/// Days ahead that are searched. The rarest date, 29 February, is at most eight years away (1896 to 1904), and
/// on a given weekday at most forty (2 100 leaves a leap year out); the search gives up after that.
const HORIZON_DAYS: u32 = 41 * 366;

/// Finds a zone by its IANA name in the compiled-in database.
pub(crate) fn time_zone(name: &str) -> Result<TimeZone, UnknownTimeZone> {
    TimeZoneDatabase::bundled().get(name).map_err(|_| UnknownTimeZone(name.to_owned()))
}

impl Schedule {
    /// Joins an expression and a time zone; without one GitHub runs schedules in UTC.
    ///
    /// # Errors
    /// [`UnknownTimeZone`] if `zone` is no name of the compiled-in IANA database. Names are compared without regard
    /// to case, as IANA says.
    pub fn new(cron: Cron, zone: Option<&str>) -> Result<Self, UnknownTimeZone> {
        let zone = zone.map_or(Ok(TimeZone::UTC), time_zone)?;
        Ok(Self { cron, zone })
    }

    /// The expression.
    #[must_use]
    pub fn cron(&self) -> &Cron {
        &self.cron
    }

    /// Finds the first due time strictly after `instant`.
    ///
    /// `None` if there is none: a date such as 30 February, or the end of representable time.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        // A day early: where clocks go back over midnight, yesterday's times can still lie ahead.
        let mut date = self.zone.to_datetime(instant).date().checked_sub(1.day()).unwrap_or(Date::MIN);
        for _ in 0..HORIZON_DAYS {
            let tomorrow = date.checked_add(1.day()).ok();
            if let Some(found) = self.first_on(date, instant) {
                let rival = tomorrow.and_then(|day| self.first_on(day, instant));
                return Some(rival.map_or(found, |rival| rival.min(found)));
            }
            date = tomorrow?;
        }
        None
    }

    /// The earliest due instant after `instant` among the wall times of `date`.
    fn first_on(&self, date: Date, instant: Timestamp) -> Option<Timestamp> {
        let weekday = date.weekday().to_sunday_zero_offset();
        if !self.cron.is_due_on(date.month(), date.day(), weekday) {
            return None;
        }
        let regular = self.is_regular(date);
        let mut earliest: Option<Timestamp> = None;
        for hour in self.cron.hours() {
            for minute in self.cron.minutes() {
                let due = self.instants(date.at(hour, minute, 0, 0));
                let due = due.into_iter().flatten().filter(|&due| due > instant).min();
                earliest = earliest.into_iter().chain(due).min();
                // Wall times grow with instants on all days but those on which the clock changes.
                if regular && earliest.is_some() {
                    return earliest;
                }
            }
        }
        earliest
    }

    fn is_regular(&self, date: Date) -> bool {
        let offset = |time: DateTime| self.zone.to_ambiguous_timestamp(time).offset();
        match (offset(date.at(0, 0, 0, 0)), offset(date.at(23, 59, 59, 0))) {
            (AmbiguousOffset::Unambiguous { offset: a }, AmbiguousOffset::Unambiguous { offset: b }) => {
                a == b
            }
            _ => false,
        }
    }

    /// The instants at which a wall time is due: none, one or both passes of a repeated one.
    fn instants(&self, time: DateTime) -> [Option<Timestamp>; 2] {
        let by_the_hour = self.cron.runs_by_the_hour();
        let at = |offset: jiff::tz::Offset| offset.to_timestamp(time).ok();
        match self.zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => [at(offset), None],
            AmbiguousOffset::Fold { before, after } if by_the_hour => [at(before), at(after)],
            AmbiguousOffset::Fold { before, .. } => [at(before), None],
            AmbiguousOffset::Gap { .. } if by_the_hour => [None, None],
            // With the offset after the gap a skipped time lies before it; the next transition is its end.
            AmbiguousOffset::Gap { after, .. } => {
                let end = at(after).and_then(|before| self.zone.following(before).next());
                [end.map(|transition| transition.timestamp()), None]
            }
        }
    }
}
