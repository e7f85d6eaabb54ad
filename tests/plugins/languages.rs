//! The same contracts in JavaScript and Python, straight on the WIT.

use std::path::Path;

use act_core::decide::Verdict;
use act_core::place::{Amount, Os, Placement};
use act_plugins::amount::{Size, Span};
use act_plugins::{Limits, Plugin};
use act_tests::contract::{labels, policy};
use serde_json::json;

use crate::support::{Bench, component};

/// What interpreters need in a debug build of the host, on a machine that does other things as well.
async fn load(bench: &Bench, path: &Path) -> Plugin {
    let limits = Limits {
        cpu: Span::millis(20_000),
        wall: Span::millis(60_000),
        memory: Size::mib(128),
        ..Limits::default()
    };
    let change = |spec: &mut act_plugins::PluginSpec| {
        (spec.limits, spec.settings) = (limits, json!({ "most": 3 }));
    };
    bench.load_with(path, change).await.unwrap()
}

async fn maps(path: &Path, prefix: &str) {
    let bench = Bench::new();
    let plugin = load(&bench, path).await;
    let label = |end: &str| format!("{prefix}-{end}");
    let (small, big, wrong) = (label("small"), label("big"), label("huge"));
    labels::label_mapper(
        &*plugin.mapper().unwrap(),
        &[&[&small], &["self-hosted", &big]],
        &[&["ubuntu-latest"], &[]],
        &[&[&wrong]],
    )
    .await;
    assert!(
        bench.said.all().iter().any(|line| line.ends_with("-big: 16 processors")),
        "{:?}",
        bench.said.all()
    );
}

async fn judges(path: &Path) {
    let bench = Bench::new();
    let make = async || load(&bench, path).await.policy().unwrap();
    let verdicts = policy::amends_in_phase(make, &policy::asks()).await;
    let deny = |reason: &str| Verdict::Deny { reason: reason.to_owned() };
    assert_eq!(verdicts[0], Verdict::Abstain);
    let Verdict::Amend { changes, reason } = &verdicts[1] else { panic!("{:?}", verdicts[1]) };
    assert_eq!(reason, "no job has more than 3 processors");
    let cpu_millis = Some(Amount { least: 1000, most: Some(3000) });
    let act_core::decide::Changes::Placement(patch) = changes else { panic!("{changes:?}") };
    assert_eq!(Placement { os: None, ..patch.clone() }, Placement { cpu_millis, ..Placement::default() });
    assert!(patch.os.is_none_or(|os| os == Os::Linux));
    assert_eq!(verdicts[2], Verdict::Abstain);
    assert_eq!(verdicts[3], deny(".github/workflows/ci.yml:7: the action is not pinned"));
    assert_eq!(verdicts[4], deny("`DEPLOY_KEY` is not for forks"));
}

#[tokio::test]
async fn javascript_keeps_the_contract_of_mappers() {
    let Some(path) = component("js-labels") else { return };
    maps(&path, "js").await;
}

#[tokio::test]
async fn javascript_keeps_the_contract_of_policies() {
    let Some(path) = component("js-policy") else { return };
    judges(&path).await;
}

#[tokio::test]
async fn python_keeps_both_contracts_in_one_component() {
    let Some(path) = component("python") else { return };
    maps(&path, "py").await;
    judges(&path).await;
}
