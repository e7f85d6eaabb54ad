//! A step of a job or a composite action.
//!
//! Holds what the file says, composed as GitHub composes it; nothing is evaluated.

use crate::expression::Expression;
use crate::ids::StepId;
use crate::source::{Span, Spanned};
use crate::token::Token;
use crate::uses::UsesRef;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A condition as GitHub runs it: `success()` when none is written, `success() && (…)` when the written one calls
/// no status function.
///
/// Source: `WorkflowTemplateConverter.ConvertToIfCondition`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct If {
    pub expression: Expression,
    /// Where the condition was written; `None` when there is none.
    pub span: Option<Span>,
}

/// One step. Composite actions use the same type; their expressions allow other names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub id: StepId,
    /// Whether the id was made up (`__run_2`) because the file gives none.
    pub id_generated: bool,
    pub name: Option<Token>,
    /// `success()` for the kinds that take no `if`.
    pub condition: If,
    pub env: Option<Token>,
    pub continue_on_error: Option<Token>,
    /// Minutes.
    pub timeout_minutes: Option<Token>,
    /// The step is started and not waited for.
    pub background: bool,
    pub kind: StepKind,
    /// The whole step.
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    Run {
        run: Token,
        /// A literal in workflows; may be an expression in composite actions.
        shell: Option<Token>,
        working_directory: Option<Token>,
    },
    Uses {
        uses: Spanned<UsesRef>,
        with: Option<Token>,
    },
    /// Waits for background steps of this job.
    Wait {
        steps: Vec<Spanned<StepId>>,
    },
    /// Waits for all background steps.
    WaitAll,
    /// Cancels a background step.
    Cancel {
        step: Spanned<StepId>,
    },
    /// Runs steps side by side and waits for all of them.
    Parallel {
        steps: Vec<Step>,
    },
}

impl Step {
    /// The action this step uses.
    #[must_use]
    pub const fn uses(&self) -> Option<&Spanned<UsesRef>> {
        match &self.kind {
            StepKind::Uses { uses, .. } => Some(uses),
            StepKind::Run { .. }
            | StepKind::Wait { .. }
            | StepKind::WaitAll
            | StepKind::Cancel { .. }
            | StepKind::Parallel { .. } => None,
        }
    }

    /// The step and the steps of its parallel group, if it is one.
    pub fn walk(&self) -> impl Iterator<Item = &Self> {
        let inner = match &self.kind {
            StepKind::Parallel { steps } => steps.as_slice(),
            StepKind::Run { .. }
            | StepKind::Uses { .. }
            | StepKind::Wait { .. }
            | StepKind::WaitAll
            | StepKind::Cancel { .. } => &[],
        };
        std::iter::once(self).chain(inner)
    }

    /// The key the file uses for this kind of step.
    #[must_use]
    pub const fn keyword(&self) -> &'static str {
        match self.kind {
            StepKind::Run { .. } => "run",
            StepKind::Uses { .. } => "uses",
            StepKind::Wait { .. } => "wait",
            StepKind::WaitAll => "wait-all",
            StepKind::Cancel { .. } => "cancel",
            StepKind::Parallel { .. } => "parallel",
        }
    }
}

impl StepKind {
    /// The name GitHub shows for a step of this kind that has none; run and uses steps are named after what they do.
    #[must_use]
    pub const fn default_name(&self) -> Option<&'static str> {
        match self {
            Self::Run { .. } | Self::Uses { .. } => None,
            Self::Wait { .. } => Some("Wait"),
            Self::WaitAll => Some("Wait for all"),
            Self::Cancel { .. } => Some("Cancel"),
            Self::Parallel { .. } => Some("Parallel group"),
        }
    }
}

/// A text literal with its place.
pub type Text = Spanned<Arc<str>>;
