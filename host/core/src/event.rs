//! What a run tells everyone: one stream of typed, masked events, kept as JSON lines.
//!
//! Reporters, `runs show` and `--json` read only these. The form is versioned by [`Envelope::v`]; a
//! field may be added within a version, none changes its meaning.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decide::{CodePlace, MapperAnswer, PhaseName, Verdict};
use crate::end::{Conclusion, Loss};
use crate::ids::{Attempt, Epoch, JobKey, Launch, RunId, StepRef};
use crate::place::Placement;
use crate::spec::SecretName;

/// The version that this build writes.
pub const EVENT_VERSION: u32 = 1;

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// [`EVENT_VERSION`].
    pub v: u32,
    /// From 0, without gaps.
    pub seq: u64,
    /// When it was written down.
    pub time: Timestamp,
    /// The run.
    pub run: RunId,
    /// The job, where the event is of one.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobStamp>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Which try of which job an event is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStamp {
    /// The job instance.
    pub job: JobKey,
    /// The rerun.
    pub attempt: Attempt,
    /// The try.
    pub launch: Launch,
    /// Who spoke.
    pub epoch: Epoch,
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// `notice`.
    Notice,
    /// `warning`.
    Warning,
    /// `error`.
    Error,
}

impl Level {
    /// Returns the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a file of the repository or of the workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilePlace {
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
}

impl From<CodePlace> for FilePlace {
    fn from(place: CodePlace) -> Self {
        let CodePlace { file, line, column } = place;
        let file = Some(file).filter(|file| !file.is_empty());
        Self { file, line: Some(line), column: Some(column), ..Self::default() }
    }
}

/// Something that happened in a run. All text is masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Event {
    /// First event of a run.
    RunStarted(Box<RunStarted>),
    /// The host has something to say: of the run, or of the job in the envelope.
    Notice {
        /// How grave.
        level: Level,
        /// What.
        message: String,
        /// Where.
        #[serde(default)]
        place: FilePlace,
    },
    /// A job's matrix was expanded; each leg follows as a job of its own.
    JobExpanded {
        /// How many legs.
        legs: u32,
    },
    /// A job instance exists and waits for a machine, or for others.
    JobQueued {
        /// The name people see.
        name: String,
        /// The job ids it needs.
        needs: Vec<String>,
    },
    /// A queued job cannot start yet.
    JobWaiting {
        /// Why, in one line.
        reason: String,
    },
    /// Labels were mapped.
    JobPlaced(Box<JobPlaced>),
    /// Labels were not mapped: nobody knows them, or the last mapper that was asked refused them or failed.
    JobUnplaced {
        /// The labels of `runs-on`.
        labels: Vec<String>,
        /// Every mapper's answer, in order.
        answers: Vec<MapperAnswer>,
    },
    /// A policy was asked.
    JobJudged(Box<JobJudged>),
    /// A plugin has something to say; escape codes and workflow commands are taken out.
    PluginLog {
        /// Its name.
        plugin: String,
        /// How grave.
        level: PluginLevel,
        /// One line.
        message: String,
    },
    /// The job runs.
    JobStarted {
        /// The name people see.
        name: String,
        /// The machine's name (`runner.name`).
        machine: String,
    },
    /// An action's reference was resolved.
    ActionResolved {
        /// `owner/repo@ref`.
        uses: String,
        /// The commit.
        commit: String,
    },
    /// A step runs.
    StepStarted(Box<StepStarted>),
    /// Lines of a step's log.
    Output {
        /// The step; the job's own set-up and completion have an empty path.
        step: StepRef,
        /// In order.
        lines: Vec<LogLine>,
    },
    /// A message with a place, counted and kept with the job.
    Annotation {
        /// By which step.
        step: StepRef,
        /// How grave.
        level: Level,
        /// What.
        message: String,
        /// Short form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// Where.
        #[serde(default)]
        place: FilePlace,
    },
    /// What a step wrote to its summary file.
    Summary {
        /// By which step.
        step: StepRef,
        /// GitHub-flavoured Markdown.
        markdown: String,
    },
    /// A step ended, or was skipped.
    StepFinished {
        /// Which.
        step: StepRef,
        /// Before `continue-on-error`.
        outcome: Conclusion,
        /// After it.
        conclusion: Conclusion,
        /// Milliseconds.
        duration_ms: u64,
    },
    /// A job ended, or was skipped, or was lost.
    JobFinished {
        /// The name people see.
        name: String,
        /// How; a lost job counts as failed.
        conclusion: Conclusion,
        /// Its outputs, masked.
        #[serde(default)]
        outputs: IndexMap<String, String>,
        /// Why it did not start, where no message says so; or that its time was up. One line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Why it was lost, if it was: an infrastructure failure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        loss: Option<Loss>,
        /// Milliseconds from its start; 0 if it never started.
        duration_ms: u64,
    },
    /// Somebody asked for the run's end.
    RunCancelled {
        /// Who or what.
        reason: String,
    },
    /// Last event of a run.
    RunFinished {
        /// How.
        conclusion: Conclusion,
        /// Whether a job was lost: exit code 3.
        infrastructure: bool,
        /// Milliseconds.
        duration_ms: u64,
    },
}

