//! The cluster under test.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything here may take, on a machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A cluster, and where its faults are asked for if it is one of ours.
#[derive(Clone, Debug)]
pub struct Cluster {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    control: Option<PathBuf>,
}

impl Cluster {
    /// Finds the cluster; `None` means that the test is skipped, and it is said why.
    ///
    /// # Panics
    /// In CI, where there must be one.
    #[must_use]
    #[allow(clippy::print_stdout, reason = "the reason of a skip is what a test says")]
    pub fn find() -> Option<Self> {
        let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let Some(kubeconfig) = of("ACT_HOST_TEST_KUBECONFIG") else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "there is no cluster: `cargo xtask test` brings one up, ACT_HOST_TEST_KUBECONFIG names another"
            );
            println!("skipped: there is no cluster (ACT_HOST_TEST_KUBECONFIG)");
            return None;
        };
        let kubectl = of("ACT_HOST_TEST_KUBECTL").unwrap_or_else(|| PathBuf::from("kubectl"));
        Some(Self { kubeconfig, kubectl, control: of("ACT_HOST_TEST_CLUSTER_CONTROL") })
    }

    /// As [`Cluster::find`], for tests of what only our own cluster has: faults and registries.
    #[must_use]
    #[allow(clippy::print_stdout, reason = "the reason of a skip is what a test says")]
    pub fn find_own() -> Option<Self> {
        let cluster = Self::find()?;
        if cluster.control.is_none() {
            println!("skipped: the cluster is not one of `cargo xtask cluster`");
            return None;
        }
        Some(cluster)
    }

    #[must_use]
    pub fn kubeconfig(&self) -> &PathBuf {
        &self.kubeconfig
    }

    /// Makes a command of kubectl for this cluster.
    pub fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.env("KUBECONFIG", &self.kubeconfig).args(words).stdin(Stdio::null());
        command
    }

    /// Runs kubectl; returns what it says, which must be a success.
    pub fn kubectl<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> String {
        let mut command = self.command(words);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Asks for a fault, as in `apiserver-kill` or `apiserver-pause 5`; returns when it is there.
    pub fn fault(&self, line: &str) {
        assert_eq!(self.ask(line), "ok", "{line}");
    }

    /// Returns how often a program of the cluster has been started.
    #[must_use]
    pub fn starts(&self, component: &str) -> u32 {
        let told = self.ask("status");
        let line = told.lines().find(|line| line.split_whitespace().next() == Some(component)).unwrap();
        let count = line.split("started ").nth(1).unwrap().split(' ').next().unwrap();
        count.parse().unwrap()
    }

    fn ask(&self, line: &str) -> String {
        let control = self.control.as_ref().expect("a cluster of our own, as find_own returns");
        let mut stream = UnixStream::connect(control).unwrap();
        writeln!(stream, "{line}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.trim().to_owned()
    }

    /// Waits until the API server says that it is ready.
    pub fn wait_ready(&self) {
        until("the API server is ready", || {
            let mut command = self.command(["get", "--raw", "/readyz", "--request-timeout=2s"]);
            command.output().is_ok_and(|output| output.status.success())
        });
    }
}

/// Waits until something is so.
///
/// # Panics
/// When it is not, within [`PATIENCE`].
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn said(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
