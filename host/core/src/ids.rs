//! Identity: three numbers and an id, and the names computed from them.
//!
//! Nothing here is random but [`RunId`]: an [`ExecId`] is computed from where a process stands in its job,
//! so a resumed executor names the process that it started before it was killed.

use std::fmt;
use std::str::FromStr;

use act_workflow::ids::JobId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One run of one workflow, in this program's own numbering: a ULID, so ids sort by start time.
///
/// `github.run_id` is another number, see [`RunId::number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(ulid::Ulid);

impl RunId {
    /// Makes an id from milliseconds since 1970 and 80 random bits, both the caller's.
    #[must_use]
    pub const fn from_parts(millis: u64, random: u128) -> Self {
        Self(ulid::Ulid::from_parts(millis, random))
    }

    /// Returns when it was made: milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0.timestamp_ms()
    }

    /// Returns `github.run_id`: a positive integer below 2^53, so that it survives JavaScript.
    ///
    /// Milliseconds (43 bits are enough until 2248) and ten bits of randomness.
    #[must_use]
    pub const fn number(self) -> u64 {
        ((self.0.timestamp_ms() & ((1 << 43) - 1)) << 10) | (self.0.random() as u64 & 0x3ff)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is no id of the asked kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}")]
pub struct InvalidId {
    /// What was expected, in words.
    pub kind: &'static str,
    /// What was given.
    pub text: String,
}

impl FromStr for RunId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = |_| InvalidId { kind: "run id", text: text.to_owned() };
        ulid::Ulid::from_string(text).map(Self).map_err(invalid)
    }
}

/// One job id on the way to an instance, with its leg where the job has a matrix.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobSegment {
    /// The id under `jobs:`.
    pub id: JobId,
    /// Which leg of the matrix, from 0; `None` for a job without one.
    pub leg: Option<u32>,
}

/// One job instance of a run: the path of job ids through called workflows, each with its leg.
///
/// Written `caller.1/build.0`; job ids hold neither `.` nor `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobKey(Vec<JobSegment>);

impl JobKey {
    /// Names a job of the run's own workflow.
    #[must_use]
    pub fn top(id: JobId, leg: Option<u32>) -> Self {
        Self(vec![JobSegment { id, leg }])
    }

    /// Names a job of the workflow that this job calls.
    #[must_use]
    pub fn child(&self, id: JobId, leg: Option<u32>) -> Self {
        let mut segments = self.0.clone();
        segments.push(JobSegment { id, leg });
        Self(segments)
    }

    /// Returns the segments, outermost first; never empty.
    #[must_use]
    pub fn segments(&self) -> &[JobSegment] {
        &self.0
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            f.write_str(segment.id.as_str())?;
            if let Some(leg) = segment.leg {
                write!(f, ".{leg}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for JobKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { kind: "job key", text: text.to_owned() };
        let segment = |part: &str| {
            let (id, leg) = match part.split_once('.') {
                Some((id, leg)) => (id, Some(leg.parse().map_err(|_| invalid())?)),
                None => (part, None),
            };
            if is_job_id(id) { Ok(JobSegment { id: JobId::new(id), leg }) } else { Err(invalid()) }
        };
        text.split('/').map(segment).collect::<Result<_, _>>().map(Self)
    }
}

/// Whether a text is a job id to GitHub (`IdBuilder.cs`).
fn is_job_id(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit() || c == '-')
}

/// Writes a type that has a text form as that text.
macro_rules! serde_as_text {
    ($($name:ty),*) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}
serde_as_text!(JobKey, StepPath);

/// `github.run_attempt`, from 1: only a rerun raises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(pub u32);

/// Which try at getting one attempt of a job done, from 1: raised by each hop and each
/// infrastructure retry. Workflows never see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Launch(pub u32);

/// Who speaks for a launch, from 1: raised by each takeover; environments and logs refuse a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// One launch of one job instance: what external objects are named by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LaunchId {
    /// The run.
    pub run: RunId,
    /// The job instance.
    pub job: JobKey,
    /// The rerun.
    pub attempt: Attempt,
    /// The try.
    pub launch: Launch,
}

impl fmt::Display for LaunchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}.{}", self.run, self.job, self.attempt.0, self.launch.0)
    }
}

