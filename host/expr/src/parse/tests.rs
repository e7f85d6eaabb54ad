use crate::error::{ParseErrorKind, Stage};
use crate::syntax::Syntax;
use crate::tree::Expression;

fn syntax() -> Syntax {
    Syntax::new().contexts(["github", "a", "b", "c"]).function("hashFiles", 1, 255).function("always", 0, 0)
}

fn canonical(source: &str) -> String {
    match Expression::parse(source, &syntax()) {
        Ok(expression) => expression.to_canonical(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn operators_bind_as_github_says() {
    for (source, tree) in [
        ("a || b && c == 1 < 2", "(a || (b && (c == (1 < 2))))"),
        ("a == b != c", "((a == b) != c)"),
        ("!a.b == !!c", "(!a.b == !!c)"),
        ("!(a && b)", "!(a && b)"),
        ("a && (b && c) && a", "(a && b && c && a)"),
        ("a || (b || c)", "(a || b || c)"),
        ("a && (b || c)", "(a && (b || c))"),
        ("a['x-y'].z[*].*", "a.x-y.z.*.*"),
        ("a['x y'][b.c]", "a['x y'][b.c]"),
        ("contains( a , 'it''s' )", "contains(a, 'it''s')"),
        ("Always() && HASHFILES('x')", "(Always() && HASHFILES('x'))"),
        ("format('{0}', -1.50, 0x10, null, true)", "format('{0}', -1.5, 16, null, true)"),
        ("a.null.true.always", "a.null.true.always"),
        ("(((a)))[b[0]]", "a[b[0]]"),
        ("-0", "-0"),
        (" ", ""),
    ] {
        assert_eq!(canonical(source), tree, "{source}");
    }
}

#[test]
fn what_is_rewritten_parses_to_the_same_tree() {
    for source in ["a && (b || !c) == 1", "a.*.b['c d'][0]", "format('{0}''', a, .5)", "(a == b) == c"] {
        let once = canonical(source);
        assert_eq!(canonical(&once), once);
    }
}

#[test]
fn errors_say_what_and_where() {
    for (source, message, stage) in [
        ("a b", "Unexpected symbol: 'b'. Located at position 3 within expression: a b", Stage::Parsing),
        ("a &", "Unexpected symbol: '&'. Located at position 3 within expression: a &", Stage::Lexing),
        (
            "'é😀' @",
            "Unexpected symbol: '@'. Located at position 7 within expression: '\u{e9}😀' @",
            Stage::Lexing,
        ),
        (
            "\"a\"",
            "Unexpected symbol: '\"a\"'. Located at position 1 within expression: \"a\"",
            Stage::Lexing,
        ),
        (
            "d.e",
            "Unrecognized named-value: 'd'. Located at position 1 within expression: d.e",
            Stage::Parsing,
        ),
        (
            "success()",
            "Unrecognized function: 'success'. Located at position 1 within expression: success()",
            Stage::Parsing,
        ),
        (
            "contains(a)",
            "Too few parameters supplied: '('. Located at position 9 within expression: contains(a)",
            Stage::Parsing,
        ),
        (
            "contains(a, b, c)",
            "Too many parameters supplied: '('. Located at position 9 within expression: contains(a, b, c)",
            Stage::Parsing,
        ),
        (
            "hashFiles()",
            "Too few parameters supplied: '('. Located at position 10 within expression: hashFiles()",
            Stage::Parsing,
        ),
        (
            "!case(true, a, b, c)",
            "Even number of parameters supplied, requires an odd number of parameters: 'case'. Located at position 2 within expression: !case(true, a, b, c)",
            Stage::Parsing,
        ),
        (
            "case(true)",
            "Too few parameters supplied: '('. Located at position 5 within expression: case(true)",
            Stage::Parsing,
        ),
        (
            "a &&",
            "Unexpected end of expression: '&&'. Located at position 3 within expression: a &&",
            Stage::Parsing,
        ),
        (
            "(a",
            "Unexpected end of expression: 'a'. Located at position 2 within expression: (a",
            Stage::Parsing,
        ),
        (
            "always(",
            "Unexpected end of expression: '('. Located at position 7 within expression: always(",
            Stage::Parsing,
        ),
        ("()", "Unexpected symbol: ')'. Located at position 2 within expression: ()", Stage::Parsing),
        ("a)", "Unexpected symbol: ')'. Located at position 2 within expression: a)", Stage::Parsing),
        ("(a]", "Unexpected symbol: ']'. Located at position 3 within expression: (a]", Stage::Parsing),
        ("(a, b)", "Unexpected symbol: ','. Located at position 3 within expression: (a, b)", Stage::Parsing),
        ("a.'b'", "Unexpected symbol: ''b''. Located at position 3 within expression: a.'b'", Stage::Parsing),
        ("'a'.b", "Unexpected symbol: '.'. Located at position 4 within expression: 'a'.b", Stage::Lexing),
        ("*", "Unexpected symbol: '*'. Located at position 1 within expression: *", Stage::Parsing),
        ("0x1g", "Unexpected symbol: '0x1g'. Located at position 1 within expression: 0x1g", Stage::Lexing),
        ("+NaN", "Unexpected symbol: '+NaN'. Located at position 1 within expression: +NaN", Stage::Lexing),
    ] {
        let error = Expression::parse(source, &syntax()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.kind().stage(), stage, "{source}");
    }
}

#[test]
fn the_first_mistake_is_reported_whichever_stage_finds_it() {
    let error = Expression::parse("d || @", &syntax()).unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::UnrecognizedNamedValue);
    assert_eq!(error.span(), Some(0..1));
}

#[test]
fn depth_counts_nesting_but_not_the_length_of_chains() {
    let nots = |count: usize| Expression::parse(&format!("{}a", "!".repeat(count)), &syntax());
    assert!(nots(49).is_ok());
    assert_eq!(nots(50).unwrap_err().to_string(), "Exceeded max expression depth 50");
    for chain in [vec!["a"; 5000].join("&&"), vec!["a"; 4000].join(" || ")] {
        assert!(Expression::parse(&chain, &syntax()).is_ok());
    }
    let nested = format!("{}a{}", "a && (".repeat(2000), ")".repeat(2000));
    assert!(Expression::parse(&nested, &syntax()).is_ok());
}

#[test]
fn long_and_deep_sources_are_errors_and_nothing_worse() {
    let kind = |source: &str| Expression::parse(source, &syntax()).err().map(|error| error.kind());
    for part in ["(", "!", "a[", "contains(", "a.b", "a=="] {
        let source = part.repeat(21_000 / part.len());
        assert!(kind(&source).is_some_and(|kind| kind != ParseErrorKind::ExceededMaxLength), "{part}");
    }
    assert_eq!(kind(&"!".repeat(21_001)), Some(ParseErrorKind::ExceededMaxLength));
    assert_eq!(kind(&format!("'{}'", "é".repeat(20_998))), None);
    assert_eq!(kind(&format!("'{}'", "😀".repeat(10_500))), Some(ParseErrorKind::ExceededMaxLength));
}

#[test]
fn spans_cover_what_was_written() {
    let source = "!contains( a.b , c[ 'd' ] ) && (b == 1)";
    let expression = Expression::parse(source, &syntax()).unwrap();
    let texts: Vec<_> = expression.walk().map(|node| node.text()).collect();
    assert_eq!(
        texts,
        [
            "!contains( a.b , c[ 'd' ] ) && (b == 1",
            "!contains( a.b , c[ 'd' ] )",
            "contains( a.b , c[ 'd' ] )",
            "a.b",
            "a",
            "b",
            "c[ 'd' ]",
            "c",
            "'d'",
            "b == 1",
            "b",
            "1",
        ]
    );
}
