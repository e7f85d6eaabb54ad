//! Measures, asserts little: `cargo test --release -p act-process --test speed -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use act_process::{Chunk, Control, End, Sink, start};
use common::{Kept, bash, os, spec};

#[derive(Default)]
struct Counted(AtomicU64);

impl Sink for Counted {
    fn is_ready(&self) -> bool {
        true
    }

    fn take(&self, chunk: &Chunk) {
        self.0.fetch_add(chunk.bytes.len() as u64, Ordering::Relaxed);
    }
}

#[test]
#[ignore = "measures; wants a release build and an idle machine"]
fn a_gigabyte_a_second() {
    let counted = Counted::default();
    let began = Instant::now();
    let running = start(&bash("cat /dev/zero | head -c 4000000000")).unwrap();
    assert_eq!(running.drive(&Control::default(), &counted).end, End::Exited { code: 0 });
    let bytes = counted.0.load(Ordering::Relaxed);
    assert_eq!(bytes, 4_000_000_000);
    println!("{:.2} GB/s", bytes as f64 / 1e9 / began.elapsed().as_secs_f64());
}

#[test]
#[ignore = "measures; wants a release build and an idle machine"]
fn a_start_costs_little_more_than_a_bare_one() {
    const ROUNDS: u32 = 200;
    let env: Vec<_> =
        (0..60).map(|i| (format!("GITHUB_VARIABLE_{i}"), format!("a value of some length {i}"))).collect();
    for argv in [&["/bin/true"][..], &["/bin/bash", "--noprofile", "--norc", "-e", "-c", ":"]] {
        let mut spec = spec(argv);
        spec.env.extend(env.iter().map(|(name, value)| (os(name), os(value))));
        let mut times = [Duration::ZERO; 3];
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let mut bare = Command::new(argv[0]);
            bare.args(&argv[1..]).env_clear().envs(env.iter().map(|(name, value)| (name, value)));
            bare.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            assert!(bare.status().unwrap().success());
            times[0] += began.elapsed();
            let began = Instant::now();
            let running = start(&spec).unwrap();
            assert_eq!(running.drive(&Control::default(), &Kept::default()).end, End::Exited { code: 0 });
            times[1] += began.elapsed();
            let began = Instant::now();
            let spec = &spec;
            let drive = move || start(spec).unwrap().drive(&Control::default(), &Kept::default()).end;
            let end = std::thread::scope(|scope| scope.spawn(drive).join().unwrap());
            assert_eq!(end, End::Exited { code: 0 });
            times[2] += began.elapsed();
        }
        println!(
            "{}: bare {:?}, here {:?}, on a new thread {:?}",
            argv[0],
            times[0] / ROUNDS,
            times[1] / ROUNDS,
            times[2] / ROUNDS
        );
    }
}
