//! Throws random and damaged expressions at the parser and the evaluator: whatever comes, nothing panics.
//!
//! Seeds are fixed, so a failure repeats.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use act_expr::{Evaluation, Expression, Object, Syntax, Value, View, batch, json};
use fastrand::Rng;

const TOKENS: [&str; 60] = [
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "*",
    "!",
    "!=",
    "==",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "'",
    "''",
    "'a'",
    "'{0}{1'",
    "'{0}'",
    "'[1,{\"a\":2}]'",
    "'\u{3a3}'",
    "null",
    "true",
    "false",
    "NaN",
    "Infinity",
    "-Infinity",
    "0",
    "-0",
    "1.5e3",
    "0xff",
    "0o7",
    ".5",
    "+1",
    "a",
    "b",
    "list",
    "missing",
    "null.x",
    "contains",
    "startsWith",
    "endsWith",
    "format",
    "join",
    "toJson",
    "fromJson",
    "case",
    "hashFiles",
    "always",
    "=",
    "&",
    "@",
    "\"",
    "😀",
    " ",
    "\n",
    "\u{a0}",
    "\\",
];

fn syntax() -> Syntax {
    Syntax::new().contexts(["a", "b", "list"]).function("hashFiles", 1, 255).function("always", 0, 0)
}

fn contexts() -> Object {
    let list =
        Value::array([Value::Null, 1.into(), "x".into(), Value::array([2]), Value::object([("a", 1)])]);
    Object::new().with("a", Value::object([("a", list.clone())])).with("b", "text").with("list", list)
}

/// Evaluates and checks what must hold of every expression: its canonical form means the same.
fn exercise(source: &str, contexts: &Object) -> bool {
    let Ok(expression) = Expression::parse(source, &syntax()) else { return false };
    assert!(expression.walk().all(|node| source.get(node.span()).is_some()));
    let _ = (expression.uses(), expression.has_status_function());
    let value = expression.evaluate(contexts);
    let canonical = expression.to_canonical();
    // GitHub rewrites `(!a).b` as `!a.b`, which means something else.
    let ambiguous = |base: act_expr::Node<'_>| matches!(base.view(), View::Not(_));
    if expression.walk().any(|node| matches!(node.view(), View::Index { base, .. } if ambiguous(base))) {
        return true;
    }
    if let (Ok(again), Ok(Evaluation::Done(value))) = (Expression::parse(&canonical, &syntax()), value) {
        let same = again.evaluate(contexts).unwrap().done().unwrap();
        assert_eq!(json::to_json(&same), json::to_json(&value), "{source}\n{canonical}");
    }
    true
}

fn soup(rng: &mut Rng) -> String {
    (0..rng.usize(1..14)).map(|_| *rng.choice(TOKENS.iter()).unwrap()).collect()
}

/// An expression that parses, so that evaluation is reached.
fn sensible(rng: &mut Rng, depth: usize) -> String {
    let operators = ["==", "!=", "<", "<=", ">", ">=", "&&", "||"];
    let mut below = || sensible(rng, depth - 1);
    if depth == 0 {
        let leaves = [
            "a", "b", "list", "a.a", "list.*", "'x'", "'[1,2]'", "'{0}'", "null", "true", "1.5", "NaN", "''",
            "0xff",
        ];
        return (*rng.choice(leaves.iter()).unwrap()).to_owned();
    }
    let (first, second, third) = (below(), below(), below());
    match rng.usize(0..14) {
        0..4 => format!("({first} {} {second})", rng.choice(operators.iter()).unwrap()),
        4 => format!("!{first}"),
        5 => format!("({first})[{second}]"),
        6 => format!("({first}).*.a"),
        7 => format!("contains({first}, {second})"),
        8 => format!("format({first}, {second})"),
        9 => format!("join({first}, {second})"),
        10 => format!("toJson({first})"),
        11 => format!("fromJson({first})"),
        12 => format!("case({first}, {second}, {third})"),
        _ => format!("startsWith({first}, {second})"),
    }
}

#[test]
fn random_tokens_never_panic() {
    let (mut rng, contexts) = (Rng::with_seed(1), contexts());
    let parsed = (0..60_000).filter(|_| exercise(&soup(&mut rng), &contexts)).count();
    assert!(parsed > 1000, "only {parsed} of the random sources are expressions");
}

#[test]
fn random_expressions_mean_what_their_canonical_form_means() {
    let (mut rng, contexts) = (Rng::with_seed(2), contexts());
    for _ in 0..10_000 {
        let depth = rng.usize(0..5);
        assert!(exercise(&sensible(&mut rng, depth), &contexts));
    }
}

#[test]
fn damaged_expressions_never_panic() {
    let (mut rng, contexts) = (Rng::with_seed(3), contexts());
    for _ in 0..20_000 {
        let depth = rng.usize(0..4);
        let mut chars: Vec<char> = sensible(&mut rng, depth).chars().collect();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(0..=chars.len());
            match rng.u8(0..3) {
                0 => chars.truncate(at),
                1 => chars.insert(at, rng.char(..)),
                _ => drop(chars.splice(at..at, rng.choice(TOKENS.iter()).unwrap().chars())),
            }
        }
        exercise(&chars.into_iter().collect::<String>(), &contexts);
    }
}

#[test]
fn random_json_never_panics() {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "'b'",
        "c",
        "1",
        "-",
        "0x1",
        "01",
        "1e5",
        "true",
        "nul",
        "undefined",
        "/*",
        "*/",
        "//",
        "\n",
        "\\u12",
        "\"\\ud83d",
        "\"",
        "😀",
        " ",
        "NaN",
        "-Infinity",
        ")",
        "\0",
    ];
    let mut rng = Rng::with_seed(4);
    let mut read = 0;
    for _ in 0..60_000 {
        let text: String = (0..rng.usize(0..12)).map(|_| *rng.choice(pieces.iter()).unwrap()).collect();
        read += usize::from(json::parse(&text).is_ok());
        let _ = json::parse_strict(&text);
        let mut line = Vec::new();
        batch::answer_line(text.as_bytes(), &mut line);
        let line = String::from_utf8(line).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{line}");
    }
    assert!(read > 1000, "only {read} of the random texts are JSON");
}
