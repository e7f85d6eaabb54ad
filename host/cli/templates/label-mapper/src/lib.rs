//! Where jobs with labels of NAME run: `runs-on: NAME-8` asks for a Linux machine with 8 processors.

#![cfg_attr(target_arch = "wasm32", no_std)]

use act_host_sdk::prelude::*;

struct Mapper;

label_mapper!(Mapper);

/// What labels begin with, where the operator sets nothing.
const PREFIX: &str = "NAME-";

impl LabelMapper for Mapper {
    fn map(ask: &LabelAsk) -> Result<Mapped, Error> {
        let settings = config::read()?;
        let prefix = settings.get("prefix").as_str().unwrap_or(PREFIX);
        // Labels are compared without case, and a job must get a machine that has them all.
        let [label] = ask.labels.as_slice() else {
            return Ok(Mapped::not_mine("its machines have one label each"));
        };
        let label = label.to_lowercase();
        let Some(size) = label.strip_prefix(prefix) else {
            return Ok(Mapped::unknown(&label, format!("it does not begin with `{prefix}`")));
        };
        // What is meant for this plugin, and wrong, is malformed: no other mapper is asked.
        match size.parse::<u32>() {
            Ok(cpus) if (1..=64).contains(&cpus) => {
                let placement = Placement::new().os(Os::Linux).cpus(cpus).memory_gib(cpus * 4);
                Ok(Mapped::mine(placement, format!("a machine with {cpus} processors")))
            }
            _ => Ok(Mapped::malformed("its size must be from 1 to 64", Some(format!("{prefix}8")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use act_host_sdk::mock;

    use super::*;

    #[test]
    fn the_prefix_can_be_set() {
        mock::settings(r#"{"prefix": "big-"}"#);
        let answer = Mapper::map(&LabelAsk::of(&["big-2"])).unwrap();
        assert!(matches!(answer, Mapped::Mine(_)), "{answer:?}");
    }
}
