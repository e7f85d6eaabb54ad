//! Names that a file gives to its jobs, steps, inputs and actions, each of its own type.
//!
//! The grammar of ids is checked in `id_builder`; these types only keep them apart.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a name as the file gives it.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as the file gives it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether two names are one to GitHub, which ignores case.
            #[must_use]
            pub fn same_as(&self, other: &str) -> bool {
                self.0.eq_ignore_ascii_case(other)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// Key of a job in its workflow.
    JobId
);
id!(
    /// Key of a step in its job, written by the author or generated (`__run_2`).
    StepId
);
id!(
    /// Name of an input of a workflow or an action.
    InputName
);
id!(
    /// Name of a secret.
    SecretName
);
id!(
    /// Name of an output of a job, a workflow or an action.
    OutputName
);
id!(
    /// Name of a webhook event or other trigger: `push`, `schedule`.
    EventName
);
