//! Support for tests on a real Kubernetes: the cluster, a namespace a test, faults, a connection that breaks, and a kubelet
//! without containers.
//!
//! The cluster is whichever `ACT_HOST_TEST_KUBECONFIG` names. `cargo xtask test` brings one up and runs these tests in its
//! network; by hand it is `cargo xtask cluster up`, and then
//! `cargo xtask cluster exec -- cargo test --offline -p act-cluster-tests`. Without a cluster each test says that it
//! is skipped; with `CI=true` it fails.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "code of tests: what goes wrong fails them"
)]

pub mod cluster;
pub mod kubelet;
pub mod meddler;
pub mod namespace;
pub mod tunnel;
pub mod user;

pub use cluster::Cluster;
pub use kubelet::Kubelet;
pub use meddler::{Meddler, Meddling};
pub use namespace::Namespace;
pub use tunnel::Tunnel;
pub use user::User;
