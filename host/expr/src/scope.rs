//! What an expression is evaluated in: contexts, and the functions of the host.
//!
//! Evaluation does no IO. What only the host can answer (the value of a secret, the hash of files) is a
//! [`HostCall`]: while one is unanswered the evaluation is [`Evaluation::Pending`], the caller finds the answer,
//! lets its scope know it, and evaluates again.

use crate::object::Object;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The outcome of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluation {
    /// The value.
    Done(Value),
    /// Answers are needed first; there may be more once these are given.
    Pending(Vec<HostCall>),
}

impl Evaluation {
    /// The value, if there is one yet.
    #[must_use]
    pub fn done(self) -> Option<Value> {
        if let Self::Done(value) = self { Some(value) } else { None }
    }
}

/// A question to the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum HostCall {
    /// The result of a function.
    Function {
        /// Its name as written.
        name: Arc<str>,
        /// Its arguments, evaluated.
        args: Vec<Value>,
    },
    /// One property of a lazy context.
    Lookup {
        /// The context as written.
        context: Arc<str>,
        /// The property, coerced to text.
        key: Arc<str>,
    },
    /// A lazy context as a whole, for `toJson(secrets)` and `secrets.*`.
    Whole {
        /// The context as written.
        context: Arc<str>,
    },
}

/// What a scope knows of a name.
#[derive(Clone, Debug)]
pub enum Named {
    /// A context at hand.
    Value(Value),
    /// A context whose properties are asked for one by one, by [`Scope::lookup`] and [`Scope::whole`].
    Lazy,
    /// No such context: its value is null. (That a name is allowed at all was settled when parsing.)
    Unknown,
}

/// The answer to a look-up.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The value; null for a property that is not there.
    Value(Value),
    /// Not known yet.
    Pending,
    /// The look-up failed; the text is the error's.
    Error(String),
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub enum Called {
    /// The result.
    Value(Value),
    /// Not known yet.
    Pending,
    /// The function failed; the text is the error's.
    Error(String),
}

/// The contexts and host functions an expression sees. Names come as written: compare them without regard to case.
pub trait Scope {
    /// Finds a context.
    fn context(&self, name: &str) -> Named;

    /// Finds one property of a [`Named::Lazy`] context.
    fn lookup(&self, context: &str, key: &str) -> Reply {
        let _ = (context, key);
        Reply::Value(Value::Null)
    }

    /// Finds a [`Named::Lazy`] context as a whole.
    fn whole(&self, context: &str) -> Reply {
        let _ = context;
        Reply::Value(Value::Null)
    }

    /// Calls a function that is not built in.
    fn call(&self, function: &str, args: &[Value]) -> Called {
        let _ = args;
        Called::Error(format!("Unrecognized function: '{function}'"))
    }
}

/// An object is a scope: its properties are the contexts, and it has no functions.
impl Scope for Object {
    fn context(&self, name: &str) -> Named {
        self.get(name).cloned().map_or(Named::Unknown, Named::Value)
    }
}
