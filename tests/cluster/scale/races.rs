//! Jobs while the API server is full, its watches end, its answers are lost, and others change the same objects.

use std::time::Duration;

use act_cluster_tests::meddler::Script;
use act_cluster_tests::{Cluster, Kubelet, Meddler, Meddling};
use serde_json::json;

use super::{CALL_RATE, LONG, alone, nothing_is_left, user, written};

const LEGS: usize = 60;

/// Each job has three steps, and a pod that is held back until its Secret is there.
const WORKFLOW: &str = "
on: push
env: { COUNTER: '@COUNTER@' }
jobs:
  m0:
    runs-on: ubuntu-latest
    container: { image: 'bed.local/node:1', env: { TOKEN: '${{ secrets.TOKEN }}' } }
    strategy: { matrix: { leg: [@LEGS@] } }
    steps:
      - run: echo \"one ${{ matrix.leg }}\" >> \"$COUNTER\"; sleep 0.3; echo \"one ${{ matrix.leg }}.\"
      - run: echo \"two ${{ matrix.leg }}\" >> \"$COUNTER\"; sleep 0.3; echo \"two ${{ matrix.leg }}.\"
      - run: echo \"three ${{ matrix.leg }}\" >> \"$COUNTER\"; sleep 0.3; echo \"three ${{ matrix.leg }}.\"
";

/// All that an API server may say to a call besides its answer, and all that may become of the answer.
fn troubles() -> Vec<Option<Meddling>> {
    let changed = "Operation cannot be fulfilled on pods \"p\": the object has been modified; please apply your changes to the latest version and try again";
    vec![
        Some(Meddling::Lost),
        Some(Meddling::error(429, "TooManyRequests", "too many requests, please try again later")),
        None,
        Some(Meddling::error(500, "InternalError", "etcdserver: leader changed")),
        Some(Meddling::error(409, "Conflict", changed)),
        Some(Meddling::Lost),
        None,
        Some(Meddling::error(
            503,
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        )),
        Some(Meddling::error(504, "Timeout", "request did not complete within the allotted timeout")),
    ]
}

fn script() -> Script {
    let cut = |millis| Some(Meddling::Cut(Duration::from_millis(millis)));
    let gone = || Some(Meddling::error(410, "Expired", "too old resource version: 1 (2)"));
    let full = || Some(Meddling::error(429, "TooManyRequests", "too many requests, please try again later"));
    let unknown = || Some(Meddling::error(404, "NotFound", "pods \"p\" not found"));
    let again = |times: usize| troubles().into_iter().cycle().take(9 * times).collect::<Vec<_>>();
    let watches = [cut(300), gone(), cut(700), Some(Meddling::expired()), full(), cut(500), gone(), cut(200)];
    let sessions = [unknown(), cut(200), full(), cut(500), Some(Meddling::Lost), cut(100), cut(900), None];
    Script::from([
        ("create pods", again(4)),
        ("patch pods", again(4)),
        ("patch secrets", again(4)),
        ("delete pods", again(4)),
        ("get configmaps", troubles().into_iter().take(2).collect()),
        ("create configmaps", troubles().into_iter().take(2).collect()),
        ("patch leases", troubles().into_iter().take(2).collect()),
        ("list pods", vec![None, full(), Some(Meddling::Lost)]),
        ("watch pods", watches.into_iter().cycle().take(16).collect()),
        ("get pods/exec", sessions.into_iter().cycle().take(80).collect()),
    ])
}

#[test]
fn every_step_runs_once_whatever_the_api_server_says() {
    let Some(cluster) = Cluster::find_own() else { return };
    let _alone = alone();
    let kubelet = Kubelet::start(&cluster);
    let folder = tempfile::tempdir().unwrap();
    let counter = folder.path().join("counter");
    let legs = (0..LEGS).map(|leg| leg.to_string()).collect::<Vec<_>>().join(", ");
    let workflow = WORKFLOW.replace("@COUNTER@", &counter.display().to_string()).replace("@LEGS@", &legs);
    let mut user = user(&cluster, &kubelet, &workflow, CALL_RATE);
    let meddler = Meddler::to(cluster.kubeconfig(), "10.96.0.1:443", script());
    let through = meddler.kubeconfig(&folder.path().join("kubeconfig"));
    user.project.env("KUBECONFIG", through.display().to_string()).env("TOKEN", "a-token");
    let ran = user.start(&["--concurrent-jobs", "20", "--secret", "TOKEN"]).end_within(LONG);
    assert_eq!(ran.code, Some(0), "{ran}");
    let mut expected: Vec<String> = ["one", "two", "three"]
        .iter()
        .flat_map(|step| (0..LEGS).map(move |leg| format!("{step} {leg}")))
        .collect();
    expected.sort_unstable();
    assert_eq!(written(&counter), expected, "each step ran once");
    for line in expected {
        assert_eq!(ran.lines_with(&format!("  {line}.")).len(), 1, "`{line}.` is told once: {ran}");
    }
    nothing_is_left(&user);
    let left = meddler.left();
    println!("{} pods, of the script is left {}", kubelet.begun(), json!(left));
    let may_be_left = ["watch pods", "list pods"];
    assert!(left.keys().all(|kind| may_be_left.contains(kind)), "not all came to pass: {left:?}");
}