/// What is known when a run begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Version of the program.
    pub host: String,
    /// Path of the workflow file, from the repository's root where it lies in one.
    pub workflow_file: String,
    /// `github.workflow`.
    pub workflow: String,
    /// `run-name`, or what GitHub shows instead.
    pub title: String,
    /// `github.event_name`.
    pub event_name: String,
    /// `github.repository`.
    pub repository: String,
    /// `github.ref`.
    pub reference: String,
    /// `github.sha`.
    pub sha: String,
    /// `github.actor`.
    pub actor: String,
    /// `github.run_number`.
    pub run_number: u64,
}

/// How labels were mapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPlaced {
    /// The labels of `runs-on`.
    pub labels: Vec<String>,
    /// Which mapper answered.
    pub mapper: String,
    /// What it said, policies' amends counted in.
    pub placement: Placement,
    /// Why.
    pub reason: String,
    /// Every mapper's answer, in order; the last decided.
    #[serde(default)]
    pub answers: Vec<MapperAnswer>,
}

/// What a policy said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobJudged {
    /// When it was asked.
    pub phase: PhaseName,
    /// Its name.
    pub policy: String,
    /// What it said, as it counts: see [`crate::decide::PolicyAsk::settle`].
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Of which step, where it was asked about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepRef>,
    /// Of which secret, where it was asked about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretName>,
    /// Where that which was judged is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CodePlace>,
}

/// How grave a plugin's line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginLevel {
    /// For its author.
    Debug,
    /// For whoever looks closer.
    Info,
    /// For whoever runs it.
    Warn,
    /// It could not do what it was asked.
    Error,
}

/// What is known when a step begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStarted {
    /// Which.
    pub step: StepRef,
    /// Its id, given or made.
    pub id: String,
    /// The name people see.
    pub name: String,
    /// What it does.
    pub what: StepWhat,
    /// What was set around it by the workflow, in order.
    pub env: IndexMap<String, String>,
}

/// What a step does, as its log's head shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StepWhat {
    /// A script.
    Run {
        /// Its text.
        script: String,
        /// The command line, with `{0}` for the script.
        shell: String,
    },
    /// An action.
    Uses {
        /// As written.
        uses: String,
        /// Its inputs.
        with: IndexMap<String, String>,
    },
}

/// One line of a step's log. Text is written as a JSON string, a marked line as `{"<mark>": text}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLine {
    /// What a process printed.
    Text(String),
    /// A line that means something; GitHub's log writes it as `##[mark]text`.
    Marked(Mark, String),
}

/// What a line of the log means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A group begins; the text is its title.
    Group,
    /// The group ends.
    EndGroup,
    /// Shown when debugging only.
    Debug,
    /// A message.
    Notice,
    /// A message.
    Warning,
    /// A message.
    Error,
    /// A command line, or an echoed workflow command.
    Command,
    /// The line before went on: it was longer than 64 KiB.
    Continued,
}

