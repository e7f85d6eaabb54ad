//! The official plugins keep the contracts of their ports, as built-in ones do.

use act_core::decide::Verdict;
use act_core::place::{Os, Placement};
use act_plugins::grants::{DecisionGrant, DecisionKind};
use act_tests::contract::{labels, policy, scheduler};
use serde_json::json;

use crate::support::{Bench, component};

#[tokio::test]
async fn labels_of_github_keep_the_contract() {
    let Some(path) = component("labels-github") else { return };
    let plugin = Bench::new().load(&path, json!({ "private": true })).await;
    labels::label_mapper(
        &*plugin.mapper().unwrap(),
        &[&["ubuntu-latest"], &["windows-11-arm"], &["macos-26-xlarge"], &["ubuntu-24.04-8-cores"]],
        &[&["self-hosted", "linux"], &["gpu"], &[]],
        &[&["ubuntu-20.04"], &["ubuntu-lastest"]],
    )
    .await;
}

#[tokio::test]
async fn labels_of_runs_fleet_keep_the_contract() {
    let Some(path) = component("labels-fleet") else { return };
    let plugin = Bench::new().load(&path, json!({ "aliases": { "big": "cpu=16/ram=64" } })).await;
    labels::label_mapper(
        &*plugin.mapper().unwrap(),
        &[
            &["runs-fleet"],
            &["self-hosted", "runs-fleet/cpu=4+16/arch=arm64"],
            &["big"],
            &["runs-fleet/ram=7.5"],
        ],
        &[&["runs-fleet-x"], &["ubuntu-latest"], &[]],
        &[&["runs-fleet/cpu=16+4"], &["runs-fleet/cpus=4"], &["runs-fleet/spot=no"]],
    )
    .await;
}

#[tokio::test]
async fn the_basic_policy_keeps_the_contract_and_denies_a_forks_secret_with_its_place() {
    let Some(path) = component("policy-basic") else { return };
    let bench = Bench::new();
    let settings = json!({
        "actions": { "allowed": ["acme"], "pinned": true, "unpinned": ["acme/deploy"] },
        "labels": { "required": ["audited"], "missing": "add" },
        "resources": { "cpus": 4 },
    });
    let make = async || bench.load(&path, settings.clone()).await.policy().unwrap();
    let verdicts = policy::amends_in_phase(make, &policy::asks()).await;
    let denied = "an event of a fork asks for the secret `DEPLOY_KEY` (.github/workflows/ci.yml:9:9)";
    let denied = || Verdict::Deny { reason: denied.to_owned() };
    assert_eq!(verdicts, [denied(), Verdict::Abstain, Verdict::Abstain, Verdict::Abstain, denied()]);
}

/// What the platforms of an operator may ask for.
fn reaches(spec: &mut act_plugins::PluginSpec) {
    let kinds = vec![DecisionKind::Privileged, DecisionKind::HostNetwork, DecisionKind::Namespace];
    spec.grants.decisions = Some(DecisionGrant { kinds });
}

#[tokio::test]
async fn kubernetes_keeps_the_contracts_of_mappers_and_schedulers() {
    let Some(path) = component("k8s") else { return };
    let bench = Bench::new();
    let plugin = bench.load_with(&path, reaches).await.unwrap();
    labels::label_mapper(
        &*plugin.mapper().unwrap(),
        &[&["ubuntu-latest"], &["self-hosted", "linux", "arm64"], &["self-hosted", "gpu"], &["build-server"]],
        &[&["macos-latest"], &[]],
        &[&["ubuntu-lastest"], &["two words"]],
    )
    .await;
    let make = async || bench.load_with(&path, reaches).await.unwrap().scheduler().unwrap();
    let sized = Placement { image: Some("alpine:3".to_owned()), disk: Some(1 << 30), ..Placement::default() };
    let mac = Placement { os: Some(Os::MacOs), ..Placement::default() };
    scheduler::scheduler(make, &[Placement::default(), sized], &[mac]).await;
}

#[tokio::test]
async fn settings_that_the_schema_does_not_know_are_refused_before_anything_runs() {
    for (name, settings, said) in [
        ("labels-github", json!({ "latest": { "ubuntu": "20.04" } }), "latest/ubuntu"),
        ("labels-fleet", json!({ "alias": {} }), "alias"),
        ("policy-basic", json!({ "actions": { "allowed": ["a/b/c"] } }), "actions/allowed/0"),
        ("policy-basic", json!({ "resources": { "cpus": 0 } }), "resources/cpus"),
    ] {
        let Some(path) = component(name) else { return };
        let refused =
            Bench::new().load_with(&path, |spec| spec.settings = settings).await.unwrap_err().to_string();
        assert!(refused.contains("its settings are wrong") && refused.contains(said), "{refused}");
    }
}
