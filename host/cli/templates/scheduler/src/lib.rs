//! Runs jobs as processes on this machine, and fails those that ask for more processors than they may.

#![cfg_attr(target_arch = "wasm32", no_std)]

use act_host_sdk::decision::Process;
use act_host_sdk::prelude::*;

struct Here;

scheduler!(Here);

impl Scheduler for Here {
    fn decide(case: &Case) -> Result<Ruling, Error> {
        let settings = config::read()?;
        let most = settings.get("cpus").as_u64().unwrap_or(64);
        let asked = case.placement.cpu_millis.as_ref().map_or(0, |cpu| cpu.least);
        if asked > most * 1000 {
            return Ok(Ruling::fail(format!("it asks for {} processors of {most}", asked.div_ceil(1000))));
        }
        let os = case.placement.os.unwrap_or(Os::Linux);
        let arch = case.placement.arch.unwrap_or(Arch::X64);
        let shape = Shape::Process(Process { os, arch });
        Ok(Ruling::launch(Decision { shape, bind: case.bind.clone() }))
    }
}
