//! Which thread starts a process, and waits for it. One test: jobs are counted in the whole program.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use act_core::provisioner::{Provisioner, Release, Released};
use common::{Job, config, exec, until};

fn has_children(thread: impl Into<PathBuf>) -> bool {
    !fs::read_to_string(thread.into().join("children")).unwrap_or_default().is_empty()
}

fn is_there_a_child() -> bool {
    fs::read_dir("/proc/self/task").unwrap().any(|thread| has_children(thread.unwrap().path()))
}

#[tokio::test]
async fn the_thread_of_a_lone_job_waits_itself_unless_it_serves_others() {
    for serves_others in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let config = config(root.path());
        config.serves_others.store(serves_others, Ordering::Release);
        let job = Job::new(config).await;
        job.environment.start(&exec(0), &job.bash("sleep 1000")).await.unwrap();
        until("the process is there", is_there_a_child).await;
        assert_eq!(has_children("/proc/thread-self"), !serves_others);
        assert_eq!(job.provisioner.release(&job.machine, Release::Done).await, Released::Gone);
    }
}