/// Where a step stands in its job: indices from 0, the second one inside a composite action, and so on.
///
/// Written `2` or `2.0.1`; the empty path is the job itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepPath(Vec<u32>);

impl StepPath {
    /// Names the job itself, as the scope of its top-level steps.
    #[must_use]
    pub const fn job() -> Self {
        Self(Vec::new())
    }

    /// Names step `index` of this scope.
    #[must_use]
    pub fn step(&self, index: u32) -> Self {
        let mut path = self.0.clone();
        path.push(index);
        Self(path)
    }

    /// Returns the scope this step runs in; the job's own for a top-level step and for the job.
    #[must_use]
    pub fn scope(&self) -> Self {
        Self(self.0.split_last().map_or_else(Vec::new, |(_, rest)| rest.to_vec()))
    }

    /// Returns the indices, outermost first.
    #[must_use]
    pub fn indices(&self) -> &[u32] {
        &self.0
    }

    /// Returns how many composite actions surround the step: 0 for a step of the job.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.0.len().saturating_sub(1)
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            write!(f, "{part}")?;
        }
        Ok(())
    }
}

impl FromStr for StepPath {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.is_empty() {
            return Ok(Self::job());
        }
        let part =
            |part: &str| part.parse().map_err(|_| InvalidId { kind: "step path", text: text.to_owned() });
        text.split('.').map(part).collect::<Result<_, _>>().map(Self)
    }
}

/// Which of a step's three parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before the job's first step (`pre:` of an action).
    Pre,
    /// The step itself.
    #[default]
    Main,
    /// After the job's last step (`post:` of an action).
    Post,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pre => "pre",
            Self::Main => "main",
            Self::Post => "post",
        })
    }
}

/// A step in one of its phases: what events and records point at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StepRef {
    /// Where it stands.
    pub path: StepPath,
    /// Which part of it.
    #[serde(default, skip_serializing_if = "is_main")]
    pub phase: Phase,
}

fn is_main(phase: &Phase) -> bool {
    *phase == Phase::Main
}

impl StepRef {
    /// Names the main part of a step.
    #[must_use]
    pub const fn main(path: StepPath) -> Self {
        Self { path, phase: Phase::Main }
    }
}

impl fmt::Display for StepRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.path, self.phase)
    }
}

/// One process of a step: computed, never random. Script and file-command names derive from it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExecId {
    /// The launch that runs it.
    pub launch: LaunchId,
    /// The step and its phase.
    pub step: StepRef,
    /// Which process of that phase, from 0: a step starts one, except where it needs helpers.
    pub part: u32,
}

impl ExecId {
    /// Returns the name for this process's files: unique within the launch, safe in every file system.
    #[must_use]
    pub fn slug(&self) -> String {
        format!("{}-{}", self.step, self.part)
    }
}

impl fmt::Display for ExecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.launch, self.slug())
    }
}

/// One machine, minted and stored before it is created: computed from the launch it is made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MachineId(pub String);

impl MachineId {
    /// Names the machine made for one launch.
    #[must_use]
    pub fn of(launch: &LaunchId) -> Self {
        let job = launch.job.to_string().replace('/', "_");
        Self(format!("{}-{job}-{}-{}", launch.run, launch.attempt.0, launch.launch.0).to_lowercase())
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_text_form() {
        let run = RunId::from_parts(1_790_000_000_000, 77);
        assert_eq!(run.to_string().parse(), Ok(run));
        assert!(run.number() < 1 << 53);
        for text in ["build", "build.3", "caller.1/build.0", "a/b/c"] {
            assert_eq!(text.parse::<JobKey>().unwrap().to_string(), text);
        }
        for text in ["", "0", "2.0.1"] {
            assert_eq!(text.parse::<StepPath>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn texts_of_another_form_are_refused() {
        for text in ["", "a//b", "a.x", "a.1.2", "-a"] {
            assert!(text.parse::<JobKey>().is_err(), "{text}");
        }
        assert!("1..2".parse::<StepPath>().is_err());
        assert!("nonsense".parse::<RunId>().is_err());
    }

    #[test]
    fn a_step_knows_its_scope() {
        let inner = StepPath::job().step(2).step(1);
        assert_eq!((inner.scope().to_string(), inner.depth()), ("2".to_owned(), 1));
        assert_eq!(StepPath::job().step(4).scope(), StepPath::job());
    }
}
