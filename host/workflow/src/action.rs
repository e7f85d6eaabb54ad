//! An action as its `action.yml` describes it.
//!
//! Holds what the file says; reading is in [`crate::manifest`]. Port of `ActionManifestManager.cs`'s definition types.

use crate::ids::{InputName, OutputName};
use crate::source::{FileId, Span, Spanned};
use crate::step::{If, Step};
use crate::token::Token;
use crate::triggers::OutputDefinition;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `action.yml` or `action.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionManifest {
    pub file: FileId,
    pub name: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub author: Option<Arc<str>>,
    pub branding: Option<Branding>,
    pub inputs: IndexMap<InputName, ActionInput>,
    pub outputs: IndexMap<OutputName, OutputDefinition>,
    pub runs: ActionRuns,
}

/// Icon and colour on the marketplace, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branding {
    pub icon: Option<Arc<str>>,
    pub color: Option<Arc<str>>,
}

/// An input of an action. Actions know no types: every value is text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionInput {
    pub span: Span,
    pub required: bool,
    /// A literal or an expression.
    pub default: Option<Token>,
    pub description: Option<Arc<str>>,
    /// Warned about when the input is given.
    pub deprecation_message: Option<Arc<str>>,
}

/// How an action runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "using", rename_all = "kebab-case")]
pub enum ActionRuns {
    Composite { steps: Vec<Step>, span: Span },
    Node(NodeAction),
    Docker(DockerAction),
}

/// A JavaScript action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeAction {
    /// `node20`, `node24`, … as written, in lower case.
    pub version: Spanned<Arc<str>>,
    pub main: Arc<str>,
    pub pre: Option<Arc<str>>,
    /// `always()` when not written.
    pub pre_if: If,
    pub post: Option<Arc<str>>,
    /// `always()` when not written.
    pub post_if: If,
}

/// An action that runs in a container of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DockerAction {
    pub image: Spanned<DockerImage>,
    pub entrypoint: Option<Arc<str>>,
    /// A sequence of texts and expressions.
    pub args: Option<Token>,
    pub env: Option<Token>,
    pub pre_entrypoint: Option<Arc<str>>,
    /// `always()` when not written.
    pub pre_if: If,
    pub post_entrypoint: Option<Arc<str>>,
    /// `always()` when not written.
    pub post_if: If,
}

/// Where the image of a docker action comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DockerImage {
    /// A Dockerfile in the action's folder, as written.
    Dockerfile(Arc<str>),
    /// An image to pull, without `docker://`.
    Registry(Arc<str>),
}
