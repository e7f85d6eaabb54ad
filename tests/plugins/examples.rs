//! The examples do what docs/plugins.md says.

use std::sync::Arc;

use act_core::decide::{Mapped, Verdict};
use act_tests::contract::{labels, policy};
use serde_json::json;

use crate::support::{Bench, component, map};

#[tokio::test]
async fn acmes_mapper_keeps_the_contract_and_logs() {
    let Some(path) = component("labels-acme") else { return };
    let bench = Bench::new();
    let plugin = bench.load(&path, json!({ "pool": "warm" })).await;
    labels::label_mapper(
        &*plugin.mapper().unwrap(),
        &[&["acme-small"], &["acme-gpu", "self-hosted"]],
        &[&["ubuntu-latest"]],
        &[&["acme-huge"], &["acme-lrage"]],
    )
    .await;
    let Mapped::Mine { placement, .. } = map(&plugin, "acme-large").await else { panic!("acme has one") };
    assert_eq!((placement.pool.as_deref(), placement.cpu_millis.unwrap().least), (Some("warm"), 16_000));
    let said = bench.said.all();
    assert!(said.contains(&"labels-acme: acme-large for octo/hello".to_owned()), "{said:?}");
}

#[tokio::test]
async fn the_policy_denies_what_is_not_pinned() {
    let Some(path) = component("policy-pinned") else { return };
    let bench = Bench::new();
    let make = async || bench.load(&path, json!({})).await.policy().unwrap() as Arc<_>;
    let verdicts = policy::amends_in_phase(make, &policy::asks()).await;
    let denied = "acme/deploy@v1 is not pinned to a commit (.github/workflows/ci.yml:7)";
    let denied = || Verdict::Deny { reason: denied.to_owned() };
    assert_eq!(verdicts, [denied(), Verdict::Abstain, Verdict::Abstain, denied(), Verdict::Abstain]);
}
