//! `cargo xtask cluster`: a real Kubernetes of one node for the tests, brought up on this machine and taken down again.
//!
//! ```text
//! cache      what is made once and kept          programs  built with Go, and Debian's      debian  its packages
//! images     what pods run                       tree      files that become an image       site    folder, addresses
//! bed        started, asked, removed, from outside          serve     the inside of a bed   groups  control groups
//! check      the stage of `cargo xtask test`
//! component  its programs and their command lines           faults    what tests ask for    process ids that are safe
//! ```

mod bed;
mod cache;
pub(crate) mod check;
mod component;
pub(crate) mod debian;
mod faults;
mod groups;
mod images;
mod process;
mod programs;
mod serve;
mod site;
pub(crate) mod tree;

use std::os::unix::process::CommandExt;
use std::path::Path;

use bed::{Bed, CONTROL, KUBECONFIG, Life, Parts};
use programs::Programs;
use site::{CREDENTIALS, REGISTRIES, Site};

use crate::tally::Tally;

pub(crate) const HELP: &str = "\
  cluster up|down|status [BED]
                 a real Kubernetes of one node on this machine, in namespaces of its own; BED is
                 a name, several may be up [default: default]
  cluster exec [--bed BED] -- COMMAND…
                 runs a command in the cluster's network, with KUBECONFIG set
  cluster images makes the images of the tests and says where they lie
  cluster test   only runs the tests on a real cluster, on one that is brought up for them
  cluster fault [--bed BED] FAULT [SECONDS]
                 apiserver-kill, apiserver-pause 60, kubelet-restart, …";

/// The bed that people mean.
const DEFAULT: &str = "default";

/// Does what `cargo xtask cluster …` was told.
///
/// # Errors
/// What went wrong, or how it is used.
pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    let (name, arguments) = match arguments {
        [verb, "--bed", name, rest @ ..] => (*name, [&[*verb][..], rest].concat()),
        [verb @ ("up" | "down" | "status"), name] => (*name, vec![*verb]),
        other => (DEFAULT, other.to_vec()),
    };
    match arguments.as_slice() {
        // How a bed starts itself.
        ["serve", folder] => serve::run(Path::new(folder)),
        ["up"] => up(&Site::named(name)?),
        ["down"] => down(&Site::named(name)?),
        ["status"] => status(),
        ["images"] => print_images(),
        ["test"] => test(),
        ["exec", "--", words @ ..] if !words.is_empty() => exec(&Site::named(name)?, words),
        ["fault", words @ ..] if !words.is_empty() => fault(&Site::named(name)?, &words.join(" ")),
        _ => Err(format!("usage of cargo xtask cluster:\n{HELP}\n\nfaults: {}", faults::usage())),
    }
}

/// Why there can be no bed on this machine, if so.
pub(crate) fn hindrance() -> Option<String> {
    if std::env::consts::OS != "linux" {
        return Some("a cluster needs Linux".to_owned());
    }
    if !rustix::process::geteuid().is_root() {
        return Some("a cluster needs root: it makes namespaces and mounts".to_owned());
    }
    let missing: Vec<_> = ["go", "ip", "unshare", "nsenter", "setsid", "mount", "apt-get", "dpkg"]
        .into_iter()
        .filter(|name| tree::on_path(name).is_err())
        .collect();
    (!missing.is_empty()).then(|| format!("a cluster needs {}", missing.join(", ")))
}

/// Makes everything that a bed is made of.
///
/// # Errors
/// What is missing, or what a compiler said.
pub(crate) fn parts(say: &dyn Fn(&str)) -> Result<Parts, String> {
    if let Some(hindrance) = hindrance() {
        return Err(hindrance);
    }
    let programs = Programs::prepare(say)?;
    let images = images::prepare(&programs, say)?;
    Ok(Parts { programs, images })
}

fn up(site: &Site) -> Result<(), String> {
    if bed::running(site).is_some() && bed::ask(site, "status").is_ok_and(|told| told.starts_with("ready")) {
        println!("bed `{}` is up already\n", site.name());
    } else {
        let parts = parts(&|what| eprintln!("{what}"))?;
        bed::sweep()?;
        let began = std::time::Instant::now();
        Bed::start(site, &parts, Life::Detached)?.leave();
        println!("bed `{}` is ready after {:.1} s\n", site.name(), began.elapsed().as_secs_f64());
    }
    print!("{}", instructions(site)?);
    Ok(())
}

