use super::Settings;
use crate::error::ExpressionError;
use crate::object::Object;
use crate::scope::{Called, Evaluation, HostCall, Named, Reply, Scope};
use crate::syntax::Syntax;
use crate::tree::Expression;
use crate::value::Value;
use std::collections::BTreeMap;

/// A scope with a lazy context `secrets` and functions that know some answers and wait for others.
#[derive(Default)]
struct Host {
    contexts: Object,
    secrets: BTreeMap<&'static str, &'static str>,
    knows_all: bool,
}

impl Scope for Host {
    fn context(&self, name: &str) -> Named {
        if name.eq_ignore_ascii_case("secrets") { Named::Lazy } else { self.contexts.context(name) }
    }

    fn lookup(&self, _context: &str, key: &str) -> Reply {
        match self.secrets.get(key) {
            Some(secret) => Reply::Value(Value::from(*secret)),
            None if key == "broken" => Reply::Error("the store is closed".into()),
            None => Reply::Pending,
        }
    }

    fn whole(&self, _context: &str) -> Reply {
        if self.knows_all { Reply::Value(Value::object(self.secrets.clone())) } else { Reply::Pending }
    }

    fn call(&self, function: &str, args: &[Value]) -> Called {
        match function {
            "success" => Called::Value(Value::Bool(true)),
            "count" => Called::Value(Value::Number(args.len() as f64)),
            "fail" => Called::Error("it failed".into()),
            _ => Called::Pending,
        }
    }
}

fn syntax() -> Syntax {
    Syntax::any().any_function()
}

fn contexts(json: &str) -> Object {
    serde_json::from_str(json).unwrap()
}

fn run(source: &str, scope: &dyn Scope) -> Result<Evaluation, ExpressionError> {
    Ok(Expression::parse(source, &syntax())?.evaluate(scope)?)
}

