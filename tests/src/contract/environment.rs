//! What every environment promises: see `act_core::environment`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use act_core::environment::{
    Collect, Collected, Cursor, Ending, EnvPath, Environment, EnvironmentError, ExecEnd, ExecSpec, FileIn,
    FileKind, Followed, LogicalPath, MIN_OUTPUT_BUFFER, Root, Started, Stop, StopLadder, Stream, Target,
};
use act_core::ids::{ExecId, StepPath, StepRef};
use act_core::provisioner::{Release, Released};
use bytes::Bytes;
use futures_util::StreamExt;

use crate::place::{Place, launch};
use crate::tree::MemoryTree;

/// Nothing in the suite may take longer.
const SOON: Duration = Duration::from_secs(20);

/// What a process wrote, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
    /// The end.
    pub end: ExecEnd,
}

impl Ran {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

fn exec(index: u32) -> ExecId {
    ExecId { launch: launch(), step: StepRef::main(StepPath::job().step(index)), part: 0 }
}

fn bash(place: &Place, script: &str) -> ExecSpec {
    let short = Duration::from_millis(700);
    ExecSpec {
        target: Target::Job,
        argv: ["bash", "-c", script].map(str::to_owned).to_vec(),
        env: Vec::new(),
        env_of_job: [].into(),
        prepend_path: Vec::new(),
        cwd: place.at(Root::Workspace, ""),
        timeout: None,
        stop_ladder: StopLadder { interrupt: short, terminate: short },
        files_before: Vec::new(),
        collect_after: Vec::new(),
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Follows to the end as an executor does: from where it is whenever the stream breaks, acknowledging.
async fn follow(env: &dyn Environment, id: &ExecId) -> Ran {
    let (mut out, mut err, mut cursor) = (Vec::new(), Vec::new(), Cursor::default());
    loop {
        let mut stream = env.follow(id, cursor).await.unwrap();
        while let Some(item) = stream.next().await {
            match item {
                Ok(Followed::Output { stream, offset, bytes }) => {
                    assert!(!bytes.is_empty());
                    assert_eq!(cursor.of(stream), offset, "chunks of a stream are contiguous");
                    *cursor.of_mut(stream) += bytes.len() as u64;
                    let text = if stream == Stream::Stdout { &mut out } else { &mut err };
                    text.extend_from_slice(&bytes);
                    env.ack(id, cursor).await.unwrap();
                }
                Ok(Followed::Ended(end)) => {
                    assert!(stream.next().await.is_none(), "nothing comes after the end");
                    return Ran { out, err, end };
                }
                Err(EnvironmentError::Lost(_)) => break,
                Err(other) => panic!("{other}"),
            }
        }
    }
}

async fn run(place: &Place, index: u32, spec: ExecSpec) -> Ran {
    assert_eq!(place.env.start(&exec(index), &spec).await, Ok(Started::New));
    tokio::time::timeout(SOON, follow(&*place.env, &exec(index))).await.expect("the process ends soon")
}

const fn exited(code: u32) -> Ending {
    Ending::Exited { code }
}

/// A second start of an id changes nothing, while the process runs and when it has ended.
pub async fn a_process_is_started_once(place: &Place) {
    let script = "echo x >> mark; sleep 0.2";
    assert_eq!(place.env.start(&exec(0), &bash(place, script)).await, Ok(Started::New));
    assert_eq!(place.env.start(&exec(0), &bash(place, script)).await, Ok(Started::Already));
    follow(&*place.env, &exec(0)).await;
    assert_eq!(place.env.start(&exec(0), &bash(place, script)).await, Ok(Started::Already));
    let ran = run(place, 1, bash(place, "cat mark")).await;
    assert_eq!(ran.text(), "x\n");
}

/// Output not acknowledged can be had again, by several followers; the end comes to each of them.
pub async fn output_is_followed_from_any_cursor_that_is_not_acknowledged(place: &Place) {
    place.env.start(&exec(0), &bash(place, "printf 0123456789; sleep 0.1; printf abc")).await.unwrap();
    for from in [0, 4, 10, 13] {
        let mut cursor = Cursor { stdout: from, stderr: 0 };
        let mut text = Vec::new();
        'ended: loop {
            let mut stream = place.env.follow(&exec(0), cursor).await.unwrap();
            while let Some(Ok(item)) = stream.next().await {
                match item {
                    Followed::Output { offset, bytes, .. } => {
                        assert_eq!(offset, cursor.stdout);
                        cursor.stdout += bytes.len() as u64;
                        text.extend_from_slice(&bytes);
                    }
                    Followed::Ended(end) => {
                        assert_eq!(end.how, exited(0));
                        break 'ended;
                    }
                }
            }
        }
        assert_eq!(text, b"0123456789abc"[usize::try_from(from).unwrap()..]);
    }
    assert!(place.env.follow(&exec(77), Cursor::default()).await.is_err(), "nobody started it");
}

/// Much output arrives byte for byte, however often the way breaks.
pub async fn ten_megabytes_come_whole(place: &Place) {
    let ran = run(place, 0, bash(place, "seq -f '%019.0f' 500000")).await;
    assert_eq!(ran.out.len(), 10_000_000);
    for (number, line) in (1..).zip(ran.out.chunks(20)) {
        assert_eq!(line, format!("{number:019}\n").as_bytes());
    }
    assert_eq!((ran.err.len(), ran.end.how), (0, exited(0)));
}

/// A line without an end, as long as the least that is kept, comes although nothing of it is acknowledged; the rest
/// when it is.
pub async fn as_much_as_promised_comes_unacknowledged(place: &Place) {
    let script =
        "head -c $BYTES /dev/zero | tr '\\0' x >&2; head -c $BYTES /dev/zero | tr '\\0' y; echo; echo more";
    let half = MIN_OUTPUT_BUFFER / 2;
    let mut spec = bash(place, script);
    spec.env = variables(&[("BYTES", &half.to_string())]);
    place.env.start(&exec(0), &spec).await.unwrap();
    let mut cursor = Cursor::default();
    let promised = u64::try_from(half).unwrap();
    let take = async {
        while cursor.stdout < promised || cursor.stderr < promised {
            let mut stream = place.env.follow(&exec(0), cursor).await.unwrap();
            while let Some(Ok(Followed::Output { stream, offset, bytes })) = stream.next().await {
                assert_eq!(cursor.of(stream), offset);
                *cursor.of_mut(stream) += bytes.len() as u64;
            }
        }
    };
    tokio::time::timeout(SOON, take).await.expect("the process is not stalled before");
    let ran = tokio::time::timeout(SOON, follow(&*place.env, &exec(0))).await.unwrap();
    assert_eq!(ran.err, vec![b'x'; half]);
    let (line, rest) = ran.out.split_at(half);
    assert!(line.iter().all(|byte| *byte == b'y'));
    assert_eq!((rest, ran.end.how), (&b"\nmore\n"[..], exited(0)));
}

/// The two streams do not mix.
pub async fn both_streams_come_whole_and_apart(place: &Place) {
    let script = "for i in $(seq 500); do echo out $i; echo err $i >&2; done";
    let ran = run(place, 0, bash(place, script)).await;
    let expected = |word| (1..=500).map(|number| format!("{word} {number}\n")).collect::<String>();
    assert_eq!(ran.text(), expected("out"));
    assert_eq!(String::from_utf8_lossy(&ran.err), expected("err"));
}

/// A dropped follower stops waiting, not the process.
pub async fn a_lost_follower_does_not_stop_the_process(place: &Place) {
    place.env.start(&exec(0), &bash(place, "echo begun; sleep 0.3; echo done > mark")).await.unwrap();
    let mut stream = place.env.follow(&exec(0), Cursor::default()).await.unwrap();
    let _ = stream.next().await;
    drop(stream);
    let ran = follow(&*place.env, &exec(0)).await;
    assert_eq!((ran.text().as_str(), ran.end.how), ("begun\n", exited(0)));
    assert_eq!(run(place, 1, bash(place, "cat mark")).await.text(), "done\n");
}

/// Exit codes and signals.
pub async fn ends_are_told_apart(place: &Place) {
    let scripts = [("exit 0", 0), ("exit 255", 255), ("kill -9 $$", 137), ("kill -TERM $$", 143)];
    for (index, (script, code)) in (0..).zip(scripts) {
        assert_eq!(run(place, index, bash(place, script)).await.end.how, exited(code), "{script}");
    }
}

/// A timeout is one whatever code the process leaves with; what it wrote before comes.
pub async fn a_timeout_stops_the_process(place: &Place) {
    let spec = ExecSpec {
        timeout: Some(Duration::from_millis(1_500)),
        ..bash(place, "trap 'echo asked; exit 0' INT; echo begun; while :; do sleep 0.05; done")
    };
    let ran = run(place, 0, spec).await;
    assert_eq!((ran.text().as_str(), ran.end.how), ("begun\nasked\n", Ending::TimedOut));
}

/// SIGINT, then SIGTERM, then the end of the whole tree.
pub async fn a_stop_climbs_its_ladder(place: &Place) {
    let stubborn = "trap 'echo int' INT; trap 'echo term' TERM; echo ready; while :; do sleep 0.05; done";
    for (index, how, expected) in [(0, Stop::Ask, "ready\nint\nterm\n"), (1, Stop::Insist, "ready\nterm\n")] {
        place.env.start(&exec(index), &bash(place, stubborn)).await.unwrap();
        wait_for_output(place, index).await;
        let began = Instant::now();
        place.env.stop(&exec(index), how).await.unwrap();
        let ran = tokio::time::timeout(SOON, follow(&*place.env, &exec(index))).await.unwrap();
        assert_eq!((ran.text().as_str(), ran.end.how), (expected, Ending::Stopped));
        assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    }
}

async fn wait_for_output(place: &Place, index: u32) {
    loop {
        let mut stream = place.env.follow(&exec(index), Cursor::default()).await.unwrap();
        if let Some(Ok(Followed::Output { .. })) = stream.next().await {
            return;
        }
    }
}

/// A kill comes at once, to children as well.
pub async fn a_kill_does_not_ask(place: &Place) {
    let script =
        "trap 'echo int' INT; trap 'echo term' TERM; (sleep 60; echo late > late) & echo ready; wait";
    place.env.start(&exec(0), &bash(place, script)).await.unwrap();
    wait_for_output(place, 0).await;
    place.env.stop(&exec(0), Stop::Kill).await.unwrap();
    let ran = tokio::time::timeout(SOON, follow(&*place.env, &exec(0))).await.unwrap();
    assert_eq!((ran.text().as_str(), ran.end.how), ("ready\n", Ending::Stopped));
}

/// A stop may come too late, or before the start.
pub async fn stopping_what_is_not_there_is_fine(place: &Place) {
    assert_eq!(place.env.stop(&exec(5), Stop::Ask).await, Ok(()));
    run(place, 0, bash(place, "true")).await;
    assert_eq!(place.env.stop(&exec(0), Stop::Kill).await, Ok(()));
    assert_eq!(follow(&*place.env, &exec(0)).await.end.how, exited(0), "its end does not change");
}

/// What cannot start is an end with a reason, not an error.
pub async fn what_cannot_start_says_why(place: &Place) {
    let nowhere = ExecSpec { cwd: place.at(Root::Workspace, "not/there"), ..bash(place, "true") };
    let unknown = ExecSpec { argv: vec!["no-such-program".to_owned()], ..bash(place, "") };
    let nothing = ExecSpec { argv: Vec::new(), ..bash(place, "") };
    for (index, spec, part) in [(0, nowhere, "not/there"), (1, unknown, "no-such-program"), (2, nothing, "")]
    {
        let Ending::NotStarted { reason } = run(place, index, spec).await.end.how else {
            panic!("it started");
        };
        assert!(!reason.is_empty() && reason.contains(part), "{reason}");
    }
}

/// Files are there before the start, and come back with the end, however it ended.
pub async fn files_go_in_and_come_back(place: &Place) {
    let temp = |name: &str| LogicalPath::new(Root::Temp, name);
    let path = |name: &str| place.at(Root::Temp, name).0;
    let mut spec =
        bash(place, "cat \"$IN\"; echo more >> \"$OUT\"; head -c 100 /dev/zero > \"$BIG\"; exit 3");
    spec.files_before = vec![
        FileIn { path: temp("deep/er/in"), bytes: Bytes::from_static(b"given\n") },
        FileIn { path: temp("out"), bytes: Bytes::new() },
    ];
    spec.env = variables(&[("IN", &path("deep/er/in")), ("OUT", &path("out")), ("BIG", &path("big"))]);
    let wish = |name: &str, limit| Collect { path: temp(name), limit };
    spec.collect_after = vec![wish("big", 99), wish("none", 10), wish("out", 5)];
    let ran = run(place, 0, spec).await;
    assert_eq!((ran.text().as_str(), ran.end.how), ("given\n", exited(3)));
    let out = Collected::Bytes(Bytes::from_static(b"more\n"));
    assert_eq!(ran.end.files, [Collected::TooLarge { size: 100 }, Collected::Missing, out]);
    assert_eq!(place.env.stat(&place.at(Root::Temp, "out")).await, Ok(None), "what came back is gone there");
    let mut late = bash(place, "echo kept > \"$OUT\"; sleep 60");
    late.env = variables(&[("OUT", &path("out"))]);
    late.timeout = Some(Duration::from_millis(1_500));
    late.collect_after = vec![wish("out", 100)];
    let ran = run(place, 1, late).await;
    assert_eq!(ran.end.how, Ending::TimedOut);
    assert_eq!(ran.end.files, [Collected::Bytes(Bytes::from_static(b"kept\n"))]);
}

/// Who holds the pipes after the process is not waited for long.
pub async fn a_child_in_the_background_does_not_hold_the_end(place: &Place) {
    let began = Instant::now();
    let ran = run(place, 0, bash(place, "sleep 60 & echo done")).await;
    assert_eq!((ran.text().as_str(), ran.end.how), ("done\n", exited(0)));
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
}

/// A process that reads finds the end.
pub async fn standard_input_is_empty(place: &Place) {
    let ran = run(place, 0, bash(place, "cat | wc -c")).await;
    assert_eq!((ran.text().trim(), ran.end.how), ("0", exited(0)));
}

/// The step's variables win; of one name the last; the rest is the environment's own. Over all are the job's.
pub async fn variables_lie_over_the_environments_own(place: &Place) {
    let mut spec =
        bash(place, "printf '%s|' \"$INHERITED\" \"$TWICE\" \"$EMPTY\" \"$LINES2\" \"${PATH:+path}\"");
    spec.env = variables(&[("TWICE", "1"), ("EMPTY", ""), ("TWICE", "2"), ("LINES2", "a\nb ü")]);
    assert_eq!(run(place, 0, spec).await.text(), "yes|2||a\nb ü|path|");
    let mut spec = bash(place, "printf '%s' \"$INHERITED\"");
    spec.env = variables(&[("INHERITED", "no")]);
    assert_eq!(run(place, 1, spec).await.text(), "no");
    let mut spec = bash(place, "printf '%s' \"$INHERITED$OWN\"");
    spec.env = variables(&[("INHERITED", "no"), ("OWN", "own")]);
    spec.env_of_job = variables(&[("INHERITED", "job's")]).into();
    assert_eq!(run(place, 3, spec).await.text(), "job'sown");
    let mut spec = bash(place, "env | grep -ic '^two=' ; printf '%s' \"$TWO$two\"");
    spec.env = variables(&[("TWO", "a"), ("two", "b")]);
    let expected = if place.env.facts().env_ignores_case { "1\nb" } else { "2\nab" };
    assert_eq!(run(place, 2, spec).await.text(), expected);
}

/// The first folder of all is looked at first, by the lookup of the program as well.
pub async fn folders_are_searched_before_the_path(place: &Place) {
    let tree = MemoryTree::new("tools", &[])
        .executable("one/tool", "#!/bin/sh\necho one\n")
        .executable("two/tool", "#!/bin/sh\necho two\n")
        .executable("two/other", "#!/bin/sh\necho other\n");
    let root = place.env.put_tree(Arc::new(tree), &LogicalPath::new(Root::Tools, "t")).await.unwrap();
    let folders = ["one", "two"].map(|name| format!("{root}/{name}")).to_vec();
    let mut spec = bash(place, "tool; other");
    spec.prepend_path.clone_from(&folders);
    assert_eq!(run(place, 0, spec).await.text(), "one\nother\n");
    let spec = ExecSpec { argv: vec!["other".to_owned()], prepend_path: folders.clone(), ..bash(place, "") };
    assert_eq!(run(place, 1, spec).await.text(), "other\n");
    let found = place.env.find_program("tool", &folders).await.unwrap();
    assert_eq!(found, Some(EnvPath(format!("{root}/one/tool"))));
}

/// Files, modes, links and empty folders arrive; doing it again changes nothing.
pub async fn a_tree_is_brought_whole(place: &Place) {
    let tree = MemoryTree::new("tree", &[("a/plain", "text\n"), ("ü/with blank", "")])
        .executable("a/run", "#!/bin/sh\necho ran\n")
        .link("a/link", "plain")
        .folder("empty");
    let tree = Arc::new(tree);
    for (index, root) in [(0, Root::Workspace), (1, Root::Actions), (2, Root::Workspace)] {
        let at = place.env.put_tree(tree.clone(), &LogicalPath::new(root, "put/here")).await.unwrap();
        let script = "cat a/link; readlink a/link; a/run; test -x a/plain || echo not executable; test -d empty && ls ü";
        let spec = ExecSpec { cwd: at, ..bash(place, script) };
        let text = run(place, index, spec).await.text();
        assert_eq!(text, "text\nplain\nran\nnot executable\nwith blank\n");
    }
}

/// What lies at a path, and its bytes up to a limit.
pub async fn files_are_found_and_read(place: &Place) {
    run(place, 0, bash(place, "mkdir folder; printf 12345 > file; ln -s file link; ln -s gone broken")).await;
    let at = |name: &str| place.at(Root::Workspace, name);
    for (name, kind) in [
        ("file", Some(FileKind::File)),
        ("link", Some(FileKind::File)),
        ("folder", Some(FileKind::Folder)),
        ("none", None),
        ("broken", None),
        ("file/below", None),
    ] {
        assert_eq!(place.env.stat(&at(name)).await, Ok(kind), "{name}");
    }
    assert_eq!(place.env.get(&at("link"), 5).await, Ok(Some(Bytes::from_static(b"12345"))));
    assert_eq!(place.env.get(&at("none"), 5).await, Ok(None));
    assert!(matches!(place.env.get(&at("file"), 4).await, Err(EnvironmentError::Refused(_))));
}

/// Programs are found on the path; a version is the first line a program prints.
pub async fn programs_and_their_versions_are_found(place: &Place) {
    let bash = place.env.find_program("bash", &[]).await.unwrap().unwrap();
    assert!(bash.as_str().ends_with("/bash"), "{bash}");
    assert_eq!(place.env.find_program("no-such-program", &[]).await, Ok(None));
    for _ in 0..2 {
        let version = place.env.program_version(&bash).await.unwrap().unwrap();
        assert!(version.contains("bash") && !version.contains('\n'), "{version}");
    }
}

/// Patterns are those of `@actions/glob`, below the workspace; the digest is that of the digests.
pub async fn files_are_hashed_as_by_github(place: &Place) {
    let files =
        "mkdir -p a/b; printf 1 > a/x.lock; printf 2 > a/b/y.lock; printf 3 > z.txt; ln -s ../z.txt a/l";
    run(place, 0, bash(place, files)).await;
    let hash = async |patterns: &[&str]| {
        let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
        place.env.hash_files(&patterns, false).await.unwrap()
    };
    let both = hash(&["**/*.lock"]).await;
    assert_eq!(both, DIGEST_OF_2_AND_1);
    assert_eq!(hash(&["**/*.lock", "!a/b/**"]).await, hash(&["a/x.lock"]).await);
    assert_eq!(hash(&["z.txt"]).await, DIGEST_OF_3);
    assert_eq!(hash(&["*.lock"]).await, "", "nothing matches");
}

/// sha256 of the raw sha256 of `3`; and of those of `2` and `1`, in the order of the walk.
const DIGEST_OF_3: &str = "80903da4e6bbdf96e8ff6fc3966b0cfd355c7e860bdd1caa8e4722d9230e40ac";
const DIGEST_OF_2_AND_1: &str = "940ed9abddfb5ef28004408546bc5043cda391232b6afe07267f9f8ed2b500c9";

/// The workspace and the temporary folder are there and empty when the job begins.
pub async fn the_places_are_there_and_empty(place: &Place) {
    for (index, root) in (0..).zip([Root::Workspace, Root::Temp]) {
        let script = "mkdir -p \"$AT\" && ls -A \"$AT\" | wc -l";
        let mut spec = bash(place, script);
        spec.env = variables(&[("AT", place.at(root, "").as_str())]);
        assert_eq!(run(place, index, spec).await.text().trim(), "0", "{root:?}");
    }
    let below = place.at(Root::Temp, "a/b");
    assert!(below.as_str().starts_with(place.at(Root::Temp, "").as_str()), "{below}");
}

/// Takes the machine down while processes run on it, in the background and the foreground: none is left, nor a file.
pub async fn nothing_is_left_after_the_release(place: Place) {
    let background =
        run(&place, 0, bash(&place, "sleep 60 & echo $!; setsid sleep 60 & echo $!")).await.text();
    place.env.start(&exec(1), &bash(&place, "echo $$; exec sleep 60")).await.unwrap();
    wait_for_output(&place, 1).await;
    assert_eq!(place.provisioner.release(&place.machine, Release::Done).await, Released::Gone);
    for pid in background.split_whitespace() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "process {pid} is left: {stat}");
    }
    let is_folder = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().path().is_dir();
    assert!(!std::fs::read_dir(place.folder()).unwrap().any(is_folder), "its folder is left");
    let late = place.env.start(&exec(2), &bash(&place, "true")).await;
    assert!(
        late.is_err() || matches!(follow(&*place.env, &exec(2)).await.end.how, Ending::NotStarted { .. })
    );
}
