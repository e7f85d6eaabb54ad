//! Nothing is left of a machine, neither by its own process nor by one that was killed. One test at a
//! time: each looks at what descends from this whole process.
#![allow(clippy::unwrap_used, reason = "a test may")]
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use act_core::environment::{Ending, EnvironmentError, Root};
use act_core::ids::{Epoch, MachineId};
use act_core::provisioner::{Creation, Machine, NoSecrets, Provisioner, Release, Released};
use act_local::LocalProvisioner;
use common::{Job, config, decision, exec, is_alive, launch, until};
use tokio::sync::Mutex;

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Leaves a daemon in another session without the marker, and one that ignores signals with it.
const DAEMONS: &str = "env -i setsid /bin/sleep 1000 & echo $!; setsid bash -c 'trap \"\" INT TERM; echo $$; sleep 1000; sleep 1000' & sleep 0.2";

#[tokio::test]
async fn a_release_kills_everything_and_removes_the_folder() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let root = tempfile::tempdir().unwrap();
    let job = Job::new(config(root.path())).await;
    let (daemons, _) = job.run(0, job.bash(DAEMONS)).await;
    job.run(
        1,
        job.bash("mkdir -p a/b && touch a/b/c && chmod 000 a/b && chmod 500 a && cd .. && chmod 555 ."),
    )
    .await;
    job.environment
        .start(&exec(2), &job.bash("trap '' INT TERM; while :; do sleep 0.1; done"))
        .await
        .unwrap();
    assert!(daemons.lines().count() == 2 && daemons.lines().all(is_alive));
    let folder = root.path().join(&job.machine.id.0);
    assert!(folder.is_dir());
    assert_eq!(job.provisioner.release(&job.machine, Release::Done).await, Released::Gone);
    assert!(!daemons.lines().any(is_alive));
    assert!(!folder.exists());
    assert_eq!(job.provisioner.owned().await.unwrap(), []);
    assert_eq!(job.provisioner.release(&job.machine, Release::Done).await, Released::Gone);
    let refused = job.environment.start(&exec(3), &job.bash("true")).await;
    assert!(matches!(refused, Err(EnvironmentError::Lost(_))));
    assert_eq!(job.follow(2).await.1.how, Ending::Stopped);
}

#[tokio::test]
async fn a_folder_without_a_lock_is_abandoned_if_it_holds_anything() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let root = tempfile::tempdir().unwrap();
    let provisioner = LocalProvisioner::open(config(root.path())).unwrap();
    fs::create_dir(root.path().join("empty")).unwrap();
    fs::create_dir_all(root.path().join("full/_work")).unwrap();
    let owned = provisioner.owned().await.unwrap();
    assert_eq!(owned, [Machine { id: MachineId("full".to_owned()), abandoned: true }]);
    assert!(!root.path().join("empty").exists());
    assert_eq!(provisioner.release(&owned[0], Release::Abandoned).await, Released::Gone);
    assert_eq!(provisioner.owned().await.unwrap(), []);
}

#[tokio::test]
async fn a_machine_that_is_dropped_takes_with_it_what_it_runs() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let root = tempfile::tempdir().unwrap();
    let note = root.path().join("pid");
    let job = Job::new(config(root.path())).await;
    let script = format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 61", note.display());
    job.environment.start(&exec(0), &job.bash(&script)).await.unwrap();
    until("it runs", || note.exists()).await;
    let pid = fs::read_to_string(&note).unwrap();
    assert!(is_alive(&pid));
    drop(job);
    until("it is gone", || !is_alive(&pid)).await;
}

#[tokio::test]
async fn a_kept_folder_stays_and_is_nobodys() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let root = tempfile::tempdir().unwrap();
    let mut keeping = config(root.path());
    keeping.keep = true;
    let job = Job::new(keeping).await;
    job.run(0, job.bash("echo x > made")).await;
    assert_eq!(job.provisioner.release(&job.machine, Release::Done).await, Released::Gone);
    assert!(Path::new(job.at(Root::Workspace, "made").as_str()).exists());
    assert_eq!(job.provisioner.owned().await.unwrap(), []);
}

#[tokio::test]
async fn a_bound_folder_and_shared_tools_outlive_their_jobs() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let (root, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut bound = config(root.path());
    bound.bind = Some(own.path().to_owned());
    bound.tools = Some(root.path().join("tools"));
    fs::write(own.path().join("mine"), "x").unwrap();
    let job = Job::new(bound).await;
    let tool = job.at(Root::Tools, "tool");
    let (text, _) = job.run(0, job.bash(&format!("ls; touch made {tool}"))).await;
    assert_eq!(text, "mine\n");
    assert_eq!(job.provisioner.release(&job.machine, Release::Done).await, Released::Gone);
    assert!(own.path().join("mine").exists() && own.path().join("made").exists());
    assert!(Path::new(tool.as_str()).exists());
}

