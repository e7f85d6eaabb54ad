//! Objects of machines on the cluster: made so that nothing is left of what was made by half, and taken down.
//!
//! Order of a making: the pod first, held back by a scheduling gate where it needs Secrets, so that these belong to it
//! from the start; then the Secrets; then the gate is lifted. A process that dies in between leaves a pod that others
//! find, and with it everything goes. A Job is held back by being suspended.

use std::collections::HashMap;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use serde_json::{Value, json};

use crate::calls::{CallError, Cluster};
use crate::connect::missing;
use crate::labels::{HOST, KEPT, MACHINE, MANAGED_BY};
use crate::objects::Objects;
use crate::rights::Call;

/// Who says what objects are.
const MANAGER: &str = "act-host";

/// What a pod waits for that is not to start yet.
const GATE: &str = "act-host.dev/secrets";

/// How often, and how far apart, a Job's pod is looked for.
const LOOKS: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What a machine is on the cluster.
pub(crate) struct Made {
    pub(crate) uid: String,
    /// Whether it was there already.
    pub(crate) is_known: bool,
    /// The pod, where it is one and not a Job.
    pub(crate) pod: Option<Pod>,
}

/// What holds the objects of one namespace.
pub(crate) struct Machines<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) namespace: &'a str,
}

impl Machines<'_> {
    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.cluster.client.clone(), self.namespace)
    }

    fn jobs(&self) -> Api<Job> {
        Api::namespaced(self.cluster.client.clone(), self.namespace)
    }

    /// Makes the ConfigMap of the agent, unless it is there.
    pub(crate) async fn ensure_config_map(&self, map: &Value) -> Result<(), CallError> {
        let api: Api<ConfigMap> = Api::namespaced(self.cluster.client.clone(), self.namespace);
        let name = map["metadata"]["name"].as_str().unwrap_or_default();
        match self.cluster.call(Call::GetConfigMap, || api.get_metadata(name)).await {
            Ok(_) => return Ok(()),
            Err(CallError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        let map: ConfigMap = typed(map)?;
        let params = params();
        match self.cluster.call(Call::CreateConfigMap, || api.create(&params, &map)).await {
            Ok(_) | Err(CallError::Exists(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a machine with its Secrets, or finds it made.
    pub(crate) async fn make(&self, objects: &Objects, secrets: &[Value]) -> Result<Made, CallError> {
        let is_job = objects.machine["kind"] == "Job";
        let made = if is_job {
            self.make_job(objects, !secrets.is_empty()).await?
        } else {
            self.make_pod(objects, !secrets.is_empty()).await?
        };
        if secrets.is_empty() {
            return Ok(made);
        }
        match self.complete(objects, secrets, &made, is_job).await {
            Ok(()) => Ok(made),
            Err(error) => {
                // What was made by half goes at once, and its Secrets with it.
                let _ = self.delete(&objects.name, Some(&made.uid), is_job).await;
                Err(error)
            }
        }
    }

    async fn make_pod(&self, objects: &Objects, is_held: bool) -> Result<Made, CallError> {
        let mut pod = objects.machine.clone();
        if is_held {
            pod["spec"]["schedulingGates"] = json!([{ "name": GATE }]);
        }
        let pod: Pod = typed(&pod)?;
        let (api, params) = (self.pods(), params());
        let create = async || self.cluster.call(Call::CreatePod, || api.create(&params, &pod)).await;
        let mut created = create().await;
        if let Err(CallError::Exists(_)) = created
            && self.clear(objects).await?
        {
            created = create().await;
        }
        match created {
            Ok(pod) => Ok(Made { uid: uid(&pod.metadata), is_known: false, pod: Some(pod) }),
            Err(CallError::Exists(_)) => {
                let known = self.cluster.call(Call::GetPod, || api.get(&objects.name)).await?;
                self.check(&known.metadata, objects)?;
                let pod = self.patch_pod(&objects.name, &owned_by(objects)).await?;
                Ok(Made { uid: uid(&pod.metadata), is_known: true, pod: Some(pod) })
            }
            Err(error) => Err(error),
        }
    }

    /// Frees the name of an earlier machine that has ended and is only still listed.
    async fn clear(&self, objects: &Objects) -> Result<bool, CallError> {
        let api = self.pods();
        let known = match self.cluster.call(Call::GetPod, || api.get(&objects.name)).await {
            Ok(known) => known,
            Err(CallError::NotFound(_)) => return Ok(true),
            Err(error) => return Err(error),
        };
        if known.metadata.deletion_timestamp.is_none() || !is_over(&known) {
            return Ok(false);
        }
        let now = DeleteParams { grace_period_seconds: Some(0), ..of_uid(Some(&uid(&known.metadata))) };
        match self.cluster.call(Call::DeletePod, || api.delete(&objects.name, &now)).await {
            Ok(_) | Err(CallError::NotFound(_) | CallError::Conflict(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Asks for all rights on Jobs, before the first is made: one that could not be deleted would stay. Where nobody answers,
    /// making it will say so.
    pub(crate) async fn may_have_jobs(&self) -> Result<(), CallError> {
        let calls = Call::ALL.into_iter().filter(|call| call.is_of_jobs());
        let missing = missing(&self.cluster.client, self.namespace, calls).await.unwrap_or_default();
        if missing.is_empty() {
            return Ok(());
        }
        Err(CallError::Forbidden(format!(
            "this account may not have Jobs in namespace `{}`: it lacks {} (`act-host kubernetes rbac` prints the Role)",
            self.namespace,
            missing.join(", ")
        )))
    }

    async fn make_job(&self, objects: &Objects, is_held: bool) -> Result<Made, CallError> {
        let mut job = objects.machine.clone();
        if is_held {
            job["spec"]["suspend"] = json!(true);
        }
        let job: Job = typed(&job)?;
        let (api, params) = (self.jobs(), params());
        match self.cluster.call(Call::CreateJob, || api.create(&params, &job)).await {
            Ok(job) => Ok(Made { uid: uid(&job.metadata), is_known: false, pod: None }),
            Err(CallError::Exists(_)) => {
                let known = self.cluster.call(Call::GetJob, || api.get(&objects.name)).await?;
                self.check(&known.metadata, objects)?;
                let Some(pod) = self.pod_soon(objects, &known).await? else {
                    // Nothing of it has run, and its pod would be the other process's.
                    self.delete(&objects.name, Some(&uid(&known.metadata)), true).await?;
                    return Err(CallError::Conflict(
                        "an earlier Job of this name has no pod, and is made again".to_owned(),
                    ));
                };
                // Its pod is followed by the label of whoever answers for it.
                self.patch_pod(&pod.metadata.name.unwrap_or_default(), &owned_by(objects)).await?;
                Ok(Made { uid: uid(&known.metadata), is_known: true, pod: None })
            }
            Err(error) => Err(error),
        }
    }

    /// Finds the pod of a Job, which comes a moment after that; nothing where the Job is held back.
    async fn pod_soon(&self, objects: &Objects, job: &Job) -> Result<Option<Pod>, CallError> {
        let digest = objects.labels.get(MACHINE).map_or("", String::as_str);
        for _ in 0..LOOKS {
            let pod = self.pod_of(digest).await?;
            if pod.is_some() || is_held(job) {
                return Ok(pod);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(None)
    }

    /// Whether what is there is the machine that is wanted.
    fn check(&self, known: &ObjectMeta, objects: &Objects) -> Result<(), CallError> {
        let digest = |labels: Option<&std::collections::BTreeMap<String, String>>| {
            labels.and_then(|labels| labels.get(MACHINE)).cloned()
        };
        if digest(known.labels.as_ref()) != digest(Some(&objects.labels)) {
            return Err(CallError::Refused(format!(
                "`{}` in namespace `{}` is somebody else's",
                objects.name, self.namespace
            )));
        }
        if known.deletion_timestamp.is_some() {
            return Err(CallError::Conflict(
                "an earlier machine of this name is still being taken down".to_owned(),
            ));
        }
        Ok(())
    }

    async fn complete(
        &self,
        objects: &Objects,
        secrets: &[Value],
        made: &Made,
        is_job: bool,
    ) -> Result<(), CallError> {
        let kind = if is_job { ("batch/v1", "Job") } else { ("v1", "Pod") };
        let owner = json!([{ "apiVersion": kind.0, "kind": kind.1, "name": objects.name, "uid": made.uid }]);
        let api: Api<Secret> = Api::namespaced(self.cluster.client.clone(), self.namespace);
        let params = PatchParams::apply(MANAGER).force();
        for secret in secrets {
            let mut secret = secret.clone();
            secret["metadata"]["ownerReferences"] = owner.clone();
            let name = secret["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let secret = Patch::Apply(secret);
            self.cluster.call(Call::PatchSecret, || api.patch(&name, &params, &secret)).await?;
        }
        if is_job {
            let (api, params) = (self.jobs(), PatchParams::default());
            let start = Patch::Merge(json!({ "spec": { "suspend": false } }));
            self.cluster.call(Call::PatchJob, || api.patch(&objects.name, &params, &start)).await?;
        } else {
            self.patch_pod(&objects.name, &json!({ "spec": { "schedulingGates": null } })).await?;
        }
        Ok(())
    }

    async fn patch_pod(&self, name: &str, patch: &Value) -> Result<Pod, CallError> {
        let (api, params) =
            (self.pods(), PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() });
        let patch = Patch::Merge(patch);
        self.cluster.call(Call::PatchPod, || api.patch(name, &params, &patch)).await
    }

    /// Finds one machine's pod.
    pub(crate) async fn pod_of(&self, digest: &str) -> Result<Option<Pod>, CallError> {
        let (api, params) = (self.pods(), ListParams::default().labels(&format!("{MACHINE}={digest}")));
        let found = self.cluster.call(Call::ListPods, || api.list(&params)).await?;
        Ok(found.items.into_iter().next())
    }

    /// Hands a machine's pod over to whoever wants to look into it; nothing where there is none.
    pub(crate) async fn keep(&self, digest: &str) -> Result<Option<Pod>, CallError> {
        let Some(pod) = self.pod_of(digest).await?.filter(|pod| pod.metadata.deletion_timestamp.is_none())
        else {
            return Ok(None);
        };
        let name = pod.metadata.name.unwrap_or_default();
        self.patch_pod(&name, &json!({ "metadata": { "labels": { HOST: KEPT } } })).await.map(Some)
    }

    /// Finds the Job of one machine that is held back, and so has no pod. Who may not look at Jobs has none.
    pub(crate) async fn held_job_of(&self, digest: &str) -> Result<Option<Job>, CallError> {
        Ok(self.held_jobs(&format!("{MACHINE}={digest}")).await?.into_iter().next())
    }

    /// Lists what machines of this program are on the cluster, each once: its pod, or the Job that is held back.
    pub(crate) async fn all(&self) -> Result<Vec<ObjectMeta>, CallError> {
        let own = format!("{}={}", MANAGED_BY.0, MANAGED_BY.1);
        let (api, params) = (self.pods(), ListParams::default().labels(&own));
        let pods = self.cluster.call(Call::ListPods, || api.list(&params)).await?.items;
        let jobs = self.held_jobs(&own).await?;
        let found = jobs.into_iter().map(|job| job.metadata).chain(pods.into_iter().map(|pod| pod.metadata));
        let of_machine =
            |metadata: ObjectMeta| Some((metadata.labels.as_ref()?.get(MACHINE)?.clone(), metadata));
        let by_machine: HashMap<String, ObjectMeta> = found.filter_map(of_machine).collect();
        Ok(by_machine.into_values().collect())
    }

    async fn held_jobs(&self, labels: &str) -> Result<Vec<Job>, CallError> {
        let (api, params) = (self.jobs(), ListParams::default().labels(labels));
        match self.cluster.call(Call::ListJobs, || api.list(&params)).await {
            Ok(found) => Ok(found.items.into_iter().filter(is_held).collect()),
            Err(CallError::Forbidden(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether a Job is still there: as long as it is, so may be its pod.
    pub(crate) async fn has_job(&self, name: &str) -> Result<bool, CallError> {
        let api = self.jobs();
        match self.cluster.call(Call::GetJob, || api.get_metadata(name)).await {
            Ok(_) => Ok(true),
            Err(CallError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes a machine: this one, and no other that has its name by now.
    pub(crate) async fn delete(&self, name: &str, uid: Option<&str>, is_job: bool) -> Result<(), CallError> {
        // A Job goes after its pod, so that it is known when that is gone. For a pod that would be three calls of the
        // cluster's own controllers, and a wait for them: what belongs to it goes after it anyway.
        let policy = if is_job { PropagationPolicy::Foreground } else { PropagationPolicy::Background };
        let params = DeleteParams { propagation_policy: Some(policy), ..of_uid(uid) };
        let done = if is_job {
            let api = self.jobs();
            self.cluster.call(Call::DeleteJob, || api.delete(name, &params)).await.map(drop)
        } else {
            let api = self.pods();
            self.cluster.call(Call::DeletePod, || api.delete(name, &params)).await.map(drop)
        };
        match done {
            // Another one of this name is another machine.
            Ok(()) | Err(CallError::NotFound(_) | CallError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Hands a pod over to whoever asks for it now.
fn owned_by(objects: &Objects) -> Value {
    json!({ "metadata": { "labels": { HOST: objects.labels.get(HOST) } } })
}

/// Whether a Job is held back: it makes no pod.
fn is_held(job: &Job) -> bool {
    job.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or_default()
}

/// Whether a pod runs nothing any more, and never will.
pub(crate) fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Failed" | "Succeeded"))
}

/// Deletes nothing but the one of this uid.
fn of_uid(uid: Option<&str>) -> DeleteParams {
    let preconditions = uid.map(|uid| Preconditions { uid: Some(uid.to_owned()), resource_version: None });
    DeleteParams { preconditions, ..DeleteParams::default() }
}

fn params() -> PostParams {
    PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() }
}

fn uid(metadata: &ObjectMeta) -> String {
    metadata.uid.clone().unwrap_or_default()
}

fn typed<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, CallError> {
    serde_json::from_value(value.clone())
        .map_err(|error| CallError::Refused(format!("no such object can be made: {error}")))
}
