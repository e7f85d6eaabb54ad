//! What a step and its output cost over an agent on a local socket. Prints; asserts nothing of time.

use std::sync::Arc;
use std::time::Instant;

use act_core::environment::{Cursor, Ending, Root};
use act_core::ids::Epoch;
use act_remote::{Dial, Remote, RemoteConfig};
use act_tests::agent::quick;
use act_tests::place::{Place, launch};
use act_tests::streams::Weather;

use super::Pair;

#[tokio::test]
#[ignore = "measures: run it by name, with a release build of the agent"]
async fn measure_steps_and_output() {
    let mut pair = Pair::new(Weather::default(), &[]).await;
    // Zeros would be nothing on their way.
    let plain = RemoteConfig { squeezed: false, ..quick() };
    let dial: Arc<dyn Dial> = Arc::clone(&pair.dial) as _;
    pair.remote = Remote::connect(dial, &launch(), Epoch(2), plain).await.unwrap();
    let mut times = Vec::new();
    for index in 0..200 {
        let mut spec = pair.bash("");
        spec.argv = vec!["true".to_owned()];
        let began = Instant::now();
        act_core::environment::Environment::start(&*pair.remote, &super::exec(index), &spec).await.unwrap();
        let ran = super::follow(&*pair.remote, index, Cursor::default()).await.unwrap();
        assert_eq!(ran.end.how, Ending::Exited { code: 0 });
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    eprintln!("a step of `true`: {:.2} ms (median), {:.2} ms (p95)", times[100], times[190]);
    let mut bare = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        std::process::Command::new("true").status().unwrap();
        bare.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    bare.sort_by(f64::total_cmp);
    eprintln!("`true` without an agent: {:.2} ms (median)", bare[100]);
    let began = Instant::now();
    pair.start(1_000, "head -c 500000000 /dev/zero").await;
    let ran = super::follow_with(&*pair.remote, 1_000, Cursor::default(), |_, _| {}).await.unwrap();
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(ran.0, 500_000_000);
    eprintln!("output: {:.0} MB/s", 500.0 / seconds);
    let local = Place::local().await;
    let at = local.at(Root::Workspace, "");
    let mut spec = pair.bash("head -c 500000000 /dev/zero");
    spec.cwd = at;
    let began = Instant::now();
    local.env.start(&super::exec(0), &spec).await.unwrap();
    super::follow_with(&*local.env, 0, Cursor::default(), |_, _| {}).await.unwrap();
    eprintln!("output on this machine itself: {:.0} MB/s", 500.0 / began.elapsed().as_secs_f64());
    local.release().await;
}
