//! Decides when a `schedule` is due: five-field cron, in an IANA time zone.
//!
//! [`Cron`] reads and checks the text, [`Schedule`] adds the time zone and finds the next time after an
//! instant. Neither looks at a clock, and the time zone data is the compiled-in one, so the answer is the same on
//! every machine. GitHub's queueing (late or dropped runs) is not modelled.

mod next;
mod parse;

pub(crate) use next::time_zone;
pub use next::{Schedule, UnknownTimeZone};
pub use parse::{Cron, CronError, CronProblem, Field};

#[cfg(test)]
mod tests;
