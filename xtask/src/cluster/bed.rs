//! A bed, seen from outside: started, asked, entered, removed.
//!
//! A bed is a process in namespaces of its own (see [`super::serve`]). It is written down in its folder by process id and
//! start time before it does anything, so that it can be taken down by whoever comes later.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cache;
use super::groups;
use super::images::Image;
use super::process::Process;
use super::programs::Programs;
use super::site::{self, Site};

/// The cluster's configuration, as any test finds it.
pub(crate) const KUBECONFIG: &str = "ACT_HOST_TEST_KUBECONFIG";
/// Where tests ask for faults; only a bed has it.
pub(crate) const CONTROL: &str = "ACT_HOST_TEST_CLUSTER_CONTROL";
/// The `kubectl` that fits.
pub(crate) const KUBECTL: &str = "ACT_HOST_TEST_KUBECTL";

/// Until everything is up; on an idle machine it is seconds.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a bed is made of, as the process inside reads it from the folder.
pub(crate) struct Parts {
    pub(crate) programs: Programs,
    pub(crate) images: Vec<Image>,
}

/// How long a bed lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// As long as this process: it is gone when this is killed, too.
    Tied,
    /// Until it is taken down.
    Detached,
}

/// A bed that this process has brought up.
pub(crate) struct Bed {
    site: Site,
    life: Life,
    child: Child,
    /// It outlives this handle.
    is_left: bool,
}

impl Parts {
    const FILE: &str = "parts.json";

    fn write(&self, site: &Site) -> Result<(), String> {
        let programs = &self.programs;
        let images = self.images.iter().map(|image| json!({ "name": image.name, "archive": image.archive }));
        let text = json!({
            "kubernetes": programs.kubernetes, "containerd": programs.containerd,
            "tools": programs.tools, "debian": programs.debian, "images": images.collect::<Vec<_>>(),
        });
        fs::write(site.at_place(Self::FILE), text.to_string()).map_err(|error| error.to_string())
    }

    /// Reads what the folder says.
    ///
    /// # Errors
    /// When there is nothing to read.
    pub(crate) fn read(site: &Site) -> Result<Self, String> {
        let parts = read_json(&site.at_place(Self::FILE))?;
        let path = |value: &Value| PathBuf::from(value.as_str().unwrap_or_default());
        let image = |value: &Value| Image {
            name: value["name"].as_str().unwrap_or_default().to_owned(),
            archive: path(&value["archive"]),
        };
        let programs = Programs {
            kubernetes: path(&parts["kubernetes"]),
            containerd: path(&parts["containerd"]),
            tools: path(&parts["tools"]),
            debian: path(&parts["debian"]),
        };
        Ok(Self { programs, images: parts["images"].as_array().into_iter().flatten().map(image).collect() })
    }
}

impl Bed {
    /// Brings a bed up and waits until its node is ready.
    ///
    /// # Errors
    /// When there is one of this name, or one does not come up: why, and where its logs are.
    pub(crate) fn start(site: &Site, parts: &Parts, life: Life) -> Result<Self, String> {
        let lock = lock()?;
        if let Some(process) = running(site) {
            return Err(format!("bed `{}` is up already, as process {}", site.name(), process.id));
        }
        clean(site)?;
        site.lay_out(&parts.programs)?;
        parts.write(site)?;
        let child = spawn(site, &parts.programs)?;
        let mut bed = Self { site: site.clone(), life, child, is_left: false };
        let entered = bed.enter_life();
        // Removing takes it again.
        drop(lock);
        entered.and_then(|()| bed.wait_ready()).map(|()| bed)
    }

    /// Writes the bed down, and only then lets it begin.
    fn enter_life(&mut self) -> Result<(), String> {
        let outer = Process::of(self.child.id()).ok_or("the bed ended at once")?;
        let end = Instant::now() + Duration::from_secs(30);
        let inner = loop {
            if let Some(inner) = outer.first_child() {
                break inner;
            }
            if Instant::now() > end || !outer.is_alive() {
                return Err(self.with_log("the bed has no first process"));
            }
            thread::sleep(Duration::from_millis(5));
        };
        let record = json!({ "outer": outer.written(), "inner": inner.written() }).to_string();
        fs::write(self.site.at_place(RECORD), record).map_err(|error| error.to_string())?;
        let word = if self.life == Life::Tied { "tied\n" } else { "detached\n" };
        let mut input = self.child.stdin.take().ok_or("the bed does not listen")?;
        input.write_all(word.as_bytes()).map_err(|error| error.to_string())?;
        if self.life == Life::Tied {
            // Its end is the bed's.
            self.child.stdin = Some(input);
        }
        Ok(())
    }

