use super::*;
use crate::CHUNK;
use crate::exec::{Collected, Content, Cursor, End, Ending, FileIn, Spec, Stop, Stream, Wish};
use crate::hello::{Hello, Machine, Refusal, Roots, Welcome};
use crate::message::{Answer, Ask, Failure, Kind, Source, Stamp};

fn spec() -> Spec {
    Spec {
        argv: vec!["bash".to_owned(), "-c".to_owned(), "echo ü".to_owned()],
        env: vec![("A".to_owned(), "1".to_owned())],
        prepend_path: vec!["/p".to_owned()],
        cwd: "/w".to_owned(),
        timeout: Some(360_000),
        ladder: (7_500, 2_500),
        files_before: vec![
            FileIn { path: "/t/s.sh".to_owned(), content: Content::Inline(Bytes::from_static(b"echo")) },
            FileIn {
                path: "/t/big".to_owned(),
                content: Content::Uploaded { upload: "u".to_owned(), size: 1 << 33, digest: [7; 32] },
            },
        ],
        collect_after: vec![Wish { path: "/t/out".to_owned(), limit: 1 << 20 }],
    }
}

fn to_agent() -> Vec<ToAgent> {
    let exec = || "run/job/1.1/0-main-0".to_owned();
    let asks = [
        Ask::Start { exec: exec(), spec: spec(), follow: Some((3, 1 << 20)) },
        Ask::Stop { exec: exec(), how: Stop::Insist },
        Ask::Open { upload: "u".to_owned(), afresh: true },
        Ask::Unpack { upload: "u".to_owned(), size: 9, digest: [1; 32], path: "/w".to_owned() },
        Ask::Get { path: "/w/f".to_owned(), limit: u64::MAX },
        Ask::Read { source: Source::Collected { exec: exec(), index: 2 }, offset: 1, length: 2 },
        Ask::Read { source: Source::Path("/f".to_owned()), offset: 1, length: 2 },
        Ask::Stat { path: "/f".to_owned() },
        Ask::HashFiles { patterns: vec!["**".to_owned()], follow_links: false },
        Ask::FindProgram { name: "node".to_owned(), prepend_path: vec![] },
        Ask::ProgramVersion { program: "/node".to_owned() },
        Ask::Shutdown,
    ];
    let mut all = vec![
        ToAgent::Hello(Hello {
            versions: (1, 2),
            launch: "l".to_owned(),
            epoch: 3,
            heartbeat: 5_000,
            squeezed: true,
        }),
        ToAgent::Heartbeat,
        ToAgent::Follow { follow: 1, exec: exec(), cursor: Cursor { stdout: 5, stderr: 6 }, window: 7 },
        ToAgent::Taken { follow: 1, bytes: 9 },
        ToAgent::Unfollow { follow: 1 },
        ToAgent::Ack { exec: exec(), cursor: Cursor::default() },
        ToAgent::Chunk { upload: "u".to_owned(), offset: 1 << 40 },
    ];
    all.extend((0..).zip(asks).map(|(id, ask)| ToAgent::Ask { id, ask }));
    all
}

fn to_host() -> Vec<ToHost> {
    let stamp = Stamp { inode: 1, size: 2, changed: -3 };
    let answers = [
        Ok(Answer::Done),
        Ok(Answer::Started { new: true }),
        Ok(Answer::Held { bytes: 4 }),
        Ok(Answer::Bytes),
        Ok(Answer::Nothing),
        Ok(Answer::TooLarge { size: 8 }),
        Ok(Answer::Large { stamp }),
        Ok(Answer::Part { stamp }),
        Ok(Answer::Kind(Some(Kind::Folder))),
        Ok(Answer::Text(None)),
        Err(Failure::Refused("no".to_owned())),
        Err(Failure::Lost("gone".to_owned())),
    ];
    let root = || "/r".to_owned();
    let roots = Roots {
        workspace: root(),
        work: root(),
        temp: root(),
        scratch: root(),
        actions: root(),
        tools: root(),
    };
    let machine =
        Machine { os: "linux".to_owned(), arch: "x86_64".to_owned(), name: "pod".to_owned(), roots };
    let files = vec![
        Collected::Bytes(Bytes::from_static(b"a=b\n")),
        Collected::TooLarge { size: 1 },
        Collected::Missing,
        Collected::Kept { size: 5, digest: [2; 32] },
    ];
    let written = Cursor { stdout: 1, stderr: u64::MAX };
    let ends = [
        Ending::Exited { code: 1 },
        Ending::TimedOut,
        Ending::Stopped,
        Ending::NotStarted { reason: "no".to_owned() },
        Ending::Lost { why: "no".to_owned() },
    ];
    let mut all = vec![
        ToHost::Welcome(Welcome { version: 1, agent: "act-agent".to_owned(), instance: 9, machine }),
        ToHost::Refused(Refusal::Fenced { epoch: 4 }),
        ToHost::Heartbeat,
        ToHost::Following { follow: 1 },
        ToHost::NotFollowing { follow: 1, failure: Failure::Refused("x".to_owned()) },
        ToHost::Output { follow: 1, stream: Stream::Stderr, offset: 4 },
        ToHost::Fenced,
    ];
    all.extend((0..).zip(answers).map(|(id, answer)| ToHost::Answer { id, answer }));
    let end = |how| End { how, written, files: files.clone() };
    all.extend(ends.into_iter().map(|how| ToHost::Ended { follow: 2, end: end(how) }));
    all
}