impl Mark {
    const ALL: [Self; 8] = [
        Self::Group,
        Self::EndGroup,
        Self::Debug,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Command,
        Self::Continued,
    ];

    /// Returns the word between `##[` and `]`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::EndGroup => "endgroup",
            Self::Debug => "debug",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Command => "command",
            Self::Continued => "continued",
        }
    }
}

impl From<Level> for Mark {
    fn from(level: Level) -> Self {
        match level {
            Level::Notice => Self::Notice,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

impl Serialize for LogLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Marked(mark, text) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(mark.as_str(), text)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for LogLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LogLineVisitor)
    }
}

struct LogLineVisitor;

impl<'de> Visitor<'de> for LogLineVisitor {
    type Value = LogLine;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string, or an object of one mark and its text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<LogLine, E> {
        Ok(LogLine::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LogLine, A::Error> {
        let Some((word, text)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::custom("a marked line has one member"));
        };
        let mark = Mark::ALL.into_iter().find(|mark| mark.as_str() == word);
        mark.map(|mark| LogLine::Marked(mark, text))
            .ok_or_else(|| de::Error::custom(format!("unknown mark `{word}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Changes, Mapped};
    use crate::ids::StepPath;

    #[test]
    fn an_envelope_is_one_flat_line_and_reads_back() {
        let envelope = Envelope {
            v: EVENT_VERSION,
            seq: 7,
            time: Timestamp::UNIX_EPOCH,
            run: RunId::from_parts(1, 2),
            job: Some(JobStamp {
                job: "build.1".parse().unwrap(),
                attempt: Attempt(1),
                launch: Launch(1),
                epoch: Epoch(1),
            }),
            event: Event::Output {
                step: StepRef::main(StepPath::job().step(0)),
                lines: vec![
                    LogLine::Text("hi \u{1b}[1m".into()),
                    LogLine::Marked(Mark::Group, "a".into()),
                    LogLine::Marked(Mark::EndGroup, String::new()),
                ],
            },
        };
        let line = serde_json::to_string(&envelope).unwrap();
        assert!(line.contains(r#""job":"build.1","attempt":1"#), "{line}");
        assert!(
            line.contains(r#""step":{"path":"0"},"lines":["hi \u001b[1m",{"group":"a"},{"endgroup":""}]"#),
            "{line}"
        );
        assert_eq!(serde_json::from_str::<Envelope>(&line).unwrap(), envelope);
        let run_level = Envelope { job: None, ..envelope };
        let line = serde_json::to_string(&run_level).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&line).unwrap(), run_level);
    }

    #[test]
    fn answers_and_verdicts_are_read_back_from_one_flat_line() {
        let line = |event: &Event| serde_json::to_string(event).unwrap();
        let answers = vec![
            MapperAnswer {
                mapper: "far".into(),
                answer: Mapped::NotMine { reason: "no".into(), label: Some("big".into()) },
            },
            MapperAnswer {
                mapper: "near".into(),
                answer: Mapped::Failed { reason: "trap".into(), needs: Some("http".into()) },
            },
        ];
        let unplaced = Event::JobUnplaced { labels: vec!["big".into()], answers };
        let judged = Event::JobJudged(Box::new(JobJudged {
            phase: PhaseName::JobStart,
            policy: "caps".into(),
            verdict: Verdict::Amend {
                changes: Changes::Placement(Placement { spot: Some(true), ..Placement::default() }),
                reason: "cheap".into(),
            },
            step: None,
            secret: None,
            place: None,
        }));
        assert_eq!(
            line(&judged),
            r#"{"type":"job-judged","phase":"job-start","policy":"caps","verdict":"amend","changes":{"what":"placement","to":{"spot":true}},"reason":"cheap"}"#
        );
        for event in [unplaced, judged] {
            assert_eq!(serde_json::from_str::<Event>(&line(&event)).unwrap(), event);
        }
    }

    #[test]
    fn a_marked_line_of_an_unknown_mark_is_refused() {
        assert!(serde_json::from_str::<LogLine>(r#"{"blink":"x"}"#).is_err());
        assert!(serde_json::from_str::<LogLine>("{}").is_err());
    }
}
