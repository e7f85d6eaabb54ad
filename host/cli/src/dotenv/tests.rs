use super::*;

fn one(text: &str) -> String {
    let values = read(text).unwrap();
    values.last().map(|(name, value)| format!("{name}|{value}")).unwrap_or_default()
}

#[test]
fn values_read_as_godotenv_reads_them() {
    for (text, expected) in [
        ("A=1", "A|1"),
        ("A = 1 ", "A|1"),
        ("A: 1", "A|1"),
        ("A=", "A|"),
        ("A=\n", "A|"),
        ("A=b c", "A|b c"),
        ("A=b=c", "A|b=c"),
        ("A=b#c", "A|b#c"),
        ("A=b #c", "A|b"),
        ("A= # c", "A|"),
        ("  export A=1", "A|1"),
        ("export=1", "export|1"),
        ("export =1", "export|1"),
        ("exported=1", "exported|1"),
        ("A='b $C # d'", "A|b $C # d"),
        ("A=\"b\\nc\"", "A|b\nc"),
        ("A='b\\nc'", "A|b\\nc"),
        ("A=\"b\nc\"", "A|b\nc"),
        ("A='b\r\nc'", "A|b\nc"),
        ("A=\"b\\\"c\"", "A|b\"c"),
        ("A=\"b\\\\\"", "A|b\\"),
        ("A=\"b\" # c", "A|b"),
        ("A=b\r\nB=c\r\n", "B|c"),
        ("\u{feff}A=1", "A|1"),
        ("# c\n\n   # d\nA=1", "A|1"),
        ("A.b-c_D=1", "A.b-c_D|1"),
        ("A=C:\\new", "A|C:\\new"),
        ("", ""),
        ("# only a comment", ""),
    ] {
        assert_eq!(one(text), expected, "{text:?}");
    }
}

#[test]
fn earlier_lines_may_be_referred_to_and_unknown_names_stay() {
    for (text, expected) in [
        ("A=1\nB=${A}2", "B|12"),
        ("A=1\nB=$A-2", "B|1-2"),
        ("A=1\nB=\"$A\"", "B|1"),
        ("A=1\nB='$A'", "B|$A"),
        ("A=1\nB=\\$A", "B|$A"),
        ("A=1\nB=\"\\$A\"", "B|$A"),
        ("B=pa$word", "B|pa$word"),
        ("B=${NO}", "B|${NO}"),
        ("B=a$", "B|a$"),
        ("A=1\nB=${A", "B|${A"),
        ("B=$(id)", "B|$(id)"),
        ("PATH=x\nHOME_=$HOME", "HOME_|$HOME"),
    ] {
        assert_eq!(one(text), expected, "{text:?}");
    }
}

#[test]
fn a_mistake_has_a_place_and_shows_no_text() {
    for (text, expected) in [
        ("A=1\nsecret", "line 2, column 7: expected NAME=VALUE"),
        ("A=1\n=x", "line 2, column 1: expected NAME=VALUE"),
        ("my key=x", "line 1, column 4: expected NAME=VALUE"),
        ("A=1\n B!=x", "line 2, column 3: a name consists of letters, digits, `_`, `.` and `-`"),
        ("A=\"x\ny", "line 1, column 3: the quote is not closed"),
        ("A='x' y", "line 1, column 7: only a comment may follow a closing quote"),
        ("é=\"x", "line 1, column 3: the quote is not closed"),
        ("\"A\"=x", "line 1, column 1: a name consists of letters, digits, `_`, `.` and `-`"),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected, "{text:?}");
    }
}

#[test]
fn the_last_of_a_name_counts() {
    assert_eq!(read("A=1\nA=2").unwrap()["A"], "2");
}

#[test]
fn any_text_is_read_or_refused_at_a_place_within_it() {
    const PIECES: [&str; 16] = [
        "A", "=", ":", "\"", "'", "\\", "\\n", "\n", "\r\n", " ", "#", "$A", "export ", "\u{feff}", "é", "\0",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let count = random.usize(0..24);
        let text: String = (0..count).map(|_| PIECES[random.usize(0..PIECES.len())]).collect();
        if let Err(error) = read(&text) {
            let error = error.to_string();
            let line: usize = error.split([' ', ',']).nth(1).unwrap().parse().unwrap();
            assert!((1..=text.lines().count().max(1)).contains(&line), "{text:?}: {error}");
        }
    }
}
