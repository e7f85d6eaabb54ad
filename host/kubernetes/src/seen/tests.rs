use super::*;
use serde_json::{Value, json};

fn pod(status: Value) -> Pod {
    let metadata = json!({ "name": "p", "creationTimestamp": "2026-11-21T10:00:00Z" });
    serde_json::from_value(json!({ "metadata": metadata, "status": status })).unwrap()
}

fn container(name: &str, state: Value) -> Value {
    json!({ "name": name, "image": "i:1", "imageID": "", "ready": false, "restartCount": 0, "state": state })
}

fn waits(reason: &str, message: &str) -> Phase {
    let state = json!({ "waiting": { "reason": reason, "message": message } });
    look(Some(&pod(json!({ "phase": "Pending", "containerStatuses": [container("runner", state)] }))))
}

#[test]
fn a_pod_that_waits_says_for_what() {
    let condition = |reason: &str| {
        json!({ "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False",
            "reason": reason, "message": "0/1 nodes are available" }] })
    };
    let text = "0/1 nodes are available".to_owned();
    assert_eq!(look(Some(&pod(condition("Unschedulable")))), Phase::Waiting(Seen::Unschedulable { text }));
    let since = "2026-11-21T10:00:00Z".parse().unwrap();
    let pending = |reason: &str| Phase::Waiting(Seen::Pending { reason: reason.to_owned(), since });
    assert_eq!(look(Some(&pod(condition("SchedulingGated")))), pending("held back: 0/1 nodes are available"));
    assert_eq!(look(Some(&pod(json!({})))), pending("a node is looked for"));
    assert_eq!(waits("ContainerCreating", ""), pending("the job starts: image i:1"));
    let mut service = container("service-db", json!({ "running": {} }));
    service["started"] = json!(false);
    let initializing = container("runner", json!({ "waiting": { "reason": "PodInitializing" } }));
    let status = json!({ "initContainerStatuses": [service], "containerStatuses": [initializing] });
    assert_eq!(look(Some(&pod(status))), pending("service `db` is not well yet"));
}

#[test]
fn images_are_told_apart_by_what_is_wrong() {
    for (reason, message, kind) in [
        ("InvalidImageName", "bad", ImageTrouble::InvalidName),
        ("ErrImagePull", "not found", ImageTrouble::Pull),
        ("ImagePullBackOff", "Back-off", ImageTrouble::BackOff),
        ("ErrImageNeverPull", "", ImageTrouble::NeverPull),
        ("ImageInspectError", "", ImageTrouble::Inspect),
        ("ErrImagePull", "no match for platform in manifest", ImageTrouble::Platform),
    ] {
        let Phase::Waiting(Seen::Image { kind: found, text }) = waits(reason, message) else {
            panic!("{reason}")
        };
        assert!(found == kind && text.starts_with("the job, image i:1: "), "{reason}: {found:?} {text}");
    }
    let Phase::Waiting(Seen::Other { code, .. }) = waits("CreateContainerConfigError", "secret") else {
        panic!()
    };
    assert_eq!(code, "CreateContainerConfigError");
}

#[test]
fn a_running_job_is_running_whatever_was_before() {
    let status =
        json!({ "phase": "Running", "containerStatuses": [container("runner", json!({ "running": {} }))] });
    assert_eq!(look(Some(&pod(status))), Phase::Running);
}

