//! A namespace of a test's own, removed with all that is in it.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::cluster::{Cluster, until};

pub struct Namespace {
    pub cluster: Cluster,
    pub name: String,
}

impl Namespace {
    /// Makes one whose name nobody else has; pods can be made in it.
    #[must_use]
    pub fn make(cluster: &Cluster) -> Self {
        let name = format!("test-{:08x}", fastrand::u32(..));
        cluster.kubectl(["create", "namespace", &name]);
        let made = Self { cluster: cluster.clone(), name };
        made.kubectl(["wait", "--for=create", "serviceaccount/default", "--timeout=300s"]);
        made
    }

    /// Runs kubectl in it; returns what it says, which must be a success.
    pub fn kubectl<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> String {
        self.cluster.kubectl(self.within(words))
    }

    /// Runs kubectl in it, whatever comes of it.
    pub fn output<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Output {
        self.cluster.command(self.within(words)).output().unwrap()
    }

    fn within<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Vec<std::ffi::OsString> {
        let own = ["--namespace", &self.name].map(std::ffi::OsString::from);
        own.into_iter().chain(words.into_iter().map(|word| word.as_ref().to_owned())).collect()
    }

    /// Applies an object.
    pub fn apply(&self, object: &Value) {
        let mut command = self.cluster.command(self.within(["apply", "--filename", "-"]));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(object.to_string().as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{object:#}");
    }

    /// Asks for a pod's eviction, as whoever empties a node does.
    pub fn evict(&self, pod: &str) {
        let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", self.name);
        let eviction = json!({ "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": pod } });
        let mut command = self.cluster.command(["create", "--raw", &path, "--filename", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(eviction.to_string().as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Makes a pod of one container; `more` is put over its specification.
    pub fn run(&self, pod: &str, image: &str, command: &[&str], more: &Value) {
        let mut spec = json!({
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [{ "name": "main", "image": image, "command": command }],
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        self.apply(&json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": pod }, "spec": spec }));
    }

    #[must_use]
    pub fn pod(&self, pod: &str) -> Value {
        serde_json::from_str(&self.kubectl(["get", "pod", pod, "--output=json"])).unwrap()
    }

    /// Waits until a pod is in a phase, or in one from which it does not come there any more.
    pub fn wait_phase(&self, pod: &str, phase: &str) {
        let mut last = Value::Null;
        until(&format!("pod {pod} is {phase}"), || {
            last = self.pod(pod)["status"].clone();
            assert!(
                last["phase"] == phase || last["phase"] == "Pending" || last["phase"] == "Running",
                "pod {pod} is not {phase}: {last:#}"
            );
            last["phase"] == phase
        });
    }

    /// Waits until the container of a pod waits for a reason that begins so; returns its message.
    #[must_use]
    pub fn wait_reason(&self, pod: &str, reason: &str) -> String {
        let mut message = String::new();
        until(&format!("pod {pod} waits with {reason}"), || {
            let waiting = self.pod(pod)["status"]["containerStatuses"][0]["state"]["waiting"].clone();
            message = waiting["message"].as_str().unwrap_or_default().to_owned();
            waiting["reason"].as_str().is_some_and(|found| found.starts_with(reason))
        });
        message
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Nobody waits: what is slow to go disturbs no other namespace.
        let words = ["delete", "namespace", &self.name, "--wait=false"];
        let _ = self.cluster.command(words).stdout(Stdio::null()).status();
    }
}
