//! The inside of a bed: the process that starts everything and keeps it running, in namespaces of its own.
//!
//! Nothing that it does is to be seen outside but the bed's folder and its control groups: mounts, network and processes
//! end with the namespaces, which end with this process, however that ends.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::bed::Parts;
use super::cache::make_folder;
use super::component::{self, Component};
use super::faults::{Fault, Request};
use super::groups;
use super::images::Image;
use super::site::{CREDENTIALS, NODE, NODE_ADDRESS, REGISTRIES, SERVER, SERVER_ADDRESS, Site};
use crate::cargo::listen;

/// Hidden under empty folders in the bed: programs have places below them that no flag changes.
const HIDDEN: [&str; 3] = ["/run", "/var/lib", "/var/log"];

/// What the kubelet would set for the whole machine; in the bed these are files that say it is set already.
const KERNEL_SETTINGS: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

const CONTAINERD: &str = "/run/bed/containerd.sock";

/// What the registries have: by our image, under which names.
const IN_REGISTRIES: [(&str, &str); 3] = [
    ("bed.local/open:1", "registry.bed.local/busybox:1"),
    ("bed.local/foreign:1", "registry.bed.local/foreign:1"),
    ("bed.local/private:1", "private.bed.local/busybox:1"),
];

/// Seconds in which a server must answer, on a machine that does much else.
const PATIENCE: u32 = 300;

struct Bed {
    site: Site,
    parts: Parts,
    components: Vec<Arc<Component>>,
    /// `starting: …`, `ready` or `failed: …`.
    stage: Mutex<String>,
}

/// Brings the bed up, and keeps it until the other end of standard input is closed, where it is tied to that.
///
/// # Errors
/// When it was not told how long to live.
pub(crate) fn run(folder: &Path) -> Result<(), String> {
    let mut input = BufReader::new(std::io::stdin());
    let mut life = String::new();
    input.read_line(&mut life).map_err(|error| error.to_string())?;
    let is_tied = match life.trim() {
        "tied" => true,
        "detached" => false,
        // Whoever started this died before it wrote down that there is a bed.
        other => return Err(format!("told `{other}` in place of how long to live")),
    };
    let site = Site::at(folder);
    let parts = Parts::read(&site)?;
    let components = component::all(&site, &parts.programs).into_iter().map(Arc::new).collect();
    let bed =
        Arc::new(Bed { site, parts, components, stage: Mutex::new("starting: the network".to_owned()) });
    let listener = UnixListener::bind(bed.site.control()).map_err(|error| format!("control: {error}"))?;
    let answering = Arc::clone(&bed);
    thread::spawn(move || answering.answer(&listener));
    if let Err(error) = bed.up() {
        bed.stage(format!("failed: {error}"));
    }
    if is_tied {
        // Only its end matters.
        let _ = input.read_to_end(&mut Vec::new());
        return Ok(());
    }
    loop {
        thread::park();
    }
}

