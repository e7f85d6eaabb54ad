//! Guests that want to break the host: it lives, names them, and others answer.

use std::time::Duration;

use act_core::decide::Mapped;
use act_plugins::amount::{Size, Span};
use act_plugins::{Allocation, Limits};

use crate::guests::{ANSWER, Guest, answer, mapper, not_mine};
use crate::support::{Bench, failure, map};

const LOG: &str = r#"(import "act-host:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))"#;

#[tokio::test]
async fn each_is_stopped_at_its_limit_and_named_with_it() {
    let bench = Bench::new();
    let fine = bench.load("fine", &not_mine("fine")).await;
    let long = Limits { wall: Span::millis(60_000), cpu: Span::millis(50), ..Limits::default() };
    let recursion = Guest {
        fields: "(func $deep (call $deep) (call $deep))".into(),
        ..mapper("(call $deep) unreachable")
    };
    let table = Guest {
        fields: "(table $t 1 funcref)".into(),
        ..mapper("(drop (table.grow $t (ref.null func) (i32.const 200000))) unreachable")
    };
    // `ok(not-mine)` with a reason of two million bytes, all of them there.
    let giant = Guest { fields: String::new(), ..answer(mapper(""), &[(8, 1)], 400, "") };
    let giant = Guest {
        body: format!(
            "(drop (memory.grow (i32.const 64)))
             (i32.store offset=16 (i32.const {ANSWER}) (i32.const 8192))
             (i32.store offset=20 (i32.const {ANSWER}) (i32.const 2000000))
             (i32.store8 offset=8 (i32.const {ANSWER}) (i32.const 1)) (i32.const {ANSWER})"
        ),
        ..giant
    };
    let outside = Guest {
        body: format!(
            "(i32.store offset=16 (i32.const {ANSWER}) (i32.const 100))
             (i32.store offset=20 (i32.const {ANSWER}) (i32.const -1))
             (i32.store8 offset=8 (i32.const {ANSWER}) (i32.const 1)) (i32.const {ANSWER})"
        ),
        ..mapper("")
    };
    let hoards = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    for (name, guest, said) in [
        ("traps", mapper("unreachable"), "panicked"),
        (
            "spins",
            mapper("(loop $l (br $l)) unreachable"),
            "ran longer than 50ms on the processor (limit `cpu`)",
        ),
        ("hoards", mapper(hoards), "wanted more than 64MiB of memory (limit `memory`)"),
        ("recurses", recursion, "recursed too deeply"),
        ("tables", table, "wanted a table of more than 100000 elements"),
        ("giant", giant, "passed more than 1MiB to the host in one call (limit `host-fuel`)"),
        ("outside", outside, "failed: "),
        ("variant", answer(mapper(""), &[(8, 77)], 400, ""), "failed: "),
        (
            "reads",
            mapper("(drop (i32.load (i32.const -8))) unreachable"),
            "trapped: out of bounds memory access",
        ),
    ] {
        let plugin = bench.load_with(name, &guest, |spec| spec.limits = long).await.unwrap();
        let why = failure(&plugin).await;
        let blame = format!("plugin `{name}` 1.2.3 ({}), `map-labels`: ", plugin.digest().short());
        assert!(why.starts_with(&blame) && why.contains(said), "{name}: {why}");
        assert!(matches!(map(&fine).await, Mapped::NotMine { .. }), "{name} touched another plugin");
    }
}

#[tokio::test]
async fn a_trap_names_the_functions_that_ran() {
    let bench = Bench::new();
    let fields = "(func $parse_cpu unreachable) (func $parse (call $parse_cpu))".into();
    let plugin = bench.load("named", &Guest { fields, ..mapper("(call $parse) unreachable") }).await;
    let why = failure(&plugin).await;
    assert!(why.contains("panicked; in `parse_cpu` < `parse` < "), "{why}");
}

#[tokio::test]
async fn a_spinning_guest_gives_way_to_others_on_the_same_thread() {
    let bench = Bench::new();
    let limits = Limits { cpu: Span::millis(60_000), wall: Span::millis(60_000), ..Limits::default() };
    let spins = mapper("(loop $l (br $l)) unreachable");
    let spins = bench.load_with("spins", &spins, |spec| spec.limits = limits).await.unwrap();
    let fine = bench.load("fine", &not_mine("fine")).await;
    // Dropping the spinning call ends it: nothing else could, within its limits.
    tokio::select! {
        biased;
        answer = map(&spins) => panic!("{answer:?}"),
        answer = async { tokio::task::yield_now().await; map(&fine).await } => {
            assert!(matches!(answer, Mapped::NotMine { .. }), "{answer:?}");
        }
    }
    assert!(matches!(map(&fine).await, Mapped::NotMine { .. }));
}

