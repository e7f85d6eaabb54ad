//! Reads workflow and action files as GitHub reads them, and evaluates what they leave open. No IO.
//!
//! ```text
//! bytes ─yaml─▶ events ─template, schema─▶ tokens ─convert, called─▶ model ─evaluate, matrix─▶ values
//! ```
//! [`read::read_workflow`] and [`manifest::read_action`] collect every problem of a file with its place, in GitHub's
//! words; [`evaluate`] turns tokens of the model into values when contexts are known. Which events start a workflow is
//! [`events`]', [`filter`]'s and [`cron`]'s. The parts are ports of `Sdk/WorkflowParser` of actions/runner; each file
//! names its own.

pub mod action;
pub mod called;
mod caseless;
mod context;
mod convert;
pub mod cron;
pub mod evaluate;
pub mod events;
mod expect;
pub mod expression;
pub mod filter;
mod id_builder;
pub mod ids;
pub mod manifest;
pub mod matrix;
mod memory;
pub mod model;
pub mod options;
pub mod permissions;
mod problems;
pub mod read;
mod schema;
pub mod source;
pub mod step;
mod template;
pub mod token;
pub mod triggers;
pub mod uses;
pub mod values;
pub mod written;
mod yaml;
