//! Jobs as pods: the provisioner's contract, and what is seen when the cluster balks.

use std::path::PathBuf;
use std::time::Duration;

use act_cluster_tests::cluster::until;
use act_cluster_tests::{Cluster, Namespace};
use act_core::control::Secret;
use act_core::decide::{ImageTrouble, Seen};
use act_core::environment::{
    Cursor, Ending, Environment, ExecEnd, ExecSpec, Followed, LogicalPath, Root, StopLadder, Target,
};
use act_core::ids::{Epoch, ExecId, LaunchId, MachineId, StepPath, StepRef};
use act_core::place::container::{JobContainer, SecretMarks, Service};
use act_core::place::pod::PodResource;
use act_core::place::{Bind, Decision, PodShape, Shape};
use act_core::provisioner::{Creation, Machine, NoSecrets, Provisioner, Release, Released, Reveal};
use act_core::spec::SecretName;
use act_kubernetes::{Access, AgentSource, Binary, Connection, KubernetesConfig, KubernetesProvisioner};
use act_tests::contract::provisioner::Case;
use act_tests::place::launch;
use act_workflow::values::Container;
use async_trait::async_trait;
use futures_util::StreamExt as _;

/// Returns the agent's file; `None` says why a test is skipped.
#[allow(clippy::print_stdout, reason = "the reason of a skip is what a test says")]
fn agent() -> Option<PathBuf> {
    let found = std::env::var_os("ACT_HOST_AGENT").map(PathBuf::from).filter(|path| path.exists());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "ACT_HOST_AGENT names no file: `cargo xtask agent`"
        );
        println!("skipped: there is no agent (ACT_HOST_AGENT); `cargo xtask agent` builds it");
    }
    found
}

/// A namespace, and who makes pods in it.
struct Bed {
    namespace: Namespace,
    provisioner: KubernetesProvisioner,
}

impl Bed {
    async fn find(host: &str) -> Option<Self> {
        let (cluster, agent) = (Cluster::find()?, agent()?);
        let namespace = Namespace::make(&cluster);
        let provisioner = provisioner(&namespace, &agent, host).await;
        Some(Self { namespace, provisioner })
    }

    /// What is left of jobs, by kind and name.
    fn left(&self) -> Vec<String> {
        let words = ["get", "pods,jobs,secrets", "--output=name", "--selector=app=act-runner"];
        self.namespace.kubectl(words).lines().map(str::to_owned).collect()
    }
}

async fn provisioner(namespace: &Namespace, agent: &PathBuf, host: &str) -> KubernetesProvisioner {
    let access = Access { kubeconfig: Some(namespace.cluster.kubeconfig().clone()), context: None };
    let connection = Connection::open(&access).await.unwrap();
    connection.check(&namespace.name).await.unwrap();
    let agent = AgentSource::ConfigMap(vec![Binary::new(std::fs::read(agent).unwrap().into())]);
    let config = KubernetesConfig::new(namespace.name.as_str(), agent);
    KubernetesProvisioner::new(connection.client, config, host)
}

fn shape(image: &str) -> PodShape {
    let cpu = PodResource { name: "cpu".into(), request: Some("10m".into()), limit: None };
    PodShape { image: image.into(), resources: vec![cpu], ..PodShape::default() }
}

fn decided(shape: PodShape, bind: Bind) -> Decision {
    let bind = Bind { deadline: Some(Duration::from_secs(600)), ..bind };
    Decision { shape: Shape::Pod(Box::new(shape)), bind }
}

