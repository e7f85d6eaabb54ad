//! Reads workflow and action files as GitHub reads them, and evaluates what they leave open. No IO.

pub mod action;
pub mod cron;
pub mod events;
pub mod expression;
pub mod filter;
pub mod ids;
pub mod matrix;
pub mod model;
pub mod permissions;
pub mod source;
pub mod step;
pub mod token;
pub mod triggers;
pub mod uses;
