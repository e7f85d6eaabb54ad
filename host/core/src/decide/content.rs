//! What a job runs and asks for, as far as its files say: what policies judge. Never a secret's value.

use std::fmt;

use act_workflow::permissions::Permissions;
use serde::{Deserialize, Serialize};

use crate::control::RemoteUses;
use crate::ids::StepPath;
use crate::spec::SecretName;

/// Where something is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CodePlace {
    /// The file, as messages name it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

impl fmt::Display for CodePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What a job runs, found without running anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobContent {
    /// The called workflows on the way to the job, outermost first; empty for a job of the run's own workflow.
    pub workflows: Vec<WorkflowUse>,
    /// The steps in order; those inside parallel groups behind the step that holds them. Those inside composite
    /// actions are judged as they start.
    pub steps: Vec<StepContent>,
    /// The secrets it asks for, anywhere in the job and in what surrounds it.
    pub secrets: Vec<SecretUse>,
    /// What its token may do, called workflows and the workflow's own key counted in; `None` where no file says.
    pub permissions: Option<Permissions>,
    /// `environment`: its name, as written where it depends on what is not known.
    pub environment: Option<String>,
    /// The images it starts.
    pub images: Vec<ImageUse>,
}

/// A reusable workflow that is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowUse {
    /// What is called.
    pub what: Used,
    /// Where it is called.
    #[serde(default)]
    pub place: CodePlace,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepContent {
    /// Where it stands in its job.
    #[serde(default = "StepPath::job")]
    pub path: StepPath,
    /// Its id, if it was given one.
    pub id: Option<String>,
    /// Its name as written, if it was given one.
    pub name: Option<String>,
    /// Where it is written.
    #[serde(default)]
    pub place: CodePlace,
    /// What it runs.
    pub runs: StepRuns,
}

/// What a step runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StepRuns {
    /// An action.
    Action(Used),
    /// A script.
    Script {
        /// The shell as written; `None` for the default one.
        shell: Option<String>,
        /// SHA-256 of the script as written (UTF-8, expressions not replaced), in lower case hex.
        sha256: String,
    },
    /// Nothing of its own: a step that waits for others, cancels them or holds a group of them.
    Nothing,
}

/// An action or a workflow, by where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum Used {
    /// `owner/repository/path@reference`.
    Remote {
        /// Which.
        uses: RemoteUses,
        /// Whether the reference is a whole commit hash, which nobody can move.
        #[serde(default)]
        pinned: bool,
        /// The commit, where it is known by now.
        commit: Option<String>,
    },
    /// `./path`: a file of the repository under test.
    Local {
        /// The path as written.
        path: String,
    },
    /// `docker://image`.
    Image {
        /// The image.
        image: String,
    },
    /// An expression decides.
    Computed {
        /// It as written.
        written: String,
    },
}

/// One place that asks for a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretUse {
    /// Which.
    pub wanted: SecretWanted,
    /// Where.
    #[serde(default)]
    pub place: CodePlace,
    /// In which step; `None` for the job's own keys and what surrounds it.
    pub step: Option<StepPath>,
}

/// Which secret is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum SecretWanted {
    /// `secrets.NAME`; `github.token` counts as `secrets.GITHUB_TOKEN`.
    Named(SecretName),
    /// `secrets[…]` with a name that an expression makes.
    Computed,
    /// The whole context: `toJSON(secrets)`, `secrets.*`.
    Whole,
    /// `secrets: inherit` of a call.
    Inherited,
}

impl SecretWanted {
    /// Returns the name, or `*` where any secret may be meant.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => &name.0,
            Self::Computed | Self::Whole | Self::Inherited => "*",
        }
    }
}

/// An image that a job starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageUse {
    /// The image, as written where it depends on what is not known.
    pub image: String,
    /// What for.
    pub role: ImageRole,
    /// Where it is written.
    #[serde(default)]
    pub place: CodePlace,
}

/// What an image is started for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum ImageRole {
    /// `container`: the job's steps.
    Job,
    /// `services.<name>`.
    Service(String),
    /// A step: `docker://image`, or an action that is a container.
    Step(StepPath),
}
