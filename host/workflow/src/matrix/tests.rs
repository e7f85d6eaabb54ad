use act_expr::Value;

use super::*;

fn value(json: &str) -> Value {
    serde_json::from_str(json).expect(json)
}

fn legs(matrix: &str) -> Vec<String> {
    let strategy = Value::object([("matrix", value(matrix))]);
    let expanded = expand("build", &strategy).expect(matrix);
    expanded.legs.iter().map(|leg| serde_json::to_string(&leg.matrix).expect("json")).collect()
}

fn errors(strategy: &str) -> Vec<String> {
    let errors = expand("build", &value(strategy)).expect_err(strategy);
    errors
        .iter()
        .map(|error| {
            let at: String = error.at.iter().map(ToString::to_string).collect();
            format!("{at}{} {error}", if error.is_key { "!" } else { ":" })
        })
        .collect()
}

#[test]
fn legs_come_in_githubs_order() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "the product of the axes, the last one fastest",
            r#"{"arch":["x64","x86"],"os":["linux","windows"]}"#,
            &[
                r#"{"arch":"x64","os":"linux"}"#,
                r#"{"arch":"x64","os":"windows"}"#,
                r#"{"arch":"x86","os":"linux"}"#,
                r#"{"arch":"x86","os":"windows"}"#,
            ],
        ),
        (
            "exclude removes one",
            r#"{"arch":["x64","x86"],"os":["linux","windows"],"exclude":[{"arch":"x86","os":"linux"}]}"#,
            &[
                r#"{"arch":"x64","os":"linux"}"#,
                r#"{"arch":"x64","os":"windows"}"#,
                r#"{"arch":"x86","os":"windows"}"#,
            ],
        ),
        (
            "a partial exclude removes all it fits",
            r#"{"arch":["x64","x86"],"os":["linux","windows"],"exclude":[{"arch":"X86"}]}"#,
            &[r#"{"arch":"x64","os":"linux"}"#, r#"{"arch":"x64","os":"windows"}"#],
        ),
        (
            "include adds to what it fits",
            r#"{"arch":["x64","x86"],"os":["linux"],"include":[{"arch":"x64","os":"linux","publish":true}]}"#,
            &[r#"{"arch":"x64","os":"linux","publish":true}"#, r#"{"arch":"x86","os":"linux"}"#],
        ),
        (
            "an include that fits nothing becomes a leg of its own, axis keys first",
            r#"{"arch":["x64"],"include":[{"n":1,"arch":"arm"}]}"#,
            &[r#"{"arch":"x64"}"#, r#"{"arch":"arm","n":1}"#],
        ),
        (
            "an include without axis keys goes to all, later ones overwrite",
            r#"{"a":[1,2],"include":[{"color":"green"},{"color":"pink","a":2},{"shape":"round"}]}"#,
            &[r#"{"a":1,"color":"green","shape":"round"}"#, r#"{"a":2,"color":"pink","shape":"round"}"#],
        ),
        (
            "the documentation's example",
            r#"{"fruit":["apple","pear"],"animal":["cat","dog"],"include":[{"color":"green"},
               {"color":"pink","animal":"cat"},{"fruit":"apple","shape":"circle"},{"fruit":"banana"},
               {"fruit":"banana","animal":"cat"}]}"#,
            &[
                r#"{"fruit":"apple","animal":"cat","color":"pink","shape":"circle"}"#,
                r#"{"fruit":"apple","animal":"dog","color":"green","shape":"circle"}"#,
                r#"{"fruit":"pear","animal":"cat","color":"pink"}"#,
                r#"{"fruit":"pear","animal":"dog","color":"green"}"#,
                r#"{"fruit":"banana"}"#,
                r#"{"fruit":"banana","animal":"cat"}"#,
            ],
        ),
        (
            "include does not see what exclude took, so it is appended",
            r#"{"os":["a","b"],"exclude":[{"os":"b"}],"include":[{"os":"b","n":1}]}"#,
            &[r#"{"os":"a"}"#, r#"{"os":"b","n":1}"#],
        ),
        ("includes alone make legs", r#"{"include":[{"a":1},{"b":2}]}"#, &[r#"{"a":1}"#, r#"{"b":2}"#]),
        (
            "numbers and texts are equal as in expressions",
            r#"{"v":[10,"12",null,true],"exclude":[{"v":"10"},{"v":12},{"v":1}]}"#,
            &[r#"{"v":null}"#],
        ),
        (
            "nested values are compared leaf by leaf",
            r#"{"node":[{"v":14,"tags":["a","b"]},{"v":16,"tags":["a","c"]}],"exclude":[{"node":{"tags":["a","B"]}}]}"#,
            &[r#"{"node":{"v":16,"tags":["a","c"]}}"#],
        ),
        ("a filter without leaves fits all", r#"{"os":["a","b"],"exclude":[{"os":{}}]}"#, &["null"]),
        (
            "a missing counterpart is null",
            r#"{"os":[{"n":1},{"n":1,"m":2}],"exclude":[{"os":{"m":null}}]}"#,
            &[r#"{"os":{"n":1,"m":2}}"#],
        ),
        (
            "keys of axes ignore case",
            r#"{"Os":["a"],"include":[{"oS":"A","n":1}]}"#,
            &[r#"{"Os":"a","n":1}"#],
        ),
        (
            "everything excluded leaves one leg without a matrix",
            r#"{"os":["a"],"exclude":[{"os":"a"}]}"#,
            &["null"],
        ),
        (
            "numbers of more than 15 digits never equal their literal",
            r#"{"v":[0.30000000000000004,0.3],"exclude":[{"v":0.30000000000000004}]}"#,
            &[r#"{"v":0.30000000000000004}"#],
        ),
    ];
    for (case, matrix, wanted) in cases {
        assert_eq!(legs(matrix), *wanted, "{case}");
    }
}

#[test]
fn githubs_own_sample_matrix_expands() {
    let matrix = r#"{"node-version":[4,6,8,10],"npm-version":[1,2,3],
        "include":[{"node-version":4,"npm":2}],"exclude":[{"node-version":4,"npm-version":2}]}"#;
    let found = legs(matrix);
    assert_eq!(found.len(), 11);
    assert_eq!(
        found[..3],
        [
            r#"{"node-version":4,"npm-version":1,"npm":2}"#,
            r#"{"node-version":4,"npm-version":3,"npm":2}"#,
            r#"{"node-version":6,"npm-version":1}"#,
        ]
    );
}

#[test]
fn names_and_ids_come_from_the_axes() {
    let strategy = r#"{"matrix":{"os":["ubuntu-latest","Ubuntu latest"],"v":[1.5,"",{"x":true,"y":[null,"z"]}],
        "include":[{"extra":"unseen"},{"os":"new","note":"shown"}]}}"#;
    let expanded = expand("build", &value(strategy)).expect("valid");
    let shown: Vec<_> =
        expanded.legs.iter().map(|leg| (leg.display_name("build"), leg.id.as_str())).collect();
    let wanted = [
        ("build (ubuntu-latest, 1.5)", "ubuntu-latest_1_5"),
        ("build (ubuntu-latest)", "ubuntu-latest"),
        ("build (ubuntu-latest, true, z)", "ubuntu-latest_true_z"),
        ("build (Ubuntu latest, 1.5)", "Ubuntu_latest_1_5"),
        ("build (Ubuntu latest)", "Ubuntu_latest"),
        ("build (Ubuntu latest, true, z)", "Ubuntu_latest_true_z"),
        ("build (new, shown)", "new_shown"),
    ];
    assert_eq!(shown, wanted.map(|(name, id)| (name.to_owned(), id)));
}

#[test]
fn ids_are_legal_and_unique() {
    let cases: &[(&str, &[&str])] = &[
        (r#"{"v":[10,"10","é","😀","-x"]}"#, &["_10", "_10_2", "_", "_2", "_-x"]),
        (r#"{"v":["A","a","a "]}"#, &["A", "a_2", "a_"]),
        (r#"{"v":["__x","","_"]}"#, &["_x", "job", "_"]),
        (r#"{"v":["_","+","++"]}"#, &["_", "_2", "_3"]),
    ];
    for (matrix, wanted) in cases {
        let strategy = Value::object([("matrix", value(matrix))]);
        let expanded = expand("build", &strategy).expect(matrix);
        let ids: Vec<_> = expanded.legs.iter().map(|leg| leg.id.as_str()).collect();
        assert_eq!(ids, *wanted, "{matrix}");
    }
}

#[test]
fn long_names_are_cut_to_100_units() {
    for (base, segment, wanted) in [
        ("a".repeat(95), "bc", format!("{} (bc)", "a".repeat(95))),
        ("a".repeat(95), "bcd", format!("{} (...", "a".repeat(95))),
        ("a".repeat(96), "😀😀", format!("{} ...", "a".repeat(96))),
        ("a".repeat(94), "😀😀", format!("{} (...", "a".repeat(94))),
        ("a".repeat(120), "", format!("{}...", "a".repeat(97))),
        (String::new(), "x", String::new()),
    ] {
        let matrix = Value::object([("v", Value::array([segment]))]);
        let expanded = expand("build", &Value::object([("matrix", matrix)])).expect("valid");
        assert_eq!(expanded.legs[0].display_name(&base), wanted, "{base} ({segment})");
    }
}

#[test]
fn the_strategy_context_counts_legs() {
    let cases = [
        ("null", r#"{"fail-fast":true,"job-index":0,"job-total":1,"max-parallel":1}"#),
        ("{}", r#"{"fail-fast":true,"job-index":0,"job-total":1,"max-parallel":1}"#),
        (
            r#"{"fail-fast":false,"matrix":{"a":[1,2,3]}}"#,
            r#"{"fail-fast":false,"job-index":2,"job-total":3,"max-parallel":3}"#,
        ),
        (
            r#"{"max-parallel":2.9,"matrix":{"a":[1,2]}}"#,
            r#"{"fail-fast":true,"job-index":1,"job-total":2,"max-parallel":2}"#,
        ),
        (
            r#"{"max-parallel":-1,"matrix":{"a":[1,2]}}"#,
            r#"{"fail-fast":true,"job-index":1,"job-total":2,"max-parallel":2}"#,
        ),
        (
            r#"{"max-parallel":7,"fail-fast":false,"matrix":{"a":[1],"exclude":[{"a":1}]}}"#,
            r#"{"fail-fast":false,"job-index":0,"job-total":1,"max-parallel":1}"#,
        ),
    ];
    for (strategy, wanted) in cases {
        let expanded = expand("build", &value(strategy)).expect(strategy);
        let last = expanded.legs.last().expect("at least one leg");
        assert_eq!(serde_json::to_string(&last.strategy).expect("json"), wanted, "{strategy}");
    }
}

#[test]
fn errors_have_githubs_texts_and_their_place() {
    let cases: &[(&str, &[&str])] = &[
        (r#"{"bad-key":1}"#, &[".bad-key! Error while reading 'strategy key'. Unexpected value 'bad-key'"]),
        (r#"{"matrix":{"os":[],"v":[1]}}"#, &[".matrix.os: Matrix vector 'os' does not contain any values"]),
        (r#"{"matrix":{}}"#, &[".matrix: Matrix must define at least one vector"]),
        (r#"{"matrix":{"include":[]}}"#, &[".matrix: Matrix must define at least one vector"]),
        (
            r#"{"matrix":{"exclude":[{"a":1}]}}"#,
            &[
                ".matrix: Matrix must define at least one vector",
                ".matrix.exclude[0].a! Matrix exclude key 'a' does not match any key within the matrix",
            ],
        ),
        (
            r#"{"matrix":{"os":["a"],"exclude":[{},{"x":1,"os":"a"}],"include":[{}]}}"#,
            &[
                ".matrix.include[0]: Matrix include mapping does not contain any values",
                ".matrix.exclude[0]: Matrix exclude filter must not be empty",
                ".matrix.exclude[1].x! Matrix exclude key 'x' does not match any key within the matrix",
            ],
        ),
        (
            r#"{"matrix":"x"}"#,
            &[
                ".matrix: Unexpected type 'StringToken' encountered while reading 'matrix'. The type 'MappingToken' was expected.",
            ],
        ),
        (
            r#"{"matrix":{"os":"x"}}"#,
            &[
                ".matrix.os: Unexpected type 'StringToken' encountered while reading 'matrix vector value'. The type 'SequenceToken' was expected.",
            ],
        ),
        (
            r#"{"matrix":{"include":["x"]}}"#,
            &[
                ".matrix.include[0]: Unexpected type 'StringToken' encountered while reading 'matrix includes item'. The type 'MappingToken' was expected.",
            ],
        ),
        (
            r#"{"fail-fast":"true"}"#,
            &[
                ".fail-fast: Unexpected type 'StringToken' encountered while reading 'strategy fail-fast'. The type 'BooleanToken' was expected.",
            ],
        ),
        (
            r#"{"max-parallel":null}"#,
            &[
                ".max-parallel: Unexpected type 'NullToken' encountered while reading 'strategy max-parallel'. The type 'NumberToken' was expected.",
            ],
        ),
        (
            "[]",
            &[
                ": Unexpected type 'SequenceToken' encountered while reading 'strategy'. The type 'MappingToken' was expected.",
            ],
        ),
    ];
    for (strategy, wanted) in cases {
        assert_eq!(errors(strategy), *wanted, "{strategy}");
    }
}

fn numbers(count: u32) -> Value {
    Value::array(0..count)
}

fn axes(sizes: &[u32]) -> Object {
    sizes.iter().enumerate().map(|(axis, &size)| (format!("axis{axis}"), numbers(size))).collect()
}

fn expand_object(matrix: Object) -> Result<Strategy, Vec<MatrixError>> {
    expand("big", &Value::object([("matrix", Value::from(matrix))]))
}

#[test]
fn a_matrix_has_at_most_256_legs() {
    let limit = |count: u32| {
        format!(
            "Strategy for job 'big' produced {count} configurations which exceeds the maximum of 256 configurations"
        )
    };
    assert_eq!(expand_object(axes(&[16, 16])).expect("fits").legs.len(), 256);
    assert_eq!(expand_object(axes(&[72, 4])).expect_err("288")[0].to_string(), limit(288));
    assert_eq!(expand_object(axes(&[1000, 1000, 100])).expect_err("many")[0].to_string(), limit(100_000_000));
    let one_more = axes(&[256]).with("include", value(r#"[{"other":1,"axis0":"new"}]"#));
    assert_eq!(expand_object(one_more).expect_err("257")[0].to_string(), limit(257));
    let excluded =
        axes(&[20, 20]).with("exclude", Value::array((0..10).map(|n| Value::object([("axis0", n)]))));
    assert_eq!(expand_object(excluded).expect("200 left").legs.len(), 200);
}

#[test]
fn a_matrix_too_large_to_count_is_refused() {
    let excluded = axes(&[1000, 1000, 100]).with("exclude", value(r#"[{"axis0":1}]"#));
    assert_eq!(expand_object(excluded).expect_err("large")[0].to_string(), "Maximum object size exceeded");
    let overflowing = axes(&[1000; 30]);
    assert_eq!(expand_object(overflowing).expect_err("large")[0].to_string(), "Maximum object size exceeded");
}

#[test]
fn deep_values_are_walked_without_recursion() {
    let mut deep = Value::from("leaf");
    for _ in 0..20_000 {
        deep = Value::array([deep]);
    }
    let matrix = Object::new()
        .with("a", Value::array([deep.clone()]))
        .with("exclude", Value::array([Value::object([("a", Value::from("other"))])]));
    let expanded = expand_object(matrix).expect("valid");
    assert_eq!(expanded.legs[0].display_name("x"), "x (leaf)");
    // Dropping a value is recursive, and not this module's business: unwrap it layer by layer.
    drop(expanded);
    while let Value::Array(array) = deep {
        deep = array[0].clone();
    }
}

/// A random value of the shapes that matrices are made of, right and wrong.
fn random_value(random: &mut fastrand::Rng, depth: u32) -> Value {
    let words = ["a", "A", "1", "", "include", "exclude", "os", "é"];
    let word = |random: &mut fastrand::Rng| words[random.usize(0..words.len())];
    match random.u8(0..if depth == 0 { 4 } else { 10 }) {
        0 => Value::Null,
        1 => Value::Bool(random.bool()),
        2 => Value::from(random.i32(0..3)),
        3 => Value::from(word(random)),
        4..7 => {
            Value::array((0..random.usize(0..4)).map(|_| random_value(random, depth - 1)).collect::<Vec<_>>())
        }
        _ => {
            let count = random.usize(0..4);
            Value::object(
                (0..count).map(|_| (word(random), random_value(random, depth - 1))).collect::<Vec<_>>(),
            )
        }
    }
}

#[test]
fn no_matrix_makes_it_panic() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut expanded_count = 0;
    for _ in 0..50_000 {
        let strategy = Value::object([("matrix", random_value(&mut random, 4))]);
        if let Ok(expanded) = expand("x", &strategy) {
            expanded_count += 1;
            assert!((1..=MAX_LEGS).contains(&expanded.legs.len()));
        }
    }
    assert!(expanded_count > 100, "only {expanded_count} of the random matrices were valid");
}

#[test]
fn without_include_and_exclude_the_count_is_the_product_and_ids_differ() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..200 {
        let sizes: Vec<u32> = (0..random.usize(1..4)).map(|_| random.u32(1..7)).collect();
        let legs = expand_object(axes(&sizes)).expect("at most 216").legs;
        assert_eq!(legs.len(), sizes.iter().product::<u32>() as usize);
        let ids: std::collections::HashSet<_> = legs.iter().map(|leg| &leg.id).collect();
        assert_eq!(ids.len(), legs.len());
    }
}
