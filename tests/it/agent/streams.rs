//! Streams that end, fall silent or are cut when idle: nothing is lost, and nothing is done twice.

use std::sync::atomic::Ordering;
use std::time::Duration;

use act_core::environment::{Collect, Collected, Cursor, Ending, Environment, FileIn, LogicalPath, Root};
use act_tests::streams::Weather;
use act_tests::tree::MemoryTree;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Pair, exec, follow, follow_with};

/// What `seq -f '%019.0f' N` writes.
fn numbers(count: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    (1..=count).for_each(|number| hash.update(format!("{number:019}\n")));
    hash.finalize().into()
}

#[tokio::test]
async fn a_thousand_cuts_lose_no_byte_and_run_nothing_twice() {
    let pair = Pair::new(Weather { cut_within: 40_000, seed: 1, ..Weather::default() }, &[]).await;
    let cuts = || pair.dial.trouble().cuts.load(Ordering::Relaxed);
    let expected = numbers(100_000);
    let mut steps = 0;
    while cuts() < 1_000 {
        let ran = pair.run(steps, "echo x >> ../mark; seq -f '%019.0f' 100000").await;
        assert_eq!((ran.bytes, ran.end.how), (2_000_000, Ending::Exited { code: 0 }));
        assert_eq!(ran.digest, expected);
        steps += 1;
    }
    let mark = std::fs::read_to_string(pair.at(Root::Work, "mark").0).unwrap();
    assert_eq!(mark.lines().count(), steps as usize, "{} cuts", cuts());
}

#[tokio::test]
async fn trees_and_large_files_arrive_over_streams_that_end() {
    let pair = Pair::new(Weather { cut_within: 150_000, seed: 2, ..Weather::default() }, &[]).await;
    let text: String = (0..200_000).map(|number| format!("{number:09}\n")).collect();
    let tree = MemoryTree::new("large", &[("a/large", &text), ("b", "small")]);
    let target = LogicalPath::new(Root::Workspace, "tree");
    let at = pair.remote.put_tree(std::sync::Arc::new(tree), &target).await.unwrap();
    assert_eq!(std::fs::read_to_string(format!("{at}/a/large")).unwrap(), text);
    assert_eq!(
        pair.remote.get(&pair.at(Root::Workspace, "tree/a/large"), 1 << 30).await.unwrap(),
        Some(text.clone().into())
    );
    let path = LogicalPath::new(Root::Temp, "in");
    let mut spec = pair.bash("cat \"$IN\" \"$IN\" > \"$OUT\"");
    spec.env = [("IN", "in"), ("OUT", "out")]
        .map(|(name, file)| (name.to_owned(), pair.at(Root::Temp, file).0))
        .to_vec();
    spec.files_before = vec![FileIn { path, bytes: Bytes::from(text.clone()) }];
    spec.collect_after = vec![Collect { path: LogicalPath::new(Root::Temp, "out"), limit: 1 << 30 }];
    pair.remote.start(&exec(0), &spec).await.unwrap();
    let ran = follow(&*pair.remote, 0, Cursor::default()).await.unwrap();
    assert_eq!(ran.end.how, Ending::Exited { code: 0 });
    assert!(ran.end.files == [Collected::Bytes(Bytes::from(text.repeat(2)))], "the file came back whole");
    assert!(pair.dial.trouble().cuts.load(Ordering::Relaxed) > 20);
}

#[tokio::test]
async fn a_silent_step_keeps_its_stream_where_idle_ones_are_cut() {
    let idle = Some(Duration::from_secs(1));
    let pair = Pair::new(Weather { idle, ..Weather::default() }, &[]).await;
    let ran = pair.run(0, "sleep 3; echo done").await;
    assert_eq!((ran.text().as_str(), ran.end.how), ("done\n", Ending::Exited { code: 0 }));
    assert_eq!(pair.dial.trouble().made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_given_up_for_another() {
    let weather = Weather { cut_within: 400_000, hangs: true, seed: 4, ..Weather::default() };
    let pair = Pair::new(weather, &[]).await;
    let ran = pair.run(0, "seq -f '%019.0f' 40000; exit 3").await;
    assert_eq!((ran.bytes, ran.end.how), (800_000, Ending::Exited { code: 3 }));
    assert_eq!(ran.digest, numbers(40_000));
    assert!(pair.dial.trouble().made.load(Ordering::Relaxed) > 1);
}

/// A line whose length has nothing in common with that of any part.
const LINE: &str = "a line of forty-three bytes, which comes";

/// Follows what `yes` says; whatever is lost, repeated or moved would show.
async fn follow_lines(pair: &Pair, index: u32, least: u64) {
    let line = format!("{LINE}\n");
    let lines = line.repeat(256 * 1024 / line.len() + 2);
    let (bytes, _, end) = follow_with(&*pair.remote, index, Cursor::default(), |offset, bytes| {
        let at = usize::try_from(offset).unwrap() % line.len();
        bytes.chunks(line.len() * 1_000).for_each(|part| assert!(lines.as_bytes()[at..].starts_with(part)));
    })
    .await
    .unwrap();
    assert_eq!((bytes, end.how), (least, Ending::Exited { code: 0 }));
}

#[tokio::test]
async fn two_hundred_megabytes_come_whole_and_do_not_stay_on_the_disk() {
    let pair = Pair::new(Weather::default(), &[]).await;
    pair.start(0, &format!("yes '{LINE}' | head -c 200000000")).await;
    follow_lines(&pair, 0, 200_000_000).await;
    let journal = pair.root.path().join("m/agent/journal/execs");
    let folders = std::fs::read_dir(journal).unwrap().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten());
    let kept: u64 = files.map(|file| file.metadata().unwrap().len()).sum();
    assert!(kept < 5_000_000, "{kept} bytes are left");
}

#[tokio::test]
async fn a_process_that_nobody_follows_stalls_and_is_not_cut() {
    let pair = Pair::new(Weather::default(), &["--journal-cap", "16777216"]).await;
    pair.start(0, &format!("yes '{LINE}' | head -c 40000000; echo over >&2")).await;
    let journal = pair.root.path().join("m/agent/journal/execs");
    let kept = || {
        let folders = std::fs::read_dir(&journal).unwrap().flatten();
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten());
        files.map(|file| file.metadata().unwrap().len()).sum::<u64>()
    };
    while kept() < 16 << 20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // It takes no more than the cap and what was read at once beyond it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(kept() < 17 << 20, "{}", kept());
    follow_lines(&pair, 0, 40_000_000).await;
}