fn instructions(site: &Site) -> Result<String, String> {
    let parts = Parts::read(site)?;
    let option = if site.name() == DEFAULT { String::new() } else { format!(" --bed {}", site.name()) };
    let process = bed::running(site).map_or(0, |process| process.id);
    let [(open, _), (private, _)] = REGISTRIES;
    let images: Vec<&str> = parts.images.iter().map(|image| image.name.as_str()).collect();
    Ok(format!(
        "The API server is to be reached in the cluster's network only. Enter it with any of\n\
         \n  cargo xtask cluster exec{option} -- bash              # KUBECONFIG is set\n  \
         cargo xtask cluster exec{option} -- {kubectl} get nodes\n  \
         nsenter --net=/proc/{process}/ns/net bash\n\n\
         export {KUBECONFIG}={kubeconfig}\n\
         export {CONTROL}={control}   # one line a connection: `apiserver-kill`\n\n\
         images: {images}\n\
         registries: {open} (busybox:1, foreign:1), {private} (busybox:1; {CREDENTIALS})\n\
         logs: {logs}\n",
        kubectl = parts.programs.kubectl().display(),
        kubeconfig = site.kubeconfig().display(),
        control = site.control().display(),
        images = images.join(" "),
        logs = site.at_place("log").display(),
    ))
}

fn down(site: &Site) -> Result<(), String> {
    let began = std::time::Instant::now();
    let was_up = bed::running(site).is_some();
    bed::remove(site)?;
    bed::sweep()?;
    let what = if was_up { "is gone" } else { "was not up" };
    println!("bed `{}` {what}, nothing is left of it ({:.1} s)", site.name(), began.elapsed().as_secs_f64());
    Ok(())
}

fn status() -> Result<(), String> {
    let beds = bed::all()?;
    if beds.is_empty() {
        println!("no bed is up");
    }
    for site in beds {
        match bed::running(&site) {
            Some(process) => {
                let told = bed::ask(&site, "status").unwrap_or_else(|error| error);
                println!("bed `{}`, process {}: {}", site.name(), process.id, told.replace('\n', "\n  "));
            }
            None => println!(
                "bed `{}` does not run; `cargo xtask cluster down` removes what it left",
                site.name()
            ),
        }
    }
    Ok(())
}

/// Brings the bed that people mean up, unless it is.
///
/// # Errors
/// What went wrong.
pub(crate) fn ensure() -> Result<(), String> {
    let site = Site::named(DEFAULT)?;
    if bed::running(&site).is_some() { Ok(()) } else { up(&site) }
}

/// Makes a command in the network of that bed.
///
/// # Errors
/// When it is not up.
pub(crate) fn within(words: &[&str]) -> Result<std::process::Command, String> {
    bed::command(&Site::named(DEFAULT)?, words)
}

/// Returns the kubectl that fits it.
///
/// # Errors
/// When it is not up.
pub(crate) fn kubectl() -> Result<std::path::PathBuf, String> {
    Ok(Parts::read(&Site::named(DEFAULT)?)?.programs.kubectl())
}

/// The stage of `cargo xtask test` alone.
fn test() -> Result<(), String> {
    let mut tally = Tally::default();
    let told = check::run(None, &mut tally);
    let (said, is_green) = told.map_or_else(|error| (error, false), |told| (told, true));
    println!("{}\n{} passed, {} failed", said.trim_end(), tally.passed, tally.failed);
    if is_green { Ok(()) } else { Err(String::new()) }
}

/// For clusters of others: each of these archives can be loaded into one.
fn print_images() -> Result<(), String> {
    for image in parts(&|what| eprintln!("{what}"))?.images {
        println!("{} {}", image.name, image.archive.display());
    }
    Ok(())
}

/// Becomes the command.
fn exec(site: &Site, words: &[&str]) -> Result<(), String> {
    let error = bed::command(site, words)?.exec();
    Err(format!("cannot run nsenter: {error}"))
}

fn fault(site: &Site, line: &str) -> Result<(), String> {
    faults::Request::parse(line)?;
    // Whoever is in the network of a bed means that one.
    let told = match std::env::var_os(CONTROL) {
        Some(socket) => bed::ask_at(Path::new(&socket), line)?,
        None => bed::ask(site, line)?,
    };
    println!("{told}");
    Ok(())
}
