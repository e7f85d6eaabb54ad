use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use act_core::concurrency::GroupQueue;
use tokio::time::timeout;

use super::*;

const SOON: Duration = Duration::from_secs(5);
const NOT_YET: Duration = Duration::from_millis(350);

fn ask(holder: &str) -> GroupAsk {
    GroupAsk {
        repository: "o/r".into(),
        group: "deploy".into(),
        holder: Holder(holder.into()),
        cancel_in_progress: false,
        queue: GroupQueue::Single,
    }
}

fn queued(holder: &str) -> GroupAsk {
    GroupAsk { queue: GroupQueue::Max, ..ask(holder) }
}

async fn granted(seat: &dyn Seat) -> Granted {
    timeout(SOON, seat.granted()).await.expect("an answer comes").unwrap()
}

async fn waits(seat: &dyn Seat) -> bool {
    timeout(NOT_YET, seat.granted()).await.is_err()
}

fn by(holder: &str) -> Granted {
    Granted::Superseded { by: Holder(holder.into()) }
}

#[tokio::test]
async fn the_seat_goes_from_one_to_the_next() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let first = groups.enter(&ask("first")).await.unwrap();
    assert_eq!(granted(&*first).await, Granted::Seated);
    let second = groups.enter(&ask("second")).await.unwrap();
    assert!(waits(&*second).await);
    first.leave().await;
    assert_eq!(granted(&*second).await, Granted::Seated);
    drop(second);
    let third = groups.enter(&ask("third")).await.unwrap();
    assert_eq!(granted(&*third).await, Granted::Seated);
}

#[tokio::test]
async fn a_newcomer_supersedes_who_waits_but_not_who_sits() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let sitting = groups.enter(&ask("sitting")).await.unwrap();
    let older = groups.enter(&ask("older")).await.unwrap();
    let newer = groups.enter(&ask("newer")).await.unwrap();
    assert_eq!(granted(&*older).await, by("newer"));
    assert!(waits(&*newer).await);
    assert!(timeout(NOT_YET, sitting.cancel_requested()).await.is_err());
    sitting.leave().await;
    assert_eq!(granted(&*newer).await, Granted::Seated);
    assert_eq!(granted(&*older).await, by("newer"), "the answer does not change");
}

#[tokio::test]
async fn whose_turn_it_was_is_not_superseded_though_it_had_not_looked_yet() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let sitting = groups.enter(&ask("sitting")).await.unwrap();
    let next = groups.enter(&ask("next")).await.unwrap();
    sitting.leave().await;
    let newcomer = groups.enter(&ask("newcomer")).await.unwrap();
    assert_eq!(granted(&*next).await, Granted::Seated);
    assert!(waits(&*newcomer).await);
}

#[tokio::test]
async fn cancel_in_progress_asks_the_holder_to_leave_and_waits_for_it() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let sitting = groups.enter(&ask("sitting")).await.unwrap();
    let waiting = groups.enter(&ask("waiting")).await.unwrap();
    let urgent = groups.enter(&GroupAsk { cancel_in_progress: true, ..ask("urgent") }).await.unwrap();
    assert_eq!(timeout(SOON, sitting.cancel_requested()).await.unwrap(), Holder("urgent".into()));
    assert_eq!(granted(&*waiting).await, by("urgent"));
    assert!(waits(&*urgent).await, "asking is not taking");
    sitting.leave().await;
    assert_eq!(granted(&*urgent).await, Granted::Seated);
}

#[tokio::test]
async fn a_max_queue_keeps_a_hundred_in_order_and_refuses_the_next() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let sitting = groups.enter(&queued("sitting")).await.unwrap();
    let mut line = Vec::new();
    for n in 0..100 {
        line.push(groups.enter(&queued(&n.to_string())).await.unwrap());
    }
    let refused = groups.enter(&queued("refused")).await.unwrap();
    assert_eq!(granted(&*refused).await, by("sitting"));
    sitting.leave().await;
    let mut line = line.into_iter();
    let (first, second) = (line.next().unwrap(), line.next().unwrap());
    assert_eq!(granted(&*first).await, Granted::Seated);
    assert!(waits(&*second).await);
    drop(first);
    assert_eq!(granted(&*second).await, Granted::Seated);
}

