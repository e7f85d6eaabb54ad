//! Components that are broken at random: an error each, never a crash.

use std::sync::Arc;

use act_plugins::{PluginHost, PluginSpec, inspect};

use crate::guests::not_mine;
use crate::support::{Said, config};

/// Changes one to eight bytes, cuts, or doubles a piece.
fn corrupt(bytes: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut broken = bytes.to_vec();
    match random.u8(..10) {
        0 => broken.truncate(random.usize(..bytes.len())),
        1 => {
            let from = random.usize(..bytes.len());
            let piece = broken[from..(from + random.usize(1..64)).min(bytes.len())].to_vec();
            let at = random.usize(..bytes.len());
            broken.splice(at..at, piece);
        }
        _ => {
            for _ in 0..random.usize(1..=8) {
                let at = random.usize(..broken.len());
                broken[at] = random.u8(..);
            }
        }
    }
    broken
}

#[test]
fn ten_thousand_broken_components_are_looked_at_and_validated() {
    let bytes = not_mine("fine").build("fuzz");
    let mut random = fastrand::Rng::with_seed(7);
    let mut valid = 0;
    for _ in 0..10_000 {
        let broken = corrupt(&bytes, &mut random);
        // Whether it can be told is chance; that it returns is the test.
        let _ = inspect(&broken);
        valid += usize::from(wasmparser::Validator::new().validate_all(&broken).is_ok());
    }
    assert!(valid < 10_000, "nothing was broken");
}

#[tokio::test]
async fn three_hundred_broken_components_are_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let said = Arc::<Said>::default();
    let host = PluginHost::new(config(folder.path(), &said)).unwrap();
    let bytes = not_mine("fine").build("fuzz");
    let mut random = fastrand::Rng::with_seed(11);
    let mut refused = 0;
    for _ in 0..300 {
        let path = folder.path().join("fuzz.wasm");
        std::fs::write(&path, corrupt(&bytes, &mut random)).unwrap();
        refused += usize::from(host.load(PluginSpec::new("fuzz".into(), path)).await.is_err());
    }
    assert!(refused > 0, "nothing was broken");
}
