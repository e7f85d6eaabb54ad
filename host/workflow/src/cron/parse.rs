//! The text of a cron expression: five fields into five sets of numbers.

use std::fmt;

/// A parsed five-field cron expression.
///
/// Fields are separated by spaces: minute (0–59), hour (0–23), day of month (1–31), month (1–12 or `JAN`–`DEC`),
/// day of week (0–6 or `SUN`–`SAT`). A field is a comma list of `*`, a number, a range `a-b`, each with an optional
/// step `/n`; `a/n` counts from `a` to the field's end. `@daily` and the like, `?`, `L`, `W`, `#` and a day of
/// week 7 are refused, as GitHub's language server refuses them.
///
/// Source: GitHub docs, "Events that trigger workflows", `schedule`; `cron.ts` of the language server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cron {
    /// Bit n stands for the value n.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Written with a leading `*`: see [`Cron::is_due_on`] and the rule for clock changes in `next`.
    starred: Starred,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Starred {
    hours: bool,
    days: bool,
    weekdays: bool,
}

/// One of the five fields, in the order written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// 0–59.
    Minute,
    /// 0–23.
    Hour,
    /// 1–31.
    Day,
    /// 1–12 or a name.
    Month,
    /// 0–6 from Sunday, or a name.
    Weekday,
}

/// What is wrong with a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronProblem {
    /// Not five fields.
    #[error("{found} fields instead of 5")]
    FieldCount {
        /// How many there are.
        found: usize,
    },
    /// A part is neither `*`, a number, nor a name of the field.
    #[error("'{part}' is no {field}")]
    NotAValue {
        /// The part as written.
        part: String,
        /// Where it stands.
        field: Field,
    },
    /// A number outside the field's range.
    #[error("{field} {value} is not within {}-{}", field.range().0, field.range().1)]
    OutOfRange {
        /// The number.
        value: u32,
        /// Where it stands.
        field: Field,
    },
    /// A range whose end comes before its start.
    #[error("the {field} range '{part}' runs backwards")]
    Backwards {
        /// The range as written.
        part: String,
        /// Where it stands.
        field: Field,
    },
    /// A step that is zero, too large for the field, or no number.
    #[error("'{step}' is no step for a {field}")]
    BadStep {
        /// The step as written.
        step: String,
        /// Where it stands.
        field: Field,
    },
}

/// A text that is no cron expression. Displays as GitHub's own sentence; [`CronError::problem`] says more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)")]
pub struct CronError {
    /// The first thing wrong.
    #[source]
    pub problem: CronProblem,
}

impl Cron {
    /// Reads a cron expression.
    ///
    /// # Errors
    /// [`CronError`] with the first thing wrong. A date that never comes (30 February) is no error.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        Self::read(text).map_err(|problem| CronError { problem })
    }

    fn read(text: &str) -> Result<Self, CronProblem> {
        // Only spaces separate, and none may lead or trail: the language server splits at / +/.
        let mut fields = Vec::new();
        let mut rest = Some(text);
        while let Some(line) = rest {
            let (field, after) = line.split_once(' ').map_or((line, None), |(a, b)| (a, Some(b)));
            fields.push(field);
            rest = after.map(|after| after.trim_start_matches(' '));
        }
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(CronProblem::FieldCount { found: fields.len() });
        };
        Ok(Self {
            minutes: Field::Minute.set(minute)?,
            hours: Field::Hour.set(hour)?,
            days: Field::Day.set(day)?,
            months: Field::Month.set(month)?,
            weekdays: Field::Weekday.set(weekday)?,
            starred: Starred {
                hours: hour.starts_with('*'),
                days: day.starts_with('*'),
                weekdays: weekday.starts_with('*'),
            },
        })
    }

    /// Whether two runs can lie less than five minutes apart, closer than GitHub ever starts them.
    #[must_use]
    pub fn is_closer_than_five_minutes(&self) -> bool {
        let minutes: Vec<u32> = ones(self.minutes).collect();
        let within = minutes.windows(2).any(|pair| pair[1] - pair[0] < 5);
        let around = match (minutes.first(), minutes.last()) {
            (Some(first), Some(last)) => first + 60 - last < 5 && self.has_adjacent_hours(),
            _ => false,
        };
        within || around
    }

    /// GitHub's warning for a schedule that asks for more than it gets, if this is one. `text` is the expression as
    /// written. The language server adds a description of the schedule in words, which is left out here.
    #[must_use]
    pub fn frequency_warning(&self, text: &str) -> Option<String> {
        self.is_closer_than_five_minutes().then(|| {
            format!("Actions schedules run at most every 5 minutes. \"{text}\" will not run as frequently as specified.")
        })
    }

    fn has_adjacent_hours(&self) -> bool {
        let next_day = (self.hours << 1) | (self.hours >> 23 & 1);
        self.hours & next_day != 0
    }

    /// Whether the date is one of the schedule's days.
    ///
    /// If day of month and day of week are both given, either suffices; a field starting with `*` counts as not
    /// given (POSIX `crontab`, and Vixie cron where POSIX is silent: `*/2`).
    #[must_use]
    pub(super) fn is_due_on(&self, month: i8, day: i8, weekday: i8) -> bool {
        let by_day = has(self.days, day);
        let by_weekday = has(self.weekdays, weekday);
        let day_fits = if self.starred.days || self.starred.weekdays {
            by_day && by_weekday
        } else {
            by_day || by_weekday
        };
        has(self.months, month) && day_fits
    }

    pub(super) fn hours(&self) -> impl Iterator<Item = i8> {
        ones(self.hours).filter_map(|hour| i8::try_from(hour).ok())
    }

    pub(super) fn minutes(&self) -> impl Iterator<Item = i8> {
        ones(self.minutes).filter_map(|minute| i8::try_from(minute).ok())
    }

    /// Whether the hour was written as `*` or `*/n`.
    pub(super) fn runs_by_the_hour(&self) -> bool {
        self.starred.hours
    }
}

