//! A way to the agent of one pod: `pods/exec` of its proxy.
//!
//! What the socket says of the proxy's end is nothing that counts: how a step ended the agent says, and how the agent
//! ended the pod's status does.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use act_core::decide::Seen;
use act_remote::{ByteStream, Dial, DialError, Verdict};
use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, SimplexStream, WriteHalf};
use tokio::sync::watch;

use crate::calls::{Cluster, with_causes};
use crate::containers::JOB;
use crate::rights::Call;
use crate::seen::{Phase, look};
use crate::watch::Sight;

/// How long the API server may take to open a session.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long a pod that has ended may take to say how.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What is on its way, each way: the default of a kilobyte makes a message of each line.
const BUFFER: usize = 256 * 1024;

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
        let params = AttachParams {
            container: Some(JOB.to_owned()),
            stdin: true,
            stdout: true,
            stderr: false,
            max_stdin_buf_size: Some(BUFFER),
            max_stdout_buf_size: Some(BUFFER),
            ..AttachParams::default()
        };
        self.cluster.turn(Call::CreateExec).await;
        let opening = tokio::time::timeout(TIMEOUT, self.api.exec(&name, &self.proxy, &params)).await;
        let later = |text: String| DialError::Unreachable(text);
        let mut process = match opening {
            Ok(Ok(process)) => process,
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => {
                return Err(DialError::Gone(status.message));
            }
            Ok(Err(error)) => return Err(later(with_causes(&error))),
            Err(_) => return Err(later(format!("no session within {} s", TIMEOUT.as_secs()))),
        };
        match (process.stdin(), process.stdout(), process.take_status()) {
            (Some(write), Some(read), Some(status)) => {
                let over = status.map(drop).boxed();
                Ok(Box::new(ExecStream { read, write, over: Some(over), _process: process }))
            }
            _ => Err(later("the session has no streams".to_owned())),
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

/// A session over `pods/exec`: bytes both ways. Dropping it ends the proxy, not the agent.
struct ExecStream {
    read: ReadHalf<SimplexStream>,
    write: WriteHalf<SimplexStream>,
    /// Ends with the session: one whose connection breaks leaves its streams open.
    over: Option<BoxFuture<'static, ()>>,
    _process: AttachedProcess,
}

impl AsyncRead for ExecStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.read).poll_read(context, buffer) {
            return Poll::Ready(read);
        }
        if let Some(over) = &mut self.over {
            ready!(over.as_mut().poll(context));
            self.over = None;
        }
        // What came before the end is still to be read; where there is nothing, that is the end.
        match Pin::new(&mut self.read).poll_read(context, buffer) {
            Poll::Ready(read) => Poll::Ready(read),
            Poll::Pending => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for ExecStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.write).poll_shutdown(context)
    }
}
