//! How fast text without secrets passes: the numbers this crate promises.
//!
//! Not run by default; `cargo test --release -p act-mask --test throughput -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use act_mask::{Masker, Splitter};

/// Fifty secrets as they are in practice: tokens, passwords, a key of several lines, an address with a password.
fn masker() -> Masker {
    let mut random = fastrand::Rng::with_seed(1);
    let mut word = |length: usize| (0..length).map(|_| random.alphanumeric()).collect::<String>();
    let mut masker = Masker::new();
    for _ in 0..20 {
        masker.add_token(&format!("ghp_{}", word(36)));
        masker.add(&format!("pa{}!&{}", word(8), word(6)));
    }
    for _ in 0..8 {
        masker.add(&word(8));
    }
    masker.add(&format!("-----BEGIN KEY-----\n{}\n{}\n-----END KEY-----\n", word(64), word(64)));
    masker.add(&format!("postgres://admin:{}@db.example.org/app", word(16)));
    masker
}

/// Log lines of about 80 bytes, as compilers and test runners write them.
fn log(bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(2);
    let mut log = Vec::with_capacity(bytes + 200);
    let words =
        ["Compiling", "test", "src/lib.rs", "passed", "error[E0308]:", "warning:", "expected", "in", "0.03s"];
    while log.len() < bytes {
        let start = log.len();
        while log.len() - start < 72 {
            log.extend(words[random.usize(0..words.len())].bytes());
            log.push(b' ');
        }
        log.extend(format!("{}\n", random.u32(0..100_000)).bytes());
    }
    log
}

/// Runs `work` on `bytes` bytes several times and returns the best speed in GB/s.
fn speed(bytes: usize, mut work: impl FnMut()) -> f64 {
    let best = (0..7)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    bytes as f64 / best / 1e9
}

#[test]
#[ignore = "measures speed: needs a release build and an idle machine"]
fn text_without_secrets_passes_fast() {
    let masker = masker();
    let log = log(64 << 20);
    let text = std::str::from_utf8(&log).expect("ASCII");
    let whole = speed(log.len(), || {
        black_box(masker.mask(text));
    });
    let by_line = speed(log.len(), || {
        for line in text.lines() {
            black_box(masker.mask(line));
        }
    });
    let lines = speed(log.len(), || {
        let mut splitter = Splitter::new();
        for chunk in log.chunks(64 * 1024) {
            splitter.push(chunk, &masker, |line| {
                black_box(line.masked(&masker));
            });
        }
        splitter.finish(&masker, |line| {
            black_box(line.masked(&masker));
        });
    });
    println!("whole text {whole:.2}, line by line {by_line:.2}, split and mask {lines:.2} GB/s");
    let start = Instant::now();
    let mut fresh = self::masker();
    println!("adding 50 secrets: {:?}", start.elapsed());
    let start = Instant::now();
    black_box(fresh.mask("-----BEGIN KEY-----"));
    println!("building the automaton: {:?}", start.elapsed());
    fresh.add("one-more-secret");
    assert!(whole >= 1.0, "whole text: {whole} GB/s");
    assert!(by_line >= 0.5, "line by line: {by_line} GB/s");
    assert!(lines >= 0.5, "split and mask: {lines} GB/s");
}
