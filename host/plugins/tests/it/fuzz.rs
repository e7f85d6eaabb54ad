//! Components that are broken at random: an error each, never a crash.

use std::ops::Range;

use act_core::decide::Mapped;
use act_plugins::amount::Span;
use act_plugins::{Limits, PluginSpec, inspect};

use crate::guests::{Guest, not_mine};
use crate::support::{Bench, map};

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

/// Functions with a little of everything that a compiler has work with.
const CODE: &str = r#"
    (table $functions 4 funcref) (elem (i32.const 0) $mix $float $walk $pick)
    (type $unary (func (param i32) (result i32)))
    (func $mix (type $unary) (local $l i64)
        (local.set $l (i64.extend_i32_u (local.get 0)))
        (local.set $l (i64.xor (i64.rotl (local.get $l) (i64.const 13)) (i64.const 0x9e3779b97f4a7c15)))
        (local.set $l (i64.mul (local.get $l) (i64.sub (i64.shr_u (local.get $l) (i64.const 7)) (i64.const 5))))
        (i32.add (i32.wrap_i64 (local.get $l)) (i32.clz (i32.popcnt (local.get 0)))))
    (func $float (type $unary) (local $d f64)
        (local.set $d (f64.convert_i32_s (local.get 0)))
        (local.set $d (f64.div (f64.sqrt (f64.abs (local.get $d))) (f64.add (local.get $d) (f64.const 1.5))))
        (select (i32.trunc_sat_f64_s (f64.mul (local.get $d) (f64.const 1000)))
            (i32.reinterpret_f32 (f32.demote_f64 (local.get $d)))
            (f64.lt (local.get $d) (f64.const 0.25))))
    (func $walk (type $unary) (local $i i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.xor (i32.mul (local.get $sum) (i32.const 31))
                (i32.load8_u offset=2048 (i32.and (local.get $i) (i32.const 511)))))
            (i32.store16 offset=3000 (i32.and (local.get $i) (i32.const 62)) (local.get $sum))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 600))))
        (memory.fill (i32.const 2500) (i32.const 1) (i32.const 17))
        (i32.rotr (local.get $sum) (i32.rem_u (local.get 0) (i32.const 30))))
    (func $pick (type $unary)
        (block $c (block $b (block $a
            (br_table $a $b $c (i32.and (local.get 0) (i32.const 3))))
            (return (i32.div_s (local.get 0) (i32.const 3))))
            (return (i32.shl (local.get 0) (i32.const 2))))
        (if (result i32) (i32.gt_s (local.get 0) (i32.const 9))
            (then (i32.sub (local.get 0) (i32.const 9))) (else (i32.eqz (local.get 0)))))
    (func $all (param $from i32) (local $i i32)
        (loop $next
            (local.set $from (call_indirect (type $unary) (local.get $from) (local.get $i)))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4)))))"#;

/// Where the code of functions lies.
fn functions(component: &[u8]) -> Vec<Range<usize>> {
    let payloads = wasmparser::Parser::new(0).parse_all(component);
    let bodies = payloads.filter_map(|payload| match payload.unwrap() {
        wasmparser::Payload::CodeSectionEntry(body) => Some(body.range()),
        _ => None,
    });
    bodies.collect()
}

/// Changes one to four bytes of functions until what comes out is valid all the same: so that it gets past the checks.
fn rewrite(component: &[u8], code: &[Range<usize>], random: &mut fastrand::Rng) -> Vec<u8> {
    loop {
        let mut broken = component.to_vec();
        for _ in 0..random.usize(1..=4) {
            let function = code[random.usize(..code.len())].clone();
            broken[random.usize(function)] = random.u8(..);
        }
        if broken != component && wasmparser::Validator::new().validate_all(&broken).is_ok() {
            return broken;
        }
    }
}

#[tokio::test]
async fn three_hundred_broken_components_are_compiled_and_run() {
    let bench = Bench::new();
    let fine = not_mine("fine");
    let guest = Guest {
        fields: format!("{}{CODE}", fine.fields),
        body: format!("(call $all (local.get 0)) {}", fine.body),
        ..fine
    };
    let limits = Limits { cpu: Span::millis(20), wall: Span::millis(2000), ..Limits::default() };
    let bytes = guest.build("fuzz");
    let code = functions(&bytes);
    let path = bench.folder.path().join("fuzz.wasm");
    let mut random = fastrand::Rng::with_seed(11);
    let (mut compiled, mut answered) = (0, 0);
    while compiled < 300 {
        std::fs::write(&path, rewrite(&bytes, &code, &mut random)).unwrap();
        let spec = PluginSpec { limits, ..PluginSpec::new("fuzz".into(), path.clone()) };
        // The checks here know features of WebAssembly that plugins may not use: those are refused.
        if let Ok(plugin) = bench.host.load(spec).await {
            compiled += 1;
            answered += usize::from(matches!(map(&plugin).await, Mapped::NotMine { .. }));
        }
    }
    assert!((1..300).contains(&answered), "{answered}: nothing was broken, or everything");
}
