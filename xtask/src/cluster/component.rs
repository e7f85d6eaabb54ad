//! The programs that make up a bed, each with its command line, and the thread that keeps each of them running.

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::programs::Programs;
use super::site::{NODE, NODE_ADDRESS, SERVER_ADDRESS, Site};

/// What ends sooner is started again only after this.
const TOO_SOON: Duration = Duration::from_millis(500);

/// A program of the bed that is started again whenever it ends.
pub(super) struct Component {
    pub(super) name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: Option<(u32, OwnedFd)>,
    starts: u32,
    held_until: Option<Instant>,
}

impl Component {
    fn new(site: &Site, name: &'static str, program: PathBuf, arguments: Vec<String>) -> Self {
        Self { name, program, arguments, log: site.log(name), state: Mutex::default() }
    }

    /// Starts the program, and again when it ends, for as long as the bed is there.
    pub(super) fn keep(&self) {
        loop {
            self.wait_while_held();
            let began = Instant::now();
            match self.start() {
                Ok(mut child) => {
                    let ended = child.wait();
                    self.state().running = None;
                    eprintln!("{} ended: {ended:?}", self.name);
                }
                Err(error) => eprintln!("{} does not start: {error}", self.name),
            }
            thread::sleep(TOO_SOON.saturating_sub(began.elapsed()));
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if let Some(folder) = self.program.parent() {
            // containerd finds its shim on the path.
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", folder.display()));
        }
        let mut state = self.state();
        let child = command.spawn()?;
        // It cannot be another's: nobody but us waits for it.
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        state.running = Some((child.id(), handle));
        state.starts += 1;
        Ok(child)
    }

    fn wait_while_held(&self) {
        while let Some(until) = self.state().held_until {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(Duration::from_millis(50)));
        }
    }

    /// Sends a signal; says so where the program does not run.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), String> {
        let state = self.state();
        let (_, handle) = state.running.as_ref().ok_or_else(|| format!("{} does not run", self.name))?;
        pidfd_send_signal(handle, signal).map_err(|error| format!("{}: {error}", self.name))
    }

    /// Keeps the program from starting again for so long.
    pub(super) fn hold(&self, time: Duration) {
        self.state().held_until = Some(Instant::now() + time);
    }

    /// Returns how often the program was started, and its process where it runs now.
    pub(super) fn told(&self) -> (u32, Option<u32>) {
        let state = self.state();
        (state.starts, state.running.as_ref().map(|(process, _)| *process))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Splits a command line that has no quotes.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Returns all components of a bed, in the order in which they start.
pub(super) fn all(site: &Site, programs: &Programs) -> Vec<Component> {
    let keys = site.at_place("keys").display().to_string();
    let state = site.folder().display().to_string();
    let kubernetes = |name| programs.kubernetes.join(name);
    let config = |name: &str| vec!["serve".to_owned(), format!("{state}/etc/{name}")];
    let of = |name, program, arguments| Component::new(site, name, program, arguments);
    vec![
        of("etcd", kubernetes("etcd"), etcd(&state)),
        of(
            "containerd",
            programs.containerd.join("containerd"),
            words(&format!("--config {state}/etc/containerd.toml")),
        ),
        of("kube-apiserver", kubernetes("kube-apiserver"), apiserver(&keys)),
        of("registry", programs.registry(), config("registry.yml")),
        of("registry-private", programs.registry(), config("registry-private.yml")),
        of("kube-controller-manager", kubernetes("kube-controller-manager"), controllers(&keys, &state)),
        of("kube-scheduler", kubernetes("kube-scheduler"), client(&keys, "scheduler")),
        of("kubelet", kubernetes("kubelet"), kubelet(&keys, &state)),
    ]
}

fn etcd(state: &str) -> Vec<String> {
    words(&format!(
        "--data-dir {state}/etcd --unsafe-no-fsync --log-level warn
         --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
         --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380
         --initial-cluster default=http://127.0.0.1:2380"
    ))
}

fn apiserver(keys: &str) -> Vec<String> {
    words(&format!(
        "--etcd-servers=http://127.0.0.1:2379 --bind-address={SERVER_ADDRESS} --advertise-address={SERVER_ADDRESS}
         --secure-port=443 --service-cluster-ip-range=10.96.0.0/24 --allow-privileged=true
         --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction
         --client-ca-file={keys}/ca.crt --tls-cert-file={keys}/apiserver.crt
         --tls-private-key-file={keys}/apiserver.key --service-account-issuer=https://kubernetes.default.svc
         --service-account-key-file={keys}/sa.pub --service-account-signing-key-file={keys}/sa.key
         --kubelet-client-certificate={keys}/apiserver-kubelet.crt
         --kubelet-client-key={keys}/apiserver-kubelet.key --kubelet-certificate-authority={keys}/ca.crt
         --kubelet-preferred-address-types=InternalIP"
    ))
}

/// With the rates of a large cluster: the usual ones make a new one wait for its first account.
fn client(keys: &str, user: &str) -> Vec<String> {
    words(&format!(
        "--kubeconfig={keys}/{user}.kubeconfig --authentication-kubeconfig={keys}/{user}.kubeconfig
         --authorization-kubeconfig={keys}/{user}.kubeconfig --leader-elect=false --secure-port=0
         --kube-api-qps=1000 --kube-api-burst=2000"
    ))
}

fn controllers(keys: &str, state: &str) -> Vec<String> {
    let own = words(&format!(
        "--use-service-account-credentials=true --service-account-private-key-file={keys}/sa.key
         --root-ca-file={keys}/ca.crt --cluster-signing-cert-file={keys}/ca.crt
         --cluster-signing-key-file={keys}/ca.key --flex-volume-plugin-dir={state}/volumeplugins
         --node-monitor-period=1s --node-monitor-grace-period=8s"
    ));
    [client(keys, "controllers"), own].concat()
}

fn kubelet(keys: &str, state: &str) -> Vec<String> {
    words(&format!(
        "--config={state}/etc/kubelet.yaml --kubeconfig={keys}/kubelet.kubeconfig --hostname-override={NODE}
         --node-ip={NODE_ADDRESS} --root-dir={state}/kubelet --cert-dir={state}/kubelet-keys"
    ))
}