fn bind() -> Bind {
    let labels =
        [("job", "build"), ("run-id", "01M")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Bind { repository: "octo/hello".into(), labels, ..Bind::default() }
}

async fn made(provisioner: &KubernetesProvisioner, decision: &Decision, secrets: &dyn Reveal) -> Machine {
    match provisioner.create(&MachineId::of(&launch()), decision, secrets).await {
        Creation::Created(machine) | Creation::Adopted(machine) => machine,
        Creation::Refused(seen) => panic!("{seen:?}"),
    }
}

/// Runs a script and returns what it wrote and how it ended.
async fn run(env: &dyn Environment, launch: &LaunchId, step: u32, script: &str) -> (String, ExecEnd) {
    let id = ExecId { launch: launch.clone(), step: StepRef::main(StepPath::job().step(step)), part: 0 };
    let spec = ExecSpec {
        target: Target::Job,
        argv: ["sh", "-c", script].map(str::to_owned).into(),
        env: Vec::new(),
        env_of_job: [].into(),
        prepend_path: Vec::new(),
        cwd: env.path(&Target::Job, &LogicalPath::new(Root::Workspace, "")),
        timeout: None,
        stop_ladder: StopLadder::default(),
        files_before: Vec::new(),
        collect_after: Vec::new(),
    };
    env.start(&id, &spec).await.unwrap();
    let mut followed = env.follow(&id, Cursor::default()).await.unwrap();
    let mut text = Vec::new();
    loop {
        match followed.next().await.expect("an end").unwrap() {
            Followed::Output { bytes, .. } => text.extend_from_slice(&bytes),
            Followed::Ended(end) => return (String::from_utf8(text).unwrap(), end),
        }
    }
}

fn exited(end: &ExecEnd) -> Option<u32> {
    if let Ending::Exited { code } = end.how { Some(code) } else { None }
}

#[tokio::test]
async fn the_provisioner_keeps_its_promises() {
    let Some(bed) = Bed::find("promises").await else { return };
    for as_job in [false, true] {
        let shape = PodShape { as_job, ..shape("bed.local/busybox:1") };
        let case = Case { provisioner: &bed.provisioner, decision: decided(shape, bind()) };
        case.a_description_makes_nothing().await;
        case.a_machine_is_made_once().await;
        case.a_release_may_be_repeated().await;
        case.a_higher_epoch_takes_over().await;
    }
    assert_eq!(bed.left(), [""; 0]);
    bed.provisioner.close().await;
}

struct Known;

#[async_trait]
impl Reveal for Known {
    async fn reveal(&self, name: &SecretName) -> Result<Secret, String> {
        Ok(Secret::new(format!("value of {}", name.0)))
    }
}

#[tokio::test]
async fn a_job_runs_in_its_pod_beside_its_service_and_leaves_nothing() {
    let Some(bed) = Bed::find("service").await else { return };
    let marks = SecretMarks::new([SecretName("TOKEN".into())]);
    let service = Container {
        image: "bed.local/redis:1".into(),
        options: Some("--health-cmd \"redis-cli ping\" --health-interval 1s --health-retries 30".into()),
        ports: vec!["6379:6379".into()],
        ..Container::default()
    };
    let job = Container {
        image: "bed.local/busybox:1".into(),
        env: vec![("TOKEN".into(), marks.mark("TOKEN").unwrap()), ("PLAIN".into(), "a$(HOME)b".into())],
        ..Container::default()
    };
    let read = |of: &Container| JobContainer::read(of, &marks).unwrap();
    let services = vec![Service { name: "redis".into(), container: read(&service) }];
    let bind = Bind { container: Some(Box::new(read(&job))), services, ..bind() };
    let machine = made(&bed.provisioner, &decided(shape("bed.local/busybox:1"), bind), &Known).await;
    let env = bed.provisioner.bind(&machine, &launch(), Epoch(1)).await.unwrap();
    let script = "echo $TOKEN; echo $PLAIN; pwd; echo $HOME; echo PING | nc redis 6379 | head -n 1; exit 3";
    let (text, end) = run(&*env, &launch(), 0, script).await;
    assert_eq!(text, "value of TOKEN\na$(HOME)b\n/github/workspace\n/github/home\n+PONG\r\n");
    assert_eq!(exited(&end), Some(3));
    assert_eq!(env.facts().services["redis"].ports["6379"], "6379");
    let pod = bed.namespace.kubectl(["get", "pods", "--output=yaml", "--selector=act.nektos.com/job=build"]);
    assert!(pod.contains("act-runner") && !pod.contains("value of TOKEN"), "{pod}");
    assert_eq!(bed.provisioner.release(&machine, Release::Done).await, Released::Gone);
    act_cluster_tests::cluster::until("nothing is left", || bed.left().is_empty());
    bed.provisioner.close().await;
}

#[tokio::test]
async fn what_keeps_a_pod_from_running_is_seen() {
    let Some(bed) = Bed::find("seen").await else { return };
    let never = |pod: &mut PodShape| drop(pod.node_selector.insert("no-such".into(), "node".into()));
    let mut nowhere = shape("bed.local/busybox:1");
    never(&mut nowhere);
    for (shape, is) in [
        (
            shape("Bed.Local/UPPER"),
            (|seen| matches!(seen, Seen::Image { kind: ImageTrouble::InvalidName, .. })) as fn(&Seen) -> bool,
        ),
        (shape("registry.bed.local/nope:1"), |seen| {
            matches!(seen, Seen::Image { kind: ImageTrouble::Pull, .. })
        }),
        (nowhere, |seen| matches!(seen, Seen::Unschedulable { .. })),
    ] {
        let image = shape.image.clone();
        let machine = made(&bed.provisioner, &decided(shape, bind()), &NoSecrets).await;
        let mut seen = bed.provisioner.observe(&machine);
        let mut all = Vec::new();
        let found = async {
            while let Some(seen) = seen.next().await {
                let is_it = is(&seen);
                all.push(seen);
                if is_it {
                    return;
                }
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(120), found).await.is_ok(), "{image}: {all:?}");
        assert_eq!(bed.provisioner.release(&machine, Release::Done).await, Released::Gone, "{image}");
    }
    bed.provisioner.close().await;
}

#[tokio::test]
async fn a_full_quota_is_seen_and_leaves_nothing() {
    let Some(bed) = Bed::find("quota").await else { return };
    let quota = serde_json::json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "none" },
        "spec": { "hard": { "pods": "0" } } });
    bed.namespace.apply(&quota);
    act_cluster_tests::cluster::until("the quota counts", || {
        bed.namespace.kubectl(["get", "quota", "none", "--output=yaml"]).contains("used:")
    });
    let decision = decided(shape("bed.local/busybox:1"), bind());
    let refused = bed.provisioner.create(&MachineId::of(&launch()), &decision, &NoSecrets).await;
    let Creation::Refused(Seen::Quota { text }) = refused else { panic!("{refused:?}") };
    assert!(text.starts_with("exceeded quota: none"), "{text}");
    assert_eq!(bed.left(), [""; 0]);
    bed.provisioner.close().await;
}

