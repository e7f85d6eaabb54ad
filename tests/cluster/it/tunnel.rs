//! The way that breaks, breaks as told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use act_cluster_tests::tunnel::{Breaks, Tunnel};
use act_cluster_tests::{Cluster, Namespace};
use serde_json::json;

/// A server that gives so many bytes to everybody, and then waits for the end.
fn giving(bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.write_all(&vec![7; bytes]);
            let _ = client.read(&mut [0]);
        }
    });
    address
}

fn received(tunnel: &Tunnel) -> usize {
    let mut bytes = Vec::new();
    // Cut, or ended: what came before counts.
    let _ = TcpStream::connect(tunnel.address()).unwrap().read_to_end(&mut bytes);
    bytes.len()
}

#[test]
fn a_connection_is_cut_after_so_many_bytes_or_when_nothing_is_said() {
    let tunnel = Tunnel::to(&giving(100_000));
    tunnel.set(Breaks { after_bytes: Some(70_001), ..Breaks::default() });
    assert_eq!(received(&tunnel), 70_001);
    tunnel.set(Breaks { when_idle: Some(Duration::from_millis(100)), ..Breaks::default() });
    assert_eq!(received(&tunnel), 100_000);
    assert!(tunnel.cuts() > 0);
}

#[test]
fn kubectl_goes_through_the_tunnel_and_fails_where_it_is_cut() {
    let Some(cluster) = Cluster::find_own() else { return };
    let namespace = Namespace::make(&cluster);
    namespace.run("one", "bed.local/busybox:1", &["sleep", "600"], &json!({}));
    namespace.wait_phase("one", "Running");
    let tunnel = Tunnel::to("10.96.0.1:443");
    let file = std::env::temp_dir().join(format!("{}.kubeconfig", namespace.name));
    let kubeconfig = tunnel.kubeconfig(cluster.kubeconfig(), &file);
    let read = || {
        let count = "head -c 3000000 /dev/zero";
        let words = ["-n", &namespace.name, "exec", "one", "--", "sh", "-c", count];
        cluster.command(words).env("KUBECONFIG", &kubeconfig).output().unwrap().stdout.len()
    };
    assert_eq!(read(), 3_000_000);
    tunnel.set(Breaks { after_bytes: Some(500_000), ..Breaks::default() });
    assert!(read() < 500_000, "what comes through is cut");
    std::fs::remove_file(file).unwrap();
}
