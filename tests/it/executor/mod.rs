//! What the executor makes of small jobs: on this machine, on the far double and over the agent.

mod actions;
mod cancellation;
mod commands;
mod conditions;
mod cut;
mod files;
mod limits;
mod matchers;
mod scripts;
mod secrets;
mod self_repository;

use act_core::JobSpec;
use act_tests::control::MemoryControl;
use act_tests::place::Place;
use act_tests::resume::{Told, run};
use act_tests::streams::Weather;

/// Runs a job near, far and over an agent, and has each looked at.
async fn everywhere(spec: &JobSpec, control: impl Fn() -> MemoryControl, check: impl Fn(&Told)) {
    let agent = Place::agent(Weather { cut_within: 100_000, seed: 3, ..Weather::default() });
    for (name, place) in
        [("near", Place::local().await), ("far", Place::far(11).await), ("agent's", agent.await)]
    {
        let told = run(spec, &place, &control()).await;
        // The test's own panic says what was expected; this says where.
        let told = Told { story: told.story.without_places(&*place.env), ..told };
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&told)));
        if let Err(panic) = checked {
            let text = format!("on the {name} machine: {}\n", brief(&told));
            std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).unwrap();
            std::panic::resume_unwind(panic);
        }
        place.release().await;
    }
}

/// Runs steps near and far, with a host that has nothing to give.
async fn steps(yaml: &str, check: impl Fn(&Told)) {
    everywhere(&act_tests::job::of_steps(yaml), MemoryControl::default, check).await;
}

/// The name under which steps see an output in the tests here.
fn outputs<'a>(told: &'a Told, names: &[&str]) -> Vec<&'a str> {
    names.iter().map(|name| told.result.outputs.get(*name).map_or("", String::as_str)).collect()
}

fn brief(told: &Told) -> String {
    let mut text = format!("{:?}", told.result);
    for step in &told.story.steps {
        let lines: String = step.lines.iter().map(|line| format!("\n    {:.300}", line)).collect();
        text.extend(["\n  ", &step.step.to_string(), " ", &format!("{:?}", step.end), &lines]);
    }
    text
}
