//! GitHub's expression language: what stands between `${{` and `}}`.
//!
//! ```text
//! source ──Expression::parse──▶ Expression ──evaluate(scope)──▶ Done(value)
//!              ▲                    │                          └▶ Pending(questions to the host)
//!            Syntax             analysis: names, functions
//! ```
//!
//! The crate is pure: no IO, no clock, no global state. It is a port of `Sdk/Expressions` of GitHub's runner;
//! where its C# and GitHub's own TypeScript edition differ, the C# is followed. Names of C# files in the
//! documentation refer to that folder.
//!
//! It knows nothing of `${{ … }}` inside text, of workflows, or of which contexts exist: that is the caller's,
//! through [`Syntax`] when parsing and [`Scope`] when evaluating.

mod analysis;
pub mod batch;
pub mod coerce;
mod error;
mod evaluate;
pub mod json;
mod lexer;
mod memory;
pub mod number;
mod object;
mod parse;
mod plain;
mod render;
mod scope;
mod syntax;
pub mod text;
mod tree;
mod value;

pub use analysis::{Property, PropertyUse, is_status_function};
pub use error::{EvalError, ExpressionError, ParseError, ParseErrorKind, Stage};
pub use evaluate::Settings;
pub use lexer::is_legal_keyword;
pub use object::{KeyCase, Object};
pub use render::quote;
pub use scope::{Called, Evaluation, HostCall, Named, Reply, Scope};
pub use syntax::{Function, HostFunction, Syntax};
pub use tree::{Comparison, Expression, Node, View};
pub use value::{Array, Kind, Value};
