//! A node without containers, for tests of more pods than a machine has room for: a kubelet of the tests.
//!
//! It stands for the kubelet and what is below it (containerd, runc, images, network, volumes), and for nothing else: API
//! server, etcd, scheduler and controllers are the cluster's own and see a node like any other. To the API server it
//! does what a kubelet does: it registers a node, renews its Lease, watches the pods that are bound to it, patches their
//! status, answers `pods/exec` on its own HTTPS endpoint, and confirms deletions. A pod's one container is a folder, and in
//! it the real agent as a process of this machine, every path of its command line below that folder.
//!
//! What it does not have: images (all are there), probes, init containers, limits, logs, users, and checks of who asks.

mod exec;
mod node;
mod pods;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::Cluster;

/// The address of the bed's node. The port is whichever is free: the node object says it.
const ADDRESS: &str = "10.89.0.1";

/// The taint that keeps all other pods away.
pub const TAINT: &str = "test.act-host.dev/only";

/// What runs a node, until it is dropped: then the node is gone, and every process of its pods.
pub struct Kubelet {
    world: Arc<World>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What all parts of it share.
struct World {
    node: String,
    port: u16,
    client: Client,
    agent: PathBuf,
    folders: TempDir,
    /// The root of each pod that runs, by namespace and name.
    roots: Mutex<HashMap<(String, String), PathBuf>>,
    begun: AtomicUsize,
    most: AtomicUsize,
}

impl Kubelet {
    /// Starts one with a node of its own in a cluster of ours; the node is ready when this returns.
    #[must_use]
    pub fn start(cluster: &Cluster) -> Self {
        let node = format!("fake-{:08x}", fastrand::u32(..));
        let kubeconfig = cluster.kubeconfig().clone();
        let (stop, stopped) = oneshot::channel();
        let (made, world) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind((ADDRESS, 0)).await.unwrap();
                let world =
                    Arc::new(World::make(node, listener.local_addr().unwrap().port(), &kubeconfig).await);
                node::register(&world).await;
                made.send(Arc::clone(&world)).unwrap();
                let keys = kubeconfig.parent().unwrap();
                tokio::select! {
                    () = node::keep(&world) => {}
                    () = pods::keep(&world) => {}
                    () = exec::answer(&world, listener, keys) => {}
                    _ = stopped => {}
                }
                node::remove(&world).await;
            });
        });
        let world = world.recv().expect("the node comes up; see above");
        let kubelet = Self { world, stop: Some(stop), thread: Some(thread) };
        cluster.kubectl(["wait", "--for=condition=Ready", "node", kubelet.node(), "--timeout=60s"]);
        kubelet
    }

    /// The name of its node, which is also its label `kubernetes.io/hostname` and the value of its taint.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.world.node
    }

    /// How many pods were begun.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.world.begun.load(Ordering::Relaxed)
    }

    /// How many pods ran at once, at the most.
    #[must_use]
    pub fn most(&self) -> usize {
        self.world.most.load(Ordering::Relaxed)
    }

    /// What the plugin `k8s` is told so that jobs come here.
    #[must_use]
    pub fn settings(&self) -> String {
        let node = self.node();
        format!(
            "[plugin.settings.platforms.ubuntu-latest]\nimage = 'bed.local/node:1'\n\
             nodeSelector = {{ 'kubernetes.io/hostname' = '{node}' }}\n\
             tolerations = [{{ key = '{TAINT}', value = '{node}', effect = 'NoSchedule' }}]\n"
        )
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl World {
    async fn make(node: String, port: u16, kubeconfig: &Path) -> Self {
        let read = Kubeconfig::read_from(kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
        Self {
            node,
            port,
            client: Client::try_from(config).unwrap(),
            agent: act_tests::cli::act_agent().to_owned(),
            folders: tempfile::Builder::new().prefix("act-pods").tempdir().unwrap(),
            roots: Mutex::default(),
            begun: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }

    fn roots(&self) -> MutexGuard<'_, HashMap<(String, String), PathBuf>> {
        self.roots.lock().unwrap()
    }

    /// Makes a command of a container's command line: paths are below the pod's root, the program is the agent.
    fn command(&self, root: &Path, line: &[String]) -> tokio::process::Command {
        let inside = |word: &String| match word.strip_prefix('/') {
            Some(path) => root.join(path).into_os_string(),
            None => word.into(),
        };
        let mut command = tokio::process::Command::new(&self.agent);
        command.args(line.iter().skip(1).map(inside)).current_dir(root).env_clear().kill_on_drop(true);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }
}
