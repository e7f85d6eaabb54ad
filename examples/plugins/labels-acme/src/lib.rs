//! Acme's machines: `acme-small`, `acme-large`, `acme-gpu`.

#![cfg_attr(target_arch = "wasm32", no_std)]

use act_host_sdk::prelude::*;

struct Acme;

label_mapper!(Acme);

impl LabelMapper for Acme {
    fn map(ask: &LabelAsk) -> Result<Mapped, Error> {
        let labels: Vec<String> = ask.labels.iter().map(|label| label.to_ascii_lowercase()).collect();
        let Some(label) = labels.iter().find(|label| label.starts_with("acme-")) else {
            return Ok(Mapped::not_mine("no label begins with `acme-`"));
        };
        let machine = Placement::new().os(Os::Linux);
        let mut machine = match label.as_str() {
            "acme-small" => machine.cpus(2).memory_gib(4),
            "acme-large" => machine.cpus(16).memory_gib(64),
            "acme-gpu" => machine.cpus(8).memory_gib(32).gpus(1),
            other => {
                let meant = nearest(other, ["acme-small", "acme-large", "acme-gpu"]);
                return Ok(Mapped::malformed(format!("acme has no `{other}`"), meant.map(str::to_owned)));
            }
        };
        machine.pool = config::read()?.get("pool").as_str().map(str::to_owned);
        log::debug(&format!("{label} for {}", ask.facts.repository));
        Ok(Mapped::mine(machine, format!("acme's machine `{label}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use act_host_sdk::mock;

    #[test]
    fn large_machines_are_large_and_in_the_pool_that_settings_name() {
        mock::settings(r#"{"pool": "warm"}"#);
        let answer = Acme::map(&LabelAsk::of(&["self-hosted", "ACME-large"])).unwrap();
        let expected = Placement::new().os(Os::Linux).cpus(16).memory_gib(64).pool("warm");
        assert_eq!(answer, Mapped::mine(expected, "acme's machine `acme-large`"));
        assert_eq!(mock::log_lines(), ["debug acme-large for octo/hello"]);
    }

    #[test]
    fn a_slip_is_malformed_with_what_was_meant() {
        let answer = Acme::map(&LabelAsk::of(&["acme-lrage"])).unwrap();
        assert_eq!(answer, Mapped::malformed("acme has no `acme-lrage`", Some("acme-large".into())));
    }
}
