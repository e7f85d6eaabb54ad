//! What an expression may name at the place where it stands.
//!
//! The built-in functions are allowed everywhere; contexts and functions such as `hashFiles` or `success` only
//! where the workflow schema lists them.

use crate::text::eq_ignore_case;
use std::sync::Arc;

/// Contexts and functions allowed at one place, besides the built-in functions.
#[derive(Clone, Debug, Default)]
pub struct Syntax {
    names: Vec<Arc<str>>,
    functions: Vec<HostFunction>,
    any_name: bool,
    any_function: bool,
}

/// A function the host answers, with the number of arguments it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFunction {
    /// The name, compared without regard to case.
    pub name: Arc<str>,
    /// The least number of arguments.
    pub min: usize,
    /// The greatest number of arguments.
    pub max: usize,
}

impl Syntax {
    /// Allows the built-in functions and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows every context, and the built-in functions.
    #[must_use]
    pub fn any() -> Self {
        Self { any_name: true, ..Self::default() }
    }

    /// Allows a context.
    #[must_use]
    pub fn context(mut self, name: impl Into<Arc<str>>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Allows contexts.
    #[must_use]
    pub fn contexts<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.names.extend(names.into_iter().map(Into::into));
        self
    }

    /// Allows a function answered by the host, with `min..=max` arguments.
    #[must_use]
    pub fn function(mut self, name: impl Into<Arc<str>>, min: usize, max: usize) -> Self {
        self.functions.push(HostFunction { name: name.into(), min, max });
        self
    }

    /// Allows every function with any number of arguments, for looking at an expression without evaluating it
    /// (`ExpressionParser.cs`, `ValidateSyntax`).
    #[must_use]
    pub const fn any_function(mut self) -> Self {
        self.any_function = true;
        self
    }

    /// Whether a context of this name may stand here.
    #[must_use]
    pub fn allows_context(&self, name: &str) -> bool {
        self.any_name || self.names.iter().any(|allowed| eq_ignore_case(allowed, name))
    }

    /// The number of arguments a function takes; `None` when it may not stand here.
    pub(crate) fn arity(&self, function: Function, name: &str) -> Option<(usize, usize)> {
        if let Some(arity) = function.arity() {
            return Some(arity);
        }
        match self.functions.iter().find(|allowed| eq_ignore_case(&allowed.name, name)) {
            Some(allowed) => Some((allowed.min, allowed.max)),
            None => self.any_function.then_some((0, usize::MAX)),
        }
    }
}

/// A function of the language, or one of the host (`ExpressionConstants.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `case(predicate, value, …, otherwise)`.
    Case,
    /// `contains(search, item)`.
    Contains,
    /// `endsWith(text, suffix)`.
    EndsWith,
    /// `format(text, …)`.
    Format,
    /// `fromJson(text)`.
    FromJson,
    /// `join(items, separator)`.
    Join,
    /// `startsWith(text, prefix)`.
    StartsWith,
    /// `toJson(value)`.
    ToJson,
    /// Any other: the scope answers it.
    Host,
}

impl Function {
    /// Finds the function of a name, whatever its case.
    #[must_use]
    pub fn named(name: &str) -> Self {
        const BUILT_IN: [(&str, Function); 8] = [
            ("contains", Function::Contains),
            ("format", Function::Format),
            ("startsWith", Function::StartsWith),
            ("endsWith", Function::EndsWith),
            ("fromJson", Function::FromJson),
            ("toJson", Function::ToJson),
            ("join", Function::Join),
            ("case", Function::Case),
        ];
        BUILT_IN
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or(Self::Host, |(_, function)| *function)
    }

    /// The least and greatest number of arguments of a built-in function.
    const fn arity(self) -> Option<(usize, usize)> {
        match self {
            Self::Case => Some((3, 255)),
            Self::Contains | Self::EndsWith | Self::StartsWith => Some((2, 2)),
            Self::Format => Some((1, 255)),
            Self::Join => Some((1, 2)),
            Self::FromJson | Self::ToJson => Some((1, 1)),
            Self::Host => None,
        }
    }
}