impl Bed {
    fn stage(&self, text: String) {
        eprintln!("{text}");
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    fn up(&self) -> Result<(), String> {
        self.enclose()?;
        network()?;
        groups::make(&self.site.group())?;
        self.tools(&["certs", &self.keys(), SERVER, NODE, SERVER_ADDRESS, NODE_ADDRESS, "127.0.0.1"])?;
        self.stage("starting: etcd, containerd, the API server".to_owned());
        self.start(&["etcd", "containerd", "kube-apiserver", "registry", "registry-private"]);
        connected(Path::new(CONTAINERD))?;
        self.import(&self.parts.images)?;
        self.stage("starting: the API server".to_owned());
        self.wait("/readyz")?;
        self.stage("starting: controllers, the node".to_owned());
        self.start(&["kube-controller-manager", "kube-scheduler", "kubelet"]);
        self.fill_registries()?;
        self.wait(&format!("/api/v1/nodes/{NODE}"))?;
        let ready = ["wait", "--for=condition=Ready", "node/bed", &format!("--timeout={PATIENCE}s")];
        run_quietly(self.kubectl().args(ready))?;
        self.wait("/api/v1/namespaces/default/serviceaccounts/default")?;
        self.stage("ready".to_owned());
        Ok(())
    }

    /// Makes mounts that end with this namespace.
    fn enclose(&self) -> Result<(), String> {
        // What pods mount is seen by the other programs of the bed, and by nobody else.
        mount(&["--make-rshared", "/"])?;
        for folder in HIDDEN {
            if self.site.folder().starts_with(folder) {
                return Err(format!(
                    "{} lies below {folder}: set ACT_HOST_CACHE",
                    self.site.folder().display()
                ));
            }
            mount(&["-t", "tmpfs", "tmpfs", folder])?;
        }
        make_folder(Path::new("/run/bed"))?;
        for (at, (setting, value)) in KERNEL_SETTINGS.into_iter().enumerate() {
            let (file, setting) = (format!("/run/bed/setting-{at}"), format!("/proc/sys/{setting}"));
            if Path::new(&setting).exists() {
                fs::write(&file, format!("{value}\n")).map_err(|error| format!("{file}: {error}"))?;
                mount(&["--bind", &file, &setting])?;
            }
        }
        Ok(())
    }

    fn start(&self, names: &[&str]) {
        for component in self.components.iter().filter(|component| names.contains(&component.name)) {
            let component = Arc::clone(component);
            thread::spawn(move || component.keep());
        }
    }

    /// All archives at once; unpacked when a pod wants one, for most are for few tests.
    fn import(&self, images: &[Image]) -> Result<(), String> {
        self.stage("starting: images".to_owned());
        for image in images {
            let mut command = self.ctr(&["images", "import", "--all-platforms", "--no-unpack"]);
            run_quietly(command.arg(&image.archive)).map_err(|error| format!("{}: {error}", image.name))?;
        }
        Ok(())
    }

    fn fill_registries(&self) -> Result<(), String> {
        let hosts = self.site.at_place("etc/hosts").display().to_string();
        for (image, name) in IN_REGISTRIES {
            let (registry, _) = name.split_once('/').unwrap_or((name, ""));
            let address = REGISTRIES.iter().find(|(known, _)| *known == registry).map_or("", |(_, at)| at);
            reachable(address.trim_start_matches("http://"))?;
            let options = ["--plain-http", "--hosts-dir", &hosts, "--user", CREDENTIALS];
            let push = [&["images", "push"], &options[..], &[name, image]].concat();
            run_quietly(&mut self.ctr(&push)).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }

    fn keys(&self) -> String {
        self.site.at_place("keys").display().to_string()
    }

    fn wait(&self, path: &str) -> Result<(), String> {
        self.tools(&["wait", &self.keys(), &format!("{SERVER}{path}"), &PATIENCE.to_string()])
    }

    fn tools(&self, arguments: &[&str]) -> Result<(), String> {
        run_quietly(Command::new(&self.parts.programs.tools).args(arguments))
    }

    fn ctr(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.parts.programs.containerd.join("ctr"));
        command.args(["--address", CONTAINERD, "--namespace", "k8s.io"]).args(arguments);
        command
    }

    fn kubectl(&self) -> Command {
        let mut command = Command::new(self.parts.programs.kubectl());
        command.env("KUBECONFIG", self.site.kubeconfig());
        command
    }

    fn answer(&self, listener: &UnixListener) {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            if BufReader::new(&stream).read_line(&mut line).is_err() {
                continue;
            }
            let answer = Request::parse(&line).and_then(|request| self.serve(request));
            let answer = answer.unwrap_or_else(|error| format!("error: {error}"));
            // Who does not wait for the answer does not want it.
            let _ = writeln!(&stream, "{answer}");
        }
    }

    fn serve(&self, request: Request) -> Result<String, String> {
        match request {
            Request::Status => Ok(self.told()),
            Request::Fault(name, fault) => {
                let component = self.components.iter().find(|component| component.name == name);
                let component = component.ok_or_else(|| format!("there is no {name}"))?;
                inflict(component, fault).map(|()| "ok".to_owned())
            }
        }
    }

    fn told(&self) -> String {
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let components = self.components.iter().map(|component| {
            let (starts, process) = component.told();
            let process = process.map_or_else(|| "not running".to_owned(), |id| format!("process {id}"));
            format!("{:<24} {process}, started {starts} times", component.name)
        });
        [stage].into_iter().chain(components).collect::<Vec<_>>().join("\n")
    }
}

fn inflict(component: &Arc<Component>, fault: Fault) -> Result<(), String> {
    match fault {
        Fault::Kill => component.signal(Signal::KILL),
        Fault::Restart => component.signal(Signal::TERM),
        Fault::Down(time) => {
            component.hold(time);
            component.signal(Signal::KILL)
        }
        Fault::Pause(time) => {
            component.signal(Signal::STOP)?;
            let component = Arc::clone(component);
            thread::spawn(move || {
                thread::sleep(time);
                // It may have been killed meanwhile; what was started since does not mind.
                let _ = component.signal(Signal::CONT);
            });
            Ok(())
        }
    }
}

/// Addresses that no one else can have: the network is this bed's alone.
fn network() -> Result<(), String> {
    for line in [
        "link set lo up",
        "link add bed0 type bridge",
        &format!("address add {NODE_ADDRESS}/16 dev bed0"),
        &format!("address add {SERVER_ADDRESS}/32 dev bed0"),
        "link set bed0 up",
    ] {
        run_quietly(Command::new("ip").args(line.split(' ')))?;
    }
    Ok(())
}

fn mount(arguments: &[&str]) -> Result<(), String> {
    run_quietly(Command::new("mount").args(arguments))
}

fn run_quietly(command: &mut Command) -> Result<(), String> {
    let said = listen(command)?;
    if said.success {
        return Ok(());
    }
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    Err(format!("{program} failed: {}", said.text.trim()))
}

fn connected(socket: &Path) -> Result<(), String> {
    until(|| UnixStream::connect(socket).map(drop).map_err(|error| format!("{}: {error}", socket.display())))
}

fn reachable(address: &str) -> Result<(), String> {
    until(|| std::net::TcpStream::connect(address).map(drop).map_err(|error| format!("{address}: {error}")))
}

fn until(attempt: impl Fn() -> Result<(), String>) -> Result<(), String> {
    let end = Instant::now() + Duration::from_secs(PATIENCE.into());
    loop {
        match attempt() {
            Err(error) if Instant::now() > end => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(20)),
            Ok(()) => return Ok(()),
        }
    }
}