/// The value as compact JSON, or the message.
fn show(source: &str, scope: &dyn Scope) -> String {
    match run(source, scope) {
        Ok(Evaluation::Done(value)) => serde_json::to_string(&value).unwrap(),
        Ok(Evaluation::Pending(questions)) => format!("{questions:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn looking_into_values_never_fails() {
    let scope = contexts(r#"{"a":{"b":[{"c":1,"D":[5,6]},{"c":2},3,[7]],"Null":null,"1":"one"},"s":"text"}"#);
    for (source, value) in [
        ("A.B[0].C", "1"),
        ("a.b[0.9].c", "1"),
        ("a.b['0'].c", "1"),
        ("a.b[-1]", "null"),
        ("a.b[4]", "null"),
        ("a.b.c", "null"),
        ("a[1]", "\"one\""),
        ("a[true]", "null"),
        ("a[a]", "null"),
        ("a.null.x.y", "null"),
        ("s.x", "null"),
        ("s[0]", "null"),
        ("s.*", "[]"),
        ("s.*.x", "[]"),
        ("a.b.*.c", "[1,2]"),
        ("a.b[*].d[0]", "[5]"),
        ("a.b.*[0]", "[7]"),
        ("a.b.*.d.*", "[5,6]"),
        ("a.*.*.c", "[1,2]"),
        ("a.b.*", r#"[{"c":1,"D":[5,6]},{"c":2},3,[7]]"#),
        ("unknown.x", "null"),
        ("fromJson('[[1],[2]]').*[0]", "[1,2]"),
        ("(a.b.*)[0]", "[7]"),
        ("(false || a.b.*)[0]", "[7]"),
    ] {
        assert_eq!(show(source, &scope), value, "{source}");
    }
}

#[test]
fn environment_contexts_heed_case() {
    let scope = Object::new().with("env", Object::case_sensitive().with("Path", "a").with("PATH", "b"));
    assert_eq!(show("ENV.Path", &scope), "\"a\"");
    assert_eq!(show("env['PATH']", &scope), "\"b\"");
    assert_eq!(show("env.path", &scope), "null");
}

#[test]
fn functions_evaluate_no_more_than_they_need() {
    let host = Host { contexts: contexts(r#"{"o":{},"l":[],"m":[1,"A",null]}"#), ..Host::default() };
    for (source, value) in [
        ("true || fail()", "true"),
        ("'' && fail()", "\"\""),
        ("case(false, fail(), true, 'x', fail())", "\"x\""),
        ("case(false, 1, 'otherwise')", "\"otherwise\""),
        ("case(1, 1, 2)", "case predicate must evaluate to a boolean value"),
        ("contains(o, fail())", "false"),
        ("contains(l, fail())", "false"),
        ("contains(m, 'a')", "true"),
        ("contains(m, 0)", "true"),
        ("contains(m, o)", "false"),
        ("contains('abc', o)", "false"),
        ("contains(null, '')", "true"),
        ("startsWith(o, fail())", "false"),
        ("startsWith(true, 'TR')", "true"),
        ("endsWith(1.50, .5)", "false"),
        ("endsWith(1.5, 5)", "true"),
        ("format('x', fail())", "\"x\""),
        ("format('{1}{0}{1}', 'a', m[1])", "\"AaA\""),
        ("format('{0}{', fail())", "The following format string is invalid: {0}{"),
        ("format('{0:x}}y}', 1)", "The format specifiers 'x}y' are not valid for objects of type 'Number'"),
        ("format('{0:}', 1)", "\"1\""),
        ("format('{0:x', 1)", "The following format string is invalid: {0:x"),
        ("format('{256}', 1)", "The following format string is invalid: {256}"),
        ("format('{2}', 1)", "The following format string references more arguments than were supplied: {2}"),
        ("format('{ 0}', 1)", "The following format string is invalid: { 0}"),
        ("format('{}', 1)", "The following format string is invalid: {}"),
        ("join(m)", "\"1,A,\""),
        ("join(m, o)", "\"1,A,\""),
        ("join(m, '')", "\"1A\""),
        ("join(l, fail())", "\"\""),
        ("join(o, fail())", "\"\""),
        ("join(12, fail())", "\"12\""),
        ("join(fromJson('[[1],{}]'), ' ')", "\"Array Object\""),
        ("toJson(fromJson('[NaN,1e15,-0.0]'))", "\"[\\n  NaN,\\n  1E+15,\\n  0\\n]\""),
        ("fromJson('{')", "Error parsing fromJson"),
        ("success()", "true"),
        ("count('a', m)", "2"),
        ("fail()", "it failed"),
    ] {
        assert_eq!(show(source, &host), value, "{source}");
    }
}

#[test]
fn values_keep_their_identity() {
    let scope = contexts(r#"{"a":{"l":[1],"o":{}},"b":[1]}"#);
    for (source, value) in [
        ("a.l == a.l", "true"),
        ("a == a", "true"),
        ("a.l == b", "false"),
        ("a.o != a['O']", "false"),
        ("a.* == a.*", "false"),
        ("fromJson('[]') == fromJson('[]')", "false"),
        ("a > a", "false"),
        ("a >= a", "true"),
        ("contains(fromJson('[null]'), a.missing)", "true"),
    ] {
        assert_eq!(show(source, &scope), value, "{source}");
    }
}

#[test]
fn questions_to_the_host_are_collected_and_asked_once() {
    let mut host = Host::default();
    let lookup = |key: &str| HostCall::Lookup { context: "secrets".into(), key: key.into() };
    let whole = HostCall::Whole { context: "secrets".into() };
    let hash = HostCall::Function { name: "hashFiles".into(), args: vec!["a".into(), "b".into()] };
    for (source, questions) in [
        ("secrets.A == secrets['B']", vec![lookup("A"), lookup("B")]),
        ("secrets.A == secrets.a", vec![lookup("A"), lookup("a")]),
        ("secrets.A == secrets.A", vec![lookup("A")]),
        ("secrets.A && secrets.B", vec![lookup("A")]),
        ("secrets[format('{0}', 1)]", vec![lookup("1")]),
        ("secrets[secrets.A]", vec![lookup("A")]),
        ("toJson(secrets)", vec![whole.clone()]),
        ("secrets.*", vec![whole.clone()]),
        ("!secrets", vec![whole]),
        ("f(hashFiles('a', 'b'), secrets.A)", vec![hash.clone(), lookup("A")]),
        ("true || secrets.A", vec![]),
    ] {
        match run(source, &host).unwrap() {
            Evaluation::Pending(asked) => assert_eq!(asked, questions, "{source}"),
            Evaluation::Done(_) => assert!(questions.is_empty(), "{source}"),
        }
    }
    assert_eq!(show("secrets.broken", &host), "the store is closed");
    assert_eq!(show("secrets.A == fail()", &host), format!("{:?}", [lookup("A")]));
    assert_eq!(show("fail() == secrets.A", &host), "it failed");
    host.secrets.insert("A", "key");
    host.knows_all = true;
    assert_eq!(show("format('{0}/{1}', secrets.A, secrets.*)", &host), "\"key/Array\"");
    assert_eq!(show("secrets[fromJson('[]')]", &host), "null");
    assert_eq!(show("secrets['b'].c || secrets == secrets", &host), format!("{:?}", [lookup("b")]));
}

#[test]
fn memory_is_limited_by_githubs_measure() {
    let run = |source: &str, max_memory: u64, scope: &Object| {
        let settings = Settings { max_memory, ..Settings::default() };
        let value = Expression::parse(source, &syntax()).unwrap().evaluate_with(scope, &settings);
        value.map(|value| value.done().is_some()).map_err(|error| error.to_string())
    };
    let exceeded = |expression: &str| {
        Err(format!(
            "The maximum allowed memory size was exceeded while evaluating the following expression: {expression}"
        ))
    };
    let none = Object::new();
    // A literal of n characters is 26 + 2n bytes; a boolean above it is 24, and the literals below are let go.
    assert_eq!(run("'abcde'", 36, &none), Ok(true));
    assert_eq!(run("'abcde'", 35, &none), exceeded("'abcde'"));
    assert_eq!(run("'abcde' == 'a'", 36 + 28, &none), Ok(true));
    assert_eq!(run("'abcde' == 'a'", 36 + 27, &none), exceeded("('abcde' == 'a')"));
    // What comes from a context is boxed (24 more), and what it came from stays (24 for the context).
    let scope = contexts(r#"{"a":{"b":"abcde"}}"#);
    assert_eq!(run("a.b", 24 + 28 + 24 + 36, &scope), Ok(true));
    assert!(run("a.b", 111, &scope).is_err());
    // `format` reports itself, the sum of all parts reports the whole.
    let long = format!("format('{}', 'x')", "{0}".repeat(100));
    assert_eq!(run(&format!("{long} == 'y'"), 1000, &none), exceeded(&long));
    let scope = contexts(r#"{"l":["aaaaaaaaaa","bbbbbbbbbb"]}"#);
    for source in ["join(l)", "toJson(l)", "l.*"] {
        let canonical = Expression::parse(source, &syntax()).unwrap().to_canonical();
        let limit = if source == "l.*" { 39 } else { 60 };
        assert!([exceeded(&canonical), exceeded("l")].contains(&run(source, limit, &scope)), "{source}");
        assert_eq!(run(source, 2000, &scope), Ok(true), "{source}");
    }
    // Doubling a text again and again ends in an error, not in the machine's memory.
    let doubling =
        (0..45).fold("'0123456789'".to_owned(), |inner, _| format!("format('{{0}}{{0}}', {inner})"));
    assert!(run(&doubling, Settings::workflow().max_memory, &none).is_err());
    assert_eq!(Settings::default().max_memory, 1_048_576);
}

#[test]
fn strict_json_is_a_setting() {
    let expression = Expression::parse("fromJson('[1,]')", &syntax()).unwrap();
    let strict = Settings { strict_json: true, ..Settings::default() };
    assert!(expression.evaluate(&Object::new()).is_ok());
    let error = expression.evaluate_with(&Object::new(), &strict).unwrap_err().to_string();
    assert!(error.starts_with("Error parsing fromJson: "), "{error}");
}
