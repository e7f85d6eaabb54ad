use super::*;

/// A text and what `fromJson` makes of it, as compact JSON.
#[test]
fn newtonsoft_leniency_is_kept() {
    for (text, value) in [
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.5e3", "1500"),
        (".5", "0.5"),
        ("010", "8"),
        ("0x1F", "31"),
        ("0xFFFFFFFFFFFFFFFF", "-1"),
        ("12345678901234567890123", "1.2345678901234568e+22"),
        ("'it''s'", "\"it\""),
        (r#"'say "hi"'"#, r#""say \"hi\"""#),
        (r#""\u00e9\ud83d\ude00\n\/\'""#, r#""é😀\n/'""#),
        (r#""\ud83d x \ude00 \ud83d\u0041""#, "\"\u{fffd} x \u{fffd} \u{fffd}A\""),
        ("\"a\nb\"", r#""a\nb""#),
        ("[1,2,]", "[1,2]"),
        ("[,1,,2]", r#"["",1,"",2]"#),
        (",", r#""""#),
        ("undefined", r#""""#),
        ("{a: 1, $b_2: 'x', 'c d': null,}", r#"{"a":1,"$b_2":"x","c d":null}"#),
        ("{\"a\":}}", ""),
        ("{\"a\":,\"b\":2}", r#"{"a":"","b":2}"#),
        ("/* first */ 1", r#"" first ""#),
        ("// line\n1", r#"" line""#),
        ("[/* a */ 1 /* b */, // c\n 2]", "[1,2]"),
        ("{/* a */ x /**/ : 1}", ""),
        ("{x: /* a */ 1 /* b */ }", r#"{"x":1}"#),
        ("[1] trailing", "[1]"),
        ("1 2", "1"),
        ("\u{feff}1", ""),
        ("\u{a0}\0 true", "true"),
        ("{\"a\":1,\"b\":2,\"A\":3}", r#"{"a":3,"b":2}"#),
        ("{\"a\":1,\"A\":2,\"a\":3}", r#"{"a":2}"#),
        ("{\"a\":1,\"a\":2}", r#"{"a":2}"#),
    ] {
        let read = parse(text).map(|value| serde_json::to_string(&value).unwrap()).unwrap_or_default();
        assert_eq!(read, value, "{text:?}");
    }
    for (text, number) in
        [("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"), ("1e999", "Infinity")]
    {
        let Ok(Value::Number(read)) = parse(text) else { panic!("{text} is a number") };
        assert_eq!(crate::number::to_string(read), number);
    }
}

#[test]
fn errors_are_in_the_words_of_newtonsoft() {
    for (text, message) in [
        ("", "Error reading JToken from JsonReader. Path '', line 0, position 0."),
        ("  ", "Error reading JToken from JsonReader. Path '', line 1, position 2."),
        ("hello", "Unexpected character encountered while parsing value: h. Path '', line 0, position 0."),
        (" hello", "Unexpected character encountered while parsing value: h. Path '', line 1, position 1."),
        ("tru", "Unexpected end when reading JSON. Path '', line 1, position 3."),
        ("trux", "Error parsing boolean value. Path '', line 1, position 3."),
        ("truex", "Error parsing boolean value. Path '', line 1, position 4."),
        ("nil", "Unexpected character encountered while parsing value: n. Path '', line 0, position 0."),
        ("\"abc", "Unterminated string. Expected delimiter: \". Path '', line 1, position 4."),
        (r#""\x""#, r"Bad JSON escape sequence: \x. Path '', line 1, position 3."),
        (r#""\u12""#, "Unexpected end while parsing Unicode escape sequence. Path '', line 1, position 3."),
        (r#""\u12zz""#, r"Invalid Unicode escape sequence: \u12zz. Path '', line 1, position 3."),
        (
            "[1 2]",
            "After parsing a value an unexpected character was encountered: 2. Path '[0]', line 1, position 3.",
        ),
        ("[1,", "Unexpected end of content while loading JArray. Path '[0]', line 1, position 3."),
        ("{", "Error reading JObject from JsonReader. Path '', line 1, position 1."),
        (
            "{\"a\":{\"b.c\":[1,{\"d\":x}]}}",
            "Unexpected character encountered while parsing value: x. Path 'a['b.c'][1].d', line 1, position 20.",
        ),
        (
            "{\n  \"a\": 1,\r\n  b c: 2}",
            "Invalid character after parsing property name. Expected ':' but got: c. Path 'a', line 3, position 4.",
        ),
        ("{-: 1}", "Invalid property identifier character: -. Path '', line 1, position 1."),
        ("{a-b: 1}", "Invalid JavaScript property identifier character: -. Path '', line 1, position 2."),
        ("{a", "Unexpected end while parsing unquoted property name. Path '', line 1, position 2."),
        ("[1}", "JsonToken EndObject is not valid for closing JsonType Array. Path '', line 1, position 3."),
        ("]", "JsonToken EndArray is not valid for closing JsonType None. Path '', line 1, position 1."),
        ("1a", "Input string '1a' is not a valid number. Path '', line 1, position 2."),
        ("[09]", "Input string '09' is not a valid number. Path '[0]', line 1, position 3."),
        ("1z", "Unexpected character encountered while parsing number: z. Path '', line 1, position 1."),
        ("/ 1", "Error parsing comment. Expected: *, got  . Path '', line 1, position 1."),
        ("/* a", "Unexpected end while parsing comment. Path '', line 1, position 4."),
        ("new Date(1)", "Unexpected content while parsing JSON. Path '', line 0, position 0."),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), message, "{text:?}");
    }
    let long = "9".repeat(381);
    assert!(parse(&long).unwrap_err().to_string().contains("is too large to parse."));
}

#[test]
fn depth_is_limited_to_64_levels() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(64)).is_ok());
    let error = parse(&nested(65)).unwrap_err().to_string();
    assert!(error.starts_with("The reader's MaxDepth of 64 has been exceeded. Path '[0]["), "{error}");
    assert!(parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn strict_parsing_takes_standard_json_only_and_the_first_of_equal_keys() {
    assert_eq!(parse_strict(r#"{"a":1,"A":2}"#).unwrap(), Value::object([("a", 1)]));
    for text in ["", "[1,]", "{a:1}", "'a'", "// x\n1", "01", "NaN", "1 2"] {
        assert!(parse_strict(text).is_err(), "{text:?}");
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse_strict(&nested(100)).is_ok());
    assert!(parse_strict(&nested(101)).is_err());
}
