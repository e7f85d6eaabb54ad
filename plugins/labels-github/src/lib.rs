//! GitHub's own labels: what machine GitHub would give a job, as a placement.
//!
//! Other labels are left to others. One that is nearly GitHub's, or no longer is, is malformed: a job that waits for a
//! machine that will never come helps nobody.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod table;

use act_host_sdk::prelude::*;

use table::{Latest, Machine};

struct GitHub;

label_mapper!(GitHub);

impl LabelMapper for GitHub {
    fn map(ask: &LabelAsk) -> Result<Mapped, Error> {
        let settings = config::read()?;
        if ask.group.is_some() {
            return Ok(Mapped::not_mine("a group of runners is the organization's own"));
        }
        let [label] = ask.labels.as_slice() else {
            return Ok(Mapped::not_mine("GitHub's machines have one label each"));
        };
        let label = label.to_ascii_lowercase();
        let latest = Latest::of(settings.get("latest"));
        if let Some(machine) = table::find(&label, &latest) {
            return Ok(Mapped::mine(place(&machine, &settings), describe(&machine)));
        }
        if let Some(instead) = table::retired(&label) {
            return Ok(Mapped::malformed(format!("GitHub retired `{label}`"), Some(instead.to_owned())));
        }
        Ok(match nearest(&label, table::names()) {
            Some(meant) => {
                Mapped::malformed(format!("GitHub has no machine `{label}`"), Some(meant.to_owned()))
            }
            None => Mapped::unknown(&label, "not a label of GitHub's"),
        })
    }
}

/// Names GitHub's own image, for schedulers that have one like it.
const IMAGE: &str = "github-image";

/// Makes a placement of a machine, as the settings say.
///
/// GitHub's images are of whole machines, and nobody else has them: an image is asked for where the operator says
/// which one stands for it.
fn place(machine: &Machine, settings: &Json) -> Placement {
    let (cpus, gib) = if settings.get("private").as_bool() == Some(true) {
        machine.private_size()
    } else {
        (machine.cpus, machine.gib)
    };
    let mut placement = Placement::new()
        .os(machine.os)
        .arch(machine.arch)
        .cpus(cpus)
        .memory_gib(gib)
        .disk_gib(14)
        .attr(IMAGE, &*machine.image);
    placement.image = settings.get("images").get(&machine.image).as_str().map(str::to_owned);
    placement.pool = settings.get("pool").as_str().map(str::to_owned);
    settings.get("backends").strings().fold(placement, Placement::hop)
}

fn describe(machine: &Machine) -> String {
    format!("GitHub's {} machine", machine.image)
}

#[cfg(test)]
mod tests;
