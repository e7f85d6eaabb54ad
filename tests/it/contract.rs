//! The contract suites on this machine, on the far double and over the agent.

mod near {
    act_tests::environment_contract!(act_tests::place::Place::local());
}

mod far {
    use act_tests::far::Link;
    use act_tests::place::Place;

    // Streams break all the time; lost replies are the executor's tests' matter, who repeats calls.
    act_tests::environment_contract!(Place::linked(Link::breaking(5, 300_000)));

    #[tokio::test]
    async fn short_breaths_lose_nothing() {
        let place = Place::linked(Link::breaking(6, 50)).await;
        act_tests::contract::environment::both_streams_come_whole_and_apart(&place).await;
        place.release().await;
    }
}

mod agent {
    use act_tests::place::Place;
    use act_tests::streams::Weather;

    act_tests::environment_contract!(Place::agent(Weather::default()));
}

mod agent_behind_streams_that_end {
    use act_tests::place::Place;
    use act_tests::streams::Weather;

    act_tests::environment_contract!(Place::agent(Weather {
        cut_within: 300_000,
        seed: 8,
        ..Weather::default()
    }));
}

mod agent_on_arm64 {
    use act_tests::place::Place;
    use act_tests::streams::Weather;

    act_tests::environment_contract!(Place::agent_on_arm64(Weather {
        cut_within: 300_000,
        seed: 9,
        ..Weather::default()
    }));
}

use act_core::provisioner::Provisioner;
use act_local::LocalLabels;
use act_tests::contract::{labels, provisioner};
use act_tests::place::{decision, local_provisioner};

#[tokio::test]
async fn the_mapper_of_this_machine_keeps_its_promises() {
    use act_local::LabelTarget::{Image, Nowhere, ThisMachine};
    let given = [("mine", ThisMachine), ("off", Nowhere), ("boxed", Image("alpine".to_owned()))];
    let given = given.map(|(label, target)| (label.to_owned(), target)).to_vec();
    let mine: &[&[&str]] = &[&["self-hosted"], &["mine"], &["self-hosted", "mine"]];
    let others: &[&[&str]] = &[&["off"], &["self-hosted", "gpu-of-the-moon"]];
    let malformed: &[&[&str]] = &[&["self-hostd"], &["self-hosted", "boxed"]];
    labels::label_mapper(&LocalLabels::new(given), mine, others, malformed).await;
}

#[tokio::test]
async fn the_local_provisioner_keeps_its_promises() {
    let root = tempfile::tempdir().unwrap();
    let local = local_provisioner(root.path());
    let case = provisioner::Case { provisioner: &local, decision: decision("octo/hello") };
    case.a_description_makes_nothing().await;
    case.a_machine_is_made_once().await;
    case.a_release_may_be_repeated().await;
    case.a_higher_epoch_takes_over().await;
}

#[tokio::test]
async fn a_machine_whose_host_is_gone_is_listed_as_abandoned() {
    let root = tempfile::tempdir().unwrap();
    let dead = local_provisioner(root.path());
    let case = provisioner::Case { provisioner: &dead, decision: decision("octo/hello") };
    let machine = case.made(7).await;
    drop(dead);
    let heir = local_provisioner(root.path());
    let owned = heir.owned().await.unwrap();
    assert_eq!(owned.len(), 1);
    assert!(owned[0].abandoned && owned[0].id == machine.id, "{owned:?}");
    let released = heir.release(&owned[0], act_core::provisioner::Release::Abandoned).await;
    assert_eq!(released, act_core::provisioner::Released::Gone);
    assert_eq!(heir.owned().await.unwrap(), []);
}
