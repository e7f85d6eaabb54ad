//! One Lease a process of this program: what it made is swept by others only when its Lease has run out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;
use tokio::task::JoinSet;

use crate::calls::{CallError, Cluster};
use crate::labels::MANAGED_BY;
use crate::rights::Call;

/// How long a Lease counts. Longer than an API server is away.
const LASTS: i32 = 120;

/// How often it is renewed.
const TURN: Duration = Duration::from_secs(20);

/// This process's Lease.
pub(crate) struct Life {
    name: String,
    cluster: Arc<Cluster>,
    api: Api<Lease>,
    /// Renews it; ends with this.
    _task: JoinSet<()>,
}

impl Life {
    /// Begins: the Lease is there when this returns.
    pub(crate) async fn begin(cluster: Arc<Cluster>, namespace: &str, name: &str) -> Result<Self, CallError> {
        let api: Api<Lease> = Api::namespaced(cluster.client.clone(), namespace);
        renew(&cluster, &api, name).await?;
        let mut task = JoinSet::new();
        let (own, leases, host) = (cluster.clone(), api.clone(), name.to_owned());
        task.spawn(async move {
            loop {
                tokio::time::sleep(TURN).await;
                // What fails is tried again in the next turn; others wait longer than that.
                let _ = renew(&own, &leases, &host).await;
            }
        });
        Ok(Self { name: name.to_owned(), cluster, api, _task: task })
    }

    /// Ends: nobody answers any more for what is left.
    pub(crate) async fn end(self) {
        let params = DeleteParams::default();
        let _ = self.cluster.call(Call::DeleteLease, || self.api.delete(&self.name, &params)).await;
    }
}

async fn renew(cluster: &Cluster, api: &Api<Lease>, name: &str) -> Result<(), CallError> {
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": { "name": name, "labels": { MANAGED_BY.0: MANAGED_BY.1 } },
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": LASTS,
            "renewTime": format!("{:.6}", Timestamp::now()),
        },
    });
    let (params, lease) = (PatchParams::apply("act-host").force(), Patch::Apply(lease));
    cluster.call(Call::PatchLease, || api.patch(name, &params, &lease)).await.map(drop)
}

/// Lists the processes that live, and deletes the Leases of those that have been gone for long.
pub(crate) async fn living(cluster: &Cluster, namespace: &str) -> Result<HashSet<String>, CallError> {
    let api: Api<Lease> = Api::namespaced(cluster.client.clone(), namespace);
    let params = ListParams::default().labels(&format!("{}={}", MANAGED_BY.0, MANAGED_BY.1));
    let leases = cluster.call(Call::ListLeases, || api.list(&params)).await?;
    let now = Timestamp::now();
    Ok(leases.into_iter().filter(|lease| lives(lease, now)).filter_map(|lease| lease.metadata.name).collect())
}

fn lives(lease: &Lease, now: Timestamp) -> bool {
    let Some(spec) = &lease.spec else { return false };
    let lasts = i64::from(spec.lease_duration_seconds.unwrap_or_default());
    let renewed = spec.renew_time.as_ref().map(|time| time.0);
    renewed.is_some_and(|renewed| now.duration_since(renewed) < SignedDuration::from_secs(lasts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_lives_until_it_runs_out() {
        let lease = |renewed: &str| -> Lease {
            let spec = json!({ "leaseDurationSeconds": 120, "renewTime": renewed });
            serde_json::from_value(json!({ "metadata": { "name": "l" }, "spec": spec })).unwrap()
        };
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        assert!(lives(&lease("2026-11-21T09:58:01.000000Z"), now));
        assert!(!lives(&lease("2026-11-21T09:58:00.000000Z"), now));
        assert!(!lives(&Lease::default(), now));
    }
}
