//! Agents and hosts that are killed, machines that are gone, and who may speak for a launch.

use std::sync::Arc;

use act_core::environment::{Cursor, Ending, Environment, EnvironmentError, Root, Started};
use act_core::ids::Epoch;
use act_remote::{Dial, Remote, Verdict};
use act_tests::agent::{Agent, connect, quick};
use act_tests::place::launch;
use act_tests::streams::Weather;

use super::{Pair, exec, follow, follow_some, gone};

#[tokio::test]
async fn an_agent_that_was_killed_leaves_a_lost_step_and_nothing_runs_twice() {
    let pair = Pair::new(Weather::default(), &[]).await;
    let before = pair.run(0, "echo x >> ../mark; exit 7").await;
    assert_eq!(before.end.how, Ending::Exited { code: 7 });
    pair.start(1, "echo x >> ../mark; echo begun; sleep 4711.1; echo late >> ../mark").await;
    assert_eq!(follow_some(&*pair.remote, 1, 6).await.stdout, 6);
    pair.agent.kill();
    let _next = Agent::start(&pair.agent.folder, &[]);
    // What the killed one ran is swept: nobody would see how it ends.
    gone("4711.1").await;
    let lost = follow(&*pair.remote, 1, Cursor::default()).await.unwrap();
    assert_eq!(lost.text(), "begun\n");
    assert!(matches!(&lost.end.how, Ending::Lost { why } if why.contains("was killed")), "{:?}", lost.end);
    for index in [0, 1] {
        let again = pair.remote.start(&exec(index), &pair.bash("echo x >> ../mark")).await;
        assert_eq!(again, Ok(Started::Already));
    }
    assert_eq!(
        follow(&*pair.remote, 0, Cursor::default()).await.unwrap().end.how,
        Ending::Exited { code: 7 }
    );
    assert_eq!(std::fs::read_to_string(pair.at(Root::Work, "mark").0).unwrap(), "x\nx\n");
    assert_eq!(pair.run(2, "echo on").await.text(), "on\n");
}

#[tokio::test]
async fn a_host_that_was_killed_is_followed_by_one_that_goes_on_at_its_cursor() {
    let pair = Pair::new(Weather::default(), &[]).await;
    pair.start(0, "echo x >> ../mark; echo first; sleep 0.5; echo second; exit 3").await;
    let cursor = follow_some(&*pair.remote, 0, 6).await;
    pair.remote.ack(&exec(0), cursor).await.unwrap();
    // A host that dies says nothing; its streams end.
    drop(pair.remote);
    let heir = connect(&pair.dial, 2).await;
    let ran = follow(&*heir, 0, cursor).await.unwrap();
    assert_eq!((ran.text().as_str(), ran.end.how), ("second\n", Ending::Exited { code: 3 }));
    let mark = pair.agent.folder.join("places/work/mark");
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "x\n");
}

#[tokio::test]
async fn the_highest_epoch_speaks_and_the_launch_must_be_the_agents() {
    let pair = Pair::new(Weather::default(), &[]).await;
    pair.start(0, "sleep 0.3; echo still").await;
    let second = connect(&pair.dial, 2).await;
    assert_eq!(pair.remote.start(&exec(1), &pair.bash("echo no")).await, Err(EnvironmentError::Fenced));
    assert_eq!(follow(&*second, 0, Cursor::default()).await.unwrap().text(), "still\n");
    let dial = || Arc::clone(&pair.dial) as Arc<dyn Dial>;
    let late = Remote::connect(dial(), &launch(), Epoch(1), quick()).await;
    assert_eq!(late.err(), Some(EnvironmentError::Fenced));
    let mut other = launch();
    other.launch.0 += 1;
    let wrong = Remote::connect(dial(), &other, Epoch(9), quick()).await.err();
    assert!(matches!(wrong, Some(EnvironmentError::Refused(why)) if why.contains("belongs to")));
}

#[tokio::test]
async fn an_agent_without_a_host_ends_everything_and_says_so() {
    let pair =
        Pair::new(Weather::default(), &["--orphan-grace", "700ms", "--termination-message", "/dev/null"])
            .await;
    pair.start(0, "trap '' INT TERM; echo begun; sleep 4711.2; sleep 4711.2").await;
    follow_some(&*pair.remote, 0, 6).await;
    drop(pair.remote);
    assert_eq!(pair.agent.ended().await.code(), Some(4));
    gone("4711.2").await;
}

#[tokio::test]
async fn a_machine_that_is_told_to_end_loses_its_step_with_the_reason() {
    let root = tempfile::tempdir().unwrap();
    let message = root.path().join("message");
    let pair = Pair::new(Weather::default(), &["--termination-message", message.to_str().unwrap()]).await;
    pair.run(0, "true").await;
    pair.start(1, "trap 'exit 0' TERM; echo begun; while :; do sleep 0.05; done").await;
    follow_some(&*pair.remote, 1, 6).await;
    pair.agent.signal("TERM");
    let lost = follow(&*pair.remote, 1, Cursor::default()).await.unwrap();
    assert!(matches!(&lost.end.how, Ending::Lost { why } if why.contains("told to end")), "{:?}", lost.end);
    assert_eq!(pair.agent.ended().await.code(), Some(143));
    let text = std::fs::read_to_string(message).unwrap();
    for part in ["\"id\":\"0-main-0\",\"how\":\"exited\",\"code\":0", "\"id\":\"1-main-0\",\"how\":\"lost\""]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn of_a_machine_that_is_gone_only_proven_ends_count() {
    let root = tempfile::tempdir().unwrap();
    let message = root.path().join("message");
    let pair = Pair::new(Weather::default(), &["--termination-message", message.to_str().unwrap()]).await;
    pair.run(0, "echo all of it; exit 3").await;
    pair.start(1, "echo begun; sleep 4711.3").await;
    follow_some(&*pair.remote, 1, 6).await;
    let parting = Some(std::fs::read_to_string(message).unwrap());
    pair.dial.gone(Verdict { reason: "the pod was evicted".to_owned(), parting, exit: Some(0) });
    pair.agent.kill();
    let whole = Cursor { stdout: 10, stderr: 0 };
    let proven = follow(&*pair.remote, 0, whole).await.unwrap();
    assert_eq!(proven.end.how, Ending::Exited { code: 3 });
    let half = follow(&*pair.remote, 0, Cursor { stdout: 9, stderr: 0 }).await.unwrap();
    assert!(
        matches!(&half.end.how, Ending::Lost { why } if why.contains("evicted") && why.contains("code 3"))
    );
    let unknown = follow(&*pair.remote, 1, Cursor { stdout: 6, stderr: 0 }).await.unwrap_err();
    let EnvironmentError::Lost(why) = unknown else { panic!("{unknown}") };
    assert_eq!(why, "the pod was evicted; its agent exited with 0");
    assert!(matches!(pair.remote.stat(&pair.at(Root::Temp, "")).await, Err(EnvironmentError::Lost(_))));
    // What the killed agent ran goes with the next one.
    let _next = Agent::start(&pair.agent.folder, &[]);
    gone("4711.3").await;
}
