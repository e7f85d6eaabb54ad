use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::*;

fn pod(uid: &str, version: u64) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.uid = Some(uid.into());
    pod.metadata.resource_version = Some(version.to_string());
    pod
}

fn of_job(uid: &str, job: &str) -> Pod {
    let mut pod = pod(uid, 1);
    pod.metadata.owner_references =
        Some(vec![OwnerReference { uid: job.into(), ..OwnerReference::default() }]);
    pod
}

fn told(uid: Option<&str>, events: Vec<Event<Pod>>) -> Followed {
    let mut followed = Followed { uid: uid.map(str::to_owned), ..Followed::default() };
    for event in events {
        followed.take(event);
    }
    followed
}

fn sight(followed: &Followed) -> (char, Option<String>) {
    match &*followed.sight.borrow() {
        Sight::Unknown => ('?', None),
        Sight::There(pod) => ('+', pod.metadata.uid.clone()),
        Sight::Gone(pod) => ('-', pod.metadata.uid.clone()),
    }
}

#[test]
fn an_earlier_machine_of_the_same_name_is_not_this_one() {
    use Event::{Apply, Delete};
    let old = of_job("old", "job-1");
    let followed = told(Some("job-2"), vec![Apply(old.clone()), Delete(old.clone())]);
    assert_eq!(sight(&followed), ('?', None));
    let followed = told(Some("job-2"), vec![Apply(of_job("new", "job-2")), Delete(old)]);
    assert_eq!(sight(&followed), ('+', Some("new".into())));
}

#[test]
fn what_came_before_the_uid_was_known_is_not_lost() {
    use Event::{Apply, Delete};
    let early = vec![Apply(pod("old", 5)), Delete(pod("old", 6)), Apply(pod("new", 7))];
    let mut followed = told(None, early);
    assert_eq!(sight(&followed), ('?', None));
    followed.identify("new");
    assert_eq!(sight(&followed), ('+', Some("new".into())));
}

#[test]
fn replies_and_the_watch_come_in_any_order() {
    use Event::{Apply, Delete};
    let followed = told(Some("pod"), vec![Apply(pod("pod", 9)), Apply(pod("pod", 8))]);
    let Sight::There(seen) = followed.sight.borrow().clone() else { panic!("it is there") };
    assert_eq!(seen.metadata.resource_version.as_deref(), Some("9"));
    followed.sight.send_if_modified(|sight| go(sight, |uid| uid == "another"));
    assert_eq!(sight(&followed).0, '+');
    assert_eq!(sight(&told(Some("pod"), vec![Apply(pod("pod", 1)), Delete(pod("pod", 2))])).0, '-');
}

#[test]
fn a_list_says_nothing_of_what_was_made_after_it_was_asked_for() {
    let [kept, lost, new] = ["kept", "lost", "new"].map(|uid| Arc::new(pod(uid, 1)));
    let mut listed = Listed::begin(&[kept.clone(), lost.clone()]);
    listed.shown.insert("kept".to_owned());
    let unshown = listed.judge(&[kept, lost, new]);
    assert_eq!(unshown.gone, HashSet::from(["lost".to_owned()]));
    assert_eq!(unshown.open.iter().map(|pod| pod.metadata.uid.as_deref()).collect::<Vec<_>>(), [Some("new")]);
}
