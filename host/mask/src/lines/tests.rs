use super::*;

fn masker(secrets: &[&str]) -> Masker {
    let mut masker = Masker::new();
    secrets.iter().for_each(|secret| masker.add(secret));
    masker
}

/// What a piece looked like, without its borrow.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    raw: Vec<u8>,
    masked: String,
    continues: bool,
    continued: bool,
    end: u64,
}

fn small(limit: usize) -> Splitter {
    let mut splitter = Splitter::new();
    splitter.cut.limit = limit;
    splitter
}

fn collect<'a>(
    splitter: &mut Splitter,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    masker: &Masker,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut take = |line: Line<'_>| {
        pieces.push(Piece {
            raw: line.raw().to_vec(),
            masked: line.masked(masker).into_owned(),
            continues: line.continues,
            continued: line.continued,
            end: line.end,
        });
    };
    for chunk in chunks {
        splitter.push(chunk, masker, &mut take);
    }
    splitter.finish(masker, &mut take);
    pieces
}

fn masked(pieces: &[Piece]) -> Vec<&str> {
    pieces.iter().map(|piece| piece.masked.as_str()).collect()
}

#[test]
fn lines_end_at_line_feeds_whatever_the_chunks() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("a", &["a"]),
        ("a\n", &["a"]),
        ("a\nb", &["a", "b"]),
        ("\n\n", &["", ""]),
        ("a\r\nb\r\n", &["a", "b"]),
        ("a\rb\r\r\n", &["a\rb\r"]),
        ("\r\n", &[""]),
        ("end\r", &["end"]),
        ("füür\n日本\n", &["füür", "日本"]),
    ];
    for (stream, wanted) in cases {
        for size in 1..=stream.len().max(1) {
            let pieces = collect(&mut Splitter::new(), stream.as_bytes().chunks(size), &Masker::new());
            assert_eq!(masked(&pieces), *wanted, "{stream:?} by {size}");
            assert!(pieces.iter().all(|piece| !piece.continues && !piece.continued));
            assert_eq!(pieces.last().map_or(0, |piece| piece.end), stream.len() as u64);
        }
    }
}

#[test]
fn lines_of_one_chunk_are_not_copied() {
    let chunk = b"one\ntwo\n".as_slice();
    let mut splitter = Splitter::new();
    let mut places = Vec::new();
    splitter.push(chunk, &Masker::new(), |line| {
        assert!(matches!(line.masked(&Masker::new()), Cow::Borrowed(_)));
        places.push(line.raw().as_ptr());
    });
    assert_eq!(places, [chunk.as_ptr(), chunk[4..].as_ptr()]);
}

#[test]
fn invalid_text_is_replaced() {
    let pieces = collect(&mut Splitter::new(), [b"a\xffb\xe2\x82\n\xf0\x9f".as_slice()], &Masker::new());
    assert_eq!(masked(&pieces), ["a\u{fffd}b\u{fffd}", "\u{fffd}"]);
}

#[test]
fn a_long_line_is_given_out_in_parts() {
    let line = "x".repeat(MAX_LINE * 2 + 10);
    let pieces =
        collect(&mut Splitter::new(), [format!("a\n{line}\r\nb\n").as_bytes()], &masker(&["secret"]));
    let shape: Vec<_> =
        pieces.iter().map(|piece| (piece.raw.len(), piece.continued, piece.continues)).collect();
    assert_eq!(
        shape,
        [
            (1, false, false),
            (MAX_LINE, false, true),
            (MAX_LINE, true, true),
            (10, true, false),
            (1, false, false),
        ]
    );
    let whole = "x".repeat(MAX_LINE);
    let pieces = collect(&mut Splitter::new(), [whole.as_bytes(), b"\r\n"], &Masker::new());
    assert_eq!(pieces.len(), 1, "a line of just that length is whole");
    assert_eq!(pieces[0].raw.len(), MAX_LINE);
}

#[test]
fn parts_of_an_unfinished_line_come_before_its_end() {
    let mut splitter = Splitter::new();
    let mut count = 0;
    for _ in 0..100 {
        splitter.push(&[b'x'; 8192], &masker(&["secret"]), |line| {
            assert!(line.continues);
            count += 1;
        });
    }
    assert_eq!(count, 12);
    assert!(splitter.pending.len() <= 2 * MAX_LINE);
    assert_eq!(splitter.received(), 819_200);
    assert_eq!(splitter.position(), ResumePoint { offset: 12 * MAX_LINE as u64, mid_line: true, hidden: 0 });
}

#[test]
fn a_cut_spares_secrets_and_characters() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("no secret", "abcdefghijklm", &["abcdefgh", "ijklm"]),
        ("a secret across the cut goes to the next part", "abcdeSECRETxyz", &["abcde", "***xy", "z"]),
        ("one that ends at the cut stays", "abSECRETxyz", &["ab***", "xyz"]),
        ("one that starts at the cut goes to the next", "abcdefghSECRETx", &["abcdefgh", "***x"]),
        ("touching secrets are cut between them", "abSECRETSECRETx", &["ab***", "***x"]),
        ("a character across the cut goes to the next part", "abcdefg日x", &["abcdefg", "日x"]),
        ("four bytes likewise", "abcdef😀xyz", &["abcdef", "😀xyz"]),
        ("a character that ends at the cut stays", "abcde日xyz", &["abcde日", "xyz"]),
        ("overlapping secrets are cut too if there is no gap", "ababababababababx", &["***", "", "x"]),
        ("a secret longer than a line is cut", "0123456789abcdefghijx", &["***", "", "x"]),
        ("and one that starts later is moved first", "zz0123456789abcdefghijx", &["zz", "***", "", "x"]),
    ];
    let secrets = masker(&["SECRET", "abab", "0123456789abcdefghij"]);
    for (case, line, wanted) in cases {
        for size in 1..=line.len() {
            let pieces = collect(&mut small(8), line.as_bytes().chunks(size), &secrets);
            let shown = masked(&pieces);
            assert_eq!(shown, *wanted, "{case}, by {size}");
            assert!(pieces.iter().all(|piece| piece.raw.len() <= 8), "{case}: {pieces:?}");
            let whole = line.len() <= 8;
            assert_eq!(pieces.len() == 1, whole, "{case}");
        }
    }
}

