//! The agent for arm64, on this machine's processor: by the same session, and through its own proxy.

use act_core::environment::{Cursor, Ending, Environment, Started};
use act_tests::agent::Agent;
use act_tests::cli::act_agent_arm64;
use act_tests::streams::Weather;

use super::uses::goes_through_the_proxy;
use super::{Pair, exec, follow};

#[tokio::test]
async fn it_says_its_processor_and_is_reached_through_its_proxy() {
    let Some(words) = act_agent_arm64() else { return };
    let pair = Pair::by(&words, Weather::default(), &[]).await;
    assert_eq!(pair.remote.facts().arch, act_core::place::Arch::Arm64);
    goes_through_the_proxy(&pair, words).await;
}

#[tokio::test]
async fn the_next_one_after_a_killed_one_has_its_journal() {
    let Some(words) = act_agent_arm64() else { return };
    let pair = Pair::by(&words, Weather::default(), &[]).await;
    pair.start(0, "echo x >> ../mark; echo said; exit 7").await;
    let mut ended = follow(&*pair.remote, 0, Cursor::default()).await.unwrap();
    assert_eq!((ended.text().as_str(), &ended.end.how), ("said\n", &Ending::Exited { code: 7 }));
    pair.agent.kill();
    let _next = Agent::start_by(&words, &pair.agent.folder, &[], |command| command);
    let again = pair.remote.start(&exec(0), &pair.bash("echo x >> ../mark")).await;
    assert_eq!(again, Ok(Started::Already));
    let cursor = Cursor { stdout: 5, stderr: 0 };
    ended = follow(&*pair.remote, 0, cursor).await.unwrap();
    assert_eq!((ended.bytes, ended.end.how), (0, Ending::Exited { code: 7 }));
    let mark = std::fs::read_to_string(pair.agent.folder.join("places/work/mark")).unwrap();
    assert_eq!(mark, "x\n");
}
