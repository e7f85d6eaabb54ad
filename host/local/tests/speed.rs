//! Measures: `cargo test --release -p act-local --test speed -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::process::{Command, Stdio};
use std::time::Instant;

use act_core::environment::{Collect, Cursor, Ending, FileIn, Followed, LogicalPath, Root};
use act_core::provisioner::{Provisioner, Release};
use bytes::Bytes;
use common::{Job, config, exec};
use futures_util::StreamExt;

const STEPS: u32 = 100;

#[tokio::test]
#[ignore = "measures; wants a release build and an idle machine"]
async fn a_hundred_empty_steps_cost_little_more_than_a_hundred_starts_of_bash() {
    let root = tempfile::tempdir().unwrap();
    let job = Job::new(config(root.path())).await;
    let script = root.path().join("empty.sh");
    std::fs::write(&script, "").unwrap();
    for _ in 0..3 {
        let began = Instant::now();
        for _ in 0..STEPS {
            let mut bash = Command::new("/bin/bash");
            bash.arg("-e").arg(&script).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            assert!(bash.status().unwrap().success());
        }
        println!("bare: {:?} each", began.elapsed() / STEPS);
    }
    let temp = |name: String| LogicalPath::new(Root::Temp, name);
    for round in 0..3 {
        let began = Instant::now();
        for index in round * STEPS..(round + 1) * STEPS {
            let mut spec = job.bash("");
            let file = temp(format!("{index}.sh"));
            spec.argv =
                ["/bin/bash", "-e", job.at(Root::Temp, &file.rest).as_str()].map(str::to_owned).to_vec();
            spec.env =
                (0..50).map(|i| (format!("GITHUB_SOMETHING_{i}"), format!("some value {i}"))).collect();
            spec.files_before = vec![FileIn { path: file, bytes: Bytes::new() }];
            for name in ["output", "env", "path", "state", "summary"] {
                let path = temp(format!("{name}_{index}"));
                spec.files_before.push(FileIn { path: path.clone(), bytes: Bytes::new() });
                spec.collect_after.push(Collect { path, limit: 1 << 20 });
            }
            assert_eq!(job.run(index, spec).await.1.how, Ending::Exited { code: 0 });
        }
        println!("here: {:?} each", began.elapsed() / STEPS);
    }
    let began = Instant::now();
    job.provisioner.release(&job.machine, Release::Done).await;
    println!("release: {:?}", began.elapsed());
}

#[tokio::test]
#[ignore = "measures; wants a release build and an idle machine"]
async fn half_a_gigabyte_a_second_through_the_port() {
    let root = tempfile::tempdir().unwrap();
    let job = Job::new(config(root.path())).await;
    let began = Instant::now();
    job.environment.start(&exec(0), &job.bash("cat /dev/zero | head -c 4000000000")).await.unwrap();
    let mut stream = job.environment.follow(&exec(0), Cursor::default()).await.unwrap();
    let mut cursor = Cursor::default();
    while let Some(Ok(Followed::Output { offset, bytes, .. })) = stream.next().await {
        cursor.stdout = offset + bytes.len() as u64;
        job.environment.ack(&exec(0), cursor).await.unwrap();
    }
    assert_eq!(cursor.stdout, 4_000_000_000);
    println!("{:.2} GB/s", cursor.stdout as f64 / 1e9 / began.elapsed().as_secs_f64());
    job.provisioner.release(&job.machine, Release::Done).await;
}
