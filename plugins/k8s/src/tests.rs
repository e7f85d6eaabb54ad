use act_host_sdk::decision::{Container, Operator, TaintEffect};
use act_host_sdk::placement::{Gpu, Hop};
use act_host_sdk::seen::{Evicted, Image, ImageTrouble, Other, Pending};
use act_host_sdk::{Case, PastLaunch, Seen, Sighting, Timestamp, mock};

use super::*;

const NOW: Timestamp = 1_790_000_000_000;

fn map(labels: &[&str]) -> Mapped {
    Kubernetes::map(&LabelAsk::of(labels)).unwrap()
}

fn placed(labels: &[&str]) -> Placement {
    match map(labels) {
        Mapped::Mine(mine) => mine.placement,
        other => panic!("{labels:?}: {other:?}"),
    }
}

fn ruled(placement: Placement) -> Ruling {
    <Kubernetes as Scheduler>::decide(&Case::of(placement, NOW)).unwrap()
}

fn pod(placement: Placement) -> Pod {
    match ruled(placement) {
        Ruling::Launch(Decision { shape: Shape::Pod(pod), .. }) => pod,
        other => panic!("{other:?}"),
    }
}

fn resources(pod: &Pod) -> Vec<String> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    pod.resources
        .iter()
        .map(|of| format!("{} {} {}", of.name, shown(&of.request), shown(&of.limit)))
        .collect()
}

fn selector(pod: &Pod) -> Vec<String> {
    pod.node_selector.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

#[test]
fn labels_become_platforms_or_labels_of_nodes() {
    let node = |pairs: &str| Placement::new().attr("kubernetes-node", pairs);
    let platform =
        |name: &str, os, arch| Placement::new().os(os).arch(arch).attr("kubernetes-platform", name);
    for (labels, expected) in [
        (&["ubuntu-latest"][..], platform("ubuntu-latest", Os::Linux, Arch::X64)),
        (&["UBUNTU-24.04-ARM"], platform("ubuntu-24.04-arm", Os::Linux, Arch::Arm64)),
        (&["windows-2019"], platform("windows-2019", Os::Windows, Arch::X64)),
        (&["self-hosted", "ubuntu-gpu"], platform("ubuntu-gpu", Os::Linux, Arch::X64)),
        (&["self-hosted", "linux", "X64"], node("node-type=self-hosted").os(Os::Linux).arch(Arch::X64)),
        (&["self-hosted", "gpu", "cuda"], node("node-type=self-hosted,accelerator=gpu,cuda=true")),
        (&["linux", "ARM64"], Placement::new().os(Os::Linux).arch(Arch::Arm64)),
        (&["build-server"], node("build-server=true")),
        (&["example.com/team"], node("example.com/team=true")),
    ] {
        assert_eq!(placed(labels), expected, "{labels:?}");
    }
    let grouped = LabelAsk { group: Some("big".into()), ..LabelAsk::of(&["self-hosted"]) };
    let Mapped::Mine(mine) = Kubernetes::map(&grouped).unwrap() else { panic!("a group is a label") };
    assert_eq!(mine.placement, node("node-type=self-hosted,big=true"));
    let Mapped::Mine(mine) = map(&["self-hosted", "ubuntu-gpu"]) else { panic!() };
    assert_eq!(mine.reason, "platform `ubuntu-gpu`; beside it `self-hosted` says nothing more");
}

#[test]
fn what_can_be_no_label_of_a_node_is_refused() {
    for (label, meant, said) in [
        ("ubuntu-lastest", Some("ubuntu-latest"), "there is no platform"),
        ("ubuntu-25.10", None, "there is no platform"),
        ("a=b/c", None, "can be no label of a node"),
        ("two words", None, "can be no label of a node"),
        (&"x".repeat(64), None, "1 to 63 characters"),
        ("-x", None, "begins and ends"),
        ("Under_Score/x", None, "a domain"),
    ] {
        let Mapped::Malformed(wrong) = map(&[label]) else { panic!("{label}: {:?}", map(&[label])) };
        assert_eq!(wrong.nearest.as_deref(), meant, "{label}");
        assert!(wrong.reason.contains(said), "{label}: {}", wrong.reason);
    }
    for labels in [&["macos-latest"][..], &["self-hosted", "macos-14"], &[]] {
        assert!(matches!(map(labels), Mapped::NotMine(_)), "{labels:?}");
    }
}

#[test]
fn platforms_of_the_operator_come_first_and_want_an_image() {
    mock::settings(
        r#"{"platforms": {"Ubuntu-Latest": {"image": "acme/ubuntu:1", "nodeSelector": {"pool": "burst"}}, "bare": {}},
            "backends": ["kubernetes", "here"]}"#,
    );
    let placement = placed(&["ubuntu-latest"]);
    assert_eq!(
        placement.hops.iter().map(|hop| hop.backend.as_str()).collect::<Vec<_>>(),
        ["kubernetes", "here"]
    );
    let pod = pod(placement);
    assert_eq!(
        (pod.image.as_str(), selector(&pod)),
        ("acme/ubuntu:1", vec!["kubernetes.io/os=linux".into(), "pool=burst".into()])
    );
    let Mapped::Malformed(wrong) = map(&["bare"]) else { panic!("no image") };
    assert_eq!(wrong.reason, "platform `bare` must specify an image");
}