#[tokio::test]
async fn a_pod_that_is_deleted_under_its_job_is_gone_for_everybody() {
    let Some(bed) = Bed::find("deleted").await else { return };
    let machine = made(&bed.provisioner, &decided(shape("bed.local/busybox:1"), bind()), &NoSecrets).await;
    let env = bed.provisioner.bind(&machine, &launch(), Epoch(1)).await.unwrap();
    let seen = bed.provisioner.observe(&machine);
    let deleting = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let words = ["delete", "pods", "--selector=app=act-runner", "--grace-period=1", "--wait=false"];
        bed.namespace.kubectl(words);
    };
    let launch = launch();
    let id = ExecId { launch: launch.clone(), step: StepRef::main(StepPath::job().step(0)), part: 0 };
    let running = async {
        let spec = ExecSpec {
            target: Target::Job,
            argv: ["sleep", "600"].map(str::to_owned).into(),
            env: Vec::new(),
            env_of_job: [].into(),
            prepend_path: Vec::new(),
            cwd: env.path(&Target::Job, &LogicalPath::new(Root::Workspace, "")),
            timeout: None,
            stop_ladder: StopLadder::default(),
            files_before: Vec::new(),
            collect_after: Vec::new(),
        };
        env.start(&id, &spec).await.unwrap();
        let mut followed = env.follow(&id, Cursor::default()).await.unwrap();
        followed.next().await
    };
    let (end, ()) = tokio::join!(running, deleting);
    let is_success =
        matches!(&end, Some(Ok(Followed::Ended(ExecEnd { how: Ending::Exited { code: 0 }, .. }))));
    assert!(!is_success, "a machine that is gone makes no success: {end:?}");
    let mut lost = Box::pin(
        seen.filter(|seen| std::future::ready(matches!(seen, Seen::Evicted { .. } | Seen::Lost { .. }))),
    );
    assert!(lost.next().await.is_some());
    assert_eq!(bed.provisioner.release(&machine, Release::Done).await, Released::Gone);
    bed.provisioner.close().await;
}

