use super::events::Kind;
use super::*;
use crate::token::TokenKind;

fn scalars(text: &str) -> Result<Vec<Token>, String> {
    let mut reader = YamlReader::start(FileId(0), text).map_err(|problem| problem.message)?;
    let mut found = Vec::new();
    loop {
        if let Some(token) = reader.scalar().map_err(|problem| problem.message)? {
            found.push(token);
        } else if matches!(reader.event().kind, Kind::DocumentEnd) {
            reader.end().map_err(|problem| problem.message)?;
            return Ok(found);
        } else {
            reader.advance().map_err(|problem| problem.message)?;
        }
    }
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    for (text, expected) in [
        ("~", TokenKind::Null),
        ("null", TokenKind::Null),
        ("nULL", TokenKind::String("nULL".into())),
        ("True", TokenKind::Bool(true)),
        ("yes", TokenKind::String("yes".into())),
        ("on", TokenKind::String("on".into())),
        ("012", TokenKind::Number(12.0)),
        ("+12", TokenKind::Number(12.0)),
        ("0o17", TokenKind::Number(15.0)),
        ("0xFFFFFFFF", TokenKind::Number(-1.0)),
        ("0x", TokenKind::String("0x".into())),
        (".5", TokenKind::Number(0.5)),
        ("5.", TokenKind::Number(5.0)),
        ("1e3", TokenKind::Number(1000.0)),
        ("1e", TokenKind::String("1e".into())),
        ("1.2.3", TokenKind::String("1.2.3".into())),
        ("-.INF", TokenKind::Number(f64::NEG_INFINITY)),
        ("+.nan", TokenKind::String("+.nan".into())),
        ("1_000", TokenKind::String("1_000".into())),
        ("2020-01-02", TokenKind::String("2020-01-02".into())),
        ("'12'", TokenKind::String("12".into())),
        ("!!str 12", TokenKind::String("12".into())),
        ("!!float 12", TokenKind::Number(12.0)),
        ("!!null ~", TokenKind::Null),
    ] {
        assert_eq!(scalars(text).unwrap()[0].kind, expected, "{text}");
    }
}

#[test]
fn tags_that_do_not_fit_are_errors_in_githubs_words() {
    for (text, expected) in [
        ("!!int x", "The value 'x' on line 1 and column 1 is invalid for the type 'tag:yaml.org,2002:int'"),
        (
            "a: !!bool 'true'",
            "The scalar style 'SingleQuoted' on line 1 and column 4 is not valid with the tag 'tag:yaml.org,2002:bool'",
        ),
        ("!foo x", "Unexpected tag '!foo'"),
        (
            "0xFFFFFFFFF",
            "The value '0xFFFFFFFFF' on line 1 and column 1 is invalid for the type 'tag:yaml.org,2002:int'",
        ),
    ] {
        assert_eq!(scalars(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn aliases_repeat_their_anchor_with_its_places() {
    let found = scalars("a: &x {k: [v, w]}\nb: *x\nc: &y z\nd: [*y, *y]").unwrap();
    let texts: Vec<_> = found.iter().filter_map(Token::as_str).collect();
    assert_eq!(texts, ["a", "k", "v", "w", "b", "k", "v", "w", "c", "z", "d", "z", "z"]);
    assert_eq!(found[5].span.line, 1, "the key of the alias stands where the anchor is");
}

#[test]
fn an_alias_inside_its_anchor_is_refused() {
    assert_eq!(scalars("a: &x [*x]").unwrap_err(), "an alias may not stand inside what it repeats");
    assert_eq!(scalars("a: *x").unwrap_err(), "invalid YAML: while parsing node, found unknown anchor");
}

#[test]
fn an_alias_bomb_ends_at_the_limit_of_nodes() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        bomb.extend([format!("a{level}: &a{level} ["), vec![below; 10].join(", "), "]\n".to_owned()]);
    }
    assert_eq!(scalars(&bomb).unwrap_err(), "Maximum YAML nodes exceeded");
}

#[test]
fn empty_values_stand_behind_the_colon() {
    let found = scalars("a:\nb: [c]\nd:\n").unwrap();
    assert_eq!((found[1].span.line, found[1].span.column), (1, 3));
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_not_matter() {
    let found = scalars("\u{feff}a: b\r\nc: d\r\n").unwrap();
    assert_eq!(found.iter().filter_map(Token::as_str).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    assert_eq!((found[2].span.line, found[2].span.column), (2, 1));
}

#[test]
fn one_document_is_read_and_a_second_is_an_error() {
    assert_eq!(scalars("a: b\n---\nc: d").unwrap_err(), "Expected stream end parse event");
    assert_eq!(scalars("").unwrap_err(), "Expected document start parse event");
    assert_eq!(scalars("# nothing").unwrap_err(), "Expected document start parse event");
}

#[test]
fn block_scalars_stand_at_their_header() {
    for (text, index, place, value) in [
        ("a: |\n  x\nb: y", 1, (1, 4), "x\n"),
        ("a: >- # | comment\n\n\n  x\n  y\n", 1, (1, 4), "\n\nx y"),
        ("- |2-\n   x\n", 0, (1, 3), " x"),
        ("a: |\nb: c", 1, (1, 4), ""),
        ("a: !!str |\n  x", 1, (1, 4), "x"),
        ("a: &k |+\n  x\n\n", 1, (1, 4), "x\n\n"),
        ("a: |\n  x\n  y", 1, (1, 4), "x\ny"),
        ("p|q: |\n  | x\n", 1, (1, 6), "| x\n"),
    ] {
        let found = scalars(text).unwrap();
        let token = &found[index];
        assert_eq!((token.as_str(), (token.span.line, token.span.column)), (Some(value), place), "{text}");
    }
}

#[test]
fn a_comment_may_touch_what_it_follows() {
    let found = scalars("a: [b]#c\nd: \"e\"#f\ng: h").unwrap();
    assert_eq!(found.iter().filter_map(Token::as_str).collect::<Vec<_>>(), ["a", "b", "d", "e", "g", "h"]);
}

#[test]
fn a_block_scalar_is_not_taken_for_text_in_a_flow() {
    let refused = "invalid YAML: a block scalar is not allowed in a flow collection";
    for text in ["a: [b, |\n  c]", "a: {b: >-\n  c}"] {
        assert_eq!(scalars(text).unwrap_err(), refused, "{text}");
    }
    assert_eq!(scalars("a: [b|c, '|']").unwrap().len(), 3);
}