#[tokio::test]
async fn a_dropped_call_leaves_nothing_that_a_later_one_could_trip_over() {
    let bench = Bench::with(|config| config.allocation = Allocation::Pooled { calls: 256 });
    let limits = Limits { cpu: Span::millis(60_000), wall: Span::millis(60_000), ..Limits::default() };
    let spins = mapper("(loop $l (br $l)) unreachable");
    let spins = bench.load_with("spins", &spins, |spec| spec.limits = limits).await.unwrap();
    for _ in 0..20 {
        assert!(tokio::time::timeout(Duration::from_millis(15), map(&spins)).await.is_err());
    }
    let fine = bench.load("fine", &not_mine("fine")).await;
    assert!(matches!(map(&fine).await, Mapped::NotMine { .. }));
}

#[tokio::test]
async fn time_that_passes_is_bounded_where_a_guest_only_waits() {
    let bench = Bench::new();
    let limits = Limits { cpu: Span::millis(60_000), wall: Span::millis(50), ..Limits::default() };
    let spins = mapper("(loop $l (br $l)) unreachable");
    let plugin = bench.load_with("slow", &spins, |spec| spec.limits = limits).await.unwrap();
    let why = failure(&plugin).await;
    assert!(why.contains("took longer than 50ms (limit `wall`)"), "{why}");
}

#[tokio::test]
async fn an_answer_larger_than_its_limit_is_refused() {
    let bench = Bench::new();
    let limits = Limits { output: Size(100), ..Limits::default() };
    let long = not_mine(&"x".repeat(200));
    let plugin = bench.load_with("long", &long, |spec| spec.limits = limits).await.unwrap();
    let why = failure(&plugin).await;
    assert!(why.contains("answered with more than 100B (limit `output`)"), "{why}");
}

#[tokio::test]
async fn a_flood_of_log_is_cut_and_made_fit() {
    let bench = Bench::new();
    let text = "\u{1b}[2J::add-mask::x\n::set-env name=PATH::y";
    let flood = format!(
        "(local $i i32)
         (loop $l
            (call $log (i32.const 1) (i32.const 1024) (i32.const {}))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 5000))))",
        text.len()
    );
    let guest = Guest { imports: LOG, ..answer(mapper(&flood), &[(8, 1)], 16, text) };
    let limits = Limits { cpu: Span::millis(60_000), wall: Span::millis(60_000), ..Limits::default() };
    let plugin = bench.load_with("floods", &guest, |spec| spec.limits = limits).await.unwrap();
    assert!(matches!(map(&plugin).await, Mapped::NotMine { .. }));
    let said = bench.said.all();
    assert_eq!(said.len(), 1001);
    assert_eq!(said[..2], ["floods: : :add-mask::x", "floods: : :set-env name=PATH::y"]);
    assert!(said[1000].contains("log is full"), "{}", said[1000]);
}

#[tokio::test]
async fn a_loop_of_calls_into_the_host_is_stopped_as_any_other() {
    let bench = Bench::new();
    let body = "(loop $l (call $log (i32.const 0) (i32.const 1024) (i32.const 1)) (br $l)) unreachable";
    let limits = Limits { cpu: Span::millis(50), wall: Span::millis(60_000), ..Limits::default() };
    let guest = Guest { imports: LOG, ..mapper(body) };
    let plugin = bench.load_with("chatters", &guest, |spec| spec.limits = limits).await.unwrap();
    let why = failure(&plugin).await;
    assert!(why.contains("(limit `cpu`)"), "{why}");
}

#[tokio::test]
async fn a_plugin_that_keeps_trapping_is_left_alone_for_a_while() {
    let bench = Bench::new();
    let plugin = bench.load("traps", &mapper("unreachable")).await;
    for _ in 0..5 {
        assert!(failure(&plugin).await.contains("panicked"));
    }
    let why = failure(&plugin).await;
    assert!(why.contains("it failed 5 times within 60 s") && why.contains("panicked"), "{why}");
}

#[tokio::test]
async fn what_is_larger_than_the_places_of_a_pool_runs_beside_it() {
    let bench = Bench::with(|config| config.allocation = Allocation::Pooled { calls: 2 });
    let fine = not_mine("fine");
    let tables = Guest { fields: format!("{}{}", fine.fields, "(table 1 funcref)".repeat(12)), ..fine };
    let large = bench.load("large", &tables).await;
    let small = bench.load("small", &not_mine("fine")).await;
    for plugin in [&large, &small, &large] {
        assert!(matches!(map(plugin).await, Mapped::NotMine { .. }));
    }
    assert_eq!(bench.said.all(), Vec::<String>::new());
}

#[tokio::test]
async fn a_thousand_calls_at_once_are_all_answered() {
    for allocation in [Allocation::OnDemand, Allocation::Pooled { calls: 256 }] {
        let bench = Bench::with(|config| config.allocation = allocation);
        let limits = Limits { wall: Span::millis(60_000), ..Limits::default() };
        let plugin = bench.load_with("fine", &not_mine("fine"), |spec| spec.limits = limits).await.unwrap();
        let calls = (0..1000).map(|_| map(&plugin));
        let answers = futures_util::future::join_all(calls).await;
        assert!(answers.iter().all(|answer| matches!(answer, Mapped::NotMine { .. })), "{allocation:?}");
    }
}