#[tokio::test]
async fn what_a_dead_host_left_behind_is_taken_over_or_swept() {
    let Some(bed) = Bed::find("dead").await else { return };
    let decision = decided(shape("bed.local/busybox:1"), bind());
    let machine = made(&bed.provisioner, &decision, &NoSecrets).await;
    let env = bed.provisioner.bind(&machine, &launch(), Epoch(1)).await.unwrap();
    let (text, _) = run(&*env, &launch(), 0, "echo first > /github/workspace/file").await;
    assert_eq!(text, "");
    // It ends without a word: its Lease goes, its pod stays.
    bed.provisioner.close().await;
    let heir = provisioner(&bed.namespace, &agent().unwrap(), "heir").await;
    let owned = heir.owned().await.unwrap();
    assert!(owned.len() == 1 && owned[0].abandoned && owned[0].id == machine.id, "{owned:?}");
    let adopted = heir.create(&machine.id, &decision, &NoSecrets).await;
    assert_eq!(adopted, Creation::Adopted(machine.clone()));
    let env = heir.bind(&machine, &launch(), Epoch(2)).await.unwrap();
    let (text, _) = run(&*env, &launch(), 1, "cat /github/workspace/file").await;
    assert_eq!(text, "first\n");
    assert!(!heir.owned().await.unwrap()[0].abandoned, "the heir answers for it");
    heir.close().await;
    let third = provisioner(&bed.namespace, &agent().unwrap(), "third").await;
    let swept = third.sweep().await.unwrap();
    assert_eq!(swept.iter().map(|machine| &machine.id).collect::<Vec<_>>(), [&machine.id]);
    assert_eq!(bed.left(), [""; 0]);
}

/// A Job is held back until its Secrets are there: whoever dies before leaves one without a pod.
#[tokio::test]
async fn a_job_that_is_held_back_is_made_again_or_swept() {
    let Some(bed) = Bed::find("held").await else { return };
    let decision = decided(PodShape { as_job: true, ..shape("bed.local/busybox:1") }, bind());
    let machine = made(&bed.provisioner, &decision, &NoSecrets).await;
    let hold = || {
        let name = bed.namespace.kubectl(["get", "jobs", "--output=name"]);
        bed.namespace.kubectl(["patch", name.trim(), "--patch={\"spec\":{\"suspend\":true}}"]);
        until("its pod has gone", || bed.namespace.kubectl(["get", "pods", "--output=name"]).is_empty());
    };
    hold();
    bed.provisioner.close().await;
    let heir = provisioner(&bed.namespace, &agent().unwrap(), "heir-of-held").await;
    let owned = heir.owned().await.unwrap();
    assert!(owned.len() == 1 && owned[0].abandoned && owned[0].id == machine.id, "{owned:?}");
    let refused = heir.create(&machine.id, &decision, &NoSecrets).await;
    assert!(matches!(refused, Creation::Refused(Seen::Pending { .. })), "{refused:?}");
    until("the Job has gone", || bed.left().is_empty());
    assert_eq!(made(&heir, &decision, &NoSecrets).await, machine);
    hold();
    heir.close().await;
    let third = provisioner(&bed.namespace, &agent().unwrap(), "third-of-held").await;
    let swept = third.sweep().await.unwrap();
    assert_eq!(swept.iter().map(|machine| &machine.id).collect::<Vec<_>>(), [&machine.id]);
    assert_eq!(bed.left(), [""; 0]);
}