#[test]
fn the_image_is_the_jobs_own_then_the_placements_then_the_platforms() {
    mock::settings(r#"{"images": {"linux": "acme/linux:1", "ubuntu-22.04": "acme/jammy:1"}}"#);
    assert_eq!(pod(Placement::new()).image, "acme/linux:1");
    assert_eq!(pod(Placement::new().attr("github-image", "ubuntu-22.04")).image, "acme/jammy:1");
    assert_eq!(pod(placed(&["ubuntu-22.04"])).image, "ubuntu:22.04");
    assert_eq!(pod(placed(&["ubuntu-22.04"]).image("mirror/u:1")).image, "mirror/u:1");
    let mut case = Case::of(Placement::new().image("mirror/u:1"), NOW);
    case.bind.container =
        Some(Container { cpu_millis: Some(100), memory: Some(8 << 30), ..Container::new("node:22") });
    let Ruling::Launch(Decision { shape: Shape::Pod(pod), bind }) =
        <Kubernetes as Scheduler>::decide(&case).unwrap()
    else {
        panic!("no pod")
    };
    assert_eq!((pod.image.as_str(), bind == case.bind), ("node:22", true));
    assert_eq!(resources(&pod), ["cpu 100m 100m", "memory 512Mi 8Gi"], "options of docker are limits");
}

#[test]
fn resources_are_those_of_the_platform_and_what_the_placement_asks_for() {
    assert_eq!(resources(&pod(Placement::new())), ["cpu 250m 1000m", "memory 512Mi 2Gi"]);
    let asked = Placement::new().cpu_millis(Amount::between(1500, 4000)).memory_gib(16).disk_gib(14).gpus(2);
    assert_eq!(
        resources(&pod(asked)),
        ["cpu 1500m 4", "memory 16Gi 16Gi", "ephemeral-storage 14Gi -", "nvidia.com/gpu - 2"]
    );
    assert_eq!(
        resources(&pod(placed(&["ubuntu-gpu"]))),
        ["cpu 2 8", "memory 4Gi 16Gi", "nvidia.com/gpu - 1"]
    );
    mock::settings(r#"{"defaultResources": {"requests": {"cpu": 1}}, "gpuResource": "amd.com/gpu"}"#);
    let mut asked = Placement::new();
    asked.gpu = Some(Gpu { count: 1, kind: Some("mi300".into()) });
    let made = pod(asked);
    assert_eq!(resources(&made), ["cpu 1 -", "amd.com/gpu - 1"]);
    assert_eq!(selector(&made), ["kubernetes.io/os=linux", "accelerator=mi300"]);
}

#[test]
fn what_is_said_for_one_run_goes_over_platforms_and_placements() {
    mock::settings(
        r#"{"resources": {"requests": {"cpu": "3"}, "limits": {"memory": "1Gi"}},
            "platforms": {"own": {"image": "i", "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2"}}}}}"#,
    );
    assert_eq!(resources(&pod(Placement::new())), ["cpu 3 3", "memory 512Mi 1Gi"]);
    assert_eq!(resources(&pod(placed(&["own"]))), ["cpu 3 3", "memory 1Gi 1Gi"]);
}

#[test]
fn a_platforms_nodes_say_its_system() {
    mock::settings(
        r#"{"platforms": {
            "win": {"image": "w", "nodeSelector": {"kubernetes.io/os": "windows", "kubernetes.io/arch": "amd64"}},
            "macos-latest": {"image": "macos:monterey", "nodeSelector": {"kubernetes.io/os": "darwin"}}}}"#,
    );
    assert_eq!(
        placed(&["win"]),
        Placement::new().os(Os::Windows).arch(Arch::X64).attr("kubernetes-platform", "win")
    );
    let Mapped::Malformed(wrong) = map(&["macos-latest"]) else { panic!("no node is a Mac") };
    assert_eq!(wrong.reason, "platform `macos-latest`: no node of Kubernetes runs macOS");
}