#[tokio::test]
async fn a_living_owner_is_respected() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let root = tempfile::tempdir().unwrap();
    let job = Job::new(config(root.path())).await;
    let other = LocalProvisioner::open(config(root.path())).unwrap();
    let listed = other.owned().await.unwrap();
    assert!(listed.len() == 1 && !listed[0].abandoned);
    assert!(matches!(other.release(&listed[0], Release::Abandoned).await, Released::Unconfirmed(_)));
    assert!(matches!(other.create(&job.machine.id, &decision(), &NoSecrets).await, Creation::Refused(_)));
    assert!(matches!(
        other.bind(&listed[0], &launch(), Epoch(1)).await.map(drop),
        Err(EnvironmentError::Lost(_))
    ));
    let again = job.provisioner.create(&job.machine.id, &decision(), &NoSecrets).await;
    assert_eq!(again, Creation::Adopted(job.machine.clone()));
    for id in ["", ".", "..", ".x", "a/b"] {
        let made = job.provisioner.create(&MachineId(id.to_owned()), &decision(), &NoSecrets).await;
        assert!(matches!(made, Creation::Refused(_)), "{id}");
    }
    job.provisioner.release(&job.machine, Release::Done).await;
}

#[tokio::test]
async fn who_adopts_a_machine_knows_who_spoke_for_it_last() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let root = tempfile::tempdir().unwrap();
    let job = Job::new(config(root.path())).await;
    let machine = job.machine.clone();
    job.provisioner.bind(&machine, &launch(), Epoch(12)).await.unwrap();
    drop(job);
    let next = LocalProvisioner::open(config(root.path())).unwrap();
    let adopted = next.create(&machine.id, &decision(), &NoSecrets).await;
    assert_eq!(adopted, Creation::Adopted(machine.clone()));
    let bind = async |epoch| next.bind(&machine, &launch(), Epoch(epoch)).await.map(drop);
    assert_eq!(bind(11).await, Err(EnvironmentError::Fenced));
    assert_eq!(bind(13).await, Ok(()));
    assert_eq!(bind(12).await, Err(EnvironmentError::Fenced));
    assert_eq!(next.release(&machine, Release::Done).await, Released::Gone);
}

/// Not a test: the host process that the next one kills.
#[tokio::test]
#[ignore = "is run by another test, as a process of its own"]
async fn a_host_that_is_killed() {
    let Some(root) = std::env::var_os("ROOT_OF_THE_DEAD") else { return };
    let job = Job::new(config(Path::new(&root))).await;
    job.run(0, job.bash("echo x > made")).await;
    job.run(1, job.bash("setsid sleep 1000 & exec sleep 1000")).await;
}

#[tokio::test]
async fn what_a_killed_host_left_is_found_and_cleared() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let root = tempfile::tempdir().unwrap();
    let mut host = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_host_that_is_killed", "--ignored", "--nocapture"])
        .env("ROOT_OF_THE_DEAD", root.path().join("machines"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let machines = root.path().join("machines");
    let id = MachineId::of(&launch());
    let made = machines.join(&id.0).join("_work/hello/hello/made");
    until("the host has made its machine", || made.exists()).await;
    let processes = || tracked(&id, root.path());
    until("both processes run", || processes().len() >= 2).await;
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(processes().len() >= 2);
    let next = LocalProvisioner::open(config(&machines)).unwrap();
    let listed = next.owned().await.unwrap();
    assert!(listed.len() == 1 && listed[0].abandoned && listed[0].id == id);
    assert_eq!(next.release(&listed[0], Release::Abandoned).await, Released::Gone);
    assert_eq!(processes(), Vec::<String>::new());
    assert_eq!(next.owned().await.unwrap(), []);
    assert!(!machines.join(&id.0).exists());
}

/// The living processes that carry a machine's marker and work below a folder: other runs of these tests have
/// machines of the same name.
fn tracked(id: &MachineId, root: &Path) -> Vec<String> {
    let marker = format!("RUNNER_TRACKING_ID=act-host_{id}_");
    let pids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let environ = |pid: &str| fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let is_here =
        |pid: &String| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(root));
    pids.filter(is_here)
        .filter(|pid| environ(pid).split(|byte| *byte == 0).any(|entry| entry.starts_with(marker.as_bytes())))
        .collect()
}
