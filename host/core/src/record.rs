//! What a job writes down for itself, so that it can be resumed: its private journal (mode 0600).
//!
//! The executor's state changes only by applying these. They hold raw bytes: of files, and of output where a command or
//! a problem matcher took it in. They never hold `secrets.*`: a resumed job asks for secrets again, by name.

use bytes::Bytes;
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::Admission;
use crate::end::Conclusion;
use crate::environment::ExecEnd;
use crate::ids::{ExecId, StepRef};
use crate::spec::SecretName;

/// How far a stream of a process was taken in: output before it is never asked for again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPoint {
    /// Bytes from its start.
    pub offset: u64,
    /// Whether that is within a line, of which parts have been given out.
    #[serde(default)]
    pub mid_line: bool,
    /// Bytes from there that belong to a secret which began before.
    #[serde(default)]
    pub hidden: u32,
}

/// How far the problem matchers have come in the two streams of a process; empty where all stand at their beginning, in
/// the job's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matching {
    /// In standard output, first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stdout: Vec<MatcherPoint>,
    /// In standard error, first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stderr: Vec<MatcherPoint>,
}

impl Matching {
    /// Whether all of them stand at their beginning.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }
}

/// How far one problem matcher has come in one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatcherPoint {
    /// Which.
    pub owner: String,
    /// What each of its patterns but the last one found, where the next one may still go on from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun: Vec<Option<Captured>>,
    /// Whether it took too long once, and takes part no more.
    #[serde(default)]
    pub given_up: bool,
}

/// What the groups of a problem matcher captured so far. `None` where no pattern has set it yet; a group that took no
/// part is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Captured {
    /// `file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// `line`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// `column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// `severity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// `code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `fromPath`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_path: Option<String>,
}

/// One thing that happened in a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "record")]
pub enum Record {
    /// The job began.
    JobBegan {
        /// When.
        at: Timestamp,
    },
    /// A reference to an action was resolved.
    Resolved {
        /// `owner/repo@ref`.
        uses: String,
        /// The commit.
        commit: String,
    },
    /// A step began: its condition was true.
    Began {
        /// Which.
        step: StepRef,
        /// When.
        at: Timestamp,
    },
    /// It was asked whether a step may begin, or use a secret. Only where somebody may refuse it.
    Judged {
        /// Which step.
        step: StepRef,
        /// The secret, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<SecretName>,
        /// The answer.
        admission: Admission,
    },
    /// A file of the environment was read: the manifest of a local action.
    Read {
        /// For which step.
        step: StepRef,
        /// File name and bytes; `None` where no manifest was found.
        file: Option<(String, Bytes)>,
    },
    /// `hashFiles` was answered.
    Hashed {
        /// For which step.
        step: StepRef,
        /// The arguments.
        patterns: Vec<String>,
        /// The answer.
        digest: String,
    },
    /// Output of a process was taken in.
    Progress {
        /// The process.
        exec: ExecId,
        /// How far standard output was taken in.
        stdout: StreamPoint,
        /// How far standard error was taken in.
        stderr: StreamPoint,
        /// How far problem matchers have come in it.
        #[serde(default, skip_serializing_if = "Matching::is_new")]
        matching: Matching,
        /// What the output's commands did, in order.
        effects: Vec<Effect>,
    },
    /// A process ended.
    Ended {
        /// The process.
        exec: ExecId,
        /// How, and the files it left.
        end: ExecEnd,
    },
    /// The working tree was brought into the workspace.
    CheckedOut {
        /// By which step.
        step: StepRef,
        /// What went wrong, if anything did.
        error: Option<String>,
    },
    /// A step ended, or was skipped.
    Finished {
        /// Which.
        step: StepRef,
        /// Before `continue-on-error`.
        outcome: Conclusion,
        /// After it.
        conclusion: Conclusion,
        /// When.
        at: Timestamp,
    },
    /// The job's cancellation was seen.
    Cancelled {
        /// When.
        at: Timestamp,
        /// While the host worked for this step, or for the job's set-up: between two of its records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        during: Option<StepRef>,
    },
    /// A kill stopped what the host did for a step that a cancellation does not stop.
    Stopped {
        /// Which.
        step: StepRef,
    },
    /// The job ended.
    JobEnded {
        /// How.
        conclusion: Conclusion,
        /// Its outputs.
        outputs: IndexMap<String, String>,
        /// When.
        at: Timestamp,
    },
}

/// What a workflow command did to the job's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// `add-mask`, and the tokens of `stop-commands`.
    Mask(String),
    /// `set-output`.
    Output {
        /// Name.
        name: String,
        /// Value.
        value: String,
    },
    /// `save-state`.
    State {
        /// Name.
        name: String,
        /// Value.
        value: String,
    },
    /// `set-env`, where allowed.
    Env {
        /// Name.
        name: String,
        /// Value.
        value: String,
    },
    /// `add-path`, where allowed.
    Path(String),
    /// `add-matcher`: the content of its file.
    AddMatcher(String),
    /// `remove-matcher`: its owner.
    RemoveMatcher(String),
    /// `echo`.
    Echo(bool),
    /// `stop-commands`: the token that ends it.
    StopCommands(String),
    /// The token came.
    ResumeCommands,
    /// An annotation was counted.
    Annotated(crate::event::Level),
    /// A command was wrong; the step fails.
    Failed,
}
