//! Label mappers: where labels belong.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Error;
use crate::bindings::mapper::exports::act_host::label_mapper::label_mapper::Guest;
pub use crate::bindings::mapper::exports::act_host::label_mapper::label_mapper::{
    Ask as LabelAsk, Malformed, Mapped, Mine, NotMine,
};
use crate::job::JobFacts;
use crate::placement::Placement;

/// Says where labels belong: the labels of `runs-on` to a placement.
pub trait LabelMapper {
    /// Answers for one set of labels. The same ask gets the same answer.
    ///
    /// # Errors
    /// The mapper itself failed: nobody else is asked, unless the operator said so, and the job ends as an
    /// infrastructure failure. A wrong label is no error, but [`Mapped::malformed`].
    fn map(ask: &LabelAsk) -> Result<Mapped, Error>;
}

impl<T: LabelMapper> Guest for T {
    fn map_labels(ask: LabelAsk) -> Result<Mapped, Error> {
        T::map(&ask)
    }
}

/// Exports a type with [`LabelMapper`]: `label_mapper!(MyType);`
#[macro_export]
macro_rules! label_mapper {
    ($mapper:ident) => {
        const _: () = {
            const fn is_one<T: $crate::LabelMapper>() {}
            is_one::<$mapper>();
        };
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::mapper::export_label_mapper!($mapper with_types_in $crate::bindings::mapper);
    };
}

impl LabelAsk {
    /// Makes an ask for labels, all else unknown: for tests.
    #[must_use]
    pub fn of(labels: &[&str]) -> Self {
        Self {
            labels: labels.iter().copied().map(String::from).collect(),
            group: None,
            facts: JobFacts::default(),
            attrs: Vec::new(),
        }
    }
}

impl Mapped {
    /// The job is placed; nobody else is asked. Why, in one line.
    #[must_use]
    pub fn mine(placement: Placement, reason: impl Into<String>) -> Self {
        Self::Mine(Mine { placement, reason: reason.into() })
    }

    /// Not for this mapper; the next one is asked. Why not, in one line.
    #[must_use]
    pub fn not_mine(reason: impl Into<String>) -> Self {
        Self::NotMine(NotMine { reason: reason.into(), label: None })
    }

    /// Not for this mapper, because of one label that it does not know.
    #[must_use]
    pub fn unknown(label: &str, reason: impl Into<String>) -> Self {
        Self::NotMine(NotMine { reason: reason.into(), label: Some(label.into()) })
    }

    /// Meant for this mapper, and wrong: the workflow's fault. `nearest` is what was probably meant.
    #[must_use]
    pub fn malformed(reason: impl Into<String>, nearest: Option<String>) -> Self {
        Self::Malformed(Malformed { reason: reason.into(), nearest })
    }
}
