//! One Lease a process of this program: what it made is swept by others only when its Lease has run out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use serde_json::json;
use tokio::task::JoinSet;

use crate::calls::{CallError, Cluster};
use crate::labels::MANAGED_BY;
use crate::rights::Call;

/// How long a Lease counts. Longer than an API server is away.
const LASTS: i32 = 120;

/// How often it is renewed.
const TURN: Duration = Duration::from_secs(20);

/// For how long a Lease that ran out is kept, for those who look for what became of its process.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

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
    let mut living = HashSet::new();
    for lease in leases {
        let over = overdue(&lease, now);
        if over.is_some_and(|over| over.is_negative()) {
            living.extend(lease.metadata.name);
        } else if over.is_none_or(|over| over > REMEMBERED) {
            forget(cluster, &api, lease.metadata).await;
        }
    }
    Ok(living)
}

/// Deletes a Lease unless somebody renews it at this moment. It says nothing any more: what cannot be deleted does no harm.
async fn forget(cluster: &Cluster, api: &Api<Lease>, lease: ObjectMeta) {
    let preconditions = Preconditions { uid: lease.uid, resource_version: lease.resource_version };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    let name = lease.name.unwrap_or_default();
    let _ = cluster.call(Call::DeleteLease, || api.delete(&name, &params)).await;
}

/// Returns for how long a Lease has run out, negative while it has not; nothing where it never counted.
fn overdue(lease: &Lease, now: Timestamp) -> Option<SignedDuration> {
    let spec = lease.spec.as_ref()?;
    let lasts = SignedDuration::from_secs(spec.lease_duration_seconds.unwrap_or_default().into());
    Some(now.duration_since(spec.renew_time.as_ref()?.0) - lasts)
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
        let over = |renewed: &str| overdue(&lease(renewed), now).map(|over| over.as_secs());
        assert_eq!(over("2026-11-21T09:58:01.000000Z"), Some(-1));
        assert_eq!(over("2026-11-21T09:58:00.000000Z"), Some(0));
        assert_eq!(overdue(&Lease::default(), now), None);
    }
}
