//! Ways out of the sandbox, each tried; what works is returned by name.

use std::fs;
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::process::Command;

/// Names what worked.
fn worked(tried: &[(&str, bool)]) -> String {
    let names: Vec<&str> = tried.iter().filter(|(_, worked)| *worked).map(|(name, _)| *name).collect();
    if names.is_empty() { "nothing worked".to_owned() } else { format!("worked: {}", names.join(", ")) }
}

pub(crate) fn files() -> String {
    worked(&[
        ("read an absolute path", fs::read("/etc/passwd").is_ok()),
        ("read a relative path", fs::read("Cargo.toml").is_ok() || fs::read("../Cargo.toml").is_ok()),
        ("read with dots", fs::read("/tmp/../etc/passwd").is_ok()),
        ("list the root", fs::read_dir("/").is_ok()),
        ("list here", fs::read_dir(".").is_ok()),
        ("write", fs::write("/tmp/act-host-guest-was-here", "x").is_ok()),
        ("write here", fs::write("guest-was-here", "x").is_ok()),
        ("make a folder", fs::create_dir("/tmp/act-host-guest").is_ok()),
        ("remove", fs::remove_file("/tmp/act-host-guest-was-here").is_ok()),
        ("read a device", fs::read("/dev/null").is_ok() || fs::read("/proc/self/environ").is_ok()),
    ])
}

pub(crate) fn network() -> String {
    worked(&[
        ("connect", TcpStream::connect("127.0.0.1:22").is_ok()),
        ("connect by name", TcpStream::connect("localhost:80").is_ok()),
        ("look up a name", ("localhost", 80).to_socket_addrs().is_ok_and(|mut found| found.next().is_some())),
        ("listen", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("bind for UDP", UdpSocket::bind("127.0.0.1:0").is_ok()),
    ])
}

pub(crate) fn surroundings() -> String {
    worked(&[
        ("environment", std::env::vars().next().is_some()),
        ("arguments", std::env::args().nth(1).is_some()),
        ("processes", Command::new("true").status().is_ok()),
        ("threads", std::thread::Builder::new().spawn(|| ()).is_ok()),
        ("standard input", std::io::stdin().read_line(&mut String::new()).is_ok_and(|read| read > 0)),
    ])
}
