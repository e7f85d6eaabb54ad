//! Kubernetes: where labels belong on a cluster, which pod a job gets, and what is done when the cluster balks.
//!
//! The mapper is meant to be the last of its chain: on a cluster of one's own any label may be a node's.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod labels;
mod platform;
mod quantity;
mod react;
mod shape;
mod spec;

use act_host_sdk::prelude::*;

use react::Waits;

struct Kubernetes;

label_mapper!(Kubernetes);
scheduler!(Kubernetes);

impl LabelMapper for Kubernetes {
    fn map(ask: &LabelAsk) -> Result<Mapped, Error> {
        Ok(labels::map(ask, &config::read()?))
    }
}

impl Scheduler for Kubernetes {
    fn decide(case: &Case) -> Result<Ruling, Error> {
        Ok(decide(case, &config::read()?))
    }

    fn react(case: &Case, seen: &Seen) -> Result<Ruling, Error> {
        let settings = config::read()?;
        Ok(react::react(case, seen, &Waits::of(&settings), || decide(case, &settings)))
    }
}

fn decide(case: &Case, settings: &Json) -> Ruling {
    match shape::pod(case, settings) {
        Ok(pod) => Ruling::launch(Decision::pod(pod, case.bind.clone())),
        Err(reason) => Ruling::fail(reason),
    }
}

#[cfg(test)]
mod tests;
