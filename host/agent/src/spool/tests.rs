use super::*;
use act_process::Stream::{Stderr, Stdout};
use bytes::Bytes;
use std::sync::Arc;

fn write(spool: &Spool, stream: act_process::Stream, bytes: &[u8]) {
    spool.take(&Chunk { stream, offset: 0, bytes: Bytes::copy_from_slice(bytes) });
}

fn at(stdout: u64, stderr: u64) -> Cursor {
    Cursor { stdout, stderr }
}

/// All that is there from a cursor on: `o` or `e`, the offset, the text.
fn all(spool: &Arc<Spool>, cursor: Cursor, budget: usize) -> Vec<String> {
    let mut reader = Reader::new(Arc::clone(spool), cursor);
    let mut all = Vec::new();
    loop {
        let mut out = Vec::new();
        match reader.next(budget, &mut out) {
            Next::Output { stream, offset } => {
                let letter = if stream == Stream::Stdout { 'o' } else { 'e' };
                all.push(format!("{letter}{offset} {}", String::from_utf8_lossy(&out)));
            }
            Next::Nothing => return all,
            Next::Gone(why) => return [all, vec![why]].concat(),
        }
    }
}

fn filled(folder: &Path) -> Arc<Spool> {
    let spool = Arc::new(Spool::new(folder, 1 << 20));
    for (stream, text) in [(Stdout, "ab"), (Stdout, "c"), (Stderr, "x"), (Stdout, "def")] {
        write(&spool, stream, text.as_bytes());
    }
    spool
}

#[test]
fn readers_begin_where_they_like_and_find_short_pieces_joined() {
    let root = tempfile::tempdir().unwrap();
    let spool = filled(root.path());
    assert_eq!(all(&spool, at(0, 0), 99), ["o0 abc", "e0 x", "o3 def"]);
    assert_eq!(all(&spool, at(1, 1), 99), ["o1 bcdef"]);
    assert_eq!(all(&spool, at(0, 0), 2), ["o0 ab", "o2 c", "e0 x", "o3 de", "o5 f"]);
    assert_eq!(all(&spool, at(6, 1), 99), [""; 0]);
    let mut reader = Reader::new(Arc::clone(&spool), at(6, 1));
    assert_eq!(reader.next(9, &mut Vec::new()), Next::Nothing);
    write(&spool, Stderr, b"later");
    let mut out = Vec::new();
    assert_eq!(reader.next(9, &mut out), Next::Output { stream: Stream::Stderr, offset: 1 });
    assert_eq!(out, b"later");
}

#[test]
fn an_agent_that_follows_a_killed_one_finds_all_whole_records() {
    let root = tempfile::tempdir().unwrap();
    let spool = filled(root.path());
    let expected = all(&spool, at(0, 0), 99);
    let path = path_of(root.path(), 0);
    let whole = fs::read(&path).unwrap();
    for (cut, left) in [(0, 3), (1, 2), (4, 2), (8, 2), (9, 1)] {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let found = Arc::new(Spool::recover(root.path(), 1 << 20).unwrap());
        assert_eq!(all(&found, at(0, 0), 99), expected[..left], "{cut} bytes are missing");
    }
    fs::write(&path, [0; 3]).unwrap();
    assert_eq!(Spool::recover(root.path(), 1 << 20).unwrap().written(), at(0, 0));
}

#[test]
fn what_is_acknowledged_goes_by_segments_and_makes_room() {
    let root = tempfile::tempdir().unwrap();
    let cap = 4 * SEGMENT;
    let spool = Arc::new(Spool::new(root.path(), cap));
    let piece = vec![b'x'; 64 * 1024];
    let mut written = 0;
    while spool.is_ready() {
        write(&spool, Stdout, &piece);
        written += piece.len() as u64;
    }
    assert!(written >= cap - SEGMENT / 8, "{written}");
    let mut behind = Reader::new(Arc::clone(&spool), at(0, 0));
    assert!(matches!(behind.next(10, &mut Vec::new()), Next::Output { .. }));
    let files = || fs::read_dir(root.path()).unwrap().count();
    let before = files();
    assert!(!spool.ack(at(5, 0)), "no segment has gone");
    assert!(spool.ack(at(written / 2, 0)) && spool.is_ready());
    assert!(files() < before);
    let forgotten = "the output asked for was acknowledged, and is forgotten";
    assert_eq!(all(&spool, at(0, 0), 10), [forgotten]);
    assert_eq!(behind.next(10, &mut Vec::new()), Next::Gone(forgotten.to_owned()));
    let rest: usize = all(&spool, at(written / 2, 0), CHUNK)
        .iter()
        .map(|part| part.rsplit(' ').next().unwrap().len())
        .sum();
    assert_eq!(rest as u64, written - written / 2);
    // Acknowledged to the end and taken up again, the numbering goes on.
    assert!(!spool.ack(at(written, 0)));
    write(&spool, Stdout, b"end");
    let found = Arc::new(Spool::recover(root.path(), cap).unwrap());
    assert_eq!(all(&found, at(written, 0), 10), [format!("o{written} end")]);
}

const CHUNK: usize = act_protocol::CHUNK;

#[test]
fn output_that_cannot_be_kept_is_told() {
    let root = tempfile::tempdir().unwrap();
    let spool = Spool::new(&root.path().join("missing"), 1 << 20);
    write(&spool, Stdout, b"x");
    assert!(spool.broken().unwrap().starts_with("its output cannot be kept: "));
    assert_eq!(spool.written(), at(0, 0));
}