#[test]
fn a_platform_says_all_that_a_pod_can_have() {
    mock::settings(
        r#"{"priorityClasses": {"low": 1, "act-high-priority": 1000}, "job": true, "imagePullSecrets": ["pull"],
            "platforms": {"big": {"image": "acme/big", "priority": 1500, "runtimeClass": "gvisor", "serviceAccount": "runner",
                "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "ci-runners", "effect": "NoSchedule"},
                                {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}],
                "affinity": {"nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "cpu", "operator": "Gt", "values": ["8"]}]}]},
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 100, "preference": {"matchExpressions": [{"key": "node-reliability", "operator": "In", "values": ["high"]}]}}]},
                  "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                        {"topologyKey": "kubernetes.io/hostname", "matchLabelKeys": ["act.nektos.com/job"]}]}},
                "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": "act-runner"}}}],
                "securityContext": {"runAsUser": 1001, "allowPrivilegeEscalation": false,
                    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}},
                "labels": {"team": "ml"}, "annotations": {"a": "b"}}}}"#,
    );
    let pod = pod(placed(&["big"]));
    assert_eq!(
        (pod.priority_class.as_deref(), pod.runtime_class.as_deref()),
        (Some("act-high-priority"), Some("gvisor"))
    );
    assert_eq!(
        (pod.as_job, pod.service_account.as_deref(), &pod.image_pull_secrets[..]),
        (true, Some("runner"), &["pull".to_owned()][..])
    );
    assert_eq!(pod.tolerations[0].effect, Some(TaintEffect::NoSchedule));
    assert_eq!(
        (pod.tolerations[1].key.as_ref(), pod.tolerations[1].value.as_ref(), pod.tolerations[1].seconds),
        (None, None, Some(30))
    );
    assert_eq!((pod.node_required[0][0].operator, pod.node_preferred[0].weight), (Operator::Greater, 100));
    assert_eq!(
        (pod.affinities[0].anti, &pod.affinities[0].match_own[..]),
        (true, &["act.nektos.com/job".to_owned()][..])
    );
    assert!(
        pod.spread[0].required && pod.spread[0].match_labels == [("app".to_owned(), "act-runner".to_owned())]
    );
    assert_eq!(
        (pod.security.run_as_user, &pod.security.drop_capabilities[..]),
        (Some(1001), &["ALL".to_owned()][..])
    );
    assert_eq!(
        (&pod.labels[..], &pod.annotations[..]),
        (&[("team".to_owned(), "ml".to_owned())][..], &[("a".to_owned(), "b".to_owned())][..])
    );
}