#[test]
fn a_secret_added_in_the_middle_of_a_line_counts_from_the_next_cut() {
    let mut splitter = small(8);
    let mut masker = Masker::new();
    let mut shown = Vec::new();
    splitter.push(b"abcdefgh", &masker, |line| shown.push(line.masked(&masker).into_owned()));
    masker.add("ghij");
    splitter.push(b"ijklmnopqrstuvwxyz\n", &masker, |line| shown.push(line.masked(&masker).into_owned()));
    assert_eq!(shown, ["abcdef", "***klmn", "opqrstuv", "wxyz"]);
}

#[test]
fn debugging_a_line_shows_no_text() {
    let mut shown = String::new();
    Splitter::new().push(b"hidden\n", &Masker::new(), |line| shown = format!("{line:?}"));
    assert_eq!(shown, "Line { bytes: 6, continues: false, continued: false, end: 7, .. }");
}

/// A random stream: words, secrets, parts of them, line ends, characters and bytes that are none.
fn random_stream(random: &mut fastrand::Rng, secrets: &[&str]) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..random.usize(0..40) {
        match random.u8(0..9) {
            0 => stream.push(b'\n'),
            1 => stream.extend(b"\r\n"),
            2..5 => stream.extend(secrets[random.usize(0..secrets.len())].bytes()),
            5 => {
                let secret = secrets[random.usize(0..secrets.len())].as_bytes();
                stream.extend(&secret[..random.usize(0..=secret.len())]);
            }
            6 => stream.extend("日😀é".as_bytes()),
            7 => stream.push(random.u8(128..=255)),
            _ => stream.extend(b"plain "),
        }
    }
    stream
}

fn random_chunks<'a>(random: &mut fastrand::Rng, mut stream: &'a [u8]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    while !stream.is_empty() {
        let (chunk, rest) = stream.split_at(random.usize(1..=stream.len().min(12)));
        chunks.push(chunk);
        stream = rest;
    }
    chunks
}

const SECRETS: [&str; 5] = ["hunter2", "aXaXa", "aX", "geheimnis-é", "tr0ub4dor&3"];

/// Cutting between two secrets that touch shows two masks for one.
fn one_mask(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("******") {
        text = text.replace("******", MASK);
    }
    text
}

#[test]
fn pieces_depend_on_the_stream_alone_and_make_up_the_masked_lines() {
    let mut random = fastrand::Rng::with_seed(53);
    let masker = masker(&SECRETS);
    for _ in 0..4000 {
        let stream = random_stream(&mut random, &SECRETS);
        let limit = random.usize(4..30);
        let whole = collect(&mut small(limit), [stream.as_slice()], &masker);
        let cut = collect(&mut small(limit), random_chunks(&mut random, &stream), &masker);
        assert_eq!(whole, cut, "limit {limit}: {}", stream.escape_ascii());

        let mut lines = vec![String::new()];
        for piece in &whole {
            assert!(piece.raw.len() <= limit);
            lines.last_mut().expect("one at least").push_str(&piece.masked);
            if !piece.continues {
                lines.push(String::new());
            }
        }
        let unended = lines.pop();
        assert_eq!(unended.as_deref(), Some(""), "the last piece ends its line");
        let mut wanted: Vec<&[u8]> = stream.split(|&byte| byte == b'\n').collect();
        if wanted.last().is_some_and(|last| last.is_empty()) {
            wanted.pop();
        }
        assert_eq!(lines.len(), wanted.len());
        for (line, raw) in lines.iter().zip(wanted) {
            let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
            let masked = String::from_utf8_lossy(&masker.mask_bytes(raw)).into_owned();
            assert_eq!(one_mask(line), one_mask(&masked), "limit {limit}: {}", raw.escape_ascii());
        }
    }
}

#[test]
fn a_stream_can_be_taken_up_after_any_piece() {
    let mut random = fastrand::Rng::with_seed(59);
    let masker = masker(&SECRETS);
    let mut resumed_mid_line = 0;
    for _ in 0..500 {
        let stream = random_stream(&mut random, &SECRETS);
        let limit = random.usize(4..20);
        let wanted = collect(&mut small(limit), [stream.as_slice()], &masker);
        let mut splitter = small(limit);
        let mut given = 0;
        for chunk in random_chunks(&mut random, &stream) {
            splitter.push(chunk, &masker, |_| given += 1);
            let point = splitter.position();
            resumed_mid_line += usize::from(point.mid_line);
            let mut resumed = Splitter::resume(point);
            resumed.cut.limit = limit;
            assert_eq!(resumed.position(), point);
            let rest = &stream[usize::try_from(point.offset).expect("small")..];
            let pieces = collect(&mut resumed, random_chunks(&mut random, rest), &masker);
            assert_eq!(pieces, wanted[given..], "from {point:?} of {}", stream.escape_ascii());
            assert_eq!(resumed.received(), stream.len() as u64);
        }
    }
    assert!(resumed_mid_line > 500, "only {resumed_mid_line} points lay within a line");
}
