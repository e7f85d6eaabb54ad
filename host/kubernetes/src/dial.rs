//! A way to the agent of one pod: `pods/exec` of its proxy.
//!
//! What the socket says of the proxy's end is nothing that counts: how a step ended the agent says, and how the agent
//! ended the pod's status does.

use std::sync::Arc;
use std::time::Duration;

use act_core::decide::Seen;
use act_remote::{ByteStream, Dial, DialError, Verdict};
use async_trait::async_trait;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::AttachParams;
use kube::core::Request;
use tokio::sync::watch;

use crate::calls::{Cluster, with_causes};
use crate::containers::JOB;
use crate::rights::Call;
use crate::seen::{Phase, look};
use crate::socket;
use crate::watch::Sight;

/// How long the API server may take to open a session.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long a pod that has ended may take to say how.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How a machine ended, as the cluster says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodEnd {
    /// What is seen of it.
    pub(crate) seen: Seen,
    /// The exit code of the agent, where it is known.
    pub(crate) exit_code: Option<i32>,
    /// What the agent wrote as its last words: its record of the steps.
    pub(crate) message: Option<String>,
}

/// A way to one pod's agent.
pub(crate) struct PodDial {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) api: Api<Pod>,
    pub(crate) sight: watch::Receiver<Sight>,
    pub(crate) proxy: Vec<String>,
}

#[async_trait]
impl Dial for PodDial {
    async fn dial(&self) -> Result<Box<dyn ByteStream>, DialError> {
        let pod = match &*self.sight.borrow() {
            Sight::Unknown => return Err(DialError::Unreachable("the pod was not seen yet".to_owned())),
            Sight::Gone(_) => return Err(DialError::Gone("the pod was deleted".to_owned())),
            Sight::There(pod) => pod.clone(),
        };
        if let Phase::Ended(seen) = look(Some(&pod)) {
            return Err(DialError::Gone(told(&seen)));
        }
        let name = pod.metadata.name.clone().unwrap_or_default();
        let params = AttachParams::default().stdin(true).stdout(true).stderr(false).container(JOB);
        let request = Request::new(self.api.resource_url()).exec(&name, &self.proxy, &params);
        let later = |text: String| DialError::Unreachable(text);
        let mut request = request.map_err(|error| later(with_causes(&error)))?;
        // For the client's own traces.
        request.extensions_mut().insert("exec");
        self.cluster.turn(Call::CreateExec).await;
        match tokio::time::timeout(TIMEOUT, socket::open(&self.cluster.client, request)).await {
            Ok(Ok(socket)) => Ok(Box::new(socket)),
            // Also "not found": a kubelet that has just been started knows none of its pods. That one is gone the watch says.
            Ok(Err(text)) => Err(later(text)),
            Err(_) => Err(later(format!("no session within {} s", TIMEOUT.as_secs()))),
        }
    }

    async fn verdict(&self) -> Verdict {
        let mut sight = self.sight.clone();
        let ended = sight.wait_for(|sight| end_of(sight).is_some());
        let _ = tokio::time::timeout(LAST_WORDS, ended).await;
        let Some(PodEnd { seen, exit_code, message }) = end_of(&self.sight.borrow()) else {
            return Verdict::default();
        };
        Verdict { reason: told(&seen), parting: message, exit: exit_code }
    }
}

/// Says in one line how a pod ended.
pub(crate) fn told(seen: &Seen) -> String {
    match seen {
        Seen::Evicted { text, .. } => format!("the pod was taken away: {text}"),
        Seen::OutOfMemory { text } | Seen::Lost { text } | Seen::Other { text, .. } => text.clone(),
        Seen::Image { text, .. } | Seen::Unschedulable { text } | Seen::Quota { text } => text.clone(),
        Seen::Pending { reason, .. } => reason.clone(),
    }
}

/// Returns how a pod ended, if it has.
pub(crate) fn end_of(sight: &Sight) -> Option<PodEnd> {
    let (pod, phase) = match sight {
        Sight::Unknown => return None,
        Sight::There(pod) => (pod, look(Some(pod))),
        Sight::Gone(pod) => (pod, gone(pod)),
    };
    let Phase::Ended(seen) = phase else { return None };
    let containers = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let mut runner = containers.filter(|container| container.name == JOB);
    let end = runner.next().and_then(|runner| runner.state.as_ref()?.terminated.clone());
    Some(PodEnd {
        seen,
        exit_code: end.as_ref().map(|end| end.exit_code),
        message: end.and_then(|end| end.message).filter(|message| !message.is_empty()),
    })
}

/// What is to be said of a pod that is not there any more: what its last state says, else that it was deleted.
pub(crate) fn gone(pod: &Pod) -> Phase {
    match look(Some(pod)) {
        ended @ Phase::Ended(_) => ended,
        Phase::Waiting(_) | Phase::Running => look(None),
    }
}