#[test]
fn systems_processors_pools_and_spot_become_nodes() {
    let windows = pod(placed(&["windows-latest"]));
    assert_eq!(selector(&windows), ["kubernetes.io/os=windows", "kubernetes.io/arch=amd64"]);
    assert_eq!(windows.tolerations[0].value.as_deref(), Some("windows"));
    assert_eq!(
        selector(&pod(placed(&["ubuntu-arm64"]))),
        ["kubernetes.io/os=linux", "kubernetes.io/arch=arm64"]
    );
    let pooled =
        pod(Placement::new().pool("warm").spot(true).attr("kubernetes-node", "node-type=self-hosted"));
    assert_eq!(
        selector(&pooled),
        ["kubernetes.io/os=linux", "node-type=self-hosted", "act-host.dev/pool=warm"]
    );
    assert_eq!(pooled.node_preferred.len(), 4);
    let steady = pod(Placement::new().spot(false));
    assert!(steady.node_required[0].iter().all(|requirement| requirement.operator == Operator::NotIn));
    mock::settings(r#"{"nodeSelectorAsAffinity": true}"#);
    let written = pod(Placement::new());
    assert_eq!(
        (written.node_selector.len(), written.node_required[0][0].key.as_str()),
        (0, "kubernetes.io/os")
    );
}

#[test]
fn what_no_pod_can_be_fails_with_the_reason() {
    mock::settings(
        r#"{"platforms": {"odd": {"image": "i", "tolerations": [{"effect": "Nope"}]}, "first": {"image": "i", "priority": 7}}}"#,
    );
    for (placement, said) in [
        (Placement::new().os(Os::Macos), "no node of Kubernetes runs macOS"),
        (placed(&["odd"]), "a taint has no effect `Nope`"),
        (placed(&["first"]), "priority 7 is no PriorityClass"),
        (Placement::new().attr("kubernetes-platform", "gone"), "there is no platform `gone`"),
    ] {
        let Ruling::Fail(reason) = ruled(placement) else { panic!("{said}") };
        assert!(reason.contains(said), "{reason}");
    }
}

/// A launch that was decided a while ago, of which this was seen since.
fn after(seconds: u64, seen: &[Seen]) -> Case {
    let mut case = Case::of(Placement::new(), NOW);
    let at = NOW - seconds * 1000;
    let seen = seen.iter().cloned().map(|seen| Sighting { at, seen }).collect();
    case.history = vec![PastLaunch {
        launch: 1,
        hop: 0,
        at,
        decision: Decision::pod(Pod::new("i"), Bind::default()),
        seen,
    }];
    case
}

fn react(case: &Case, seen: &Seen) -> Ruling {
    <Kubernetes as Scheduler>::react(case, seen).unwrap()
}

#[test]
fn no_room_and_a_quota_are_waits_with_an_end() {
    let none = Seen::Unschedulable("0/3 nodes".into());
    let Ruling::Wait(wait) = react(&after(60, std::slice::from_ref(&none)), &none) else { panic!("a wait") };
    assert_eq!((wait.until, wait.reason.as_str()), (NOW + 840_000, "no node has room: 0/3 nodes"));
    let over = after(900, std::slice::from_ref(&none));
    assert_eq!(react(&over, &none), Ruling::Fail("after 900 s: no node has room: 0/3 nodes".into()));
    let mut hops = over;
    hops.placement.hops =
        ["a", "b"].map(|backend| Hop { backend: backend.into(), pool: None, spot: None }).into();
    assert_eq!(react(&hops, &none), Ruling::NextHop("after 900 s: no node has room: 0/3 nodes".into()));
    let quota = Seen::Quota("exceeded quota: ci".into());
    let Ruling::Wait(wait) = react(&after(60, std::slice::from_ref(&quota)), &quota) else {
        panic!("a wait")
    };
    assert_eq!((wait.until, wait.reason.as_str()), (NOW + 10_000, "exceeded quota: ci"));
    let pending = Seen::Pending(Pending { reason: "pulling".into(), since: NOW - 1000 });
    assert!(matches!(react(&after(1, &[]), &pending), Ruling::Wait(_)));
}

#[test]
fn images_get_a_grace_unless_their_name_is_wrong() {
    let image = |kind| Seen::Image(Image { kind, text: "so".into() });
    for kind in [ImageTrouble::InvalidName, ImageTrouble::Platform] {
        assert_eq!(react(&after(0, &[image(kind)]), &image(kind)), Ruling::Fail("so".into()), "{kind:?}");
    }
    for kind in [ImageTrouble::Pull, ImageTrouble::BackOff, ImageTrouble::NeverPull, ImageTrouble::Inspect] {
        // The grace begins with the first trouble, whatever it is called.
        let seen = [image(ImageTrouble::Pull), image(kind)];
        assert!(matches!(react(&after(29, &seen), &image(kind)), Ruling::Wait(_)), "{kind:?}");
        assert_eq!(react(&after(30, &seen), &image(kind)), Ruling::Fail("so".into()), "{kind:?}");
    }
    let config = Seen::Other(Other { code: "CreateContainerConfigError".into(), text: "no secret".into() });
    assert!(matches!(react(&after(1, std::slice::from_ref(&config)), &config), Ruling::Wait(_)));
    assert_eq!(
        react(&after(31, std::slice::from_ref(&config)), &config),
        Ruling::Fail("CreateContainerConfigError: no secret".into())
    );
    let away = Seen::Other(Other { code: "unreachable".into(), text: "no answer".into() });
    assert!(matches!(react(&after(1, std::slice::from_ref(&away)), &away), Ruling::Wait(_)));
    assert_eq!(react(&after(31, std::slice::from_ref(&away)), &away), Ruling::Keep, "no fault of the job's");
    let refused = Seen::Other(Other { code: "refused".into(), text: "no such field".into() });
    assert_eq!(
        react(&after(0, std::slice::from_ref(&refused)), &refused),
        Ruling::Fail("no such field".into())
    );
}

#[test]
fn what_was_evicted_is_made_again_only_where_nothing_can_run_twice() {
    let evicted = |started| Seen::Evicted(Evicted { started, text: "drained".into() });
    assert!(matches!(react(&after(1, &[evicted(false)]), &evicted(false)), Ruling::Launch(_)));
    let mut often = after(1, &[evicted(false)]);
    often.history = vec![often.history[0].clone(); 4];
    assert_eq!(react(&often, &evicted(false)), Ruling::Fail("for the 4th time evicted: drained".into()));
    assert_eq!(
        react(&after(1, &[]), &evicted(true)),
        Ruling::Fail("evicted while the job ran: drained".into())
    );
    assert_eq!(react(&after(1, &[]), &Seen::Lost("silent".into())), Ruling::Keep);
    assert_eq!(
        react(&after(1, &[]), &Seen::OutOfMemory("job".into())),
        Ruling::Fail("out of memory: job".into())
    );
    mock::settings(r#"{"waits": {"startedJobsMayRunAgain": true}}"#);
    assert!(matches!(react(&after(1, &[]), &evicted(true)), Ruling::Launch(_)));
    assert!(matches!(react(&after(1, &[]), &Seen::Lost("silent".into())), Ruling::Launch(_)));
}