#[tokio::test]
async fn groups_differ_by_repository_and_name_but_not_by_case() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let deploy = groups.enter(&ask("one")).await.unwrap();
    assert_eq!(granted(&*deploy).await, Granted::Seated);
    for (repository, group, free) in [
        ("o/r", "DEPLOY", false),
        ("O/R", "Deploy", false),
        ("o/other", "deploy", true),
        ("o/r", "deploy-2", true),
    ] {
        let other = GroupAsk { repository: repository.into(), group: group.into(), ..ask("two") };
        let seat = groups.enter(&other).await.unwrap();
        assert_eq!(!waits(&*seat).await, free, "{repository} {group}");
    }
}

#[tokio::test]
async fn empty_groups_leave_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let long = GroupAsk { group: "ж/".repeat(190), ..ask("one") };
    groups.enter(&long).await.unwrap().leave().await;
    let left: Vec<_> =
        std::fs::read_dir(root.path().join("groups")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["gate"]);
}

#[tokio::test]
async fn one_at_a_time_sits_however_many_want_to() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let sitting = std::sync::atomic::AtomicU32::new(0);
    let turn = async |n: u32| {
        let seat = groups.enter(&queued(&n.to_string())).await.unwrap();
        assert_eq!(granted(&*seat).await, Granted::Seated);
        assert_eq!(sitting.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
        sleep(Duration::from_millis(5)).await;
        sitting.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
        seat.leave().await;
    };
    tokio::join!(turn(0), turn(1), turn(2), turn(3), turn(4), turn(5));
}

/// Another process in the same group: this test binary, started anew.
struct Other {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Other {
    fn start(root: &Path, holder: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "groups::tests::another_process", "--ignored", "--nocapture"])
            .env("GROUPS_ROOT", root)
            .env("GROUPS_HOLDER", holder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    fn hear(&mut self, word: &str) {
        let mut line = String::new();
        while self.said.read_line(&mut line).unwrap() > 0 {
            if line.contains(&format!("<{word}>")) {
                return;
            }
            line.clear();
        }
        panic!("the other process never said {word}");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
#[ignore = "is the other process of the tests below"]
async fn another_process() {
    let (Ok(root), Ok(holder)) = (std::env::var("GROUPS_ROOT"), std::env::var("GROUPS_HOLDER")) else {
        return;
    };
    let groups = FileGroups::new(Path::new(&root));
    let seat = groups.enter(&ask(&holder)).await.unwrap();
    println!("<entered>");
    match seat.granted().await.unwrap() {
        Granted::Seated => println!("<seated>"),
        Granted::Superseded { by } => return println!("<superseded by {by}>"),
    }
    // Not for ever: the tests that kill this process may have been killed themselves.
    let Ok(by) = timeout(Duration::from_secs(60), seat.cancel_requested()).await else { return };
    println!("<asked to leave by {by}>");
    seat.leave().await;
    println!("<left>");
}

#[tokio::test]
async fn the_seat_of_a_killed_process_is_free() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let mut other = Other::start(root.path(), "other");
    other.hear("seated");
    let mine = groups.enter(&ask("mine")).await.unwrap();
    assert!(waits(&*mine).await);
    other.child.kill().unwrap();
    other.child.wait().unwrap();
    assert_eq!(granted(&*mine).await, Granted::Seated);
}

#[tokio::test]
async fn processes_supersede_and_cancel_each_other() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let mut sitting = Other::start(root.path(), "sitting");
    sitting.hear("seated");
    let mut waiting = Other::start(root.path(), "waiting");
    waiting.hear("entered");
    let urgent = groups.enter(&GroupAsk { cancel_in_progress: true, ..ask("urgent") }).await.unwrap();
    waiting.hear("superseded by urgent");
    sitting.hear("asked to leave by urgent");
    assert_eq!(granted(&*urgent).await, Granted::Seated);
}

#[tokio::test]
async fn a_killed_waiter_is_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let groups = FileGroups::new(root.path());
    let sitting = groups.enter(&ask("sitting")).await.unwrap();
    let mut dead = Other::start(root.path(), "dead");
    dead.hear("entered");
    dead.child.kill().unwrap();
    dead.child.wait().unwrap();
    let mine = groups.enter(&queued("mine")).await.unwrap();
    sitting.leave().await;
    assert_eq!(granted(&*mine).await, Granted::Seated);
}