fn has(set: u64, value: i8) -> bool {
    u32::try_from(value).is_ok_and(|bit| set.checked_shr(bit).is_some_and(|rest| rest & 1 == 1))
}

fn ones(set: u64) -> impl Iterator<Item = u32> {
    (0..u64::BITS).filter(move |bit| set >> bit & 1 == 1)
}

impl Field {
    /// Lowest and highest value.
    #[must_use]
    pub const fn range(self) -> (u32, u32) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 6),
        }
    }

    /// Names, the first for the lowest value.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Minute | Self::Hour | Self::Day => &[],
            Self::Month => {
                &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            }
            Self::Weekday => &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        }
    }

    fn set(self, text: &str) -> Result<u64, CronProblem> {
        text.split(',').try_fold(0, |set, part| Ok(set | self.part(part)?))
    }

    /// One part of a comma list: `*`, `a`, `a-b`, each with an optional `/n`.
    fn part(self, text: &str) -> Result<u64, CronProblem> {
        let (span, step) = match text.split_once('/') {
            Some((span, step)) => (span, Some(self.step(step)?)),
            None => (text, None),
        };
        let (low, high) = self.range();
        let (from, to) = if span == "*" {
            (low, high)
        } else if let Some((from, to)) = span.split_once('-') {
            (self.value(from)?, self.value(to)?)
        } else {
            let from = self.value(span)?;
            (from, if step.is_some() { high } else { from })
        };
        if from > to {
            return Err(CronProblem::Backwards { part: span.to_owned(), field: self });
        }
        Ok((from..=to).step_by(step.unwrap_or(1)).fold(0, |set, value| set | 1 << value))
    }

    fn value(self, text: &str) -> Result<u32, CronProblem> {
        let (low, high) = self.range();
        let named = self.names().iter().zip(low..).find(|(name, _)| text.eq_ignore_ascii_case(name));
        if let Some((_, value)) = named {
            return Ok(value);
        }
        match digits(text) {
            Some(value) if (low..=high).contains(&value) => Ok(value),
            Some(value) => Err(CronProblem::OutOfRange { value, field: self }),
            None => Err(CronProblem::NotAValue { part: text.to_owned(), field: self }),
        }
    }

    fn step(self, text: &str) -> Result<usize, CronProblem> {
        let step = digits(text).filter(|&step| (1..=self.range().1).contains(&step));
        step.and_then(|step| usize::try_from(step).ok())
            .ok_or_else(|| CronProblem::BadStep { step: text.to_owned(), field: self })
    }
}

/// Reads plain digits; `u32::from_str` alone would take a `+` too.
fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Weekday => "weekday",
        })
    }
}