fn bytes_of<T: Side>(messages: &[T]) -> Vec<u8> {
    let (mut encoder, mut out) = (Encoder::default(), Vec::new());
    for (index, message) in messages.iter().enumerate() {
        encoder.frame(message, &vec![b'b'; index % 3], &mut out).unwrap();
    }
    out
}

fn all_of<T: Side>(decoder: &mut Decoder<T>) -> Result<Vec<Frame<T>>, FrameError> {
    std::iter::from_fn(|| decoder.next().transpose()).collect()
}

fn comes_whole<T: Side + PartialEq>(messages: &[T]) {
    let bytes = bytes_of(messages);
    for size in [1, 3, 7, 64, bytes.len()] {
        let mut decoder = Decoder::default();
        let mut came = Vec::new();
        for piece in bytes.chunks(size) {
            decoder.push(piece);
            came.extend(all_of(&mut decoder).unwrap());
        }
        assert_eq!(came.len(), messages.len());
        for (index, (frame, message)) in came.iter().zip(messages).enumerate() {
            assert_eq!((&frame.head, frame.body.len()), (message, index % 3));
        }
    }
}

#[test]
fn every_message_comes_whole_in_pieces_of_any_size() {
    comes_whole(&to_agent());
    comes_whole(&to_host());
}

#[test]
fn bodies_come_as_they_were_where_they_were_made_smaller() {
    let mut random = fastrand::Rng::with_seed(3);
    let head = |offset| ToHost::Output { follow: 1, stream: Stream::Stdout, offset };
    let bodies = [
        Vec::new(),
        b"short".to_vec(),
        b"a line of a log\n".repeat(900),
        vec![0; MAX_TO_HOST - 64],
        std::iter::repeat_with(|| random.u8(..)).take(CHUNK).collect(),
    ];
    let (mut encoder, mut out) = (Encoder::default().squeezing(), Vec::new());
    for (offset, body) in (0..).zip(&bodies) {
        encoder.frame(&head(offset), body, &mut out).unwrap();
    }
    assert!(out.len() < 2 * CHUNK, "{} bytes", out.len());
    let mut decoder = Decoder::default();
    decoder.push(&out);
    let came: Vec<_> =
        all_of(&mut decoder).unwrap().into_iter().map(|frame: Frame<ToHost>| frame.body).collect();
    assert_eq!(came, bodies);

    let mut out = Vec::new();
    Encoder::default().squeezing().frame(&head(0), &bodies[2], &mut out).unwrap();
    out.truncate(out.len() - 1);
    let length = u32::try_from(out.len() - HEADER).unwrap() | SQUEEZED;
    out[..4].copy_from_slice(&length.to_le_bytes());
    let mut decoder = Decoder::<ToHost>::default();
    decoder.push(&out);
    assert_eq!(all_of(&mut decoder), Err(FrameError::Spoilt));
}

#[test]
fn what_was_lost_or_repeated_is_noticed() {
    let messages = to_agent();
    let frame = |number: usize| {
        let all = bytes_of(&messages[..=number]);
        all[bytes_of(&messages[..number]).len()..].to_vec()
    };
    for (order, expected, found) in [([0, 2], 1, 2), ([0, 0], 1, 0)] {
        let mut decoder = Decoder::<ToAgent>::default();
        order.iter().for_each(|number| decoder.push(&frame(*number)));
        assert_eq!(all_of(&mut decoder), Err(FrameError::Number { expected, found }));
    }
}

#[test]
fn what_is_too_large_is_neither_written_nor_read() {
    let mut encoder = Encoder::default();
    let mut out = b"before".to_vec();
    let large = vec![0; MAX_TO_HOST + 1];
    let error = encoder.frame(&ToHost::Heartbeat, &large, &mut out).unwrap_err();
    assert!(matches!(error, FrameError::TooLarge { size, .. } if size > MAX_TO_HOST));
    assert_eq!(out, b"before");
    encoder.frame(&ToHost::Heartbeat, b"", &mut out).unwrap();
    let mut decoder = Decoder::<ToHost>::default();
    decoder.push(&out[6..]);
    assert!(decoder.next().unwrap().is_some());
    // The length alone is enough to refuse it: nobody waits for, or makes room for, four gigabytes.
    decoder.push(&u32::MAX.to_le_bytes());
    assert!(matches!(decoder.next(), Err(FrameError::TooLarge { .. })));
}

/// Whatever the bytes are, reading them ends, with messages or an error.
#[test]
fn no_bytes_make_a_decoder_panic() {
    fn read<T: Side>(bytes: &[u8]) {
        let mut decoder = Decoder::<T>::default();
        decoder.push(bytes);
        let _ = all_of(&mut decoder);
    }
    let mut random = fastrand::Rng::with_seed(9);
    let (agent, host) = (bytes_of(&to_agent()), bytes_of(&to_host()));
    for round in 0..20_000 {
        let mut bytes = if round % 2 == 0 { agent.clone() } else { host.clone() };
        match round % 4 {
            // Bytes changed, cut, and made up behind a head that fits.
            0 | 1 => (0..=random.usize(0..8)).for_each(|_| {
                let at = random.usize(0..bytes.len());
                bytes[at] = random.u8(..);
            }),
            2 => bytes.truncate(random.usize(0..bytes.len())),
            _ => {
                let size = random.usize(0..300);
                bytes = [&u32::try_from(size).unwrap().to_le_bytes()[..], &[0; 4]].concat();
                bytes.extend((0..size).map(|_| random.u8(..)));
            }
        }
        read::<ToAgent>(&bytes);
        read::<ToHost>(&bytes);
    }
}
