//! The labels of runs-fleet: `runs-fleet/cpu=4+16/ram=16/arch=arm64`.
//!
//! The grammar is theirs, with one difference: what they ignore silently (unknown keys, values that mean nothing,
//! segments without `=`) is malformed here, with what was probably meant.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod grammar;

use act_host_sdk::prelude::*;

use grammar::{Spec, Wrong};

struct Fleet;

label_mapper!(Fleet);

impl LabelMapper for Fleet {
    fn map(ask: &LabelAsk) -> Result<Mapped, Error> {
        let settings = config::read()?;
        let marker = settings.get("marker").as_str().unwrap_or("runs-fleet").to_ascii_lowercase();
        // The first that fits counts, and a label of theirs before an alias.
        let labels = || ask.labels.iter().map(|label| label.to_ascii_lowercase());
        let native = labels().find_map(|label| {
            let spec = grammar::spec(&label, &marker)?.to_owned();
            Some(Found { label, spec, is_alias: false })
        });
        let aliased = || labels().find_map(|label| alias(&settings, label));
        let Some(found) = native.or_else(aliased) else {
            return Ok(Mapped::not_mine(format!("no label begins with `{marker}/`")));
        };
        Ok(answer(&found, &marker, &settings))
    }
}

/// A label that is this mapper's.
struct Found {
    /// It, in lower case.
    label: String,
    /// What it says: `cpu=4/ram=8`.
    spec: String,
    is_alias: bool,
}

fn alias(settings: &Json, label: String) -> Option<Found> {
    let Json::Object(aliases) = settings.get("aliases") else { return None };
    let (_, spec) = aliases.iter().find(|(name, _)| name.eq_ignore_ascii_case(&label))?;
    Some(Found { spec: spec.as_str()?.to_ascii_lowercase(), label, is_alias: true })
}

fn answer(found: &Found, marker: &str, settings: &Json) -> Mapped {
    match Spec::parse(&found.spec) {
        Ok(spec) => Mapped::mine(place(spec, found, settings), format!("`{}`", found.label)),
        Err(Wrong { reason, meant }) if found.is_alias => {
            Mapped::malformed(format!("the alias `{}` is `{}`: {reason}", found.label, found.spec), meant)
        }
        Err(Wrong { reason, meant }) => {
            Mapped::malformed(reason, meant.map(|meant| format!("{marker}/{meant}")))
        }
    }
}

fn place(spec: Spec, found: &Found, settings: &Json) -> Placement {
    let mut placement = Placement::new().os(Os::Linux).cpu_millis(spec.cpu_millis());
    placement.arch = spec.arch;
    placement.memory = spec.memory;
    placement.disk = spec.disk;
    placement.pool = spec.pool.or_else(|| found.is_alias.then(|| found.label.clone()));
    placement.spot = spec.spot.or_else(|| Some(settings.get("spot").as_bool().unwrap_or(true)));
    if let Some(families) = spec.families {
        placement = placement.attr("machine-families", families);
    }
    if let Some(generation) = spec.generation {
        placement = placement.attr("machine-generation", generation.to_string());
    }
    settings.get("backends").strings().fold(placement, Placement::hop)
}

#[cfg(test)]
mod tests;
