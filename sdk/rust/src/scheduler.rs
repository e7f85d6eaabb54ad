//! Schedulers: what is made for a placed job, and what is done about what is seen of it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::bindings::scheduler::exports::act_host::scheduler::scheduler::Guest;
pub use crate::bindings::scheduler::exports::act_host::scheduler::scheduler::{
    LaunchCase as Case, PastLaunch, Ruling, Seen, Sighting, Wait,
};
use crate::decision::{Bind, Decision};
use crate::job::JobFacts;
use crate::placement::Placement;
use crate::{Error, Timestamp};

/// What the cases of [`Seen`] hold.
pub mod seen {
    pub use crate::bindings::scheduler::exports::act_host::scheduler::scheduler::{
        Evicted, Image, ImageTrouble, Other, Pending,
    };
}

/// Turns a placement into a decision, and answers what is seen of it. Time is an argument: [`Case::now`].
pub trait Scheduler {
    /// Rules on one launch. The same case gets the same ruling.
    ///
    /// # Errors
    /// The scheduler itself failed: the job ends as an infrastructure failure.
    fn decide(case: &Case) -> Result<Ruling, Error>;

    /// Rules on what is seen of a launch that was decided. Leaves it as it is where a scheduler does not say.
    ///
    /// # Errors
    /// As of [`Scheduler::decide`].
    fn react(case: &Case, seen: &Seen) -> Result<Ruling, Error> {
        let _ = (case, seen);
        Ok(Ruling::Keep)
    }
}

impl<T: Scheduler> Guest for T {
    fn decide(of: Case) -> Result<Ruling, Error> {
        let ruled = <T as Scheduler>::decide(&of);
        // The instance ends with the call, and code that frees all this is a tenth of a plugin.
        core::mem::forget(of);
        ruled
    }

    fn react(to: Case, seen: Seen) -> Result<Ruling, Error> {
        let ruled = <T as Scheduler>::react(&to, &seen);
        core::mem::forget((to, seen));
        ruled
    }
}

/// Exports a type with [`Scheduler`]: `scheduler!(MyType);`
#[macro_export]
macro_rules! scheduler {
    ($scheduler:ident) => {
        const _: () = {
            const fn is_one<T: $crate::Scheduler>() {}
            is_one::<$scheduler>();
        };
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::scheduler::export_scheduler!($scheduler with_types_in $crate::bindings::scheduler);
    };
}

impl Case {
    /// Makes the first case of a job, all else unknown: for tests.
    #[must_use]
    pub fn of(placement: Placement, now: Timestamp) -> Self {
        Self {
            id: "01M0000000000000000000000/build/1.1".into(),
            launch: 1,
            facts: JobFacts::default(),
            placement,
            hop: 0,
            bind: Bind::default(),
            now,
            waiting_since: now,
            history: Vec::new(),
            attrs: Vec::new(),
        }
    }
}

impl Ruling {
    /// Make this machine and run the job on it.
    #[must_use]
    pub const fn launch(decision: Decision) -> Self {
        Self::Launch(decision)
    }

    /// Ask again at this time at the latest. What for, in one line.
    #[must_use]
    pub fn wait(until: Timestamp, reason: impl Into<String>) -> Self {
        Self::Wait(Wait { until, reason: reason.into() })
    }

    /// No machine here fits. Why, in one line.
    #[must_use]
    pub fn fail(reason: impl Into<String>) -> Self {
        Self::Fail(reason.into())
    }
}