#[test]
fn why_a_pod_ended_is_what_counts_most() {
    let end = |reason: &str, code: i32, message: &str| json!({ "terminated": { "exitCode": code, "reason": reason, "message": message } });
    let failed = |containers: Vec<Value>| json!({ "phase": "Failed", "containerStatuses": containers });
    let ended = |status: Value| match look(Some(&pod(status))) {
        Phase::Ended(seen) => seen,
        other => panic!("{other:?}"),
    };
    let text = "the job used more memory than its limit".to_owned();
    assert_eq!(
        ended(failed(vec![container("runner", end("OOMKilled", 137, ""))])),
        Seen::OutOfMemory { text }
    );
    let text = "the agent ended with exit code 3: no room".to_owned();
    let other = Seen::Other { code: "Exited".into(), text };
    assert_eq!(ended(failed(vec![container("runner", end("Error", 3, "no room\n"))])), other);
    let Seen::Image { kind: ImageTrouble::Platform, .. } =
        ended(failed(vec![container("runner", end("StartError", 128, "exec format error"))]))
    else {
        panic!("a foreign image")
    };
    let mut evicted = failed(vec![container("runner", end("Error", 137, ""))]);
    evicted["reason"] = json!("Evicted");
    evicted["message"] = json!("low on memory");
    let text = "Evicted: low on memory".to_owned();
    assert_eq!(ended(evicted), Seen::Evicted { started: true, text });
    let disrupted = json!({ "phase": "Pending", "conditions": [
        { "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler", "message": "for others" }] });
    let text = "PreemptionByScheduler: for others".to_owned();
    assert_eq!(ended(disrupted), Seen::Evicted { started: false, text });
    let mut service = container("service-db", json!({ "waiting": { "reason": "CrashLoopBackOff" } }));
    service["restartCount"] = json!(1);
    service["lastState"] = end("Error", 1, "");
    let text = "service `db` ended with exit code 1".to_owned();
    assert_eq!(
        ended(json!({ "initContainerStatuses": [service] })),
        Seen::Other { code: "ServiceFailed".into(), text }
    );
    let mut gone = pod(json!({}));
    gone.metadata.deletion_timestamp = serde_json::from_value(json!("2026-11-21T10:00:00Z")).unwrap();
    assert_eq!(
        look(Some(&gone)),
        Phase::Ended(Seen::Evicted { started: false, text: "the pod was deleted".into() })
    );
    assert_eq!(look(None), Phase::Ended(Seen::Lost { text: "the pod was deleted".into() }));
}

#[test]
fn a_service_that_its_probe_has_ended_never_became_healthy() {
    let end = |finished: &str, code: i32| json!({ "terminated": { "exitCode": code, "reason": "Completed", "startedAt": "2026-11-21T10:00:00Z", "finishedAt": finished } });
    let of = |end: Value, runner: Value| {
        let mut service = container("service-db", json!({ "running": {} }));
        service["restartCount"] = json!(1);
        service["lastState"] = end;
        let mut pod = pod(
            json!({ "initContainerStatuses": [service], "containerStatuses": [container("runner", runner)] }),
        );
        let probe = json!({ "exec": { "command": ["false"] }, "periodSeconds": 2, "failureThreshold": 3 });
        let made =
            json!({ "containers": [], "initContainers": [{ "name": "service-db", "startupProbe": probe }] });
        pod.spec = serde_json::from_value(made).unwrap();
        match look(Some(&pod)) {
            Phase::Ended(Seen::Other { code, text }) => format!("{code}: {text}"),
            other => panic!("{other:?}"),
        }
    };
    let waits = json!({ "waiting": { "reason": "PodInitializing" } });
    let probed = of(end("2026-11-21T10:00:06Z", 0), waits.clone());
    assert_eq!(probed, "ServiceUnhealthy: service `db` never became healthy, and had 6 s for it");
    let crashed = of(end("2026-11-21T10:00:01Z", 1), waits);
    assert_eq!(crashed, "ServiceFailed: service `db` ended with exit code 1");
    let later = of(end("2026-11-21T10:00:06Z", 1), json!({ "running": {} }));
    assert_eq!(
        later, "ServiceFailed: service `db` ended with exit code 1",
        "it was healthy, and the job ran"
    );
}

#[test]
fn what_the_scheduler_says_of_preemption_is_left_out() {
    let said =
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No victims.";
    assert_eq!(digest(said), "0/1 nodes are available: 1 Insufficient cpu");
    assert_eq!(
        digest("0/1 nodes are available: 1 Insufficient cpu."),
        "0/1 nodes are available: 1 Insufficient cpu"
    );
}
