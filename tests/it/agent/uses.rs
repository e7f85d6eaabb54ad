//! The agent's program: joined through its proxy, installed, on machines that are unlike a developer's.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use act_core::environment::{Cursor, Ending, Environment};
use act_core::ids::Epoch;
use act_remote::{ByteStream, Dial, DialError, Remote, Verdict};
use act_tests::agent::{Agent, SocketDial, connect, quick};
use act_tests::cli::act_agent;
use act_tests::place::launch;
use act_tests::streams::Weather;
use async_trait::async_trait;

use super::{Pair, exec, follow};

/// Runs the agent's proxy, as a command in a container is run: the words that run the agent, its folder.
struct ProxyDial(Vec<PathBuf>, PathBuf);

#[async_trait]
impl Dial for ProxyDial {
    async fn dial(&self) -> Result<Box<dyn ByteStream>, DialError> {
        let mut command = tokio::process::Command::new(&self.0[0]);
        command
            .args(&self.0[1..])
            .arg("proxy")
            .arg("--dir")
            .arg(&self.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (output, input) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        Ok(Box::new(tokio::io::join(output, input)))
    }

    async fn verdict(&self) -> Verdict {
        Verdict::default()
    }
}

#[tokio::test]
async fn a_session_goes_through_the_proxy() {
    let words = vec![act_agent().to_owned()];
    goes_through_the_proxy(&Pair::new(Weather::default(), &[]).await, words).await;
}

/// Joins a machine through the proxy of its agent, which these words run, and runs a step there.
pub(super) async fn goes_through_the_proxy(pair: &Pair, words: Vec<PathBuf>) {
    let dial = Arc::new(ProxyDial(words, pair.agent.folder.join("agent")));
    let remote = Remote::connect(dial, &launch(), Epoch(2), quick()).await.unwrap();
    remote.start(&exec(0), &pair.bash("seq 100000; exit 5")).await.unwrap();
    let ran = follow(&*remote, 0, Cursor::default()).await.unwrap();
    assert_eq!((ran.bytes, ran.end.how), (588_895, Ending::Exited { code: 5 }));
    remote.shutdown().await.unwrap();
    assert_eq!(pair.agent.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_user_without_a_home_or_an_entry_gets_a_home_that_can_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let folder = root.path().canonicalize().unwrap().join("m");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let agent = Agent::start_as(&folder, &[], |command| {
        use std::os::unix::process::CommandExt;
        command.env("HOME", "/nowhere");
        // The program under test may lie where only root gets at it.
        let copy = root.path().join("act-agent");
        std::fs::copy(act_agent(), &copy).unwrap();
        if is_root {
            *command = as_nobody(&copy, command)
        }
        command.process_group(0)
    });
    let dial = SocketDial::new(&agent, Weather::default());
    let remote = connect(&dial, 1).await;
    let pair = Pair { agent, dial, remote, root };
    let ran = pair.run(0, "id -u; echo \"$HOME\"; echo x > \"$HOME/file\" && cat \"$HOME/file\"").await;
    let uid = if is_root { 1_000_690_000 } else { rustix::process::geteuid().as_raw() };
    assert_eq!(ran.text(), format!("{uid}\n{}/agent/home\nx\n", folder.display()));
}

/// Makes the same command for a user that no file knows.
fn as_nobody(program: &std::path::Path, command: &Command) -> Command {
    use std::os::unix::process::CommandExt;
    let mut other = Command::new(program);
    other.args(command.get_args()).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    other.uid(1_000_690_000).gid(0);
    other
}

#[test]
fn it_installs_itself_and_says_what_is_wrong() {
    let root = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| Command::new(act_agent()).args(arguments).output().unwrap();
    let dest = root.path().join("deep/act-agent");
    assert!(run(&["install", dest.to_str().unwrap()]).status.success());
    let version = Command::new(&dest).arg("--version").output().unwrap();
    assert!(String::from_utf8_lossy(&version.stdout).starts_with("act-agent "));
    std::fs::write(root.path().join("file"), "").unwrap();
    let below = root.path().join("file/below");
    for (arguments, code, text) in [
        (&["serve"][..], 2, "--dir is needed"),
        (&["serve", "--dir", below.to_str().unwrap()], 3, "cannot be used"),
        (&["install", below.to_str().unwrap()], 3, "cannot install"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(text), "{output:?}");
    }
}

#[tokio::test]
async fn a_folder_has_one_agent() {
    let pair = Pair::new(Weather::default(), &[]).await;
    let dir = pair.agent.folder.join("agent");
    let second = Command::new(act_agent()).arg("serve").arg("--dir").arg(&dir).output().unwrap();
    assert_eq!(second.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another agent serves"));
    assert_eq!(pair.run(0, "echo on").await.text(), "on\n");
}