    fn wait_ready(&self) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let told = ask(&self.site, "status").unwrap_or_default();
            let stage = told.lines().next().unwrap_or_default();
            if stage == "ready" {
                return Ok(());
            }
            let is_over = running(&self.site).is_none() || Instant::now() > end;
            if is_over || stage.starts_with("failed: ") {
                let why = if stage.is_empty() { "it ended" } else { stage };
                return Err(self.with_log(&format!("bed `{}` does not come up: {why}", self.site.name())));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn with_log(&self, why: &str) -> String {
        let log = fs::read_to_string(self.site.log("bed")).unwrap_or_default();
        let last: Vec<_> = log.lines().rev().take(20).collect();
        let last: Vec<_> = last.into_iter().rev().collect();
        format!("{why}\n{}", last.join("\n"))
    }

    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// Kills it as an accident does, and leaves what it leaves.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub(crate) fn kill(mut self) -> Result<(), String> {
        self.is_left = true;
        self.child.kill().and_then(|()| self.child.wait()).map_err(|error| error.to_string())?;
        // The kernel ends the inner one with it, and that one all others.
        let end = Instant::now() + PATIENCE;
        while let Some(process) = running(&self.site) {
            if Instant::now() > end {
                return Err(format!("process {} outlives the one that waits for it", process.id));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Leaves the bed to itself.
    pub(crate) fn leave(mut self) {
        self.is_left = true;
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if !self.is_left {
            // What cannot be removed now is removed before the next one of this name.
            let _ = remove(&self.site);
            let _ = self.child.wait();
        }
    }
}

const RECORD: &str = "processes.json";

/// Starts the process of a bed: a session and namespaces of its own, and in it one that waits for every orphan.
fn spawn(site: &Site, programs: &Programs) -> Result<Child, String> {
    let of = |error: std::io::Error| format!("cannot start a bed: {error}");
    let log = File::create(site.log("bed")).map_err(of)?;
    let own = std::env::current_exe().map_err(of)?;
    let mut command = Command::new("setsid");
    command.args(["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["--propagation", "private", "--"]).arg(&programs.tools).arg("reap").arg(own);
    command.args(["cluster", "serve"]).arg(site.folder()).current_dir("/");
    command.stdin(Stdio::piped()).stdout(log.try_clone().map_err(of)?).stderr(log);
    // What configures clients of other clusters is no business of this one.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KUBE")) {
        command.env_remove(name);
    }
    command.spawn().map_err(of)
}

/// Returns the first process of the bed, where it lives.
pub(crate) fn running(site: &Site) -> Option<Process> {
    recorded(site).into_iter().next_back()
}

/// The recorded processes that are still those that were recorded, the outer one first.
fn recorded(site: &Site) -> Vec<Process> {
    let record = read_json(&site.at_place(RECORD)).unwrap_or_default();
    let processes = ["outer", "inner"].into_iter().filter_map(|name| Process::recorded(&record[name]));
    processes.filter(Process::is_alive).collect()
}

/// Held while a bed comes into its folder or goes out of it: what has a folder then is written down, or was left.
fn lock() -> Result<File, String> {
    cache::lock(&site::beds()?.join(".lock"))
}

/// Ends all processes of the bed and removes all that is left of it.
///
/// # Errors
/// What cannot be ended or removed.
pub(crate) fn remove(site: &Site) -> Result<(), String> {
    let _lock = lock()?;
    // The inner one takes everything in its namespace with it; the outer one only waits for it.
    for process in recorded(site).into_iter().rev() {
        process.kill()?;
    }
    clean(site)
}

/// Removes what a bed that does not run has left.
fn clean(site: &Site) -> Result<(), String> {
    groups::remove(&site.group())?;
    if site.folder().exists() {
        fs::remove_dir_all(site.folder()).map_err(|error| format!("{}: {error}", site.folder().display()))?;
    }
    Ok(())
}

/// Returns every bed that has a folder.
///
/// # Errors
/// When the folder of beds cannot be read.
pub(crate) fn all() -> Result<Vec<Site>, String> {
    let beds = site::beds()?;
    let entries = fs::read_dir(&beds).map_err(|error| format!("{}: {error}", beds.display()))?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders.iter().map(|folder| Site::at(folder)).collect())
}

/// Removes what is left of beds that no longer run.
///
/// # Errors
/// What cannot be removed.
pub(crate) fn sweep() -> Result<(), String> {
    let _lock = lock()?;
    let beds = all()?;
    beds.iter().filter(|site| running(site).is_none()).try_for_each(clean)
}

/// Sends a line to the bed; returns its answer.
///
/// # Errors
/// When it does not answer; what it answers where that is an error.
pub(crate) fn ask(site: &Site, line: &str) -> Result<String, String> {
    ask_at(&site.control(), line)
}

/// As [`ask`], by the socket.
///
/// # Errors
/// As there.
pub(crate) fn ask_at(socket: &Path, line: &str) -> Result<String, String> {
    let of = |error: std::io::Error| format!("the bed at {} does not answer: {error}", socket.display());
    let mut stream = UnixStream::connect(socket).map_err(of)?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(of)?;
    writeln!(stream, "{line}").map_err(of)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(of)?;
    match answer.strip_prefix("error: ") {
        Some(error) => Err(error.trim().to_owned()),
        None => Ok(answer.trim().to_owned()),
    }
}

/// Makes a command that runs in the bed's network, and finds the cluster by its environment.
///
/// # Errors
/// When the bed does not run.
pub(crate) fn command(site: &Site, words: &[&str]) -> Result<Command, String> {
    let process = running(site).ok_or_else(|| format!("bed `{}` is not up", site.name()))?;
    let parts = Parts::read(site)?;
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/proc/{}/ns/net", process.id)).arg("--").args(words);
    command.env(KUBECONFIG, site.kubeconfig()).env("KUBECONFIG", site.kubeconfig());
    command.env(CONTROL, site.control()).env(KUBECTL, parts.programs.kubectl());
    Ok(command)
}

fn read_json(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}
